/**
 * Registers in a signal frame: struct sigcontext and the floating-point state behind it, as an i386 kernel lays them out
 * (include/uapi/asm/sigcontext.h, arch/x86/kernel/fpu/{signal,regset}.c of Linux 6.1). Bytes only; no guest memory.
 */
import type { CpuState } from '../../events/cpu.ts';
import { FXSAVE_BYTES } from '../../events/cpu.ts';
import type { Task } from '../../events/entities.ts';
import { setWords, viewOf } from './words.ts';

/** Bytes of struct sigcontext_32. */
export const SIGCONTEXT_BYTES = 88;
/** Bytes of the legacy floating-point state: seven words, eight registers of ten bytes, status and magic. */
export const FSAVE_BYTES = 112;
/** What of it sigreturn reads. */
export const FSAVE_READ = 108;

/** Flags that sigreturn takes from the frame (FIX_EFLAGS): AC RF OF DF TF SF ZF AF PF CF. */
export const FIX_EFLAGS = 0x50dd5;
/** Resume flag: set in the frame of a fault, so that a debugger's breakpoint is not hit twice. */
export const EFLAGS_RF = 0x10000;
export const EFLAGS_TF = 0x100;
export const EFLAGS_DF = 0x400;

/** FP_XSTATE_MAGIC1: first of the words a kernel leaves in bytes 464.. of an FXSAVE image on the stack. */
const FP_XSTATE_MAGIC1 = 0x46505853;
const FXSAVE_SW = 464;
/** FP_XSTATE_MAGIC2_SIZE. */
const MAGIC2_BYTES = 4;
/** Bits of MXCSR that may be set on a processor without DAZ. */
const MXCSR_MASK = 0xffbf;
const MXCSR_DEFAULT = 0x1f80;

/** What a frame holds beside the registers. */
export interface FrameContext {
	readonly trap: Task['trap'];
	/** Address of the floating-point state. */
	readonly fpstate: number;
	/** Low word of the mask to come back to. */
	readonly oldmask: number;
}

/** struct sigcontext: gs fs es ds edi esi ebp esp ebx edx ecx eax trapno err eip cs eflags sp_at_signal ss fpstate oldmask cr2. */
export function encodeSigcontext(r: CpuState, context: FrameContext): Uint8Array {
	const { trap, fpstate, oldmask } = context;
	const out = new Uint8Array(SIGCONTEXT_BYTES);
	const view = viewOf(out);
	const words = [r.gs, r.fs, r.es, r.ds, r.edi, r.esi, r.ebp, r.esp, r.ebx, r.edx, r.ecx, r.eax];
	words.push(trap.number, trap.error, r.eip, r.cs, r.eflags, r.esp, r.ss, fpstate, oldmask, trap.cr2);
	setWords(view, 0, words);
	return out;
}

/** Registers a sigreturn sets (without the floating-point state), and where that state is (0 = none). */
export function decodeSigcontext(
	bytes: Uint8Array,
	eflags: number,
): { readonly regs: Partial<CpuState>; readonly fpstate: number } {
	const view = viewOf(bytes);
	const w = (i: number): number => view.getUint32(4 * i, true);
	const h = (i: number): number => view.getUint16(4 * i, true);
	const regs = {
		gs: h(0),
		fs: h(1),
		es: h(2),
		ds: h(3),
		edi: w(4),
		esi: w(5),
		ebp: w(6),
		esp: w(7),
		ebx: w(8),
		edx: w(9),
		ecx: w(10),
		eax: w(11),
		eip: w(14),
		cs: h(15) | 3,
		eflags: ((eflags & ~FIX_EFLAGS) | (w(16) & FIX_EFLAGS)) >>> 0,
		ss: h(18) | 3,
	};
	return { regs, fpstate: w(19) };
}

/** Full tag word of an FXSAVE image: 2 bits a register, 0 valid, 1 zero, 2 special, 3 empty (twd_fxsr_to_i387). */
function tagWord(fx: Uint8Array): number {
	const view = viewOf(fx);
	const top = (view.getUint16(2, true) >> 11) & 7;
	let word = 0;
	for (let physical = 0; physical < 8; physical++) {
		word |= (fx[4] & (1 << physical) ? tagOf(view, 32 + 16 * ((physical - top) & 7)) : 3) << (2 * physical);
	}
	return word;
}

function tagOf(view: DataView, at: number): number {
	const low = view.getUint32(at, true);
	const high = view.getUint32(at + 4, true);
	const exponent = view.getUint16(at + 8, true) & 0x7fff;
	if (exponent === 0x7fff) return 2;
	if (exponent === 0) return low === 0 && high === 0 ? 1 : 2;
	return high >>> 31 ? 0 : 2;
}

