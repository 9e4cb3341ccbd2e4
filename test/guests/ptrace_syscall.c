/* ptrace: SYSCALL stops at entry and exit of calls: numbers, arguments and results are seen, changed, a call is taken away. */
#include "tracer.h"

static int child(void)
{
	say("umask", sys(NR_umask, 022));
	int again = sys(NR_umask, 022);
	say("close 99", sys(NR_close, 99));
	say("getppid became", sys(NR_getppid) == sys(NR_getpid));
	flush();
	return again;
}

static void show(int pid, int status, const char *where)
{
	print("%s %x: nr %d eax %d ebx %d\n", where, status, peek_user(pid, REG(orig_eax)), peek_user(pid, REG(eax)), peek_user(pid, REG(ebx)));
}

int main(void)
{
	int pid = spawn_traced(child);
	say("options", ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	say("no such option", ptrace(PTRACE_SETOPTIONS, pid, 0, 0x40000000));
	int status;
	for (;;) {
		status = resume(PTRACE_SYSCALL, pid, 0);
		if ((status & 0xff) != 0x7f) break;
		u32 nr = peek_user(pid, REG(orig_eax));
		if (nr == NR_write) {
			resume(PTRACE_SYSCALL, pid, 0);
			continue;
		}
		struct siginfo info;
		ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
		show(pid, status, "enter");
		print("code %x\n", info.code);
		if (nr == NR_umask && peek_user(pid, REG(ebx)) == 022) ptrace(PTRACE_POKEUSER, pid, REG(ebx), 027);
		if (nr == NR_close) ptrace(PTRACE_POKEUSER, pid, REG(orig_eax), -1);
		if (nr == NR_getppid) ptrace(PTRACE_POKEUSER, pid, REG(orig_eax), NR_getpid);
		status = resume(PTRACE_SYSCALL, pid, 0);
		if ((status & 0xff) != 0x7f) break;
		if (nr == NR_getppid || nr == NR_getpid)
			print("leave %x: a pid %d\n", status, peek_user(pid, REG(eax)) == (u32)pid);
		else
			show(pid, status, "leave");
		if (nr == NR_close) ptrace(PTRACE_POKEUSER, pid, REG(eax), 1234);
	}
	print("end %x\n", status);
	return 0;
}
