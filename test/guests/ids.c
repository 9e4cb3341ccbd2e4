/* User and group ids, as root (a native run needs it too): query, set, drop for good; umask and file modes. */
#include "guest.h"

static void show(const char *what)
{
	u32 r, e, s, rg, eg, sg;
	sys(NR_getresuid32, &r, &e, &s);
	sys(NR_getresgid32, &rg, &eg, &sg);
	print("%s: uid %d %d %d gid %d %d %d", what, r, e, s, rg, eg, sg);
	print(", %d %d %d %d\n", sys(NR_getuid32) == (int)r, sys(NR_geteuid32) == (int)e, sys(NR_getgid32) == (int)rg, sys(NR_getegid32) == (int)eg);
}

int main(void)
{
	u32 groups[4] = { 5, 3, 9 };
	show("at start");
	say("setgroups", sys(NR_setgroups32, 3, groups));
	groups[0] = groups[1] = groups[2] = 0;
	say("getgroups", sys(NR_getgroups32, 4, groups));
	print("%d %d %d\n", groups[0], groups[1], groups[2]);
	say("getgroups with little room", sys(NR_getgroups32, 2, groups));
	say("setresgid", sys(NR_setresgid32, 100, 101, 102));
	show("groups");
	say("setresuid, one only", sys(NR_setresuid32, -1, 1000, -1));
	show("effective");
	say("setgid without rights", sys(NR_setgid32, 7));
	say("setgid to the real one", sys(NR_setgid32, 100));
	say("back to root", sys(NR_setresuid32, -1, 0, -1));
	say("setreuid", sys(NR_setreuid32, 1000, 1001));
	show("reuid");
	say("setuid to the real one", sys(NR_setuid32, 1000));
	show("setuid");
	say("back to root", sys(NR_setuid32, 0));
	say("setgroups now", sys(NR_setgroups32, 1, groups));
	sys(NR_umask, 022);
	say("umask", sys(NR_umask, 077));
	say("umask again", sys(NR_umask, 01755));
	say("only nine bits", sys(NR_umask, 0));
	return 0;
}
