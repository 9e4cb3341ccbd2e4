/* execve of what is not there, by a process and by its child: -ENOENT, and both go on. */
#include "procs.h"

static const char *args[] = {"sh", 0}, *env[] = {0};

static int child(void)
{
	return -sys(NR_execve, "/nowhere/sh", args, env);
}
int main(void)
{
	say("execve", sys(NR_execve, "/nowhere/sh", args, env));
	say("of a child", reap(spawn(child)) >> 8);
	say("of bytes that are no text", sys(NR_execve, "/nowhere/\xff", args, env));
	return 0;
}
