/* Long doubles in every rounding mode with their exception flags, bit for bit; then the C library's functions, which end in the x87's own, to 15 digits. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t state = 1;

static uint32_t next(void)
{
	return state = state * 1664525 + 1013904223;
}

/* Between 2^-20 and 2^20, all bits of the mantissa random. */
static long double number(void)
{
	union {
		long double value;
		struct { uint64_t mantissa; uint16_t exponent; } parts;
	} u;
	memset(&u, 0, sizeof u);
	u.parts.mantissa = (uint64_t)next() << 32 | next() | 1ull << 63;
	u.parts.exponent = (16383 - 20 + next() % 40) | (next() >> 8 & 1) << 15;
	return u.value;
}

static void arithmetic(void)
{
	feclearexcept(FE_ALL_EXCEPT);
	volatile long double a = number(), b = number(), wide;
	volatile double x = number(), y = number(), narrow;
	volatile float single;
	wide = a + b, printf("%La ", wide);
	wide = a - b, printf("%La ", wide);
	wide = a * b, printf("%La ", wide);
	wide = a / b, printf("%La ", wide);
	wide = sqrtl(fabsl(a)), printf("%La ", wide);
	narrow = x * y, printf("%a ", narrow);
	narrow = x / y, printf("%a ", narrow);
	single = x, printf("%a ", single);
	printf("%lld %ld %d ", llrintl(a), lrint(x), (int)x);
	printf("%La %La %La %La ", rintl(a), floorl(a), fmodl(a, b), remainderl(a, b));
	printf("%x\n", fetestexcept(FE_ALL_EXCEPT));
}

static void functions(void)
{
	long double a = number();
	double x = number();
	printf("%.15Lg %.15Lg %.15Lg %.15Lg ", sinl(a), cosl(a), tanl(a / 64), atanl(a));
	printf("%.15Lg %.15Lg %.14Lg ", expl(a / 1e4L), logl(fabsl(a)), powl(fabsl(a), 0.37L));
	printf("%.14g %.14g %.14g %.14g\n", sin(x), exp(x / 1000), log(fabs(x)), atan2(x, 3));
}

int main(void)
{
	static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
	for (int m = 0; m < 4; m++) {
		fesetround(modes[m]);
		for (int i = 0; i < 100; i++) arithmetic();
	}
	fesetround(FE_TONEAREST);
	for (int i = 0; i < 300; i++) functions();
	return 0;
}
