/* Catches SIGSEGV, SIGFPE, SIGILL, SIGTRAP and SIGBUS with sigaction and prints siginfo and the machine context's fields. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf out;
static char *volatile page;
static const char *current;

static void handler(int signal, siginfo_t *info, void *where)
{
	ucontext_t *context = where;
	greg_t *r = context->uc_mcontext.gregs;
	printf("%s: %s (%d) si_signo %d si_code %d trapno %d err %d", current, sigabbrev_np(signal), signal, info->si_signo, info->si_code, r[REG_TRAPNO], r[REG_ERR] & 7);
	char *address = info->si_addr;
	if (address >= page && address < page + 8192) printf(" address page+%#x", (unsigned)(address - page));
	else if ((greg_t)address == r[REG_EIP]) printf(" address = eip");
	else printf(" address %p", address);
	printf(" cr2 %s\n", r[REG_TRAPNO] == 14 && context->uc_mcontext.cr2 == (unsigned long)address ? "the same" : "-");
	siglongjmp(out, 1);
}

static void null_read(void) { printf("%d\n", *(volatile int *)0x10); }
static void null_write(void) { *(volatile int *)0 = 1; }
static void read_only(void) { page[100] = 1; }
static void no_access(void) { printf("%d\n", ((volatile char *)page)[4096 + 7]); }
static void divide(void) { volatile int zero = 0; printf("%d\n", 5 / zero); }
static void modulo64(void) { volatile long long zero = 0; printf("%lld\n", 5 % zero); }
static void overflow(void) { volatile int least = -2147483647 - 1, one = -1; printf("%d\n", least / one); }
static void illegal(void) { __asm__ volatile("ud2"); }
static void trap(void) { __asm__ volatile("int3"); }
static void privileged(void) { __asm__ volatile("hlt"); }
static void raised(void) { raise(SIGSEGV); }
static void bus(void)
{
	int fd = open("short", O_RDWR | O_CREAT | O_TRUNC, 0600);
	volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	unlink("short");
	page = (char *)p;
	printf("%d\n", p[9]);
}

static const struct { const char *name; void (*run)(void); } cases[] = { { "null read", null_read }, { "null write", null_write }, { "read-only page", read_only },
	{ "no access", no_access }, { "division", divide }, { "64-bit remainder", modulo64 }, { "quotient too big", overflow }, { "ud2", illegal }, { "int3", trap },
	{ "hlt", privileged }, { "bus", bus } };

int main(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR1);
	static const int signals[] = { SIGSEGV, SIGFPE, SIGILL, SIGTRAP, SIGBUS };
	for (int i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
	page = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(page + 4096, 4096, PROT_NONE);
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		current = cases[i].name;
		if (!sigsetjmp(out, 1)) {
			cases[i].run();
			printf("%s: nothing happened\n", current);
		}
	}
	signal(SIGFPE, SIG_DFL);
	fflush(stdout);
	divide();
	return 0;
}
