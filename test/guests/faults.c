/* Every fault an instruction can raise in user mode, caught: signal, si_code, si_addr or eip, trapno, err. */
#include "guest.h"

int bounds[2] = { 1, 5 };
#define INSN(name, text) void name(void); __asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ": " text "\nret");
INSN(ud2, "ud2")
INSN(divide, "xor %ecx, %ecx; mov $7, %eax; cltd; div %ecx")
INSN(overflow_div, "mov $-1, %ecx; mov $0x80000000, %eax; cltd; idiv %ecx")
INSN(byte_div, "mov $0x500, %eax; mov $2, %cl; div %cl")
INSN(aam0, ".byte 0xd4, 0")
INSN(breakpoint, "int3")
INSN(int_3, ".byte 0xcd, 3")
INSN(into, "mov $0x7fffffff, %eax; inc %eax; into")
INSN(int_4, ".byte 0xcd, 4")
INSN(bound, "mov $9, %eax; bound %eax, bounds")
INSN(hlt, "hlt")
INSN(cli, "cli")
INSN(in_al, "in $0x60, %al")
INSN(out_dx, "mov $0x80, %edx; out %al, %dx")
INSN(move_cr0, "mov %cr0, %eax")
INSN(int_81, "int $0x81")
INSN(int_13, "int $13")
INSN(null_segment, "xor %eax, %eax; mov %eax, %es; mov %es:0, %eax")
INSN(bad_selector, "mov $0x1233, %eax; mov %eax, %es")
INSN(system_selector, "mov $8, %eax; mov %eax, %ss")
INSN(far_jump, "ljmp $0x1230, $0")
INSN(undefined, ".byte 0x0f, 0xff, 0xc0")
INSN(lock_nop, ".byte 0xf0, 0x90")
INSN(register_lea, ".byte 0x8d, 0xc0")
INSN(too_long, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90")
INSN(longest, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90")
INSN(trap_flag, "pushf; orl $0x100, (%esp); popf; nop; nop")
INSN(x87_mask, "fninit; push $0x37b; fldcw (%esp); pop %eax; fld1; fldz; fdivrp; fwait") /* zero divide unmasked */

static const struct { const char *name; void (*run)(void); } rows[] = {
#define ROW(name) { #name, name }
	ROW(ud2), ROW(divide), ROW(overflow_div), ROW(byte_div), ROW(aam0), ROW(breakpoint), ROW(int_3), ROW(into), ROW(int_4), ROW(bound), ROW(hlt), ROW(cli),
	ROW(in_al), ROW(out_dx), ROW(move_cr0), ROW(int_81), ROW(int_13), ROW(null_segment), ROW(bad_selector), ROW(system_selector), ROW(far_jump),
	ROW(undefined), ROW(lock_nop), ROW(register_lea), ROW(too_long), ROW(longest), ROW(trap_flag), ROW(x87_mask),
};

int main(void)
{
	for (u32 i = 0; i < sizeof rows / sizeof *rows; i++) {
		int signal = try(rows[i].run);
		__asm__ volatile("push %%ds; pop %%es; fninit" : : : "memory");
		if (!signal) {
			print("%s: no fault\n", rows[i].name);
			continue;
		}
		print("%s: signal %d code %d trapno %d err %x eip +%d", rows[i].name, signal, fault.code, fault.trapno, fault.err, fault.eip - (u32)rows[i].run);
		if (fault.address == fault.eip) print(" si_addr = eip\n");
		else print(" si_addr %x\n", fault.address);
	}
	return 0;
}
