/**
 * Builds and runs `native.c`. Errors: `NoCompiler` when this machine cannot build or run 32-bit programs.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FLAGS = '-m32 -O2 -msse2 -static -nostdlib -ffreestanding -fno-pic -no-pie -fno-stack-protector';

/** There is no `gcc -m32` here, or this processor or kernel runs no 32-bit programs. */
export class NoCompiler extends Error {}

/** Path of the built program; built once per version of the source, under the temporary directory. */
export function buildNative(): string {
	const source = fileURLToPath(new URL('./native.c', import.meta.url));
	const text = readFileSync(source);
	const folder = join(tmpdir(), `cpt-replay-oracle-${process.getuid?.() ?? 0}`);
	const program = join(folder, `native-${createHash('sha256').update(text).update(FLAGS).digest('hex').slice(0, 16)}`);
	if (!existsSync(program)) {
		mkdirSync(folder, { recursive: true, mode: 0o700 });
		const fresh = `${program}.${process.pid}`;
		const gcc = spawnSync('gcc', [...FLAGS.split(' '), source, '-o', fresh], { encoding: 'utf8' });
		if (gcc.error || gcc.status !== 0)
			throw new NoCompiler(`gcc -m32 does not work here: ${gcc.error?.message ?? gcc.stderr.trim().split('\n')[0]}`);
		renameSync(fresh, program);
	}
	const probe = spawnSync(program, { input: '', encoding: 'latin1' });
	if (probe.error || probe.status !== 0)
		throw new NoCompiler(
			`32-bit programs do not run here: ${probe.error?.message ?? (probe.stderr || `status ${probe.status} ${probe.signal}`)}`,
		);
	return program;
}

/** What the hardware answered. */
export interface Answer {
	/** The first line of native.c: "cpuid vendor family model stepping brand". */
	readonly cpuid: string;
	readonly words: Uint32Array;
}

/** Runs one batch. An answer that is cut short is an error with what native.c said. */
export function runNative(program: string, batch: Uint8Array, cases: number): Answer {
	const run = spawnSync(program, { input: batch, maxBuffer: 1 << 28, timeout: 120_000 });
	if (run.error || run.status !== 0) {
		const kept = join(tmpdir(), `oracle-died-${process.pid}.bin`);
		writeFileSync(kept, batch);
		throw new Error(
			`native.c died (its input is in ${kept}): ${run.error?.message ?? ''} status ${run.status} ${run.signal ?? ''} ${run.stderr.toString('latin1')}`,
		);
	}
	const out = run.stdout;
	const line = out.indexOf(10);
	const cpuid = out.subarray(0, line).toString('latin1');
	const answer = new Uint32Array(new Uint8Array(out.subarray(line + 1)).buffer);
	if (answer[0] !== cases || answer.length !== answer[1] + 2)
		throw new Error(`native.c answered ${answer[0]} cases in ${answer.length - 2} words, wanted ${cases} in ${answer[1]}`);
	return { cpuid, words: answer.subarray(2) };
}
