/* The frames a handler gets: registers at entry, alignment, the trampoline's bytes, and that sigreturn loads what the handler changed. */
#include "guest.h"

u32 entry[6]; /* esp eax ecx edx, return address, eflags */
extern char handler_entry[];

__asm__(".text\n.globl handler_entry\n.type handler_entry, @function\nhandler_entry:\n"
	"mov %esp, entry; mov %eax, entry+4; mov %ecx, entry+8; mov %edx, entry+12; push (%esp); pop entry+16; pushf; pop entry+20\n"
	"mov 4(%esp), %eax; push %eax; call checked; add $4, %esp; ret\n");

void checked(int signal)
{
	u32 *esp = (u32 *)entry[0];
	u8 *trampoline = (u8 *)entry[4];
	print("signal %d eax %d, (esp + 4) %% 16 = %d, DF %d TF %d\n", signal, entry[1], (entry[0] + 4) & 15, entry[5] >> 10 & 1, entry[5] >> 8 & 1);
	print("argument %d edx %s ecx %s\n", esp[1], entry[3] == 0 ? "0" : entry[3] == esp[2] ? "info" : "other", entry[2] == 0 ? "0" : entry[2] == esp[3] ? "context" : "other");
	print("trampoline");
	for (int i = 0; i < (signal == SIGUSR1 ? 8 : 7); i++) print(" %x", trampoline[i]);
	struct context *context = (struct context *)esp[3];
	u32 *sc = signal == SIGUSR1 ? esp + 2 : (u32 *)((u8 *)context + 20); /* sigcontext: inside the plain frame, or the ucontext */
	print("\nsaved edi %x esi %x ebp %x ecx %x eflags DF %d\n", sc[4], sc[5], sc[6], sc[10], sc[16] >> 10 & 1);
	check("saved esp twice", sc[7] == sc[17]);
	check("the frame lies below it", entry[0] < sc[7] && sc[7] - entry[0] < 16384);
	/* plain: return address, signal, sigcontext (88), unused fpstate (624), extramask; the other: four words, siginfo (128), ucontext */
	u8 *retcode = signal == SIGUSR1 ? (u8 *)esp + 8 + 88 + 624 + 4 : (u8 *)(context + 1);
	print("retcode in the frame");
	for (int i = 0; i < 8; i++) print(" %x", retcode[i]);
	print("\n");
	sc[4] = 0x600dd1;
	sc[10] = 0xc0ffee;
	sc[16] |= 1; /* carry */
}

static void run(int signal)
{
	u32 edi = 0xd1, ecx = 0xc0, carry;
	__asm__ volatile("push %%ebp; push %%ebx; mov %%eax, %%ecx; mov $0x5e, %%esi; mov $0xb9, %%ebp; mov %[pid], %%ebx; mov $37, %%eax; std; clc; int $0x80\n"
		"cld; sbb %%eax, %%eax; pop %%ebx; pop %%ebp"
		: "=a"(carry), "+D"(edi), "=c"(ecx) : "a"(signal), [pid] "d"(sys(NR_getpid)) : "esi", "memory", "cc");
	print("after: edi %x ecx %x carry %d\n", edi, ecx, (int)carry);
}

int main(void)
{
	install(SIGUSR1, handler_entry, 0, 0);
	install(SIGUSR2, handler_entry, SA_SIGINFO, 0);
	run(SIGUSR1);
	run(SIGUSR2);
	return 0;
}
