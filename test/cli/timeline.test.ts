/** `timeline`: every trace as a Chrome trace that nests, and the lanes of a terminal. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTrace } from '../../src/cli/open.ts';
import { timelineOf } from '../../src/cli/render/lanes.ts';
import { perfettoJson } from '../../src/cli/render/perfetto.ts';
import { bytes, guest, replay, shell } from './cli.ts';

interface Event {
	readonly ph: string;
	readonly name: string;
	readonly cat?: string;
	readonly pid: number;
	readonly tid: number;
	readonly ts?: number;
	readonly dur?: number;
	readonly id?: number;
	readonly s?: string;
	readonly args?: { readonly [name: string]: string | number };
}

const TRACES = readdirSync('traces').filter((name) => name.endsWith('.msgpack') && !name.startsWith('fork-steps'));
const ns = (micros: number | undefined): number => Math.round((micros ?? Number.NaN) * 1000);

function eventsOf(text: string): readonly Event[] {
	const whole = JSON.parse(text) as { readonly traceEvents: readonly Event[] };
	return whole.traceEvents;
}

/** What the format asks for, and that the slices of each track nest. */
function check(name: string, events: readonly Event[]): void {
	const processes = new Set(events.filter((e) => e.name === 'process_name').map((e) => e.pid));
	const threads = new Set(events.filter((e) => e.name === 'thread_name').map((e) => `${e.pid} ${e.tid}`));
	const open = new Map<string, number[]>();
	const last = new Map<string, number>();
	const flows = new Map<number, string[]>();
	for (const e of events) {
		const track = `${e.pid} ${e.tid}`;
		assert.ok(threads.has(track), `${name}: no track ${track} is named`);
		if (e.ph === 'M') continue;
		assert.ok(processes.has(e.pid), `${name}: no process ${e.pid} is named`);
		const from = ns(e.ts);
		assert.ok(from >= (last.get(track) ?? 0), `${name}: time goes back on ${track}: ${JSON.stringify(e)}`);
		last.set(track, from);
		const around = (open.get(track) ?? []).filter((end) => end > from);
		if (e.ph === 'X') {
			const to = from + ns(e.dur);
			assert.ok(to >= from, `${name}: a slice of a length`);
			for (const end of around) assert.ok(to <= end, `${name}: a slice reaches beyond the one around it: ${JSON.stringify(e)}`);
			assert.ok(around.length < 2, `${name}: three slices in each other`);
			around.push(to);
			assert.match(String(e.args?.step), /^\d+(\.\d+)?$/);
		} else if (e.ph === 'i') assert.ok(e.s === 't' || e.s === 'g');
		else if (e.ph === 's' || e.ph === 'f') flows.set(e.id ?? 0, [...(flows.get(e.id ?? 0) ?? []), e.ph]);
		else assert.unreachable(`${name}: ${e.ph}`);
		open.set(track, around);
	}
	for (const [id, ends] of flows) assert.equal(ends, ['s', 'f'], `${name}: flow ${id}`);
}

for (const name of TRACES) {
	test(`${name}: a Chrome trace that nests, the same bytes twice`, () => {
		const make = () =>
			perfettoJson(
				name,
				timelineOf(openTrace(join('traces', name)), () => true),
			);
		const text = make();
		assert.is(make(), text);
		const events = eventsOf(text);
		assert.ok(events.some((e) => e.ph === 'X'));
		check(name, events);
	});
}

test('who forks, who is signalled and who is woken are flows; each call is there with what strace says of it', () => {
	shell(`$R record -o tree.t -- ${guest('fork_tree')} > tree.out < /dev/null`);
	const events = eventsOf(replay(['timeline', 'tree.t', '--format', 'perfetto']).stdout);
	check('fork_tree', events);
	const flows = events.filter((e) => e.ph === 's').map((e) => e.name);
	assert.ok(flows.filter((f) => f === 'fork').length >= 3);
	assert.ok(flows.includes('wake'));
	const calls = events.filter((e) => e.cat === 'call');
	const traced = replay(['strace', 'tree.t', '--json'])
		.stdout.trimEnd()
		.split('\n')
		.map((line) => JSON.parse(line) as { readonly call?: string; readonly args: readonly string[]; readonly text: string })
		.filter((l) => l.call !== undefined)
		.map((l) => `${l.call}(${l.args.join(', ')}) = ${l.text}`);
	assert.equal(calls.map((e) => e.args?.call).sort(), traced.sort());
	const sent = eventsOf(
		perfettoJson(
			'jobs',
			timelineOf(openTrace('traces/jobs.msgpack'), () => true),
		),
	);
	assert.ok(sent.some((e) => e.ph === 's' && e.name === 'signal'));
});

test('a restored run has lanes from its restart on, and says where it was frozen', () => {
	const trace = join(process.cwd(), 'traces/frozen-tree.msgpack');
	const { steps } = openTrace(trace).end ?? { steps: 0 };
	const at = Math.floor(steps / 2);
	replay(['checkpoint', trace, '--at', String(at), '-o', 'tree.cpt', '--trace', 'dumped.t']);
	replay(['restart', 'tree.cpt', '--with-trace', `${trace}@${at}`, '--inputs', 'recorded', '-o', 'restored.t']);
	const dumped = eventsOf(replay(['timeline', 'dumped.t', '--format', 'perfetto']).stdout);
	check('dumped', dumped);
	assert.ok(dumped.some((e) => e.cat === 'freezer' && e.name === 'checkpointing'));
	const restored = eventsOf(replay(['timeline', 'restored.t', '--format', 'perfetto']).stdout);
	check('restored', restored);
	assert.ok(restored.some((e) => e.cat === 'freezer' && e.name === 'restored'));
	assert.ok(restored.some((e) => e.ph === 'X' && e.name === 'running'));
});

test('in a terminal: a lane a task, what each column is, and what happened', () => {
	const { stdout } = replay(['timeline', join(process.cwd(), 'traces/jobs.msgpack')]);
	const lines = stdout.split('\n');
	assert.match(lines[0], /3 tasks · [\d,]+ steps/);
	assert.match(lines[3], /^pid 3 waitid_info +░+s+░+█+z+$/);
	assert.ok(lines.some((l) => /SIGSTOP: stop/.test(l)) && lines.some((l) => /killed by SIGKILL/.test(l)));
	for (const line of lines.slice(0, 6)) assert.ok([...line].length <= 100, line);
});

test('-o writes the same; an unknown format and a file that is no trace are refused', () => {
	const trace = join(process.cwd(), 'traces/fork.msgpack');
	const { stdout } = replay(['timeline', trace, '--format', 'perfetto']);
	assert.is(replay(['timeline', trace, '--format', 'perfetto', '-o', 'fork.json']).stdout, '');
	assert.is(bytes('fork.json').toString(), stdout);
	assert.is(replay(['timeline', trace, '--format', 'svg']).status, 2);
	assert.is(replay(['timeline', guest('hello')]).status, 2);
	const { lanes } = JSON.parse(replay(['timeline', trace, '--json']).stdout) as { lanes: { tid: number }[] };
	assert.equal(
		lanes.map((l) => l.tid),
		[2, 3],
	);
});

test.run();
