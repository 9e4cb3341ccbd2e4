/**
 * The rows of the processes' bench, a line each: µs beside the target, wall and user CPU time. Each is the slope between a
 * short and a long run of one guest, the least of three. Arguments: the guest's binary, then rows (all, when there are none).
 */
import { readFileSync } from 'node:fs';
import { NoOutside } from '../../src/replay/outside.ts';
import { record } from '../../src/replay/record.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';

const [binary, ...wanted] = process.argv.slice(2);
const program = readFileSync(binary);

/** µs, wall and the user's part of the processor's. */
interface Time {
	readonly wall: number;
	readonly user: number;
}

async function timed(work: () => Promise<unknown> | unknown): Promise<Time> {
	const cpu = process.cpuUsage();
	const began = process.hrtime.bigint();
	await work();
	return { wall: Number(process.hrtime.bigint() - began) / 1000, user: process.cpuUsage(cpu).user };
}

async function recorded(what: string, count: number): Promise<Uint8Array> {
	const outside = new NoOutside();
	const path = '/guests/bench_processes';
	const { end, bytes } = await record({
		path,
		program,
		argv: [path, what, String(count)],
		streams: ['null', 'pipe', 'pipe'],
		outside,
	});
	if (end.end !== 'ended' || end.status !== 0) throw new Error(`${what}: ${end.end}, status ${end.status}\n${outside.text(1)}`);
	return bytes;
}

const isWanted = (what: string) => wanted.length === 0 || wanted.includes(what);
function print(text: string, { wall, user }: Time, unit: 'µs' | 's', target?: number): void {
	const digits = unit === 's' ? 2 : 1;
	const figures = `${wall.toFixed(digits).padStart(8)} ${unit}   user ${user.toFixed(digits).padStart(8)} ${unit}`;
	console.log(`${text.padEnd(42)} ${figures}${target === undefined ? '' : `   (target ${target})`}`);
}

const ROWS: readonly (readonly [what: string, small: number, large: number, target: number | undefined, text: string])[] = [
	['getpid', 1000, 41_000, 15, 'a call, one task'],
	['getpid-many', 1000, 41_000, 30, 'a call, eight tasks'],
	['fork', 20, 620, 400, 'fork, exit, wait of a 1 MiB process'],
	['exec', 20, 420, undefined, 'fork, exec, exit, wait of the same'],
	['pipeline', 5, 105, undefined, 'a pipeline of three commands'],
	['pingpong', 100, 4100, 60, 'a round trip through two pipes'],
];

for (const [what, small, large, target, text] of ROWS) {
	if (!isWanted(what)) continue;
	const trace = new Trace(await recorded(what, small));
	const longer = new Trace(await recorded(what, large));
	const slope = async (short: () => unknown, long: () => unknown): Promise<Time> => {
		const tries: Time[] = [];
		for (let i = 0; i < 3; i++) {
			const less = await timed(short);
			const more = await timed(long);
			tries.push({ wall: (more.wall - less.wall) / (large - small), user: (more.user - less.user) / (large - small) });
		}
		return tries.reduce((a, b) => (a.user < b.user ? a : b));
	};
	print(
		text,
		await slope(
			() => recorded(what, small),
			() => recorded(what, large),
		),
		'µs',
		target,
	);
	print(
		'  verified again',
		await slope(
			() => verify(trace),
			() => verify(longer),
		),
		'µs',
	);
}
for (const [what, count, text] of [
	['processes', 250, '250 processes at once'],
	['processes', 1000, '1,000 processes at once'],
	['processes', 3000, '3,000 processes at once'],
	['threads', 200, '200 threads at once'],
] as const) {
	if (!isWanted(what)) continue;
	const { wall, user } = await timed(() => recorded(what, count));
	print(text, { wall: wall / 1e6, user: user / 1e6 }, 's');
}
