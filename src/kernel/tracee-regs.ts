/** Registers of a traced task as its tracer reads and sets them (arch/x86/kernel/ptrace.c, fpu/regset.c, tls.c of Linux 6.1, i386). */
import type { CpuState } from '../events/cpu.ts';
import type { Task, Tracing } from '../events/entities.ts';
import { Errno } from './abi/errno.ts';
import { NT, USER_BYTES, USER_DEBUGREG } from './abi/ptrace.ts';
import { decodeFsave, EFLAGS_TF, encodeFsave, FIX_EFLAGS, FSAVE_BYTES, FSAVE_READ } from './abi/sigcontext.ts';
import { USER_DESC, unpackDescriptor } from './abi/user-desc.ts';
import { setWords, viewOf } from './abi/words.ts';
import { setTls, TLS_ENTRIES, TLS_MIN } from './calls/segments.ts';
import type { Decision } from './decision.ts';
import { TASK_SIZE } from './elf.ts';
import { unsupported } from './fail.ts';
import { canLoad } from './selectors.ts';

/** struct user_regs_struct: what each word is. */
const WORDS = [
	'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'eax', 'ds', 'es', 'fs', 'gs', 'origAx', 'eip', 'cs', 'eflags', 'esp', 'ss',
] as const; // biome-ignore format: a table
const REGS_BYTES = 4 * WORDS.length;
const FX_BYTES = 512;
const FXSR = 1 << 24;
/** Bits of DR6 that are always one, and of DR7 that there are not (include/asm/debugreg.h, i386). */
const DR6_RESERVED = 0xffff0ff0;
const DR7_RESERVED = 0xfc00;
/** R/W and LEN fields of DR7. */
const RW = { EXECUTE: 0, IO: 2 } as const;
const LEN_8 = 2;
/** Instructions that load the flags from the stack: popf, iret. */
const LOADS_FLAGS = [0x9d, 0xcf];
const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
const MXCSR_MASK = 0xffbf;

/** A traced task that stands still. */
export type Tracee = Task & { readonly trace: Tracing };

/** Registers as the state has them: a task that stands still is not on the processor, or is saved from it. */
const regsOf = (d: Decision, { pid }: Task): CpuState => {
	const { cpu } = d.state.tasks[pid];
	const before = d.view.state.tasks[pid];
	return before !== undefined && cpu === before.cpu ? d.view.regs(pid) : cpu;
};

function word(d: Decision, task: Tracee, index: number): number {
	const name = WORDS[index];
	if (name === 'origAx') return task.origAx >>> 0;
	const value = regsOf(d, task)[name];
	return name === 'eflags' && task.trace.forcedTf ? (value & ~EFLAGS_TF) >>> 0 : value;
}

/** putreg: 0 or -EIO. */
function setWord(d: Decision, task: Tracee, index: number, value: number): number {
	const name = WORDS[index];
	const { pid, trace } = task;
	if (name === 'origAx') {
		d.emit({ kind: 'task/set', task: pid, fields: { origAx: value | 0 } });
		return 0;
	}
	let set = value;
	let forcedTf = trace.forcedTf;
	if (name === 'eflags') {
		// TF that the program shall have is its own from now on; a step that was asked for stays.
		if (value & EFLAGS_TF) forcedTf = false;
		else if (forcedTf) set |= EFLAGS_TF;
		set = ((regsOf(d, task).eflags & ~FIX_EFLAGS) | (set & FIX_EFLAGS)) >>> 0;
	} else if (name.length === 2) {
		const selector = segment(d, task, name as 'cs', value & 0xffff);
		if (selector === undefined) return -Errno.EIO;
		set = selector;
	}
	const fields = forcedTf === trace.forcedTf ? {} : { trace: { ...trace, forcedTf } };
	d.emit({ kind: 'task/set', task: pid, fields, regs: { [name]: set } });
	return 0;
}

/**
 * set_segment_reg: a selector of user mode. The way back to user mode makes a data segment that is not there 0; a code or stack
 * segment that is not there would end the task in the middle of it, which is refused here.
 */
