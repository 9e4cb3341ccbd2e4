/*
 * Makes the system calls of a script and prints what they answered: the truth for test/kernel/files-native.test.ts.
 * Build: gcc -m32 -O1 -static -o files.native files.native.c ; use: files.native DIR < script, as root, DIR empty.
 *
 * A line of the script is a call: its number, then arguments, separated by blanks:
 *   123  a number       =text  a string ("=" alone: empty)    <hex  bytes in
 *   >N   a buffer of N bytes; printed: as many as the result says      !N  printed whole when the call succeeds
 *   *hex a buffer in and out, printed whole when the call succeeds
 *   S    struct stat64: mode, nlink, uid, gid and (not of directories) size are printed
 *   D    a buffer for getdents64: names and types, sorted
 * A line of output is the result (-errno) and the buffers. "#" begins a new script, in a process of its own that cannot leave its directory
 * (chroot): the working directory /w is empty, /dev has null, zero and full, and there are no descriptors but 0-2.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int call(int nr, unsigned *a)
{
	int result;
	unsigned block[7] = { a[0], a[1], a[2], a[3], a[4], a[5], nr };
	__asm__ volatile("push %%ebp; push %%ebx; mov %1, %%eax; mov (%%eax), %%ebx; mov 4(%%eax), %%ecx; mov 8(%%eax), %%edx;"
			 "mov 12(%%eax), %%esi; mov 16(%%eax), %%edi; mov 20(%%eax), %%ebp; mov 24(%%eax), %%eax; int $0x80;"
			 "pop %%ebx; pop %%ebp"
			 : "=a"(result)
			 : "r"(block)
			 : "ecx", "edx", "esi", "edi", "memory");
	return result;
}

static void hex(const unsigned char *p, int n)
{
	putchar(' ');
	for (int i = 0; i < n; i++)
		printf("%02x", p[i]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void entries(unsigned char *p, int n)
{
	static char text[4096];
	char *names[256];
	int count = 0;
	char *t = text;
	for (int at = 0; at < n; at += *(unsigned short *)(p + at + 16)) {
		names[count++] = t;
		t += sprintf(t, "%s:%d", p + at + 19, p[at + 18]) + 1;
	}
	qsort(names, count, sizeof *names, by_name);
	for (int i = 0; i < count; i++)
		printf(" %s", names[i]);
}

static void line(char *text)
{
	unsigned a[6] = { 0 };
	char kind[6] = { 0 };
	int length[6] = { 0 };
	int n = 0;
	char *word = strtok(text, " ");
	int nr = atoi(word);
	while ((word = strtok(NULL, " ")) && n < 6) {
		char *rest = word + 1;
		unsigned char *p = malloc(66000);
		kind[n] = *word;
		a[n] = (unsigned)p;
		if (*word == '=') {
			strcpy((char *)p, rest);
		} else if (*word == '<' || *word == '*') {
			length[n] = strlen(rest) / 2;
			for (int i = 0; i < length[n]; i++)
				sscanf(rest + 2 * i, "%2hhx", p + i);
		} else if (*word == '>' || *word == '!') {
			length[n] = atoi(rest);
		} else if (*word != 'S' && *word != 'D') {
			kind[n] = 0;
			a[n] = (unsigned)strtoll(word, NULL, 0);
		}
		n++;
	}
	int result = call(nr, a);
	printf("%d", result);
	for (int i = 0; i < n && result >= 0; i++) {
		unsigned char *p = (unsigned char *)a[i];
		unsigned *w = (unsigned *)p;
		if (kind[i] == '>')
			hex(p, result < length[i] ? result : length[i]);
		else if (kind[i] == '!' || kind[i] == '*')
			hex(p, length[i]);
		else if (kind[i] == 'S') {
			printf(" %o %u %u %u", w[4], w[5], w[6], w[7]);
			if (!S_ISDIR(w[4]))
				printf(" %llu", *(unsigned long long *)(p + 44));
		} else if (kind[i] == 'D')
			entries(p, result);
	}
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static char text[200000];
	int script = 0;
	char *more = fgets(text, sizeof text, stdin);
	while (more) {
		char dir[200];
		snprintf(dir, sizeof dir, "%s/%d", argv[1], script++);
		if (*text != '#' || mkdir(dir, 0777) || chmod(dir, 0777))
			return 1;
		printf("#\n");
		fflush(stdout);
		/* The child reads no further than its own lines: they are handed over a pipe by position, so stdin is read here. */
		static char lines[400][20000];
		int count = 0;
		while ((more = fgets(text, sizeof text, stdin)) && *text != '#') {
			text[strcspn(text, "\n")] = 0;
			strcpy(lines[count++], text);
		}
		if (fork() == 0) {
			signal(SIGPIPE, SIG_IGN);
			signal(SIGXFSZ, SIG_IGN);
			/* Confined: absolute paths and ".." of a script end here, never in the host's tree. */
			umask(0);
			if (chdir(dir) || chroot(dir) || mkdir("/w", 0777) || mkdir("/dev", 0755) || chdir("/w"))
				_exit(1);
			for (int i = 0; i < 3; i++)
				if (mknod((char *[]){ "/dev/null", "/dev/zero", "/dev/full" }[i], S_IFCHR | 0666, 256 + (int[]){ 3, 5, 7 }[i]))
					_exit(1);
			for (int fd = 3; fd < 64; fd++)
				close(fd);
			umask(022);
			alarm(10);
			struct rlimit limit = { 1024, 4096 };
			setrlimit(RLIMIT_NOFILE, &limit);
			for (int i = 0; i < count; i++)
				line(lines[i]);
			_exit(0);
		}
		wait(NULL);
	}
	return 0;
}
