/**
 * What processes cost: calls, forks, turns through pipes, many of them. A line each, in µs of this machine beside the target;
 * `node --import tsx test/bench/processes.ts`. Each is the slope between a short and a long run of one guest.
 */
import { readFileSync } from 'node:fs';
import { NoOutside } from '../../src/replay/outside.ts';
import { record } from '../../src/replay/record.ts';
import { guestPath } from '../guests/manifest.ts';

const program = readFileSync(guestPath('bench_processes'));

async function run(what: string, count: number): Promise<number> {
	const began = process.hrtime.bigint();
	const outside = new NoOutside();
	const path = '/guests/bench_processes';
	const { end } = await record({ path, program, argv: [path, what, String(count)], streams: ['null', 'pipe', 'pipe'], outside });
	if (end.end !== 'ended' || end.status !== 0) throw new Error(`${what}: ${end.end}, status ${end.status}\n${outside.text(1)}`);
	return Number(process.hrtime.bigint() - began) / 1000;
}

const ROWS: readonly (readonly [what: string, small: number, large: number, target: number, text: string])[] = [
	['getpid', 1000, 21_000, 15, 'a call, one task'],
	['getpid-many', 1000, 21_000, 30, 'a call, eight tasks'],
	['fork', 20, 320, 400, 'fork, exit, wait of a 1 MiB process'],
	['pingpong', 100, 2100, 60, 'a round trip through two pipes'],
];

for (const [what, small, large, target, text] of ROWS) {
	await run(what, small);
	const each = ((await run(what, large)) - (await run(what, small))) / (large - small);
	console.log(`${text.padEnd(38)} ${each.toFixed(1).padStart(8)} µs   (target ${target})`);
}
for (const [what, count, text] of [
	['processes', 1000, '1,000 processes at once'],
	['threads', 200, '200 threads at once'],
] as const) {
	console.log(`${text.padEnd(38)} ${((await run(what, count)) / 1e6).toFixed(2).padStart(8)} s`);
}
