/**
 * The calls of System V IPC in strace's format. Those made through ipc(2) are shown as the ones they stand for: then a seventh
 * argument says so, since their structs may be old ones and some of their arguments are behind pointers.
 */
import { IPC_64, IPC_FLAGS } from '../../kernel/abi/ipc.ts';
import { flagText } from '../../kernel/abi/names.ts';
import { IPC_CALLS } from '../../kernel/calls/ipc.ts';
import { type CallContext, enumText, flagsText, type Part, part } from './strace-args.ts';
import { CALL, type CallText, done } from './strace-parts.ts';
import { hex, octal, pointer, quote, type ReadMemory, SHOWN, view } from './strace-words.ts';

/** The seventh argument: 0 = a call of its own, 1 = through ipc(2), 2 = so, and what its pointer leads to cannot be read. */
const VIA = 6;
const viaIpc = ({ args }: CallContext): boolean => (args[VIA] ?? 0) !== 0;

/** The call that ipc(2) stands for, with that one's arguments; undefined = none. */
export function ipcStandsFor(
	args: readonly number[],
	read: ReadMemory,
): { readonly name: string; readonly args: readonly number[] } | undefined {
	const [call, first, second, third, at, fifth] = args;
	const direct = (name: string, ...list: readonly number[]) => ({
		name,
		args: Object.assign(new Array<number>(VIA).fill(0), list, { [VIA]: 1 }),
	});
	switch (call & 0xffff) {
		case IPC_CALLS.SEMOP:
			return direct('semop', first, at, second);
		case IPC_CALLS.SEMTIMEDOP:
			return direct('semtimedop', first, at, second, fifth);
		case IPC_CALLS.SEMGET:
			return direct('semget', first, second, third);
		case IPC_CALLS.SEMCTL:
			return direct('semctl', first, second, third, at);
		case IPC_CALLS.MSGSND:
			return direct('msgsnd', first, at, second, third);
		case IPC_CALLS.MSGRCV: {
			if (call >>> 16 !== 0) return direct('msgrcv', first, at, second, fifth, third);
			const bytes = at === 0 ? undefined : read(at, 8);
			if (bytes !== undefined) {
				const words = view(bytes);
				return direct('msgrcv', first, words.getUint32(0, true), second, words.getUint32(4, true), third);
			}
			const blind = direct('msgrcv', first, at, second, 0, third);
			blind.args[VIA] = 2;
			return blind;
		}
		case IPC_CALLS.MSGGET:
			return direct('msgget', first, second);
		case IPC_CALLS.MSGCTL:
			return direct('msgctl', first, second, at);
		case IPC_CALLS.SHMAT:
			return direct('shmat', first, at, second, third);
		case IPC_CALLS.SHMDT:
			return direct('shmdt', at);
		case IPC_CALLS.SHMGET:
			return direct('shmget', first, second, third);
		case IPC_CALLS.SHMCTL:
			return direct('shmctl', first, second, at);
		default:
			return undefined;
	}
}

const KEY: Part = { text: ({ args }) => (args[0] === 0 ? 'IPC_PRIVATE' : hex(args[0])) };

/** Flags by name, and the permission bits as a mode. */
const getFlags = (table: 'ipc_get' | 'shm_get', i: number): Part => ({
	text: ({ args }) => {
		const mode = octal(args[i] & 0o777);
		const rest = args[i] & ~0o777;
		return rest === 0 ? mode : `${flagText(IPC_FLAGS[table], rest)}|${mode}`;
	},
});

type Class = 'shm' | 'sem' | 'msg';

/** A field of a struct: its name, its place in the struct of IPC_64, and in the old one, with its bytes there. */
type Row = readonly [name: string, wide: number, old: number, bytes: 2 | 4];

