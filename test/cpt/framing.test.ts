/** The v2 stream: what is written is read again as the same objects, and written again as the same bytes. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { objectAt, readImage } from '../../src/cpt/v2/framing.ts';
import { ImageWriter, type Piece, pieceOf, writeImage } from '../../src/cpt/v2/image-writer.ts';
import { KINDS } from '../../src/cpt/v2/kinds.ts';
import { cpt_page_block, cpt_task_image } from '../../src/cpt/v2/objects.ts';
import { anyImage, smallImage } from './images.ts';

const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && Buffer.compare(a, b) === 0;

test('the small image is read as what it is', () => {
	const image = writeImage(smallImage());
	const objects = readImage(image);
	assert.is(
		objects.map((o) => `${'.'.repeat(o.depth)}${o.name}`).join(' '),
		'HEAD TASK .MM ..VMA ...NAME ...PAGES ..VMA ...PAGES .BITS/MM_CONTEXT .BITS/FPU .X86_REGS .TASK .TASK ..MM ..BITS/FPU ..X86_REGS',
	);
	assert.equal(
		objects.map((o) => o.offset),
		[0, 32, 328, 456, 536, 562, 4690, 4770, 4802, 4842, 5378, 5498, 5794, 6090, 6218, 6354],
	);
	assert.is(image.length, 6474);
	assert.is(objects[5].payload.length, 4096);
	assert.is(objects[7].payload.length, 0);
	assert.is(objects[7].read(cpt_page_block).cpt_end, 0x804d000n);
	assert.is(objects[12].read(cpt_task_image).cpt_pid, 3);
	assert.is(objects[13].parent, objects[12]);
	assert.is(new TextDecoder().decode(objects[4].payload), '/bin/true\0');
	assert.throws(() => objects[1].read(cpt_page_block), /#1 TASK is no cpt_page_block/);
});

test('every kind is in the small image', () => {
	const names = new Set(readImage(writeImage(smallImage())).map((o) => o.name));
	for (const kind of KINDS) assert.ok(names.has(kind.name), kind.name);
});

test('payloads are views of the image, not copies', () => {
	const image = writeImage(smallImage());
	const inside = new Uint8Array(image.length + 9);
	inside.set(image, 9);
	const objects = readImage(inside.subarray(9));
	assert.is(objects[5].payload.buffer, inside.buffer);
	inside[9 + objects[5].offset + 32] ^= 0xff;
	assert.is(objects[5].payload[0], 5 ^ 0xff);
});

test('random legal images come back as the same bytes, object by object', () => {
	let objectsSeen = 0;
	let voids = 0;
	let ranges = 0;
	let extras = 0;
	fc.assert(
		fc.property(anyImage, (pieces) => {
			const image = writeImage(pieces);
			const objects = readImage(image);
			assert.is(objects.length, pieces.length);
			assert.ok(same(writeImage(objects.map(pieceOf)), image), 'decode and encode change the image');
			let at = 0;
			for (const [i, object] of objects.entries()) {
				assert.is(object.number, i);
				assert.is(object.offset, at);
				assert.equal(object.values, object.struct.decode(object.struct.encode(pieces[i].values)));
				assert.ok(same(object.extra, pieces[i].extra) && same(object.payload, pieces[i].payload));
				at = object.end;
				objectsSeen++;
				if (object.name === 'PAGES' && object.content === 0) voids++;
				if (object.name === 'PAGES' && object.payloadLength > 4096) ranges++;
				if (object.extra.length > 0) extras++;
			}
			assert.is(at, image.length);
		}),
		{ numRuns: 150 },
	);
	assert.ok(objectsSeen > 1000 && voids > 20 && ranges > 20 && extras > 50, `${[objectsSeen, voids, ranges, extras]}`);
});

test('every byte of an image belongs to one object and one of its parts', () => {
	const pieces = smallImage();
	const objects = readImage(writeImage([...pieces.slice(0, 1), { ...pieces[1], ...longer(pieces[1]) }, ...pieces.slice(2)]));
	const last = objects.at(-1)!;
	const counts = { field: 0, extra: 0, payload: 0 };
	for (let offset = 0; offset < last.end; offset++) {
		const object = objectAt(objects, offset)!;
		assert.ok(offset >= object.offset && offset < object.end);
		counts[object.partAt(offset).part]++;
	}
	assert.equal(counts, { field: 6474 - (10 + 4096 + 16 + 512 + 112), extra: 10, payload: 10 + 4096 + 16 + 512 + 112 });
	assert.is(objectAt(objects, last.end), undefined);
	const task = objects[1];
	assert.equal(task.partAt(task.offset + 169), { part: 'field', name: 'cpt_tls[1]', byte: 1 });
	assert.equal(task.partAt(task.offset + 146), { part: 'field', name: 'cpt_comm', byte: 2 });
	assert.equal(task.partAt(task.offset + 299), { part: 'extra', name: 'header', byte: 3 });
	assert.equal(objects[5].partAt(objects[5].offset + 40), { part: 'payload', name: 'payload', byte: 8 });
	assert.equal(last.partAt(last.end - 1), { part: 'field', name: '(padding)', byte: 3 });
});

/** A TASK with ten bytes of header more. */
function longer(task: Piece): Piece {
	return { ...task, values: { ...task.values, cpt_len: 306n, cpt_hdrlen: 306 }, extra: new Uint8Array(10).fill(0xee) };
}

test('padding that is not zero is kept and reported', () => {
	const image = writeImage(smallImage());
	const clean = readImage(image);
	assert.equal(
		clean.flatMap((o) => o.dirtyPadding()),
		[],
	);
	const fpu = clean[9];
	image[fpu.offset + 21] = 0x7f;
	image[clean[10].offset + 119] = 1;
	image[18] = 3;
	const objects = readImage(image);
	assert.equal(
		objects.flatMap((o) => o.dirtyPadding().map((name) => `${o.label} ${name}`)),
		['#0 HEAD cpt_pad1', '#9 BITS/FPU __cpt_pad1', '#10 X86_REGS (padding)'],
	);
	assert.ok(same(writeImage(objects.map(pieceOf)), image));
});

test('a writer knows the offset of what comes next and holds payloads by reference', () => {
	const writer = new ImageWriter();
	const pieces = smallImage();
	const offsets = pieces.map((piece) => writer.put(piece));
	assert.equal(
		offsets,
		readImage(writer.bytes()).map((o) => o.offset),
	);
	assert.is(writer.length, 6474);
	assert.ok(writer.chunks().includes(pieces[5].payload));
	assert.ok(same(Buffer.concat(writer.chunks()), writer.bytes()));
});

test.run();
