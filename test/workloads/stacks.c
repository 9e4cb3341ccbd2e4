/* A stack that overflows, with an alternate stack and without; handlers within handlers, SA_NODEFER, SA_RESETHAND, chains that end in siglongjmp. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

static char alternate[32768];
static sigjmp_buf out;
static int depth, nested;

static void overflow(int signal, siginfo_t *info, void *where)
{
	char here;
	stack_t now, other = { .ss_sp = alternate, .ss_size = sizeof alternate };
	ucontext_t *context = where;
	printf("overflow: code %d, on the other stack %d, saved flags %d, deep %d\n", info->si_code, &here >= alternate && &here < alternate + sizeof alternate, context->uc_stack.ss_flags, depth > 100);
	printf("  sigaltstack %d flags %d, changed while in use %d\n", sigaltstack(NULL, &now), now.ss_flags, sigaltstack(&other, NULL));
	siglongjmp(out, 1);
}

static int __attribute__((noinline)) recurse(int n)
{
	volatile char frame[1000];
	frame[0] = n;
	depth = n;
	return recurse(n + 1) + frame[0];
}

static void again(int signal)
{
	printf("again %d\n", ++nested);
	if (nested < 4) raise(signal);
	printf("back %d\n", nested--);
}

static void deferred(int signal)
{
	static int once;
	sigset_t pending;
	raise(signal);
	sigpending(&pending);
	printf("deferred: pending %d\n", sigismember(&pending, signal));
	if (once++) sigaction(signal, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
}

static void reset(int signal)
{
	struct sigaction now;
	sigaction(signal, NULL, &now);
	printf("reset: default %d, flags %#x\n", now.sa_handler == SIG_DFL, now.sa_flags & ~0x04000000);
}

static void third(int signal) { puts("third"); siglongjmp(out, 3); }
static void second(int signal) { puts("second"); raise(SIGRTMIN); puts("not here"); }
static void first(int signal) { puts("first"); raise(SIGUSR2); puts("nor here"); }

static int count;
static void step(int signal, siginfo_t *info, void *where)
{
	if (++count >= 10) ((ucontext_t *)where)->uc_mcontext.gregs[REG_EFL] &= ~0x100;
}

static void skip(int signal, siginfo_t *info, void *where)
{
	greg_t *r = ((ucontext_t *)where)->uc_mcontext.gregs;
	unsigned char *code = (unsigned char *)r[REG_EIP];
	printf("skip %02x %02x\n", code[0], code[1]);
	r[REG_EIP] += 2;
	r[REG_EAX] = 42;
	sigaddset(&((ucontext_t *)where)->uc_sigmask, SIGURG);
}

int main(void)
{
	struct rlimit limit;
	sigset_t mask;
	int answer;
	setvbuf(stdout, NULL, _IOLBF, 0);
	getrlimit(RLIMIT_STACK, &limit);
	limit.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_STACK, &limit);
	printf("too small %d", sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = 100 }, NULL));
	printf(" bad flags %d", sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_flags = 77, .ss_size = sizeof alternate }, NULL));
	printf(" good %d\n", sigaltstack(&(stack_t){ .ss_sp = alternate, .ss_size = sizeof alternate }, NULL));
	sigaction(SIGSEGV, &(struct sigaction){ .sa_sigaction = overflow, .sa_flags = SA_SIGINFO | SA_ONSTACK }, NULL);
	for (int i = 0; i < 3; i++)
		if (!sigsetjmp(out, 1)) recurse(0);
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = again, .sa_flags = SA_NODEFER }, NULL);
	raise(SIGUSR1);
	signal(SIGUSR2, deferred);
	raise(SIGUSR2);
	sigaction(SIGWINCH, &(struct sigaction){ .sa_handler = reset, .sa_flags = SA_RESETHAND }, NULL);
	raise(SIGWINCH);
	raise(SIGWINCH);
	signal(SIGUSR1, first);
	signal(SIGUSR2, second);
	signal(SIGRTMIN, third);
	answer = sigsetjmp(out, 1);
	if (!answer) raise(SIGUSR1);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("out %d, blocked %d %d %d\n", answer, sigismember(&mask, SIGUSR1), sigismember(&mask, SIGUSR2), sigismember(&mask, SIGRTMIN));
	sigaction(SIGTRAP, &(struct sigaction){ .sa_sigaction = step, .sa_flags = SA_SIGINFO }, NULL);
	__asm__ volatile("pushf; orl $0x100, (%%esp); popf; mov $50, %%ecx; 1: dec %%ecx; jnz 1b" : : : "ecx", "memory");
	printf("steps %d\n", count);
	sigaction(SIGILL, &(struct sigaction){ .sa_sigaction = skip, .sa_flags = SA_SIGINFO }, NULL);
	__asm__ volatile("ud2" : "=a"(answer) : : "memory");
	sigprocmask(SIG_BLOCK, NULL, &mask);
	printf("answer %d, mask from the handler %d\n", answer, sigismember(&mask, SIGURG));
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
	puts("no other stack now");
	recurse(0);
}
