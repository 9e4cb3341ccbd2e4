/**
 * One batch of the oracle: makes cases for the rows, lets the hardware and our processor run them, counts and describes.
 */

import { createRequire } from 'node:module';
import type { TranslatorCounts } from '../../src/cpu/translator/translator.ts';
import { hex } from './compare.ts';
import { type OracleRow, rowKey } from './encode.ts';
import { Generator } from './generate.ts';
import { type Engine, Guest, type How, type Verdict } from './guest.ts';
import { RowMask, whyNotCompared } from './masks.ts';
import { runNative } from './native.ts';
import { BatchWriter, CASE_WORDS, CaseFlag, CaseWord, CODE16, caseLength, FX_WORDS, outcomeLength } from './protocol.ts';
import { Random } from './random.ts';
import { isVector } from './vector.ts';

/** Cases of one batch, and variants (register and memory contents) of one encoding. */
const BATCH_CASES = 32_768;
const VARIANTS = 16;
/** Differences described per row and batch; the rest are only counted. */
const EXAMPLES = 3;

/** A difference, described. */
export interface Example {
	readonly row: number;
	readonly text: string;
	/** Repeats just this case: `--case`. */
	readonly repeat: string;
}

/** What a batch found, per row. */
export interface BatchReport {
	readonly cpuid: string;
	readonly cases: Uint32Array;
	readonly differing: Uint32Array;
	readonly unsupported: Uint32Array;
	readonly examples: Example[];
}

/** A made batch: the cases, and the row of each. */
export interface Batch {
	readonly writer: BatchWriter;
	readonly rowOf: Uint16Array;
}

/** The rows that are compared with hardware. */
export function comparable(rows: readonly OracleRow[], pattern: string | undefined): OracleRow[] {
	const wanted = pattern === undefined ? undefined : new RegExp(pattern);
	return rows.filter(
		(row) => whyNotCompared(row) === undefined && (!wanted || wanted.test(`${rowKey(row)} ${row.name} ${row.form}`)),
	);
}

/** Makes a batch for the rows: `groups` encodings of each, or as many as fit. The same seed makes the same batch. */
export function makeBatch(
	rows: readonly OracleRow[],
	seed: number,
	groups = Number.POSITIVE_INFINITY,
	variants = VARIANTS,
): Batch {
	const random = new Random(seed);
	const generator = new Generator(random, rows);
	const writer = new BatchWriter(random.u32());
	const rowOf = new Uint16Array(groups === Number.POSITIVE_INFINITY ? BATCH_CASES + variants : rows.length * groups * variants);
	const first = random.below(rows.length);
	for (let n = 0; n < groups * rows.length && (groups < Number.POSITIVE_INFINITY || writer.cases < BATCH_CASES); n++) {
		const row = (first + n) % rows.length;
		// Half a case of a vector row is registers, which are random: a sample would not shrink
		if (n >= (groups / 3) * rows.length && groups < Number.POSITIVE_INFINITY && isVector(rows[row])) continue;
		const from = writer.cases;
		generator.group(writer, rows[row], variants);
		rowOf.fill(row, from, writer.cases);
	}
	return { writer, rowOf };
}

/** Rows that show TF or change it: our side runs them with TF set, as the hardware does. */
const stepped = (row: OracleRow): boolean => /^(pushf|popf|iret)/.test(row.name);

/** Compares outcomes with our processor. `describe` makes the text of a difference. */
export class Checker {
	private guest: Guest;
	private readonly engine: Engine;
	private readonly rows: readonly OracleRow[];
	private readonly masks: readonly RowMask[];
	private readonly how: readonly Omit<How, 'recorded' | 'warm'>[];
	/** Failed assertions of each row: after a few of them its cases are only counted. */
	private readonly failures: Uint32Array;

