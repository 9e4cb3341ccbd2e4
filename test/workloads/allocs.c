/* malloc, calloc, realloc, free, memalign in long seeded patterns: contents checked, big blocks by mmap and mremap, fragmentation, failure. */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t seed = 2008;
static uint32_t next(uint32_t below) { return (uint32_t)((uint64_t)(seed = seed * 1664525 + 1013904223) * below >> 32); }

struct block { unsigned char *p; size_t size; unsigned char fill; };
static struct block blocks[300];
static int bad;

static void verify(struct block *b)
{
	for (size_t i = 0; i < b->size; i += 1 + i / 8) bad += b->p[i] != b->fill;
	if (b->size) bad += b->p[b->size - 1] != b->fill;
}

int main(void)
{
	unsigned long long total = 0;
	int counts[4] = { 0 };
	for (int step = 0; step < 20000; step++) {
		struct block *b = &blocks[next(300)];
		size_t size = next(16) ? next(400) : next(64) ? next(20000) : next(400000);
		if (!b->p) {
			b->p = next(4) ? malloc(size) : calloc(1, size);
			counts[0]++;
		} else if (next(3)) {
			verify(b);
			size_t kept = b->size < size ? b->size : size;
			unsigned char *p = realloc(b->p, size ? size : 1);
			for (size_t i = 0; i < kept; i += 1 + i / 4) bad += p[i] != b->fill;
			b->p = p;
			counts[1]++;
		} else {
			verify(b);
			free(b->p);
			b->p = NULL;
			counts[2]++;
			continue;
		}
		b->size = size;
		b->fill = (unsigned char)step;
		memset(b->p, b->fill, size);
		total += size;
	}
	for (int i = 0; i < 300; i++) {
		if (!blocks[i].p) continue;
		verify(&blocks[i]);
		free(blocks[i].p);
		counts[3]++;
	}
	printf("%d allocated, %d resized, %d freed, %d at the end, %llu bytes, %d wrong\n", counts[0], counts[1], counts[2], counts[3], total, bad);
	unsigned char *big = malloc(1 << 20);
	memset(big, 1, 1 << 20);
	for (int i = 21; i <= 24; i++) {
		big = realloc(big, 1u << i); /* grows by mremap */
		memset(big + (1u << (i - 1)), i, 1u << (i - 1));
	}
	unsigned long sum = 0;
	for (unsigned i = 0; i < 1u << 24; i += 4096) sum += big[i];
	printf("grown to 16 MiB, sum %lu\n", sum);
	big = realloc(big, 100);
	printf("shrunk %d\n", big[99]);
	free(big);
	for (size_t align = 16; align <= 65536; align *= 8) {
		void *p = NULL;
		int r = posix_memalign(&p, align, 1000);
		printf("aligned to %zu: %d %d\n", align, r, ((uintptr_t)p & (align - 1)) == 0);
		free(p);
	}
	errno = 0;
	void *volatile refused = malloc(0xf0000000u); /* more than half of the address space: refused at once */
	printf("far too much: %d", refused == NULL);
	printf(" errno %d\n", errno);
	errno = 0;
	refused = calloc(0x10000, 0x10001);
	printf("overflow: %d", refused == NULL);
	printf(" errno %d\n", errno);
	printf("usable %d, trimmed %d\n", malloc_usable_size(malloc(10)) >= 10, malloc_trim(0) >= 0);
	char *list = NULL;
	for (int i = 0; i < 2000; i++) { /* a linked list of small nodes, freed from the front */
		char **node = malloc(sizeof *node + i % 50);
		*node = list;
		list = (char *)node;
	}
	int n = 0;
	for (char *x = list, *after; x; x = after, n++) {
		after = *(char **)x;
		free(x);
	}
	printf("list of %d\n", n);
	return bad != 0;
}
