/* Writes up to PIPE_BUF are whole however many write; larger ones fill the pipe and go on as it empties. */
#include "procs.h"

static int p[2], mark;
static int writer(void)
{
	char block[512];
	memset(block, mark, sizeof block);
	for (int i = 0; i < 200; i++) if (sys(NR_write, p[1], block, sizeof block) != sizeof block) return 1;
	return 0;
}
static char big[200000];
static int large(void) { memset(big, 'x', sizeof big); return sys(NR_write, p[1], big, sizeof big) == sizeof big ? 0 : 1; }
int main(void)
{
	sys(NR_pipe, p);
	int pids[3];
	for (int i = 0; i < 3; i++) {
		mark = 'a' + i;
		pids[i] = spawn(writer);
	}
	int torn = 0, counts[3] = { 0 };
	for (int k = 0; k < 600; k++) {
		char block[512];
		u32 have = 0;
		while (have < sizeof block) have += sys(NR_read, p[0], block + have, sizeof block - have);
		for (u32 i = 1; i < sizeof block; i++) torn += block[i] != block[0];
		counts[block[0] - 'a']++;
	}
	say("torn", torn);
	print("%d %d %d\n", counts[0], counts[1], counts[2]);
	for (int i = 0; i < 3; i++) say("writer", reap(pids[i]));
	int pid = spawn(large), total = 0;
	sys(NR_close, p[1]);
	for (int n; (n = sys(NR_read, p[0], big, 7000)) > 0;) total += n;
	say("large", total);
	say("writer", reap(pid));
	return 0;
}
