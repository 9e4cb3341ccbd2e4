/* Descriptors through the C library: pipe with fdopen, dup2 of stdout, poll and select, lseek on a dup, readv, file locks left out.
   @dynamic */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>
#include <unistd.h>

int main(void)
{
	int ends[2];
	char line[64];
	pipe(ends);
	FILE *in = fdopen(ends[0], "r"), *out = fdopen(ends[1], "w");
	for (int i = 0; i < 5; i++) fprintf(out, "message %d\n", i);
	struct pollfd wait = { ends[0], POLLIN, 0 };
	printf("before the flush: poll %d\n", poll(&wait, 1, 0));
	fflush(out);
	printf("after: poll %d", poll(&wait, 1, 0));
	printf(" revents %#x\n", wait.revents);
	for (int i = 0; i < 5; i++) printf("got %s", fgets(line, sizeof line, in));
	fputs("last, without end", out);
	fclose(out);
	printf("%s", fgets(line, sizeof line, in));
	printf(", then %s eof %d\n", fgets(line, sizeof line, in) ? "more" : "nothing", feof(in) != 0);

	fflush(stdout);
	int saved = dup(1), file = open("captured", O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(file, 1);
	printf("this goes to the file, %d", 42);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	ssize_t n = pread(file, line, sizeof line - 1, 0);
	line[n > 0 ? n : 0] = 0;
	printf("captured %zd: %s, offset %lld\n", n, line, (long long)lseek(file, 0, SEEK_CUR));

	char a[6] = "", b[8] = "";
	struct iovec parts[2] = { { a, 5 }, { b, 7 } };
	lseek(file, 0, SEEK_SET);
	printf("readv %zd", readv(file, parts, 2));
	printf(" %s|%s\n", a, b);
	int other = fcntl(file, F_DUPFD_CLOEXEC, 50);
	printf("dup at 50 or above %d, flags %d %d\n", other >= 50, fcntl(other, F_GETFD), fcntl(file, F_GETFL) & O_ACCMODE);
	lseek(other, 3, SEEK_SET);
	printf("shared offset %lld\n", (long long)lseek(file, 0, SEEK_CUR));
	pipe2(ends, O_NONBLOCK);
	printf("empty pipe: %zd", read(ends[0], line, 1));
	printf(" %s\n", strerror(errno));
	fd_set readable;
	FD_ZERO(&readable);
	FD_SET(ends[0], &readable);
	struct timeval soon = { 0, 15000 };
	printf("select %d", select(ends[0] + 1, &readable, NULL, NULL, &soon));
	printf(", set %d\n", FD_ISSET(ends[0], &readable) != 0);
	write(ends[1], "12345", 5);
	int waiting = 0;
	ioctl(ends[0], FIONREAD, &waiting);
	printf("waiting %d, a terminal %d\n", waiting, isatty(ends[0]));
	printf("close of nothing %d", close(999));
	printf(" %s\n", strerror(errno));
	unlink("captured");
	return 0;
}
