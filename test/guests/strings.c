/* String instructions: every width, both directions, REP, REPE, REPNE, zero counts, 16-bit addresses, overlap. */
#include "guest.h"

static u8 a[256], b[256];

#define REP(code, si, di, n, ax)                                                                           \
	__asm__ volatile(code : "=S"(esi), "=D"(edi), "=c"(ecx), "=a"(eax) : "0"(si), "1"(di), "2"(n), "3"(ax) : "memory", "cc")

static u32 esi, edi, ecx, eax;

static void report(const char *what, const u8 *from, const u8 *to)
{
	u32 hash = 0;
	for (int i = 0; i < 256; i++) hash = hash * 31 + b[i];
	print("%s: si %d di %d cx %u ax %X hash %X\n", what, (int)(esi - (u32)from), (int)(edi - (u32)to), ecx, eax, hash);
}

int main(void)
{
	for (int i = 0; i < 256; i++) a[i] = (u8)(i * 7 + 3);
	REP("rep movsb", a, b, 13, 0); report("movsb", a, b);
	REP("rep movsw", a + 1, b + 20, 9, 0); report("movsw", a, b);
	REP("rep movsl", a + 3, b + 50, 11, 0); report("movsl", a, b);
	REP("std; rep movsl; cld", a + 60, b + 160, 5, 0); report("movsl down", a, b);
	REP("std; rep movsb; cld", b + 30, b + 34, 25, 0); report("movsb down, overlapping", b, b);
	REP("rep movsb", b, b + 1, 40, 0); report("movsb up, overlapping", b, b);
	REP("rep stosb", 0, b + 200, 7, 0x1234565a); report("stosb", 0, b);
	REP("rep stosw", 0, b + 210, 3, 0x1234565a); report("stosw", 0, b);
	REP("rep stosl", 0, b + 220, 2, 0x1234565a); report("stosl", 0, b);
	REP("rep stosl", 0, b + 220, 0, 0); report("stosl, no count", 0, b);
	REP("repne scasb", 0, a, 256, a[77]); report("scasb finds", 0, a);
	REP("repne scasw", 0, a, 100, 0xffff); report("scasw does not", 0, a);
	REP("repe scasl", 0, b + 220, 9, 0x1234565a); report("scasl", 0, b);
	REP("lodsb", a + 9, 0, 0, 0xaabbccdd); report("lodsb", a, 0);
	REP("lodsw", a + 9, 0, 0, 0xaabbccdd); report("lodsw", a, 0);
	REP("rep lodsl", a + 8, 0, 5, 0); report("lodsl", a, 0);
	memcpy(b, a, 256);
	b[99] ^= 1;
	REP("repe cmpsb; sbb %%eax, %%eax", a, b, 256, 0); report("cmpsb", a, b);
	REP("repe cmpsl; seta %%al", a, b, 64, 0); report("cmpsl", a, b);
	REP("std; repe cmpsw; cld; setb %%al", a + 254, b + 254, 128, 0); report("cmpsw down", a, b);
	REP("repe cmpsb; setz %%al", a, b, 99, 0); report("cmpsb equal", a, b);
	/* a segment override on the source, and a 16-bit count: jcxz and loop with an address prefix */
	REP("rep movsb %%ds:(%%esi), %%es:(%%edi)", a + 5, b + 5, 5, 0); report("movsb ds:", a, b);
	REP("mov $0x10003, %%ecx; 1: inc %%eax; addr16 loop 1b", 0, 0, 0, 0); report("loop cx", 0, 0);
	return 0;
}
