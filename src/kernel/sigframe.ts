/**
 * Signal frames on the user's stack: built when a handler is entered, taken back by sigreturn
 * (arch/x86/kernel/signal.c get_sigframe, __setup_frame, __setup_rt_frame, sys_sigreturn of Linux 6.1 for i386).
 */
import type { CpuState } from '../events/cpu.ts';
import { Vector } from '../events/cpu.ts';
import type { AltStack, SigAction, SigInfo, SigSet } from '../events/entities.ts';
import {
	decodeFsave,
	decodeFxsave,
	decodeSigcontext,
	EFLAGS_DF,
	EFLAGS_RF,
	EFLAGS_TF,
	encodeFsave,
	encodeFxsave,
	encodeSigcontext,
	FSAVE_BYTES,
	FSAVE_READ,
	resetFx,
	SIGCONTEXT_BYTES,
} from './abi/sigcontext.ts';
import { encodeSiginfo, siginfo } from './abi/siginfo.ts';
import { Code, decodeSigset, decodeStack, encodeSigset, encodeStack, Sa, Sig, STACK_BYTES } from './abi/signal.ts';
import { setWords, viewOf } from './abi/words.ts';
import { altStackFlags, changedAltStack, onAltStack, within } from './altstack.ts';
import type { Decision } from './decision.ts';
import { canLoad } from './selectors.ts';
import { kernelInfo, setBlocked } from './signal-queue.ts';
import { forceSignal } from './signal-send.ts';
import { VDSO_SYMBOLS } from './vdso.ts';

/** struct sigframe_ia32: pretcode, sig, sigcontext, 624 unused bytes, extramask, retcode. */
const Frame = { SC: 8, EXTRAMASK: 8 + SIGCONTEXT_BYTES + 624, RETCODE: 724, BYTES: 732 } as const;
/** struct rt_sigframe_ia32: pretcode, sig, pinfo, puc, siginfo, ucontext (flags, link, stack, sigcontext, sigmask), retcode. */
const RtFrame = { INFO: 16, UC: 144, STACK: 152, SC: 164, SIGMASK: 252, RETCODE: 260, BYTES: 268 } as const;

/** popl %eax; movl $119,%eax; int $0x80: never run today, but debuggers know a frame by it. */
const RETCODE = [0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80];
/** movl $173,%eax; int $0x80; one byte of padding. */
const RT_RETCODE = [0xb8, 0xad, 0, 0, 0, 0xcd, 0x80, 0];

/** CPUID leaf 1 edx bit 24. */
const FXSR = 1 << 24;

function hasFxsr(d: Decision): boolean {
	const leaf = d.persona.cpuid.find((l) => l[0] === 1);
	return leaf !== undefined && (leaf[5] & FXSR) !== 0;
}

/**
 * Where frame and floating-point state go. The state is 64-byte aligned (with FXSR: its FXSAVE image is), the frame such
 * that the handler finds its stack as after a call from an aligned one. Null: it would overflow the alternate stack.
 */
function place(
	d: Decision,
	action: SigAction,
	size: number,
	fxsr: boolean,
): { readonly frame: number; readonly fpstate: number } | null {
	const { altstack } = d.task;
	const { esp, ss } = d.regs;
	const nested = onAltStack(altstack, esp);
	let sp = esp;
	let entering = false;
	if (action.flags & Sa.ONSTACK) {
		if (altStackFlags(altstack, sp) === 0) {
			sp = altstack.sp + altstack.size;
			entering = true;
		}
	} else if (!nested && ss !== d.persona.userDs && !(action.flags & Sa.RESTORER) && action.restorer !== 0) {
		// What programs on a stack segment of their own did before sigaltstack: the restorer is a stack.
		sp = action.restorer;
		entering = true;
	}
	sp >>>= 0;
	const area = fxsr ? 512 : FSAVE_BYTES;
	let fpstate = sp - area;
	fpstate -= ((fpstate % 64) + 64) % 64;
	if (fxsr) fpstate -= FSAVE_BYTES;
	fpstate >>>= 0;
	const frame = ((((fpstate - size + 4) & -16) >>> 0) - 4) >>> 0;
	if ((nested || entering) && !within(altstack, frame)) return null;
	return { frame, fpstate };
}

/** R/W field of DR7 that says a breakpoint is for execution. */
const EXECUTE = 0;

/**
 * Whether the decision answers a fault that the processor pushes with RF set (all but the traps #BP, #OF, #DB). A fault #DB,
 * of an instruction breakpoint, has RF from the kernel, so that the way back does not end there again (hw_breakpoint_handler).
 */
