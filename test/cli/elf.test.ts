/** Programs that lie: about sizes, offsets, places, everything. An error that names what, or a run; never a crash or a huge allocation. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTrace } from '../../src/index.ts';
import { ElfError, symbols } from '../../src/kernel/elf.ts';
import { record } from '../../src/replay/record.ts';

const tiny = readFileSync('test/guests/bin/tiny');
const hello = readFileSync('test/guests/bin/hello');
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31) | 1;
console.log(`seed ${seed} (SEED=${seed} runs the same)`);

function randomFrom(start: number): (below: number) => number {
	let s = start >>> 0;
	return (below) => {
		s = (s ^ (s << 13)) >>> 0;
		s = (s ^ (s >>> 17)) >>> 0;
		s = (s ^ (s << 5)) >>> 0;
		return s % below;
	};
}

/** Values that break careless arithmetic. */
const EDGES = [0, 1, 0x1000, 0x10000, 0x7fffffff, 0x80000000, 0xbfff0000, 0xc0000000, 0xfffff000, 0xffffffff, 0x08048000];

/** A program with some words of its headers changed, now and then cut. */
function lie(random: (below: number) => number): Buffer {
	const bytes = Buffer.from(random(2) ? tiny : hello);
	const phoff = bytes.readUInt32LE(28);
	const phnum = bytes.readUInt16LE(44);
	for (let n = 1 + random(4); n > 0; n--) {
		const at = random(4) === 0 ? random(13) * 4 : phoff + random(phnum) * 32 + random(8) * 4;
		const old = bytes.readUInt32LE(at);
		const value = [EDGES[random(EDGES.length)], random(2 ** 32), old ^ (1 << random(32))][random(3)];
		bytes.writeUInt32LE(value >>> 0, at);
	}
	return random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

test('300 lying programs: refused by name, or they run and replay', async () => {
	const random = randomFrom(seed);
	const before = process.memoryUsage().rss;
	let refused = 0;
	let ran = 0;
	for (let i = 0; i < 300; i++) {
		const program = lie(random);
		symbols(program);
		try {
			const { bytes } = await record({ path: '/lie', program, maxSteps: 2000 });
			if (ran++ % 10 === 0) assert.is(openTrace(bytes).verify().mismatch, null, `seed ${seed}, program ${i}`);
		} catch (error) {
			if (!(error instanceof ElfError)) throw new Error(`seed ${seed}, program ${i}: ${(error as Error).stack}`);
			refused++;
		}
	}
	assert.ok(refused > 100 && ran > 20, `${refused} refused, ${ran} ran`);
	const grown = (process.memoryUsage().rss - before) / 2 ** 20;
	assert.ok(grown < 512, `${grown.toFixed(0)} MiB more than before`);
});

/** Changes one word of tiny's headers; the error names the place. */
const LIES: readonly (readonly [what: string, at: number, value: number, message: RegExp])[] = [
	['64-bit', 4, 0x00010102, /^ELF class at offset 0x4: wanted a 32-bit program, got a 64-bit one$/],
	['another machine', 18, 0x00010028, /^ELF machine at offset 0x12: wanted Intel 80386 \(3\), got ARM$/],
	['headers behind the end', 28, 0xfffffff0, /^program headers at offset 0x1c: wanted an end within the file/],
	['no headers', 44, 0, /^number of program headers at offset 0x2c/],
	['entry outside', 24, 0x1000, /^entry point at offset 0x18: wanted an address inside a segment, got 0x1000$/],
];

test('what is wrong with a header is named with its place', async () => {
	for (const [what, at, value, message] of LIES) {
		const program = Buffer.from(tiny);
		program.writeUInt32LE(value, at);
		try {
			await record({ path: '/lie', program });
			assert.unreachable(what);
		} catch (error) {
			assert.instance(error, ElfError, `${what}: ${error}`);
			assert.match((error as Error).message, message, what);
		}
	}
});

test.run();
