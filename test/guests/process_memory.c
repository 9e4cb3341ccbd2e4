/* Another process's memory (process_vm_readv, process_vm_writev), and what two processes share (kcmp). */
#include "polling.h"

enum { NR_readv2 = 347, NR_writev2 = 348, NR_kcmp = 349, NR_getuid = 199 };
enum { FILE_ = 0, VM, FILES, FS, SIGHAND, IO, SYSVSEM, EPOLL_TFD };
static int up[2], down[2];
static volatile char word[16] = "parent's";
static u8 *pages;
static int child(void)
{
	memcpy((void *)word, "child's", 8);
	memcpy(pages + 4090, "across pages", 12);
	tell(up[1]);
	await(down[0]);
	int seen = same((char *)word, "changed") && !memcmp(pages + 4092, "WRITTEN", 7);
	tell(up[1]);
	await(down[0]);
	return seen ? 4 : 5;
}
static void spin(void *unused)
{
	(void)unused;
	await(down[0]);
	sys(NR_exit, 0);
}

int main(void)
{
	char text[32] = { 0 };
	int me = sys(NR_getpid);
	sys(NR_pipe, up);
	sys(NR_pipe, down);
	pages = map(0, 4 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sys(NR_mprotect, pages + 2 * PAGE, PAGE, 0);
	sys(NR_mprotect, pages + 3 * PAGE, PAGE, PROT_READ);
	int pid = spawn(child);
	await(up[0]);
	struct iovec here = { text, 8 }, there[3] = { { (void *)word, 8 } };
	say("read", sys(NR_readv2, pid, &here, 1, there, 1, 0));
	print("%s, here %s\n", text, (char *)word);
	struct iovec two[2] = { { text, 4 }, { text + 10, 9 } };
	there[0] = (struct iovec){ pages + 4090, 7 };
	there[1] = (struct iovec){ pages + 4097, 5 };
	memset(text, 0, sizeof text);
	say("in parts", sys(NR_readv2, pid, two, 2, there, 2, 0));
	print("%s|%s\n", text, text + 10);
	here.base = "changed";
	there[0] = (struct iovec){ (void *)word, 8 };
	say("write", sys(NR_writev2, pid, &here, 1, there, 1, 0));
	here = (struct iovec){ "WRITTEN", 7 };
	there[0].base = pages + 4092;
	there[0].length = 7;
	say("across pages", sys(NR_writev2, pid, &here, 1, there, 1, 0));
	tell(down[1]);
	await(up[0]);
	static char big[3 * PAGE];
	here = (struct iovec){ big, sizeof big };
	there[0] = (struct iovec){ pages + PAGE, 3 * PAGE };
	say("up to what is not to be read", sys(NR_readv2, pid, &here, 1, there, 1, 0));
	there[0].base = pages + 2 * PAGE;
	say("nothing of it", sys(NR_readv2, pid, &here, 1, there, 1, 0));
	there[0].base = pages + 3 * PAGE;
	there[0].length = 8;
	say("read only", sys(NR_writev2, pid, &here, 1, there, 1, 0));
	say("but readable", sys(NR_readv2, pid, &here, 1, there, 1, 0));
	here.base = (void *)8;
	say("nowhere here", sys(NR_readv2, pid, &here, 1, there, 1, 0));
	here.base = big;
	say("flags", sys(NR_readv2, pid, &here, 1, there, 1, 1));
	say("nobody", sys(NR_readv2, 0x3fffffff, &here, 1, there, 1, 0));
	say("too many", sys(NR_readv2, pid, &here, 1, there, 1025, 0));
	say("nothing there", sys(NR_readv2, pid, &here, 1, there, 0, 0));
	say("nothing here", sys(NR_readv2, pid, &here, 0, there, 1, 0));
	say("its own", sys(NR_readv2, me, &here, 1, there, 1, 0));

	check("memory differs", sys(NR_kcmp, me, pid, VM, 0, 0) > 0);
	check("the other way round", sys(NR_kcmp, me, pid, VM, 0, 0) + sys(NR_kcmp, pid, me, VM, 0, 0) == 3);
	say("itself", sys(NR_kcmp, me, me, VM, 0, 0));
	say("a file that both have", sys(NR_kcmp, me, pid, FILE_, up[0], up[0]));
	int copy = sys(NR_dup, up[0]);
	say("a copy", sys(NR_kcmp, me, me, FILE_, up[0], copy));
	check("two files", sys(NR_kcmp, me, me, FILE_, up[0], up[1]) > 0);
	say("none", sys(NR_kcmp, me, me, FILE_, 99, 0));
	check("tables differ", sys(NR_kcmp, me, pid, FILES, 0, 0) > 0);
	say("no semaphores", sys(NR_kcmp, me, pid, SYSVSEM, 0, 0));
	int ep = sys(NR_epoll_create1, 0);
	watch(ep, EPOLL_ADD, up[0], EPOLLIN);
	u32 slot[3] = { ep, up[0], 0 };
	say("what an epoll looks at", sys(NR_kcmp, me, me, EPOLL_TFD, copy, slot));
	slot[2] = 1;
	say("not twice", sys(NR_kcmp, me, me, EPOLL_TFD, copy, slot));
	slot[0] = up[0];
	say("no epoll", sys(NR_kcmp, me, me, EPOLL_TFD, copy, slot));
	say("what", sys(NR_kcmp, me, me, 8, 0, 0));
	say("with nobody", sys(NR_kcmp, me, 0x3fffffff, VM, 0, 0));
	tell(down[1]);
	say("child", reap(pid) >> 8);
	start(0, spin, 0);
	for (int what = VM; what <= SIGHAND; what++) say("a thread", sys(NR_kcmp, me, tids[0], what, 0, 0));
	tell(down[1]);
	join(0);
	pid = spawn(child);
	await(up[0]);
	sys(NR_setresuid32, 1000, 1000, 1000);
	here = (struct iovec){ big, 8 };
	say("not one's own", sys(NR_readv2, pid, &here, 1, there, 1, 0));
	say("nor to compare", sys(NR_kcmp, me, pid, VM, 0, 0));
	tell(down[1]);
	tell(down[1]);
	reap(pid);
	return 0;
}
