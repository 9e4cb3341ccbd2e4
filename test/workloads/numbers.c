/* Numbers through the C library: printf of doubles in every form, strtod, strtoull, snprintf, and back again.
   @dynamic */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double values[] = { 0.0, -0.0, 1, -1.5, 0.1, 1.0 / 3, 2.0 / 3, 1e21, 1e22, 123456789.125, 1e-5, 9.999999999e-5, 5e-324, DBL_MIN, DBL_MAX, DBL_EPSILON,
	3.14159265358979323846, 2.5, 3.5, 0.5, 1e100, 6.02214076e23, -1234.5678 };

int main(void)
{
	for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
		double v = values[i];
		printf("%g %f %e %a|%.0f %.3f %.17g %12.4g %-12.2e| %+G\n", v, fabs(v) < 1e30 ? v : 0.0, v, v, fabs(v) < 1e30 ? v : 1.0, fabs(v) < 1e30 ? v : 2.0, v, v, v, v);
		char text[64];
		snprintf(text, sizeof text, "%.17g", v);
		double back = strtod(text, NULL);
		if (memcmp(&back, &v, sizeof v)) printf("  not the same after reading back: %s\n", text);
	}
	printf("%f %g %e %a %F\n", INFINITY, -INFINITY, NAN, INFINITY, NAN);
	printf("%Lg %.20Lg %La %Lf\n", 1.0L / 3, 1.0L / 3, 1.0L / 3, 1e30L);
	printf("%d %u %x %o %X %#x %#o %+d % d %05d %-5d| %.3d %5.2d|\n", -42, 42u, 255, 8, 48879, 255, 8, 7, 7, -42, 42, 5, 5);
	printf("%lld %llu %llx %" PRId64 " %hhd %hd %zu %td %jd\n", LLONG_MIN, ULLONG_MAX, 0x123456789abcdefll, INT64_MAX, 300, 70000, sizeof(long), (ptrdiff_t)-5, (intmax_t)-6);
	printf("%c %5s %-5s| %.2s %*d %.*f %% %5c\n", 'x', "ab", "ab", "abcdef", 6, 42, 2, 3.14159, 'y');

	static const char *const texts[] = { "3.25", "  -1e-3xyz", "0x1.8p3", "inf", "-nan", "1e400", "1e-400", "4.9406564584124654e-324", "2.2250738585072011e-308", ".5.", "abc",
		"179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880", "0.1e1e1", "9007199254740993", "0.30000000000000004" };
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		char *end;
		errno = 0;
		double v = strtod(texts[i], &end);
		printf("%.24s: %.17g %a errno %d rest \"%.10s\"\n", texts[i], v, v, errno, end);
	}
	printf("%g %Lg\n", (double)strtof("0.1", NULL), strtold("0.1", NULL));
	static const char *const integers[] = { "0", "-1", "18446744073709551615", "18446744073709551616", "0x7fffffffffffffff", "0777", "zz", "99999999999", "-9223372036854775808", " +12abc" };
	for (unsigned i = 0; i < sizeof integers / sizeof *integers; i++) {
		char *end;
		errno = 0;
		unsigned long long u = strtoull(integers[i], &end, 0);
		int first = errno;
		errno = 0;
		long l = strtol(integers[i], NULL, 0);
		printf("%s: %llu errno %d rest \"%s\", long %ld errno %d, base 36 %lld\n", integers[i], u, first, end, l, errno, strtoll(integers[i], NULL, 36));
	}
	printf("%d %ld %.3f\n", atoi("-77x"), atol("123456789"), atof("2.71828"));
	char small[8];
	printf("%d", snprintf(small, sizeof small, "%d-%s", 12345, "abcdef"));
	printf(" \"%s\"\n", small);
	return 0;
}
