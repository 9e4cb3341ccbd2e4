/** A signal's siginfo in strace's words. */
import { Errno } from '../../kernel/abi/errno.ts';
import { Sig, signalName } from '../../kernel/abi/signal.ts';

/** What of a siginfo is shown. */
export interface ShownInfo {
	readonly signo: number;
	readonly errno: number;
	readonly code: number;
	readonly pid: number;
	readonly uid: number;
	/** si_value, u32. */
	readonly value: number;
	/** si_addr of faults, u32. */
	readonly address: number;
	/** si_status, si_utime, si_stime of SIGCHLD; timer's id and overrun. */
	readonly extra: readonly number[];
}

const GENERIC: { readonly [code: number]: string } = {
	0: 'SI_USER',
	128: 'SI_KERNEL',
	[-1]: 'SI_QUEUE',
	[-2]: 'SI_TIMER',
	[-3]: 'SI_MESGQ',
	[-4]: 'SI_ASYNCIO',
	[-5]: 'SI_SIGIO',
	[-6]: 'SI_TKILL',
};

/** Codes from 1 on, by signal (include/uapi/asm-generic/siginfo.h). */
const CODES: { readonly [signo: number]: readonly string[] } = {
	[Sig.SIGILL]: ['OPC', 'OPN', 'ADR', 'TRP', 'PRVOPC', 'PRVREG', 'COPROC', 'BADSTK'].map((c) => `ILL_ILL${c}`),
	[Sig.SIGFPE]: ['INTDIV', 'INTOVF', 'FLTDIV', 'FLTOVF', 'FLTUND', 'FLTRES', 'FLTINV', 'FLTSUB'].map((c) => `FPE_${c}`),
	[Sig.SIGSEGV]: ['SEGV_MAPERR', 'SEGV_ACCERR', 'SEGV_BNDERR', 'SEGV_PKUERR'],
	[Sig.SIGBUS]: ['BUS_ADRALN', 'BUS_ADRERR', 'BUS_OBJERR', 'BUS_MCEERR_AR', 'BUS_MCEERR_AO'],
	[Sig.SIGTRAP]: ['TRAP_BRKPT', 'TRAP_TRACE', 'TRAP_BRANCH', 'TRAP_HWBKPT', 'TRAP_UNK', 'TRAP_PERF'],
	[Sig.SIGCHLD]: ['CLD_EXITED', 'CLD_KILLED', 'CLD_DUMPED', 'CLD_TRAPPED', 'CLD_STOPPED', 'CLD_CONTINUED'],
	[Sig.SIGIO]: ['POLL_IN', 'POLL_OUT', 'POLL_MSG', 'POLL_ERR', 'POLL_PRI', 'POLL_HUP'],
	[Sig.SIGSYS]: ['SYS_SECCOMP'],
};

const FAULTS = new Set<number>([Sig.SIGILL, Sig.SIGFPE, Sig.SIGSEGV, Sig.SIGBUS, Sig.SIGTRAP]);
const ERRNO_NAMES = new Map<number, string>(Object.entries(Errno).map(([name, n]) => [n as number, name]));

/** `SEGV_MAPERR`, `SI_USER`, or the number. */
export function codeName(signo: number, code: number): string {
	const own = code > 0 ? CODES[signo]?.[code - 1] : undefined;
	return own ?? GENERIC[code] ?? (code < 0 ? String(code) : `0x${code.toString(16)}`);
}

/** `{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}`. */
export function infoText(info: ShownInfo): string {
	const { signo, errno, code, pid, uid, value, address, extra } = info;
	const words = [`si_signo=${signo === 0 ? '0' : signalName(signo)}`];
	if (errno !== 0) words.push(`si_errno=${ERRNO_NAMES.get(errno) ?? errno}`);
	words.push(`si_code=${codeName(signo, code)}`);
	if (code === -2) {
		words.push(
			`si_timerid=${hex(extra[0] ?? 0)}`,
			`si_overrun=${extra[1] ?? 0}`,
			`si_int=${value | 0}`,
			`si_ptr=${pointer(value)}`,
		);
	} else if (code > 0 && signo === Sig.SIGCHLD) {
		const [status = 0, utime = 0, stime = 0] = extra;
		words.push(`si_pid=${pid}`, `si_uid=${uid}`, `si_status=${code === 1 ? status : signalName(status)}`);
		words.push(`si_utime=${utime}`, `si_stime=${stime}`);
	} else if (code > 0 && FAULTS.has(signo)) {
		words.push(`si_addr=${pointer(address)}`);
	} else {
		if (code <= 0 || pid !== 0 || uid !== 0) words.push(`si_pid=${pid}`, `si_uid=${uid}`);
		const sent = code === 0 || code === -6;
		if (!sent && value !== 0) words.push(`si_int=${value | 0}`, `si_ptr=${pointer(value)}`);
	}
	return `{${words.join(', ')}}`;
}

function hex(n: number): string {
	return n === 0 ? '0' : `0x${(n >>> 0).toString(16)}`;
}

function pointer(n: number): string {
	return n === 0 ? 'NULL' : hex(n);
}
