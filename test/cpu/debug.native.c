/*
 * What the debug registers of this machine's processor do: runs snippets of i386 code in a child with breakpoints set through
 * ptrace, and prints each stop. Input, one case a line: name, dr7, dr0..dr3, code (hex words but the name; code as bytes).
 * The child maps code at 10000000 (rwx) and data at 20000000 (rw, two pages), loads esi = edi = 20000000, ecx = 3, eax = 0x01020304,
 * the others 0, TF when the name begins with "step", and runs the code to an int3 behind it. Output: the name, then for each stop
 * eip, dr6 (low 16 bits), si_code, ecx; "end".
 *
 *   gcc -m32 -O2 -o debug debug.native.c && ./debug < debug.cases.txt > debug.native.txt
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE ((unsigned char *)0x10000000)
#define DATA ((unsigned char *)0x20000000)

static void child(const unsigned char *code, int length)
{
	mmap(CODE, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(DATA, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(CODE, 0x90, 4096);
	memcpy(CODE, code, length);
	CODE[length] = 0xcc;
	for (int i = 0; i < 8192; i++) DATA[i] = i;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	abort();
}

static long debug(pid_t pid, int n) { return ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user, u_debugreg[n]), 0); }

int main(void)
{
	char line[1024], name[64];
	while (fgets(line, sizeof line, stdin)) {
		unsigned dr[8] = { 0 };
		unsigned char code[64];
		int used, length = 0;
		if (line[0] == '#' || sscanf(line, "%63s %x %x %x %x %x%n", name, &dr[7], &dr[0], &dr[1], &dr[2], &dr[3], &used) != 6) continue;
		for (unsigned byte, n; sscanf(line + used, "%x%n", &byte, &n) == 1; used += n) code[length++] = byte;
		pid_t pid = fork();
		if (!pid) child(code, length);
		int status;
		waitpid(pid, &status, 0);
		struct user_regs_struct regs;
		ptrace(PTRACE_GETREGS, pid, 0, &regs);
		regs.eip = (long)CODE;
		regs.eax = 0x01020304, regs.ebx = regs.edx = regs.ebp = 0, regs.ecx = 3, regs.esi = regs.edi = (long)DATA, regs.esp = (long)DATA + 0x1800;
		regs.eflags = !strncmp(name, "step", 4) ? 0x302 : 0x202;
		regs.orig_eax = -1;
		ptrace(PTRACE_SETREGS, pid, 0, &regs);
		for (int i = 0; i < 4; i++)
			if (dr[i] && ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[i]), dr[i])) perror("dr");
		if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, u_debugreg[7]), dr[7])) perror("dr7");
		printf("%s\n", name);
		for (int stops = 0; stops < 40; stops++) {
			ptrace(PTRACE_CONT, pid, 0, 0);
			waitpid(pid, &status, 0);
			if (!WIFSTOPPED(status)) break;
			siginfo_t info;
			ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
			ptrace(PTRACE_GETREGS, pid, 0, &regs);
			if (info.si_code == SI_KERNEL || info.si_signo != SIGTRAP) {
				printf("  end %lx signal %d\n", regs.eip - (long)CODE, info.si_signo);
				break;
			}
			printf("  %lx dr6 %lx code %d ecx %lx\n", regs.eip - (long)CODE, debug(pid, 6) & 0xe00f, info.si_code & 0xff, regs.ecx);
		}
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return 0;
}
