/* Realtime threads through the C library: locks that inherit, protect and survive their owners, threads that are made with a policy.
   @flags ["-pthread"]
   @dynamic */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t inherits, robust, protects;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile int begun;
static char order[16];
static volatile int arrivals;

static void here(char who) { order[__sync_fetch_and_add(&arrivals, 1)] = who; }
static void shown(const char *what)
{
	order[arrivals] = 0;
	arrivals = begun = 0;
	printf("%s: %s\n", what, order);
}
static void *locks(void *letter)
{
	pthread_mutex_lock(&inherits);
	here((char)(long)letter);
	pthread_mutex_unlock(&inherits);
	return NULL;
}
static void *waits(void *letter)
{
	pthread_mutex_lock(&inherits);
	begun++;
	pthread_cond_wait(&condition, &inherits);
	here((char)(long)letter);
	pthread_mutex_unlock(&inherits);
	return NULL;
}
static void *dies(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&robust);
	return NULL;
}
static void *tells(void *letter)
{
	struct sched_param param;
	int policy;
	pthread_getschedparam(pthread_self(), &policy, &param);
	printf("%c: policy %d, priority %d\n", (char)(long)letter, policy, param.sched_priority);
	here((char)(long)letter);
	return NULL;
}
static pthread_t made(void *(*run)(void *), char letter, int policy, int priority)
{
	pthread_attr_t attributes;
	struct sched_param param = { priority };
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attributes, policy);
	pthread_attr_setschedparam(&attributes, &param);
	int result = pthread_create(&thread, &attributes, run, (void *)(long)letter);
	if (result != 0) printf("not made: %d\n", result);
	return thread;
}
static int priority(void)
{
	struct sched_param param;
	sched_getparam(0, &param);
	return param.sched_priority;
}

int main(void)
{
	cpu_set_t one;
	pthread_t threads[5];
	pthread_mutexattr_t attributes;
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof one, &one);
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&inherits, &attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust, &attributes);

	pthread_mutex_lock(&inherits);
	for (int i = 0; i < 3; i++) {
		pthread_create(&threads[i], NULL, locks, (void *)(long)('a' + i));
		usleep(5000);
	}
	pthread_mutex_unlock(&inherits);
	for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
	shown("the lock in turn");

	for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, waits, (void *)(long)'w');
	while (begun < 3) usleep(1000);
	usleep(5000);
	pthread_mutex_lock(&inherits);
	pthread_cond_broadcast(&condition);
	pthread_mutex_unlock(&inherits);
	for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
	shown("the condition");

	for (int consistent = 1; consistent >= 0; consistent--) {
		pthread_create(&threads[0], NULL, dies, NULL);
		pthread_join(threads[0], NULL);
		printf("its owner died: %d\n", pthread_mutex_lock(&robust));
		printf("again: %d\n", pthread_mutex_lock(&robust));
		if (consistent) printf("consistent: %d\n", pthread_mutex_consistent(&robust));
		printf("unlock: %d\n", pthread_mutex_unlock(&robust));
		printf("lock: %d\n", pthread_mutex_lock(&robust));
		printf("unlock: %d\n", pthread_mutex_unlock(&robust));
	}

	struct sched_param param = { 30 };
	printf("realtime: %d\n", pthread_setschedparam(pthread_self(), SCHED_FIFO, &param));
	threads[0] = made(tells, 'a', SCHED_FIFO, 10);
	threads[1] = made(tells, 'b', SCHED_RR, 20);
	threads[2] = made(tells, 'c', SCHED_OTHER, 0);
	threads[3] = made(tells, 'd', SCHED_FIFO, 40);
	threads[4] = made(tells, 'e', SCHED_FIFO, 25);
	here('m');
	for (int i = 0; i < 5; i++) pthread_join(threads[i], NULL);
	shown("by priority");

	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_STALLED);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_NORMAL);
	printf("protect: %d\n", pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_PROTECT));
	pthread_mutexattr_setprioceiling(&attributes, 50);
	printf("init: %d\n", pthread_mutex_init(&protects, &attributes));
	printf("lock: %d\n", pthread_mutex_lock(&protects));
	printf("priority %d\n", priority());
	printf("unlock: %d\n", pthread_mutex_unlock(&protects));
	printf("priority %d\n", priority());
	param.sched_priority = 60;
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
	printf("above the ceiling: %d\n", pthread_mutex_lock(&protects));
	pthread_setschedprio(pthread_self(), 5);
	printf("priority %d\n", priority());
	return 0;
}
