/** Arguments of system calls in strace's format, by the kinds that the calls' rows declare. */
import { ENUM_NAMES, FLAG_NAMES, flagText, type Name } from '../../kernel/abi/names.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import { CONTINUED_STATUS } from '../../kernel/abi/wait.ts';
import type { ArgKind } from '../../kernel/row.ts';
import { cstring, hex, octal, pointer, quote, type ReadMemory, SHOWN, signalSet, view } from './strace-words.ts';
import { handlerText, structText } from './structs.ts';

export interface CallContext {
	/** The six argument registers, u32. */
	readonly args: readonly number[];
	/** The call's result once it has one. */
	readonly result: number | undefined;
	readonly read: ReadMemory;
	/** What the argument was shown as when the call was entered. */
	readonly before?: string | undefined;
}

/** One argument as it is shown. `out`: read when the call has returned. A text of undefined leaves it out. */
export interface Part {
	readonly out?: boolean;
	readonly text: (c: CallContext) => string | undefined;
}

/** The part for argument `index` by its kind. */
export function part(kind: ArgKind, index: number): Part {
	return { out: kind.endsWith('-out'), text: (c) => argText(kind, index, c) };
}

/** Names whose table has a prefix of its own for what it does not know. */
const UNKNOWN: { readonly [table: string]: string } = {
	fcntl: 'F_???',
	clock: 'CLOCK_???',
	itimer: 'ITIMER_???',
	sigprocmask: 'SIG_???',
	seek: 'SEEK_???',
	fadvise: 'POSIX_FADV_???',
	handler: 'SIG_???',
	at: 'AT_???',
	open: 'O_???',
	timer: 'TIMER_???',
	access: '?_OK',
	shm_cmd: 'SHM_???',
	sem_cmd: 'SEM_???',
	msg_cmd: 'MSG_???',
	domain: 'AF_???',
	socket: 'SOCK_???',
	splice: 'SPLICE_F_???',
	socket_bits: 'SOCK_???',
	sockopt: 'SO_???',
	shutdown: 'SHUT_???',
};

function unknown(table: string): string {
	return ` /* ${UNKNOWN[table] ?? `${table.toUpperCase()}_???`} */`;
}

/** An enumerated value: its name, else hex and what family it should be of. */
export function enumText(table: string, value: number): string {
	const name = (ENUM_NAMES[table] ?? []).find(([v]) => v >>> 0 === value >>> 0)?.[1];
	return name ?? `${hex(value)}${unknown(table)}`;
}

/** Flags by name; where no bit has one, hex and what family they should be of. */
export function flagsText(table: string, value: number, names: readonly Name[] = FLAG_NAMES[table] ?? []): string {
	const text = flagText(names, value);
	return /^0x[0-9a-f]+$/.test(text) ? `${text}${unknown(table)}` : text;
}

