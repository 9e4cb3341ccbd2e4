/** Exceptions become signals (arch/x86/kernel/traps.c, arch/x86/mm/fault.c of Linux 6.1 for i386). */
import type { CpuState, Fault } from '../events/cpu.ts';
import { Vector } from '../events/cpu.ts';
import { Dr6 } from '../events/debug.ts';
import type { SigInfo } from '../events/entities.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { RegisterPatch } from '../events/task.ts';
import { vmaAt } from '../reducers/address-space.ts';
import { Vm } from '../reducers/state.ts';
import { siginfo } from './abi/siginfo.ts';
import { Code, Sig } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { TASK_SIZE } from './elf.ts';
import { kernelInfo } from './signal-queue.ts';
import { forceSignal } from './signal-send.ts';

/** Page-fault error code: the page is there but may not be accessed so. */
const PF_PROT = 1;
const PF_USER = 4;

/** Status and MXCSR flags in the order in which the kernel looks for the cause (fpu__exception_code). */
const FLOAT_CAUSES: readonly (readonly [flags: number, code: number])[] = [
	[0x01, Code.FPE_FLTINV],
	[0x04, Code.FPE_FLTDIV],
	[0x08, Code.FPE_FLTOVF],
	[0x12, Code.FPE_FLTUND],
	[0x20, Code.FPE_FLTRES],
];

/** What a fault is to its task: the signal, and what thread.trap_nr, error_code and cr2 become. */
interface Answer {
	readonly info: SigInfo;
	readonly error: number;
	/** Undefined: as it was. */
	readonly cr2?: number;
}

/**
 * Answers a fault that nothing mends: `cpu/fault`, the trap number, error code and cr2 for the frame, a forced signal.
 * An x87 or SSE exception without a cause emits no signal: the instruction is tried again, as Linux does.
 */
export function forceFault(d: Decision, fault: Fault): void {
	const { vector, error, address, bus } = fault;
	// #XM: what the instruction met stands in MXCSR though it has not happened
	const changed = fault.mxcsr ? { regs: { fx: withMxcsr(d.regs.fx, fault.mxcsr) } } : {};
	d.emit({ kind: 'cpu/fault', task: d.pid, vector, error, address, eip: d.regs.eip, bus, ...changed });
	const answer = answerTo(d, fault);
	const trap = { number: vector, error: answer.error, cr2: answer.cr2 ?? d.task.trap.cr2 };
	d.emit({ kind: 'task/set', task: d.pid, fields: { trap }, ...(vector === Vector.DB ? debugStatus(d, error) : {}) });
	if (answer.info.signo !== 0) forceSignal(d, answer.info);
}

/** What the kernel keeps of DR6 (thread.virtual_dr6): the causes of the last debug exception. The register itself it clears. */
function debugStatus(d: Decision, dr6: number): { readonly regs?: RegisterPatch } {
	const { debugreg } = d.regs;
	return debugreg[6] === dr6 ? {} : { regs: { debugreg: debugreg.map((value, i) => (i === 6 ? dr6 : value)) } };
}

/** si_code of a debug exception (get_si_code). */
function debugCode(dr6: number): number {
	if (dr6 & Dr6.BS) return Code.TRAP_TRACE;
	return dr6 & Dr6.TRAPS ? Code.TRAP_HWBKPT : Code.TRAP_BRKPT;
}

function answerTo(d: Decision, fault: Fault): Answer {
	const { eip } = d.regs;
	const at = (signo: number, code: number, address: number, error = 0): Answer => ({
		info: siginfo({ signo, code, address }),
		error,
	});
	const plain = (signo: number, error = 0): Answer => ({ info: kernelInfo(signo), error });
	switch (fault.vector) {
		case Vector.DE:
			return at(Sig.SIGFPE, Code.FPE_INTDIV, eip);
		case Vector.DB:
			return at(Sig.SIGTRAP, debugCode(fault.error), eip);
		case Vector.BP:
			return plain(Sig.SIGTRAP);
		case Vector.UD:
			return at(Sig.SIGILL, Code.ILL_ILLOPN, eip);
		case Vector.NP:
		case Vector.SS:
			return plain(Sig.SIGBUS, fault.error);
		case Vector.AC:
			return at(Sig.SIGBUS, Code.BUS_ADRALN, 0, fault.error);
		case Vector.PF:
			return pageFault(d, fault);
		case Vector.MF:
			return float(d.regs, x87Cause(d.regs));
		case Vector.XM:
			return float(d.regs, sseCause(d.regs));
		default:
			// #OF, #BR, #GP and what user mode cannot raise: SIGSEGV without a code of its own.
			return plain(Sig.SIGSEGV, fault.error);
	}
}

function pageFault(d: Decision, { address, error, bus }: Fault): Answer {
	const seen = (error & ~PF_PROT) | PF_USER | (!bus && isPresent(d, address) ? PF_PROT : 0);
	if (bus) return { info: siginfo({ signo: Sig.SIGBUS, code: Code.BUS_ADRERR, address }), error: seen, cr2: address };
	const code = vmaAt(d.mm, address) === undefined ? Code.SEGV_MAPERR : Code.SEGV_ACCERR;
	return { info: siginfo({ signo: Sig.SIGSEGV, code, address }), error: seen, cr2: address };
}

/**
 * Whether the page table would have had an entry for the page. Kernel addresses always look so: what is mapped there is not
 * for user eyes. Quirk: an anonymous page that was only read (Linux maps the zero page) counts as absent here, and a file's
 * page as present though nobody may have touched it: reading is not state.
 */
function isPresent(d: Decision, address: number): boolean {
	if (address >= TASK_SIZE) return true;
	const { mm } = d;
	const vma = vmaAt(mm, address);
	// PROT_NONE is an entry without its present bit.
	if (vma === undefined || !(vma.flags & (Vm.READ | Vm.WRITE | Vm.EXEC))) return false;
	const vpn = Math.floor(address / PAGE_SIZE);
	const own = !(vma.flags & Vm.SHARED) && d.objectPage(mm.object, vpn) !== undefined;
	if (own || vma.object === 0) return own;
	const index = vma.pgoff + vpn - vma.start / PAGE_SIZE;
	return d.state.objects[vma.object].kind !== 'shared' || d.objectPage(vma.object, index) !== undefined;
}

/** Flags of the status word whose mask in the control word is clear. */
function x87Cause({ fx }: CpuState): number {
	return fx[2] & ~fx[0];
}

/** Flags of MXCSR whose mask, seven bits above, is clear. */
function sseCause({ fx }: CpuState): number {
	const mxcsr = fx[24] | (fx[25] << 8);
	return mxcsr & ~(mxcsr >> 7);
}

function withMxcsr(image: Uint8Array, flags: number): Uint8Array {
	const fx = image.slice();
	fx[24] |= flags;
	return fx;
}

/** si_addr is the instruction that waited and found the exception, not the one that caused it. */
function float({ eip }: CpuState, cause: number): Answer {
	const code = FLOAT_CAUSES.find(([flags]) => cause & flags)?.[1];
	return {
		info: code === undefined ? siginfo({ signo: 0, code: 0 }) : siginfo({ signo: Sig.SIGFPE, code, address: eip }),
		error: 0,
	};
}
