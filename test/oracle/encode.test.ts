/**
 * The oracle's encodings, judged by iced-x86: of the length they should have, and between them every form an i686 has.
 */
import { Code, CodeExt, CpuidFeature, Decoder, DecoderOptions, EncodingKind, Instruction } from 'iced-x86';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROWS } from '../../src/cpu/isa/index.ts';
import { Encoding, encode, rowKey } from './encode.ts';
import { Random } from './random.ts';
import { comparable } from './session.ts';

const I686 = new Set(
	'INTEL8086 INTEL186 INTEL286 INTEL386 INTEL486 FPU FPU287 FPU387 CMOV CX8 TSC CPUID MULTIBYTENOP PAUSE CET_IBT'.split(' '),
);
/**
 * Forms that need not be reached: no instruction; wait and another one, which iced takes for one; transcendentals, which ours
 * does not have yet; what UMIP hides or KVM changes, or vendors do differently (see masks.ts, encode.ts); iced's ud0 without modrm.
 */
const NOT_REACHED =
	/^(INVALID|Zero_bytes|Declare.*|F(stenv|stcw|eni|disi|clex|init|setpm|save|stsw)(_.*)?|F2xm1|Fyl2x|Fptan|Fpatan|Fyl2xp1|Fsincos|Fsin|Fcos|(Sldt|Str|Smsw|Sgdt|Sidt)_.*|Int1|Ud0|Reservednop_.*_0F0D)$/;

/** Encodings of each row. */
const EACH = 300;

test('each encoding has the length iced-x86 finds, and between them they reach every form of an i686', () => {
	const random = new Random(20_081_018);
	const encoding = new Encoding();
	const reached = new Set<number>();
	for (const row of comparable(ROWS, undefined)) {
		for (let i = 0; i < EACH; i++) {
			encode(random, row, encoding);
			const bytes = encoding.bytes.slice(0, encoding.length);
			const decoder = new Decoder(32, bytes, DecoderOptions.None);
			const instruction = decoder.decode();
			reached.add(instruction.code);
			const fits = instruction.code === Code.INVALID || instruction.length === encoding.length;
			assert.ok(
				fits,
				`${rowKey(row)} ${row.name} ${row.form}: ${Buffer.from(bytes).toString('hex')} has ${instruction.length} bytes`,
			);
			instruction.free();
			decoder.free();
		}
	}
	const missing: string[] = [];
	for (const [name, code] of Object.entries(Code)) {
		if (typeof code !== 'number' || reached.has(code) || NOT_REACHED.test(name)) continue;
		const info = CodeExt.opCode(code);
		const instruction = new Instruction();
		instruction.code = code;
		const ours = [...instruction.cpuidFeatures()].every((feature) => I686.has(CpuidFeature[feature]));
		if (ours && info.mode32 && info.encoding === EncodingKind.Legacy) missing.push(name);
		info.free();
		instruction.free();
	}
	assert.equal(missing, [], 'forms that no row reaches');
});

test.run();
