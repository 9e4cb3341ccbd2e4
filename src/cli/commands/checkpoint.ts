/** `checkpoint TRACE --at POS -o IMG`: freezes a recorded run and dumps it into an image. */
import type { Rules } from '../../cpt/rules.ts';
import { DumpError, type Image } from '../../cpt/v2/dump.ts';
import { remainders } from '../../cpt/v2/remainder.ts';
import { subtree } from '../../cpt/v2/tree.ts';
import { checkpointRun, type Freeze, recordDump } from '../../replay/checkpoint.ts';
import { formatPosition } from '../../replay/position.ts';
import type { Trace } from '../../replay/trace.ts';
import { damageLine, freeze, located, openTrace, place, reading } from '../open.ts';
import { CliError, Exit, json, message, plural, print, shownBytes, thousands } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { planted } from '../planted.ts';
import { tasksText } from '../render/place.ts';

export interface CheckpointOptions {
	readonly at: string;
	readonly pid?: string;
	readonly output: string;
	readonly trace?: string;
	readonly defect?: readonly string[];
	readonly json?: boolean;
}

export function checkpointCommand(path: string, options: CheckpointOptions): number {
	const wanted = place(options.at);
	const { rules } = planted(options.defect);
	const trace = openTrace(path);
	const at = located(path, trace, wanted);
	if (trace.damage) message(damageLine(path, trace.damage));
	const frozen = freeze(path, trace, at);
	const pid = rootOf(path, frozen, options.pid);
	const { image, pieces } = dumped(path, trace, frozen, rules, pid);
	const sources = [{ path, what: 'the trace that is read' }];
	writeOutput(options.output, pieces, { sources });
	if (options.trace !== undefined) {
		const kept = reading(path, () => recordDump(trace, frozen, image));
		writeOutput(options.trace, [kept.bytes], {
			option: '--trace',
			sources: [...sources, { path: options.output, what: 'the image' }],
		});
	}
	const size = pieces.reduce((n, piece) => n + piece.length, 0);
	const dumpedTree = { ...frozen, state: pid === undefined ? frozen.state : subtree(frozen.state, pid) };
	const left = remainders(dumpedTree.state);
	if (!options.json && left.length > 0)
		message(`v2 cannot hold, a restart borrows: ${left.map(({ what, each }) => plural(each.length, what)).join(', ')}`);
	print(options.json ? json(report(path, dumpedTree, image, size, options)) : text(dumpedTree, image, size, options));
	return Exit.OK;
}

/** `--pid`: a process there; undefined: the first. */
function rootOf(path: string, { at, state }: Freeze, text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const task = state.tasks[Number(text)];
	const where = `${path}@${formatPosition(at)}`;
	if (!/^\d+$/.test(text) || task === undefined) throw new CliError(`--pid ${text}: no task of ${where}`, Exit.USAGE);
	if (task.tgid !== task.pid) throw new CliError(`--pid ${text}: a thread; its process is ${task.tgid}`, Exit.USAGE);
	return task.pid;
}

/** The image; with a defect of the restart the one in which it shows. */
function dumped(
	path: string,
	trace: Trace,
	frozen: Freeze,
	rules: Rules,
	pid: number | undefined,
): { readonly image: Image; readonly pieces: readonly Uint8Array[] } {
	try {
		const image = checkpointRun(trace, frozen, rules, pid);
		return { image, pieces: rules.premise ? [rules.premise(image.bytes)] : image.chunks };
	} catch (error) {
		if (!(error instanceof DumpError)) throw error;
		throw new CliError(`${path}@${formatPosition(frozen.at)}: the dump fails: ${error.message}`, Exit.DIFFERS);
	}
}

function text({ at, state }: Freeze, { objects }: Image, size: number, options: CheckpointOptions): string {
	const parts = [
		`step ${formatPosition(at)}`,
		tasksText(state),
		`${plural(objects.length, 'object')}, ${thousands(size)} bytes, v2`,
	];
	return `${options.output}  ${parts.join(' · ')}`;
}

function report(path: string, { at, state }: Freeze, { objects }: Image, size: number, options: CheckpointOptions): object {
	return {
		trace: path,
		position: at.steps,
		k: at.k,
		image: options.output,
		dialect: 'v2',
		bytes: size,
		objects: objects.map(({ number, name, offset, length }) => ({ number, name, offset, length })),
		tasks: Object.values(state.tasks).map((t) => ({ pid: t.pid, comm: shownBytes(t.comm), state: t.state, origAx: t.origAx })),
		residual: remainders(state).map(({ part, what, each }) => ({ part, what, each: each.map(shownBytes) })),
		...(options.trace === undefined ? {} : { dump: options.trace }),
	};
}
