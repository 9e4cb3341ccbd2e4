/* Integer loop: products of 40 x 40 matrices modulo 2^32, and a trace through 64-bit sums. */
#include "guest.h"

#define N 40
static int a[N][N], b[N][N], c[N][N];

static void multiply(int (*x)[N], int (*y)[N], int (*z)[N])
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			int sum = 0;
			for (int k = 0; k < N; k++) sum += x[i][k] * y[k][j];
			z[i][j] = sum;
		}
}

int main(void)
{
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++) {
			a[i][j] = i * 7 - j * 3 + 1;
			b[i][j] = (i ^ j) - 20;
		}
	multiply(a, b, c);
	multiply(c, a, b);
	multiply(b, c, a);
	i64 trace = 0;
	u32 hash = 2166136261u;
	for (int i = 0; i < N; i++) {
		trace += (i64)a[i][i] * (i + 1);
		for (int j = 0; j < N; j++) hash = (hash ^ (u32)a[i][j]) * 16777619u;
	}
	print("corner %d %d trace %D hash %X\n", a[0][0], a[N - 1][N - 1], trace, hash);
	return 0;
}
