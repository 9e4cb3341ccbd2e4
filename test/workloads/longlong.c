/* 64-bit arithmetic: division and remainder of both signs, shifts, modular powers, Miller-Rabin, conversions with double. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t add(uint64_t a, uint64_t b, uint64_t m) { return a >= m - b ? a - (m - b) : a + b; }
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t m)
{
	uint64_t r = 0;
	for (; b; b >>= 1, a = add(a, a, m))
		if (b & 1) r = add(r, a, m);
	return r;
}
static uint64_t power(uint64_t a, uint64_t e, uint64_t m)
{
	uint64_t r = 1 % m;
	for (; e; e >>= 1, a = multiply(a, a, m))
		if (e & 1) r = multiply(r, a, m);
	return r;
}
static int is_prime(uint64_t n)
{
	static const int bases[] = { 2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37 };
	if (n < 2) return 0;
	for (int i = 0; i < 12; i++) if (n % bases[i] == 0) return n == (uint64_t)bases[i];
	uint64_t d = n - 1;
	int s = 0;
	while (!(d & 1)) d >>= 1, s++;
	for (int i = 0; i < 12; i++) {
		uint64_t x = power(bases[i], d, n);
		int composite = x != 1 && x != n - 1;
		for (int r = 1; r < s && composite; r++) if ((x = multiply(x, x, n)) == n - 1) composite = 0;
		if (composite) return 0;
	}
	return 1;
}

int main(void)
{
	static const long long values[] = { 1, -1, 7, -7, 1000000007, -123456789012345678ll, INT64_MAX, INT64_MIN, 0x100000000ll, -0x80000000ll };
	for (int i = 0; i < 10; i++)
		for (int j = 0; j < 10; j += 3) {
			volatile long long a = values[i], b = values[(j + i) % 10];
			if (a == INT64_MIN && b == -1) continue;
			printf("%lld / %lld = %lld rest %lld, %llu / %llu = %llu rest %llu\n", a, b, a / b, a % b, a, b, (unsigned long long)a / b, (unsigned long long)a % b);
		}
	for (volatile int n = 0; n < 64; n += 7) printf("%d: %llx %llx %llx\n", n, 0x8123456789abcdefull << n, 0x8123456789abcdefull >> n, (unsigned long long)(INT64_MIN >> n));
	int primes = 0;
	uint64_t n = 18446744073709551557ull - 400, last = 0;
	for (; n <= 18446744073709551557ull; n += 2) if (is_prime(n)) primes++, last = n;
	printf("%d primes, the last %llu, largest factor base check %d\n", primes, (unsigned long long)last, is_prime(2305843009213693951ull));
	volatile double d = 1.8e19, e = -9.2e18, f = 0.75;
	printf("%llu %lld %lld %.1f %.1f\n", (unsigned long long)d, (long long)e, (long long)f, (double)UINT64_MAX, (double)INT64_MIN);
	lldiv_t q = lldiv(-1000000000007ll, 1000003);
	div_t r = div(-17, 5);
	printf("%lld %lld %d %d %lld\n", q.quot, q.rem, r.quot, r.rem, llabs(INT64_MIN + 1));
	uint64_t a = 0, b = 1;
	for (int i = 0; i < 93; i++) { uint64_t t = a + b; a = b; b = t; }
	printf("fibonacci %llu, sqrt %.6f, popcount %d, leading %d\n", (unsigned long long)a, sqrt((double)a), __builtin_popcountll(a), __builtin_clzll(a));
	srand(12345);
	unsigned sum = 0;
	for (int i = 0; i < 1000; i++) sum = sum * 31 + (unsigned)rand();
	printf("rand %u\n", sum);
	return 0;
}
