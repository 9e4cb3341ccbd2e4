// Runs every guest program and every workload through the command line, as a user would: `record -o T -- PROG ARGS` with
// stdin from a file must give the native program's stdout and exit status, and `run T` must end with 0.
// `node --import tsx test/workloads/run.ts [--guests | --workloads] [--only A,B] [--twice] [--verbose]
// [--musl DIR] [--native-only] [--source]`; `--twice` also records a second time and compares the bytes; `--musl` builds with an unpacked
// i386 musl-dev; `--source` runs src/cli/main.ts instead of the bundle. Prints a table and `N passed, N failed`; exit 1 when something failed.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { guestPath, readManifest } from '../guests/manifest.ts';
import {
	hasGcc32,
	type Invocation,
	isDynamic,
	listWorkloads,
	nativeRun,
	type Outcome,
	runProgram,
	signalNumber,
} from './native.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** The bundled command line. */
export const cli = join(root, 'dist', 'replay.js');

/** The command line as first words of a command: bundled, or (`--source`) from the sources through tsx. */
let replayCommand = [process.execPath, cli];

/** One program to try: where it is, how it is run, what the native run showed. */
export interface Case {
	name: string;
	binary: string;
	how: Invocation;
	native: Outcome;
	/** It needs the host's files: its loader, its libraries. */
	dynamic?: boolean;
}

/** What became of a case; `problem` is absent when everything agreed. */
export interface Verdict {
	name: string;
	problem?: string;
	recordMs: number;
	replayMs: number;
	traceBytes: number;
}

/** The status a shell (and `record`) reports for an outcome: the exit status, or 128 + the signal's number. */
export function shellStatus(outcome: Outcome): number {
	return outcome.signal === undefined ? outcome.status! : 128 + signalNumber(outcome.signal);
}

/** The first line in which two texts differ, told in one line. */
function firstDifference(wanted: string, got: string): string {
	const a = wanted.split('\n');
	const b = got.split('\n');
	const line = a.findIndex((text, i) => text !== b[i]);
	const at = line < 0 ? a.length : line;
	return `stdout line ${at + 1}: wanted ${JSON.stringify(a[at] ?? '(end)')}, got ${JSON.stringify(b[at] ?? '(end)')}`;
}

/** The last line of a command's messages, for a report. */
function lastLine(text: string): string {
	return text.trim().split('\n').at(-1) ?? '';
}

