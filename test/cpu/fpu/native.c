/*
 * Runs x87 instructions on this processor. Reads records from stdin, writes one record each to stdout:
 * loads a whole x87 state (frstor), runs one instruction with [esi] as its memory operand, stores the state (fnsave).
 *   gcc -m32 -O1 -o native native.c
 * In  (256 bytes): opcode 2 (bytes as encoded), operand-size prefix 1, pad 1, eflags 4, image 108, memory operand 128, pad 12
 * Out (256 bytes): signal 1 (8 for #MF, 4 for #UD), pad 3, eflags 4, eax 4, image 108, memory operand 128, pad 8
 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct in {
	uint8_t op[2], prefix, pad;
	uint32_t eflags;
	uint8_t image[108], mem[128], rest[12];
};
struct out {
	uint8_t mf, pad[3];
	uint32_t eflags, eax;
	uint8_t image[108], mem[128], rest[8];
};
_Static_assert(sizeof(struct in) == 256 && sizeof(struct out) == 256, "record size");

static uint8_t *code;
static sigjmp_buf back;
static struct in in[4096];
static struct out out[4096];
static uint8_t mem[512] __attribute__((aligned(16)));

static void caught(int n)
{
	siglongjmp(back, n);
}

/* One stub of 32 bytes per prefix and opcode: frstor [edi]; push ecx; popf; op; pushf; pop ecx; fnsave [ebx]; ret */
static uint8_t *stub(struct in *r)
{
	unsigned n = ((unsigned)(r->prefix != 0) << 16) | r->op[0] << 8 | r->op[1];
	uint8_t *p = code + n * 32ul, *s = p;
	if (*p)
		return p;
	static const uint8_t head[] = { 0xdd, 0x27, 0x51, 0x9d }, tail[] = { 0x9c, 0x59, 0xdd, 0x33, 0xc3 };
	memcpy(s, head, 4);
	s += 4;
	if (r->prefix)
		*s++ = 0x66;
	*s++ = r->op[0];
	if (r->op[0] != 0x9b)
		*s++ = r->op[1];
	memcpy(s, tail, 5);
	return p;
}

int main(void)
{
	size_t n;
	code = mmap(0, 1 << 22, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED)
		return 1;
	struct sigaction sa = { .sa_handler = caught, .sa_flags = SA_NODEFER };
	sigaction(SIGFPE, &sa, 0);
	sigaction(SIGILL, &sa, 0);
	while ((n = fread(in, sizeof *in, 4096, stdin)) > 0) {
		for (size_t i = 0; i < n; i++) {
			uint32_t flags = in[i].eflags, eax = 0x12345678;
			uint8_t *p = stub(&in[i]);
			memset(&out[i], 0, sizeof out[i]);
			memcpy(mem, in[i].mem, 128);
			int s = sigsetjmp(back, 1);
			if (s) {
				asm volatile("fninit");
				out[i].mf = s;
				continue;
			}
			asm volatile("call *%[p]" : "+c"(flags), "+a"(eax)
				     : [p] "d"(p), "D"(in[i].image), "b"(out[i].image), "S"(mem) : "memory", "cc");
			out[i].eflags = flags & 0x8d5;
			out[i].eax = eax;
			memcpy(out[i].mem, mem, 128);
			/* The instruction pointer as the harness has it, where it points at the instruction (behind frstor, push, popf). */
			uint32_t ip;
			memcpy(&ip, out[i].image + 12, 4);
			if (ip == (uint32_t)p + 4) {
				ip = 0x8048000;
				memcpy(out[i].image + 12, &ip, 4);
			}
			/* The data pointer as an offset from the operand, where it points there. */
			uint32_t dp;
			memcpy(&dp, out[i].image + 20, 4);
			if (dp == (uint32_t)mem) {
				dp = 0xeeee0000;
				memcpy(out[i].image + 20, &dp, 4);
			}
		}
		fwrite(out, sizeof *out, n, stdout);
	}
	return 0;
}
