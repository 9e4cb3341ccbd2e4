/**
 * Compares the x87 with this machine's, bit for bit: builds native.c with gcc, then runs random records of every instruction.
 *   node --import tsx test/cpu/fpu/native.ts [--count N] [--seed S] [--minutes M] [--only d8c1,…] [--show N] [--write]
 * `--minutes` goes on with the next seeds until the time is up.
 * `--write` stores the records as the sample that x87.test.ts checks.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { x87Rows } from '../../../src/cpu/isa/x87.ts';
import { compare, describe, invalidOpcodes, opcodes } from './compare.ts';
import { Random, record, type Style } from './generate.ts';
import { Harness, RECORD } from './harness.ts';
import { writeSample } from './sample.ts';

const { values } = parseArgs({
	options: {
		count: { type: 'string', default: '2000' },
		seed: { type: 'string', default: '1' },
		minutes: { type: 'string', default: '0' },
		only: { type: 'string' },
		show: { type: 'string', default: '3' },
		write: { type: 'boolean', default: false },
	},
});
const count = Number(values.count);
const until = Date.now() + Number(values.minutes) * 60_000;
const show = Number(values.show);

const folder = mkdtempSync(join(tmpdir(), 'x87-'));
const program = join(folder, 'native');
execFileSync('gcc', ['-m32', '-O1', '-o', program, fileURLToPath(new URL('native.c', import.meta.url))]);

const valid = opcodes(x87Rows);
const list =
	values.only === undefined ? [...valid, ...invalidOpcodes(x87Rows)] : values.only.split(',').map((s) => Number.parseInt(s, 16));
/** Of eight records five are plain, one has masks off, two have stack faults as well. */
const STYLES: Style[] = [
	{ unmasked: 0, stack: 0, sticky: 0 },
	{ unmasked: 200, stack: 0, sticky: 64 },
	{ unmasked: 80, stack: 200, sticky: 128 },
];
const styleOf = (i: number): Style => STYLES[i % 8 < 5 ? 0 : i % 8 === 5 ? 1 : 2];

function runNative(records: Uint8Array): Buffer {
	return spawnSync(program, [], { input: records, maxBuffer: records.length + 1024 }).stdout;
}

const harness = new Harness();
const inputs: Buffer[] = [];
const outputs: Buffer[] = [];
let total = 0;
let wrong = 0;
let faults = 0;
let seed = Number(values.seed);
do {
	oneSeed();
	seed++;
	if (values.minutes !== '0') console.log(`${total} compared, ${wrong} differ`);
} while (Date.now() < until);

/** Every opcode with records of one seed. */
function oneSeed(): void {
	for (const op of list) {
		const n = valid.includes(op) ? count : Math.min(count, 4);
		const random = new Random(seed + op);
		const input = Buffer.alloc(n * RECORD);
		const view = new DataView(input.buffer, input.byteOffset, input.length);
		const mine = new DataView(new ArrayBuffer(n * RECORD));
		for (let i = 0; i < n; i++) record(random, view, i * RECORD, op, styleOf(i));
		const output = runNative(input);
		const theirs = new DataView(output.buffer, output.byteOffset, output.length);
		let bad = 0;
		for (let i = 0; i < n; i++) {
			const at = i * RECORD;
			harness.run(view, mine, at);
			if (theirs.getUint8(at) !== 0) faults++;
			// A task switch between two instructions of a stub loses pointers: the kernel's XSAVE drops them. A real difference stays.
			for (let tries = 0; tries < 3 && compare(mine, theirs, at, op) !== ''; tries++) {
				output.set(runNative(input.subarray(at, at + RECORD)), at);
			}
			if (compare(mine, theirs, at, op) !== '' && bad++ < show) console.log(describe(view, mine, theirs, at, op));
		}
		if (values.write) {
			inputs.push(input);
			outputs.push(output);
		}
		total += n;
		wrong += bad;
		if (bad !== 0) console.log(`seed ${seed}, ${op.toString(16)}: ${bad} of ${n} differ`);
	}
}
rmSync(folder, { recursive: true });
if (values.write) console.log(`sample: ${writeSample(Buffer.concat(inputs), Buffer.concat(outputs))} bytes`);
console.log(`seeds ${values.seed} to ${seed - 1}: ${total} compared (${faults} faults), ${wrong} differ`);
process.exitCode = wrong === 0 ? 0 : 1;
