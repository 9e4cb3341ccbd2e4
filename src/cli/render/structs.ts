/** i386 structs as strace shows them, by the names the rows of the calls use. */
import { ENUM_NAMES, FLAG_NAMES, flagText, type Name } from '../../kernel/abi/names.ts';
import { decodeSiginfo } from '../../kernel/abi/siginfo.ts';
import { infoText } from './siginfo.ts';
import { limitText, modeText, octal, pointer, signalSet, view } from './strace-words.ts';
import { termiosText } from './termios.ts';

export interface StructText {
	/** Bytes that are read. */
	readonly size: number;
	readonly text: (v: DataView, bytes: Uint8Array) => string;
}

const INFINITY = 0xffffffffn;
const INFINITY64 = 0xffffffffffffffffn;

const pair = (a: string, b: string): StructText => ({
	size: 8,
	text: (v) => `{${a}=${v.getInt32(0, true)}, ${b}=${v.getUint32(4, true)}}`,
});
const timeval = (v: DataView, at: number) => `{tv_sec=${v.getInt32(at, true)}, tv_usec=${v.getInt32(at + 4, true)}}`;
const words = (names: readonly string[], more = false): StructText => ({
	size: names.length * 4,
	text: (v) => `{${names.map((name, i) => `${name}=${v.getInt32(i * 4, true)}`).join(', ')}${more ? ', ...' : ''}}`,
});

/** In the order in which strace names them. */
const SA_FLAGS: readonly Name[] = [
	[0x04000000, 'SA_RESTORER'],
	[0x08000000, 'SA_ONSTACK'],
	[0x10000000, 'SA_RESTART'],
	[0x20000000, 'SA_INTERRUPT'],
	[0x40000000, 'SA_NODEFER'],
	[0x80000000, 'SA_RESETHAND'],
	[4, 'SA_SIGINFO'],
	[1, 'SA_NOCLDSTOP'],
	[2, 'SA_NOCLDWAIT'],
];
const SS_FLAGS: readonly Name[] = [
	[1, 'SS_ONSTACK'],
	[2, 'SS_DISABLE'],
	[0x80000000, 'SS_AUTODISARM'],
];
const STATX_MASK: readonly Name[] = FLAG_NAMES.statx;

export function handlerText(n: number): string {
	return n === 0 ? 'SIG_DFL' : n === 1 ? 'SIG_IGN' : n === 0xffffffff ? 'SIG_ERR' : pointer(n);
}

function actionText(handler: number, mask: Uint8Array, flags: number, restorer: number): string {
	const end = flags & 0x04000000 ? `, sa_restorer=${pointer(restorer)}` : '';
	return `{sa_handler=${handlerText(handler)}, sa_mask=${signalSet(mask)}, sa_flags=${flagText(SA_FLAGS, flags)}${end}}`;
}

/** `%#08x`. */
const hex08 = (n: number) => (n === 0 ? '00000000' : `0x${n.toString(16).padStart(6, '0')}`);

function userDesc(v: DataView): string {
	const flags = v.getUint32(12, true);
	const bit = (n: number) => (flags >>> n) & 1;
	const fields = [
		`entry_number=${v.getInt32(0, true)}`,
		`base_addr=${hex08(v.getUint32(4, true))}`,
		`limit=${hex08(v.getUint32(8, true))}`,
		`seg_32bit=${bit(0)}`,
		`contents=${(flags >>> 1) & 3}`,
		`read_exec_only=${bit(3)}`,
		`limit_in_pages=${bit(4)}`,
		`seg_not_present=${bit(5)}`,
		`useable=${bit(6)}`,
	];
	return `{${fields.join(', ')}}`;
}

function statText(mode: number, size: bigint | number, rdev: number): string {
	const device = (mode & 0o170000) === 0o020000 || (mode & 0o170000) === 0o060000;
	const what = device ? `st_rdev=makedev(${hexOr0(rdev >>> 8)}, ${hexOr0(rdev & 0xff)})` : `st_size=${size}`;
	return `{st_mode=${modeText(mode)}, ${what}, ...}`;
}

const hexOr0 = (n: number) => (n === 0 ? '0' : `0x${n.toString(16)}`);

