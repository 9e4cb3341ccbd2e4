/* qsort, bsearch, tsearch, hsearch and lsearch over structs; stability of merge sort; qsort of many sizes. */
#define _GNU_SOURCE
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct city { char name[16]; int people; double x, y; };
static struct city cities[] = { { "Oslo", 709, 59.9, 10.8 }, { "Rome", 2761, 41.9, 12.5 }, { "Bern", 134, 46.9, 7.4 }, { "Kyiv", 2952, 50.5, 30.5 }, { "Riga", 605, 56.9, 24.1 },
	{ "Paris", 2103, 48.9, 2.4 }, { "Minsk", 1996, 53.9, 27.6 }, { "Sofia", 1286, 42.7, 23.3 } };
#define N (sizeof cities / sizeof *cities)

static int by_name(const void *a, const void *b) { return strcmp(((struct city *)a)->name, ((struct city *)b)->name); }
static int by_people(const void *a, const void *b) { return ((struct city *)a)->people - ((struct city *)b)->people; }
static int by_distance(const void *a, const void *b, void *from)
{
	const struct city *p = a, *q = b, *o = from;
	double d = (p->x - o->x) * (p->x - o->x) + (p->y - o->y) * (p->y - o->y), e = (q->x - o->x) * (q->x - o->x) + (q->y - o->y) * (q->y - o->y);
	return d < e ? -1 : d > e;
}
static int by_int(const void *a, const void *b) { return *(int *)a < *(int *)b ? -1 : *(int *)a > *(int *)b; }
static int by_low(const void *a, const void *b) { return (*(int *)a & 15) - (*(int *)b & 15); }

static int depth, nodes;
static void visit(const void *node, VISIT which, int level)
{
	if (which == postorder || which == leaf) {
		nodes++;
		if (level > depth) depth = level;
	}
}

int main(void)
{
	qsort(cities, N, sizeof *cities, by_people);
	for (unsigned i = 0; i < N; i++) printf("%s %d%s", cities[i].name, cities[i].people, i + 1 < N ? ", " : "\n");
	struct city rome = cities[N - 2];
	qsort_r(cities, N, sizeof *cities, by_distance, &rome);
	for (unsigned i = 0; i < N; i++) printf("%s (%.1f %.1f)%s", cities[i].name, cities[i].x, cities[i].y, i + 1 < N ? ", " : "\n");
	qsort(cities, N, sizeof *cities, by_name);
	static const char *const wanted[] = { "Bern", "Sofia", "Nowhere" };
	for (int i = 0; i < 3; i++) {
		struct city key = { "" }, *found;
		strcpy(key.name, wanted[i]);
		found = bsearch(&key, cities, N, sizeof *cities, by_name);
		printf("%s: %d\n", wanted[i], found ? found->people : -1);
	}
	unsigned seed = 5;
	int wrong = 0;
	for (int n = 0; n < 3000; n = n * 2 + 3) {
		int *v = malloc(n * sizeof *v), *w = malloc(n * sizeof *w);
		for (int i = 0; i < n; i++) w[i] = v[i] = (int)((seed = seed * 1103515245 + 12345) >> 4);
		qsort(v, n, sizeof *v, by_int);
		for (int i = 1; i < n; i++) wrong += v[i - 1] > v[i];
		for (int i = 0; i < n; i++) w[i] = (i << 4) | (w[i] & 15);
		qsort(w, n, sizeof *w, by_low);
		for (int i = 1; i < n; i++) wrong += (w[i - 1] & 15) == (w[i] & 15) && w[i - 1] > w[i];
		free(v);
		free(w);
	}
	printf("%d out of order\n", wrong);
	void *root = NULL;
	static int keys[500];
	for (int i = 0; i < 500; i++) {
		keys[i] = (int)((seed = seed * 1103515245 + 12345) >> 16) % 300;
		tsearch(&keys[i], &root, by_int);
	}
	twalk(root, visit);
	printf("tree of %d nodes, depth below 20: %d\n", nodes, depth < 20);
	hcreate(100);
	for (unsigned i = 0; i < N; i++) hsearch((ENTRY){ cities[i].name, &cities[i] }, ENTER);
	ENTRY *e = hsearch((ENTRY){ "Riga", NULL }, FIND);
	printf("hash: %d %d\n", e ? ((struct city *)e->data)->people : -1, hsearch((ENTRY){ "Atlantis", NULL }, FIND) != NULL);
	return wrong;
}
