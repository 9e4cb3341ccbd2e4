/**
 * The row of a system call: declared once, it drives dispatch, `strace` and the table of supported calls.
 * A file of calls exports its rows; `syscalls.ts` joins them.
 */
import type { Wait } from '../reducers/state.ts';
import type { Decision, Outcome } from './decision.ts';

/**
 * How an argument is shown. Plain: a number. `…-out` kinds are read when the call has returned.
 * `path`/`str`: NUL-terminated. `buf`: bytes, their length in the next argument; `buf-out`: length is the result.
 * `flags:NAME` and `enum:NAME` use a table of names in abi/names.ts; `struct:NAME[-out]` a struct of abi/structs.ts.
 */
export type ArgKind =
	| 'fd'
	| 'dirfd'
	| 'int'
	| 'uint'
	| 'long'
	| 'ulong'
	| 'hex'
	| 'addr'
	| 'size'
	| 'off'
	| 'mode'
	| 'pid'
	| 'uid'
	| 'signal'
	| 'path'
	| 'str'
	| 'str-out'
	| 'argv'
	| 'envp'
	| 'buf'
	| 'buf-out'
	| 'iovec'
	| 'iovec-out'
	| 'sigset'
	| 'sigset-out'
	| 'fds'
	| 'int-out'
	| 'status-out'
	| 'fdpair-out'
	| 'time-out'
	| `flags:${string}`
	| `enum:${string}`
	| `struct:${string}`;

/** Why a blocked call is looked at again. */
export interface Resume {
	readonly reason: 'ready' | 'timeout' | 'signal';
	readonly wait: Wait;
}

/**
 * Decides a call. `args` are the six argument registers as u32. `resume` is null at entry; after a Block it says why the
 * wait is over. For reason `signal` the result is by default `wait.restart`: only rows with `onSignal` are asked.
 */
export type Handler = (d: Decision, args: readonly number[], resume: Resume | null) => Outcome;

export interface SyscallRow {
	/** Number in the i386 table (arch/x86/entry/syscalls/syscall_32.tbl). */
	readonly nr: number;
	readonly name: string;
	readonly args: readonly ArgKind[];
	/** How the result is shown. */
	readonly result?: 'int' | 'addr' | 'fd' | 'hex';
	/** `full`, `partial` (the note says what is missing), or `none`: an explicit `unsupported` event and -ENOSYS. */
	readonly support: 'full' | 'partial' | 'none';
	readonly note?: string;
	readonly handler: Handler;
	/** Whether the handler is called with reason `signal` before the signal is delivered. */
	readonly onSignal?: true;
}
