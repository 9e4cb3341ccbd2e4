/**
 * Where each field of TASK, MM and X86_REGS comes from in the state, and where it goes: one row a field. Dump, restart and
 * provenance are derived from these rows; units are those of Linux 2.6.27 (jiffies at HZ 250, timespecs packed as sec << 32 | nsec).
 */
import type { CpuState, Descriptor } from '../../events/cpu.ts';
import type { Mm, Task, ThreadGroup } from '../../events/entities.ts';
import type { Persona } from '../../events/persona.ts';
import type { FieldValue } from '../field.ts';
import { TaskFlag, TaskState, ThreadFlag, ThreadStatus } from './objects.ts';

/** One tick at HZ 250, ns. */
export const JIFFY_NS = 4_000_000;
const SECOND_NS = 1_000_000_000;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What a TASK is made from. */
export interface TaskSubject {
	readonly persona: Persona;
	readonly task: Task;
	readonly group: ThreadGroup;
	/** Tasks that are dumped after it as its children. */
	readonly children: number;
}

/** What a TASK is restored into: first a copy of what is borrowed. */
export interface TaskDraft {
	readonly persona: Persona;
	readonly task: Writable<Task>;
	readonly group: Writable<ThreadGroup>;
}

/** A field of an object and its place in the state. */
export interface FieldRow<S, D> {
	/** C name; of an array every element is in the one row. */
	readonly field: string;
	/** Path in the state, `*` for an id or index; '' when the state has no such thing (a constant, or derived). */
	readonly path: string;
	readonly get: (subject: S) => FieldValue;
	readonly set?: ((draft: D, value: never) => void) | undefined;
}

const int = <S, D>(field: string, path: string, get: (s: S) => number, set?: (d: D, value: number) => void): FieldRow<S, D> => ({
	field,
	path,
	get,
	set: set as FieldRow<S, D>['set'],
});
/** A number of the state in a 64-bit field. */
const wide = <S, D>(field: string, path: string, get: (s: S) => number, set?: (d: D, value: number) => void): FieldRow<S, D> => ({
	field,
	path,
	get: (s) => BigInt(get(s)),
	...(set ? { set: ((d: D, value: bigint) => set(d, Number(value))) as FieldRow<S, D>['set'] } : {}),
});

/** PF_* of the state and the format's own numbering of them. */
const PF: readonly (readonly [pf: number, bit: number])[] = [
	[0x40, TaskFlag.FORKNOEXEC],
	[0x100, TaskFlag.SUPERPRIV],
	[0x200, TaskFlag.DUMPCORE],
	[0x400, TaskFlag.SIGNALED],
];

const STATES: Readonly<Record<Task['state'], number>> = {
	running: TaskState.RUNNING,
	sleeping: TaskState.INTERRUPTIBLE,
	stopped: TaskState.STOPPED,
	traced: TaskState.TRACED,
	zombie: TaskState.ZOMBIE,
	dead: TaskState.DEAD,
};

function encodeFlags({ flags, cpu, state }: Task): number {
	let bits = state === 'zombie' || state === 'dead' ? TaskFlag.EXITING : 0;
	for (const [pf, bit] of PF) if (flags & pf) bits |= bit;
	return cpu.fpuUsed ? bits | TaskFlag.USED_MATH : bits;
}

function decodeFlags(task: Writable<Task>, bits: number): void {
	let flags = 0;
	for (const [pf, bit] of PF) if (bits & bit) flags |= pf;
	task.flags = flags;
	task.cpu = { ...task.cpu, fpuUsed: (bits & TaskFlag.USED_MATH) !== 0 };
}

function threadFlags({ task, group }: TaskSubject): number {
	const open = ({ signo }: { readonly signo: number }) => (task.blocked & (1n << BigInt(signo - 1))) === 0n;
	let bits = task.pending.some(open) || group.pending.some(open) ? ThreadFlag.SIGPENDING : 0;
	if (task.cpu.debugreg[7] & 0xff) bits |= ThreadFlag.DEBUG;
	return bits;
}

const jiffies = ({ persona, task }: TaskSubject) => Math.floor((task.times.steps * persona.nsPerStep) / JIFFY_NS);

/** The image counts whole ticks; steps within one are borrowed when they agree with it. */
function setTicks({ persona, task }: TaskDraft, ticks: number): void {
	const { steps } = task.times;
	if (Math.floor((steps * persona.nsPerStep) / JIFFY_NS) === ticks) return;
	task.times = { ...task.times, steps: Math.ceil((ticks * JIFFY_NS) / persona.nsPerStep) };
}

const timespec = (ns: number) => (BigInt(Math.floor(ns / SECOND_NS)) << 32n) | BigInt(ns % SECOND_NS);
const fromTimespec = (value: bigint) => Number(value >> 32n) * SECOND_NS + Number(value & 0xffffffffn);

