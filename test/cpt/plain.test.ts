/** Images as plain values and back, byte for byte; what lint says of legal images; wrong JSON named where it is wrong. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readImage } from '../../src/cpt/v2/framing.ts';
import { type Piece, writeImage } from '../../src/cpt/v2/image-writer.ts';
import { lint } from '../../src/cpt/v2/lint.ts';
import { fromPlain, PlainError, toPlain } from '../../src/cpt/v2/plain.ts';
import { checkpoint, freezeAt } from '../../src/replay/checkpoint.ts';
import { samples } from '../laws/traces.ts';
import { anyImage, smallImage } from './images.ts';

/** Through the text that `image decode` writes. */
function again(image: Uint8Array): Uint8Array {
	const text = JSON.stringify(readImage(image).map(toPlain));
	return writeImage((JSON.parse(text) as unknown[]).map((object, i) => fromPlain(object, i)));
}

test('any legal image, extra header bytes and dirty padding included, comes back as it was', () => {
	const property = fc.property(anyImage, (pieces: Piece[]) => {
		const image = writeImage(pieces);
		assert.is(Buffer.compare(again(image), image), 0);
	});
	fc.assert(property, { numRuns: 100, seed: 20081018 });
});

test('images of every sample come back as they were, and nothing about them is suspicious', () => {
	for (const { name, trace } of samples()) {
		const { steps } = trace.end!;
		for (const share of [0, 0.3, 0.7]) {
			const freeze = freezeAt(trace, { steps: Math.floor(steps * share), k: 0 })!;
			const image = Uint8Array.from(checkpoint(freeze).bytes);
			assert.is(Buffer.compare(again(image), image), 0, name);
			const warnings = lint(readImage(image)).filter((w) => !/zeros, which content VOID/.test(w.text));
			assert.equal(warnings, [], `${name} at ${freeze.at.steps}`);
		}
	}
});

test('lengths that are left out follow from the rest', () => {
	const image = writeImage(smallImage());
	const objects = readImage(image).map(toPlain);
	const bare = objects.map((o) => {
		const { cpt_len: _, cpt_hdrlen: __, cpt_type: ___, ...fields } = o.fields as Record<string, unknown>;
		return { ...o, fields };
	});
	assert.is(Buffer.compare(writeImage(bare.map((o, i) => fromPlain(o, i))), image), 0);
});

const regs = toPlain(readImage(writeImage(smallImage())).find((o) => o.name === 'X86_REGS')!);
const fields = (change: object) => ({ ...regs, fields: { ...regs.fields, ...change } });

/** A value that is no object, and what is said of it. */
const WRONG: readonly (readonly [unknown, RegExp])[] = [
	[null, /^object 3: {"object", "fields"} wanted, null got$/],
	[{ ...regs, object: 'REGS' }, /^object 3: "object": one of HEAD, TASK, .* wanted, "REGS" got$/],
	[{ ...regs, colour: 1 }, /^object 3: no "colour" in an object$/],
	[fields({ cpt_eax: 1 }), /^object 3 X86_REGS: no field "cpt_eax" in cpt_x86_regs$/],
	[fields({ cpt_ax: -1 }), /^object 3 X86_REGS cpt_ax: a number .* wanted, -1 got$/],
	[fields({ cpt_ax: 2 ** 32 }), /^object 3 X86_REGS cpt_ax: a __u32 wanted, 4294967296 got$/],
	[fields({ cpt_ax: 1.5 }), /cpt_ax: a number/],
	[fields({ cpt_debugreg: [1] }), /cpt_debugreg: a __u32\[8\] wanted/],
	[fields({ cpt_debugreg: 1 }), /cpt_debugreg: a list of 8 numbers wanted, 1 got/],
	[fields({ cpt_ip: undefined }), /^object 3 X86_REGS: field cpt_ip is missing$/],
	[{ ...regs, payload: '123' }, /X86_REGS payload: pairs of hexadecimal digits wanted, "123" got/],
	[{ ...regs, path: '/bin', payload: '12' }, /a text as "path"/],
	[{ object: 'NAME', fields: {}, path: '/\u{1f600}' }, /object 3 NAME.*(missing|Latin-1)/],
];

for (const [value, line] of WRONG) {
	test(`wrong: ${line.source}`, () => {
		try {
			fromPlain(value, 3);
		} catch (error) {
			assert.instance(error, PlainError);
			assert.match((error as Error).message, line);
			return;
		}
		assert.unreachable('it was taken');
	});
}

test('0x… is a number too', () => {
	const made = fromPlain(fields({ cpt_ax: '0xfffffdfe', cpt_len: '0x78' }), 0);
	assert.is(made.values.cpt_ax, 0xfffffdfe);
	assert.is(made.values.cpt_len, 120n);
});

/** A field of the small image's first object of a kind changed, and what lint must say of it. */
const SUSPICIOUS: readonly (readonly [object: string, field: string, value: unknown, text: RegExp])[] = [
	['HEAD', 'cpt_time', '5', /0 expected, 5 got/],
	['HEAD', 'cpt_arch', 1, /no i386 image/],
	['HEAD', 'cpt_pad2', 7, /padding that is not zero/],
	['TASK', 'cpt_flags', '0x80', /bits 0x80 have no meaning/],
	['TASK', 'cpt_thrflags', '0x2', /bits 0x2 have no meaning/],
	['TASK', 'cpt_comm', '61006200000000000000000000000000', /bytes after its NUL/],
	['TASK', 'cpt_tls', ['0', '1', '0'], /no 32-bit data segment of user mode/],
	['TASK', 'cpt_state', '3', /one TASK_\* bit expected/],
	['MM', 'cpt_start_code', '0x123', /no VMA maps 0x123/],
	['MM', 'cpt_start_brk', '0x99999000', /at least cpt_start_brk expected/],
	['VMA', 'cpt_pgprot', '0x1ff', /expected of these cpt_flags, 0x1ff got/],
	['VMA', 'cpt_flags', '0x8', /pages of a shared mapping/],
	['X86_REGS', 'cpt_ip', 0xbfffffff, /no VMA maps 0xbfffffff/],
	['X86_REGS', 'cpt_flags', 0x20202, /flags user mode cannot have: 0x20000/],
	['X86_REGS', 'cpt_debugreg', [0, 0, 0, 0, 0, 0, 0, 0x400], /a debug register in use: 0x400/],
];

for (const [name, field, value, text] of SUSPICIOUS) {
	test(`lint: ${name} ${field} ${text.source}`, () => {
		const objects = readImage(writeImage(smallImage())).map(toPlain);
		const at = objects.findIndex((o) => o.object === name);
		const changed = objects.map((o, i) => (i === at ? { ...o, fields: { ...o.fields, [field]: value } } : o));
		const read = readImage(writeImage(changed.map((o, i) => fromPlain(o, i))));
		const found = lint(read).find((w) => w.object === read[at].label && text.test(w.text));
		assert.ok(found, JSON.stringify(lint(read)));
		const inside = found.offset >= read[at].offset && found.offset < read[at].end;
		assert.ok(inside, `${found.offset} is within ${read[at].label}`);
	});
}

test.run();
