/* uname, sysinfo, getrandom, getcwd, sched_yield, getpgrp and other small questions; only what does not depend on the machine. */
#include "guest.h"

static struct { char sysname[65], nodename[65], release[65], version[65], machine[65], domain[65]; } name;
static u32 info[16];

int main(void)
{
	say("uname", sys(NR_uname, &name));
	print("%s\n", name.sysname);
	check("release begins with a number", name.release[0] >= '2' && name.release[0] <= '9' && name.release[1] == '.');
	check("machine", same(name.machine, "i686") || same(name.machine, "x86_64"));
	check("all are terminated", strlen(name.nodename) < 65 && strlen(name.version) < 65 && strlen(name.domain) < 65);
	say("sysinfo", sys(NR_sysinfo, info));
	check("free is not more than total", info[5] <= info[4] && info[4] > 0);
	check("the unit", info[13] >= 1);
	u8 random[64], more[64];
	memset(random, 0, sizeof random);
	memset(more, 0, sizeof more);
	say("getrandom", sys(NR_getrandom, random, 64, 0));
	say("getrandom, non-blocking", sys(NR_getrandom, more, 64, 1));
	check("not the same", memcmp(random, more, 64) != 0);
	say("getrandom, unknown flag", sys(NR_getrandom, random, 64, 0x100));
	int pid = sys(NR_getpid);
	check("getpid again, gettid", sys(NR_getpid) == pid && sys(NR_gettid) == pid);
	check("pid", pid > 0);
	check("getpgrp", sys(NR_getpgrp) > 0 || sys(NR_getpgrp) == 0);
	say("sched_yield", sys(NR_sched_yield));
	char path[256];
	say("chdir /", sys(NR_chdir, "/"));
	say("getcwd", sys(NR_getcwd, path, sizeof path));
	print("%s\n", path);
	say("getcwd with little room", sys(NR_getcwd, path, 1));
	say("chdir to nothing", sys(NR_chdir, "/no such directory"));
	return 0;
}
