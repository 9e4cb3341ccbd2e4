/** The guests that are made to be frozen: recorded once, and places in them by what happens there. */
import { readFileSync } from 'node:fs';
import { dump } from '../../../src/cpt/v2/dump.ts';
import type { KernelEvent } from '../../../src/events/event.ts';
import type { InputEvent } from '../../../src/events/input.ts';
import { freezeAt } from '../../../src/replay/checkpoint.ts';
import { NoOutside } from '../../../src/replay/outside.ts';
import type { Position } from '../../../src/replay/position.ts';
import { record } from '../../../src/replay/record.ts';
import { originOf, recordRestart, restore } from '../../../src/replay/restart.ts';
import { items } from '../../../src/replay/timeline.ts';
import { Trace } from '../../../src/replay/trace.ts';
import { guestPath } from '../../guests/manifest.ts';

export interface Happened {
	readonly at: Position;
	readonly event: KernelEvent;
}

export interface Run {
	readonly trace: Trace;
	readonly happened: readonly Happened[];
}

/** Where to freeze: after the event that it finds. */
export type Place = (happened: readonly Happened[]) => Happened | undefined;

const NR_GETPPID = 64;
const NR_PAUSE = 29;
/** The program's. */
const FIRST_PID = 2;

/** The n-th place that the guest itself marks, with a getppid. */
export const mark =
	(n: number): Place =>
	(all) =>
		all.filter(({ event }) => event.kind === 'syscall/exit' && event.nr === NR_GETPPID)[n - 1];

/** Asleep in a call for the n-th time. */
export const asleep =
	(nr: number, n = 1): Place =>
	(all) =>
		all.filter(({ event }) => event.kind === 'task/block' && event.nr === nr)[n - 1];

/** Asleep in pause, and a timer is due at this very moment. */
export const due: Place = (all) =>
	all.find(({ event }, i) => event.kind === 'task/block' && event.nr === NR_PAUSE && all[i + 1]?.event.kind === 'timer/expire');

/** Asleep, right before a signal comes from outside. */
export const beforeSignal: Place = (all) => all[all.findIndex(({ event }) => event.kind === 'input/signal') - 1];

/** Asleep, and what it waits for has just come, with a signal: the child that was waited for has ended. */
export const fired: Place = (all) => all.find(({ event }) => event.kind === 'wait/fire');

/** How a guest is run. */
export interface How {
	readonly args?: readonly string[];
	/** Sent from outside whenever nothing else can happen. */
	readonly signal?: number | undefined;
	/** Debug registers of the program from its start: only a restored image sets them from outside. */
	readonly debugreg?: readonly number[] | undefined;
}

/** The run of a trace, restored at its start from an image with debug registers. */
async function withDebugreg(trace: Trace, debugreg: readonly number[]): Promise<Trace> {
	const { state } = freezeAt(trace, { steps: 0, k: 0 })!;
	const [task] = Object.values(state.tasks);
	const set = { ...state, tasks: { ...state.tasks, [task.pid]: { ...task, cpu: { ...task.cpu, debugreg } } } };
	const restored = restore(dump(set).bytes, { residual: state });
	return new Trace((await recordRestart(restored, originOf(trace), { outside: new NoOutside() })).bytes);
}

const runs = new Map<string, Promise<Run>>();

/** A guest's run. */
export function run(name: string, { args = [], signal, debugreg }: How = {}): Promise<Run> {
	const key = [name, ...args, signal, ...(debugreg ?? [])].join(' ');
	const known = runs.get(key);
	if (known) return known;
	const made = recorded(name, args, signal, debugreg);
	runs.set(key, made);
	return made;
}

class Sending extends NoOutside {
	readonly #signal: number;

	constructor(signal: number) {
		super();
		this.#signal = signal;
	}

	override async idle(): Promise<InputEvent> {
		const info = { signo: this.#signal, errno: 0, code: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false };
		return { kind: 'input/signal', task: FIRST_PID, info, ns: 0 };
	}
}

async function recorded(
	name: string,
	args: readonly string[],
	signal: number | undefined,
	debugreg: readonly number[] | undefined,
): Promise<Run> {
	const path = `/guests/${name}`;
	const { bytes, end } = await record({
		path,
		program: readFileSync(guestPath(name)),
		argv: [path, ...args],
		outside: signal === undefined ? new NoOutside() : new Sending(signal),
		maxSteps: 5_000_000,
	});
	const trace = debugreg === undefined ? new Trace(bytes) : await withDebugreg(new Trace(bytes), debugreg);
	const happened: Happened[] = [];
	for (const { at, event } of items(trace, 0, trace.end?.steps ?? end.steps))
		if (event.kind !== 'cpu/step') happened.push({ at, event });
	return { trace, happened };
}

/** The position right after what a place finds. */
export function positionOf({ happened }: Run, place: Place): Position {
	const found = place(happened);
	if (found === undefined) throw new Error('the guest never comes there');
	return { steps: found.at.steps, k: found.at.k + 1 };
}