const FIELDS: { readonly [of in Class]: readonly Row[] } = {
	shm: [
		['shm_segsz', 36, 16, 4],
		['shm_cpid', 64, 32, 2],
		['shm_lpid', 68, 34, 2],
		['shm_nattch', 72, 36, 2],
		['shm_atime', 40, 20, 4],
		['shm_dtime', 48, 24, 4],
		['shm_ctime', 56, 28, 4],
	],
	sem: [
		['sem_otime', 36, 16, 4],
		['sem_ctime', 44, 20, 4],
		['sem_nsems', 52, 40, 2],
	],
	msg: [
		['msg_stime', 36, 24, 4],
		['msg_rtime', 44, 28, 4],
		['msg_ctime', 52, 32, 4],
		['msg_qnum', 64, 46, 2],
		['msg_qbytes', 68, 48, 2],
		['msg_lspid', 72, 50, 2],
		['msg_lrpid', 76, 52, 2],
	],
};
const PERM: readonly Row[] = [
	['uid', 4, 4, 2],
	['gid', 8, 6, 2],
	['mode', 20, 12, 2],
	['key', 0, 0, 4],
	['cuid', 12, 8, 2],
	['cgid', 16, 10, 2],
];
const BYTES: { readonly [of in Class]: readonly [old: number, wide: number] } = { shm: [48, 84], sem: [44, 64], msg: [56, 88] };

function field(v: DataView, [name, wide, old, bytes]: Row, isWide: boolean): string {
	const value = isWide ? v.getInt32(wide, true) : bytes === 4 ? v.getInt32(old, true) : v.getUint16(old, true);
	return `${name}=${name === 'mode' ? octal(value & 0xffff) : value}`;
}

/** What IPC_STAT gives, or the part of it that IPC_SET takes. */
function dsText(of: Class, address: number, read: ReadMemory, wide: boolean, set: boolean): string {
	const bytes = address === 0 ? undefined : read(address, BYTES[of][wide ? 1 : 0]);
	if (bytes === undefined) return pointer(address);
	const v = view(bytes);
	const perm = PERM.slice(0, set ? 3 : PERM.length).map((row) => field(v, row, wide));
	const rows = set ? FIELDS[of].filter(([name]) => name === 'msg_qbytes') : FIELDS[of];
	return `{${[`${of}_perm={${perm.join(', ')}}`, ...rows.map((row) => field(v, row, wide))].join(', ')}}`;
}

const INFO: { readonly [of in Class]: string } = {
	shm: 'shmmax shmmin shmmni shmseg shmall',
	sem: 'semmap semmni semmns semmnu semmsl semopm semume semusz semvmx semaem',
	msg: 'msgpool msgmap msgmax msgmnb msgmni msgssz msgtql msgseg',
};
const SHM_USE = 'used_ids shm_tot shm_rss shm_swp swap_attempts swap_successes';

function infoText(names: string, address: number, read: ReadMemory): string {
	const list = names.split(' ');
	const bytes = address === 0 ? undefined : read(address, list.length * 4);
	if (bytes === undefined) return pointer(address);
	const value = (name: string, i: number) =>
		name === 'msgseg' ? view(bytes).getUint16(i * 4, true) : view(bytes).getUint32(i * 4, true);
	return `{${list.map((name, i) => `${name}=${value(name, i)}`).join(', ')}}`;
}

/** By command: IPC_SET, IPC_STAT and IPC_INFO are the same for all. */
const SET = 1;
const STAT: { readonly [of in Class]: readonly number[] } = { shm: [2, 13, 15], sem: [2, 18, 20], msg: [2, 11, 13] };
const INFOS: { readonly [of in Class]: readonly number[] } = { shm: [3, 14], sem: [3, 19], msg: [3, 12] };

const command = (of: Class, i: number): Part => ({
	text: ({ args }) => `${args[i] & IPC_64 ? 'IPC_64|' : ''}${enumText(`${of}_cmd`, args[i] & ~IPC_64)}`,
});