function field(bytes: Uint8Array, at: number): string {
	return Buffer.from(bytes.subarray(at, at + 65))
		.toString('latin1')
		.split('\0')[0];
}

const FS_MAGICS = new Map([
	[0x1021994, 'TMPFS_MAGIC'],
	[0xef53, 'EXT2_SUPER_MAGIC'],
	[0x9fa0, 'PROC_SUPER_MAGIC'],
	[0x50495045, 'PIPEFS_MAGIC'],
]);
const CAP_VERSIONS = new Map([
	[0x19980330, 1],
	[0x20071026, 2],
	[0x20080522, 3],
]);

function statfs64(v: DataView): string {
	const names = ['f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'];
	const counts = names.map((name, i) => `${name}=${v.getBigUint64(8 + i * 8, true)}`);
	const type = v.getUint32(0, true);
	return `{f_type=${FS_MAGICS.get(type) ?? hexOr0(type)}, f_bsize=${v.getUint32(4, true)}, ${counts.join(', ')}, f_fsid={val=[${v.getInt32(48, true)}, ${v.getInt32(52, true)}]}, f_namelen=${v.getUint32(56, true)}, f_frsize=${v.getUint32(60, true)}, f_flags=${hexOr0(v.getUint32(64, true))}}`;
}

function sysinfo(v: DataView): string {
	const u = (i: number) => v.getUint32(i * 4, true);
	const names = ['totalram', 'freeram', 'sharedram', 'bufferram', 'totalswap', 'freeswap'];
	const amounts = names.map((name, i) => `${name}=${u(4 + i)}`);
	return `{uptime=${v.getInt32(0, true)}, loads=[${u(1)}, ${u(2)}, ${u(3)}], ${amounts.join(', ')}, procs=${v.getUint16(40, true)}, totalhigh=${u(11)}, freehigh=${u(12)}, mem_unit=${u(13)}}`;
}

/** Without the util clamps that 56 bytes have. What is kept as it is is not shown. */
function schedAttr(v: DataView): string {
	const flags = v.getUint32(8, true);
	const [keepsPolicy, keepsParams] = [8, 0x10].map((flag) => (flags & flag) !== 0);
	const policy = v.getUint32(4, true);
	const name = ENUM_NAMES.SCHED.find(([value]) => value === policy)?.[1] ?? `${hexOr0(policy)} /* SCHED_??? */`;
	const times = ['sched_runtime', 'sched_deadline', 'sched_period'].map((n, i) => `${n}=${v.getBigUint64(24 + i * 8, true)}`);
	const params = [`sched_nice=${v.getInt32(16, true)}`, `sched_priority=${v.getUint32(20, true)}`, ...times];
	const parts = [`size=${v.getUint32(0, true)}`, ...(keepsPolicy ? [] : [`sched_policy=${name}`])];
	parts.push(`sched_flags=${flags === 0 ? '0' : flagText(FLAG_NAMES.sched, flags)}`, ...(keepsParams ? [] : params));
	return `{${parts.join(', ')}}`;
}

function flock(v: DataView, wide: boolean): string {
	const type = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'][v.getInt16(0, true)] ?? String(v.getInt16(0, true));
	const whence = ['SEEK_SET', 'SEEK_CUR', 'SEEK_END'][v.getInt16(2, true)] ?? String(v.getInt16(2, true));
	const [start, length] = wide ? [v.getBigInt64(4, true), v.getBigInt64(12, true)] : [v.getInt32(4, true), v.getInt32(8, true)];
	return `{l_type=${type}, l_whence=${whence}, l_start=${start}, l_len=${length}}`;
}

