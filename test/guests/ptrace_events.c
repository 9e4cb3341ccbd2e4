/* ptrace: fork, vfork, clone, exec and exit as events: status, message, the new child is traced; SIGTRAP after exec without them. */
#include "tracer.h"

static int quick(void) { return 9; }
static char *args[] = { "/proc/self/exe", "again", 0 };
static char *none[] = { 0 };

static int child(void)
{
	int pid = spawn(quick);
	int status = reap(pid);
	if ((pid = vfork_here()) == 0) sys(NR_exit, 5);
	status = status << 8 | reap(pid);
	sys(NR_execve, "/proc/self/exe", args, none);
	return status;
}
static int exec_only(void)
{
	sys(NR_execve, "/proc/self/exe", args, none);
	return 1;
}

static int event_of(int pid, const char *what)
{
	int status = resume(PTRACE_CONT, pid, 0);
	u32 message = 0;
	int told = ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
	struct siginfo info;
	ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
	print("%s: %x message %d code %x\n", what, status, told == 0 && message != 0 && (int)message != pid, info.code);
	return (int)message;
}

int main(int count)
{
	if (count > 1) return 77;
	int pid = spawn_traced(child);
	say("options", ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
			      PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACEEXIT));
	int new = event_of(pid, "fork");
	print("the child: %x\n", stop_of(new));
	ptrace(PTRACE_CONT, pid, 0, 0);
	print("its exit: %x\n", resume(PTRACE_CONT, new, 0));
	u32 message = 0;
	ptrace(PTRACE_GETEVENTMSG, new, 0, &message);
	print("with %x, then %x\n", message, resume(PTRACE_CONT, new, 0));
	print("SIGCHLD: %x\n", stop_of(pid));
	new = event_of(pid, "vfork");
	print("the child: %x\n", stop_of(new));
	ptrace(PTRACE_CONT, pid, 0, 0);
	print("its exit: %x\n", resume(PTRACE_CONT, new, 0));
	ptrace(PTRACE_CONT, new, 0, 0);
	/* the end of the child and its parent's going on come in either order */
	print("the child: %x\n", stop_of(new));
	int status = stop_of(pid);
	if (status == (SIGCHLD << 8 | 0x7f)) status = resume(PTRACE_CONT, pid, 0);
	print("vfork done: %x\n", status);
	status = resume(PTRACE_CONT, pid, 0);
	while (status == (SIGCHLD << 8 | 0x7f)) status = resume(PTRACE_CONT, pid, 0);
	ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
	print("exec: %x message %d\n", status, (int)message == pid);
	check("at its start", peek_user(pid, REG(ebx)) == 0);
	status = resume(PTRACE_CONT, pid, 0);
	ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
	print("exit: %x with %x\n", status, message);
	print("end: %x\n", resume(PTRACE_CONT, pid, 0));
	pid = spawn_traced(exec_only);
	print("exec: %x\n", resume(PTRACE_CONT, pid, 0));
	print("end: %x\n", resume(PTRACE_CONT, pid, 0));
	return 0;
}
