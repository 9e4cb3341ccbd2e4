/** Calls that come in families: select, poll, futex, fcntl, ioctl, prctl, clone. */
import { flagText } from '../../kernel/abi/names.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import { IOCTL as IOCTLS } from '../../kernel/abi/termios.ts';
import { type CallContext, flagsText, type Part, part } from './strace-args.ts';
import { CALL, type CallText, done, numberAt } from './strace-parts.ts';
import { cstring, hex, pointer, quote, SHOWN, signalSet, view } from './strace-words.ts';
import { structText } from './structs.ts';
import { choiceText, TTY_ARGUMENTS } from './termios.ts';

/** Descriptors of an fd_set below `limit`. */
function fdSet(c: CallContext, address: number, limit: number): string | undefined {
	const bytes = address === 0 || limit === 0 ? undefined : c.read(address, Math.ceil(Math.min(limit, 1024) / 32) * 4);
	if (!bytes) return undefined;
	const fds: number[] = [];
	for (let fd = 0; fd < Math.min(limit, 1024); fd++) if (bytes[fd >> 3] & (1 << (fd & 7))) fds.push(fd);
	return `[${fds.join(' ')}]`;
}

export function select(left: (c: CallContext) => string | undefined): CallText {
	const set = (i: number): Part => ({ text: (c) => fdSet(c, c.args[i], c.args[0]) ?? pointer(c.args[i]) });
	const result = (c: CallContext): string | undefined => {
		if (c.result === 0) return '0 (Timeout)';
		const words: string[] = [];
		['in', 'out', 'except'].forEach((name, i) => {
			const fds = fdSet(c, c.args[i + 1], c.args[0]);
			if (fds !== undefined && fds !== '[]') words.push(`${name} ${fds}`);
		});
		const rest = left(c);
		if (rest !== undefined) words.push(`left ${rest}`);
		return words.length > 0 ? `${c.result} (${words.join(', ')})` : undefined;
	};
	return { parts: [part('int', 0), set(1), set(2), set(3)], result };
}

export const leftOf = (name: string, i: number) => (c: CallContext) =>
	c.args[i] === 0 ? undefined : structText(name, c.args[i], c.read);

export function pselect(name: 'timespec' | 'timespec64'): CallText {
	const base = select(leftOf(name, 4));
	const mask: Part = {
		text: (c) => {
			const bytes = c.args[5] === 0 ? undefined : c.read(c.args[5], 8);
			if (!bytes) return pointer(c.args[5]);
			const [set, size] = [view(bytes).getUint32(0, true), view(bytes).getUint32(4, true)];
			const signals = set === 0 ? undefined : c.read(set, 8);
			return `{sigmask=${signals ? signalSet(signals) : pointer(set)}, sigsetsize=${size}}`;
		},
	};
	return { ...base, parts: [...(base.parts ?? []), CALL.struct(name, 4), mask] };
}

