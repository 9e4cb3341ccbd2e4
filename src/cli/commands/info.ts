/** `info TRACE`: what a trace holds, without running it. */
import { FrameKind } from '../../events/trace/format.ts';
import type { Trace } from '../../replay/trace.ts';
import { openTrace, reading, shown } from '../open.ts';
import { colour, json, plural, print, shownBytes, shownWord, thousands } from '../output.ts';
import { waitStatusText } from '../render/status.ts';

const FRAME_NAMES: Record<FrameKind, string> = {
	[FrameKind.HEADER]: 'header',
	[FrameKind.BLOB]: 'contents',
	[FrameKind.EVENTS]: 'events',
	[FrameKind.STEPS]: 'steps',
	[FrameKind.DIGEST]: 'digest',
	[FrameKind.KEYFRAME]: 'keyframe',
	[FrameKind.INDEX]: 'index',
};

export function infoCommand(path: string, options: { readonly json?: boolean }): number {
	const trace = openTrace(path);
	const frames = frameTotals(trace);
	const inputs = reading(path, () => trace.inputs().length);
	if (options.json) {
		print(json({ trace: path, bytes: trace.size, header: trace.header, end: trace.end, damage: trace.damage, inputs, frames }));
	} else {
		print(screen(path, trace, frames, inputs));
	}
	return shown(path, trace);
}

interface FrameTotal {
	readonly kind: string;
	readonly frames: number;
	readonly bytes: number;
}

function frameTotals(trace: Trace): FrameTotal[] {
	return Object.values(FrameKind).flatMap((kind) => {
		const of = trace.frames.filter((f) => f.kind === kind);
		return of.length === 0
			? []
			: [{ kind: FRAME_NAMES[kind], frames: of.length, bytes: of.reduce((n, f) => n + f.end - f.offset, 0) }];
	});
}

function screen(path: string, trace: Trace, frames: readonly FrameTotal[], inputs: number): string {
	const { header, end } = trace;
	const { persona } = header;
	const row = (name: string, value: string) => `${colour.dim(name.padEnd(10))} ${value}`;
	const lines = [
		row(
			'trace',
			`${path}  ${thousands(trace.size)} bytes, grain ${header.grain}, by ${header.writer} (semantics ${header.semantics})`,
		),
		row('program', `${shownBytes(header.path)}  sha256 ${header.program.slice(0, 16)}…`),
		row('argv', header.argv.map((a) => JSON.stringify(Buffer.from(a, 'latin1').toString())).join(' ')),
		row('env', header.env.map(shownWord).join(' ')),
		row(
			'machine',
			`${persona.machine}, Linux ${persona.release}, seed ${header.seed}, epoch ${new Date(Number(persona.epochNs / 1_000_000n)).toISOString()}`,
		),
		row('root', header.root === 'empty' ? 'empty but for the program' : 'a directory of the recorder, read as inputs'),
		row(
			'stdio',
			header.streams.map((s, i) => `${i} ${s}${i === 0 && header.stdin ? ` (${header.stdin.slice(0, 12)}…)` : ''}`).join('  '),
		),
	];
	if (end) {
		lines.push(
			row('run', `${plural(end.steps, 'step')} · ${plural(end.events, 'event')} · ${plural(inputs, 'input')} · ${end.end}`),
		);
		for (const t of end.tasks) {
			lines.push(
				row(
					'',
					`pid ${t.pid} ${shownBytes(t.comm)}  ${t.status === null ? 'alive' : waitStatusText(t.status)}  ${plural(t.steps, 'step')}`,
				),
			);
		}
	} else {
		lines.push(
			row(
				'run',
				`${plural(trace.recordedSteps, 'step')} in whole frames · ${plural(inputs, 'input')} · no end: the file is ${trace.damage?.kind ?? 'cut'}`,
			),
		);
	}
	for (const [i, f] of frames.entries()) {
		const totals = `${f.kind.padEnd(9)} ${thousands(f.frames).padStart(7)}  ${thousands(f.bytes).padStart(13)} bytes`;
		lines.push(row(i === 0 ? 'frames' : '', totals));
	}
	return lines.join('\n');
}
