/* A robust lock whose owner ends is marked, and one waiter wakes; also across processes. */
#include "procs.h"

struct robust { struct robust *next; volatile u32 lock; };
static struct { struct robust *list; int offset; struct robust *pending; } *head;
static struct robust *node;
static int gate[2];
static int owner(void)
{
	head->list = node;
	head->offset = 4;
	head->pending = 0;
	node->next = (struct robust *)head;
	say("set_robust_list", sys(NR_set_robust_list, head, 12));
	node->lock = sys(NR_gettid) | FUTEX_WAITERS;
	tell(gate[1]);
	pause_ms(20);
	return 0;
}
int main(void)
{
	u8 *shared = map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	node = (void *)shared;
	head = (void *)(shared + 64);
	sys(NR_pipe, gate);
	say("bad length", sys(NR_set_robust_list, head, 11));
	int pid = spawn(owner);
	await(gate[0]);
	int result;
	while ((result = sys(NR_futex, &node->lock, FUTEX_WAIT, node->lock, 0)) == -EAGAIN && !(node->lock & FUTEX_OWNER_DIED)) continue;
	check("woken, or too late to sleep", result == 0 || result == -EAGAIN);
	print("word %x\n", node->lock);
	say("status", reap(pid));
	return 0;
}
