/* Segments of the LDT at work: far calls, jumps and returns, their faults, 16-bit code with its wrapping offsets, 16-bit and growing-down stacks. */
#include "guest.h"

struct desc { u32 entry, base, limit, flags; };
enum { SEG32 = 1, DOWN = 2, CODE = 4, READ_ONLY = 8, IN_PAGES = 16, NOT_PRESENT = 32 };
enum { CODE32 = 1, CODE16, STACK16, DOWN16, DOWN32, ABSENT, EXECUTE, DATA, LOW16, STACK32, WIDE16 };
#define SELECTOR(entry) ((entry) << 3 | 7)

static void set(u32 entry, const void *base, u32 limit, u32 flags)
{
	struct desc desc = { entry, (u32)base, limit, flags };
	if (sys(NR_modify_ldt, 0x11, &desc, sizeof desc)) print("entry %d refused\n", entry);
}

/* ---- 32-bit code behind a base ---- */
extern u8 code32[], code32_end[], near_limit[], far_ret4[];
__asm__(".text\n.balign 16\n.globl code32, near_limit, far_ret4, code32_end\n"
	"code32: mov $0x32, %eax; lret\n"
	"far_ret4: mov $0x44, %eax; lret $8\n"
	"near_limit: nop; nop; nop; nop\ncode32_end: nop; lret\n");
static struct { u32 offset; u16 selector; } __attribute__((packed)) pointer;
static u32 result;
static void call_far(void) { __asm__ volatile("lcall *%1" : "=a"(result) : "m"(pointer) : "ecx", "edx", "cc", "memory"); }
static void call_far4(void) { __asm__ volatile("mov %%esp, %%esi; push $1; push $2; lcall *%1; sub %%esp, %%esi" : "=a"(result) : "m"(pointer) : "ecx", "edx", "esi", "cc", "memory"); }
static void jump_far(void) { __asm__ volatile("push %%cs; push $1f; ljmp *%1; 1:" : "=a"(result) : "m"(pointer) : "ecx", "edx", "cc", "memory"); }
static void lret_far(void)
{
	__asm__ volatile("push %%cs; push $1f; movzwl %2, %%eax; push %%eax; push %1; lret; 1:" : "=a"(result) : "m"(pointer.offset), "m"(pointer.selector) : "ecx", "edx", "cc", "memory");
}
static void iret_far(void)
{
	__asm__ volatile("push %%cs; push $1f; pushf; movzwl %2, %%eax; push %%eax; push %1; iret; 1:" : "=a"(result) : "m"(pointer.offset), "m"(pointer.selector) : "ecx", "edx", "cc", "memory");
}
static u32 selector;
static void load_ss(void) { __asm__ volatile("mov %%ss, %%ecx; mov %0, %%ss; mov %%ecx, %%ss" : : "r"(selector) : "ecx"); }
static void load_ds(void) { __asm__ volatile("mov %%ds, %%ecx; mov %0, %%ds; mov %%ecx, %%ds" : : "r"(selector) : "ecx"); }
static void pop_es(void) { __asm__ volatile("mov %%es, %%ecx; push %0; pop %%es; mov %%ecx, %%es" : : "r"(selector) : "ecx"); }
static u32 place;
static void read_es(void) { __asm__ volatile("mov %%es, %%ecx; mov %0, %%es; movb %%es:(%1), %%al; mov %%ecx, %%es" : : "r"(selector), "r"(place) : "eax", "ecx"); }
static void read4_es(void) { __asm__ volatile("mov %%es, %%ecx; mov %0, %%es; movl %%es:(%1), %%eax; mov %%ecx, %%es" : : "r"(selector), "r"(place) : "eax", "ecx"); }
static void write_es(void) { __asm__ volatile("mov %%es, %%ecx; mov %0, %%es; movb $1, %%es:(%1); mov %%ecx, %%es" : : "r"(selector), "r"(place) : "eax", "ecx", "memory"); }
static void read_cs(void) { __asm__ volatile("mov %%es, %%ecx; mov %0, %%es; movb %%es:(%1), %%al; mov %%ecx, %%es" : : "r"(selector), "r"(place) : "eax", "ecx"); }

static void tried(const char *what, void (*run)(void))
{
	result = 0xdead;
	int signal = try(run);
	u16 user;
	__asm__ volatile("mov %%ss, %0" : "=r"(user));
	__asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(user) : "memory");
	if (!signal) print("%s: %x\n", what, result);
	else print("%s: signal %d code %d trapno %d err %x\n", what, signal, fault.code, fault.trapno, fault.err);
}
static void to(const char *what, void (*run)(void), u32 entry, const void *offset)
{
	pointer.selector = entry ? SELECTOR(entry) : 0;
	pointer.offset = (u32)offset;
	tried(what, run);
}
#define OFFSET(label) ((void *)((label) - code32))

