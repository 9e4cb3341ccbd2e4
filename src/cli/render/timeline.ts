/** A timeline for the terminal: a lane a task over the steps of the run, and below them what happened. */
import { formatPosition } from '../../replay/position.ts';
import { shownBytes, thousands } from '../output.ts';
import type { Activity, Lane, Timeline } from './lanes.ts';

/** How a column of a lane looks. A call that does not block takes no time and is not seen. */
const SIGNS: { readonly [A in Exclude<Activity, 'call'>]: string } = {
	running: '█',
	runnable: '░',
	blocked: '·',
	stopped: 's',
	traced: 't',
	zombie: 'z',
};
/** Of several things in one column this is shown. */
const STRONGER: readonly Activity[] = ['running', 'traced', 'stopped', 'runnable', 'blocked', 'zombie'];

/** Things that happened, listed at most. */
const LISTED = 40;

/** @param width columns of the whole screen */
export function timelineText(name: string, timeline: Timeline, width: number): string {
	const { lanes, begin, end } = timeline;
	const labels = lanes.map(label);
	const left = Math.max(...labels.map((l) => l.length), 4);
	const columns = Math.max(20, width - left - 2);
	const from = begin.at.steps;
	const steps = Math.max(1, end.at.steps - from);
	const first = thousands(from);
	const last = thousands(end.at.steps);
	const lines = [
		`${name}  ${lanes.length} task${lanes.length === 1 ? '' : 's'} · ${thousands(end.at.steps - from)} steps · ${seconds(end.ns - begin.ns)} of the machine’s time`,
		`${'step'.padEnd(left)}  ${first}${last.padStart(columns - first.length)}`,
	];
	lanes.forEach((lane, i) => {
		lines.push(`${labels[i].padEnd(left)}  ${drawn(lane, from, steps, columns)}`.trimEnd());
	});
	const used = new Set(lanes.flatMap((lane) => lane.slices.map((s) => s.activity)));
	const legend = STRONGER.filter((a) => used.has(a)).map((a) => `${SIGNS[a as keyof typeof SIGNS]} ${a}`);
	lines.push(`${''.padEnd(left)}  ${legend.join('  ')}`, '', ...happenings(timeline));
	return lines.join('\n');
}

function label({ pid, tid, names }: Lane): string {
	const name = names.map(shownBytes).join(' → ');
	return pid === tid ? `pid ${pid} ${name}` : `  tid ${tid} ${name}`;
}

function drawn(lane: Lane, from: number, steps: number, columns: number): string {
	const cells: (Activity | undefined)[] = new Array(columns).fill(undefined);
	for (const { activity, from: a, to: b } of lane.slices) {
		if (activity === 'call') continue;
		const start = Math.min(columns - 1, Math.floor(((a.at.steps - from) * columns) / steps));
		const stop = Math.min(columns, Math.max(start + 1, Math.ceil(((b.at.steps - from) * columns) / steps)));
		for (let i = start; i < stop; i++) {
			const there = cells[i];
			if (there === undefined || STRONGER.indexOf(activity) < STRONGER.indexOf(there)) cells[i] = activity;
		}
	}
	return cells.map((a) => (a === undefined ? ' ' : SIGNS[a as keyof typeof SIGNS])).join('');
}

function happenings({ lanes }: Timeline): string[] {
	const marks = lanes.flatMap((lane) => lane.marks.map((mark) => ({ tid: lane.tid, ...mark })));
	marks.sort((a, b) => a.when.order - b.when.order);
	const rows = marks.slice(0, LISTED).map(({ tid, kind, name, text, when }) => {
		const said = kind === 'fork' ? `makes ${name}` : name;
		return [
			formatPosition(when.at),
			seconds(when.ns),
			String(tid),
			`${shownBytes(said)}${text === '' ? '' : `  ${shownBytes(text)}`}`,
		];
	});
	const table = [['STEP', 'TIME', 'PID', 'WHAT'], ...rows];
	const widths = [0, 1, 2].map((i) => Math.max(...table.map((row) => row[i].length)));
	const lines = table.map((row) => [...[0, 1, 2].map((i) => row[i].padStart(widths[i])), row[3]].join('  '));
	if (marks.length > LISTED) lines.push(`… and ${thousands(marks.length - LISTED)} more: --json has all of them`);
	return lines;
}

/** `0.000012345 s`. */
function seconds(ns: number): string {
	return `${Math.floor(ns / 1e9)}.${String(ns % 1e9).padStart(9, '0')} s`;
}
