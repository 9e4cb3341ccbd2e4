/** Lockstep on this machine: guests run equal to their end, and whatever is changed in T0 is seen at the step where it shows. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { guestPath, readManifest } from '../guests/manifest.ts';
import type { Guest } from './guest.ts';
import { Different } from './protocol.ts';
import { describe } from './report.ts';
import { lockstep, NotFollowed, type Outcome } from './session.ts';

const quiet: { stdio: ['ignore', 'ignore', 'ignore'] } = { stdio: ['ignore', 'ignore', 'ignore'] };

/** A wait status as a shell shows it. */
function shown(outcome: Outcome): string {
	if (outcome.divergence) return `differs at ${describe(outcome.divergence, new Uint8Array(0)).join(' | ')}`;
	const { status } = outcome;
	return status === undefined ? 'stopped' : status & 0x7f ? `signal ${status & 0x7f}` : `exit ${status >> 8}`;
}

/** Guests that end soon, wait for nothing, and together use calls, signals, faults, descriptors, x87 and code that changes. */
const GUESTS = [
	'addressing',
	'arith64',
	'brk',
	'die_fpe',
	'ldt',
	'masks',
	'mremap',
	'munmap_holes',
	'nested_signals',
	'selfmod',
	'sigaltstack',
	'sigbus',
	'sigframe',
	'sigreturn_x87',
	'system',
	'tls',
];

for (const name of GUESTS) {
	test(`${name} takes the same steps`, async () => {
		const guest = readManifest().find((g) => g.name === name);
		assert.ok(guest, 'the guest is in the manifest');
		const outcome = await lockstep({ program: guestPath(name), args: guest.args, env: guest.env, ...quiet });
		const wanted = guest.signal === undefined ? `exit ${guest.status}` : 'signal';
		assert.is(guest.signal === undefined ? shown(outcome) : shown(outcome).split(' ')[0], wanted);
		assert.ok(outcome.steps > 100);
	});
}

test('rows with an x87 state of their own: the first 100,000 steps', async () => {
	for (const name of ['x87_state', 'x87_sqrt', 'x87_unmasked']) {
		const outcome = await lockstep({ program: guestPath(name), args: [], maxSteps: 100_000, ...quiet });
		assert.is(outcome.divergence, undefined, shown(outcome));
	}
});

test('a program with a C library takes the same steps', async () => {
	const dir = mkdtempSync(join(tmpdir(), 'lockstep-'));
	try {
		const source = join(dir, 'a.c');
		writeFileSync(
			source,
			`#include <stdio.h>
			#include <stdlib.h>
			#include <time.h>
			static int by(const void *a, const void *b) { return *(int *)a - *(int *)b; }
			int main(void) {
				int n[200];
				for (int i = 0; i < 200; i++) n[i] = i * 7919 % 1009;
				qsort(n, 200, sizeof *n, by);
				double sum = 0;
				for (int i = 0; i < 200; i++) sum += n[i] / 3.0;
				printf("%d %d %.6f %d\\n", n[0], n[199], sum, time(0) > 0);
				return 0;
			}`,
		);
		const flags = ['-m32', '-static', '-O2', '-march=i686', '-mno-sse', '-mfpmath=387', '-w'];
		const gcc = spawnSync('gcc', [...flags, source, '-o', join(dir, 'a')], { encoding: 'utf8' });
		assert.is(gcc.status, 0, gcc.stderr);
		const outcome = await lockstep({ program: join(dir, 'a'), args: [], ...quiet });
		assert.is(shown(outcome), 'exit 0');
		assert.ok(outcome.steps > 20_000, `${outcome.steps} steps`);
	} finally {
		rmSync(dir, { recursive: true });
	}
});

const CRC32 = guestPath('crc32');

test('changed registers of T0 are seen at the next step that uses one', async () => {
	const change = ({ cpu }: Guest) =>
		cpu.patch({ eax: cpu.gpr(0) ^ 1, ecx: cpu.gpr(1) ^ 1, edx: cpu.gpr(2) ^ 1, ebx: cpu.gpr(3) ^ 1 });
	const { divergence, steps } = await lockstep({
		program: CRC32,
		args: [],
		maxSteps: 20_000,
		disturb: { step: 5000, change },
		...quiet,
	});
	const { kind } = divergence?.difference ?? {};
	assert.ok(kind === Different.REGISTERS || kind === Different.WRITTEN, `kind ${kind}`);
	assert.ok(divergence!.step >= 5000 && divergence!.step < 5010, `step ${divergence!.step}`);
	assert.is(steps, 5000);
	assert.match(describe(divergence!, new Uint8Array(0)).join('\n'), / native [0-9a-f]{2,8}/);
});

test('changed memory of T0 is seen where it is read', async () => {
	const change = ({ cpu }: Guest) => {
		const esp = cpu.gpr(4);
		for (let at = esp; at < esp + 512; at++) {
			const [byte] = cpu.memory.read(at, 1) ?? [0];
			cpu.memory.write(at, Uint8Array.of(byte ^ 0x10), true);
		}
	};
	const { divergence } = await lockstep({ program: CRC32, args: [], disturb: { step: 5000, change }, ...quiet });
	assert.ok(divergence, 'a difference is seen');
	assert.ok(divergence.step >= 5000);
});

test('native memory that no step of T0 wrote is seen; watched, at its step', async () => {
	let address = 0;
	const change = ({ pid, cpu }: Guest) => {
		address = cpu.gpr(4) - 3000;
		const fd = openSync(`/proc/${pid}/mem`, 'r+');
		writeSync(fd, Uint8Array.of(0x77), 0, 1, address);
		closeSync(fd);
	};
	const run = (watch?: number) => {
		const options = { program: CRC32, args: [], maxSteps: 20_000, disturb: { step: 5000, change }, ...quiet };
		return lockstep(watch === undefined ? options : { ...options, watch });
	};
	const { divergence } = await run();
	assert.is(divergence?.difference?.kind, Different.MEMORY);
	assert.is(divergence?.difference?.bytes[0], 0x77);
	assert.is(divergence?.difference?.address, address);
	assert.match(describe(divergence!, new Uint8Array(0)).join('\n'), /again with --watch/);
	const watched = await run(address);
	assert.is(watched.divergence?.difference?.kind, Different.WATCHED);
	assert.is(watched.divergence?.step, 5000);
});

test('what is no 32-bit program is refused in one line', async () => {
	try {
		await lockstep({ program: process.execPath, args: [], ...quiet });
		assert.unreachable();
	} catch (error) {
		assert.instance(error, NotFollowed);
		assert.match((error as Error).message, /not a 32-bit one/);
	}
});

test.run();
