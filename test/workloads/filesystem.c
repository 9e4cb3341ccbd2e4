/* Files through their system calls: what each answers, errors included; links, directories, shared and private maps, limits and their signals, pipes. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Does it, prints the call as it is written, the result, the error. */
#define SAY(call) do { errno = 0; long r = (long)(call); printf("%s = %ld %s\n", #call, r, r < 0 ? strerrorname_np(errno) : ""); } while (0)

static char text[4096];
static struct stat st;

static void tell(int signal, siginfo_t *info, void *where) { printf("signal %d code %d\n", signal, info->si_code); }
static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static void plain(void)
{
	int fd;
	struct iovec in[3] = { { text, 3 }, { text + 10, 4 }, { text + 20, 40 } }, out[2] = { { "AB", 2 }, { "CDE", 3 } };
	SAY(fd = open("a", O_WRONLY | O_CREAT | O_EXCL, 0640));
	SAY(write(fd, "hello world", 11));
	SAY(read(fd, text, 1));
	SAY(close(fd));
	SAY(close(fd));
	SAY(open("a", O_CREAT | O_EXCL | O_RDWR, 0600));
	SAY(fd = open("a", O_WRONLY | O_APPEND));
	SAY(lseek(fd, 0, SEEK_SET));
	SAY(write(fd, "??", 2));
	SAY(lseek(fd, 0, SEEK_CUR));
	SAY(pwrite(fd, "X", 1, 0)); /* appends: a known peculiarity of Linux */
	SAY(fstat(fd, &st));
	printf("size %ld mode %o links %d\n", (long)st.st_size, st.st_mode, (int)st.st_nlink);
	close(fd);
	SAY(fd = open("a", O_RDWR));
	memset(text, 0, 64);
	SAY(readv(fd, in, 3));
	printf("%.3s|%.4s|%s\n", text, text + 10, text + 20);
	SAY(writev(fd, out, 2));
	SAY(preadv(fd, in, 2, 2));
	printf("%.3s|%.4s\n", text, text + 10);
	SAY(writev(fd, out, -1));
	SAY(writev(fd, out, 0));
	SAY(lseek(fd, -1, SEEK_SET));
	SAY(lseek(fd, 100, SEEK_END));
	SAY(write(fd, "end", 3));
	SAY(ftruncate(fd, 5));
	SAY(truncate("a", 8));
	SAY(pread(fd, text, 64, 0));
	printf("%.5s %d %d\n", text, text[5], text[7]);
	SAY(ftruncate(fd, -1));
	SAY(truncate("missing", 1));
	SAY(truncate(".", 1));
	close(fd);
}

static void maps(void)
{
	int fd = open("a", O_RDWR), other = open("a", O_RDONLY);
	ftruncate(fd, 9000);
	char *shared = mmap(NULL, 9000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), *moved;
	memcpy(shared + 4090, "across the page", 15);
	SAY(msync(shared + 1, 10, MS_SYNC));
	SAY(msync(shared, 4096, MS_SYNC | MS_ASYNC));
	SAY(msync(shared, 8192, MS_SYNC));
	pread(fd, text, 15, 4090);
	pwrite(fd, "WRITTEN", 7, 4090);
	printf("%.15s, %.15s\n", text, shared + 4090);
	private[0] = 'P';
	pwrite(fd, "zz", 2, 0);
	printf("private %c%c shared %c\n", private[0], private[1], shared[0]);
	moved = mremap(shared, 9000, 200000, MREMAP_MAYMOVE);
	ftruncate(fd, 200000);
	moved[199999] = 'E';
	pread(fd, text, 1, 199999);
	printf("grown %d %.8s %c\n", moved != MAP_FAILED, moved + 4090, text[0]);
	SAY(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 100));
	SAY(mmap(NULL, 0, PROT_READ, MAP_SHARED, fd, 0));
	SAY(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, other, 0));
	SAY(mmap(NULL, 4096, PROT_READ, MAP_SHARED, 999, 0));
	SAY(mmap(NULL, 4096, PROT_READ, 0, fd, 0));
	close(fd);
	close(other);
}

