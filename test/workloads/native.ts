// Builds a workload with the host's compiler and runs programs natively: the outside truth for the machine.
// Library: `hasGcc32`, `listWorkloads`, `buildWorkload`, `runProgram`. CLI: `node --import tsx test/workloads/native.ts NAME`.
// A source says in its opening comment how it is run: @args [..], @stdin "..." | @stdin-file self, @env {..} (all JSON),
// and with which compiler switches after the usual ones: @flags [..]; @dynamic: it is also linked dynamically.
import { spawnSync } from 'node:child_process';
import {
	closeSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Compiler switches of every workload; the set named in the README for programs of one's own. */
export const WORKLOAD_FLAGS = ['-m32', '-static', '-O2', '-march=i686', '-mno-sse', '-mfpmath=387', '-std=gnu11', '-w'];

/** How a program is run: what follows its name, the whole of its stdin, variables added to the environment. */
export interface Invocation {
	args: string[];
	stdin: string;
	env: Record<string, string>;
}

/** How a program ended: an exit status (0 to 255), or the name of the signal that killed it. */
export interface Outcome {
	stdout: string;
	status?: number;
	signal?: string;
}

/** True when `gcc -m32 -static` makes a program here (Debian: gcc-multilib, libc6-dev-i386). */
export function hasGcc32(): boolean {
	const dir = mkdtempSync(join(tmpdir(), 'gcc32-'));
	try {
		writeFileSync(join(dir, 'a.c'), '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n');
		return spawnSync('gcc', ['-m32', '-static', '-o', join(dir, 'a'), join(dir, 'a.c')]).status === 0;
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** Names of all workloads (sources beside this file), sorted. */
export function listWorkloads(): string[] {
	return readdirSync(here)
		.filter((file) => file.endsWith('.c'))
		.map((file) => file.slice(0, -2))
		.sort();
}

/** The @flags of a source: compiler switches of its own. */
function readFlags(sourcePath: string): string[] {
	const found = /@flags (\[.*\])/.exec(readFileSync(sourcePath, 'utf8').slice(0, 1500));
	return found ? (JSON.parse(found[1]) as string[]) : [];
}

/** Whether a workload is to be linked dynamically too. */
export function isDynamic(name: string): boolean {
	return /@dynamic\b/.test(readFileSync(join(here, `${name}.c`), 'utf8').slice(0, 1500));
}

/** Reads the @args, @stdin, @stdin-file and @env lines of a source's opening comment. */
export function readInvocation(sourcePath: string): Invocation {
	const source = readFileSync(sourcePath, 'utf8');
	const field = (name: string): string | undefined =>
		new RegExp(`@${name} (.*?)(?: \\*/)?$`, 'm').exec(source.slice(0, 1500))?.[1]?.trim();
	const json = <T>(name: string, otherwise: T): T => {
		const text = field(name);
		return text === undefined ? otherwise : (JSON.parse(text) as T);
	};
	const stdin = field('stdin-file') === 'self' ? source : json('stdin', '');
	return { args: json('args', []), stdin, env: json('env', {}) };
}

/**
 * Switches that link with an i386 musl instead of the host's C library.
 * @param muslDir where Debian's package musl-dev (architecture i386) was unpacked with `dpkg -x`
 */
function muslFlags(muslDir: string): { before: string[]; after: string[] } {
	const lib = join(muslDir, 'usr/lib/i386-linux-musl');
	const libgcc = spawnSync('gcc', ['-m32', '-print-libgcc-file-name'], { encoding: 'utf8' }).stdout.trim();
	const headers = [
		join(muslDir, 'usr/include/i386-linux-musl'),
		join(dirname(libgcc), '..', 'include'),
		join(dirname(libgcc), 'include'),
	];
	const plain = ['-nostdlib', '-nostdinc', '-fno-pic', '-no-pie', '-fno-stack-protector', '-fno-asynchronous-unwind-tables'];
	return {
		before: [...plain, ...headers.flatMap((dir) => ['-isystem', dir]), join(lib, 'crt1.o'), join(lib, 'crti.o')],
		after: ['-Wl,--start-group', join(lib, 'libc.a'), libgcc, '-Wl,--end-group', join(lib, 'crtn.o')],
	};
}

/** How a workload is linked: with which C library. */
export type Linked = { readonly dynamic: true } | { readonly musl?: string };

/** Compiles workload `name` into `outDir` and returns the binary's path; throws with the compiler's words. */
export function buildWorkload(name: string, outDir: string, linked: Linked = {}): string {
	mkdirSync(outDir, { recursive: true });
	const dynamic = 'dynamic' in linked;
	const muslDir = dynamic ? undefined : linked.musl;
	const binary = join(outDir, dynamic ? `${name}.dynamic` : name);
	const { before, after } = muslDir ? muslFlags(muslDir) : { before: [], after: ['-lm'] };
	const command = [
		...WORKLOAD_FLAGS.filter((flag) => !dynamic || flag !== '-static'),
		...readFlags(join(here, `${name}.c`)),
		'-o',
		binary,
		...before,
		join(here, `${name}.c`),
		...after,
	];
	const gcc = spawnSync('gcc', command, { encoding: 'utf8' });
	if (gcc.status !== 0) throw new Error(`gcc of ${name}.c failed: ${gcc.stderr || gcc.error?.message}`);
	return binary;
}

/** The signal's number on Linux, 0 for an unknown name. */
export function signalNumber(name: string): number {
	return (constants.signals as Record<string, number>)[name] ?? 0;
}

/**
 * Runs `command` with stdin from a file, in a fresh directory that is removed afterwards, with a small environment.
 * @param timeoutMs wall time after which the run is killed and an Error thrown
 */
export function runProgram(command: string[], how: Invocation, timeoutMs = 20_000): Outcome & { stderr: string; wallMs: number } {
	const dir = mkdtempSync(join(tmpdir(), 'native-'));
	try {
		const stdinPath = join(dir, '..', `${basename(dir)}.stdin`);
		writeFileSync(stdinPath, how.stdin);
		const fd = openSync(stdinPath, 'r');
		const started = performance.now();
		const spawn = (first: string, rest: readonly string[]) =>
			spawnSync(first, rest, {
				cwd: dir,
				env: { PATH: process.env.PATH ?? '/usr/bin:/bin', ...how.env },
				stdio: [fd, 'pipe', 'pipe'],
				timeout: timeoutMs,
				killSignal: 'SIGKILL',
				maxBuffer: 64 << 20,
				encoding: 'latin1',
			});
		let run = spawn(command[0]!, command.slice(1));
		// Node has no names for real-time signals: a shell says 128 + the number.
		if (!run.error && run.status === null && !run.signal) run = spawn('/bin/sh', ['-c', '"$@"; exit $?', 'sh', ...command]);
		const wallMs = performance.now() - started;
		closeSync(fd);
		rmSync(stdinPath);
		if (run.error) throw new Error(`${command.join(' ')}: ${run.error.message}\n${run.stderr ?? ''}`);
		const end = run.signal ? { signal: run.signal } : { status: run.status! };
		return { stdout: run.stdout, ...end, stderr: run.stderr, wallMs };
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** Builds workload `name` and runs it natively. */
export function nativeRun(name: string, outDir: string, linked: Linked = {}): { binary: string; how: Invocation } & Outcome {
	const binary = buildWorkload(name, outDir, linked);
	const how = readInvocation(join(here, `${name}.c`));
	const { stdout, status, signal } = runProgram([binary, ...how.args], how);
	return { binary, how, stdout, ...(signal ? { signal } : { status: status! }) };
}

if (process.argv[1] && fileURLToPath(import.meta.url) === process.argv[1]) {
	const [name] = process.argv.slice(2);
	if (!name || !existsSync(join(here, `${name}.c`))) {
		console.error(`usage: native.ts NAME; one of: ${listWorkloads().join(' ')}`);
		process.exit(2);
	}
	if (!hasGcc32()) {
		console.error('skipped: gcc -m32 -static does not work here (Debian: apt install gcc-multilib)');
		process.exit(0);
	}
	const result = nativeRun(name, join(tmpdir(), 'replay-workloads'));
	process.stdout.write(result.stdout, 'latin1');
	console.error(`${result.binary}: ${result.signal ?? `exit ${result.status}`}`);
}