function segment(d: Decision, task: Tracee, name: 'cs' | 'ss' | 'ds', value: number): number | undefined {
	const needed = name === 'cs' || name === 'ss';
	if (value !== 0 && (value & 3) !== 3) return undefined;
	if (value === 0 && needed) return undefined;
	const use = name === 'cs' ? 'code' : name === 'ss' ? 'stack' : 'data';
	if (canLoad(value, use, d.state.persona, task.tls, d.state.mms[task.mm].ldt)) return value;
	if (!needed) return 0;
	unsupported(d, `ptrace sets ${name} to a segment that is not there`, Errno.EIO);
	return undefined;
}

/** PTRACE_PEEKUSER: a word of struct user, or -EIO as undefined. */
export function peekUser(d: Decision, task: Tracee, offset: number): number | undefined {
	if (offset & 3 || offset >= USER_BYTES) return undefined;
	if (offset < REGS_BYTES) return word(d, task, offset / 4);
	const n = (offset - USER_DEBUGREG) / 4;
	if (n < 0) return 0;
	const value = regsOf(d, task).debugreg[n];
	return n === 6 ? (value ^ DR6_RESERVED) >>> 0 : value;
}

/** PTRACE_POKEUSER: 0, -EIO, -EINVAL. */
export function pokeUser(d: Decision, task: Tracee, offset: number, value: number): number {
	if (offset & 3 || offset >= USER_BYTES) return -Errno.EIO;
	if (offset < REGS_BYTES) return setWord(d, task, offset / 4, value);
	return offset < USER_DEBUGREG ? -Errno.EIO : setDebug(d, task, (offset - USER_DEBUGREG) / 4, value);
}

/** ptrace_set_debugreg. */
function setDebug(d: Decision, task: Tracee, n: number, value: number): number {
	if (n === 4 || n === 5) return -Errno.EIO;
	const { debugreg } = regsOf(d, task);
	const next = debugreg.with(n, n === 6 ? (value ^ DR6_RESERVED) >>> 0 : n === 7 ? (value & ~DR7_RESERVED) >>> 0 : value);
	if (n !== 6) {
		const changed = n === 7 ? [0, 1, 2, 3] : [n];
		if (!changed.every((i) => mayBreak(next[i], next[7], i))) return -Errno.EINVAL;
	}
	d.emit({ kind: 'task/set', task: task.pid, fields: {}, regs: { debugreg: next } });
	return 0;
}

/**
 * Whether a breakpoint can be set so (arch_bp_generic_fields, hw_breakpoint_arch_parse): in user space, aligned to its length;
 * execution has length 1, I/O and 8 bytes are not there. One that is not enabled and was never given an address is not looked at.
 */
function mayBreak(address: number, dr7: number, i: number): boolean {
	const enabled = ((dr7 >>> (2 * i)) & 3) !== 0;
	if (!enabled && address === 0) return true;
	if (address >= TASK_SIZE) return false;
	const kind = (dr7 >>> (16 + 4 * i)) & 3;
	const length = (dr7 >>> (18 + 4 * i)) & 3;
	if (kind === RW.IO || length === LEN_8) return false;
	return kind === RW.EXECUTE ? length === 0 : (address & length) === 0;
}

/** user_enable_single_step: TF, which is the tracer's unless the program has set it or its next instruction does. */
export function withStep(d: Decision, task: Tracee): { readonly trace: Tracing; readonly eflags: number } {
	const { trace } = task;
	const { eflags, eip } = regsOf(d, task);
	// One step after another: TF that popf has taken away counts as the program's (TIF_SINGLESTEP is still set).
	const own = loadsFlags(d, task, eip) || ((trace.step || (eflags & EFLAGS_TF) !== 0) && !trace.forcedTf);
	return { trace: { ...trace, step: true, forcedTf: !own }, eflags: (eflags | EFLAGS_TF) >>> 0 };
}

/** is_setting_trap_flag. */
function loadsFlags(d: Decision, task: Tracee, eip: number): boolean {
	const mm = d.state.mms[task.mm];
	for (let i = 0; i < 15; i++) {
		const byte = d.read((eip + i) >>> 0, 1, mm)?.[0];
		if (byte === undefined) return false;
		if (!PREFIXES.includes(byte)) return LOADS_FLAGS.includes(byte);
	}
	return false;
}

