/** The tasks of a state as a tree: who is whose child, what each does, and what a sleeper waits for. */
import { callName } from '../../kernel/abi/call-numbers.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import { wantedText } from '../../kernel/deadlock.ts';
import { endStatus } from '../../kernel/job-control.ts';
import { numberIn } from '../../kernel/pids.ts';
import { readState } from '../../reducers/address-space.ts';
import type { MachineState, Task } from '../../reducers/state.ts';
import { shownBytes, shownWord, thousands } from '../output.ts';
import { type Names, namesByTask } from './names.ts';
import { placeText } from './place.ts';
import { exitJson, waitStatusText } from './status.ts';

/** A task of the tree. */
export interface PsRow {
	/** The process (tgid), and the thread in it. */
	readonly pid: number;
	readonly tid: number;
	/** Its number in its own pid namespace; null in the container's. */
	readonly nsPid: number | null;
	/** 0: outside the machine. */
	readonly ppid: number;
	readonly pgrp: number;
	readonly session: number;
	/** `running` has the processor, `runnable` would like to have it. */
	readonly state: 'running' | 'runnable' | 'sleeping' | 'stopped' | 'traced' | 'zombie' | 'dead';
	/** Steps it has retired. */
	readonly steps: number;
	/** The call it is inside of, or null. */
	readonly call: string | null;
	/** What it waits for, where it is, or how it ended. */
	readonly what: string;
	readonly comm: string;
	/** argv as it is in its memory now; empty where that is gone. */
	readonly args: readonly string[];
	/** How it ended: null while it lives. */
	readonly exit: number | null;
	readonly signal: string | null;
	/** Ancestors in the machine; a thread stands one below its leader. */
	readonly depth: number;
}

/** Every task, parents before their children, by pid; threads below their leader. */
export function psRows(state: MachineState): readonly PsRow[] {
	const tasks = Object.values(state.tasks);
	const names = namesByTask(state);
	const isRoot = (t: Task) => t.tgid === t.pid && (t.ppid === t.pid || state.tasks[t.ppid] === undefined);
	const rows: PsRow[] = [];
	const seen = new Set<number>();
	const add = (task: Task, depth: number): void => {
		if (seen.has(task.pid)) return;
		seen.add(task.pid);
		rows.push(rowOf(state, task, depth, names));
		if (task.tgid !== task.pid) return;
		for (const t of tasks) if (t.tgid === task.pid && t !== task) add(t, depth + 1);
		for (const t of tasks) if (t.tgid === t.pid && t.ppid === task.pid) add(t, depth + 1);
	};
	for (const t of tasks) if (isRoot(t)) add(t, 0);
	// A restored state may hold a tree that is none: nobody is left out.
	for (const t of tasks) add(t, 0);
	return rows;
}

function rowOf(state: MachineState, task: Task, depth: number, names: (task: Task) => Names): PsRow {
	const group = state.groups[task.group];
	const gone = task.state === 'zombie' || task.state === 'dead';
	const status = !gone ? null : task.tgid === task.pid ? endStatus(state, task) : task.exitStatus;
	return {
		pid: task.tgid,
		tid: task.pid,
		nsPid: task.pidNs === 0 ? null : numberIn(state, task.pidNs, task.pid),
		ppid: task.ppid,
		pgrp: group?.pgrp ?? 0,
		session: group?.session ?? 0,
		state: task.state === 'running' && state.scheduler.current !== task.pid ? 'runnable' : task.state,
		steps: task.times.steps,
		call: task.origAx >= 0 ? callName(task.origAx, state.persona) : null,
		what: whatText(state, task, status, names),
		comm: task.comm,
		args: argsOf(state, task),
		...exitJson(status),
		depth,
	};
}

function whatText(state: MachineState, task: Task, status: number | null, names: (task: Task) => Names): string {
	if (status !== null) return `${waitStatusText(status)}${task.state === 'zombie' ? ', not waited for yet' : ''}`;
	if (task.state === 'traced') return `for its tracer ${task.trace?.tracer ?? 0}`;
	if (task.state === 'stopped') return `by ${signalName(state.groups[task.group].stopSignal)}`;
	if (task.state === 'sleeping') return `${callName(task.origAx, state.persona)} waits for ${wantedText(state, task)}`;
	return task.origAx >= 0 ? `in ${callName(task.origAx, state.persona)}` : placeText(task.cpu.eip, names(task));
}

/** Bytes of argv that are looked at. */
const MAX_ARGS = 4096;

function argsOf(state: MachineState, task: Task): readonly string[] {
	const mm = state.mms[task.mm];
	if (mm === undefined || mm.argEnd <= mm.argStart) return [];
	const bytes = readState(state, mm, mm.argStart, Math.min(mm.argEnd - mm.argStart, MAX_ARGS), 0);
	return bytes === undefined ? [] : Buffer.from(bytes).toString('latin1').replace(/\0$/, '').split('\0');
}

/** Columns of the command at most; JSON has it whole. */
const COMMAND = 44;

function command(row: PsRow): string {
	const indent = row.depth === 0 ? '' : `${'  '.repeat(row.depth - 1)}└ `;
	const thread = row.tid !== row.pid;
	const own = thread
		? `{${shownBytes(row.comm)}}`
		: row.args.length > 0
			? row.args.map(shownWord).join(' ')
			: `[${shownBytes(row.comm)}]`;
	const text = `${indent}${own}`;
	return text.length > COMMAND ? `${text.slice(0, COMMAND - 1)}…` : text;
}

/** As a table; columns of threads and of numbers in pid namespaces only where there are any. */
export function psText(rows: readonly PsRow[]): string {
	const threads = rows.some((r) => r.tid !== r.pid);
	const inside = rows.some((r) => r.nsPid !== null);
	const cells = rows.map((r) => [
		r.pid,
		...(threads ? [r.tid] : []),
		...(inside ? [r.nsPid ?? r.tid] : []),
		r.ppid,
		r.pgrp,
		r.session,
		r.state,
		thousands(r.steps),
		command(r),
		r.what,
	]);
	const head = [
		'PID',
		...(threads ? ['TID'] : []),
		...(inside ? ['NSPID'] : []),
		'PPID',
		'PGRP',
		'SID',
		'STATE',
		'STEPS',
		'COMMAND',
		'DOES',
	];
	const table = [head, ...cells.map((row) => row.map(String))];
	const widths = head.map((_, i) => Math.max(...table.map((row) => row[i].length)));
	const left = new Set(['STATE', 'COMMAND', 'DOES']);
	return table
		.map((row) => row.map((cell, i) => (left.has(head[i]) ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '))
		.map((line) => line.trimEnd())
		.join('\n');
}
