/* Without the checkpoint module its numbers, 334 and 335, are the kernel's own calls: pwritev and rt_tgsigqueueinfo. */
#include "procs.h"

static volatile int got, value;
static void on_usr1(int signal, struct siginfo *info, void *context)
{
	(void)context;
	got = signal;
	value = info->value;
}

int main(void)
{
	int fd = sys(NR_open, "/tmp/checkpoint_off", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0) {
		sys(NR_mkdir, "/tmp", 0700);
		fd = sys(NR_open, "/tmp/checkpoint_off", O_RDWR | O_CREAT | O_TRUNC, 0600);
	}
	sys(NR_unlink, "/tmp/checkpoint_off");
	struct iovec parts[2] = { { "im", 2 }, { "age", 3 } };
	char back[5];
	check("334 writes", sys(334, fd, parts, 2, 1, 0) == 5);
	check("what was written", sys(NR_pread64, fd, back, 5, 1, 0) == 5 && memcmp(back, "image", 5) == 0);
	check("334 of no descriptor", sys(334, -1, parts, 2, 0, 0) == -EBADF);
	install(SIGUSR1, on_usr1, SA_SIGINFO, 0);
	struct siginfo info = { .signo = SIGUSR1, .code = -1 };
	info.value = 41;
	check("335 queues a signal", sys(335, sys(NR_getpid), sys(NR_gettid), SIGUSR1, &info) == 0);
	check("which came with its value", got == SIGUSR1 && value == 41);
	check("335 of no task", sys(335, 0, 0, SIGUSR1, &info) == -EINVAL);
	return 0;
}
