/* scanf and sscanf: numbers of all kinds, sets, widths, %n, assignments that fail half-way; reads a table from stdin.
 * @stdin "name  age height\nAnna 31 1.68\nBob 27 1.83\nEve 101 1.5e0\nbroken line here\nZoe 5 0x1.8p-1\n-- end\n 0x1f 077 99 -12 12345678901234 'c' \"quoted text\" 3;4;5" */
#include <stdio.h>
#include <string.h>

int main(void)
{
	char a[16], b[16], c[16], name[16];
	int age, people = 0, n;
	double height, sum = 0;
	printf("%d ", scanf("%15s %15s %15s", a, b, c));
	printf("%s/%s/%s\n", a, b, c);
	for (;;) {
		n = scanf("%15s %d %lf", name, &age, &height);
		if (n == 3) {
			printf("%s is %d, %.3f\n", name, age, height);
			people++;
			sum += height;
			continue;
		}
		printf("%d of 3 at \"%s\"\n", n, name);
		if (!strcmp(name, "--")) break;
		scanf("%*[^\n]");
	}
	printf("%d people, mean %.4f\n", people, sum / people);
	int x, o, d, i;
	long long big;
	char letter, quoted[32];
	n = scanf("end %x %o %d %i %lld '%c' \"%31[^\"]\"", &x, &o, &d, &i, &big, &letter, quoted);
	printf("%d: %d %d %d %d %lld %c %s\n", n, x, o, d, i, big, letter, quoted);
	int v[4] = { 0 };
	n = scanf("%d;%d;%d;%d", v, v + 1, v + 2, v + 3);
	printf("%d: %d %d %d %d, then %d\n", n, v[0], v[1], v[2], v[3], scanf("%d", v));

	int used = 0;
	float f = 0;
	n = sscanf("12abc3.5e2xyz", "%2d%3[a-c]%f%n", &x, a, &f, &used);
	printf("%d: %d %s %g used %d\n", n, x, a, f, used);
	n = sscanf("10:20:30", "%d:%*d:%d", &x, &d);
	printf("%d: %d %d\n", n, x, d);
	n = sscanf("  hello world", "%5c%s", a, b);
	printf("%d: [%.5s] [%s]\n", n, a, b);
	n = sscanf("nothing", "%d", &x);
	printf("%d %d\n", n, sscanf("", "%d", &x));
	unsigned short h = 0;
	unsigned char hh = 0;
	long double ld = 0;
	n = sscanf("70000 300 1.25", "%hu %hhu %Lf", &h, &hh, &ld);
	printf("%d: %u %u %Lg\n", n, h, hh, ld);
	char *made = NULL;
	n = sscanf("allocated text", "%ms", &made);
	printf("%d %s\n", n, made);
	return people;
}