const EMPTY: Descriptor = { a: 0, b: 0 };
const descriptorWords = ({ a, b }: Descriptor) => (BigInt(b >>> 0) << 32n) | BigInt(a >>> 0);
const fromWords = (value: bigint): Descriptor => ({ a: Number(value & 0xffffffffn), b: Number(value >> 32n) });

function comm(text: string): Uint8Array {
	const bytes = new Uint8Array(16);
	for (let i = 0; i < Math.min(15, text.length); i++) bytes[i] = text.charCodeAt(i);
	return bytes;
}

function fromComm(bytes: Uint8Array): string {
	const end = bytes.indexOf(0);
	return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
}

const CREDS = ['uid', 'euid', 'suid', 'fsuid', 'gid', 'egid', 'sgid', 'fsgid'] as const;
const COUNTS = ['nvcsw', 'nivcsw', 'minFlt', 'majFlt'] as const;
const COUNT_FIELDS = ['cpt_nvcsw', 'cpt_nivcsw', 'cpt_min_flt', 'cpt_maj_flt'] as const;

export const TASK_FIELDS: readonly FieldRow<TaskSubject, TaskDraft>[] = [
	wide(
		'cpt_state',
		'tasks.*.state',
		(s) => STATES[s.task.state],
		(d, v) => {
			d.task.state =
				v & TaskState.TRACED
					? 'traced'
					: v & TaskState.ZOMBIE
						? 'zombie'
						: v & TaskState.DEAD
							? 'dead'
							: v & TaskState.STOPPED
								? 'stopped'
								: 'running';
		},
	),
	wide(
		'cpt_flags',
		'tasks.*.flags',
		(s) => encodeFlags(s.task),
		(d, v) => decodeFlags(d.task, v),
	),
	wide('cpt_thrflags', '', threadFlags),
	wide(
		'cpt_thrstatus',
		'tasks.*.savedMask',
		(s) => (s.task.savedMask === null ? 0 : ThreadStatus.RESTORE_SIGMASK),
		(d, v) => {
			d.task.savedMask = v & ThreadStatus.RESTORE_SIGMASK ? (d.task.savedMask ?? d.task.blocked) : null;
		},
	),
	int(
		'cpt_pid',
		'tasks.*.pid',
		(s) => s.task.pid,
		(d, v) => {
			d.task.pid = v;
		},
	),
	int(
		'cpt_tgid',
		'tasks.*.tgid',
		(s) => s.task.tgid,
		(d, v) => {
			d.task.tgid = v;
			d.group.tgid = v;
		},
	),
	int(
		'cpt_ppid',
		'tasks.*.trace.tracer',
		(s) => s.task.trace?.tracer || s.task.ppid,
		(d, v) => {
			if (d.task.trace && d.task.trace.tracer !== 0) d.task.trace = { ...d.task.trace, tracer: v };
		},
	),
	int(
		'cpt_rppid',
		'tasks.*.ppid',
		(s) => s.task.ppid,
		(d, v) => {
			d.task.ppid = v;
		},
	),
	int(
		'cpt_pgrp',
		'groups.*.pgrp',
		(s) => s.group.pgrp,
		(d, v) => {
			d.group.pgrp = v;
		},
	),
	int(
		'cpt_session',
		'groups.*.session',
		(s) => s.group.session,
		(d, v) => {
			d.group.session = v;
		},
	),
	int('cpt_old_pgrp', '', () => 0),
	int('cpt_leader', '', (s) => s.task.tgid),
	wide(
		'cpt_set_tid',
		'tasks.*.setTid',
		(s) => s.task.setTid,
		(d, v) => {
			d.task.setTid = v;
		},
	),
	wide(
		'cpt_clear_tid',
		'tasks.*.clearTid',
		(s) => s.task.clearTid,
		(d, v) => {
			d.task.clearTid = v;
		},
	),
	int(
		'cpt_exit_code',
		'tasks.*.exitStatus',
		(s) => s.task.exitStatus >>> 0,
		(d, v) => {
			d.task.exitStatus = v | 0;
		},
	),
	int(
		'cpt_exit_signal',
		'tasks.*.exitSignal',
		(s) => s.task.exitSignal >>> 0,
		(d, v) => {
			d.task.exitSignal = v | 0;
		},
	),
	int(
		'cpt_pdeath_signal',
		'tasks.*.pdeathSignal',
		(s) => s.task.pdeathSignal,
		(d, v) => {
			d.task.pdeathSignal = v;
		},
	),
	int('cpt_user', '', (s) => s.task.creds.uid),
	...CREDS.map((name) =>
		int<TaskSubject, TaskDraft>(
			`cpt_${name}`,
			`tasks.*.creds.${name}`,
			(s) => s.task.creds[name],
			(d, v) => {
				d.task.creds = { ...d.task.creds, [name]: v };
			},
		),
	),
	{
		field: 'cpt_comm',
		path: 'tasks.*.comm',
		get: (s) => comm(s.task.comm),
		set: (d, v: Uint8Array) => {
			d.task.comm = fromComm(v);
		},
	},
	{
		field: 'cpt_tls',
		path: 'tasks.*.tls',
		get: (s) => [0, 1, 2].map((i) => descriptorWords(s.task.tls[i] ?? EMPTY)),
		set: (d, v: readonly bigint[]) => {
			d.task.tls = v.every((words) => words === 0n) && d.task.tls.length === 0 ? [] : v.map(fromWords);
		},
	},
	wide('cpt_utime', 'tasks.*.times.steps', jiffies, setTicks),
	wide('cpt_stime', '', () => 0),
	wide('cpt_utimescaled', '', jiffies),
	wide('cpt_stimescaled', '', () => 0),
	wide('cpt_gtime', '', () => 0),
	wide('cpt_prev_utime', '', jiffies),
	wide('cpt_prev_stime', '', () => 0),
	{
		field: 'cpt_start_time',
		path: 'tasks.*.times.startNs',
		get: (s) => timespec(s.task.times.startNs),
		set: (d, v: bigint) => {
			d.task.times = { ...d.task.times, startNs: fromTimespec(v) };
		},
	},
	{ field: 'cpt_real_start_time', path: '', get: (s) => timespec(s.task.times.startNs) },
	...COUNTS.map((name, i) =>
		wide<TaskSubject, TaskDraft>(
			COUNT_FIELDS[i],
			`tasks.*.times.${name}`,
			(s) => s.task.times[name],
			(d, v) => {
				d.task.times = { ...d.task.times, [name]: v };
			},
		),
	),
	int('cpt_children_num', '', (s) => s.children),
];

