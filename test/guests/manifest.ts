// Writes manifest.json: for every guest program how it is run and what a native run of it prints and ends with.
// Expected output is never typed by hand. `--check` compares instead of writing (`npm run guests`; closes with `N passed, M failed`). Opening comments of the sources say
// @args, @stdin, @env as in workloads/native.ts, @not-native REASON for a guest whose native run differs by design, and @module
// for one that is recorded with the checkpoint module, which no kernel here has: in the machine its own checks are the measure.
// With names, only those guests run, and new ones. Every program runs three times (addresses are randomised), and must say the same each time.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Invocation, type Outcome, readInvocation, runProgram } from '../workloads/native.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** One guest program. `native` is true, or the reason why a native run cannot show what the machine shows. */
export interface Guest extends Invocation, Outcome {
	name: string;
	what: string;
	native: true | string;
	module?: true;
}

/** The guests of the manifest, in name order. */
export function readManifest(): Guest[] {
	return JSON.parse(readFileSync(join(here, 'manifest.json'), 'utf8')) as Guest[];
}

/** The committed binary of a guest. */
export function guestPath(name: string): string {
	return join(here, 'bin', name);
}

function sourceOf(name: string): string {
	const files = readdirSync(here);
	return join(here, files.includes(`${name}.c`) ? `${name}.c` : `${name}.S`);
}

/** Native runs that make an expectation: they must not differ. */
const RUNS = 3;
/** Native runs of which one must be as expected in a check: a loaded machine may be late for what a guest waits. */
const TRIES = 4;

function observe(name: string, times = RUNS): Guest {
	const source = sourceOf(name);
	const text = readFileSync(source, 'utf8').slice(0, 1500);
	const what = /^(?:\/\*|#) (.*?)(?: \*\/)?$/m.exec(text)?.[1] ?? name;
	const reason = /@not-native (.*?)(?: \*\/)?$/m.exec(text)?.[1];
	const module = /@module$/m.test(text) ? { module: true as const } : {};
	const how = readInvocation(source);
	const runs = Array.from({ length: times }, () => {
		const { stdout, status, signal } = runProgram([guestPath(name), ...how.args], how);
		return { stdout, ...(signal ? { signal } : { status: status! }) };
	});
	const texts = new Set(runs.map((run) => JSON.stringify(run)));
	if (texts.size > 1) throw new Error(`${name}: native runs differ:\n${[...texts].join('\n')}`);
	if (/^FAIL/m.test(runs[0]!.stdout)) throw new Error(`${name}: a check fails natively:\n${runs[0]!.stdout}`);
	return { name, what, native: reason ?? true, ...module, ...how, ...runs[0]! };
}

/** Runs every guest natively and compares with the manifest; gives the exit status. */
function check(names: readonly string[]): number {
	const known = new Map(readManifest().map((guest) => [guest.name, JSON.stringify(guest)]));
	let passed = 0;
	for (const name of names) {
		let problem: string | undefined;
		let tries = 0;
		do {
			tries++;
			try {
				problem = known.get(name) === JSON.stringify(observe(name, 1)) ? undefined : 'the native run differs from the manifest';
			} catch (error) {
				problem = (error as Error).message;
			}
		} while (problem !== undefined && tries < TRIES);
		if (problem === undefined) passed++;
		if (problem !== undefined) console.log(`FAIL ${name}: ${problem}`);
		else if (tries > 1) console.log(`ok   ${name}: at native run ${tries}`);
	}
	for (const name of known.keys()) if (!names.includes(name)) console.log(`FAIL ${name}: in the manifest, but not in bin/`);
	const failed = names.length - passed + [...known.keys()].filter((name) => !names.includes(name)).length;
	console.log(`${passed} passed, ${failed} failed`);
	return failed > 0 || passed === 0 ? 1 : 0;
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
	const names = readdirSync(join(here, 'bin')).sort();
	if (process.argv.includes('--check')) process.exit(check(names));
	const wanted = process.argv.slice(2);
	const kept = new Map(wanted.length === 0 ? [] : readManifest().map((guest) => [guest.name, guest]));
	const guests: Guest[] = [];
	let failed = 0;
	for (const name of names) {
		try {
			guests.push((!wanted.includes(name) && kept.get(name)) || observe(name));
		} catch (error) {
			failed++;
			console.error((error as Error).message);
		}
	}
	const spaced = (value: unknown): string =>
		JSON.stringify(value, null, 1)
			.replace(/\n\s*/g, ' ')
			.replace(/^\[ | \]$/g, (m) => m.trim());
	const fields = (guest: Guest): string[] => Object.entries(guest).map(([key, value]) => `\t\t"${key}": ${spaced(value)}`);
	const text = `[\n${guests.map((guest) => `\t{\n${fields(guest).join(',\n')}\n\t}`).join(',\n')}\n]\n`;
	const path = join(here, 'manifest.json');
	if (!failed) writeFileSync(path, text);
	console.log(`${guests.length} guests, ${failed} failed`);
	process.exit(failed ? 1 : 0);
}
