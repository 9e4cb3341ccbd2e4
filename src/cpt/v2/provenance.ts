/**
 * Provenance: which field of which object holds a part of the state, and which parts no object holds. Both directions are read
 * from the tables of fields; a path is written `tasks.*.creds.uid`, `*` for an id or an index.
 */
import type { Path } from '../../reducers/path.ts';
import { MM_FIELDS, PLAIN_REGISTERS, SEGMENT_REGISTERS, TASK_FIELDS } from './task-fields.ts';

/** Where a part of the state travels. */
export interface Held {
	readonly path: string;
	/** Kind of object: `TASK`, `VMA`, `BITS/FPU`. */
	readonly object: string;
	/** C name of the field, or `payload`. */
	readonly field: string;
}

const held = (object: string, path: string, field: string): Held => ({ object, path, field });

/** Every part of the state that a v2 image holds. The more special path comes first. */
export const HELD: readonly Held[] = [
	...TASK_FIELDS.filter((row) => row.path !== '').map((row) => held('TASK', row.path, row.field)),
	held('TASK', 'tasks.*.cpu.fpuUsed', 'cpt_flags'),
	held('X86_REGS', 'tasks.*.origAx', 'cpt_orig_ax'),
	held('X86_REGS', 'tasks.*.cpu.debugreg', 'cpt_debugreg'),
	held('BITS/FPU', 'tasks.*.cpu.fx', 'payload'),
	...[...PLAIN_REGISTERS, ...SEGMENT_REGISTERS].map(([field, name]) => held('X86_REGS', `tasks.*.cpu.${name}`, field)),
	held('MM', 'tasks.*.mm', ''),
	...MM_FIELDS.filter((row) => row.path !== '').map((row) => held('MM', row.path, row.field)),
	held('BITS/MM_CONTEXT', 'mms.*.ldt', 'payload'),
	held('VMA', 'mms.*.vmas.*.start', 'cpt_start'),
	held('VMA', 'mms.*.vmas.*.end', 'cpt_end'),
	held('VMA', 'mms.*.vmas.*.flags', 'cpt_flags'),
	held('VMA', 'mms.*.vmas.*.pgoff', 'cpt_pgoff'),
	held('NAME', 'mms.*.vmas.*.path', 'payload'),
	held('VMA', 'mms.*.vmas.*', ''),
	held('VMA', 'mms.*.vmas', ''),
	held('MM', 'mms.*.object', ''),
	held('PAGES', 'memory.*', 'payload'),
	held('PAGES', 'objects.*.pages', 'payload'),
	held('TASK', 'tasks.*', ''),
	held('MM', 'mms.*', ''),
	held('HEAD', 'persona.kernel', 'cpt_image_major'),
];

/** A part of the state that no v2 image holds: borrowed when a process is restored, and never counted as restored. */
export interface Residual {
	readonly path: string;
	/** What people call it; defects and reports name the group. */
	readonly part: string;
	readonly why: string;
}

const residual = (part: string, why: string, ...paths: readonly string[]): Residual[] =>
	paths.map((path) => ({ part, path, why }));

/** The fixed table of what v2 cannot hold. Whatever is neither here nor in HELD is a mistake that a test finds. */
export const RESIDUALS: readonly Residual[] = [
	...residual(
		'task signal state',
		'v2 has no object for signals',
		'sighands',
		'tasks.*.sighand',
		'tasks.*.blocked',
		'tasks.*.savedMask',
		'tasks.*.pending',
		'tasks.*.altstack',
		'tasks.*.trap',
		'groups.*.pending',
	),
	...residual(
		'task descriptor table',
		'v2 has no object for open files',
		'fdTables',
		'files',
		'pipes',
		'anons',
		'streams',
		'tasks.*.fdTable',
	),
	...residual('System V IPC', 'v2 has no object for it', 'ipcs', 'semUndos', 'tasks.*.semUndo'),
	...residual('namespaces', 'v2 has no object for them', 'tasks.*.ns', 'tasks.*.pidNs'),
	...residual('mounts', 'v2 has no object for them', 'supers', 'mounts'),
	...residual('terminals', 'v2 has no object for them', 'ttys', 'groups.*.tty', 'groups.*.oldPgrp'),
	...residual('task timers', 'v2 has no object for timers', 'groups.*.itimers', 'groups.*.timers', 'groups.*.nextTimer'),
	...residual(
		'restart block',
		'a call that sleeps keeps what it waits for on its kernel stack',
		'tasks.*.wait',
		'tasks.*.restartBlock',
	),
	...residual(
		'tracing',
		'v2 has the tracer’s pid and that the task stands still, not in what stop or with what options',
		'tasks.*.trace',
	),
	...residual('task robust list', 'v2 does not save it', 'tasks.*.robustList', 'tasks.*.robustListLen', 'tasks.*.rseq'),
	...residual('mm mmap base', 'v2 does not save it', 'mms.*.mmapBase'),
	...residual('mm vDSO address', 'v2 does not save it', 'mms.*.vdso'),
	...residual('mm executable', 'v2 names mapped files only', 'mms.*.exe', 'mms.*.exePath', 'mms.*.auxv'),
	...residual(
		'files',
		'v2 names files and does not hold their contents',
		'inodes',
		'objects',
		'mms.*.vmas.*.object',
		'mms.*.vmas.*.inode',
	),
	...residual('working directory', 'v2 has no object for it', 'fsStructs', 'tasks.*.fs'),
	...residual(
		'inherited state',
		'v2 does not save it',
		'tasks.*.creds.groups',
		'tasks.*.noNewPrivs',
		'tasks.*.nice',
		'tasks.*.sched',
		'tasks.*.timerSlack',
		'tasks.*.personality',
		'tasks.*.group',
		'groups.*.rlimits',
		'groups.*.groupExit',
		'groups.*.threads',
		'groups.*.stopSignal',
		'groups.*.report',
		'groups.*.threadTimes',
		'tasks.*.vforkParent',
		'groups.*.childTimes',
		'groups.*.subreaper',
		'groups.*.tgid',
		'groups.*',
	),
	...residual('CPU time within a tick', 'v2 counts jiffies', 'tasks.*.times.steps'),
	...residual('clock', 'v2 leaves cpt_time 0', 'clock'),
	...residual('scheduler', 'v2 has no object for it', 'scheduler'),
	...residual('machine', 'what the kernel around the container is', 'persona', 'prng', 'next', 'freezer', 'ended'),
];

/** Whether a path of the state begins with a pattern. */
export function matches(path: Path, pattern: string): boolean {
	const parts = pattern.split('.');
	return parts.length <= path.length && parts.every((part, i) => part === '*' || part === String(path[i]));
}

/** The row for a path: the longest pattern that it begins with. */
function best<R extends { readonly path: string }>(rows: readonly R[], path: Path): R | undefined {
	let found: R | undefined;
	for (const row of rows) {
		if (matches(path, row.path) && (found === undefined || row.path.split('.').length > found.path.split('.').length))
			found = row;
	}
	return found;
}

/** What holds a part of the state, or why nothing does. What an image holds comes first when both are true of it. */
export function provenance(path: Path): { readonly held?: Held; readonly residual?: Residual } {
	const h = best(HELD, path);
	const r = best(RESIDUALS, path);
	const length = (row: { readonly path: string } | undefined) => row?.path.split('.').length ?? 0;
	if (h !== undefined && length(h) >= length(r)) return { held: h };
	return r === undefined ? {} : { residual: r };
}
