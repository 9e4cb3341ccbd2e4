/** Arguments of more than one register, or that depend on other arguments: the pieces strace-calls.ts is made of. */
import { FLAG_NAMES, flagText } from '../../kernel/abi/names.ts';
import { type CallContext, flagsText, type Part } from './strace-args.ts';
import { hex, modeText, octal, pointer, SHOWN, view } from './strace-words.ts';
import { structText } from './structs.ts';

/** How a call differs from what its row's kinds give. */
export interface CallText {
	readonly parts?: readonly Part[];
	/** What follows ` = ` when it succeeded; undefined: the number. */
	readonly result?: (c: CallContext) => string | undefined;
}

export const CALL = {
	/** A signed 64-bit number, its low half in argument i. */
	wide: (i: number): Part => ({ text: ({ args }) => String((BigInt(args[i + 1] | 0) << 32n) | BigInt(args[i])) }),
	/** The same with the high half first. */
	wideHigh: (i: number): Part => ({ text: ({ args }) => String((BigInt(args[i] | 0) << 32n) | BigInt(args[i + 1])) }),
	flags: (table: string, i: number): Part => ({ text: ({ args }) => flagsText(table, args[i]) }),
	/** Flags of open that have no access mode. */
	openBits: (i: number): Part => ({
		text: ({ args }) =>
			flagText(
				(FLAG_NAMES.open ?? []).filter(([, name]) => !['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'].includes(name)),
				args[i],
			),
	}),
	/** The mode, where open creates. */
	createMode: (flags: number, i: number): Part => ({
		text: ({ args }) => (args[flags] & 0o100 || (args[flags] & 0o20200000) === 0o20200000 ? octal(args[i]) : undefined),
	}),
	mode: (i: number): Part => ({ text: ({ args }) => modeText(args[i]) }),
	/** A number behind a pointer, as it was and as it became: `[0] => [100]`. */
	numberIn: (i: number, bytes: 4 | 8): Part => ({ text: (c) => numberAt(c, c.args[i], bytes) }),
	/** The device number, for devices only. */
	device: (mode: number, i: number): Part => ({
		text: ({ args }) => {
			const kind = args[mode] & 0o170000;
			return kind === 0o020000 || kind === 0o060000
				? `makedev(${hex((args[i] >>> 8) & 0xfff)}, ${hex((args[i] & 0xff) | ((args[i] >>> 12) & 0xfff00))})`
				: undefined;
		},
	}),
	/** `count` words behind a pointer. */
	list: (i: number, count: (c: CallContext) => number, out: boolean): Part => ({
		out,
		text: (c) => (out && !done(c) ? pointer(c.args[i]) : list(c, c.args[i], count(c))),
	}),
	/** Two times, as utimensat takes them. */
	times: (i: number, size: 8 | 16, name: 'timespec' | 'timespec64' | 'timeval'): Part => ({
		text: (c) => {
			const at = c.args[i];
			if (at === 0 || !c.read(at, size * 2)) return pointer(at);
			return `[${structText(name, at, c.read)}, ${structText(name, at + size, c.read)}]`;
		},
	}),
	/** What is left of a sleep: told when it was interrupted. */
	remainder: (i: number, name: 'timespec' | 'timespec64'): Part => ({
		out: true,
		text: (c) => (c.result === -516 || c.result === -4 ? structText(name, c.args[i], c.read) : pointer(c.args[i])),
	}),
	struct: (name: string, i: number): Part => ({ text: (c) => structText(name, c.args[i], c.read) }),
	structOut: (name: string, i: number): Part => ({
		out: true,
		text: (c) => (done(c) ? structText(name, c.args[i], c.read) : pointer(c.args[i])),
	}),
};

export function done(c: CallContext): boolean {
	return c.result !== undefined && c.result >= 0;
}

export function numberAt(c: CallContext, address: number, bytes: 4 | 8): string {
	const data = address === 0 ? undefined : c.read(address, bytes);
	if (!data) return pointer(address);
	return `[${bytes === 4 ? view(data).getInt32(0, true) : view(data).getBigInt64(0, true)}]`;
}

function list(c: CallContext, address: number, count: number): string {
	const shown = Math.min(count, SHOWN);
	const bytes = address === 0 ? undefined : c.read(address, shown * 4);
	if (!bytes) return pointer(address);
	const numbers = Array.from({ length: shown }, (_, i) => view(bytes).getInt32(i * 4, true));
	return `[${numbers.join(', ')}${count > shown ? ', ...' : ''}]`;
}
