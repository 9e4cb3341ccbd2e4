/** `timeline TRACE`: what each task did when, for the terminal or as a file for ui.perfetto.dev. */
import { comparePositions } from '../../replay/position.ts';
import { openTrace, reading, shown, wholeEnd } from '../open.ts';
import { CliError, json, print } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { timelineOf } from '../render/lanes.ts';
import { perfettoJson } from '../render/perfetto.ts';
import { timelineText } from '../render/timeline.ts';

export interface TimelineOptions {
	readonly format?: string;
	readonly output?: string;
	readonly json?: boolean;
}

/** Columns of what is no terminal. */
const WIDTH = 100;

export function timelineCommand(path: string, options: TimelineOptions): number {
	const { format = 'text', output } = options;
	if (format !== 'text' && format !== 'perfetto') {
		throw new CliError(`--format ${format}: \`text\` or \`perfetto\` wanted`);
	}
	if (options.json && format === 'perfetto') throw new CliError('--json: --format perfetto is JSON of its own; one of them');
	const trace = openTrace(path);
	const end = wholeEnd(trace);
	const timeline = reading(path, () => timelineOf(trace, (at) => comparePositions(at, end) < 0));
	const text = options.json
		? `${json({ trace: path, ...timeline })}\n`
		: format === 'perfetto'
			? perfettoJson(path, timeline)
			: `${timelineText(path, timeline, process.stdout.columns ?? WIDTH)}\n`;
	if (output === undefined) print(text);
	else writeOutput(output, [Buffer.from(text)], { sources: [{ path, what: 'the trace' }] });
	return shown(path, trace);
}
