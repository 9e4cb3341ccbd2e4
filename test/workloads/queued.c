/* Queued signals: order, values, codes; kinds of timers; every sleep and wait that a signal cuts short, and what is left of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int me, count;
static volatile int ticks;

static void tell(int signal, siginfo_t *info, void *where)
{
	printf("signal %d code %d value %d from here %d, number %d\n", signal, info->si_code, info->si_value.sival_int, info->si_pid == me, ++count);
}

static void tick(int signal, siginfo_t *info, void *where)
{
	if (ticks++ == 0) printf("tick %d code %d\n", signal, info->si_code);
}

static void after(int which, int microseconds, int every)
{
	setitimer(which, &(struct itimerval){ { 0, every }, { 0, microseconds } }, NULL);
}

static void spin(int which, int wanted)
{
	volatile unsigned x = 0;
	ticks = 0;
	after(which, 1000, wanted > 1 ? 1000 : 0);
	while (ticks < wanted) x++;
	after(which, 0, 0);
}

/* What a call answers that is cut short, as "name = result error". */
#define CUT(call) do { after(ITIMER_REAL, 2000, 0); errno = 0; long r = call; printf("%s = %ld %s\n", #call, r, errno ? strerrorname_np(errno) : "-"); } while (0)

static void queue(void)
{
	sigset_t all, old, pending;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int k = 0; k < 3; k++)
		for (int s = 3; s >= 0; s--) sigqueue(me, SIGRTMIN + s, (union sigval){ .sival_int = k * 10 + s });
	for (int k = 0; k < 3; k++) sigqueue(me, SIGUSR1, (union sigval){ .sival_int = k });
	kill(me, SIGHUP);
	syscall(SYS_tgkill, me, me, SIGRTMIN + 5);
	sigpending(&pending);
	for (int s = 1; s <= 64; s++)
		if (sigismember(&pending, s)) printf("%d ", s);
	puts("pending");
	sigprocmask(SIG_SETMASK, &old, NULL);
	siginfo_t info = { .si_code = SI_USER };
	printf("as if from a user %ld", syscall(SYS_rt_sigqueueinfo, me, SIGRTMIN, &info));
	info.si_code = -77;
	info.si_value.sival_int = 5;
	printf(" with a code of its own %ld\n", syscall(SYS_rt_sigqueueinfo, me, SIGRTMIN, &info));
	printf("signal 65: %d, signal 0: %d, SIGKILL handled: %d\n", sigqueue(me, 65, (union sigval){ 0 }), kill(me, 0), sigaction(SIGKILL, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL));
}

static void waits(void)
{
	sigset_t set, none;
	siginfo_t info;
	struct timespec zero = { 0, 0 }, bad = { 0, -1 };
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigqueue(me, SIGRTMIN + 1, (union sigval){ .sival_int = -3 });
	sigqueue(me, SIGCHLD, (union sigval){ .sival_int = 9 });
	for (int i = 0; i < 2; i++) {
		int got = sigwaitinfo(&set, &info);
		printf("waited %d code %d value %d\n", got, info.si_code, info.si_value.sival_int);
	}
	CUT(sigtimedwait(&set, &info, &zero));
	CUT(sigtimedwait(&set, &info, &bad));
	CUT(sigsuspend(&none));
	raise(SIGRTMIN + 1);
	CUT(ppoll(NULL, 0, NULL, &none));
	raise(SIGRTMIN + 1);
	CUT(pselect(0, NULL, NULL, NULL, &(struct timespec){ 1, 0 }, &none));
}

int main(void)
{
	struct sigaction told = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO }, ticking = { .sa_sigaction = tick, .sa_flags = SA_SIGINFO | SA_RESTART };
	struct timespec second = { 1, 0 }, left, later;
	me = getpid();
	for (int s = SIGRTMIN; s <= SIGRTMIN + 5; s++) sigaction(s, &told, NULL);
	sigaction(SIGUSR1, &told, NULL);
	sigaction(SIGHUP, &told, NULL);
	sigaction(SIGALRM, &ticking, NULL);
	sigaction(SIGVTALRM, &ticking, NULL);
	sigaction(SIGPROF, &ticking, NULL);
	queue();
	spin(ITIMER_REAL, 3);
	spin(ITIMER_VIRTUAL, 2);
	spin(ITIMER_PROF, 1);
	printf("bad timers %d %d\n", setitimer(9, &(struct itimerval){ 0 }, NULL), setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 1000000 } }, NULL));
	CUT(nanosleep(&second, &left));
	printf("left more than 0.9 s: %d\n", left.tv_sec == 0 && left.tv_nsec > 900000000);
	CUT(clock_nanosleep(CLOCK_MONOTONIC, 0, &second, &left));
	clock_gettime(CLOCK_MONOTONIC, &later);
	later.tv_sec++;
	CUT(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &later, NULL));
	CUT(poll(NULL, 0, 1000));
	CUT(select(0, NULL, NULL, NULL, &(struct timeval){ 1, 0 }));
	CUT(pause());
	alarm(100);
	printf("alarm %u", alarm(0));
	printf(" %u\n", alarm(0));
	waits();
	raise(SIGURG);
	raise(SIGCHLD);
	raise(SIGCONT);
	raise(SIGWINCH);
	puts("alive");
	fflush(stdout);
	raise(SIGRTMIN + 9);
}