	constructor(rows: readonly OracleRow[], engine: Engine = 't0') {
		this.rows = rows;
		this.engine = engine;
		this.guest = new Guest(engine);
		this.masks = rows.map((row) => new RowMask(row));
		this.how = rows.map((row) => ({
			stepped: stepped(row),
			shadow: row.opcode === 0x17 || (row.opcode === 0x8e && row.ext === 2),
		}));
		this.failures = new Uint32Array(rows.length);
	}

	/** What translated code did so far; undefined with the interpreter. */
	get counts(): TranslatorCounts | undefined {
		return this.guest.counts;
	}

	/** Runs `count` cases; `rowOf[i]` is the row of case i. */
	check(cpuid: string, seed: number, words: Uint32Array, count: number, rowOf: Uint16Array, outcomes: Uint32Array): BatchReport {
		const { rows } = this;
		const report: BatchReport = {
			cpuid,
			cases: new Uint32Array(rows.length),
			differing: new Uint32Array(rows.length),
			unsupported: new Uint32Array(rows.length),
			examples: [],
		};
		for (let i = 0, at = 0, out = 0; i < count; i++) {
			const row = rowOf[i];
			const length = caseLength(words, at);
			const mask = this.masks[row].of(words, at);
			const verdict =
				this.failures[row] >= EXAMPLES
					? 'differs'
					: this.run(row, seed, words, at, outcomes, out, mask, {
							...this.how[row],
							recorded: this.engine === 't0' && i % 4 === 3,
							warm: i % 4 >= 2,
						});
			report.cases[row]++;
			if (verdict === 'unsupported') report.unsupported[row]++;
			if (verdict === 'differs') report.differing[row]++;
			if (verdict !== 'same' && report.differing[row] + report.unsupported[row] <= EXAMPLES) {
				const text = `${describeCase(rows[row], words, at)}\n    ${this.guest.differences.slice(0, 6).join('; ')}`;
				report.examples.push({ row, text, repeat: packCase(rows[row], seed, words.subarray(at, at + length)) });
			}
			out += outcomeLength(outcomes, out, words[at]);
			at += length;
		}
		return report;
	}

	/** A case on our side; a failed assertion there is a difference, and a reason to start afresh. */
	private run(row: number, ...how: Parameters<Guest['run']>): Verdict {
		try {
			return this.guest.run(...how);
		} catch (error) {
			this.failures[row]++;
			this.guest = new Guest(this.engine);
			this.guest.differences.push(
				error instanceof Error ? (error.stack ?? error.message).split('\n', 4).join(' ') : String(error),
			);
			return 'differs';
		}
	}
}

/** Makes, runs natively and checks one batch. */
export function runBatch(program: string, checker: Checker, rows: readonly OracleRow[], seed: number): BatchReport {
	const { writer, rowOf } = makeBatch(rows, seed);
	const { cpuid, words } = runNative(program, writer.finish(), writer.cases);
	return checker.check(cpuid, writer.seed, writer.words, writer.cases, rowOf, words);
}

