/**
 * A timeline as a Chrome trace (the Trace Event Format, JSON), which ui.perfetto.dev and chrome://tracing open: a process for each
 * process, a track for each thread. Times are virtual: microseconds since the machine began, with ns behind the point.
 */
import { formatPosition } from '../../replay/position.ts';
import { shownBytes } from '../output.ts';
import type { Lane, Mark, Moment, Slice, Timeline } from './lanes.ts';

/** Events that are not sorted by time with the others: names of processes and tracks. */
interface Metadata {
	readonly ph: 'M';
	readonly name: 'process_name' | 'thread_name' | 'thread_sort_index' | 'process_sort_index';
	readonly pid: number;
	readonly tid: number;
	readonly args: { readonly [name: string]: string | number };
}

/** Microseconds as JSON has them: three digits behind the point. */
const micros = (ns: number): string => `${Math.floor(ns / 1000)}.${String(ns % 1000).padStart(3, '0')}`;

/** The whole file: one event a line. */
export function perfettoJson(name: string, timeline: Timeline): string {
	const { lanes } = timeline;
	const lines = lanes.flatMap((lane) => metadata(lane).map((m) => JSON.stringify(m)));
	lines.push(...timedEvents(timeline));
	const other = JSON.stringify({ trace: name, 'time unit': 'virtual nanoseconds of the recorded machine' });
	return `{"displayTimeUnit":"ns","otherData":${other},"traceEvents":[\n${lines.join(',\n')}\n]}\n`;
}

function metadata({ pid, tid, names }: Lane): Metadata[] {
	const name = names.map(shownBytes).join(' → ');
	const thread: Metadata[] = [
		{ ph: 'M', name: 'thread_name', pid, tid, args: { name } },
		{ ph: 'M', name: 'thread_sort_index', pid, tid, args: { sort_index: tid } },
	];
	if (pid !== tid) return thread;
	return [
		{ ph: 'M', name: 'process_name', pid, tid, args: { name } },
		{ ph: 'M', name: 'process_sort_index', pid, tid, args: { sort_index: pid } },
		...thread,
	];
}

/** By time; at one moment in the order in which they happened, what is around something before it. */
function timedEvents({ lanes, flows }: Timeline): string[] {
	const events: { readonly when: Moment; readonly text: string }[] = [];
	const pids = new Map(lanes.map(({ tid, pid }) => [tid, pid]));
	for (const lane of lanes) {
		for (const slice of lane.slices) events.push({ when: slice.from, text: sliceText(lane, slice) });
		for (const mark of lane.marks) events.push({ when: mark.when, text: markText(lane, mark) });
	}
	flows.forEach(({ kind, from, to }, id) => {
		const end = (ph: string, { tid, when }: typeof from) => {
			const at = `"ts":${micros(when.ns)},"pid":${pids.get(tid)},"tid":${tid}`;
			events.push({
				when,
				text: `{"ph":"${ph}","cat":"flow","name":"${kind}","id":${id + 1},${at}${ph === 'f' ? ',"bp":"e"' : ''}}`,
			});
		};
		end('s', from);
		end('f', to);
	});
	return events.sort((a, b) => a.when.ns - b.when.ns || a.when.order - b.when.order).map(({ text }) => text);
}

function sliceText({ pid, tid }: Lane, { activity, name, from, to, text, result }: Slice): string {
	const args: Record<string, string> = { step: formatPosition(from.at), 'step at end': formatPosition(to.at) };
	if (activity === 'call') args.call = `${name}(${text}) = ${result}`;
	if (activity === 'blocked') args['waits for'] = text;
	const head = `"ph":"X","cat":"${activity === 'call' ? 'call' : 'state'}","name":${JSON.stringify(name)}`;
	return `{${head},"ts":${micros(from.ns)},"dur":${micros(to.ns - from.ns)},"pid":${pid},"tid":${tid},"args":${JSON.stringify(args)}}`;
}

function markText({ pid, tid }: Lane, { kind, name, text, when }: Mark): string {
	const args = { step: formatPosition(when.at), ...(text === '' ? {} : { what: shownBytes(text) }) };
	const head = `"ph":"i","cat":"${kind}","name":${JSON.stringify(shownBytes(name))},"s":"${kind === 'freezer' ? 'g' : 't'}"`;
	return `{${head},"ts":${micros(when.ns)},"pid":${pid},"tid":${tid},"args":${JSON.stringify(args)}}`;
}
