/**
 * The command as a user has it: bundled once for a test file into a folder of its own, run as a process there.
 * Sources of guests are compiled where the host can do so.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { hasGcc32, WORKLOAD_FLAGS } from '../workloads/native.ts';

/** Where the tests of this file work; removed at its end. */
export const dir = mkdtempSync(join(tmpdir(), 'replay-cli-'));
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
symlinkSync(resolve('node_modules'), join(dir, 'node_modules'));
await build({
	entryPoints: { replay: 'src/cli/main.ts', 'sweep-worker': 'src/cli/sweep-worker.ts' },
	outdir: dir,
	outExtension: { '.js': '.mjs' },
	bundle: true,
	platform: 'node',
	format: 'esm',
	target: 'node20',
	external: ['iced-x86', 'piscina', 'tsx'],
	logLevel: 'warning',
	banner: { js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);" },
});
export const BIN = join(dir, 'replay.mjs');
const ENV = { PATH: process.env.PATH ?? '', NO_COLOR: '1' };

/** A guest of test/guests/bin. */
export const guest = (name: string) => resolve('test/guests/bin', name);

export interface Ran {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs `replay WORDS…`; stdin is /dev/null, a text through a pipe, or a file. */
export function replay(words: readonly string[], stdin: { readonly text?: string; readonly file?: string } = {}): Ran {
	const file = stdin.text === undefined ? openSync(stdin.file ?? '/dev/null', 'r') : undefined;
	const ran = spawnSync(process.execPath, [BIN, ...words], {
		cwd: dir,
		env: ENV,
		encoding: 'utf8',
		timeout: 240_000,
		maxBuffer: 2 ** 28,
		stdio: [file ?? 'pipe', 'pipe', 'pipe'],
		...(stdin.text === undefined ? {} : { input: stdin.text }),
	});
	if (file !== undefined) closeSync(file);
	return ran;
}

/** Runs a line of shell in which `$R` is the command. */
export function shell(line: string): Ran {
	return spawnSync('sh', ['-c', line], {
		cwd: dir,
		env: { ...ENV, R: `${process.execPath} ${BIN}` },
		encoding: 'utf8',
		timeout: 240_000,
		maxBuffer: 2 ** 28,
		stdio: ['ignore', 'pipe', 'pipe'],
	});
}

/** Starts `replay WORDS…` with a pipe for stdin; resolves when its output has `ready`. */
export async function start(words: readonly string[], ready: string): Promise<{ child: ChildProcess; output: () => string }> {
	const child = spawn(process.execPath, [BIN, ...words], { cwd: dir, env: ENV, stdio: ['pipe', 'pipe', 'inherit'] });
	let text = '';
	await new Promise<void>((done, failed) => {
		const look = () => text.includes(ready) && done();
		child.stdout?.on('data', (data) => {
			text += data;
			look();
		});
		child.on('exit', (code, signal) => failed(new Error(`ended with ${code ?? signal} before "${ready}": ${text}`)));
		look();
	});
	return { child, output: () => text };
}

export function ended(child: ChildProcess): Promise<number | null> {
	return new Promise((done) => child.on('close', (code) => done(code)));
}

export const path = (name: string) => join(dir, name);
export const exists = (name: string) => existsSync(path(name));
export const bytes = (name: string) => readFileSync(path(name));

/** Why no guest can be compiled here; undefined when it can. */
export const noCompiler: string | undefined = hasGcc32() ? undefined : 'gcc -m32 -static does not work here';

/** Compiles a guest into the tests' folder. */
export function compile(name: string, source: string): string {
	writeFileSync(path(`${name}.c`), source);
	const made = spawnSync('gcc', [...WORKLOAD_FLAGS, '-o', path(name), path(`${name}.c`)], { encoding: 'utf8' });
	if (made.status !== 0) throw new Error(made.stderr);
	return path(name);
}
