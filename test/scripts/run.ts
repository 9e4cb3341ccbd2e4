// Shell scripts under Debian's own static i386 busybox, bash and sash, and what is typed to them in a pseudo-terminal (`*.term`), natively and
// in the machine: the recorded stdout and exit
// status must be the native ones, two recordings byte-identical, the replay end with 0, and a sweep over the trace (places next
// to events, shared among the kinds of event, and seeded steps) find every restart equal.
// `npm run scripts -- [--only A,B] [--events N] [--sample N] [--seed N] [--jobs N] [--minutes N] [--keep DIR] [--long]`
// `--long`: all places next to events up to 5,000 a trace, then a share of each kind, and 2,000 steps. Closes with `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commandOf, type Ended, isTyped, listScripts, makeRoot, run, runNatively } from './root.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const replay = [process.execPath, join(repository, 'dist', 'replay.js')];

/**
 * Native runs of a typed session, of which the recording must equal one: on a loaded machine a shell is now and then late with a prompt,
 * or early with the notice of a job that has ended. How many it took is told.
 */
const TYPED_TRIES = 4;

interface Options {
	readonly root: string;
	readonly dir: string;
	/** Places next to events, and seeded steps, that are swept in each trace. */
	readonly events: string;
	readonly sample: string;
	readonly seed: string;
	/** ms since the process started after which nothing may run any more. */
	readonly deadline: number;
}

/** What a script's run showed: lines of the report, and what is wrong; empty when nothing is. */
interface Verdict {
	readonly line: string;
	readonly problems: string[];
}

/** The status a shell reports. */
function statusOf(ended: Ended): number {
	return ended.status ?? 128 + constants.signals[ended.signal!];
}

/** What a shell shows, without the process ids of background jobs: they are the kernel's to choose. */
function withoutPids(shown: Buffer): Buffer {
	return Buffer.from(shown.toString('latin1').replace(/^(\[\d+\]) \d+\r$/gm, '$1 PID\r'), 'latin1');
}

/** The first line in which two outputs differ. */
function firstDifference(wanted: Buffer, got: Buffer): string {
	const [a, b] = [wanted, got].map((bytes) => bytes.toString('latin1').split('\n'));
	const line = a.findIndex((text, i) => text !== b[i]);
	const at = line < 0 ? a.length : line;
	return `stdout line ${at + 1}: natively ${JSON.stringify(a[at] ?? '(end)')}, recorded ${JSON.stringify(b[at] ?? '(end)')}`;
}

/** The parts of `sweep --json` that are told. */
interface SweepReport {
	readonly positions: number;
	readonly freezes: number;
	readonly equal: number;
	readonly unequal: number;
	readonly groups: readonly {
		readonly verdict: string;
		readonly causes: readonly string[];
		readonly count: number;
		readonly see: string;
	}[];
}