/* ---- 16-bit code: results go to the words at ds:0 of a 16-bit view of `words` ---- */
u16 words[64];
extern u8 code16[], code16_end[];
__asm__(".text\n.balign 16\n.globl code16, code16_end\n.code16\ncode16:\n"
	"push %ds; push %es; mov $0x47, %ax; mov %ax, %ds; mov %ax, %es\n" /* DATA */
	"mov $0x1234, %ax; mov %ax, 0; movl $0x89abcdef, %eax; mov %eax, 2\n"
	"xor %cx, %cx; dec %cx; mov %cx, 6; mov $0xffff, %bx; mov $7, %si; mov 2(%bx,%si), %ax; mov %ax, 8\n" /* ffff + 7 + 2 wraps to 8 */
	"mov %sp, %ax; push $0x55; mov %sp, %bx; sub %bx, %ax; mov %ax, 10; pop %ax\n" /* pushes two bytes */
	"pushl $0x66; pop %ax; pop %dx; mov %ax, 12; mov %dx, 14\n"
	"call 1f; 1: pop %ax; sub $1b-code16, %ax; mov %ax, 16\n"
	"mov $3, %cx; movl $0x10003, %ecx; 2: inc %dx; loop 2b; movl %ecx, 18\n" /* loop counts cx */
	"mov $0, %cx; jcxz 3f; movw $1, 22; 3: jecxz 4f; movw $0xecec, 22; 4:\n"
	"mov $40, %si; mov $60, %di; movw $0xabcd, (%si); cld; mov $1, %cx; rep movsw; mov %si, 24; mov %di, 26; mov 60, %ax; mov %ax, 28\n"
	"pushf; pop %ax; and $0xf000, %ax; mov %ax, 30\n"
	"pushf; push %cs; push $5f-code16; iret; movw $1, 32; 5: incw 32\n"
	"lcall $0x17, $6f-code16; jmp 7f; 6: movw $0xfa, 34; lret; 7:\n" /* CODE16 */
	"pushl %ebp; movl %esp, %ebp; enter $4, $0; mov %bp, %ax; sub %sp, %ax; mov %ax, 36; leave; popl %ebp\n"
	"pushl %ebp; movl %esp, %ebp; pushw $0x77; movw -2(%ebp), %ax; mov %ax, 38; leavel\n"
	"lea 0x12345678(,%ecx,2), %eax; mov %ax, 42; movl %eax, 44\n"
	"pusha; popa; pushal; popal; mov $10, %ax; mov $3, %bl; div %bl; mov %ax, 48\n"
	"pop %es; pop %ds; lretl\n"
	"code16_end:\n.code32\n");

/* code at the top of a 64 KiB segment of 16-bit code, copied there */
extern u8 high16[], high16_end[];
__asm__(".text\n.globl high16, high16_end\n.code16\nhigh16: mov $0x1111, %ax; .byte 0xeb, 0x10\nhigh16_end:\n.code32\n");

