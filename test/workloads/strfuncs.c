/* String functions of the C library on seeded data, checked against plain loops: mem*, str*, with every alignment and length. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static unsigned char a[4096], b[4096];
static int bad;
#define EXPECT(x) ((x) ? 0 : (bad++, printf("wrong: %s at %d\n", #x, __LINE__)))

int main(void)
{
	unsigned seed = 99, hash = 0;
	for (int i = 0; i < 4096; i++) a[i] = (unsigned char)((seed = seed * 1103515245 + 12345) >> 16) | 1;
	for (int from = 0; from < 8; from++)
		for (int to = 0; to < 8; to++)
			for (int n = 0; n < 200; n += 1 + n / 6) {
				memset(b, 0, 300);
				EXPECT(memcpy(b + to, a + from, n) == b + to);
				EXPECT(!memcmp(b + to, a + from, n) && b[to + n] == 0 && (!to || b[to - 1] == 0));
				EXPECT(strlen((char *)b + to) == (size_t)n);
				memmove(b + to + 3, b + to, n);
				EXPECT(!memcmp(b + to + 3, a + from, n));
				unsigned char *found = memchr(a + from, a[from + n], 300);
				EXPECT(found && found <= a + from + n && *found == a[from + n]);
				EXPECT((unsigned char *)memrchr(a + from, a[from + n], n + 1) == a + from + n);
				b[to + 3 + n] = 0;
				hash = hash * 31 + (unsigned)strnlen((char *)b + to + 3, 150) + (unsigned)(strcmp((char *)a + from, (char *)b + to + 3) > 0);
			}
	char text[200] = "The quick brown fox, jumps; over the lazy dog";
	printf("%s|%s|%s|%s\n", strstr(text, "brown"), strchr(text, 'j'), strrchr(text, 'o'), strpbrk(text, ";,"));
	printf("%zu %zu %s\n", strspn(text, "Theq uick"), strcspn(text, ","), strcasestr(text, "LAZY"));
	printf("%d %d %d %d\n", strcmp("abc", "abd") < 0, strncmp("abcx", "abcy", 3), strcasecmp("HeLLo", "hEllO"), strverscmp("file10", "file9") > 0);
	char *save, *copy = strdup(text);
	for (char *t = strtok_r(copy, " ,;", &save); t; t = strtok_r(NULL, " ,;", &save)) printf("[%s]", t);
	char *p = text, *part;
	while ((part = strsep(&p, "o"))) printf("<%s>", part);
	puts("");
	char out[32] = "start";
	strcat(out, "-");
	strncat(out, "middle of it", 6);
	printf("%s %s %s\n", out, stpcpy(out + 20, "end") - 3, strncpy(out, "xy", 2));
	printf("%s %s\n", (char *)memmem("haystack with needle", 20, "needle", 6), strsignal(11));
	unsigned char classes[8] = { 0 };
	for (int c = 0; c < 256; c++) {
		classes[0] += isalpha(c) != 0; classes[1] += isdigit(c) != 0; classes[2] += isspace(c) != 0; classes[3] += ispunct(c) != 0;
		classes[4] += isprint(c) != 0; classes[5] += isxdigit(c) != 0; classes[6] += toupper(c) != c; classes[7] += iscntrl(c) != 0;
	}
	for (int i = 0; i < 8; i++) printf("%d ", classes[i]);
	printf("\nhash %08x, %d wrong\n", hash, bad);
	return bad;
}
