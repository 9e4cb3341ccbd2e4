/**
 * Where things are in the one WebAssembly.Memory of a processor: the CPU block of the loaded task, the TLBs, the frame pool.
 * Byte offsets; `_W` means an index of 32-bit words.
 */

/** General registers, 8 words; word 8 is always zero: the "no base, no index" register. Byte registers: r*4 + (high ? 1 : 0). */
export const GPR_W = 0;
export const ZERO_W = 8;

/** Lazy flags: result and carries, see flags.ts. */
export const FLAG_RESULT_W = 16;
export const FLAG_CARRY_W = 17;
/** eflags without the arithmetic flags. */
export const EFLAGS_W = 18;
/** eip while the processor stands still. */
export const EIP_W = 19;
/** Steps left in the running slice; steps that were left when a stop ended it early; the Stop code. */
export const BUDGET_W = 20;
export const LEFT_W = 21;
export const STOP_W = 22;
/** Fault: vector, error code, address, bus. */
export const FAULT_W = 24;
/** 1 when the task has used its FPU. */
export const FPU_USED_W = 28;
/** With #XM: the exception flags that go into MXCSR. */
export const FAULT_MXCSR_W = 29;
/** Bounce buffer (16 bytes) for writes that cross a page or go to a page that holds code; then address and size. */
export const BOUNCE = 128;
export const BOUNCE_ADDRESS_W = 36;
export const BOUNCE_SIZE_W = 37;
/** While recording: 1, and the position in the raw log. */
export const RECORDING_W = 38;
export const LOG_W = 39;
/** Translated code: why it came back, and the address that missed. */
export const LEAVE_W = 40;
export const LEAVE_ADDRESS_W = 41;

/** Segment registers es cs ss ds fs gs, 8 words each: selector, base, limit (last valid offset), attributes, then flat (1 or 0). */
export const SEGMENTS_W = 64;
export const SEGMENT_STRIDE = 8;
export const SEL = 0;
export const BASE = 1;
export const LIMIT = 2;
/** Descriptor high word, bits 8..23 (type, S, DPL, P, AVL, L, D/B, G); 0 = not usable. */
export const ATTR = 3;
/** 1 when base is 0 and every offset may be read and written. */
export const FLAT = 4;

/** dr0..dr7. */
export const DEBUG_W = 120;

/** The 512-byte FXSAVE image of the task: x87 and SSE registers live here. */
export const FX = 1024;
/** Words of it: control and status, tags and opcode, MXCSR, MM0 (the low part of ST(0)), XMM0; registers are 4 words apart. */
export const CONTROL_W = FX >> 2;
export const TAG_W = CONTROL_W + 1;
export const MXCSR_W = CONTROL_W + 6;
export const MXCSR_MASK_W = CONTROL_W + 7;
export const MM_W = CONTROL_W + 8;
export const XMM_W = CONTROL_W + 40;
/** Copies of vector operands that are not aligned or cross a page, 16 bytes each. */
export const VECTOR = 1536;

/** TLBs: 1024 entries of {tag, delta}: tag is the linear page address (or 1: empty), memory byte = linear + delta. */
export const TLB_ENTRIES = 1024;
export const TLB_READ = 0x2000;
export const TLB_WRITE = 0x4000;
export const TLB_READ_W = TLB_READ >> 2;
export const TLB_WRITE_W = TLB_WRITE >> 2;
export const TLB_EMPTY = 1;

/** Frame pool: frame f is at POOL + f * 4096; frame 0 is the zero page and is never written. */
export const POOL = 0x10000;