function answersFault(d: Decision): boolean {
	for (let i = d.events.length - 1; i >= 0; i--) {
		const e = d.events[i];
		if (e.kind === 'signal/deliver') return false;
		if (e.kind !== 'cpu/fault') continue;
		if (e.vector !== Vector.DB) return e.vector !== Vector.BP && e.vector !== Vector.OF;
		const dr7 = d.regs.debugreg[7];
		return [0, 1, 2, 3].some((n) => e.error & (1 << n) && ((dr7 >>> (16 + 4 * n)) & 3) === EXECUTE);
	}
	return false;
}

/** Where the handler returns to: SA_RESTORER's function, else the vDSO's trampoline, else the code in the frame. */
function restorer(d: Decision, action: SigAction, trampoline: number, retcode: number): number {
	if (action.flags & Sa.RESTORER) return action.restorer;
	const { vdso } = d.mm;
	return vdso !== 0 ? vdso + trampoline : retcode;
}

/**
 * Writes the frame of a handler. Returns its address and the registers the handler starts with, or null (some of it may
 * have been written) when there is no room.
 * @param mask the signal mask to come back to
 */
export function buildFrame(
	d: Decision,
	info: SigInfo,
	action: SigAction,
	mask: SigSet,
): { readonly frame: number; readonly regs: Partial<CpuState> } | null {
	const rt = (action.flags & Sa.SIGINFO) !== 0;
	const fxsr = hasFxsr(d);
	const at = place(d, action, rt ? RtFrame.BYTES : Frame.BYTES, fxsr);
	if (at === null) return null;
	const { frame, fpstate } = at;
	const regs = answersFault(d) ? { ...d.regs, eflags: (d.regs.eflags | EFLAGS_RF) >>> 0 } : d.regs;
	// Linux saves the floating-point state of every task, whether or not it ever used it.
	if (!d.write(fpstate, encodeFsave(regs.fx, fxsr))) return null;
	if (fxsr && !d.write(fpstate + FSAVE_BYTES, encodeFxsave(regs.fx))) return null;
	const sc = encodeSigcontext(regs, { trap: d.task.trap, fpstate, oldmask: Number(mask & 0xffffffffn) });
	const written = rt ? writeRtFrame(d, frame, info, action, mask, sc) : writeFrame(d, frame, info, action, mask, sc);
	if (!written) return null;
	const { userCs, userDs } = d.persona;
	return {
		frame,
		regs: {
			esp: frame,
			eip: action.handler,
			eax: info.signo,
			edx: rt ? frame + RtFrame.INFO : 0,
			ecx: rt ? frame + RtFrame.UC : 0,
			eflags: (regs.eflags & ~(EFLAGS_DF | EFLAGS_RF | EFLAGS_TF)) >>> 0,
			cs: userCs,
			ds: userDs,
			es: userDs,
			ss: userDs,
			fx: resetFx(regs.fx, fxsr),
		},
	};
}

function writeFrame(d: Decision, frame: number, info: SigInfo, action: SigAction, mask: SigSet, sc: Uint8Array): boolean {
	const head = new Uint8Array(Frame.SC + SIGCONTEXT_BYTES);
	const view = viewOf(head);
	view.setUint32(0, restorer(d, action, VDSO_SYMBOLS.__kernel_sigreturn, frame + Frame.RETCODE), true);
	view.setUint32(4, info.signo, true);
	head.set(sc, Frame.SC);
	// The 624 bytes between (room for an old floating-point state) keep what the stack had there.
	const tail = new Uint8Array(Frame.BYTES - Frame.EXTRAMASK);
	tail.set(encodeSigset(mask).subarray(4), 0);
	tail.set(RETCODE, Frame.RETCODE - Frame.EXTRAMASK);
	return d.write(frame, head) && d.write(frame + Frame.EXTRAMASK, tail);
}

function writeRtFrame(d: Decision, frame: number, info: SigInfo, action: SigAction, mask: SigSet, sc: Uint8Array): boolean {
	const bytes = new Uint8Array(RtFrame.BYTES);
	const view = viewOf(bytes);
	const pretcode = restorer(d, action, VDSO_SYMBOLS.__kernel_rt_sigreturn, frame + RtFrame.RETCODE);
	setWords(view, 0, [pretcode, info.signo, frame + RtFrame.INFO, frame + RtFrame.UC]);
	bytes.set(encodeSiginfo(info), RtFrame.INFO);
	// uc_flags and uc_link are 0: UC_FP_XSTATE is for processors with XSAVE.
	bytes.set(encodeStack(d.task.altstack), RtFrame.STACK);
	bytes.set(sc, RtFrame.SC);
	bytes.set(encodeSigset(mask), RtFrame.SIGMASK);
	bytes.set(RT_RETCODE, RtFrame.RETCODE);
	return d.write(frame, bytes);
}

