/* A futex in shared memory is one word for all who map it, wherever they do. */
#include "procs.h"

static volatile int *word;
static int fd, gate[2];
static int waiter(void)
{
	volatile int *other = (int *)map(0, 2 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	check("elsewhere", other != word);
	tell(gate[1]);
	int result = sys(NR_futex, other, FUTEX_WAIT, 0, 0);
	say("woken", result);
	return *other;
}
int main(void)
{
	fd = sys(NR_open, "/tmp/futex_shared.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_unlink, "/tmp/futex_shared.tmp");
	sys(NR_ftruncate, fd, 2 * PAGE);
	word = (int *)map(0, 2 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	sys(NR_pipe, gate);
	int pid = spawn(waiter);
	await(gate[0]);
	while (sys(NR_futex, word, FUTEX_WAKE | FUTEX_PRIVATE, 1) != 0) continue;
	pause_ms(5);
	*word = 0;
	while (sys(NR_futex, word, FUTEX_WAKE, 1) == 0) pause_ms(1);
	*word = 9;
	check("status", (reap(pid) >> 8) % 9 == 0);
	return 0;
}