/** The descriptors of poll; `revents`: those where something happened. */
function pollFds(c: CallContext, revents: boolean): string | undefined {
	const count = Math.min(c.args[1], SHOWN);
	const bytes = count === 0 ? undefined : c.read(c.args[0], count * 8);
	if (!bytes) return undefined;
	const v = view(bytes);
	const parts: string[] = [];
	for (let i = 0; i < count; i++) {
		const fd = v.getInt32(i * 8, true);
		const [wanted, got] = [v.getUint16(i * 8 + 4, true), v.getUint16(i * 8 + 6, true)];
		if (revents && got !== 0 && fd >= 0) parts.push(`{fd=${fd}, revents=${flagsText('poll', got)}}`);
		else if (!revents) parts.push(fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${flagsText('poll', wanted)}}`);
	}
	return `[${parts.join(', ')}${c.args[1] > count && !revents ? ', ...' : ''}]`;
}

export function poll(rest: readonly Part[], left: (c: CallContext) => string | undefined): CallText {
	const fds: Part = { text: (c) => pollFds(c, false) ?? (c.args[1] === 0 && c.args[0] !== 0 ? '[]' : pointer(c.args[0])) };
	const result = (c: CallContext) => {
		const remains = left(c);
		const end = remains === undefined ? '' : `, left ${remains}`;
		return c.result === 0 ? '0 (Timeout)' : `${c.result} (${pollFds(c, true) ?? ''}${end})`;
	};
	return { parts: [fds, part('uint', 1), ...rest], result };
}

const FUTEX_OPS: readonly string[] = [
	'FUTEX_WAIT',
	'FUTEX_WAKE',
	'FUTEX_FD',
	'FUTEX_REQUEUE',
	'FUTEX_CMP_REQUEUE',
	'FUTEX_WAKE_OP',
	'FUTEX_LOCK_PI',
	'FUTEX_UNLOCK_PI',
	'FUTEX_TRYLOCK_PI',
	'FUTEX_WAIT_BITSET',
	'FUTEX_WAKE_BITSET',
	'FUTEX_WAIT_REQUEUE_PI',
	'FUTEX_CMP_REQUEUE_PI',
	'FUTEX_LOCK_PI2',
];

/** Which of val, timeout or val2, uaddr2, val3 an operation takes. */
export function futex(time: 'timespec' | 'timespec64'): CallText {
	const op: Part = {
		text: ({ args }) => {
			const name = FUTEX_OPS[args[1] & 127];
			if (name === undefined) return `${hex(args[1])} /* FUTEX_??? */`;
			return `${name}${args[1] & 128 ? '_PRIVATE' : ''}${args[1] & 256 ? '|FUTEX_CLOCK_REALTIME' : ''}`;
		},
	};
	const bitset = ({ args }: CallContext) => (args[5] === 0xffffffff ? 'FUTEX_BITSET_MATCH_ANY' : hex(args[5]));
	const rest: { readonly [op: number]: (c: CallContext) => readonly string[] } = {
		0: (c) => [structText(time, c.args[3], c.read)],
		3: ({ args }) => [String(args[3]), pointer(args[4])],
		4: ({ args }) => [String(args[3]), pointer(args[4]), String(args[5])],
		5: ({ args }) => [String(args[3]), pointer(args[4]), hex(args[5])],
		6: (c) => [structText(time, c.args[3], c.read)],
		9: (c) => [structText(time, c.args[3], c.read), pointer(c.args[4]), bitset(c)],
		10: (c) => [bitset(c)],
		11: (c) => [structText(time, c.args[3], c.read), pointer(c.args[4])],
		12: ({ args }) => [String(args[3]), pointer(args[4]), String(args[5])],
		13: (c) => [structText(time, c.args[3], c.read)],
	};
	const more: Part = { text: (c) => rest[c.args[1] & 127]?.(c).join(', ') };
	const value: Part = { text: ({ args }) => ([6, 7, 8, 13].includes(args[1] & 127) ? undefined : String(args[2] | 0)) };
	return { parts: [part('addr', 0), op, value, more] };
}

const NO_ARGUMENT = new Set([1, 3, 9, 11, 1025, 1032, 1034]);

/** What F_GETLEASE answers. */
const LEASES = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'];

/** The argument of fcntl's command. */
function fcntlArgument(c: CallContext): string | undefined {
	const [, command, value] = c.args;
	if (NO_ARGUMENT.has(command)) return undefined;
	if (command === 2) return flagsText('fd', value);
	if (command === 4) return flagsText('open', value);
	if ([5, 6, 7].includes(command)) return structText('flock', value, c.read);
	if ([12, 13, 14, 36, 37, 38].includes(command)) return structText('flock64', value, c.read);
	if ([0, 8, 1030, 1031].includes(command)) return String(value | 0);
	if (command === 1033) return flagsText('seals', value);
	if (command === 10) return value === 0 ? '0' : signalName(value);
	return hex(value);
}

export const FCNTL: CallText = {
	parts: [part('fd', 0), part('enum:fcntl', 1), { text: (c) => fcntlArgument(c) }],
	result: ({ args, result = 0 }) => {
		if (args[1] === 3) return `${hex(result)} (flags ${flagsText('open', result)})`;
		if (args[1] === 1034 && result !== 0) return `${hex(result)} (seals ${flagsText('seals', result)})`;
		if (args[1] === 1025) return `${result === 0 ? '0' : hex(result)} (${LEASES[result] ?? 'F_???'})`;
		if (args[1] === 1 && result !== 0) return `${hex(result)} (flags ${flagsText('fd', result)})`;
		return undefined;
	},
};

export const IOCTL: CallText = {
	parts: [
		part('fd', 0),
		part('enum:ioctl', 1),
		{
			out: true,
			text: (c) => {
				const [, request, value] = c.args;
				const kind = TTY_ARGUMENTS.get(request);
				if (kind === 'none' || request === IOCTLS.FIOCLEX || request === IOCTLS.FIONCLEX) return undefined;
				if (kind === 'number') return String(value | 0);
				if (typeof kind === 'object') return choiceText(kind, value);
				if (kind === 'termios' || kind === 'winsize') return structText(kind, value, c.read);
				if (kind === 'int' || request === IOCTLS.FIONBIO || request === IOCTLS.FIOASYNC) return numberAt(c, value, 4);
				const char = kind === 'char' ? c.read(value, 1) : undefined;
				if (char !== undefined) return quote(char, false);
				if (!done(c)) return pointer(value);
				if (kind === 'termios-out') return structText('termios', value, c.read);
				if (kind === 'winsize-out') return structText('winsize', value, c.read);
				if (kind === 'int-out' || request === IOCTLS.FIONREAD) return numberAt(c, value, 4);
				return pointer(value);
			},
		},
	],
};

const PRCTL_WORDS: { readonly [option: number]: 0 | 1 } = {
	1: 1,
	3: 0,
	4: 1,
	7: 0,
	8: 1,
	13: 0,
	14: 1,
	21: 0,
	23: 1,
	24: 1,
	27: 0,
	28: 1,
	29: 1,
	30: 0,
};

export const PRCTL: CallText = {
	parts: [
		part('enum:PR', 0),
		{
			out: true,
			text: (c) => {
				const [option, value] = c.args;
				if (option === 15 || option === 16)
					return (option === 15 || done(c) ? cstring(c.read, value, 15) : undefined) ?? pointer(value);
				const known = PRCTL_WORDS[option];
				if (known === 0) return undefined;
				return known === 1 ? String(value | 0) : c.args.slice(1, 5).map(hex).join(', ');
			},
		},
	],
};

const CLONE_FLAGS: readonly (readonly [number, string])[] = [
	[0x100, 'CLONE_VM'],
	[0x200, 'CLONE_FS'],
	[0x400, 'CLONE_FILES'],
	[0x800, 'CLONE_SIGHAND'],
	[0x2000, 'CLONE_PTRACE'],
	[0x4000, 'CLONE_VFORK'],
	[0x8000, 'CLONE_PARENT'],
	[0x10000, 'CLONE_THREAD'],
	[0x20000, 'CLONE_NEWNS'],
	[0x4000000, 'CLONE_NEWUTS'],
	[0x8000000, 'CLONE_NEWIPC'],
	[0x40000, 'CLONE_SYSVSEM'],
	[0x80000, 'CLONE_SETTLS'],
	[0x100000, 'CLONE_PARENT_SETTID'],
	[0x200000, 'CLONE_CHILD_CLEARTID'],
	[0x800000, 'CLONE_UNTRACED'],
	[0x1000000, 'CLONE_CHILD_SETTID'],
];

export const CLONE: CallText = {
	parts: [
		{ text: ({ args }) => `child_stack=${pointer(args[1])}` },
		{
			text: ({ args }) => {
				const signal = args[0] & 0xff;
				const words = args[0] >>> 8 ? [flagText(CLONE_FLAGS, args[0] & ~0xff)] : [];
				if (signal) words.push(signalName(signal));
				return `flags=${words.join('|') || '0'}`;
			},
		},
		{
			out: true,
			text: (c) => {
				if (!(c.args[0] & 0x100000)) return undefined;
				return `parent_tid=${done(c) ? numberAt(c, c.args[2], 4) : pointer(c.args[2])}`;
			},
		},
		{ text: ({ args }) => (args[0] & 0x80000 ? `tls=${pointer(args[3])}` : undefined) },
		{ text: ({ args }) => (args[0] & 0x1200000 ? `child_tidptr=${pointer(args[4])}` : undefined) },
	],
};
