/* Guard pages: a bump allocator whose every block ends at a protected page; an overrun is caught and told; a copy-on-write snapshot by mprotect. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
static sigjmp_buf out;
static volatile uintptr_t fault_at;
static char *volatile arena;
static volatile unsigned dirty;

static char *guarded(size_t size)
{
	size_t pages = (size + PAGE - 1) / PAGE;
	char *p = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(p + pages * PAGE, PAGE, PROT_NONE);
	return p + pages * PAGE - size;
}

static void on_overrun(int signal, siginfo_t *info, void *context)
{
	fault_at = (uintptr_t)info->si_addr;
	siglongjmp(out, 1);
}

static void on_first_write(int signal, siginfo_t *info, void *context)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));
	if (page < arena || page >= arena + 32 * PAGE) abort();
	dirty |= 1u << (page - arena) / PAGE;
	mprotect(page, PAGE, PROT_READ | PROT_WRITE); /* the store is tried again */
}

int main(void)
{
	struct sigaction action = { .sa_sigaction = on_overrun, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &action, NULL);
	for (volatile int size = 1; size < 10000; size = size * 5 + 3) {
		char *block = guarded(size);
		memset(block, 'x', size);
		if (!sigsetjmp(out, 1)) {
			volatile int i = size - 1;
			for (;; i++) block[i] = 'y';
		}
		printf("block of %d: overrun at +%d\n", size, (int)(fault_at - (uintptr_t)block));
		if (!sigsetjmp(out, 1)) strlen(memset(block, 'z', size)); /* no terminator: runs into the guard */
		printf("  strlen ran to +%d\n", (int)(fault_at - (uintptr_t)block));
	}
	action.sa_sigaction = on_first_write;
	sigaction(SIGSEGV, &action, NULL);
	arena = mmap(NULL, 32 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned seed = 7;
	for (int round = 0; round < 4; round++) {
		dirty = 0;
		mprotect(arena, 32 * PAGE, PROT_READ);
		for (int i = 0; i < 6 + round; i++) {
			seed = seed * 1103515245 + 12345;
			arena[seed >> 8 & (32 * PAGE - 1)]++;
		}
		memset(arena + 5 * PAGE + 100, round, PAGE);
		printf("round %d: dirty %08x\n", round, dirty);
	}
	return 0;
}
