/** `checkpoint TRACE --at POS -o IMG`: freezes a recorded run and dumps it into an image. */
import { DumpError, type Image } from '../../cpt/v2/dump.ts';
import { checkpoint, type Freeze, recordDump } from '../../replay/checkpoint.ts';
import { formatPosition } from '../../replay/position.ts';
import type { Trace } from '../../replay/trace.ts';
import { freeze, openTrace, position, reading } from '../open.ts';
import { CliError, Exit, json, plural, print, shownBytes, thousands } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { programNames } from '../render/disassemble.ts';
import { tasksText } from '../render/place.ts';

export interface CheckpointOptions {
	readonly at: string;
	readonly output: string;
	readonly trace?: string;
	readonly json?: boolean;
}

export function checkpointCommand(path: string, options: CheckpointOptions): number {
	const at = position(options.at);
	const trace = openTrace(path);
	const frozen = freeze(path, trace, at);
	const image = dumped(path, frozen);
	const { bytes } = image;
	const sources = [{ path, what: 'the trace that is read' }];
	writeOutput(options.output, [bytes], { sources });
	if (options.trace !== undefined) {
		const kept = reading(path, () => recordDump(trace, frozen, image));
		writeOutput(options.trace, [kept.bytes], {
			option: '--trace',
			sources: [...sources, { path: options.output, what: 'the image' }],
		});
	}
	print(options.json ? json(report(path, frozen, image, options)) : text(trace, frozen, image, options));
	return Exit.OK;
}

function dumped(path: string, frozen: Freeze): Image {
	try {
		return checkpoint(frozen);
	} catch (error) {
		if (!(error instanceof DumpError)) throw error;
		throw new CliError(`${path}@${formatPosition(frozen.at)}: the dump fails: ${error.message}`, Exit.DIFFERS);
	}
}

function text(trace: Trace, { at, state }: Freeze, { bytes, objects }: Image, options: CheckpointOptions): string {
	const names = programNames(trace, state);
	const parts = [
		`step ${formatPosition(at)}`,
		tasksText(state, names),
		`${plural(objects.length, 'object')}, ${thousands(bytes.length)} bytes, v2`,
	];
	return `${options.output}  ${parts.join(' · ')}`;
}

function report(path: string, { at, state }: Freeze, { bytes, objects }: Image, options: CheckpointOptions): object {
	return {
		trace: path,
		position: at.steps,
		k: at.k,
		image: options.output,
		dialect: 'v2',
		bytes: bytes.length,
		objects: objects.map(({ number, name, offset, length }) => ({ number, name, offset, length })),
		tasks: Object.values(state.tasks).map((t) => ({ pid: t.pid, comm: shownBytes(t.comm), state: t.state, origAx: t.origAx })),
		...(options.trace === undefined ? {} : { dump: options.trace }),
	};
}
