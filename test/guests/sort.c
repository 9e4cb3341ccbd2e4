/* Integer loop with recursion and function pointers: quicksort, heapsort and shellsort of the same 1500 numbers. */
#include "guest.h"

#define N 1500
static int source[N], work[N], wanted[N];

static void swap(int *x, int *y)
{
	int t = *x;
	*x = *y;
	*y = t;
}

static void quick(int *v, int n)
{
	while (n > 1) {
		int pivot = v[(n - 1) / 2], i = -1, j = n;
		for (;;) {
			while (v[++i] < pivot);
			while (v[--j] > pivot);
			if (i >= j) break;
			swap(v + i, v + j);
		}
		quick(v, j + 1);
		v += j + 1;
		n -= j + 1;
	}
}

static void heap(int *v, int n)
{
	for (int start = n / 2 - 1, end = n; end > 1;) {
		if (start >= 0) start--;
		else swap(v, v + --end);
		int root = start + 1 > 0 ? start + 1 : 0;
		for (int child; (child = 2 * root + 1) < end; root = child) {
			if (child + 1 < end && v[child] < v[child + 1]) child++;
			if (v[root] >= v[child]) break;
			swap(v + root, v + child);
		}
	}
}

static void shell(int *v, int n)
{
	for (int gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (int i = gap; i < n; i++) {
			int x = v[i], k = i;
			for (; k >= gap && v[k - gap] > x; k -= gap) v[k] = v[k - gap];
			v[k] = x;
		}
}

static const struct { const char *name; void (*sort)(int *, int); } sorts[] = { { "quick", quick }, { "heap", heap }, { "shell", shell } };

int main(void)
{
	u32 seed = 42, hash = 0;
	for (int i = 0; i < N; i++) source[i] = (int)(seed = seed * 1664525u + 1013904223u) >> 8;
	memcpy(wanted, source, sizeof wanted);
	shell(wanted, N);
	for (int i = 0; i < N; i++) hash = hash * 33 + (u32)wanted[i];
	print("least %d greatest %d hash %X\n", wanted[0], wanted[N - 1], hash);
	for (u32 s = 0; s < 3; s++) {
		memcpy(work, source, sizeof work);
		sorts[s].sort(work, N);
		check(sorts[s].name, !memcmp(work, wanted, sizeof work));
	}
	return 0;
}
