/** Builds and starts `tracer.c`. Errors: `NoTracer` when this machine cannot build it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Channel } from './protocol.ts';

export class NoTracer extends Error {}

/** Path of the built tracer, in a folder that git ignores. */
export function buildTracer(): string {
	const source = fileURLToPath(new URL('./tracer.c', import.meta.url));
	const folder = fileURLToPath(new URL('./build', import.meta.url));
	const program = join(folder, 'tracer');
	if (existsSync(program) && statSync(program).mtimeMs >= statSync(source).mtimeMs) return program;
	mkdirSync(folder, { recursive: true });
	const fresh = `${program}.${process.pid}`;
	const gcc = spawnSync('gcc', ['-O2', '-Wall', source, '-o', fresh], { encoding: 'utf8' });
	if (gcc.error || gcc.status !== 0)
		throw new NoTracer(`the tracer cannot be built here: ${gcc.error?.message ?? gcc.stderr.trim().split('\n')[0]}`);
	renameSync(fresh, program);
	return program;
}

export interface Started {
	readonly process: ChildProcess;
	readonly channel: Channel;
}

/** Starts a program under the tracer. `stdio`: its descriptors 0 to 2. */
export function startTraced(
	hwcap: number,
	program: string,
	args: readonly string[],
	options: {
		readonly stdio: ['inherit' | 'ignore', 'inherit' | 'pipe' | 'ignore', 'inherit' | 'pipe' | 'ignore'];
		readonly env?: NodeJS.ProcessEnv;
	},
): Started {
	const child = spawn(buildTracer(), [(hwcap >>> 0).toString(16), program, ...args], {
		stdio: [...options.stdio, 'pipe', 'pipe'],
		...(options.env ? { env: options.env } : {}),
	});
	return { process: child, channel: new Channel(child.stdio[4] as Readable, child.stdio[3] as Writable) };
}
