/* rdtsc never goes back and moves on with work and with sleep; cpuid's leaf 0 and 1 are self-consistent. */
#include "guest.h"

static u64 tsc(void)
{
	u32 low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (u64)high << 32 | low;
}

static void cpuid(u32 leaf, u32 out[4])
{
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "0"(leaf), "2"(0));
}

int main(void)
{
	u64 last = tsc(), first = last;
	int back = 0;
	for (int i = 0; i < 10000; i++) {
		u64 now = tsc();
		back += now < last;
		last = now;
	}
	check("never back", back == 0);
	check("forward in the end", last > first);
	struct timespec nap = { 0, 20000000 };
	sys(NR_nanosleep, &nap, 0);
	check("sleep counts", tsc() - last > 1000000);
	u32 zero[4], one[4], again[4];
	cpuid(0, zero);
	cpuid(1, one);
	cpuid(1, again);
	check("the greatest leaf", zero[0] >= 1 && zero[0] < 256);
	check("the vendor is text", (zero[1] & 0x80808080) == 0 && zero[1] > 0x20202020);
	check("same answer again", one[0] == again[0] && one[3] == again[3]);
	check("a P6 or later", (one[0] >> 8 & 15) >= 6);
	check("FPU, TSC, CX8, CMOV", (one[3] & 0x8111) == 0x8111);
	return 0;
}
