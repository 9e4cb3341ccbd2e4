/** Calls whose arguments strace shows in a way of their own: 64-bit offsets in two registers, arguments that depend on others. */
import { signalName } from '../../kernel/abi/signal.ts';
import { type CallContext, flagsText, type Part, part } from './strace-args.ts';
import { CLONE, FCNTL, futex, IOCTL, leftOf, PRCTL, poll, pselect, select } from './strace-families.ts';
import { IPC_TEXTS } from './strace-ipc.ts';
import { MEMORY_TEXTS } from './strace-memory.ts';
import { CALL, type CallText, done, numberAt } from './strace-parts.ts';
import { SOCKET_TEXTS } from './strace-sockets.ts';
import { cstring, hex, octal, pointer, quoteHex, SHOWN, signalSet, view } from './strace-words.ts';
import { handlerText, structText } from './structs.ts';

const sizeOf = (i: number) => (c: CallContext) => c.args[i];
const results = (c: CallContext) => c.result ?? 0;
const SIGTIMEDWAIT_RESULT = (c: CallContext) => `${c.result} (${signalName(c.result ?? 0)})`;
const PIPE2: readonly Part[] = [part('fdpair-out', 0), CALL.openBits(1)];
const MASK_RESULT = ({ result = 0 }: CallContext) => {
	const mask = new Uint8Array(new Uint32Array([result]).buffer);
	return `${hex(result)} (mask ${signalSet(mask)})`;
};
const DIRENTS: readonly Part[] = [
	part('fd', 0),
	{
		out: true,
		text: (c) => {
			if (!done(c)) return pointer(c.args[1]);
			const bytes = c.read(c.args[1], c.result ?? 0) ?? new Uint8Array(0);
			let entries = 0;
			for (let at = 0; at + 18 < bytes.length; entries++) at += Math.max(1, view(bytes).getUint16(at + 16, true));
			return `${pointer(c.args[1])} /* ${entries} entries */`;
		},
	},
	part('size', 2),
];
const READ_V = (kind: 'iovec' | 'iovec-out', flags: boolean): CallText => ({
	parts: [part('fd', 0), part(kind, 1), part('int', 2), CALL.wide(3), ...(flags ? [part('hex', 5)] : [])],
});