/**
 * The 112 bytes of legacy state. Without FXSR they are what FNSAVE writes, the status word repeated behind (its upper half,
 * all ones, stands where others have the magic); with FXSR the kernel makes them from the FXSAVE image and the magic is 0.
 */
export function encodeFsave(fx: Uint8Array, fxsr: boolean): Uint8Array {
	const from = viewOf(fx);
	const out = new Uint8Array(FSAVE_BYTES);
	const view = viewOf(out);
	const status = from.getUint16(2, true);
	const words = [
		from.getUint16(0, true) | 0xffff0000,
		status | 0xffff0000,
		tagWord(fx) | 0xffff0000,
		from.getUint32(8, true),
		from.getUint16(12, true) | (from.getUint16(6, true) << 16),
		from.getUint32(16, true),
		fxsr ? from.getUint32(20, true) : from.getUint16(20, true) | 0xffff0000,
	];
	setWords(view, 0, words);
	for (let i = 0; i < 8; i++) out.set(fx.subarray(32 + 16 * i, 42 + 16 * i), 28 + 10 * i);
	view.setUint32(108, fxsr ? status : status | 0xffff0000, true);
	return out;
}

/** The 512 bytes behind the legacy state when the processor has FXSR: the image, then what the kernel says of its size. */
export function encodeFxsave(fx: Uint8Array): Uint8Array {
	const out = fx.slice();
	const view = viewOf(out);
	// Without XSAVE the feature mask is 0 and the size that of FXSAVE (save_sw_bytes).
	setWords(view, FXSAVE_SW, [FP_XSTATE_MAGIC1, FXSAVE_BYTES + MAGIC2_BYTES + FSAVE_BYTES, 0, 0, FXSAVE_BYTES]);
	return out;
}

/** The x87 of a legacy state, as FRSTOR loads it, in an image whose other bytes are `base`'s. */
export function decodeFsave(legacy: Uint8Array, base: Uint8Array): Uint8Array {
	const from = viewOf(legacy);
	const out = base.slice();
	const view = viewOf(out);
	const control = (from.getUint16(0, true) & 0x1f3f) | 0x40;
	const status = from.getUint16(4, true) & ~0x8080;
	// ES and B are not stored bits: they say whether an unmasked exception is flagged.
	view.setUint16(0, control, true);
	view.setUint16(2, status & ~control & 0x3f ? status | 0x8080 : status, true);
	const tags = from.getUint16(8, true);
	let present = 0;
	for (let i = 0; i < 8; i++) if (((tags >> (2 * i)) & 3) !== 3) present |= 1 << i;
	view.setUint16(4, present, true);
	view.setUint16(6, from.getUint16(18, true) & 0x7ff, true);
	view.setUint32(8, from.getUint32(12, true), true);
	view.setUint32(12, from.getUint16(16, true), true);
	view.setUint32(16, from.getUint32(20, true), true);
	view.setUint32(20, from.getUint16(24, true), true);
	for (let i = 0; i < 8; i++) {
		out.set(legacy.subarray(28 + 10 * i, 38 + 10 * i), 32 + 16 * i);
		out.fill(0, 42 + 16 * i, 48 + 16 * i);
	}
	return out;
}

/** The SSE half of an FXSAVE image from the stack: MXCSR with its reserved bits cleared, xmm0..xmm7; MXCSR_MASK stays `fx`'s. */
export function decodeFxsave(image: Uint8Array, fx: Uint8Array): Uint8Array {
	const out = new Uint8Array(FXSAVE_BYTES);
	out.set(image.subarray(24, 28), 24);
	out.set(fx.subarray(28, 32), 28);
	out.set(image.subarray(160, 288), 160);
	const view = viewOf(out);
	view.setUint32(24, view.getUint32(24, true) & MXCSR_MASK, true);
	return out;
}

/** The registers a handler starts with (fpu__clear_user_states): FNINIT's, with FXSR also MXCSR 1f80 and xmm all 0. */
export function resetFx(fx: Uint8Array, fxsr: boolean): Uint8Array {
	const out = new Uint8Array(FXSAVE_BYTES);
	const view = viewOf(out);
	view.setUint16(0, 0x37f, true);
	if (fxsr) view.setUint32(24, MXCSR_DEFAULT, true);
	else out.set(fx.subarray(24, 28), 24);
	out.set(fx.subarray(28, 32), 28);
	if (!fxsr) out.set(fx.subarray(160), 160);
	return out.every((b, i) => b === fx[i]) ? fx : out;
}
