/* Sorts the lines of stdin three ways with malloc, stdio and qsort; prints to stdout, its count to stderr.
 * @args ["-n", "-r", "-u"]
 * @stdin "pear 3\napple 12\nfig\nbanana 7\napple 12\n\ncherry 100\ndate 20\nzebra\nApple 1\nfig\nbanana 70\na line without its end" */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
static int by_length(const void *a, const void *b)
{
	size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);
	return x != y ? x < y ? -1 : 1 : by_text(a, b);
}
static long number_in(const char *s)
{
	while (*s && !isdigit((unsigned char)*s)) s++;
	return *s ? strtol(s, NULL, 10) : -1;
}
static int by_number(const void *a, const void *b)
{
	long x = number_in(*(char *const *)a), y = number_in(*(char *const *)b);
	return x != y ? x < y ? -1 : 1 : by_text(a, b);
}

int main(int argc, char **argv)
{
	char **lines = NULL, buffer[16];
	size_t count = 0, room = 0, length = 0;
	char *line = NULL;
	while (fgets(buffer, sizeof buffer, stdin)) { /* a short buffer: lines come in pieces */
		size_t n = strlen(buffer);
		line = realloc(line, length + n + 1);
		memcpy(line + length, buffer, n + 1);
		length += n;
		if (line[length - 1] != '\n' && !feof(stdin)) continue;
		if (line[length - 1] == '\n') line[length - 1] = 0;
		if (count == room) lines = realloc(lines, (room = room ? room * 2 : 4) * sizeof *lines);
		lines[count++] = line;
		line = NULL;
		length = 0;
	}
	static int (*const orders[])(const void *, const void *) = { by_text, by_length, by_number };
	static const char *const names[] = { "text", "length", "number" };
	for (int o = 0; o < 3; o++) {
		qsort(lines, count, sizeof *lines, orders[o]);
		printf("by %s:\n", names[o]);
		for (size_t i = 0; i < count; i++) printf("%3zu %s\n", i + 1, lines[i]);
	}
	size_t unique = 0;
	qsort(lines, count, sizeof *lines, by_text);
	for (size_t i = 0; i < count; i++) unique += i == 0 || strcmp(lines[i], lines[i - 1]) != 0;
	printf("%zu lines, %zu different, %d options:", count, unique, argc - 1);
	for (int i = 1; i < argc; i++) printf(" %s", argv[i]);
	puts("");
	fprintf(stderr, "sorted %zu lines\n", count);
	for (size_t i = 0; i < count; i++) free(lines[i]);
	free(lines);
	return (int)unique;
}
