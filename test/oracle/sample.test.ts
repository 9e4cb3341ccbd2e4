/**
 * Checks our processor against the stored sample of what a real one did: see sample.ts. Works on any machine.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Builder } from '../../src/cpu/ir.ts';
import { ROWS, type Row } from '../../src/cpu/isa/index.ts';
import { isTranslatable } from '../../src/cpu/translator/printer.ts';
import { rowKey } from './encode.ts';
import { RowMask } from './masks.ts';
import { caseLength, OUTCOME_WORDS, OutcomeWord, outcomeLength } from './protocol.ts';
import { readSample } from './sample.ts';
import { Checker, comparable } from './session.ts';

/** One change each: a general register, eip, the exception, a selector, DF, and memory where it changed (else DF). */
const CHANGES: readonly ((outcome: Uint32Array) => void)[] = [
	(o) => (o[OutcomeWord.GPRS + 6] ^= 1),
	(o) => (o[OutcomeWord.EIP] ^= 1),
	(o) => (o[OutcomeWord.HEAD] ^= 0x40000),
	(o) => (o[OutcomeWord.FS_GS] ^= 8),
	(o) => (o[OutcomeWord.EFLAGS] ^= 0x400),
	(o) => (o[OutcomeWord.HEAD] >>> 24 ? (o[OUTCOME_WORDS + 1] ^= 0x10000) : (o[OutcomeWord.EFLAGS] ^= 0x400)),
];

const AGAIN = 'npm run oracle -- --sample --seed 1';

test('every compared row stands in the sample, and every row of the sample still exists', () => {
	const sample = readSample();
	const ours = comparable(ROWS, undefined).map(rowKey);
	assert.equal([...sample.rows].sort(), [...ours].sort(), `make the sample again: ${AGAIN}`);
	const present = new Set(sample.rowOf);
	assert.equal(
		sample.rows.filter((_, i) => !present.has(i)),
		[],
		'rows without a case',
	);
});

for (const engine of ['t0', 'wasm'] as const) {
	test(`each instruction does what the hardware of the sample did, printed for ${engine}`, () => {
		const sample = readSample();
		const byKey = new Map(comparable(ROWS, undefined).map((row) => [rowKey(row), row]));
		const rows = sample.rows.map((key) => byKey.get(key)!);
		assert.ok(rows.every(Boolean), `unknown rows; make the sample again: ${AGAIN}`);
		const checker = new Checker(rows, engine);
		const report = checker.check(sample.cpuid, sample.seed, sample.words, sample.cases, sample.rowOf, sample.outcomes);
		const text = report.examples.map((e) => `${e.text}\n    npm run oracle -- --engine ${engine} --case ${e.repeat}`).join('\n');
		assert.is(report.examples.length, 0, `${report.examples.length} differences from ${sample.cpuid}:\n${text}`);
		assert.is(
			report.cases.reduce((a, b) => a + b, 0),
			sample.cases,
		);
		const { counts } = checker;
		if (!counts) return;
		// What has IR ran as WebAssembly, not in the interpreter behind it
		const translated = new Set([...counts.rows].map(rowKey));
		const never = ROWS.filter(translates)
			.map(rowKey)
			.filter((key) => sample.rows.includes(key) && !translated.has(key));
		assert.equal(never, [], 'rows that can be translated and never ran so');
	});
}

/** Whether any form of a row is one for translated code. */
function translates(row: Row): boolean {
	// Floating point is translated for quiet operands and a set PE only, which few cases have: see ../cpu/translator.test.ts
	if (!row.lower || /^(add|sub|mul|div|sqrt)[ps][sd]$/.test(row.name)) return false;
	const forms = [true, false].filter((memory) => row.mod === undefined || (row.mod === 'mem') === memory);
	return forms.some((memory) => {
		if (memory && !/(^|,)[EMOWQ]/.test(row.form)) return false;
		return isTranslatable(new Builder(row, { operandSize: 32, memory, rep: 0, addressSize: 32 }).body);
	});
}

test('a changed outcome is seen, whatever word of it changes', () => {
	const sample = readSample();
	const byKey = new Map(comparable(ROWS, undefined).map((row) => [rowKey(row), row]));
	const rows = sample.rows.map((key) => byKey.get(key)!);
	// loading ss runs on into the next instruction: eip may be either
	const strict = rows.map((row) => new RowMask(row).strict && row.opcode !== 0x17 && row.opcode !== 0x8e);
	const cases: number[] = [];
	const outcomes: number[] = [];
	const rowOf: number[] = [];
	for (let i = 0, at = 0, out = 0; i < sample.cases; i++) {
		const caseEnd = at + caseLength(sample.words, at);
		const outEnd = out + outcomeLength(sample.outcomes, out, sample.words[at]);
		const change = CHANGES[i % 37];
		if (change && strict[sample.rowOf[i]]) {
			const outcome = sample.outcomes.slice(out, outEnd);
			change(outcome);
			outcomes.push(...outcome);
			cases.push(...sample.words.subarray(at, caseEnd));
			rowOf.push(sample.rowOf[i]);
		}
		out = outEnd;
		at = caseEnd;
	}
	const count = rowOf.length;
	const checker = new Checker(rows);
	const report = checker.check(
		sample.cpuid,
		sample.seed,
		Uint32Array.from(cases),
		count,
		Uint16Array.from(rowOf),
		Uint32Array.from(outcomes),
	);
	const seen = [...report.differing, ...report.unsupported].reduce((a, b) => a + b, 0);
	assert.ok(count > 1000, `${count} changes made`);
	assert.is(seen, count);
});

test.run();
