// Lockstep from the command line: `npm run lockstep -- [--max-steps N] [--watch ADDR] PROG ARGS` steps a 32-bit program under ptrace beside T0 and
// reports the first step where a register or a written byte differs. Its own words go to stderr; the program keeps 0, 1 and 2.
// Exit: 0 no difference up to the end (or N steps), 1 a difference, 125 it could not be followed.
import { readFileSync } from 'node:fs';
import { describe } from './report.ts';
import { lockstep } from './session.ts';

const USAGE = 'usage: lockstep [--max-steps N] [--watch ADDR] PROG ARGS…';

async function main(argv: string[]): Promise<number> {
	let maxSteps = Number.POSITIVE_INFINITY;
	let watch: number | undefined;
	while (argv[0]?.startsWith('--')) {
		const option = argv.shift();
		if (option === '--') break;
		const value = argv.shift() ?? '';
		if (option === '--max-steps' && Number(value) > 0) maxSteps = Number(value);
		else if (option === '--watch' && /^(0x)?[0-9a-f]{1,8}$/i.test(value)) watch = Number.parseInt(value, 16);
		else throw new Error(USAGE);
	}
	const [program, ...args] = argv;
	if (program === undefined) throw new Error(USAGE);
	let told = 0;
	const onProgress = (steps: number) => {
		if (!process.stderr.isTTY || steps - told < 500_000) return;
		told = steps;
		process.stderr.write(`\r${steps.toLocaleString('en-US')} steps`);
	};
	const outcome = await lockstep({ program, args, maxSteps, onProgress, ...(watch === undefined ? {} : { watch }) });
	if (told > 0) process.stderr.write('\r');
	const { steps, adopted, divergence, status, seconds } = outcome;
	const speed = `${seconds.toFixed(1)} s (${(steps / seconds / 1e6).toFixed(3)} M steps/s)`;
	if (divergence) {
		console.error(`lockstep: differs at ${describe(divergence, readFileSync(program)).join('\n')}`);
		return 1;
	}
	const end = status === undefined ? 'stopped there' : status & 0x7f ? `signal ${status & 0x7f}` : `exit ${status >> 8}`;
	console.error(`lockstep: ${steps.toLocaleString('en-US')} steps equal · ${adopted} adoptions · ${end} · ${speed}`);
	return 0;
}

main(process.argv.slice(2)).then(
	(code) => process.exit(code),
	(error: Error) => {
		console.error(`lockstep: ${error.message}`);
		process.exit(125);
	},
);
