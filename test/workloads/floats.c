/* Doubles and long doubles without transcendentals: sqrt, rounding modes, fmod, frexp, ldexp, classification, exceptions, a small solver. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double gauss(int n)
{
	double m[12][13], determinant = 1;
	for (int i = 0; i < n; i++)
		for (int j = 0; j <= n; j++) m[i][j] = 1.0 / (i + j + 1) + (i == j);
	for (int c = 0; c < n; c++) {
		int p = c;
		for (int r = c + 1; r < n; r++) if (fabs(m[r][c]) > fabs(m[p][c])) p = r;
		for (int j = 0; j <= n; j++) { double t = m[c][j]; m[c][j] = m[p][j]; m[p][j] = t; }
		determinant *= p == c ? m[c][c] : -m[c][c];
		for (int r = c + 1; r < n; r++) {
			double f = m[r][c] / m[c][c];
			for (int j = c; j <= n; j++) m[r][j] -= f * m[c][j];
		}
	}
	return determinant;
}

int main(void)
{
	static const double values[] = { 0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 1e10 + 0.5, 123.456, -123.456, 4503599627370497.5, 1e300, DBL_MIN / 4, INFINITY, NAN };
	static const int modes[] = { FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO };
	for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
		volatile double v = values[i];
		int e;
		double m = frexp(v, &e), whole, part = modf(v, &whole);
		printf("%g: floor %g ceil %g trunc %g round %g sqrt %.17g class %d sign %d", v, floor(v), ceil(v), trunc(v), round(v), sqrt(fabs(v)), fpclassify(v), signbit(v) != 0);
		if (isfinite(v)) printf(" frexp %g %d modf %g %g ldexp %g", m, e, part, whole, ldexp(v, 3));
		for (int k = 0; k < 4; k++) {
			fesetround(modes[k]);
			printf(" %g", rint(v));
			fesetround(FE_TONEAREST);
		}
		puts("");
	}
	for (int k = 0; k < 4; k++) {
		fesetround(modes[k]);
		volatile double one = 1, three = 3, tenth = 0.1;
		volatile double q = one / three, s = tenth + 0.2;
		volatile long double l = 1.0L / three;
		fesetround(FE_TONEAREST);
		printf("%a %a %La\n", q, s, l);
	}
	printf("%.17g %.17g %.17g\n", fmod(1e18, 7.5), remainder(10.5, 4), fmod(-7, 0.3));
	printf("%.17g %.17g %g %g\n", nextafter(1, 2), nextafter(0, -1), fmax(1, NAN), fmin(-0.0, 3));
	printf("%.17g %.17g %.21Lg\n", hypot(3, 4), fma(0.1, 10, -1), sqrtl(2.0L));
	printf("%ld %ld %lld\n", lrint(2.5), lround(2.5), llrint(-1e15 - 0.75));
	feclearexcept(FE_ALL_EXCEPT);
	volatile double zero = 0, one = 1, huge = DBL_MAX, tiny = DBL_MIN;
	volatile double r = one / zero;
	printf("raised %x", fetestexcept(FE_ALL_EXCEPT & ~2));
	r = zero / zero;
	printf(" %x", fetestexcept(FE_INVALID));
	r = huge * 2;
	printf(" %x", fetestexcept(FE_OVERFLOW));
	r = tiny / 3;
	printf(" %x\n", fetestexcept(FE_UNDERFLOW | FE_INEXACT));
	for (int n = 2; n <= 12; n += 5) printf("determinant %d: %.14g\n", n, gauss(n));
	double sum = 0, c = 0;
	for (int i = 1; i <= 20000; i++) { /* Kahan */
		volatile double y = 1.0 / i / i - c, t = sum + y;
		c = (t - sum) - y;
		sum = t;
	}
	printf("basel %.15g, pi about %.12f\n", sum, sqrt(6 * sum));
	return 0;
}