/** Row, bytes, registers of a case. */
export function describeCase(row: OracleRow, words: Uint32Array, at: number): string {
	const length = (words[at] >>> 8) & 15;
	const bytes: string[] = [];
	for (let i = 0; i < length; i++)
		bytes.push(((words[at + CaseWord.CODE + (i >> 2)] >>> ((i & 3) * 8)) & 0xff).toString(16).padStart(2, '0'));
	const g = at + CaseWord.GPRS;
	const names = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
	const [esCs, ssDs, fsGs] = [words[at + CaseWord.ES_CS], words[at + CaseWord.SS_DS], words[at + CaseWord.FS_GS]];
	const selectors = `es ${hex(esCs & 0xffff)} cs ${hex(esCs >>> 16)} ss ${hex(ssDs & 0xffff)} ds ${hex(ssDs >>> 16)} fs ${hex(fsGs & 0xffff)} gs ${hex(fsGs >>> 16)}`;
	let memory = '';
	let p = at + CASE_WORDS;
	for (let n = (words[at] >>> 16) & 15; n > 0; n--) {
		const data = Array.from(words.subarray(p + 2, p + 2 + ((words[p + 1] + 3) >> 2)), hex);
		memory += ` [${hex(words[p])}] ${data.join(' ')} (${words[p + 1]} bytes)`;
		p += 2 + data.length;
	}
	if (words[at] & 1) {
		const fx = new Uint8Array(words.buffer, words.byteOffset + p * 4, 160);
		const st = (i: number) =>
			Buffer.from(fx.subarray(32 + i * 16, 42 + i * 16))
				.reverse()
				.toString('hex');
		if (words[at] & CaseFlag.SSE) memory += describeXmm(words, p);
		memory += ` fcw ${hex(words[p] & 0xffff)} fsw ${hex(words[p] >>> 16)} ftw ${hex(fx[4])} st0 ${st(0)} st1 ${st(1)} st${row.rm ?? fxRegister(bytes)} ${st(fxRegister(bytes))}`;
	}
	const mode = words[at] & CaseFlag.WHOLE ? ' then int3, run whole' : '';
	return `${rowKey(row)} ${row.name} ${row.form}: ${bytes.join(' ')}${mode} at ${hex(words[at + CaseWord.CODE_LINEAR])}: ${disassemble(bytes, words[at + CaseWord.ES_CS] >>> 16 === CODE16 ? 16 : 32)}
    ${names.map((n, i) => `${n} ${hex(words[g + i])}`).join(' ')} eflags ${hex(words[at + CaseWord.EFLAGS])} ${selectors}${memory}`;
}

/** MXCSR and the XMM registers of a case whose FXSAVE image is at word `at`. */
function describeXmm(words: Uint32Array, at: number): string {
	const xmm = (i: number) =>
		Array.from(words.subarray(at + FX_WORDS + i * 4, at + FX_WORDS + i * 4 + 4), (w) =>
			w.toString(16).padStart(8, '0'),
		).reverse();
	const all = Array.from({ length: 8 }, (_, i) => `xmm${i} ${xmm(i).join('_')}`);
	return ` mxcsr ${hex(words[at + 6])} ${all.join(' ')}`;
}

/** The instructions as iced-x86 prints them; it is loaded when there is something to print. */
function disassemble(bytes: readonly string[], bitness: number): string {
	const iced = createRequire(import.meta.url)('iced-x86') as typeof import('iced-x86');
	const decoder = new iced.Decoder(
		bitness,
		Uint8Array.from(bytes, (b) => Number.parseInt(b, 16)),
		iced.DecoderOptions.None,
	);
	const formatter = new iced.Formatter(iced.FormatterSyntax.Nasm);
	const lines: string[] = [];
	while (decoder.canDecode) lines.push(formatter.format(decoder.decode()));
	return lines.join('; ');
}

const fxRegister = (bytes: readonly string[]): number => Number.parseInt(bytes[bytes.length - 1], 16) & 7;

/** A case as text, for `--case`. */
function packCase(row: OracleRow, seed: number, words: Uint32Array): string {
	return `${rowKey(row)}@${seed.toString(16)}@${Buffer.from(new Uint8Array(words.slice().buffer)).toString('base64url')}`;
}

/** The row's key, the memory seed and the words of a case made by `packCase`. */
export function unpackCase(text: string): { readonly key: string; readonly seed: number; readonly words: Uint32Array } {
	const [key, seed, data] = text.split('@');
	const bytes = new Uint8Array(Buffer.from(data ?? '', 'base64url'));
	if (bytes.length % 4 !== 0 || bytes.length < CASE_WORDS * 4)
		throw new Error(`--case: want ROW@SEED@BASE64 of at least ${CASE_WORDS} words`);
	return { key, seed: Number.parseInt(seed, 16), words: new Uint32Array(bytes.buffer) };
}
