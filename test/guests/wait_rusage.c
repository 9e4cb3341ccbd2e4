/* wait4 and getrusage: a child's time is its parent's children's once it was waited for. */
#include "procs.h"

static int spin(void)
{
	volatile u32 n = 0;
	struct timeval usage[9];
	do {
		for (int i = 0; i < 20000; i++) n += i;
		sys(NR_getrusage, 0, usage);
	} while (usage[0].sec == 0 && usage[0].usec + usage[1].usec < 4000);
	return 0;
}
static int used(int who)
{
	struct timeval usage[9];
	sys(NR_getrusage, who, usage);
	return usage[0].sec * 1000000 + usage[0].usec + usage[1].usec;
}
int main(void)
{
	struct timeval usage[9];
	check("no children yet", used(-1) == 0);
	int pid = spawn(spin), status;
	check("waited", sys(NR_wait4, pid, &status, 0, usage) == pid && status == 0);
	check("wait4 tells its time", usage[0].sec * 1000000 + usage[0].usec + usage[1].usec >= 4000);
	check("among the children's", used(-1) >= 4000);
	int times[4];
	sys(NR_times, times);
	check("and in times", times[2] + times[3] >= 0 && times[0] < 3);
	return 0;
}
