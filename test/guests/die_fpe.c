/* Dies of SIGFPE: an integer division by zero that nobody catches. */
#include "guest.h"

int main(void)
{
	print("before\n");
	__asm__ volatile("divl %2" : : "a"(1), "d"(0), "r"(0) : "cc");
	print("not reached\n");
	return 0;
}
