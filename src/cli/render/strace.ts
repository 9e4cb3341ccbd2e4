/** System calls in strace's format: the arguments of a call, and what follows ` = `. */
import { Errno, errnoMessage } from '../../kernel/abi/errno.ts';
import type { SyscallRow } from '../../kernel/row.ts';
import { type CallContext, type Part, part } from './strace-args.ts';
import { CALLS } from './strace-calls.ts';
import { hex } from './strace-words.ts';

/** The arguments of a call in the order in which strace shows them. */
export function partsOf(row: SyscallRow | undefined, name = row?.name ?? ''): readonly Part[] {
	if (row === undefined) return [0, 1, 2, 3, 4, 5].map((i) => ({ text: ({ args }) => hex(args[i]) }));
	return CALLS[name]?.parts ?? row.args.map(part);
}

const RESTARTS: { readonly [result: number]: string } = {
	[-512]: '? ERESTARTSYS (To be restarted if SA_RESTART is set)',
	[-513]: '? ERESTARTNOINTR (To be restarted)',
	[-514]: '? ERESTARTNOHAND (To be restarted if no handler)',
	[-516]: '? ERESTART_RESTARTBLOCK (Interrupted by signal)',
};
const ERRNO_NAMES = new Map<number, string>(Object.entries(Errno).map(([name, n]) => [n as number, name]));

/** What follows ` = `. @param name of the call, where it is shown as another than its row's */
export function resultText(row: SyscallRow | undefined, c: CallContext, name = row?.name ?? ''): string {
	const result = c.result ?? 0;
	if (RESTARTS[result]) return RESTARTS[result];
	if (result < 0 && result > -4096) return `-1 ${ERRNO_NAMES.get(-result) ?? `E${-result}`} (${errnoMessage(-result)})`;
	const own = row && CALLS[name]?.result?.(c);
	if (own !== undefined) return own;
	if (row?.result === 'addr' || row?.result === 'hex') return hex(result);
	return String(result);
}