function argText(kind: ArgKind, index: number, c: CallContext): string {
	const value = c.args[index];
	const done = c.result !== undefined && c.result >= 0;
	const colon = kind.indexOf(':');
	if (colon > 0) {
		const name = kind.slice(colon + 1);
		if (kind.startsWith('flags:')) return flagsText(name, value);
		if (kind.startsWith('enum:')) return name === 'handler' ? handlerText(value) : enumText(name, value);
		if (!name.endsWith('-out')) return structText(name, value, c.read);
		return done ? structText(name.slice(0, -'-out'.length), value, c.read) : pointer(value);
	}
	if (kind.endsWith('-out') && !done) return pointer(value);
	const read = (length: number) => (value === 0 ? undefined : c.read(value, length));
	switch (kind) {
		case 'fd':
		case 'int':
		case 'pid':
		case 'uid':
		case 'long':
		case 'off':
			return String(value | 0);
		case 'dirfd':
			return (value | 0) === -100 ? 'AT_FDCWD' : String(value | 0);
		case 'uint':
		case 'ulong':
		case 'size':
			return String(value);
		case 'mode':
			return octal(value);
		case 'signal':
			return value > 0 && value <= 64 ? signalName(value) : String(value | 0);
		case 'hex':
			return hex(value);
		case 'path':
		case 'str':
			return (value === 0 ? undefined : cstring(c.read, value, kind === 'path' ? 4095 : SHOWN)) ?? pointer(value);
		case 'buf':
		case 'buf-out':
		case 'str-out': {
			const length = kind === 'buf' ? c.args[index + 1] : (c.result ?? 0);
			const bytes = length === 0 && value !== 0 ? new Uint8Array(0) : read(Math.min(length, SHOWN));
			return bytes ? quote(bytes, length > SHOWN) : pointer(value);
		}
		case 'sigset':
		case 'sigset-out': {
			const bytes = read(8);
			return bytes ? signalSet(bytes) : pointer(value);
		}
		case 'int-out':
		case 'time-out': {
			const bytes = read(4);
			return bytes ? `[${view(bytes).getInt32(0, true)}]` : pointer(value);
		}
		case 'fdpair-out': {
			const bytes = read(8);
			return bytes ? `[${view(bytes).getInt32(0, true)}, ${view(bytes).getInt32(4, true)}]` : pointer(value);
		}
		case 'status-out': {
			// wait4 that found nobody has written nothing.
			const bytes = c.result === 0 ? undefined : read(4);
			return bytes ? `[${statusWords(view(bytes).getInt32(0, true))}]` : pointer(value);
		}
		case 'argv':
			return pointers(c.read, value)?.text ?? pointer(value);
		case 'envp': {
			const count = pointers(c.read, value)?.count;
			return count === undefined ? pointer(value) : `${pointer(value)} /* ${count} var${count === 1 ? '' : 's'} */`;
		}
		case 'iovec':
		case 'iovec-out':
			return iovecs(kind, index, c);
		default:
			return pointer(value);
	}
}

/** Strings that are counted at most: what execve takes is bounded by its stack. */
const MAX_POINTERS = 65_536;

/** Pointers to strings up to a null one, as they are shown and how many there are; undefined where one cannot be read. */
function pointers(read: ReadMemory, address: number): { readonly text: string; readonly count: number } | undefined {
	if (address === 0) return undefined;
	const out: string[] = [];
	for (let count = 0; count < MAX_POINTERS; count++) {
		const word = read(address + 4 * count, 4);
		if (!word) return undefined;
		const to = view(word).getUint32(0, true);
		if (to === 0) return { text: `[${out.join(', ')}${count > SHOWN ? ', ...' : ''}]`, count };
		if (count < SHOWN) out.push(cstring(read, to, SHOWN) ?? pointer(to));
	}
	return undefined;
}

/** A wait status by the macros that ask for it. */
function statusWords(status: number): string {
	const signal = status & 0x7f;
	if (status === CONTINUED_STATUS) return '{WIFCONTINUED(s)}';
	if (signal === 0x7f) return `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName((status >> 8) & 0xff)}}`;
	if (signal === 0) return `{WIFEXITED(s) && WEXITSTATUS(s) == ${(status >> 8) & 0xff}}`;
	return `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(signal)}${status & 0x80 ? ' && WCOREDUMP(s)' : ''}}`;
}

function iovecs(kind: ArgKind, index: number, { args, result = 0, read }: CallContext): string {
	return iovecText(args[index], args[index + 1], kind === 'iovec' ? Number.POSITIVE_INFINITY : result, read);
}

/** An array of iovecs. @param left bytes that are in them */
export function iovecText(at: number, total: number, left: number, read: ReadMemory): string {
	const count = Math.min(total, SHOWN);
	const bytes = read(at, count * 8);
	if (!bytes || count === 0) return count === 0 && at !== 0 ? '[]' : pointer(at);
	const parts: string[] = [];
	for (let i = 0; i < count; i++) {
		const [base, length] = [view(bytes).getUint32(i * 8, true), view(bytes).getUint32(i * 8 + 4, true)];
		const n = Math.min(length, left);
		left -= n;
		const data = n === 0 ? new Uint8Array(0) : read(base, Math.min(n, SHOWN));
		parts.push(`{iov_base=${data ? quote(data, n > SHOWN) : pointer(base)}, iov_len=${length}}`);
	}
	return `[${parts.join(', ')}${total > count ? ', ...' : ''}]`;
}