/** The last argument of a control call, whose command is the one before it. */
const argument = (of: Class, i: number): Part => ({
	out: true,
	text: (c) => {
		const { args, read } = c;
		const cmd = args[i - 1] & ~IPC_64;
		const wide = !viaIpc(c) || (args[i - 1] & IPC_64) !== 0;
		const behind = of === 'sem' && viaIpc(c);
		const word = behind && args[i] !== 0 ? read(args[i], 4) : undefined;
		const at = word === undefined ? args[i] : view(word).getUint32(0, true);
		const plain = word === undefined ? pointer(args[i]) : `[${hex(at)}]`;
		if (behind && word === undefined) return plain;
		if (cmd === SET) return dsText(of, at, read, wide, true);
		if (!done(c)) return plain;
		if (STAT[of].includes(cmd)) return dsText(of, at, read, wide, false);
		if (INFOS[of].includes(cmd)) return infoText(of === 'shm' && cmd !== 3 ? SHM_USE : INFO[of], at, read);
		return plain;
	},
});

/** A message: its type and so much of its text. */
const message = (out: boolean): Part => ({
	out,
	text: (c) => {
		const [, at, size] = c.args;
		if (out && !done(c)) return pointer(at);
		const type = at === 0 ? undefined : c.read(at, 4);
		const text = type && (size === 0 ? new Uint8Array(0) : c.read(at + 4, Math.min(size, SHOWN)));
		return type && text ? `{mtype=${view(type).getInt32(0, true)}, mtext=${quote(text, size > SHOWN)}}` : pointer(at);
	},
});

const SEMBUFS: Part = {
	text: ({ args, read }) => {
		const [, at, count] = args;
		const shown = Math.min(count, SHOWN);
		if (count === 0) return at === 0 ? 'NULL' : '[]';
		const bytes = at === 0 ? undefined : read(at, shown * 6);
		if (bytes === undefined) return pointer(at);
		const v = view(bytes);
		const one = (i: number) =>
			`{sem_num=${v.getUint16(i * 6, true)}, sem_op=${v.getInt16(i * 6 + 2, true)}, sem_flg=${flagsText('sem_op', v.getUint16(i * 6 + 4, true))}}`;
		return `[${Array.from({ length: shown }, (_, i) => one(i)).join(', ')}${count > shown ? ', ...' : ''}]`;
	},
};
const SEMOP: readonly Part[] = [part('int', 0), SEMBUFS, part('uint', 2)];

export const IPC_TEXTS: { readonly [name: string]: CallText } = {
	shmget: { parts: [KEY, part('size', 1), getFlags('shm_get', 2)] },
	semget: { parts: [KEY, part('int', 1), getFlags('ipc_get', 2)] },
	msgget: { parts: [KEY, getFlags('ipc_get', 1)] },
	shmctl: { parts: [part('int', 0), command('shm', 1), argument('shm', 2)] },
	semctl: { parts: [part('int', 0), part('int', 1), command('sem', 2), argument('sem', 3)] },
	msgctl: { parts: [part('int', 0), command('msg', 1), argument('msg', 2)] },
	shmat: {
		parts: [part('int', 0), part('addr', 1), part('flags:shm_at', 2)],
		// Through ipc(2) the address stands where its third argument says.
		result: (c) => {
			const bytes = viaIpc(c) ? c.read(c.args[3], 4) : undefined;
			return hex(bytes === undefined ? (c.result ?? 0) : view(bytes).getUint32(0, true));
		},
	},
	shmdt: { parts: [part('addr', 0)] },
	semop: { parts: SEMOP },
	semtimedop: { parts: [...SEMOP, CALL.struct('timespec', 3)] },
	semtimedop_time64: { parts: [...SEMOP, CALL.struct('timespec64', 3)] },
	msgsnd: { parts: [part('int', 0), message(false), part('size', 2), part('flags:msg_flag', 3)] },
	msgrcv: {
		parts: [
			part('int', 0),
			message(true),
			part('size', 2),
			{ text: ({ args }) => (args[VIA] === 2 ? undefined : String(args[3] | 0)) },
			part('flags:msg_flag', 4),
		],
	},
};