async function tryScript(script: string, options: Options): Promise<Verdict> {
	const problems: string[] = [];
	// A command that outlives its time is killed: what was not compared is a failure, never a pass.
	const left = () => {
		const ms = options.deadline - performance.now();
		if (ms <= 0) throw new Error('out of time (--minutes): this script was not compared to its end');
		return ms;
	};
	const trace = join(options.dir, `${script}.msgpack`);
	const record = (file: string) =>
		run([...replay, 'record', '--root', options.root, '-o', file, '--', ...commandOf(script)], left());
	const recorded = await record(trace);
	const shown = (out: Buffer) => (isTyped(script) ? withoutPids(out) : out);
	const got = shown(recorded.stdout);
	const runHere = () => runNatively(options.root, script, join(options.dir, `${script}.root`), Math.min(60_000, left()));
	let native = await runHere();
	let tries = 1;
	for (; isTyped(script) && tries < TYPED_TRIES && !got.equals(shown(native.stdout)); tries++) native = await runHere();
	const wanted = shown(native.stdout);
	if (!got.equals(wanted)) problems.push(firstDifference(wanted, got));
	if (isTyped(script) && statusOf(native) !== 0)
		problems.push(`natively: ${native.stdout.toString('latin1').trim().split('\n').at(-1)}`);
	if (statusOf(recorded) !== statusOf(native))
		problems.push(
			`status: natively ${statusOf(native)}, recorded ${statusOf(recorded)}; ${recorded.stderr.trim().split('\n').at(-1)}`,
		);
	await record(`${trace}.2`);
	if (!readFileSync(trace).equals(readFileSync(`${trace}.2`))) problems.push('two recordings differ');
	rmSync(`${trace}.2`);
	const replayed = await run([...replay, 'run', trace], left());
	if (replayed.status !== 0) problems.push(`replay: status ${statusOf(replayed)}; ${replayed.stderr.trim().split('\n').at(-1)}`);
	const where = ['--events', options.events, '--sample', options.sample, '--seed', options.seed, '--jobs', '1'];
	const swept = await run([...replay, 'sweep', trace, ...where, '--json'], left());
	let sweep = 'no sweep';
	if (swept.status === 0 || swept.status === 1) {
		const report = JSON.parse(swept.stdout.toString()) as SweepReport;
		sweep = `${report.positions} positions ${report.freezes} freezes ${report.equal} equal`;
		for (const { verdict, causes, count, see } of report.groups)
			problems.push(`${verdict} at ${count}: ${causes.join(', ')}: ${see}`);
		if (report.freezes === 0) problems.push('the sweep froze nowhere');
	} else problems.push(`sweep: status ${statusOf(swept)}; ${swept.stderr.trim().split('\n').at(-1)}`);
	const steps = /([\d,]+) steps/.exec(replayed.stdout.toString())?.[1] ?? '?';
	const again = tries > 1 ? `natively ${tries} times · ` : '';
	const line = `${again}status ${statusOf(native)} · ${native.stdout.length} bytes · ${steps} steps · ${statSync(trace).size >> 10} KiB · ${(recorded.ms / 1000).toFixed(1)} s · ${sweep} in ${(swept.ms / 1000).toFixed(0)} s`;
	return { line, problems };
}

async function main(): Promise<number> {
	const { values } = parseArgs({
		options: {
			only: { type: 'string' },
			events: { type: 'string' },
			sample: { type: 'string' },
			seed: { type: 'string', default: '1' },
			jobs: { type: 'string', default: `${availableParallelism()}` },
			minutes: { type: 'string', default: '60' },
			keep: { type: 'string' },
			long: { type: 'boolean', default: false },
		},
	});
	process.umask(0o022);
	const built = spawnSync('npm', ['run', '--silent', 'build'], { cwd: repository, stdio: 'inherit' });
	if (built.status !== 0) return 1;
	const dir = values.keep ?? mkdtempSync(join(tmpdir(), 'scripts-'));
	mkdirSync(dir, { recursive: true });
	const options: Options = {
		root: makeRoot(),
		dir,
		events: values.events ?? (values.long ? '5000' : '300'),
		sample: values.sample ?? (values.long ? '2000' : '200'),
		seed: values.seed,
		deadline: performance.now() + Number(values.minutes) * 60_000,
	};
	const only = values.only?.split(',');
	const queue = listScripts().filter((name) => only === undefined || only.includes(name));
	let passed = 0;
	let failed = 0;
	const worker = async () => {
		for (let script = queue.shift(); script !== undefined; script = queue.shift()) {
			const { line, problems } = await tryScript(script, options).catch((error: Error) => ({
				line: '',
				problems: [error.message],
			}));
			if (problems.length > 0 && performance.now() >= options.deadline)
				problems.push('time was up (--minutes): what ran then was killed');
			if (problems.length === 0) passed++;
			else failed++;
			console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${script.padEnd(12)} ${line}`);
			for (const problem of problems) console.log(`     ${problem}`);
		}
	};
	try {
		await Promise.all(Array.from({ length: Number(values.jobs) }, worker));
	} finally {
		if (values.keep === undefined) rmSync(dir, { recursive: true, force: true });
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed > 0 || passed === 0 ? 1 : 0;
}

process.exit(await main());