/* ---- 16-bit stack from 32-bit code ---- */
static u8 *stack;
u32 esp_then[8], saved_esp;
u16 saved_ss;
static void on_stack16(u32 ss, u32 esp)
{
	__asm__ volatile("mov %%ss, saved_ss; mov %%esp, saved_esp; push %%ebp; mov %%esp, saved_esp; mov %0, %%ss; mov %1, %%esp\n"
		"push $0x11223344; mov %%esp, esp_then; pushw $0x5566; mov %%esp, esp_then+4; call 1f; 1: mov %%esp, esp_then+8; pop %%eax; popw %%ax; pop %%eax; mov %%eax, esp_then+12\n"
		"mov $0xaaaa0000, %%ebp; mov %%sp, %%bp; enter $8, $0; mov %%esp, esp_then+16; mov %%ebp, esp_then+20; leave; mov %%esp, esp_then+24; pusha; popa; mov %%esp, esp_then+28\n"
		"mov saved_ss, %%ss; mov saved_esp, %%esp; pop %%ebp"
		: : "r"(ss), "r"(esp) : "eax", "ecx", "edx", "memory", "cc");
	for (u32 i = 0; i < 8; i++) print(" %X", esp_then[i]);
	print("\n");
}
static u32 esp_try, ss_try;
static void push_there(void) { __asm__ volatile("mov %%ss, saved_ss; mov %%esp, saved_esp; mov %0, %%ss; mov %1, %%esp; push $1; mov saved_ss, %%ss; mov saved_esp, %%esp" : : "r"(ss_try), "r"(esp_try) : "memory"); }
static void pop_there(void) { __asm__ volatile("mov %%ss, saved_ss; mov %%esp, saved_esp; mov %0, %%ss; mov %1, %%esp; pop %%eax; mov saved_ss, %%ss; mov saved_esp, %%esp" : : "r"(ss_try), "r"(esp_try) : "memory", "eax"); }
static u8 alternate[16384] __attribute__((aligned(16)));
static jump_buf escape16;
static struct fault fault16;
static void on_fault16(int signal, struct siginfo *info, struct context *context)
{
	fault16 = (struct fault){ signal, info->code, (int)context->trapno, (int)context->err, context->esp, 0, 0 };
	__asm__ volatile("" : : : "memory");
	jump(escape16, signal);
}
static void there(const char *what, void (*run)(void), u32 entry, u32 esp)
{
	static const u8 signals[] = { SIGSEGV, SIGBUS };
	ss_try = SELECTOR(entry);
	esp_try = esp;
	for (u32 i = 0; i < sizeof signals; i++) install(signals[i], on_fault16, SA_SIGINFO | SA_NODEFER | SA_ONSTACK, 0);
	int signal = set_jump(escape16);
	if (!signal) run();
	if (signal) print("%s: signal %d code %d trapno %d err %x esp %x\n", what, signal, fault16.code, fault16.trapno, fault16.err, fault16.address);
	else print("%s: no fault\n", what);
}

