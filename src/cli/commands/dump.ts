/** `dump TRACE [A-B]`: events, one a line; with a range also every step, disassembled, with what it read and wrote. */
import type { KernelEvent, MachineEvent, RunEvent } from '../../events/event.ts';
import { encodeEvent } from '../../reducers/codec.ts';
import { comparePositions, type Position } from '../../replay/position.ts';
import { Rerun, stateAt } from '../../replay/rerun.ts';
import { items } from '../../replay/timeline.ts';
import type { Trace } from '../../replay/trace.ts';
import { openTrace, pastEnd, position, reading, shown, wholeEnd } from '../open.ts';
import { CliError, jsonLine, Lines } from '../output.ts';
import { Disassembler } from '../render/disassemble.ts';
import { Follower } from '../render/follower.ts';
import { eventLine, stepJson, stepLine } from '../render/items.ts';
import { Names, programNames } from '../render/names.ts';

export interface DumpOptions {
	readonly json?: boolean;
}

export async function dumpCommand(path: string, range: string | undefined, options: DumpOptions): Promise<number> {
	const window = range === undefined ? undefined : parseRange(range);
	const trace = openTrace(path);
	reading(path, () => {
		if (window === undefined) dumpEvents(trace, options);
		else dumpWindow(path, trace, window, options);
	});
	return shown(path, trace);
}

interface Window {
	readonly from: Position;
	/** Included; without k also all events and the step there. */
	readonly to: Position;
}

const ALL = Number.POSITIVE_INFINITY;

/** `A-B`, `A-` or `A`. */
function parseRange(text: string): Window {
	const [first, last, ...more] = text.split('-');
	if (first === '' || more.length > 0) throw new CliError(`range "${text}": A-B, A- or A wanted (positions N or N.k)`);
	const from = position(first);
	if (last === '') return { from, to: { steps: ALL, k: ALL } };
	const end = last === undefined ? from : position(last);
	const whole = !(last ?? first).includes('.');
	const to = { steps: end.steps, k: whole ? ALL : end.k };
	if (comparePositions(from, to) > 0) throw new CliError(`range "${text}": it ends before it begins`);
	return { from, to };
}

/** The whole trace, a run a line. */
function dumpEvents(trace: Trace, options: DumpOptions): void {
	const lines = new Lines();
	const end = wholeEnd(trace);
	let at = { steps: 0, k: 0 };
	const show = (event: MachineEvent) => {
		if (event.kind === 'cpu/steps' || comparePositions(at, end) >= 0) return;
		lines.add(options.json ? eventJson(at, event) : eventLine(at, event, trace.header.persona));
		at = event.kind === 'cpu/run' ? { steps: at.steps + event.steps, k: 0 } : { steps: at.steps, k: at.k + 1 };
	};
	const run = Rerun.fromStart(trace, 'runs', show);
	run.advance(ALL);
	run.machine.flush();
	lines.flush();
}

function eventJson(at: Position, event: KernelEvent | RunEvent): string {
	return jsonLine({ position: at.steps, k: at.k, ...(encodeEvent(event) as object) });
}

function dumpWindow(path: string, trace: Trace, { from, to }: Window, options: DumpOptions): void {
	const end = wholeEnd(trace);
	const state = comparePositions(from, end) > 0 ? undefined : stateAt(trace, { steps: from.steps, k: 0 });
	if (!state) throw pastEnd(path, trace, from);
	const lines = new Lines();
	const follower = new Follower(state);
	const disassembler = options.json ? undefined : new Disassembler();
	let names = programNames(trace, state);
	for (const { at, event } of items(trace, from.steps, Math.min(to.steps, end.steps))) {
		const step = event.kind === 'cpu/step';
		// The step at a position comes after all events there.
		const place = step ? { steps: at.steps, k: ALL } : at;
		if (comparePositions(place, to) > 0 || comparePositions(place, end) >= 0) break;
		const before = comparePositions(place, from) < 0;
		if (!step) {
			if (!before) lines.add(options.json ? eventJson(at, event) : eventLine(at, event, trace.header.persona));
			if ('regs' in event) follower.patch(event.task, event.regs);
			if (event.kind === 'task/exec') names = Names.NONE;
			continue;
		}
		const context = follower.before(event.task);
		if (!before) lines.add(disassembler ? stepLine(event, { disassembler, names, context }) : jsonLine(stepJson(event)));
		follower.after(event);
	}
	lines.flush();
}
