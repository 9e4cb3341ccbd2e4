/* Integer loop: primes below 100000, their number and a sum that wraps. */
#include "guest.h"

#define LIMIT 100000
static u8 composite[LIMIT];

int main(void)
{
	u32 count = 0, sum = 0, last = 0;
	for (u32 i = 2; i < LIMIT; i++) {
		if (composite[i]) continue;
		count++;
		sum = sum * 31 + i;
		last = i;
		for (u32 k = i * 2; k < LIMIT; k += i) composite[k] = 1;
	}
	print("primes %u last %u sum %X\n", count, last, sum);
	return 0;
}
