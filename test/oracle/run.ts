/**
 * The oracle: compares our processor with the one in this machine, instruction by instruction.
 *
 *   npm run oracle -- --minutes N [--seed S] [--row PATTERN] [--jobs 2] [--engine wasm]    random cases over all rows, or those matching
 *   npm run oracle -- --case CASE                                          one case, as a difference report gives it
 *   npm run oracle -- --keep CASE                                          keeps a case that differed in found.json
 *   npm run oracle -- --sample                                             makes sample.bin.gz again
 *
 * Exit status: 0 nothing differs, 1 something does, 2 usage, or this machine cannot build or run 32-bit programs.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';
import { ROWS } from '../../src/cpu/isa/index.ts';
import { type OracleRow, rowKey } from './encode.ts';
import { FOUND, packWords, readFound } from './found.ts';
import type { Engine } from './guest.ts';
import { whyNotCompared } from './masks.ts';
import { buildNative, NoCompiler, runNative } from './native.ts';
import { packBatch } from './protocol.ts';
import { makeSample, SAMPLE } from './sample.ts';
import { type BatchReport, Checker, comparable, describeCase, unpackCase } from './session.ts';
import type { WorkerTask } from './worker.ts';

/** Differences printed per row. */
const SHOWN = 3;
/** Names listed of rows that are not compared for one reason. */
const NAMED = 12;

/** Where the bundled worker goes: modules beside it are found, and nothing of it is a source. */
const BUNDLE = fileURLToPath(new URL('../../node_modules/.cache/oracle-worker.mjs', import.meta.url));

/** Bundles the worker: constants built into the code make a case 1.6 times as fast as modules loaded one by one. */
function bundleWorker(): string {
	buildSync({
		entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
		outfile: BUNDLE,
		bundle: true,
		platform: 'node',
		format: 'esm',
		target: 'node20',
		minifySyntax: true,
		packages: 'external',
		logLevel: 'warning',
	});
	return BUNDLE;
}

interface Totals {
	readonly cases: Float64Array;
	readonly differing: Float64Array;
	readonly unsupported: Float64Array;
	readonly shown: Map<number, string[]>;
	cpuid: string;
}

function usage(message: string): never {
	console.error(
		`oracle: ${message}\nusage: npm run oracle -- --minutes N [--seed S] [--row PATTERN] [--jobs J] [--engine t0|wasm] | --case CASE | --keep CASE | --sample`,
	);
	process.exit(2);
}

function number(text: string, name: string, least: number): number {
	const n = Number(text);
	if (!Number.isFinite(n) || n < least) usage(`${name}: want a number of at least ${least}, got "${text}"`);
	return n;
}

function add(totals: Totals, report: BatchReport): void {
	totals.cpuid = report.cpuid;
	for (let i = 0; i < report.cases.length; i++) {
		totals.cases[i] += report.cases[i];
		totals.differing[i] += report.differing[i];
		totals.unsupported[i] += report.unsupported[i];
	}
	for (const { row, text, repeat } of report.examples) {
		const list = totals.shown.get(row) ?? [];
		totals.shown.set(row, list);
		if (list.length < SHOWN) list.push(`${text}\n    npm run oracle -- --case ${repeat}`);
	}
}

function print(rows: readonly OracleRow[], totals: Totals, seconds: number): boolean {
	const chapters = new Map<string, number[]>();
	rows.forEach((row, i) => {
		const sum = chapters.get(row.chapter ?? 'other') ?? [0, 0, 0, 0];
		chapters.set(row.chapter ?? 'other', sum);
		sum[0]++;
		sum[1] += totals.cases[i];
		sum[2] += totals.differing[i];
		sum[3] += totals.unsupported[i];
	});
	for (const [i, list] of [...totals.shown].sort(([a], [b]) => a - b)) {
		const counts = `${totals.differing[i]} differ, ${totals.unsupported[i]} unsupported of ${totals.cases[i]}`;
		console.log(`\n${rowKey(rows[i])} ${rows[i].name} ${rows[i].form}: ${counts}`);
		for (const text of list) console.log(`  ${text}`);
	}
	console.log(`\n${totals.cpuid}`);
	console.log('chapter'.padEnd(24), ['rows', 'cases', 'differ', 'unsupported'].map((h) => h.padStart(12)).join(''));
	for (const [name, sums] of chapters) console.log(name.padEnd(24), sums.map((n) => String(n).padStart(12)).join(''));
	const never = rows.filter((_, i) => totals.cases[i] === 0);
	if (never.length > 0) console.log(`never run: ${never.map((r) => `${rowKey(r)} ${r.name}`).join(', ')}`);
	const reasons = new Map<string, string[]>();
	for (const row of ROWS) {
		const why = whyNotCompared(row);
		if (why !== undefined) reasons.set(why, [...(reasons.get(why) ?? []), row.name]);
	}
	for (const [why, all] of reasons) {
		const names = [...new Set(all)];
		const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
		console.log(`not compared (${why}): ${names.slice(0, NAMED).join(' ')}${more}`);
	}
	const total = totals.cases.reduce((a, b) => a + b, 0);
	const bad = totals.differing.reduce((a, b) => a + b, 0) + totals.unsupported.reduce((a, b) => a + b, 0);
	const rate = Math.round(total / seconds);
	console.log(
		`${total} comparisons over ${rows.length} rows in ${seconds.toFixed(0)} s (${rate} a second), ${bad} unexplained differences`,
	);
	return bad === 0 && total > 0;
}

