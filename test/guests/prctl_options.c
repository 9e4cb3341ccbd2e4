/* prctl: what its options take and refuse, and what they keep and hand on. */
#include "procs.h"

static u32 place[2];
static int option(int o, u32 a, u32 b, u32 c, u32 d) { return sys(NR_prctl, o, a, b, c, d); }
/* Options that change nothing for good, or nothing here: what they say to all sorts of arguments. */
static const u8 tried[] = { 0, 5, 6, 7, 9, 10, 11, 12, 13, 14, 19, 20, 21, 23, 27, 31, 32, 34, 37, 38, 39, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 54, 55, 56, 63 };

static int slack_child(void)
{
	say("a child has its creator's", option(30, 0, 0, 0, 0));
	option(29, 99, 0, 0, 0);
	option(29, 0, 0, 0, 0);
	say("and goes back to it", option(30, 0, 0, 0, 0));
	return 0;
}
int main(void)
{
	for (u32 i = 0; i < sizeof tried; i++) {
		int o = tried[i];
		print("%d: 0:%d", o, option(o, 0, 0, 0, 0));
		print(" 1:%d", option(o, 1, 0, 0, 0));
		print(" 2:%d", option(o, 2, 0, 0, 0));
		print(" -1:%d", option(o, -1, 0, 0, 0));
		print(" 1,1:%d", option(o, 1, 1, 0, 0));
		print(" 1,0,1:%d", option(o, 1, 0, 1, 0));
		print(" 1,0,0,1:%d", option(o, 1, 0, 0, 1));
		print(" there:%d", option(o, (u32)place, 0, 0, 0));
		print(" 40:%d 41:%d\n", option(o, 40, 0, 0, 0), option(o, 41, 0, 0, 0));
	}
	say("death signal 64", option(1, 64, 0, 0, 0));
	say("65", option(1, 65, 0, 0, 0));
	say("asked", option(2, (u32)place, 0, 0, 0));
	say("it", place[0]);
	say("keep capabilities: 0", option(8, 0, 0, 0, 0));
	say("2", option(8, 2, 0, 0, 0));
	say("tsc: 0", option(26, 0, 0, 0, 0));
	say("securebits: 0", option(28, 0, 0, 0, 0));
	say("no huge pages: 0", option(41, 0, 0, 0, 0));
	say("0, 1", option(41, 0, 1, 0, 0));
	say("memory failures: as ever", option(33, 0, 0, 0, 0));
	say("by default", option(33, 1, 2, 0, 0));
	say("otherwise", option(33, 2, 0, 0, 0));
	say("slack", option(30, 0, 0, 0, 0));
	say("1234", option(29, 1234, 0, 0, 0));
	say("it", option(30, 0, 0, 0, 0));
	reap(spawn(slack_child));
	say("0", option(29, 0, 0, 0, 0));
	say("is the first", option(30, 0, 0, 0, 0));
	sys(NR_set_tid_address, &place[1]);
	say("tid address", option(40, (u32)place, 0, 0, 0));
	check("it", place[0] == (u32)&place[1]);
	say("nowhere", option(40, 8, 0, 0, 0));
	return 0;
}