export const CALLS: { readonly [name: string]: CallText | undefined } = {
	open: { parts: [part('path', 0), CALL.flags('open', 1), CALL.createMode(1, 2)] },
	openat: { parts: [part('dirfd', 0), part('path', 1), CALL.flags('open', 2), CALL.createMode(2, 3)] },
	openat2: { parts: [part('dirfd', 0), part('path', 1), CALL.struct('open_how', 2), part('size', 3)] },
	mknod: { parts: [part('path', 0), CALL.mode(1), CALL.device(1, 2)] },
	mknodat: { parts: [part('dirfd', 0), part('path', 1), CALL.mode(2), CALL.device(2, 3)] },
	pipe2: { parts: PIPE2 },
	dup3: { parts: [part('fd', 0), part('fd', 1), CALL.openBits(2)] },
	umask: { result: ({ result = 0 }) => octal(result) },
	getcwd: {
		parts: [
			{ out: true, text: (c) => (done(c) ? (cstring(c.read, c.args[0], 4095) ?? pointer(c.args[0])) : pointer(c.args[0])) },
			part('size', 1),
		],
	},
	lseek: { parts: [part('fd', 0), part('long', 1), part('enum:seek', 2)] },
	_llseek: {
		parts: [
			part('fd', 0),
			CALL.wideHigh(1),
			{ out: true, text: (c) => (done(c) ? numberAt(c, c.args[3], 8) : pointer(c.args[3])) },
			part('enum:seek', 4),
		],
	},
	pread64: { parts: [part('fd', 0), part('buf-out', 1), part('size', 2), CALL.wide(3)] },
	pwrite64: { parts: [part('fd', 0), part('buf', 1), part('size', 2), CALL.wide(3)] },
	preadv: READ_V('iovec-out', false),
	pwritev: READ_V('iovec', false),
	preadv2: READ_V('iovec-out', true),
	pwritev2: READ_V('iovec', true),
	truncate64: { parts: [part('path', 0), CALL.wide(1)] },
	ftruncate64: { parts: [part('fd', 0), CALL.wide(1)] },
	readahead: { parts: [part('fd', 0), CALL.wide(1), part('size', 3)] },
	sync_file_range: { parts: [part('fd', 0), CALL.wide(1), CALL.wide(3), part('hex', 5)] },
	fadvise64: { parts: [part('fd', 0), CALL.wide(1), part('size', 3), part('enum:fadvise', 4)] },
	fadvise64_64: { parts: [part('fd', 0), CALL.wide(1), CALL.wide(3), part('enum:fadvise', 5)] },
	fallocate: { parts: [part('fd', 0), CALL.flags('fallocate', 1), CALL.wide(2), CALL.wide(4)] },
	splice: {
		parts: [part('fd', 0), CALL.numberIn(1, 8), part('fd', 2), CALL.numberIn(3, 8), part('size', 4), part('flags:splice', 5)],
	},
	sendfile: { parts: [part('fd', 0), part('fd', 1), CALL.numberIn(2, 4), part('size', 3)] },
	sendfile64: { parts: [part('fd', 0), part('fd', 1), CALL.numberIn(2, 8), part('size', 3)] },
	copy_file_range: {
		parts: [part('fd', 0), CALL.numberIn(1, 8), part('fd', 2), CALL.numberIn(3, 8), part('size', 4), part('hex', 5)],
	},
	getdents64: { parts: DIRENTS },
	fcntl: FCNTL,
	fcntl64: FCNTL,
	ioctl: IOCTL,
	statfs64: { parts: [part('path', 0), part('size', 1), CALL.structOut('statfs64', 2)] },
	fstatfs64: { parts: [part('fd', 0), part('size', 1), CALL.structOut('statfs64', 2)] },
	utimensat: { parts: [part('dirfd', 0), part('path', 1), CALL.times(2, 8, 'timespec'), CALL.flags('at', 3)] },
	utimensat_time64: { parts: [part('dirfd', 0), part('path', 1), CALL.times(2, 16, 'timespec64'), CALL.flags('at', 3)] },
	utimes: { parts: [part('path', 0), CALL.times(1, 8, 'timeval')] },
	futimesat: { parts: [part('dirfd', 0), part('path', 1), CALL.times(2, 8, 'timeval')] },
	statx: {
		parts: [
			part('dirfd', 0),
			part('path', 1),
			{
				text: ({ args }) => {
					const sync = ['AT_STATX_SYNC_AS_STAT', 'AT_STATX_FORCE_SYNC', 'AT_STATX_DONT_SYNC'][(args[2] >>> 13) & 3];
					const rest = args[2] & ~0x6000;
					return [sync ?? hex(args[2] & 0x6000), ...(rest ? [flagsText('at', rest)] : [])].join('|');
				},
			},
			CALL.flags('statx', 3),
			CALL.structOut('statx', 4),
		],
	},
	mmap2: {
		parts: [
			part('addr', 0),
			part('size', 1),
			CALL.flags('PROT', 2),
			{ text: ({ args }) => `${args[3] & 15 ? '' : 'MAP_FILE|'}${flagsText('MAP', args[3])}`.replace(/\|0$/, '') },
			part('fd', 4),
			{ text: ({ args }) => (args[5] === 0 ? '0' : `0x${(BigInt(args[5]) * 4096n).toString(16)}`) },
		],
	},
	mremap: {
		parts: [
			part('addr', 0),
			part('size', 1),
			part('size', 2),
			CALL.flags('MREMAP', 3),
			{ text: ({ args }) => ((args[3] & 3) === 3 || args[3] & 4 ? pointer(args[4]) : undefined) },
		],
	},
	mincore: {
		parts: [
			part('addr', 0),
			part('size', 1),
			{
				out: true,
				text: (c) => {
					const pages = Math.min(Math.ceil(c.args[1] / 4096), SHOWN);
					const bytes = done(c) ? c.read(c.args[2], pages) : undefined;
					return bytes ? `[${[...bytes].map((b) => b & 1).join(', ')}]` : pointer(c.args[2]);
				},
			},
		],
	},
	nanosleep: { parts: [CALL.struct('timespec', 0), CALL.remainder(1, 'timespec')] },
	clock_nanosleep: {
		parts: [part('enum:clock', 0), CALL.flags('timer', 1), CALL.struct('timespec', 2), CALL.remainder(3, 'timespec')],
	},
	clock_nanosleep_time64: {
		parts: [part('enum:clock', 0), CALL.flags('timer', 1), CALL.struct('timespec64', 2), CALL.remainder(3, 'timespec64')],
	},
	time: {
		result: ({ result = 0 }) => `${result} (${new Date(result * 1000).toISOString().replace('.000Z', '+0000')})`,
	},
	getrusage: { parts: [part('enum:RUSAGE', 0), CALL.structOut('rusage', 1)] },
	sysinfo: { parts: [CALL.structOut('sysinfo', 0)] },
	getgroups: { parts: [part('int', 0), CALL.list(1, () => 0, true)] },
	getgroups32: { parts: [part('int', 0), CALL.list(1, (c) => (c.args[0] === 0 ? 0 : results(c)), true)] },
	setgroups32: { parts: [part('int', 0), CALL.list(1, sizeOf(0), false)] },
	sched_getparam: { parts: [part('pid', 0), CALL.list(1, () => 1, true)] },
	sched_setparam: { parts: [part('pid', 0), CALL.list(1, () => 1, false)] },
	sched_setscheduler: { parts: [part('pid', 0), part('enum:SCHED', 1), CALL.list(2, () => 1, false)] },
	sched_rr_get_interval: { parts: [part('pid', 0), CALL.structOut('timespec', 1)] },
	sched_rr_get_interval_time64: { parts: [part('pid', 0), CALL.structOut('timespec64', 1)] },
	capget: { parts: [CALL.struct('cap_header', 0), part('addr', 1)] },
	capset: { parts: [CALL.struct('cap_header', 0), part('addr', 1)] },
	personality: {
		parts: [{ text: ({ args }) => (args[0] === 0 ? 'PER_LINUX' : hex(args[0])) }],
		result: ({ result = 0 }) => `${hex(result)} (PER_LINUX)`,
	},
	signal: { result: ({ result = 0 }) => (result > 1 ? hex(result) : `${result} (${handlerText(result)})`) },
	sgetmask: { result: MASK_RESULT },
	ssetmask: {
		parts: [{ text: ({ args }) => signalSet(new Uint8Array(new Uint32Array([args[0]]).buffer)) }],
		result: MASK_RESULT,
	},
	sigsuspend: { parts: [{ text: ({ args }) => signalSet(new Uint8Array(new Uint32Array([args[2]]).buffer)) }] },
	rt_sigtimedwait: { result: SIGTIMEDWAIT_RESULT },
	rt_sigtimedwait_time64: { result: SIGTIMEDWAIT_RESULT },
	_newselect: (() => {
		const base = select(leftOf('timeval', 4));
		return { ...base, parts: [...(base.parts ?? []), CALL.struct('timeval', 4)] };
	})(),
	pselect6: pselect('timespec'),
	pselect6_time64: pselect('timespec64'),
	poll: poll([part('int', 2)], () => undefined),
	ppoll: poll([CALL.struct('timespec', 2), part('sigset', 3), part('size', 4)], leftOf('timespec', 2)),
	ppoll_time64: poll([CALL.struct('timespec64', 2), part('sigset', 3), part('size', 4)], leftOf('timespec64', 2)),
	futex: futex('timespec'),
	futex_time64: futex('timespec64'),
	set_thread_area: {
		result: (c) => {
			const bytes = c.read(c.args[0], 4);
			return bytes ? `0 (entry_number=${view(bytes).getInt32(0, true)})` : undefined;
		},
	},
	get_thread_area: {
		parts: [
			{
				out: true,
				text: (c) => {
					if (done(c)) return structText('user_desc', c.args[0], c.read);
					const bytes = c.args[0] === 0 ? undefined : c.read(c.args[0], 4);
					return bytes ? `{entry_number=${view(bytes).getInt32(0, true)}, ...}` : pointer(c.args[0]);
				},
			},
		],
	},
	modify_ldt: {
		parts: [
			part('int', 0),
			{
				text: (c) =>
					(c.args[0] !== 0 && c.args[0] !== 2 && c.args[2] === 16 ? structText('user_desc', c.args[1], c.read) : undefined) ??
					pointer(c.args[1]),
			},
			part('size', 2),
		],
	},
	rseq: {
		parts: [
			part('addr', 0),
			part('hex', 1),
			{ text: ({ args }) => (args[2] === 1 ? 'RSEQ_FLAG_UNREGISTER' : hex(args[2])) },
			part('hex', 3),
		],
	},
	getrandom: {
		parts: [
			{
				out: true,
				text: (c) => {
					const bytes = done(c) ? c.read(c.args[0], Math.min(c.result ?? 0, SHOWN)) : undefined;
					return bytes ? quoteHex(bytes, (c.result ?? 0) > SHOWN) : pointer(c.args[0]);
				},
			},
			part('size', 1),
			CALL.flags('GRND', 2),
		],
	},
	fchmodat: { parts: [part('dirfd', 0), part('path', 1), part('mode', 2)] },
	prctl: PRCTL,
	clone: CLONE,
	...IPC_TEXTS,
	...SOCKET_TEXTS,
	...MEMORY_TEXTS,
	arch_prctl: { parts: [part('hex', 0), part('hex', 1)] },
};
