/* Fixed times formatted: gmtime, strftime, mktime, timegm, leap years, a time zone rule, difftime, asctime. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(void)
{
	static const time_t times[] = { 0, 1, 951782400, 1078012799, 1234567890, 1225360000, 2147483647, -1, -2147483647 - 1, 1709164800 };
	char text[128];
	setenv("TZ", "UTC0", 1);
	tzset();
	for (unsigned i = 0; i < sizeof times / sizeof *times; i++) {
		struct tm tm;
		gmtime_r(&times[i], &tm);
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %a %A %b %B day %j week %U %V %G %u %p %I %y %C %e %D %T %s", &tm);
		printf("%ld: %s, back %ld\n", (long)times[i], text, (long)timegm(&tm));
	}
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (unsigned i = 2; i < 7; i++) {
		struct tm *tm = localtime(&times[i]);
		strftime(text, sizeof text, "%c %Z %z", tm);
		printf("%s dst %d, mktime %ld\n", text, tm->tm_isdst, (long)mktime(tm));
	}
	struct tm odd = { .tm_year = 108, .tm_mon = 14, .tm_mday = -3, .tm_hour = 50, .tm_isdst = -1 };
	time_t t = mktime(&odd);
	printf("normalised %s", asctime(&odd));
	printf("difftime %.1f\n", difftime(t, 1225360000));
	struct tm parsed = { 0 };
	char *rest = strptime("2008-10-30 12:34:56 left", "%Y-%m-%d %H:%M:%S", &parsed);
	printf("strptime %d %d %d %d \"%s\"\n", parsed.tm_year, parsed.tm_mon, parsed.tm_yday, parsed.tm_sec, rest);
	time_t now = time(NULL), later = time(NULL);
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("time goes forward: %d %d, clock() %d\n", later >= now && now > 1000000000, b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec), clock() >= 0);
	return 0;
}
