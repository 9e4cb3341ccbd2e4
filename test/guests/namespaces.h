/* What the guests about namespaces share. */
#pragma once
#include "procs.h"

enum { CLONE_NEWNS = 0x20000, CLONE_NEWUTS = 0x4000000, CLONE_NEWIPC = 0x8000000, CLONE_NEWPID = 0x20000000 };
enum { NR_sethostname = 74, NR_setdomainname = 121, NR_setns = 346, NR_pidfd_open = 434 };

/* The number in a link of /proc/PID/ns, "uts:[4026531838]"; 0 = it is not such a link. */
static inline u32 number_of(const char *link, const char *kind)
{
	char text[64];
	int n = sys(NR_readlink, link, text, sizeof text - 1), i = strlen(kind);
	if (n <= i + 2 || memcmp(text, kind, i) || text[i] != ':' || text[i + 1] != '[' || text[n - 1] != ']')
		return 0;
	u32 value = 0;
	for (i += 2; i < n - 1; i++)
		value = value * 10 + text[i] - '0';
	return value;
}
/* Forks a child with new namespaces; it ends with what `run` returns. */
static inline int spawn_in(u32 flags, int (*run)(void))
{
	flush();
	int pid = sys(NR_clone, flags | SIGCHLD, 0);
	if (pid == 0)
		finish(run());
	return pid;
}
