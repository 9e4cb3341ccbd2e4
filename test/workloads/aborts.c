/* A failed assertion: the message goes to stderr, stdout is flushed by hand, SIGABRT ends it even with a handler that returns. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static void on_abort(int signal)
{
	printf("handler for %d\n", signal);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	signal(SIGABRT, on_abort);
	printf("before\n");
	fflush(stdout);
	assert(argc > 100 && "this many arguments");
	printf("not reached\n");
	return 0;
}
