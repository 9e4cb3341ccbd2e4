/** Broken and hostile images: a typed error with a position inside the image, never a crash, a hang or a large allocation. */
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError } from '../../src/cpt/error.ts';
import { readImage, readObjects } from '../../src/cpt/v2/framing.ts';
import { type Piece, piece, pieceOf, writeImage } from '../../src/cpt/v2/image-writer.ts';
import { LDT, PAGES, TASK } from '../../src/cpt/v2/kinds.ts';
import { cpt_task_image } from '../../src/cpt/v2/objects.ts';
import { anyImage, bodyOf, smallImage, zero } from './images.ts';

const IMAGE = writeImage(smallImage());
const OBJECTS = readImage(IMAGE);

/** The error of an image, or undefined when it is read and written again as it was. Anything else fails the test. */
function errorOf(image: Uint8Array): ImageError | undefined {
	try {
		const again = writeImage(readImage(image).map(pieceOf));
		assert.is(Buffer.compare(again, image), 0, 'accepted, but not written back');
		return undefined;
	} catch (e) {
		if (!(e instanceof ImageError)) throw e;
		assert.ok(e.offset >= 0 && e.offset <= image.length, `offset ${e.offset} of ${image.length}`);
		assert.ok(e.object !== '' && e.want !== '' && e.got !== '' && !e.message.includes('\n'), e.message);
		return e;
	}
}

function changed(change: (image: Uint8Array, view: DataView) => void): Uint8Array {
	const image = IMAGE.slice();
	change(image, new DataView(image.buffer));
	return image;
}

test('an image cut at any byte is an error at its end or at what wants more', () => {
	for (let length = 0; length < IMAGE.length; length++) {
		const error = errorOf(IMAGE.subarray(0, length));
		assert.ok(error?.short, `cut at ${length}: ${error?.message}`);
	}
	assert.is(errorOf(IMAGE), undefined);
});

test('a byte more is an error', () => {
	const error = errorOf(Uint8Array.from([...IMAGE, 0]))!;
	assert.is(error.message, '#16 END at byte 0x194a: want the end of the image, got 1 more bytes');
	assert.not(error.short);
});

