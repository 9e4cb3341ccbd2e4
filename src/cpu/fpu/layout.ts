/**
 * Where the x87 lives in the CPU block, and its bits.
 *
 * The live area IS an FXSAVE image of 512 bytes (SDM vol. 1, 10.5.1): registers in stack order (ST0 first), tags abridged and by
 * physical register. A push moves the registers, which costs a few nanoseconds and spares every reader a conversion.
 */

/** 32-bit word indices within the area. */
export const W_CONTROL = 0; // fcw, fsw
export const W_TAG = 1; // abridged tag (8 bits), reserved, fop (16 bits)
export const W_FIP = 2;
export const W_FCS = 3;
export const W_FDP = 4;
export const W_FDS = 5;
export const W_MXCSR = 6;
export const W_MXCSR_MASK = 7;
/** First word of ST0; each register takes four words: mantissa low, mantissa high, sign and exponent, 0. */
export const W_ST = 8;
/** First word of xmm0. */
export const W_XMM = 40;

/** Status word (fsw). The six exception flags have the bits of their masks in the control word. */
export const IE = 0x01;
export const DE = 0x02;
export const ZE = 0x04;
export const OE = 0x08;
export const UE = 0x10;
export const PE = 0x20;
/** Stack fault: with IE, the invalid operation was a stack overflow or underflow. */
export const SF = 0x40;
/** Exception summary: some flag is set whose mask is clear. B is always its copy. */
export const ES = 0x80;
export const C0 = 0x100;
export const C1 = 0x200;
export const C2 = 0x400;
export const C3 = 0x4000;
export const BUSY = 0x8000;
export const CC = C0 | C1 | C2 | C3;

/** Exceptions that are found before anything is computed: unmasked, they leave the operands as they were. */
export const EARLY = IE | DE | ZE;

/** Control word (fcw): precision control and rounding control fields. */
export const PC_24 = 0x000;
export const PC_53 = 0x200;
export const PC_64 = 0x300;
/** Quirk: the reserved value 01 means 64 bits, so this bit decides. */
export const PC_RESERVED = 0x100;
export const PC_FIELD = 0x300;
export const RC_NEAREST = 0x000;
export const RC_DOWN = 0x400;
export const RC_UP = 0x800;
export const RC_ZERO = 0xc00;
export const RC_FIELD = 0xc00;

/** Exponent bias of the extended format, and what is added or taken when an unmasked underflow or overflow is delivered. */
export const BIAS = 16383;
export const BIAS_ADJUST = 24576;
