/* alarm and pause with masks and an alternate stack, setitimer, SA_RESTART around a read, sigwait and sigtimedwait, sigqueue. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char stack[65536];
static volatile sig_atomic_t alarms;
static int ends[2];

static void on_alarm(int signal, siginfo_t *info, void *context)
{
	char here;
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	alarms++;
	printf("signal %d code %d on the other stack %d, ALRM blocked %d, USR1 blocked %d\n", signal, info->si_code, &here >= stack && &here < stack + sizeof stack,
		sigismember(&now, SIGALRM), sigismember(&now, SIGUSR1));
	if (alarms == 4) write(ends[1], "restarted", 9);
}

static void on_user(int signal, siginfo_t *info, void *context) { printf("user %d code %d value %d\n", signal, info->si_code, info->si_value.sival_int); }

static void soon(int microseconds)
{
	struct itimerval timer = { { 0, 0 }, { 0, microseconds } };
	setitimer(ITIMER_REAL, &timer, NULL);
}

int main(void)
{
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack }, old;
	struct sigaction action = { .sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	sigset_t set, open, pending;
	char text[16] = "";
	pipe(ends);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaltstack(&alternate, NULL);
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaction(SIGALRM, &action, NULL);
	action.sa_sigaction = on_user;
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGRTMIN + 2, &action, NULL);

	alarm(1);
	printf("pause %d", pause());
	printf(" errno %d, alarm left %u\n", errno, alarm(0));
	soon(20000);
	printf("read %zd", read(ends[0], text, sizeof text));
	printf(" errno %d\n", errno);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	soon(1000);
	struct timespec nap = { 0, 30000000 };
	nanosleep(&nap, NULL); /* blocked: it stays pending */
	sigpending(&pending);
	printf("pending %d\n", sigismember(&pending, SIGALRM));
	sigemptyset(&open);
	printf("sigsuspend %d", sigsuspend(&open));
	printf(" errno %d\n", errno);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	action.sa_sigaction = on_alarm;
	action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	soon(20000);
	printf("read %zd", read(ends[0], text, sizeof text));
	printf(" %s\n", text);

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGRTMIN + 2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	kill(getpid(), SIGUSR2);
	int got = 0;
	sigwait(&set, &got);
	printf("sigwait %d\n", got);
	siginfo_t info;
	struct timespec limit = { 0, 10000000 };
	printf("sigtimedwait %d", sigtimedwait(&set, &info, &limit));
	printf(" errno %d\n", errno);
	for (int i = 3; i > 0; i--) sigqueue(getpid(), SIGRTMIN + 2, (union sigval){ .sival_int = i * 11 });
	sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 5 });
	printf("sigwaitinfo %d", sigwaitinfo(&set, &info));
	printf(" value %d\n", info.si_value.sival_int);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigaltstack(NULL, &old);
	printf("alternate stack %d %zu, alarms %d\n", old.ss_flags, old.ss_size, alarms);
	signal(SIGALRM, SIG_DFL);
	soon(5000);
	fflush(stdout);
	for (;;) pause();
}
