/** The decoder against iced-x86: the same length and the same "no such instruction", for all that this processor has. */
import { Code, CpuidFeature, DecoderOptions, Decoder as Iced } from 'iced-x86';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Decoder, makeDecodeMaps } from '../../src/cpu/decode.ts';
import { Decoded, newInsn } from '../../src/cpu/insn.ts';
import { ROWS } from '../../src/cpu/isa/index.ts';

/** CPUID features of the processor we decode for; what needs another one is not compared. */
const FEATURES = new Set(
	[
		'INTEL8086', 'INTEL8086_ONLY', 'INTEL186', 'INTEL286', 'INTEL286_ONLY', 'INTEL386', 'INTEL386_ONLY', 'INTEL386_A0_ONLY', 'INTEL486',
		'INTEL486_A_ONLY', 'FPU', 'FPU287', 'FPU387', 'CMOV', 'CPUID', 'CX8', 'MSR', 'TSC', 'RDPMC', 'SEP', 'MMX', 'SSE', 'SSE2', 'SSE3',
		'SSSE3', 'FXSR', 'CLFSH', 'MULTIBYTENOP', 'PAUSE', 'PREFETCHW', 'PREFETCHWT1',
	].map((name) => CpuidFeature[name as keyof typeof CpuidFeature]),
); // biome-ignore format: a list

const decoder = new Decoder(makeDecodeMaps(ROWS));
const insn = newInsn();

function hex(bytes: ArrayLike<number>): string {
	return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join(' ');
}

let compared = 0;
function compare(bytes: Uint8Array, size: 16 | 32): string | undefined {
	const iced = new Iced(
		size,
		bytes,
		DecoderOptions.NoWbnoinvd | DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoLahfSahf64,
	);
	const i = iced.decode();
	const invalid = i.code === Code.INVALID;
	const foreign = !invalid && !i.cpuidFeatures().every((f) => FEATURES.has(f));
	const length = i.length;
	i.free();
	iced.free();
	decoder.decode(bytes, 0, bytes.length, size, insn);
	if (foreign) return undefined;
	compared++;
	const bad = insn.status !== Decoded.OK;
	if (bad !== invalid)
		return `${hex(bytes)} (${size}): iced ${invalid ? 'invalid' : `length ${length}`}, ours status ${insn.status} ${insn.row?.name ?? ''}`;
	if (!invalid && length !== insn.length)
		return `${hex(bytes)} (${size}): iced length ${length}, ours ${insn.length} ${insn.row?.name}`;
	return undefined;
}

function report(problems: readonly string[]): void {
	assert.is(problems.length, 0, `${problems.length} differ:\n${problems.slice(0, 25).join('\n')}`);
}

test('every opcode with every modrm and prefix', () => {
	const problems: string[] = [];
	compared = 0;
	const maps = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]];
	for (const size of [32, 16] as const) {
		for (const prefix of [[], [0x66], [0xf2], [0xf3], [0xf0], [0x67], [0x66, 0xf3], [0xf3, 0x66], [0xf2, 0xf0]]) {
			for (const map of maps) {
				for (let op = 0; op < 256; op++) {
					const step = map.length > 1 ? 17 : prefix.length > 0 ? 3 : 1;
					for (let modrm = 0; modrm < 256; modrm += step) {
						const bytes = Uint8Array.from([
							...prefix,
							...map,
							op,
							modrm,
							0x25,
							0x11,
							0x22,
							0x33,
							0x44,
							0x55,
							0x66,
							0x77,
							0x88,
							0x99,
							0xaa,
						]);
						const problem = compare(bytes.subarray(0, 15), size);
						if (problem) problems.push(problem);
					}
				}
			}
		}
	}
	report(problems);
	assert.ok(compared > 500_000, `${compared} compared`);
});

test('random bytes', () => {
	const seed = Number(process.env.SEED ?? 20081018);
	console.log(`seed ${seed}`);
	let s = seed | 0;
	const random = (): number => {
		s = (s + 0x6d2b79f5) | 0;
		let t = Math.imul(s ^ (s >>> 15), 1 | s);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return (t ^ (t >>> 14)) >>> 0;
	};
	const problems: string[] = [];
	compared = 0;
	const bytes = new Uint8Array(15);
	for (let n = 0; n < 200_000; n++) {
		for (let i = 0; i < 15; i++) bytes[i] = random();
		const problem = compare(bytes, n % 8 === 0 ? 16 : 32);
		if (problem) problems.push(problem);
	}
	report(problems);
	assert.ok(compared > 100_000, `${compared} compared`);
});

test('an instruction longer than 15 bytes is too long', () => {
	const bytes = new Uint8Array(20).fill(0x66);
	bytes[15] = 0x90;
	decoder.decode(bytes, 0, 20, 32, insn);
	assert.is(insn.status, Decoded.TOO_LONG);
	bytes[14] = 0x90;
	decoder.decode(bytes, 0, 20, 32, insn);
	assert.is(insn.status, Decoded.OK);
	assert.is(insn.length, 15);
});

test('bytes that end too early are short', () => {
	const bytes = Uint8Array.from([0xb8, 1, 2, 3]);
	decoder.decode(bytes, 0, 4, 32, insn);
	assert.is(insn.status, Decoded.SHORT);
});

test.run();
