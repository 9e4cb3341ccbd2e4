/* Dies of SIGSEGV: the fault comes while SIGSEGV is blocked, so its handler is not called. */
#include "guest.h"

static void on_segv(int signal)
{
	print("handler %d\n", signal);
	*(volatile u8 *)12 = 1; /* SIGSEGV is blocked in its own handler */
}

int main(void)
{
	install(SIGSEGV, on_segv, 0, 0);
	*(volatile u8 *)8 = 1;
	return 0;
}