static void names(void)
{
	static char name[300];
	int fd;
	SAY(link("a", "b"));
	SAY(symlink("a", "s"));
	SAY(symlink("nowhere", "dead"));
	SAY(symlink("loop2", "loop1"));
	SAY(symlink("loop1", "loop2"));
	SAY(readlink("s", text, 64));
	SAY(open("dead", O_RDONLY));
	SAY(open("loop1", O_RDONLY));
	SAY(open("s", O_RDONLY | O_NOFOLLOW));
	SAY(unlink("a"));
	SAY(stat("s", &st));
	SAY(lstat("s", &st));
	printf("a link %d of %ld bytes\n", S_ISLNK(st.st_mode), (long)st.st_size);
	SAY(rename("b", "c"));
	SAY(rename("c", "sub/x"));
	SAY(mkdir("sub", 0700));
	SAY(rename("c", "sub/x"));
	SAY(rmdir("sub"));
	SAY(unlink("sub"));
	SAY(rename("sub", "sub/deeper"));
	SAY(open("sub", O_WRONLY));
	SAY(open("sub/x/y", O_RDONLY));
	SAY(open("sub/", O_CREAT | O_WRONLY, 0600));
	SAY(mkdir("", 0));
	SAY(access("sub/x", X_OK));
	SAY(chmod("sub/x", 04755));
	SAY(utimensat(AT_FDCWD, "sub/x", (struct timespec[]){ { 100, 5 }, { 200, 7 } }, 0));
	SAY(stat("sub/x", &st));
	printf("%o, %ld.%09ld\n", st.st_mode, (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	memset(name, 'n', 299);
	SAY(open(name, O_CREAT | O_RDWR, 0600));
	name[255] = 0;
	SAY(fd = open(name, O_CREAT | O_RDWR, 0600));
	SAY(unlink(name));
	fstat(fd, &st);
	printf("links %d\n", (int)st.st_nlink);
	close(fd);
	unlink("sub/x");
	SAY(rmdir("sub"));
	unlink("s");
	unlink("dead");
	unlink("loop1");
	unlink("loop2");
}

static void directories(void)
{
	char *list[64], name[20];
	struct dirent *entry;
	int n = 0;
	mkdir("e", 0755);
	for (int i = 0; i < 40; i++) {
		sprintf(name, "e/f%02d", i * 7 % 40);
		close(creat(name, 0600));
	}
	DIR *dir = opendir("e");
	while ((entry = readdir(dir))) list[n++] = strdup(entry->d_name);
	qsort(list, n, sizeof *list, compare);
	for (int i = 0; i < n; i++) printf("%s ", list[i]);
	rewinddir(dir);
	for (n = 0; readdir(dir); n++) {}
	printf("again %d\n", n);
	closedir(dir);
	for (int i = 0; i < 40; i++) {
		sprintf(name, "e/f%02d", i);
		unlink(name);
	}
	SAY(rmdir("e"));
}

static void limits(void)
{
	struct rlimit size = { 1000, RLIM_INFINITY }, files;
	int fd = open("limited", O_RDWR | O_CREAT | O_TRUNC, 0600), last = 0;
	setrlimit(RLIMIT_FSIZE, &size);
	SAY(write(fd, text, 700));
	SAY(write(fd, text, 700));
	SAY(write(fd, text, 700));
	SAY(ftruncate(fd, 2000));
	SAY(pwrite(fd, "a", 1, 999));
	SAY(pwrite(fd, "a", 1, 1000));
	size.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &size);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = 10;
	setrlimit(RLIMIT_NOFILE, &files);
	for (int n = 0; n >= 0; n = dup(0)) last = n;
	printf("last descriptor %d, %s\n", last, strerrorname_np(errno));
	SAY(dup2(0, 10));
	SAY(dup2(0, 9));
	SAY(fcntl(0, F_DUPFD, 9));
	SAY(fcntl(0, F_DUPFD, 10));
	for (int i = 3; i < 10; i++) close(i);
	unlink("limited");
}

static void pipes(void)
{
	int ends[2], n, total = 0;
	struct pollfd polled[2];
	pipe(ends);
	polled[0] = (struct pollfd){ ends[0], POLLIN };
	polled[1] = (struct pollfd){ ends[1], POLLOUT };
	SAY(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	SAY(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	SAY(read(ends[0], text, 1));
	SAY(poll(polled, 2, 0));
	printf("%x %x\n", polled[0].revents, polled[1].revents);
	while ((n = write(ends[1], text, 4096)) > 0) total += n;
	printf("full with %d, %s\n", total, strerrorname_np(errno));
	SAY(write(ends[1], "x", 1));
	SAY(poll(polled, 2, 0));
	printf("%x %x\n", polled[0].revents, polled[1].revents);
	SAY(read(ends[0], text, 4096));
	SAY(lseek(ends[0], 0, SEEK_CUR));
	close(ends[1]);
	for (total = 0; (n = read(ends[0], text, 4096)) > 0;) total += n;
	printf("drained %d, then %d\n", total, n);
	SAY(poll(polled, 1, 0));
	printf("%x\n", polled[0].revents);
	close(ends[0]);
	pipe(ends);
	close(ends[0]);
	SAY(write(ends[1], "x", 1));
	polled[0] = (struct pollfd){ ends[1], POLLOUT };
	SAY(poll(polled, 1, 0));
	printf("%x\n", polled[0].revents);
	polled[0].fd = 77;
	SAY(poll(polled, 1, 0));
	printf("%x\n", polled[0].revents);
	close(ends[1]);
}

int main(void)
{
	struct sigaction told = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO };
	int fd;
	setvbuf(stdout, NULL, _IOLBF, 0);
	umask(022);
	sigaction(SIGXFSZ, &told, NULL);
	sigaction(SIGPIPE, &told, NULL);
	SAY(mkdir("d", 0755));
	SAY(mkdir("d", 0755));
	SAY(chdir("d"));
	plain();
	maps();
	names();
	directories();
	limits();
	pipes();
	SAY(getrandom(text, 32, 0xf0));
	SAY(read(-1, text, 1));
	SAY(read(0, (void *)16, 1));
	SAY(write(1, (void *)16, 1));
	fd = open("/dev/zero", O_RDONLY);
	SAY(read(fd, text, 9));
	printf("%d\n", text[3]);
	fd = open("/dev/null", O_RDWR);
	SAY(write(fd, "x", 1));
	SAY(read(fd, text, 1));
	SAY(chdir(".."));
	SAY(rmdir("d"));
	signal(SIGXFSZ, SIG_DFL);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 10, 10 });
	fd = open("last", O_RDWR | O_CREAT | O_TRUNC, 0600);
	unlink("last");
	write(fd, text, 10);
	write(fd, text, 1);
}
