/** Programs that lie in their headers, recorded: each is refused with a typed error or runs, and what ran replays. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ElfError, symbols } from '../../src/kernel/elf.ts';
import { record } from '../../src/replay/record.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { random, seed } from '../laws/traces.ts';

const SEED = seed();
/** Programs made here; `ROUNDS=5000` for a long run. */
const ROUNDS = Number(process.env.ROUNDS ?? 120);
const PROGRAMS = ['tiny', 'hello', 'files', 'tls', 'selfmod'].map((name) => readFileSync(`test/guests/bin/${name}`));
/** Offsets of the file header's fields: u32 up to e_flags, u16 from e_ehsize on. */
const FIELDS = [16, 20, 24, 28, 32, 36, 40, 42, 44, 46, 48, 50];
const VALUES = [
	0, 1, 3, 7, 0xfff, 0x1000, 0xffff, 0x10000, 0x8048000, 0x7fffffff, 0xb7000000, 0xbf800000, 0xc0000000, 0xffffffff,
];

/** One of the programs with one to three header fields changed, now and then cut short. */
function broken(next: () => number): Uint8Array {
	const below = (n: number) => Math.floor(next() * n);
	const bytes = Uint8Array.from(PROGRAMS[below(PROGRAMS.length)]);
	const view = new DataView(bytes.buffer);
	const [table, entries] = [view.getUint32(28, true), view.getUint16(44, true)];
	for (let n = 1 + below(3); n > 0; n--) {
		const value = below(3) === 0 ? below(2 ** 32) : VALUES[below(VALUES.length)];
		const how = below(5);
		if (how === 0) {
			const at = FIELDS[below(FIELDS.length)];
			if (at < 40) view.setUint32(at, value, true);
			else view.setUint16(at, value & 0xffff, true);
		} else if (how < 4) {
			const at = table + below(entries) * 32 + below(8) * 4;
			const old = view.getUint32(at, true);
			view.setUint32(at, [value, old + (below(3) - 1) * 0x1000, old ^ (1 << below(32)), old + below(64)][below(4)] >>> 0, true);
		} else bytes[below(52)] ^= 1 << below(8);
	}
	return below(8) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
}

test('headers that lie', async () => {
	const counts = { refused: 0, ran: 0 };
	for (let round = 0; round < ROUNDS; round++) {
		const program = broken(random(SEED + round));
		const name = `SEED=${SEED + round} ROUNDS=1`;
		try {
			symbols(program);
			const { bytes } = await record({ path: '/x', program, maxSteps: 5000 });
			counts.ran++;
			const { mismatch, damage } = verify(new Trace(bytes));
			assert.ok(!mismatch && !damage, `${name}: ${JSON.stringify(mismatch ?? damage)}`);
		} catch (error) {
			assert.instance(error, ElfError, `${name}: ${(error as Error).stack}`);
			assert.not.match((error as Error).message, '\n', name);
			counts.refused++;
		}
	}
	assert.ok(ROUNDS < 100 || (counts.refused > ROUNDS / 10 && counts.ran > ROUNDS / 10), JSON.stringify(counts));
});

test.run();