/** What an MM is made from. */
export interface MmSubject {
	readonly mm: Mm;
}
export interface MmDraft {
	readonly mm: Writable<Mm>;
}

/** MMF_DUMP_FILTER_DEFAULT: private and shared anonymous memory go into a core (include/linux/sched.h, 2.6.27). */
const DUMP_FILTER = 0xc;
const MM_ADDRESSES: readonly (readonly [field: string, name: keyof Mm & string])[] = [
	['cpt_start_code', 'startCode'],
	['cpt_end_code', 'endCode'],
	['cpt_start_data', 'startData'],
	['cpt_end_data', 'endData'],
	['cpt_start_brk', 'startBrk'],
	['cpt_brk', 'brk'],
	['cpt_start_stack', 'startStack'],
	['cpt_start_arg', 'argStart'],
	['cpt_end_arg', 'argEnd'],
	['cpt_start_env', 'envStart'],
	['cpt_end_env', 'envEnd'],
	['cpt_def_flags', 'defFlags'],
];

export const MM_FIELDS: readonly FieldRow<MmSubject, MmDraft>[] = [
	...MM_ADDRESSES.map(([field, name]) =>
		wide<MmSubject, MmDraft>(
			field,
			`mms.*.${name}`,
			(s) => s.mm[name] as number,
			(d, v) => {
				Object.assign(d.mm, { [name]: v });
			},
		),
	),
	wide(
		'cpt_flags',
		'mms.*.dumpable',
		(s) => s.mm.dumpable | DUMP_FILTER,
		(d, v) => {
			d.mm.dumpable = v & 3;
		},
	),
	wide('cpt_map_count', '', (s) => s.mm.vmas.length),
];

/** Registers that travel as they are. */
export const PLAIN_REGISTERS: readonly (readonly [field: string, name: keyof CpuState & string])[] = [
	['cpt_bx', 'ebx'],
	['cpt_cx', 'ecx'],
	['cpt_dx', 'edx'],
	['cpt_si', 'esi'],
	['cpt_di', 'edi'],
	['cpt_bp', 'ebp'],
	['cpt_ax', 'eax'],
	['cpt_ip', 'eip'],
	['cpt_flags', 'eflags'],
	['cpt_sp', 'esp'],
];

/** Registers that travel encoded. */
export const SEGMENT_REGISTERS: readonly (readonly [field: string, name: 'gs' | 'ds' | 'es' | 'fs' | 'cs' | 'ss'])[] = [
	['cpt_gs', 'gs'],
	['cpt_ds', 'ds'],
	['cpt_es', 'es'],
	['cpt_fs', 'fs'],
	['cpt_cs', 'cs'],
	['cpt_ss', 'ss'],
];