int main(void)
{
	struct altstack on = { alternate, 0, sizeof alternate };
	sys(NR_sigaltstack, &on, 0);
	set(CODE32, code32, code32_end - code32 - 1, SEG32 | CODE);
	set(CODE16, code16, 0xffff, CODE);
	set(ABSENT, code32, 0xffff, SEG32 | CODE | NOT_PRESENT);
	set(EXECUTE, code32, 0xffff, SEG32 | CODE | READ_ONLY);
	set(DATA, words, 0xffff, 0);
	stack = map(0, 32 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	set(STACK16, stack, 0xffff, 0);
	set(STACK32, stack, 0x3fff, SEG32);
	set(DOWN16, stack, 0x0fff, DOWN);
	set(DOWN32, stack - 0x10000, 0xf, SEG32 | DOWN | IN_PAGES);

	to("call", call_far, CODE32, OFFSET(code32));
	to("call, 8 bytes of arguments", call_far4, CODE32, OFFSET(far_ret4));
	to("jump", jump_far, CODE32, OFFSET(code32));
	to("return", lret_far, CODE32, OFFSET(code32));
	to("iret", iret_far, CODE32, OFFSET(code32));
	to("call beyond the limit", call_far, CODE32, OFFSET(code32_end));
	to("jump beyond the limit", jump_far, CODE32, OFFSET(code32_end));
	to("return beyond the limit", lret_far, CODE32, OFFSET(code32_end));
	to("call runs over the limit", call_far, CODE32, OFFSET(near_limit));
	to("call not present", call_far, ABSENT, 0);
	to("jump not present", jump_far, ABSENT, 0);
	to("return not present", lret_far, ABSENT, 0);
	to("iret not present", iret_far, ABSENT, 0);
	to("call null", call_far, 0, 0);
	to("jump null", jump_far, 0, 0);
	to("call data", call_far, DATA, 0);
	to("jump data", jump_far, DATA, 0);
	to("call an empty entry", call_far, 40, 0);
	to("jump beyond the table", jump_far, 8000, 0);
	to("call execute-only", call_far, EXECUTE, OFFSET(code32));
	selector = SELECTOR(EXECUTE);
	place = 0;
	tried("load ds with execute-only", load_ds);
	selector = SELECTOR(CODE32);
	tried("load ds with readable code", load_ds);
	tried("read through it", read_cs);
	tried("write through it", write_es);
	tried("load ss with code", load_ss);
	selector = SELECTOR(ABSENT);
	tried("load ds not present", load_ds);
	tried("pop es not present", pop_es);
	set(ABSENT, stack, 0xffff, SEG32 | NOT_PRESENT);
	tried("load ss not present", load_ss);
	selector = SELECTOR(STACK16) & ~3;
	tried("load ss with privilege 0", load_ss);
	tried("load ds with privilege 0", load_ds);

	static const struct { const char *name; u32 entry; } downs[] = { { "down 16", DOWN16 }, { "down 32", DOWN32 } };
	static const u32 places[] = { 0, 0xfff, 0x1000, 0xfffc, 0xfffd, 0xffff, 0x10000, 0x10003, 0x1ffff };
	for (u32 i = 0; i < 2; i++)
		for (u32 j = 0; j < sizeof places / sizeof *places; j++) {
			selector = SELECTOR(downs[i].entry);
			place = places[j];
			print("%x ", place);
			tried(downs[i].name, read_es);
			tried("   4 bytes", read4_es);
		}

	to("16-bit code", call_far, CODE16, 0);
	for (u32 i = 0; i < 25; i++) print(" %x", words[i]);
	print("\n");

	/* 16-bit code at the top of its segment */
	u8 *low = map(0, 32 * PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(low, 0x90, 32 * PAGE);
	u32 length = high16_end - high16;
	/* ends at 0xfffe; the jump by 0x10 goes to 0x000e */
	memcpy(low + 0xfffe - length, high16, length);
	memcpy(low + 0x0e, "\x66\xcb", 2);
	memcpy(low + 0x1000e, "\x66\xb8\x22\x22\x22\x22\x66\xcb", 8);
	set(LOW16, low, 0xffff, CODE);
	set(WIDE16, low, 0x1ffff, CODE);
	to("short jump wraps", call_far, LOW16, (void *)(0xfffe - length));
	to("in a longer segment too", call_far, WIDE16, (void *)(0xfffe - length));
	memcpy(low + 0xfffd, "\x66\xb8\x33", 3); /* mov eax, imm32 across 0xffff */
	memcpy(low + 0x10000, "\x33\x33\x33", 3);
	memcpy(low, "\x44\x44\x44", 3);
	memcpy(low + 0x10003, "\x66\xcb", 2);
	memcpy(low + 3, "\x66\xcb", 2);
	to("runs over the limit", call_far, LOW16, (void *)0xfffd);
	to("runs over 64 KiB", call_far, WIDE16, (void *)0xfffd);
	memcpy(low + 0xfffe, "\x90\x90", 2);
	memcpy(low + 0x10000, "\x66\xb8\x55\x55\x55\x55\x66\xcb", 8);
	memcpy(low, "\x66\xb8\x66\x66\x66\x66\x66\xcb", 8);
	to("falls off the end", call_far, LOW16, (void *)0xfffe);
	to("falls over 64 KiB", call_far, WIDE16, (void *)0xfffe);
	memcpy(low + 0x11000, "\x90\xeb\x02\0\0\x66\xb8\x77\x77\x77\x77\x66\xcb", 13); /* nop; jmp +2 */
	memcpy(low + 0x1000, "\x66\xb8\x76\x76\x76\x76\x66\xcb", 8);
	memcpy(low + 0x1005, "\x66\xb8\x88\x88\x88\x88\x66\xcb", 8);
	to("far call above 64 KiB, then a short jump", call_far, WIDE16, (void *)0x11000);
	memcpy(low + 0x2000, "\xe8\xfd\x7f\x66\xb8\x99\x99\x99\x99\x66\xcb", 11); /* call 0xa000 */
	memcpy(low + 0xa000, "\xc3", 1);
	to("near call and return", call_far, LOW16, (void *)0x2000);

	print("16-bit stack");
	on_stack16(SELECTOR(STACK16), 0xbeef2000);
	print("wrapping");
	on_stack16(SELECTOR(STACK16), 0xbeef0004);
	print("32-bit stack");
	on_stack16(SELECTOR(STACK32), 0x2000);
	there("push at 0", push_there, STACK16, 0x12340000);
	there("push at 2", push_there, STACK16, 0x12340002);
	there("pop at fffc", pop_there, STACK16, 0x1234fffc);
	there("pop at fffe", pop_there, STACK16, 0x1234fffe);
	there("push at 0 of 32 bits", push_there, STACK32, 0);
	there("push above the limit", push_there, STACK32, 0x4008);
	there("push at the limit", push_there, STACK32, 0x4000);
	there("pop across the limit", pop_there, STACK32, 0x3ffe);
	there("push growing down", push_there, DOWN16, 0x1004);
	there("push below it", push_there, DOWN16, 0x1002);
	there("pop at its top", pop_there, DOWN16, 0xfffe);
	there("push at its top", push_there, DOWN16, 0);
	return 0;
}
