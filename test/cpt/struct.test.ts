/** Declaring a struct: what is derived from it, and which declarations and values are refused. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError } from '../../src/cpt/error.ts';
import { bytes, pad, u8, u16, u16s, u32, u32s, u64, u64s } from '../../src/cpt/field.ts';
import { diffStructs, flags, hex, oneOf, structLines, text, timespec } from '../../src/cpt/show.ts';
import { struct } from '../../src/cpt/struct.ts';
import { cpt_task_image, cpt_x86_regs, STRUCTS } from '../../src/cpt/v2/objects.ts';
import { bodyOf, zero } from './images.ts';

const sample = struct(
	'sample',
	{ size: 48, tail: 2 },
	{
		count: u32({ unit: 'bytes' }),
		kind: u16({ show: oneOf({ FIRST: 1, SECOND: 2 }) }),
		gap: pad(u16()),
		time: u64({ show: timespec }),
		name: bytes(4, { show: text }),
		words: u32s(2, { show: hex }),
		shorts: u16s(1),
		small: u8(),
		mode: u8({ show: flags({ R: 1, W: 2 }) }),
		pair: u64s(1),
		last: u32(),
		end: u16(),
	},
);
const VALUES = {
	count: 7,
	kind: 2,
	time: (5n << 32n) + 30n,
	name: Uint8Array.of(0x61, 0x22, 0, 0),
	words: [1, 0xffffffff],
	shorts: [0x1234],
	small: 9,
	mode: 7,
	pair: [0x1122334455667788n],
	last: 3,
	end: 4,
};

test('a gap, a wrong size and an undeclared tail are assertions with the name of the field', () => {
	assert.throws(() => struct('s', { size: 16 }, { a: u32(), b: u64() }), /^internal error: s\.b: 4 bytes of padding before it/);
	assert.throws(() => struct('s', { size: 8 }, { a: u8(), b: u16s(3) }), /s\.b: 1 bytes of padding before it/);
	assert.throws(() => struct('s', { size: 16 }, { a: u64() }), /s\.a: the struct ends at 8, not at 16/);
	assert.throws(() => struct('s', { size: 8 }, { a: u32() }), /s\.a: 4 bytes of padding follow, undeclared/);
	assert.throws(() => struct('s', { size: 16, tail: 8 }, { a: u64() }), /s\.a: 0 bytes of padding follow/);
	assert.throws(() => struct('s', { size: 8 }, { '1a': u64() }), /not a C name/);
	assert.is(struct('s', { size: 8, tail: 4 }, { a: u32() }).size, 8);
});

test('encode and decode are little-endian and each other', () => {
	const raw = sample.encode(VALUES);
	assert.is(
		Buffer.from(raw).toString('hex'),
		`${'07000000'}${'0200'}${'0000'}${'1e00000005000000'}${'61220000'}${'01000000ffffffff'}${'3412'}${'09'}${'07'}${'8877665544332211'}${'03000000'}${'0400'}${'0000'}`,
	);
	const values = sample.decode(raw);
	assert.equal(values, { ...VALUES, gap: 0, '(padding)': new Uint8Array(2) });
	assert.equal(sample.encode(values), raw);
	for (const one of STRUCTS)
		fc.assert(
			fc.property(fc.uint8Array({ minLength: one.size, maxLength: one.size }), (any) => {
				assert.equal(one.encode(one.decode(any) as never), any);
			}),
			{ numRuns: 30 },
		);
});

test('decoding checks bounds and names the place', () => {
	const raw = sample.encode(VALUES);
	try {
		sample.decode(raw, 1, '#4 SAMPLE');
		assert.unreachable();
	} catch (e) {
		assert.instance(e, ImageError);
		const { offset, object, want, got, short } = e as ImageError;
		assert.equal(
			[offset, object, want, got, short],
			[48, '#4 SAMPLE', '48 bytes of sample from 0x1', '47, the end of the image', true],
		);
	}
	assert.throws(() => sample.decode(raw, 1000), /want 48 bytes of sample from 0x3e8, got 0, the end/);
});

test('a value that does not fit is an assertion with the name of the field', () => {
	const wrong: [string, unknown][] = [
		['count', 2 ** 32],
		['count', -1],
		['count', 1.5],
		['count', 1n],
		['count', undefined],
		['kind', 65536],
		['time', 5],
		['time', 2n ** 64n],
		['name', Uint8Array.of(1)],
		['words', [1]],
		['words', [1, -1]],
		['gap', 65536],
	];
	for (const [name, value] of wrong)
		assert.throws(() => sample.encode({ ...VALUES, [name]: value } as never), new RegExp(`sample\\.${name} cannot hold`));
});

test('the field of every byte', () => {
	const texts = Array.from({ length: sample.size }, (_, at) => sample.fieldAt(at).text);
	for (const { name, offset, field } of sample.fields)
		assert.ok(
			texts.slice(offset, offset + field.size).every((t) => t.startsWith(name)),
			name,
		);
	assert.equal(sample.fieldAt(25), { name: 'words', index: 1, byte: 1, text: 'words[1]' });
	assert.equal(sample.fieldAt(18), { name: 'name', index: undefined, byte: 2, text: 'name' });
	assert.equal(sample.fieldAt(47), { name: '(padding)', index: undefined, byte: 1, text: '(padding)' });
	assert.throws(() => sample.fieldAt(48), /sample has no byte 48/);
	assert.throws(() => sample.placed('other'), /sample has no field other/);
	assert.is(cpt_task_image.fieldAt(184).text, 'cpt_utime');
});

test('lines show values with names and units; padding only when it is not zero', () => {
	assert.equal(structLines(sample, sample.decode(sample.encode(VALUES))), [
		'count = 7 bytes',
		'kind = SECOND',
		'time = 5.000000030 s',
		'name = "a\\""',
		'words = [0x1, 0xffffffff]',
		'shorts = [4660]',
		'small = 9',
		'mode = R|W|0x4',
		'pair = [1234605616436508552]',
		'last = 3',
		'end = 4',
	]);
	const dirty = sample.decode(sample.encode({ ...VALUES, gap: 5, '(padding)': Uint8Array.of(0, 0xaa) }));
	assert.equal(
		structLines(sample, dirty).filter((line) => line.includes('padding')),
		['gap = 5 (padding, not zero)', '(padding) = 00aa (padding, not zero)'],
	);
	assert.is(text(Uint8Array.of(0x61, 0, 0x62)), '"a" and bytes after its NUL');
	assert.is(text(Uint8Array.of(0x61, 7)), '"a\\x07"');
	const regs = bodyOf(cpt_x86_regs, zero, { cpt_len: 120n, cpt_hdrlen: 120, cpt_type: 1028, cpt_content: 0 });
	const shown = structLines(cpt_x86_regs, {
		...regs,
		cpt_gs: 258,
		cpt_ss: 4,
		cpt_cs: 99,
		cpt_ax: 0xfffffe00,
		cpt_flags: 0x246,
	} as never);
	for (const line of [
		'cpt_type = X86_REGS',
		'cpt_content = VOID',
		'cpt_gs = LDT[2]',
		'cpt_ss = USER32_DS',
		'cpt_cs = 99 (unknown)',
		'cpt_flags = 0x246 PF|ZF|IF',
	])
		assert.ok(shown.includes(line), `${line}\n${shown.join('\n')}`);
});

test('a difference names field and element, padding too', () => {
	const a = sample.decode(sample.encode(VALUES));
	assert.equal(diffStructs(sample, a, a), []);
	const b = sample.decode(
		sample.encode({
			...VALUES,
			kind: 1,
			gap: 2,
			name: Uint8Array.of(0x61, 0x62, 0x63, 0),
			words: [2, 3],
			pair: [0n],
			'(padding)': Uint8Array.of(0, 1),
		}),
	);
	assert.equal(diffStructs(sample, a, b), [
		{ name: 'kind', offset: 4, isPad: false, a: 'SECOND', b: 'FIRST' },
		{ name: 'gap', offset: 6, isPad: true, a: '0', b: '2' },
		{ name: 'name', offset: 17, isPad: false, a: '"a\\""', b: '"abc"' },
		{ name: 'words[0]', offset: 20, isPad: false, a: '0x1', b: '0x2' },
		{ name: 'words[1]', offset: 24, isPad: false, a: '0xffffffff', b: '0x3' },
		{ name: 'pair[0]', offset: 32, isPad: false, a: '1234605616436508552', b: '0' },
		{ name: '(padding)', offset: 47, isPad: true, a: '0000', b: '0001' },
	]);
	const hidden = (last: number) => sample.decode(sample.encode({ ...VALUES, name: Uint8Array.of(0x61, 0, 1, last) }));
	assert.equal(diffStructs(sample, hidden(1), hidden(2)), [
		{
			name: 'name',
			offset: 19,
			isPad: false,
			a: '"a" and bytes after its NUL (byte 3 = 0x1)',
			b: '"a" and bytes after its NUL (byte 3 = 0x2)',
		},
	]);
});

test.run();
