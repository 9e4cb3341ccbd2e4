/* pause() and a timer that fires a nanosecond earlier each round, so that once it is due just when pause has gone to sleep. With an argument: one pause, for a signal from outside. */
#include "guest.h"

static volatile int woken;

static void on_alarm(int signal) { woken += signal == SIGALRM; }

/* 2 × turns + 128 − skip instructions */
static void spin(u32 turns, u32 skip)
{
	__asm__ volatile("1: dec %0; jnz 1b\n\t"
			 "lea 2f(%1), %1; jmp *%1\n"
			 "2: .rept 128; nop; .endr"
			 : "+r"(turns), "+r"(skip) : : "cc");
}

int main(int argc, char **argv)
{
	(void)argv;
	install(SIGALRM, on_alarm, 0, 0);
	if (argc > 1) {
		say("pause", sys(NR_pause));
		say("woken", woken);
		return 0;
	}
	struct itimerval soon = { { 0, 30000 }, { 0, 1 } }; /* once more after 30 ms: a round that misses the first goes on */
	int all = 1;
	for (u32 round = 0; round < 128; round++) {
		woken = 0;
		sys(NR_setitimer, 0, &soon, 0);
		spin(420, 127 - round);
		if (!woken) sys(NR_pause);
		all &= woken > 0;
	}
	check("woken in every round", all);
	return 0;
}
