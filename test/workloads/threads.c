/* Threads through the C library: a queue with a condition variable, thread-local storage, cancellation and its handlers, keys, once, barriers, timers.
   @flags ["-pthread"]
   @dynamic */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 4, ITEMS = 200, ROOM = 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int queue[ROOM], head, tail, closed;
static __thread long mine;

static void *worker(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_mutex_lock(&lock);
		while (head == tail && !closed) pthread_cond_wait(&changed, &lock);
		if (head == tail) break;
		int item = queue[head++ % ROOM];
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
		mine += item;
	}
	pthread_mutex_unlock(&lock);
	return (void *)mine;
}

static void queues(void)
{
	pthread_t threads[WORKERS];
	long sum = 0;
	for (int i = 0; i < WORKERS; i++) pthread_create(&threads[i], 0, worker, 0);
	for (int i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&lock);
		while (tail - head == ROOM) pthread_cond_wait(&changed, &lock);
		queue[tail++ % ROOM] = i;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	closed = 1;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < WORKERS; i++) {
		void *part;
		pthread_join(threads[i], &part);
		sum += (long)part;
	}
	printf("sum %ld, of this thread %ld\n", sum, mine);
}

static void undo(void *what) { printf("undone: %s\n", (char *)what); }
static void *sleeper(void *semaphore)
{
	pthread_cleanup_push(undo, "outer");
	pthread_cleanup_push(undo, "inner");
	sem_post(semaphore);
	for (;;) pause();
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return 0;
}

static void cancels(void)
{
	sem_t ready;
	pthread_t thread;
	void *result;
	sem_init(&ready, 0, 0);
	pthread_create(&thread, 0, sleeper, &ready);
	sem_wait(&ready);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("cancelled %d\n", result == PTHREAD_CANCELED);
}

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static int made, serial, destroyed;
static void make(void) { made++; }
static void destroy(void *value) { __sync_fetch_and_add(&destroyed, (int)(long)value); }
static void *meets(void *number)
{
	pthread_once(&once, make);
	pthread_setspecific(key, number);
	if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) __sync_fetch_and_add(&serial, 1);
	return 0;
}

static void meetings(void)
{
	pthread_t threads[WORKERS];
	pthread_key_create(&key, destroy);
	pthread_barrier_init(&barrier, 0, WORKERS);
	for (long i = 0; i < WORKERS; i++) pthread_create(&threads[i], 0, meets, (void *)(i + 1));
	for (int i = 0; i < WORKERS; i++) pthread_join(threads[i], 0);
	printf("once %d, serial %d, destroyed %d\n", made, serial, destroyed);
}

static volatile sig_atomic_t signalled;
static void on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	signalled = signo - SIGRTMIN + info->si_value.sival_int * 100;
}
static void on_timer(union sigval value) { sem_post(value.sival_ptr); }

static void timers(void)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	union sigval value = { .sival_int = 7 };
	sigaction(SIGRTMIN + 2, &action, 0);
	sigqueue(getpid(), SIGRTMIN + 2, value);
	printf("queued %d\n", signalled);
	sem_t fired;
	sem_init(&fired, 0, 0);
	timer_t timer;
	struct sigevent event = { .sigev_notify = SIGEV_THREAD, .sigev_notify_function = on_timer, .sigev_value.sival_ptr = &fired };
	struct itimerspec when = { .it_value = { 0, 1000000 } };
	printf("timer %d\n", timer_create(CLOCK_MONOTONIC, &event, &timer));
	timer_settime(timer, 0, &when, 0);
	while (sem_wait(&fired) != 0 && errno == EINTR) {}
	puts("fired");
	struct timespec soon;
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_nsec += 1000000;
	if (soon.tv_nsec >= 1000000000) soon.tv_nsec -= 1000000000, soon.tv_sec++;
	pthread_mutex_lock(&lock);
	printf("timed out %d\n", pthread_cond_timedwait(&changed, &lock, &soon) == ETIMEDOUT);
	pthread_mutex_unlock(&lock);
}

static void *forks(void *unused)
{
	(void)unused;
	int status;
	pid_t pid = fork();
	if (pid == 0) abort();
	waitpid(pid, &status, 0);
	return (void *)(long)WTERMSIG(status);
}

int main(void)
{
	queues();
	cancels();
	meetings();
	timers();
	pthread_t thread;
	void *result;
	pthread_create(&thread, 0, forks, 0);
	pthread_join(thread, &result);
	printf("a thread's child died of %ld\n", (long)result);
	return 7;
}
