/**
 * siginfo_t of i386: which of its fields a signal's code uses, and its 128 bytes
 * (kernel/signal.c siginfo_layout, include/uapi/asm-generic/siginfo.h).
 */
import type { SigInfo } from '../../events/entities.ts';
import { Code, Sig } from './signal.ts';
import { setWords, viewOf } from './words.ts';

/** Bytes of siginfo_t in user memory, and how many of them the kernel keeps. The rest is zero. */
export const SIGINFO_BYTES = 128;
const KEPT_WORDS = 12;

/** Member of the union that holds the fields. */
export type SigInfoLayout = 'kill' | 'timer' | 'poll' | 'fault' | 'child' | 'rt' | 'sys';

/** Signals with codes of their own: the highest one, and the member they use (sig_sicodes). */
const OWN_CODES: { readonly [signo: number]: readonly [limit: number, layout: SigInfoLayout] } = {
	[Sig.SIGILL]: [11, 'fault'],
	[Sig.SIGFPE]: [15, 'fault'],
	[Sig.SIGSEGV]: [9, 'fault'],
	[Sig.SIGBUS]: [5, 'fault'],
	[Sig.SIGTRAP]: [6, 'fault'],
	[Sig.SIGCHLD]: [6, 'child'],
	[Sig.SIGIO]: [6, 'poll'],
	[Sig.SIGSYS]: [2, 'sys'],
};
/** Codes up to this one are poll's for any signal without codes of its own (F_SETSIG). */
const NSIGPOLL = 6;

export function siginfoLayout(signo: number, code: number): SigInfoLayout {
	if (code > Code.SI_USER && code < Code.SI_KERNEL) {
		const own = OWN_CODES[signo];
		if (own !== undefined && code <= own[0]) return own[1];
		return code <= NSIGPOLL ? 'poll' : 'kill';
	}
	if (code === Code.SI_TIMER) return 'timer';
	if (code === Code.SI_SIGIO) return 'poll';
	return code < 0 ? 'rt' : 'kill';
}

/** A siginfo with all fields 0 but those given. */
export function siginfo(fields: Partial<SigInfo> & Pick<SigInfo, 'signo' | 'code'>): SigInfo {
	return { errno: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false, ...fields };
}

/**
 * The union's words from offset 12. `extra` holds what follows the fields that have a name: for `kill` and `rt` after
 * si_value; for `child` from si_status; `timer` tid and overrun before si_value; `poll` all; `fault` after si_addr.
 */
function unionWords(info: SigInfo): readonly number[] {
	const { pid, uid, value, address, extra } = info;
	switch (siginfoLayout(info.signo, info.code)) {
		case 'kill':
		case 'rt':
			return [pid, uid, value, ...extra];
		case 'child':
			return [pid, uid, ...extra];
		case 'timer':
			return [extra[0] ?? 0, extra[1] ?? 0, value, ...extra.slice(2)];
		case 'poll':
			return extra;
		case 'fault':
		case 'sys':
			return [address, ...extra];
	}
}

/** siginfo_t as copy_siginfo_to_user writes it: 128 bytes. */
export function encodeSiginfo(info: SigInfo): Uint8Array {
	const out = new Uint8Array(SIGINFO_BYTES);
	setWords(viewOf(out), 0, [info.signo, info.errno, info.code, ...unionWords(info)].slice(0, KEPT_WORDS));
	return out;
}

/** What rt_sigqueueinfo takes from 128 user bytes; the signal's number is the call's. */
export function decodeSiginfo(bytes: Uint8Array, signo: number): SigInfo {
	const view = viewOf(bytes);
	const code = view.getInt32(8, true);
	const words: number[] = [];
	for (let at = 12; at < 4 * KEPT_WORDS; at += 4) words.push(view.getUint32(at, true));
	const rest = (from: number): number[] => {
		let end = words.length;
		while (end > from && words[end - 1] === 0) end--;
		return words.slice(from, end);
	};
	const base = { signo, code, errno: view.getInt32(4, true) };
	switch (siginfoLayout(signo, code)) {
		case 'kill':
		case 'rt':
			return siginfo({ ...base, pid: words[0] | 0, uid: words[1], value: words[2] | 0, extra: rest(3) });
		case 'child':
			return siginfo({ ...base, pid: words[0] | 0, uid: words[1], extra: rest(2) });
		case 'timer':
			return siginfo({ ...base, value: words[2] | 0, extra: [words[0], words[1], ...rest(3)] });
		case 'poll':
			return siginfo({ ...base, extra: rest(0) });
		case 'fault':
		case 'sys':
			return siginfo({ ...base, address: words[0], extra: rest(1) });
	}
}