test('objects before an error are given', () => {
	const seen: string[] = [];
	assert.throws(() => {
		for (const object of readObjects(IMAGE.subarray(0, 5000))) seen.push(object.name);
	}, /#9 BITS\/FPU/);
	assert.is(seen.length, 9);
});

test('every bit of every header, flipped: refused at that object, or kept as it is', () => {
	const outcome = { refused: 0, kept: 0 };
	for (const object of OBJECTS) {
		for (let bit = 0; bit < 8 * object.headerLength; bit++) {
			const image = changed((bytes) => {
				bytes[object.offset + (bit >> 3)] ^= 1 << (bit & 7);
			});
			outcome[errorOf(image) ? 'refused' : 'kept']++;
		}
	}
	// The 16 bytes every object starts with decide, and counts, ranges and sizes; most fields of TASK and X86_REGS are values.
	assert.ok(outcome.refused >= 15 * 16 * 8 && outcome.kept > 8 * 2 * (104 + 200), JSON.stringify(outcome));
});

test('a payload may be anything, but a path', () => {
	for (const object of OBJECTS) {
		for (const at of [0, 3, object.payloadLength - 1]) {
			if (at < 0 || at >= object.payloadLength) continue;
			const flipped = errorOf(changed((bytes) => (bytes[object.offset + object.headerLength + at] ^= 0x80)));
			assert.is(flipped !== undefined, object.name === 'NAME' && at === object.payloadLength - 1, object.label);
		}
	}
	const name = OBJECTS[4];
	const nul = errorOf(changed((bytes) => (bytes[name.offset + 16 + 4] = 0)))!;
	assert.is(nul.message, '#4 NAME payload at byte 0x22c: want a path of 9 bytes, got a NUL within it');
});

test('every number of every header set to extremes', () => {
	const EXTREMES = [
		0n,
		1n,
		7n,
		15n,
		16n,
		4095n,
		4096n,
		2n ** 31n - 1n,
		2n ** 31n,
		2n ** 32n - 1n,
		2n ** 32n,
		2n ** 53n + 1n,
		2n ** 63n,
		2n ** 64n - 1n,
	];
	let refused = 0;
	for (const object of OBJECTS)
		for (const { offset, field } of object.struct.fields)
			for (const value of EXTREMES) {
				const image = changed((_, view) => {
					for (let i = 0; i < field.width; i++)
						view.setUint8(object.offset + offset + i, Number((value >> BigInt(8 * i)) & 0xffn));
				});
				if (errorOf(image)) refused++;
			}
	assert.ok(refused > 15 * 4 * 10, `${refused} refused`);
});

test('each check names object, field, what was wanted and what is there', () => {
	const set = (number: number, field: string, value: bigint) =>
		errorOf(
			changed((_, view) => {
				const object = OBJECTS[number];
				const at = object.offset + object.struct.offsetOf(field);
				for (let i = 0; i < object.struct.placed(field).field.width; i++)
					view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
			}),
		)?.message;
	assert.is(set(0, 'cpt_signature', 0x78n), '#0 HEAD cpt_signature at byte 0x0: want 0x79, got 0x78: no cpt image');
	assert.is(set(0, 'cpt_hdrlen', 31n), '#0 HEAD cpt_hdrlen at byte 0x4: want at least 32 bytes, got 31');
	assert.is(set(1, 'cpt_type', 1n), '#1 TASK cpt_type at byte 0x2c: want 0, got 1');
	assert.is(set(1, 'cpt_hdrlen', 288n), '#1 TASK cpt_hdrlen at byte 0x28: want at least 296 bytes, got 288');
	assert.is(set(1, 'cpt_len', 295n), '#1 TASK cpt_len at byte 0x20: want at least cpt_hdrlen, 296 bytes, got 295 bytes');
	assert.is(set(1, 'cpt_len', 297n), '#1 TASK cpt_len at byte 0x20: want 296 bytes: 296 of header, 0 of payload, got 297 bytes');
	assert.is(set(1, 'cpt_content', 0n), '#1 TASK cpt_content at byte 0x2e: want 1, got 0');
	assert.is(
		set(1, 'cpt_children_num', 0xffffffffn),
		'#1 TASK cpt_children_num at byte 0x140: want at most 3 of TASK: the image has 976 bytes more, got 4294967295',
	);
	assert.is(set(1, 'cpt_children_num', 1n), '#12 END at byte 0x16a2: want the end of the image, got 680 more bytes');
	assert.is(
		set(2, 'cpt_map_count', 2n ** 64n - 1n),
		'#2 MM cpt_map_count at byte 0x1c0: want at most 75 of VMA: the image has 6018 bytes more, got 18446744073709551615',
	);
	assert.is(set(2, 'cpt_map_count', 3n), '#8 VMA cpt_type at byte 0x12ce: want 1025, got 1029');
	assert.is(set(3, 'cpt_vma_type', 2n), '#3 VMA cpt_vma_type at byte 0x1e0: want 0 (anonymous) or 1 (file), got 2 (unknown)');
	assert.is(set(3, 'cpt_file', 5n), '#3 VMA cpt_file at byte 0x1d8: want 0, since a NAME follows, got 0x5');
	assert.is(set(6, 'cpt_file', 0n), '#6 VMA cpt_file at byte 0x1262: want ~0, since no file is mapped, got 0x0');
	assert.is(set(6, 'cpt_start', 0x8049000n), '#6 VMA cpt_start at byte 0x1272: want a page from 0x804a000 on, got 0x8049000');
	assert.is(
		set(6, 'cpt_end', 2n ** 32n + 4096n),
		'#6 VMA cpt_end at byte 0x127a: want a page after cpt_start, up to 2^32, got 0x100001000',
	);
	assert.is(set(4, 'cpt_len', 5000n), '#4 NAME cpt_len at byte 0x218: want a path of 2 to 4096 bytes, got 4984 bytes');
	assert.is(set(5, 'cpt_start', 0x8047000n), '#5 PAGES cpt_start at byte 0x242: want a page from 0x8048000 on, got 0x8047000');
	assert.is(
		set(7, 'cpt_end', 0xffff0000n),
		'#7 PAGES cpt_end at byte 0x12ba: want a page after cpt_start, up to 0x804e000, got 0xffff0000',
	);
	assert.is(
		set(7, 'cpt_content', 2n),
		'#7 PAGES cpt_len at byte 0x12a2: want 8224 bytes: 32 of header, 8192 of payload, got 32 bytes',
	);
	assert.is(
		set(8, 'cpt_size', 12n),
		'#8 BITS/MM_CONTEXT cpt_size at byte 0x12d2: want 8 to 65536 bytes, 8 an entry, got 12 bytes',
	);
	assert.is(
		set(8, 'cpt_len', 24n),
		'#8 BITS/MM_CONTEXT cpt_len at byte 0x12c2: want 40 bytes: 24 of header, 16 of payload, got 24 bytes',
	);
	assert.is(set(9, 'cpt_content', 7n), '#9 BITS/FPU cpt_content at byte 0x12f8: want 5 or 6, got 7');
	assert.is(set(9, 'cpt_size', 112n), '#9 BITS/FPU cpt_size at byte 0x12fa: want 512 bytes, got 112 bytes');
	assert.is(set(10, 'cpt_ax', 0xffffffffn), undefined);
});

test('pages that overlap and an LDT of more than 8192 entries are refused', () => {
	const pieces = smallImage();
	const two = { ...pieces[6], values: { ...pieces[6].values, cpt_page_num: 2n } };
	const again = (from: bigint) => {
		const body = { cpt_start: from, cpt_end: from + 0x1000n };
		return errorOf(writeImage([...pieces.slice(0, 6), two, pieces[7], piece(PAGES, body, { content: 0 }), ...pieces.slice(8)]));
	};
	assert.is(again(0x804d000n), undefined);
	assert.is(again(0x804c000n)?.message, '#8 PAGES cpt_start at byte 0x12d2: want a page from 0x804d000 on, got 0x804c000');
	const ldt = (entries: number) => {
		const payload = new Uint8Array(8 * entries);
		const object = piece(LDT, { cpt_size: payload.length }, { payload });
		return errorOf(writeImage([...pieces.slice(0, 8), object, ...pieces.slice(9)]));
	};
	assert.is(ldt(8192), undefined);
	assert.is(ldt(8193)?.field, 'cpt_size');
	assert.is(ldt(0)?.field, 'cpt_size');
});

test('random damage to random images, and random bytes', () => {
	const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
	fc.assert(
		fc.property(anyImage, damage, fc.nat(), (pieces, hits, cut) => {
			const image = writeImage(pieces);
			for (const [at, value] of hits) image[at % image.length] = value;
			errorOf(image);
			errorOf(image.subarray(0, cut % image.length));
		}),
		{ numRuns: 150 },
	);
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
			assert.ok(errorOf(bytes));
			errorOf(Uint8Array.from([...IMAGE.subarray(0, 32), ...bytes]));
		}),
		{ numRuns: 500 },
	);
});

