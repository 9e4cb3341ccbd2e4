/* Pages written in turn by parent and child through three generations stay apart. */
#include "procs.h"

static int page[3][1024] __attribute__((aligned(4096)));
static int level;
static int go(void)
{
	level++;
	for (int i = 0; i < 3; i++) page[i][level] = level * 10 + i;
	int below = level < 3 ? reap(spawn(go)) >> 8 : 0;
	int sum = 0;
	for (int l = 1; l < 5; l++) sum += page[0][l] != 0;
	check("a generation sees itself and those above", sum == level);
	return below + sum;
}
int main(void)
{
	page[2][0] = 1;
	say("sum", reap(spawn(go)) >> 8);
	check("the first sees none of it", page[0][1] == 0 && page[2][0] == 1);
	return 0;
}
