/** `diff A B`: two traces: the first difference of their effect chains; two `TRACE@POS`: the states; images: their objects. */
import * as fs from 'node:fs';
import { diffImages } from '../../cpt/v2/diff.ts';
import { diffStates, formatPath } from '../../reducers/diff.ts';
import type { MachineState } from '../../reducers/state.ts';
import { checkpoint } from '../../replay/checkpoint.ts';
import { compareTraces, type Side } from '../../replay/compare.ts';
import { comparePositions, formatPosition, type Position } from '../../replay/position.ts';
import { stateAt } from '../../replay/rerun.ts';
import { type Item, items } from '../../replay/timeline.ts';
import type { Trace } from '../../replay/trace.ts';
import { freeze, isImage, openImage, openTrace, pastEnd, readInput, reading, splitAt, wholeEnd } from '../open.ts';
import { CliError, colour, Exit, json, Progress, plural, print } from '../output.ts';
import { Disassembler } from '../render/disassemble.ts';
import { Follower } from '../render/follower.ts';
import { eventLine, stepLine } from '../render/items.ts';
import { Names, programNames } from '../render/names.ts';
import { sideJson } from '../render/sides.ts';
import { differences, imageDiffCommand } from './image.ts';

/** Differences of states that are listed. */
const LISTED = 50;

interface Place {
	readonly path: string;
	readonly at: Position | undefined;
}

function place(text: string): Place {
	if (fs.existsSync(text)) return { path: text, at: undefined };
	const split = splitAt(text);
	return split ? { path: split.path, at: split.at } : { path: text, at: undefined };
}

export async function diffCommand(a: string, b: string, options: { readonly json?: boolean }): Promise<number> {
	const [x, y] = [place(a), place(b)];
	if (isImageFile(x) || isImageFile(y)) return diffWithImage(x, y, [a, b], options);
	if ((x.at === undefined) !== (y.at === undefined))
		throw new CliError('diff: two traces or two TRACE@POS wanted, one of each got');
	if (x.at && y.at) return diffPlaces(a, b, stateOf(x.path, x.at), stateOf(y.path, y.at), options);
	return diffTraces(a, b, openTrace(x.path), openTrace(y.path), options);
}

function isImageFile({ path, at }: Place): boolean {
	if (at !== undefined || !fs.statSync(path, { throwIfNoEntry: false })?.isFile()) return false;
	return isImage(readInput(path).subarray(0, 4));
}

/** An image against another, or against a fresh dump of a run at a position. */
function diffWithImage(x: Place, y: Place, [a, b]: readonly [string, string], options: { readonly json?: boolean }): number {
	if (isImageFile(x) && isImageFile(y)) return imageDiffCommand(a, b, options);
	const [image, run] = isImageFile(x) ? [x, y] : [y, x];
	if (run.at === undefined) throw new CliError(`diff: beside the image ${image.path} another, or TRACE@POS, wanted`);
	const fresh = checkpoint(freeze(run.path, openTrace(run.path), run.at)).bytes;
	const found = diffImages(fresh, openImage(image.path));
	// The fresh one is known to be well formed; it is shown on the side it was named on.
	const swapped = found.map((d) => ({ ...d, a: d.b, b: d.a, ...sides(d.offsetB, d.offsetA) }));
	return differences(a, b, image === x ? swapped : found, options);
}

function sides(offsetA: number | undefined, offsetB: number | undefined) {
	return { ...(offsetA === undefined ? {} : { offsetA }), ...(offsetB === undefined ? {} : { offsetB }) };
}

function stateOf(path: string, at: Position): MachineState {
	const trace = openTrace(path);
	const past = comparePositions(at, wholeEnd(trace)) > 0;
	const state = past ? undefined : reading(path, () => stateAt(trace, at));
	if (!state) throw pastEnd(path, trace, at);
	return state;
}