async function runAll(program: string, task: Omit<WorkerTask, 'worker'>): Promise<boolean> {
	const rows = comparable(ROWS, task.pattern);
	if (rows.length === 0) usage(`no row matches "${task.pattern}"`);
	const zeros = () => new Float64Array(rows.length);
	const totals: Totals = { cases: zeros(), differing: zeros(), unsupported: zeros(), shown: new Map(), cpuid: '' };
	const started = Date.now();
	console.log(
		`seed ${task.seed}, engine ${task.engine}, ${rows.length} of ${ROWS.length} rows, ${task.workers} workers, ${program}`,
	);
	const bundle = bundleWorker();
	const workers = Array.from({ length: task.workers }, (_, worker) => {
		const w = new Worker(bundle, { workerData: { ...task, worker } satisfies WorkerTask });
		w.on('message', (report: BatchReport) => add(totals, report));
		return new Promise<void>((resolve, reject) => {
			w.on('error', reject);
			w.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
		});
	});
	await Promise.all(workers);
	return print(rows, totals, (Date.now() - started) / 1000);
}

/** The case four times: how it runs depends on its place. */
function fourTimes(text: string) {
	const { key, seed, words } = unpackCase(text);
	const row = ROWS.find((r) => rowKey(r) === key);
	if (!row) usage(`no row ${key}`);
	const four = new Uint32Array(words.length * 4);
	for (let i = 0; i < 4; i++) four.set(words, i * words.length);
	return { row, seed, words, four };
}

function runCase(program: string, text: string, engine: Engine): boolean {
	const { row, seed, words, four } = fourTimes(text);
	const { cpuid, words: outcome } = runNative(program, packBatch(four, 4, seed), 4);
	const report = new Checker([row], engine).check(cpuid, seed, four, 4, new Uint16Array(4), outcome);
	console.log(cpuid);
	console.log(report.examples[0]?.text ?? `${describeCase(row, words, 0)}\n    same`);
	return report.examples.length === 0;
}

// V8's baseline code finds its handler of an exception by walking the function from its start. In a main loop with every row of
// the processor that takes 100 µs, and a quarter of the cases fault; only the interpreter and optimised code look it up
setFlagsFromString('--no-sparkplug');

/** Keeps a case with what the hardware did, for found.test.ts. */
function keepCase(program: string, text: string): void {
	const { seed, words } = fourTimes(text);
	const { cpuid, words: outcome } = runNative(program, packBatch(words, 1, seed), 1);
	const found = [...readFound().filter((f) => f.case !== text), { cpuid, case: text, outcome: packWords(outcome) }];
	writeFileSync(FOUND, `${JSON.stringify(found, null, '\t')}\n`);
}

const { values } = parseArgs({
	options: {
		minutes: { type: 'string', default: '1' },
		seed: { type: 'string' },
		row: { type: 'string' },
		jobs: { type: 'string', default: '2' },
		engine: { type: 'string', default: 't0' },
		case: { type: 'string' },
		keep: { type: 'string' },
		sample: { type: 'boolean', default: false },
	},
});

try {
	const program = buildNative();
	const { engine } = values;
	if (engine !== 't0' && engine !== 'wasm') usage(`--engine: t0 or wasm, got "${engine}"`);
	const seed = values.seed === undefined ? Date.now() >>> 0 : number(values.seed, '--seed', 0) >>> 0;
	let fine: boolean;
	if (values.sample) {
		const made = makeSample(program, seed);
		writeFileSync(SAMPLE, made.bytes);
		console.log(`${made.cpuid}: ${made.cases} cases, ${made.bytes.length} bytes`);
		fine = true;
	} else if (values.keep !== undefined) {
		keepCase(program, values.keep);
		fine = true;
	} else if (values.case !== undefined) fine = runCase(program, values.case, engine);
	else {
		const minutes = number(values.minutes, '--minutes', 0.01);
		const workers = Math.floor(number(values.jobs, '--jobs', 1));
		fine = await runAll(program, { program, seed, pattern: values.row, engine, workers, until: Date.now() + minutes * 60_000 });
	}
	process.exitCode = fine ? 0 : 1;
} catch (error) {
	if (!(error instanceof NoCompiler)) throw error;
	console.error(`oracle: ${error.message}`);
	console.error('oracle: install gcc (no 32-bit headers are needed) on an x86-64 Linux that runs 32-bit programs');
	process.exitCode = 2;
}