/** sigreturn: esp is behind pretcode and the popped signal number. */
export function returnFromFrame(d: Decision): void {
	const frame = (d.regs.esp - 8) >>> 0;
	const sc = d.read(frame + Frame.SC, SIGCONTEXT_BYTES);
	const extra = d.read(frame + Frame.EXTRAMASK, 4);
	if (sc === undefined || extra === undefined) {
		badFrame(d);
		return;
	}
	const mask = new Uint8Array(8);
	mask.set(sc.subarray(80, 84), 0);
	mask.set(extra, 4);
	restore(d, sc, decodeSigset(mask), null);
}

/** rt_sigreturn: esp is behind pretcode. */
export function returnFromRtFrame(d: Decision): void {
	const frame = (d.regs.esp - 4) >>> 0;
	const bytes = d.read(frame, RtFrame.BYTES);
	if (bytes === undefined) {
		badFrame(d);
		return;
	}
	const sc = bytes.subarray(RtFrame.SC, RtFrame.SC + SIGCONTEXT_BYTES);
	const stack = decodeStack(bytes.subarray(RtFrame.STACK, RtFrame.STACK + STACK_BYTES));
	restore(d, sc, decodeSigset(bytes.subarray(RtFrame.SIGMASK, RtFrame.SIGMASK + 8)), stack);
}

/** The frame cannot be read: nothing comes back but SIGSEGV; eax is the 0 that sigreturn returned. */
function badFrame(d: Decision): void {
	const { blocked, altstack } = d.task;
	d.emit({ kind: 'signal/return', task: d.pid, blocked, altstack, regs: { eax: 0 } });
	forceSignal(d, kernelInfo(Sig.SIGSEGV));
}

function restore(d: Decision, sc: Uint8Array, mask: SigSet, stack: AltStack | null): void {
	setBlocked(d, mask);
	const { task, mm } = d;
	const { fpstate, ...decoded } = decodeSigcontext(sc, d.regs.eflags);
	const regs: { -readonly [K in keyof CpuState]?: CpuState[K] } = decoded.regs;
	const fx = readFx(d, fpstate);
	const sel = (selector: number | undefined, use: 'data' | 'stack' | 'code'): boolean =>
		canLoad(selector ?? 0, use, d.persona, task.tls, mm.ldt);
	// Selectors that cannot be loaded become 0 on the way out.
	for (const name of ['ds', 'es', 'fs', 'gs'] as const) if (!sel(regs[name], 'data')) regs[name] = 0;
	const altstack = stack === null ? task.altstack : (changedAltStack(task.altstack, stack, regs.esp ?? 0) ?? task.altstack);
	d.emit({
		kind: 'signal/return',
		task: d.pid,
		blocked: task.blocked,
		altstack,
		regs: {
			...regs,
			...(fx === null ? { eax: 0, fx: resetFx(d.regs.fx, hasFxsr(d)) } : { fx, fpuUsed: d.regs.fpuUsed || fx !== d.regs.fx }),
		},
	});
	if (fx === null) {
		forceSignal(d, kernelInfo(Sig.SIGSEGV));
	} else if (!sel(regs.cs, 'code') || !sel(regs.ss, 'stack')) {
		// The return to user mode itself faults (exc "iret exception", trap 32).
		d.emit({ kind: 'task/set', task: d.pid, fields: { trap: { ...task.trap, number: 32, error: 0 } } });
		forceSignal(d, siginfo({ signo: Sig.SIGILL, code: Code.ILL_BADSTK }));
	}
}

/** The floating-point registers a frame brings back; null when they cannot be read. Address 0: the initial ones. */
function readFx(d: Decision, fpstate: number): Uint8Array | null {
	const { fx } = d.regs;
	const fxsr = hasFxsr(d);
	if (fpstate === 0) return resetFx(fx, fxsr);
	const legacy = d.read(fpstate, fxsr ? FSAVE_BYTES : FSAVE_READ);
	if (legacy === undefined) return null;
	let base = fx;
	if (fxsr) {
		const image = d.read(fpstate + FSAVE_BYTES, 512);
		if (image === undefined) return null;
		base = decodeFxsave(image, fx);
	}
	const restored = decodeFsave(legacy, base);
	return restored.every((b, i) => b === fx[i]) ? fx : restored;
}