export const STRUCTS: { readonly [name: string]: StructText } = {
	timespec: pair('tv_sec', 'tv_nsec'),
	timeval: pair('tv_sec', 'tv_usec'),
	timespec64: { size: 16, text: (v) => `{tv_sec=${v.getBigInt64(0, true)}, tv_nsec=${v.getUint32(8, true)}}` },
	timezone: { size: 8, text: (v) => `{tz_minuteswest=${v.getInt32(0, true)}, tz_dsttime=${v.getInt32(4, true)}}` },
	tms: words(['tms_utime', 'tms_stime', 'tms_cutime', 'tms_cstime']),
	itimerval: { size: 16, text: (v) => `{it_interval=${timeval(v, 0)}, it_value=${timeval(v, 8)}}` },
	rusage: { size: 72, text: (v) => `{ru_utime=${timeval(v, 0)}, ru_stime=${timeval(v, 8)}, ...}` },
	rlimit: {
		size: 8,
		text: (v) => {
			const [cur, max] = [0, 4].map((at) => limitText(BigInt(v.getUint32(at, true)), INFINITY, 'RLIM_INFINITY'));
			return `{rlim_cur=${cur}, rlim_max=${max}}`;
		},
	},
	rlimit64: {
		size: 16,
		text: (v) => {
			const [cur, max] = [0, 8].map((at) => limitText(v.getBigUint64(at, true), INFINITY64, 'RLIM64_INFINITY'));
			return `{rlim_cur=${cur}, rlim_max=${max}}`;
		},
	},
	stack: {
		size: 12,
		text: (v) =>
			`{ss_sp=${pointer(v.getUint32(0, true))}, ss_flags=${flagText(SS_FLAGS, v.getUint32(4, true))}, ss_size=${v.getUint32(8, true)}}`,
	},
	sigaction: {
		size: 20,
		text: (v, bytes) => actionText(v.getUint32(0, true), bytes.subarray(12, 20), v.getUint32(4, true), v.getUint32(8, true)),
	},
	old_sigaction: {
		size: 16,
		text: (v, bytes) => actionText(v.getUint32(0, true), bytes.subarray(4, 8), v.getUint32(8, true), v.getUint32(12, true)),
	},
	stat: { size: 64, text: (v) => statText(v.getUint16(8, true), v.getUint32(20, true), v.getUint32(16, true)) },
	stat64: { size: 96, text: (v) => statText(v.getUint32(16, true), v.getBigInt64(44, true), v.getUint32(32, true)) },
	statx: {
		size: 256,
		text: (v) =>
			`{stx_mask=${flagText(STATX_MASK, v.getUint32(0, true))}, stx_attributes=${hexOr0(v.getUint32(8, true))}, stx_mode=${modeText(v.getUint16(28, true))}, stx_size=${v.getBigUint64(40, true)}, ...}`,
	},
	statfs64: { size: 84, text: statfs64 },
	user_desc: { size: 16, text: userDesc },
	siginfo: { size: 128, text: (v, bytes) => infoText(decodeSiginfo(bytes, v.getInt32(0, true))) },
	utsname: { size: 390, text: (_, bytes) => `{sysname="${field(bytes, 0)}", nodename="${field(bytes, 65)}", ...}` },
	sysinfo: { size: 64, text: sysinfo },
	sched_attr: { size: 48, text: schedAttr },
	flock: { size: 16, text: (v) => flock(v, false) },
	flock64: { size: 24, text: (v) => flock(v, true) },
	winsize: {
		size: 8,
		text: (v) =>
			`{${['ws_row', 'ws_col', 'ws_xpixel', 'ws_ypixel'].map((name, i) => `${name}=${v.getUint16(i * 2, true)}`).join(', ')}}`,
	},
	termios: {
		size: 36,
		text: termiosText,
	},
	cap_header: {
		size: 8,
		text: (v) => {
			const version = v.getUint32(0, true);
			return `{version=${CAP_VERSIONS.has(version) ? `_LINUX_CAPABILITY_VERSION_${CAP_VERSIONS.get(version)}` : hexOr0(version)}, pid=${v.getInt32(4, true)}}`;
		},
	},
	open_how: {
		size: 24,
		text: (v) =>
			`{flags=${flagText(FLAG_NAMES.open, v.getUint32(0, true))}, mode=${octal(v.getUint32(8, true))}, resolve=${hexOr0(v.getUint32(16, true))}}`,
	},
};

/** A struct at an address: its text, NULL, or the address where it cannot be read. */
export function structText(
	name: string,
	address: number,
	read: (address: number, length: number) => Uint8Array | undefined,
): string {
	const known = STRUCTS[name];
	const bytes = address !== 0 && known ? read(address, known.size) : undefined;
	return bytes && known ? known.text(view(bytes), bytes) : pointer(address);
}
