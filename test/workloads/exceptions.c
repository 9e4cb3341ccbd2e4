/* Every exception a user program can raise: what siginfo and the saved context say of it (code, errno, trapno, error, address, cr2, flags, mask). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf out;
static const char *what;
static char *page; /* four pages: plain, PROT_NONE, read-only, none at all */

static void handler(int signal, siginfo_t *info, void *where)
{
	__asm__ volatile("pushf; andl $~0x40000, (%%esp); popf" : : : "memory"); /* AC is left on here */
	ucontext_t *context = where;
	greg_t *r = context->uc_mcontext.gregs;
	char *address = info->si_addr, *cr2 = (char *)context->uc_mcontext.cr2;
	printf("%-20s signal %2d code %d errno %d trapno %2d err %#x", what, info->si_signo, info->si_code, info->si_errno, r[REG_TRAPNO], r[REG_ERR] & ~0x10);
	if (info->si_code <= 0) printf(" from here %d", info->si_pid == getpid());
	else if (address >= page && address < page + 0x4000) printf(" address page+%#x", (unsigned)(address - page));
	else if ((greg_t)address == r[REG_EIP]) printf(" address = eip");
	else printf(" address %p", address);
	if (r[REG_TRAPNO] == 14) printf(" cr2 %s", cr2 == address ? "the same" : "another");
	printf(" flags %#x blocked %d%d stack %d\n", r[REG_EFL] & 0x40cd5, sigismember(&context->uc_sigmask, SIGUSR2), sigismember(&context->uc_sigmask, signal), context->uc_stack.ss_flags);
	siglongjmp(out, 1);
}

#define TRY(name, ...) do { what = name; if (!sigsetjmp(out, 1)) { __VA_ARGS__; printf("%s: nothing\n", what); } } while (0)
#define RUN(name, ...) TRY(name, __asm__ volatile(__VA_ARGS__))
/* x87: control word, then instructions; the next waiting one faults */
#define X87(name, control, text, operand) do { unsigned short cw = control; int n = operand; \
	RUN(name, "fninit; fldcw %0;" text "; fwait" : : "m"(cw), "m"(n)); __asm__ volatile("fninit"); } while (0)

static void pages(void)
{
	TRY("read PROT_NONE", (void)*(volatile char *)(page + 0x1010));
	TRY("write PROT_NONE", *(volatile char *)(page + 0x1020) = 1);
	TRY("write read-only", *(volatile char *)(page + 0x2020) = 1);
	TRY("read hole", (void)*(volatile char *)(page + 0x3008));
	TRY("write hole", *(volatile int *)(page + 0x3018) = 1);
	TRY("write across", *(volatile int *)(page + 0xffe) = 1);
	TRY("read across", (void)*(volatile int *)(page + 0x2ffd));
	TRY("null", (void)*(volatile int *)0);
	RUN("rep movsb", "rep movsb" : : "S"(page), "D"(page + 0xffb), "c"(100) : "memory");
	RUN("std lodsb", "std; lodsb" : : "S"(0) : "eax", "memory");
	RUN("lock cmpxchg", "lock cmpxchgl %%ecx, (%0)" : : "r"(page + 0x2000), "a"(77) : "memory");
	TRY("call null", ((void (*)(void))0)());
	TRY("call PROT_NONE", ((void (*)(void))(page + 0x1004))());
	printf("a call with a bad pointer %zd\n", write(1, (void *)8, 4));
}

static void instructions(void)
{
	int bounds[2] = { 1, 5 };
	RUN("div by 0", "xor %%ecx, %%ecx; div %%ecx" : : : "eax", "ecx", "edx");
	RUN("idiv overflow", "mov $0x80000000, %%eax; cdq; mov $-1, %%ecx; idiv %%ecx" : : : "eax", "ecx", "edx");
	RUN("aam 0", ".byte 0xd4, 0" : : : "eax");
	RUN("into", "mov $0x7fffffff, %%eax; inc %%eax; into" : : : "eax");
	RUN("bound", "mov $7, %%eax; bound %%eax, %0" : : "m"(bounds) : "eax");
	RUN("ud2", "ud2" : : : "memory");
	RUN("lock nop", ".byte 0xf0, 0x90" : : : "memory");
	RUN("mov cs", ".byte 0x8e, 0xc8" : : : "memory");
	RUN("int3", "int3" : : : "memory");
	RUN("int $3", ".byte 0xcd, 3" : : : "memory");
	RUN("int $4", "int $4" : : : "memory");
	RUN("int $1", "int $1" : : : "memory");
	RUN("int $13", "int $13" : : : "memory");
	RUN("int $14", "int $14" : : : "memory");
	RUN("int $0x81", "int $0x81" : : : "memory");
	RUN("hlt", "hlt" : : : "memory");
	RUN("cli", "cli" : : : "memory");
	RUN("in", "in $0x60, %%al" : : : "eax");
	RUN("outsb", "mov $0x60, %%edx; outsb" : : : "edx", "esi");
	RUN("mov cr0", "mov %%cr0, %%eax" : : : "eax");
	RUN("mov dr7", "mov %%dr7, %%eax" : : : "eax");
	RUN("rdmsr", "rdmsr" : : : "eax", "edx");
	RUN("ss of nothing", "mov $0x1234, %%eax; mov %%ax, %%ss" : : : "eax");
	RUN("ss null", "xor %%eax, %%eax; mov %%ax, %%ss" : : : "eax");
	RUN("fs null", "push %%fs; xor %%eax, %%eax; mov %%ax, %%fs; mov %%fs:0, %%eax" : : : "eax", "memory");
	RUN("trap flag", "pushf; orl $0x100, (%%esp); popf; nop; nop" : : : "memory");
	RUN("alignment", "pushf; orl $0x40000, (%%esp); popf; movl 1(%0), %%eax" : : "r"(page) : "eax", "memory");
}

static void floating(void)
{
	X87("x87 division by 0", 0x37b, "fld1; fidivl %1", 0);
	X87("x87 invalid", 0x37e, "fldz; fldz; fdivp", 0);
	X87("x87 stack", 0x37e, "fstp %%st(0)", 0);
	X87("x87 precision", 0x35f, "fld1; fidivl %1", 3);
	X87("x87 overflow", 0x377, "fildl %1; fld1; fscale", 20000);
	X87("x87 underflow", 0x36f, "fildl %1; fld1; fscale", -20000);
	X87("x87 denormal", 0x37d, "flds %1", 1);
}

static void file(void)
{
	int fd = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	ftruncate(fd, 10);
	page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	unlink("short");
	TRY("behind the file", (void)*(volatile char *)(page + 5000));
	TRY("the same, written", *(volatile char *)(page + 4999) = 1);
	TRY("end of its page", *(volatile char *)(page + 100) = 1);
}

int main(void)
{
	static const int signals[] = { SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS };
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	for (int i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
	page = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(page, 0x90, 0x4000);
	mprotect(page + 0x1000, 0x1000, PROT_NONE);
	mprotect(page + 0x2000, 0x1000, PROT_READ);
	munmap(page + 0x3000, 0x1000);
	pages();
	instructions();
	floating();
	TRY("raise", raise(SIGSEGV));
	TRY("kill", kill(getpid(), SIGFPE));
	file();
	fflush(stdout);
	signal(SIGILL, SIG_DFL);
	__asm__ volatile("ud2");
}
