/**
 * Signals of i386 Linux: numbers, sets, flags, codes, and the structs of the signal calls
 * (include/uapi/asm/signal.h, asm-generic/siginfo.h, kernel/signal.c). No behaviour: that is kernel/signals.ts.
 */
import type { AltStack, SigAction, SigSet } from '../../events/entities.ts';
import type { Name } from './names.ts';
import { setWords, viewOf } from './words.ts';

/** Signals by name; 32..64 are the real-time ones. */
export const Sig = {
	SIGHUP: 1,
	SIGINT: 2,
	SIGQUIT: 3,
	SIGILL: 4,
	SIGTRAP: 5,
	SIGABRT: 6,
	SIGBUS: 7,
	SIGFPE: 8,
	SIGKILL: 9,
	SIGUSR1: 10,
	SIGSEGV: 11,
	SIGUSR2: 12,
	SIGPIPE: 13,
	SIGALRM: 14,
	SIGTERM: 15,
	SIGSTKFLT: 16,
	SIGCHLD: 17,
	SIGCONT: 18,
	SIGSTOP: 19,
	SIGTSTP: 20,
	SIGTTIN: 21,
	SIGTTOU: 22,
	SIGURG: 23,
	SIGXCPU: 24,
	SIGXFSZ: 25,
	SIGVTALRM: 26,
	SIGPROF: 27,
	SIGWINCH: 28,
	SIGIO: 29,
	SIGPWR: 30,
	SIGSYS: 31,
} as const;

/** Highest signal number. */
export const NSIG = 64;
/** First real-time signal of the kernel: from here on signals queue. */
export const SIGRTMIN = 32;

/** The set that holds one signal. */
export function sigmask(signo: number): SigSet {
	return 1n << BigInt(signo - 1);
}

/** The set of the given signals. */
export function sigset(...signals: readonly number[]): SigSet {
	return signals.reduce((set, s) => set | sigmask(s), 0n);
}

export function hasSignal(set: SigSet, signo: number): boolean {
	return ((set >> BigInt(signo - 1)) & 1n) === 1n;
}

/** Neither blocked nor caught, ever. */
export const UNBLOCKABLE: SigSet = sigset(Sig.SIGKILL, Sig.SIGSTOP);
/** Taken before all others (SYNCHRONOUS_MASK). */
export const SYNCHRONOUS: SigSet = sigset(Sig.SIGSEGV, Sig.SIGBUS, Sig.SIGILL, Sig.SIGTRAP, Sig.SIGFPE, Sig.SIGSYS);
/** Default action: stop (SIG_KERNEL_STOP_MASK). */
export const STOP_SIGNALS: SigSet = sigset(Sig.SIGSTOP, Sig.SIGTSTP, Sig.SIGTTIN, Sig.SIGTTOU);
/** Default action: nothing (SIG_KERNEL_IGNORE_MASK). */
export const IGNORED_SIGNALS: SigSet = sigset(Sig.SIGCONT, Sig.SIGCHLD, Sig.SIGWINCH, Sig.SIGURG);
/** Default action: terminate with a core (SIG_KERNEL_COREDUMP_MASK). */
export const CORE_SIGNALS: SigSet = sigset(
	Sig.SIGQUIT,
	Sig.SIGILL,
	Sig.SIGTRAP,
	Sig.SIGABRT,
	Sig.SIGFPE,
	Sig.SIGSEGV,
	Sig.SIGBUS,
	Sig.SIGSYS,
	Sig.SIGXCPU,
	Sig.SIGXFSZ,
);

export const SIG_DFL = 0;
export const SIG_IGN = 1;

/** sa_flags. */
export const Sa = {
	NOCLDSTOP: 0x1,
	NOCLDWAIT: 0x2,
	SIGINFO: 0x4,
	EXPOSE_TAGBITS: 0x800,
	RESTORER: 0x04000000,
	ONSTACK: 0x08000000,
	RESTART: 0x10000000,
	NODEFER: 0x40000000,
	RESETHAND: 0x80000000,
} as const;

/** Flags that sigaction(2) keeps; it clears the others (UAPI_SA_FLAGS). */
export const SA_KEPT = Object.values(Sa).reduce((all, f) => all | f, 0) >>> 0;

