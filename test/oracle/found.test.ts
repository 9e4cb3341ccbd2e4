/** What once differed from hardware does not any more: found.ts. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROWS } from '../../src/cpu/isa/index.ts';
import { rowKey } from './encode.ts';
import { readFound, unpackWords } from './found.ts';
import { Checker, unpackCase } from './session.ts';

for (const found of readFound()) {
	const { key, seed, words } = unpackCase(found.case);
	const row = ROWS.find((r) => rowKey(r) === key);
	test(`${key} ${row?.name}, as ${found.cpuid} has it`, () => {
		assert.ok(row, `no row ${key}`);
		const report = new Checker([row]).check(found.cpuid, seed, words, 1, new Uint16Array(1), unpackWords(found.outcome));
		assert.is(report.examples[0]?.text, undefined);
	});
}

test.run();
