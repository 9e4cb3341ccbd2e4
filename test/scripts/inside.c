#define _GNU_SOURCE
/*
 * A shell inside a pseudo-terminal: forkpty, and what a person would type, each piece when its prompt or output is there.
 * Usage: inside SCRIPT PROGRAM ARGS…; a line of SCRIPT is `expect TEXT`, `type TEXT` (\n \t \r \e, ^X for a control character), `wait MS`, `size ROWS COLS`, or `end`. Prints the transcript: what the shell wrote.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int master;
static char seen[1 << 20];
static size_t length, matched;

static int more(int ms)
{
	struct pollfd p = { master, POLLIN, 0 };
	int n = poll(&p, 1, ms);
	if (n <= 0) return n;
	ssize_t got = read(master, seen + length, sizeof seen - 1 - length);
	if (got <= 0) return -1;
	length += got;
	return 1;
}
static void expect(const char *text)
{
	for (;;) {
		char *at = memmem(seen + matched, length - matched, text, strlen(text));
		if (at != NULL) {
			matched = at - seen + strlen(text);
			return;
		}
		if (more(20000) != 1) {
			printf("%.*s\n[\"%s\" never came]\n", (int)length, seen, text);
			exit(9);
		}
	}
}
static size_t unescape(char *text)
{
	char *to = text;
	for (char *c = text; *c; c++) {
		if (*c == '^' && c[1]) *to++ = *++c == '?' ? 127 : *c & 31;
		else if (*c == '\\' && c[1]) {
			c++;
			*to++ = *c == 'n' ? '\n' : *c == 't' ? '\t' : *c == 'r' ? '\r' : *c == 'e' ? 27 : *c;
		} else *to++ = *c;
	}
	*to = 0;
	return to - text;
}
int main(int argc, char **argv)
{
	if (argc < 3) return 2;
	FILE *script = fopen(argv[1], "r");
	if (script == NULL) return 3;
	struct winsize size = { 24, 80, 0, 0 };
	pid_t pid = forkpty(&master, NULL, NULL, &size);
	if (pid < 0) {
		printf("forkpty: %s\n", strerror(errno));
		return 4;
	}
	if (pid == 0) {
		fclose(script);
		execv(argv[2], argv + 2);
		_exit(127);
	}
	char line[1000];
	while (fgets(line, sizeof line, script)) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '#') continue;
		char *space = strchr(line, ' ');
		char *rest = space ? space + 1 : "";
		if (!strncmp(line, "expect ", 7)) {
			unescape(rest);
			expect(rest);
		} else if (!strncmp(line, "type ", 5)) {
			size_t n = unescape(rest);
			if (write(master, rest, n) != (ssize_t)n) return 5;
		} else if (!strncmp(line, "wait ", 5)) {
			struct timespec t = { atoi(rest) / 1000, atoi(rest) % 1000 * 1000000L };
			nanosleep(&t, NULL);
		} else if (!strncmp(line, "size ", 5)) {
			sscanf(rest, "%hu %hu", &size.ws_row, &size.ws_col);
			ioctl(master, TIOCSWINSZ, &size);
		} else if (!strcmp(line, "end")) break;
	}
	while (more(20000) == 1);
	close(master);
	kill(pid, SIGKILL);
	int status = -1;
	waitpid(pid, &status, 0);
	printf("%.*s", (int)length, seen);
	printf("[status %x]\n", status);
	return 0;
}