/** si_code: where a signal comes from. Positive codes below SI_KERNEL belong to the signal. */
export const Code = {
	SI_USER: 0,
	SI_KERNEL: 0x80,
	SI_QUEUE: -1,
	SI_TIMER: -2,
	SI_SIGIO: -5,
	SI_TKILL: -6,
	ILL_ILLOPN: 2,
	ILL_BADSTK: 8,
	FPE_INTDIV: 1,
	FPE_FLTDIV: 3,
	FPE_FLTOVF: 4,
	FPE_FLTUND: 5,
	FPE_FLTRES: 6,
	FPE_FLTINV: 7,
	SEGV_MAPERR: 1,
	SEGV_ACCERR: 2,
	BUS_ADRALN: 1,
	BUS_ADRERR: 2,
	TRAP_BRKPT: 1,
	TRAP_TRACE: 2,
	TRAP_HWBKPT: 4,
	CLD_EXITED: 1,
	CLD_KILLED: 2,
	CLD_DUMPED: 3,
	CLD_TRAPPED: 4,
	CLD_STOPPED: 5,
	CLD_CONTINUED: 6,
} as const;

/** ss_flags of sigaltstack(2). */
export const Ss = { ONSTACK: 1, DISABLE: 2, AUTODISARM: 0x80000000 } as const;
/** Smallest alternate stack (MINSIGSTKSZ), bytes. */
export const MINSIGSTKSZ = 2048;
export const NO_ALTSTACK: AltStack = { sp: 0, size: 0, flags: Ss.DISABLE };

/** `how` of sigprocmask(2). */
export const How = { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 } as const;

/** A signal's name as strace shows it: SIGTERM, SIGRTMIN, SIGRT_1. */
export function signalName(signo: number): string {
	if (signo === SIGRTMIN) return 'SIGRTMIN';
	if (signo > SIGRTMIN && signo <= NSIG) return `SIGRT_${signo - SIGRTMIN}`;
	return Object.entries(Sig).find(([, n]) => n === signo)?.[0] ?? String(signo);
}

/** Tables of names for the argument kinds `flags:` and `enum:`. */
export const SIGNAL_FLAGS: { readonly [table: string]: readonly Name[] } = {
	sa: Object.entries(Sa).map(([name, bits]) => [bits, `SA_${name}`] as const),
	ss: Object.entries(Ss).map(([name, bits]) => [bits, `SS_${name}`] as const),
};
export const SIGNAL_ENUMS: { readonly [table: string]: readonly Name[] } = {
	sigprocmask: Object.entries(How).map(([name, n]) => [n, name] as const),
	handler: [
		[SIG_DFL, 'SIG_DFL'],
		[SIG_IGN, 'SIG_IGN'],
	],
};

/** sigset_t from its 8 bytes (or an old one's 4). */
export function decodeSigset(bytes: Uint8Array): SigSet {
	const view = viewOf(bytes);
	return bytes.length >= 8 ? view.getBigUint64(0, true) : BigInt(view.getUint32(0, true));
}

/** sigset_t as 8 bytes. */
export function encodeSigset(set: SigSet): Uint8Array {
	const out = new Uint8Array(8);
	viewOf(out).setBigUint64(0, set, true);
	return out;
}

/** Bytes of struct sigaction (rt_sigaction): handler, flags, restorer, 64-bit mask. */
export const SIGACTION_BYTES = 20;

export function decodeSigaction(bytes: Uint8Array): SigAction {
	const view = viewOf(bytes);
	const word = (at: number): number => view.getUint32(at, true);
	return { handler: word(0), flags: word(4), restorer: word(8), mask: view.getBigUint64(12, true) };
}

export function encodeSigaction(a: SigAction): Uint8Array {
	const out = new Uint8Array(SIGACTION_BYTES);
	const view = viewOf(out);
	setWords(view, 0, [a.handler, a.flags, a.restorer]);
	view.setBigUint64(12, a.mask, true);
	return out;
}

/** Bytes of struct old_sigaction (sigaction): handler, 32-bit mask, flags, restorer. */
export const OLD_SIGACTION_BYTES = 16;

export function decodeOldSigaction(bytes: Uint8Array): SigAction {
	const view = viewOf(bytes);
	const word = (at: number): number => view.getUint32(at, true);
	return { handler: word(0), mask: BigInt(word(4)), flags: word(8), restorer: word(12) };
}

export function encodeOldSigaction(a: SigAction): Uint8Array {
	const out = new Uint8Array(OLD_SIGACTION_BYTES);
	const view = viewOf(out);
	setWords(view, 0, [a.handler, Number(a.mask & 0xffffffffn), a.flags, a.restorer]);
	return out;
}

/** Bytes of stack_t: ss_sp, ss_flags, ss_size. */
export const STACK_BYTES = 12;

export function decodeStack(bytes: Uint8Array): AltStack {
	const view = viewOf(bytes);
	return { sp: view.getUint32(0, true), flags: view.getUint32(4, true), size: view.getUint32(8, true) };
}

export function encodeStack(s: AltStack): Uint8Array {
	const out = new Uint8Array(STACK_BYTES);
	const view = viewOf(out);
	setWords(view, 0, [s.sp, s.flags, s.size]);
	return out;
}
