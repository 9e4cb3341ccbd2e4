/* Loops that the compiler turns into SSE2: singles, doubles, integers of every width, reductions, conversions, a matrix product; and the C library's string functions, which are SSE2 too.
 * @flags ["-O3", "-march=pentium4", "-msse2", "-mfpmath=sse", "-fno-tree-loop-distribute-patterns"] */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { N = 1000, M = 24 };
static float fa[N], fb[N], fc[N];
static double da[N], db[N], left[M][M], right[M][M], product[M][M];
static int32_t ia[N], ib[N];
static uint32_t ua[N];
static int16_t sa[N], sb[N];
static uint16_t wa[N];
static uint8_t ba[N + 64], bb[N];
static int64_t la[N];

static uint64_t hash(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = 14695981039346656037u;
	while (n--) h = (h ^ *b++) * 1099511628211u;
	return h;
}
#define SHOW(a) printf("%s %016llx\n", #a, (unsigned long long)hash(a, sizeof a))

static void fill(void)
{
	for (int i = 0; i < N; i++) {
		fa[i] = (i * 7919 % 1000) / 37.0f;
		fb[i] = (i * 104729 % 1000) / 91.0f + 0.5f;
		da[i] = fa[i] * 1.1;
		db[i] = fb[i] / 1.3;
		ia[i] = i * 2654435761u;
		ib[i] = i ^ 0x55;
		ua[i] = i * 40503u;
		sa[i] = i * 31;
		sb[i] = i * 17 - 9999;
		wa[i] = i * 77;
		ba[i] = i * 13;
		bb[i] = i * 29;
		la[i] = (int64_t)i << 33 | i;
	}
	for (int i = 0; i < M; i++)
		for (int j = 0; j < M; j++) left[i][j] = 1.0 / (i + j + 1), right[i][j] = i - j + 0.25;
}

static void work(void)
{
	for (int i = 0; i < N; i++) fc[i] = fa[i] * fb[i] + fc[i] / fb[i];
	for (int i = 0; i < N; i++) da[i] = sqrt(da[i] * db[i] + 1.0);
	for (int i = 0; i < N; i++) fb[i] = fb[i] < 1 ? fb[i] + 1 : fb[i] - 0.75f;
	for (int i = 0; i < N; i++) db[i] = da[i] > db[i] ? da[i] : db[i];
	for (int i = 0; i < N; i++) ia[i] = (ia[i] + ib[i]) ^ (ia[i] << 3);
	for (int i = 0; i < N; i++) ib[i] = (int)fc[i] + (int)da[i];
	for (int i = 0; i < N; i++) ua[i] = ua[i] * 2246822519u >> 1;
	for (int i = 0; i < N; i++) sa[i] = sa[i] * sb[i] + (sa[i] >> 2);
	for (int i = 0; i < N; i++) sb[i] = sb[i] > sa[i] ? sb[i] : sa[i];
	for (int i = 0; i < N; i++) wa[i] = (uint16_t)(wa[i] * 40503u >> 16) + (wa[i] >> 3);
	for (int i = 0; i < N; i++) ba[i] = ba[i] > bb[i] ? ba[i] - bb[i] : bb[i] - ba[i];
	for (int i = 0; i < N; i++) bb[i] = (ba[i] + bb[i] + 1) / 2;
	for (int i = 0; i < N; i++) la[i] = la[i] * 3 - (la[i] >> 1);
	for (int i = 0; i < N; i++) fa[i] = (float)ia[i] / 65536 + (float)da[i];
}

static void strings(void)
{
	char text[300], copy[300];
	for (int offset = 0; offset < 40; offset += 3) {
		memset(text, 'a' + offset % 26, sizeof text - 1);
		text[sizeof text - 1 - offset] = 0;
		strcpy(copy + offset % 16, text + offset % 8);
		text[100 + offset] = 'Z';
		printf("%zu %td %td %d %d ", strlen(copy + offset % 16), strchr(text, 'Z') - text, strrchr(text, 'a' + offset % 26) - text,
			strcmp(text + offset % 8, copy + offset % 16) < 0, memcmp(text, copy, 90) < 0);
		memmove(text + offset, text, 200);
		printf("%016llx\n", (unsigned long long)hash(text, sizeof text));
	}
}

int main(void)
{
	fill();
	for (int round = 0; round < 25; round++) work();
	for (int i = 0; i < M; i++)
		for (int j = 0; j < M; j++)
			for (int k = 0; k < M; k++) product[i][j] += left[i][k] * right[k][j];
	double sum = 0;
	int64_t total = 0;
	float least = 1e30f;
	for (int i = 0; i < N; i++) sum += da[i], total += ia[i], least = fc[i] < least ? fc[i] : least;
	printf("%.17g %lld %.9g\n", sum, (long long)total, least);
	SHOW(fa); SHOW(fb); SHOW(fc); SHOW(da); SHOW(db); SHOW(ia); SHOW(ib); SHOW(ua); SHOW(sa); SHOW(sb); SHOW(wa); SHOW(ba); SHOW(bb); SHOW(la);
	SHOW(product);
	strings();
	return 0;
}
