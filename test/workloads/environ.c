/* Arguments and environment: argv, getopt, getenv, setenv, the GUEST_ variables sorted.
 * @args ["-v", "-o", "out file", "--level=3", "rest", "-x", ""]
 * @env {"GUEST_A": "one", "GUEST_EMPTY": "", "GUEST_Z": "with = sign and spaces"} */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;
static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(int argc, char **argv)
{
	printf("%d arguments, the name is not empty: %d\n", argc - 1, argv[0][0] != 0);
	for (int i = 1; i < argc; i++) printf("[%s]\n", argv[i]);
	static const struct option options[] = { { "level", required_argument, NULL, 'l' }, { 0 } };
	int c;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "vo:", options, NULL)) != -1) printf("option %c %s\n", c, optarg ? optarg : "-");
	for (; optind < argc; optind++) printf("rest [%s]\n", argv[optind]);
	char *mine[64];
	int n = 0;
	setenv("GUEST_M", "set inside", 1);
	setenv("GUEST_A", "not replaced", 0);
	putenv("GUEST_P=put");
	unsetenv("GUEST_Z");
	for (char **e = environ; *e; e++) if (!strncmp(*e, "GUEST_", 6) && n < 64) mine[n++] = *e;
	qsort(mine, n, sizeof *mine, by_text);
	for (int i = 0; i < n; i++) puts(mine[i]);
	printf("%s %s\n", getenv("GUEST_EMPTY") ? "empty but there" : "missing", getenv("GUEST_NONE") ? "there" : "missing");
	clearenv();
	printf("cleared %d, page size %ld, root or not %d\n", getenv("GUEST_A") == NULL, sysconf(_SC_PAGESIZE), getuid() == geteuid());
	return argc;
}