/** A set of registers: bytes of an element and of the whole, how it is read, how it is set (0 or -errno). */
export interface RegisterSet {
	readonly element: number;
	readonly bytes: number;
	readonly get: (d: Decision, task: Tracee) => Uint8Array;
	readonly set: (d: Decision, task: Tracee, bytes: Uint8Array) => number;
}

function getWords(d: Decision, task: Tracee): Uint8Array {
	const bytes = new Uint8Array(REGS_BYTES);
	const words = WORDS.map((_, i) => word(d, task, i));
	setWords(viewOf(bytes), 0, words);
	return bytes;
}

function setRegs(d: Decision, task: Tracee, bytes: Uint8Array): number {
	const view = viewOf(bytes);
	for (let i = 0; 4 * i < bytes.length; i++) {
		const now = d.state.tasks[task.pid] as Tracee;
		const result = setWord(d, now, i, view.getUint32(4 * i, true));
		if (result !== 0) return result;
	}
	return 0;
}

const hasFxsr = (d: Decision): boolean => d.state.persona.cpuid.some(([leaf, , , , , edx]) => leaf === 1 && (edx & FXSR) !== 0);

function setFx(d: Decision, task: Tracee, fx: Uint8Array): number {
	d.emit({ kind: 'task/set', task: task.pid, fields: {}, regs: { fx, fpuUsed: true } });
	return 0;
}

/** What is set over what is there: a shorter write leaves the rest. */
function over(bytes: Uint8Array, base: Uint8Array): Uint8Array {
	const whole = base.slice();
	whole.set(bytes);
	return whole;
}

const getFsave = (d: Decision, task: Tracee) => encodeFsave(regsOf(d, task).fx, hasFxsr(d)).subarray(0, FSAVE_READ);

function setFsave(d: Decision, task: Tracee, bytes: Uint8Array): number {
	const legacy = over(bytes, over(getFsave(d, task), new Uint8Array(FSAVE_BYTES)));
	return setFx(d, task, decodeFsave(legacy, regsOf(d, task).fx));
}

/** xfpregs_set: as FXRSTOR would load it; MXCSR bits that there are not are refused, what software may use is not kept. */
function setFxsave(d: Decision, task: Tracee, bytes: Uint8Array): number {
	const { fx } = regsOf(d, task);
	const image = over(bytes, fx);
	const view = viewOf(image);
	if (view.getUint32(24, true) & ~MXCSR_MASK) return -Errno.EINVAL;
	image.set(fx.subarray(28, 32), 28);
	image.fill(0, 464);
	return setFx(d, task, image);
}

function getTls(_d: Decision, { tls }: Tracee): Uint8Array {
	const bytes = new Uint8Array(TLS_ENTRIES * USER_DESC);
	for (let i = 0; i < TLS_ENTRIES; i++) bytes.set(unpackDescriptor(TLS_MIN + i, tls[i] ?? { a: 0, b: 0 }), i * USER_DESC);
	return bytes;
}

function setTlsSet(d: Decision, task: Tracee, bytes: Uint8Array): number {
	for (let i = 0; i * USER_DESC < bytes.length; i++) {
		const result = setTls(d, task.pid, TLS_MIN + i, bytes.subarray(i * USER_DESC, (i + 1) * USER_DESC));
		if (result !== 0) return result;
	}
	return 0;
}

/** Register sets by their note type; undefined = the task has no such set. */
export function registerSet(d: Decision, type: number): RegisterSet | undefined {
	switch (type) {
		case NT.PRSTATUS:
			return { element: 4, bytes: REGS_BYTES, get: getWords, set: setRegs };
		case NT.PRFPREG:
			return { element: 4, bytes: FSAVE_READ, get: getFsave, set: setFsave };
		case NT.PRXFPREG: {
			const get = (_: Decision, task: Tracee) => regsOf(d, task).fx.slice();
			return hasFxsr(d) ? { element: 4, bytes: FX_BYTES, get, set: setFxsave } : undefined;
		}
		case NT.I386_TLS:
			return { element: USER_DESC, bytes: TLS_ENTRIES * USER_DESC, get: getTls, set: setTlsSet };
		default:
			return undefined;
	}
}