/** Records and replays one case in directory `dir`. */
export function tryCase(one: Case, dir: string, twice: boolean): Verdict {
	const verdict: Verdict = { name: one.name, recordMs: 0, replayMs: 0, traceBytes: 0 };
	const trace = join(dir, `${one.name}.msgpack`);
	const env = Object.entries(one.how.env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
	const record = (file: string) =>
		runProgram(
			[
				...replayCommand,
				'record',
				'-o',
				file,
				...(one.dynamic ? ['--root', '/'] : []),
				...env,
				'--',
				one.binary,
				...one.how.args,
			],
			{ ...one.how, env: {} },
			120_000,
		);
	try {
		const recorded = record(trace);
		verdict.recordMs = recorded.wallMs;
		const wanted = shellStatus(one.native);
		const got = shellStatus(recorded);
		if (recorded.stdout !== one.native.stdout) {
			const status = got === wanted ? '' : `; status ${got}, wanted ${wanted}; ${lastLine(recorded.stderr)}`;
			return { ...verdict, problem: firstDifference(one.native.stdout, recorded.stdout) + status };
		}
		if (got !== wanted) return { ...verdict, problem: `status: wanted ${wanted}, got ${got}; ${lastLine(recorded.stderr)}` };
		verdict.traceBytes = statSync(trace).size;
		const replayed = runProgram([...replayCommand, 'run', trace], { args: [], stdin: '', env: {} }, 120_000);
		verdict.replayMs = replayed.wallMs;
		if (replayed.status !== 0)
			return { ...verdict, problem: `replay: status ${shellStatus(replayed)}; ${lastLine(replayed.stderr)}` };
		if (twice) {
			record(`${trace}.2`);
			if (!readFileSync(trace).equals(readFileSync(`${trace}.2`)))
				return { ...verdict, problem: 'recorded twice: the bytes differ' };
		}
		return verdict;
	} catch (error) {
		return { ...verdict, problem: (error as Error).message.split('\n')[0]! };
	} finally {
		rmSync(trace, { force: true });
		rmSync(`${trace}.2`, { force: true });
	}
}

/** The guests of the manifest as cases; those that cannot be compared natively are left out. */
export function guestCases(): Case[] {
	return readManifest()
		.filter((guest) => guest.native === true)
		.map((guest) => ({ name: guest.name, binary: guestPath(guest.name), how: guest, native: guest }));
}

/** Builds the workloads in `dir`, runs them natively (twice: they must not depend on addresses or time), and gives the cases. */
export function workloadCases(dir: string, wanted: (name: string) => boolean, muslDir?: string): Case[] {
	const cases: Case[] = [];
	const names = listWorkloads().filter(wanted);
	const all = [
		...names.map((name) => ({ name, dynamic: false })),
		...(muslDir ? [] : names.filter(isDynamic).map((name) => ({ name, dynamic: true }))),
	];
	for (const { name, dynamic } of all) {
		try {
			const { binary, how, ...native } = nativeRun(name, dir, dynamic ? { dynamic: true } : muslDir ? { musl: muslDir } : {});
			const again = runProgram([binary, ...how.args], how);
			if (again.stdout !== native.stdout || shellStatus(again) !== shellStatus(native))
				throw new Error(`${name}: native runs differ`);
			cases.push({ name: dynamic ? `${name} (dynamic)` : name, binary, how, native, dynamic });
		} catch (error) {
			const words = (error as Error).message;
			if (!muslDir || !words.includes('undefined reference')) throw error;
			console.log(`skip ${name}: musl has no ${/undefined reference to `(\w+)'/.exec(words)?.[1]}`);
		}
	}
	return cases;
}

function main(): number {
	const { values } = parseArgs({
		options: {
			guests: { type: 'boolean' },
			workloads: { type: 'boolean' },
			only: { type: 'string' },
			twice: { type: 'boolean' },
			verbose: { type: 'boolean' },
			musl: { type: 'string' },
			'native-only': { type: 'boolean' },
			source: { type: 'boolean' },
		},
	});
	if (values.source)
		replayCommand = [process.execPath, '--import', import.meta.resolve('tsx'), join(root, 'src', 'cli', 'main.ts')];
	else if (!values['native-only'] && spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' }).status !== 0)
		return 1;
	const only = values.only?.split(',');
	const wanted = (name: string): boolean => only === undefined || only.includes(name);
	const dir = mkdtempSync(join(tmpdir(), 'workloads-'));
	let passed = 0;
	let failed = 0;
	try {
		const cases = values.workloads ? [] : guestCases().filter((one) => wanted(one.name));
		if (!values.guests) {
			if (hasGcc32()) cases.push(...workloadCases(join(dir, 'bin'), wanted, values.musl));
			else console.log('workloads skipped: gcc -m32 -static does not work here (Debian: gcc-multilib)');
		}
		for (const one of cases) {
			if (values['native-only']) {
				passed++;
				console.log(`${one.name.padEnd(18)} status ${shellStatus(one.native)}, ${one.native.stdout.length} bytes`);
				continue;
			}
			const verdict = tryCase(one, dir, values.twice === true);
			if (verdict.problem) failed++;
			else passed++;
			const times = `${verdict.recordMs.toFixed(0).padStart(6)} ms ${verdict.replayMs.toFixed(0).padStart(6)} ms ${String(verdict.traceBytes).padStart(9)} B`;
			console.log(`${verdict.problem ? 'FAIL' : 'ok  '} ${one.name.padEnd(18)} ${times}  ${verdict.problem ?? ''}`.trimEnd());
			if (verdict.problem && values.verbose)
				console.log(`     ${replayCommand.join(' ')} record -o t.msgpack -- ${one.binary} ${one.how.args.join(' ')}`);
		}
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
	console.log(`${passed} passed, ${failed} failed`);
	return failed ? 1 : 0;
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) process.exit(main());