function diffPlaces(a: string, b: string, left: MachineState, right: MachineState, options: { readonly json?: boolean }): number {
	const found = diffStates(left, right, { limit: LISTED + 1 });
	if (options.json) print(json({ a, b, equal: found.length === 0, differences: found }));
	else if (found.length === 0) print(`equal  ${a}  ${b}`);
	else {
		const lines = found
			.slice(0, LISTED)
			.map((d) => `  ${formatPath(d.path).padEnd(44)} ${colour.red(show(d.a))}  ${colour.green(show(d.b))}`);
		const more = found.length > LISTED ? [`  … more than ${LISTED}`] : [];
		print([`${colour.red('DIFFERS')}  ${a}  ${b}`, ...lines, ...more].join('\n'));
	}
	return found.length === 0 ? Exit.OK : Exit.DIFFERS;
}

function show(value: unknown): string {
	if (value === undefined) return '(none)';
	if (typeof value === 'number') return value > 9 ? `${value} (0x${value.toString(16)})` : String(value);
	if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, 16)).toString('hex') + (value.length > 16 ? '…' : '');
	const text =
		JSON.stringify(value, (_, v) =>
			typeof v === 'bigint' ? `0x${v.toString(16)}` : v instanceof Uint8Array ? `${v.length} bytes` : v,
		) ?? 'undefined';
	return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function diffTraces(nameA: string, nameB: string, a: Trace, b: Trace, options: { readonly json?: boolean }): number {
	for (const [name, trace] of [
		[nameA, a],
		[nameB, b],
	] as const) {
		if (trace.damage)
			throw new CliError(`${name}: ${trace.damage.kind} at frame ${trace.damage.frame}: only whole traces can be compared`);
	}
	const progress = new Progress('comparing', Math.min(a.end?.steps ?? 0, b.end?.steps ?? 0));
	const { difference, equalSteps } = reading(`${nameA}, ${nameB}`, () => compareTraces(a, b, progress.at));
	progress.done();
	if (options.json) {
		print(
			json({
				a: nameA,
				b: nameB,
				equal: difference === null,
				equalSteps,
				difference: difference && { a: sideJson(difference.a), b: sideJson(difference.b) },
			}),
		);
		return difference ? Exit.DIFFERS : Exit.OK;
	}
	if (!difference) {
		print(`equal    ${nameA}  ${nameB}  ${plural(equalSteps, 'step')}, every event`);
		return Exit.OK;
	}
	const where = difference.a?.at ?? difference.b?.at ?? { steps: 0, k: 0 };
	print(`${colour.red('DIFFERS')}  first after ${plural(equalSteps, 'equal step')}, at ${formatPosition(where)}\n`);
	const disassembler = new Disassembler();
	print(sideText(nameA, a, difference.a, disassembler));
	print(`\n${sideText(nameB, b, difference.b, disassembler)}`);
	return Exit.DIFFERS;
}

/** The differing element with three before and after it. */
function sideText(name: string, trace: Trace, side: Side | undefined, disassembler: Disassembler): string {
	const steps = side?.at.steps ?? trace.end?.steps ?? 0;
	const from = Math.max(0, steps - 3);
	const state = stateAt(trace, { steps: from, k: 0 });
	const names = state ? programNames(trace, state) : Names.NONE;
	const follower = state && new Follower(state);
	const around: { readonly item: Item; readonly line: string }[] = [];
	for (const item of items(trace, from, steps + 3)) {
		const { event, at } = item;
		if (event.kind === 'cpu/step') {
			const context = follower?.before(event.task);
			around.push({ item, line: stepLine(event, { disassembler, names, ...(context ? { context } : {}) }) });
			follower?.after(event);
		} else {
			around.push({ item, line: eventLine(at, event) });
			if ('regs' in event) follower?.patch(event.task, event.regs);
		}
	}
	const found = side
		? around.findIndex(({ item: { at, event } }) => comparePositions(at, side.at) === 0 && event.kind === side.event.kind)
		: around.length;
	const rows = around
		.slice(Math.max(0, found - 3), found + 4)
		.map((row) => `${row === around[found] ? colour.yellow('▶') : ' '} ${row.line}`);
	if (!side) rows.push(`${colour.yellow('▶')} the trace ends here`);
	return [colour.bold(name), ...rows].join('\n');
}
