/**
 * `npm run bench`: the figures of the project as MIPS or ms, and as ratios to a fixed JavaScript loop in the same run.
 * Prints a table; asserts nothing.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { createDigester } from '../../src/reducers/digest.ts';
import { bootTrace } from '../../src/replay/boot.ts';
import { hash64 } from '../../src/replay/hash.ts';
import { Machine } from '../../src/replay/machine.ts';
import { type RecordOptions, record } from '../../src/replay/record.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { cptRows } from './cpt.ts';
import { getpidLoop, LOOPS, program, TOUCH } from './loops.ts';

/** A fixed integer loop: about what one simple operation costs in JavaScript here and now. */
function reference(): number {
	const a = new Int32Array(4096);
	const began = performance.now();
	let x = 1;
	for (let i = 0; i < 40_000_000; i++) {
		x = (Math.imul(x, 1103515245) + 12345) | 0;
		a[i & 4095] ^= x;
	}
	const ms = performance.now() - began;
	if (x === 0 && a[0] === 0) throw new Error('the loop was not run');
	return 40_000_000 / ms / 1000;
}

const rows: [string, string, string, string][] = [];
let base = 1;

function row(name: string, value: number, unit: string, aim: string): void {
	rows.push([
		name,
		`${value < 10 ? value.toFixed(2) : value.toFixed(0)} ${unit}`,
		unit.includes('/s') || unit === 'MIPS' ? (value / base).toFixed(3) : '',
		aim,
	]);
}

/** Median of five runs, after one that is not counted. */
async function median(run: () => number | Promise<number>): Promise<number> {
	await run();
	const values: number[] = [];
	for (let i = 0; i < 5; i++) values.push(await run());
	return values.sort((a, b) => a - b)[2];
}

async function stateOf(bytes: Uint8Array, extra: Partial<RecordOptions> = {}) {
	const { bytes: file } = await record({ path: '/bench', program: bytes, maxSteps: 1, ...extra });
	return bootTrace(new Trace(file));
}

async function main(): Promise<void> {
	base = await median(reference);
	rows.push(['reference loop', `${base.toFixed(0)} M/s`, '1.000', '']);
	for (const [name, code] of Object.entries(LOOPS)) {
		const state = await stateOf(program(code));
		const steps = 50_000_000;
		const run = (detail: 'runs' | 'steps', n: number) => {
			const machine = new Machine(state, detail, () => {});
			machine.advance(1_000_000);
			const began = performance.now();
			machine.advance(1_000_000 + n);
			return n / (performance.now() - began) / 1000;
		};
		row(`T0 ${name}`, await median(() => run('runs', steps)), 'MIPS', '>= 100 (aim 200)');
		row(
			`steps in memory ${name}`,
			await median(() => run('steps', 4_000_000)),
			'M steps/s',
			name === 'mixed' ? '>= 40 (aim 80)' : '',
		);
	}
	for (const name of ['dot', 'dotl', 'nbody']) {
		const state = await stateOf(readFileSync(new URL(`bin/${name}`, import.meta.url)));
		const run = () => {
			const machine = new Machine(state, 'runs', () => {});
			machine.advance(1_000_000);
			const began = performance.now();
			machine.advance(11_000_000);
			return 10_000_000 / (performance.now() - began) / 1000;
		};
		row(`T0 x87 ${name}`, await median(run), 'MIPS', '>= 20');
	}
	const loop = program(LOOPS.mixed);
	const n = 60_000_000;
	const state = await stateOf(loop);
	const running = await median(() => {
		const machine = new Machine(state, 'runs', () => {});
		const began = performance.now();
		machine.advance(n);
		const ms = performance.now() - began;
		// As `record` does: both find a warm processor.
		machine.close();
		return ms;
	});
	const recording = await median(async () => {
		const began = performance.now();
		await record({ path: '/bench', program: loop, maxSteps: n });
		return performance.now() - began;
	});
	row('recording over running', (recording / running - 1) * 100, '%', '<= 15');
	const { bytes } = await record({ path: '/bench', program: loop, maxSteps: n });
	const trace = new Trace(bytes);
	const replaying = await median(() => {
		const began = performance.now();
		verify(trace);
		return performance.now() - began;
	});
	row('replay over recording', (replaying / recording - 1) * 100, '%', '<= 0');
	for (const [name, code] of Object.entries(LOOPS)) {
		const steps = 4_000_000;
		let size = 0;
		const rate = await median(async () => {
			const began = performance.now();
			const result = await record({ path: '/bench', program: program(code), maxSteps: steps, grain: 'steps' });
			size = result.bytes.length;
			return steps / (performance.now() - began) / 1000;
		});
		row(`grain steps ${name}`, rate, 'M steps/s', '>= 5');
		row(`  bytes a step ${name}`, size / steps, 'bytes', '<= 4');
	}
	row('getpid recorded', await median(getpid), 'us', '<= 15');
	row('snapshot of 64 MiB, 1 % dirty', await median(snapshot), 'ms', '<= 2');
	await cptRows(row, median);
	row('1 M steps from process start', await median(() => fromStart(loop)), 's', '<= 0.4');
	const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((r) => r[i].length)));
	console.log(['what', 'value', 'ratio', 'wanted'].map((h, i) => h.padEnd(widths[i])).join('  '));
	for (const r of rows) console.log(r.map((c, i) => (i === 0 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join('  '));
}

/** us for one recorded getpid() of a single process. */
async function getpid(): Promise<number> {
	const calls = 20_000;
	const code = getpidLoop(calls);
	const began = performance.now();
	await record({ path: '/bench', program: code });
	return ((performance.now() - began) * 1000) / calls;
}

/** ms for a snapshot when 164 of 16,384 pages were written since the last. */
async function snapshot(): Promise<number> {
	const state = await stateOf(program(TOUCH));
	const machine = new Machine(state, 'runs', () => {});
	const digest = createDigester(hash64);
	// First round: every page of 64 MiB. Then each round writes one page in a hundred.
	machine.advance(16_384 * 4 + 100);
	digest(machine.snapshot());
	machine.advance(machine.steps + 164 * 4);
	const began = performance.now();
	machine.snapshot();
	return performance.now() - began;
}

/** s for the bundled command to record 1 M steps, process start included. */
function fromStart(code: Uint8Array): number {
	const began = performance.now();
	execFileSync(
		process.execPath,
		['dist/replay.js', 'record', '--max-steps', '1000000', '-o', '/tmp/cpt-replay-bench.msgpack', '--', writeProgram(code)],
		{ stdio: 'ignore' },
	);
	return (performance.now() - began) / 1000;
}

function writeProgram(code: Uint8Array): string {
	const path = '/tmp/cpt-replay-bench-program';
	writeFileSync(path, code, { mode: 0o755 });
	return path;
}

await main();