test('two images spliced at object boundaries', () => {
	for (const a of OBJECTS)
		for (const b of OBJECTS) {
			if (a.number + 1 === b.number) continue;
			const spliced = Uint8Array.from([...IMAGE.subarray(0, a.end), ...IMAGE.subarray(b.offset)]);
			errorOf(spliced);
		}
	const without = smallImage().filter((_, i) => i !== 8);
	assert.is(errorOf(writeImage(without)), undefined, 'no LDT');
	const noRegs = smallImage().filter((_, i) => i !== 10);
	assert.is(errorOf(writeImage(noRegs))?.object, '#10 X86_REGS');
	const twice = smallImage();
	twice.splice(8, 0, twice[8]);
	assert.is(errorOf(writeImage(twice))?.object, '#9 BITS/FPU');
});

test('a chain of 20,000 generations is read in its own length, without recursion', () => {
	const body = bodyOf(cpt_task_image, zero, { cpt_state: 16n });
	const one: Piece = piece(TASK, { ...body, cpt_children_num: 1 });
	const image = writeImage([smallImage()[0], ...Array<Piece>(19_999).fill(one), piece(TASK, body)]);
	const started = performance.now();
	const heap = process.memoryUsage().heapUsed;
	let deepest = 0;
	for (const object of readObjects(image)) deepest = Math.max(deepest, object.depth);
	assert.is(deepest, 19_999);
	assert.ok(process.memoryUsage().heapUsed - heap < 64 * 2 ** 20, 'heap');
	assert.ok(performance.now() - started < 10_000, 'time');
	assert.ok(errorOf(image.subarray(0, image.length - 1))?.short);
});

test.run();
