/** Files that are no program, or lie about themselves: one typed error each; symbols of what is one. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ElfError, parseElf, symbols } from '../../src/kernel/elf.ts';
import { guestBytes } from './program.ts';

/** A copy of a small program with some bytes changed. */
function patched(...patches: readonly (readonly [offset: number, ...bytes: number[]])[]): Uint8Array {
	const bytes = guestBytes('tiny');
	for (const [offset, ...values] of patches) bytes.set(values, offset);
	return bytes;
}

function refused(bytes: Uint8Array, what: string, offset: number): ElfError {
	try {
		parseElf(bytes);
	} catch (error) {
		assert.instance(error, ElfError);
		const e = error as ElfError;
		assert.is(e.what, what, e.message);
		assert.is(e.offset, offset, e.message);
		return e;
	}
	throw new Error(`accepted: ${what}`);
}

/** Offset of the first program header (e_phoff of the linker here). */
const PH = 52;

test('a guest program is one', () => {
	const image = parseElf(guestBytes('tiny'));
	assert.is(image.type, 'fixed');
	assert.is(image.phoff, PH);
	assert.is(image.stack, 'plain');
	assert.ok(image.segments.some((s) => image.entry >= s.vaddr && image.entry < s.vaddr + s.memsz));
});

test('what is not for this machine says what it is', () => {
	refused(new Uint8Array(0), 'ELF header', 0);
	refused(new TextEncoder().encode('#!/bin/sh\n'), 'ELF magic', 0);
	refused(guestBytes('tiny').subarray(0, 40), 'ELF header', 0);
	assert.is(refused(patched([4, 2]), 'ELF class', 4).got, 'a 64-bit one');
	refused(patched([5, 2]), 'ELF byte order', 5);
	assert.is(refused(patched([18, 62, 0]), 'ELF machine', 18).got, 'x86-64');
	assert.is(refused(patched([16, 1, 0]), 'ELF type', 16).got, 'a relocatable object');
});

test('sizes, offsets and addresses that lie', () => {
	refused(patched([PH, 3, 0, 0, 0, 0, 0, 0, 0x70]), 'PT_INTERP', PH + 4);
	refused(patched([PH, 3, 0, 0, 0], [PH + 16, 1, 0, 0, 0]), 'size of PT_INTERP', PH + 16);
	refused(patched([PH, 3, 0, 0, 0], [PH + 4, 0, 0, 0, 0], [PH + 16, 4, 0, 0, 0]), 'PT_INTERP', 3);
	refused(patched([42, 56, 0]), 'program header size', 42);
	refused(patched([44, 0, 0]), 'number of program headers', 44);
	refused(patched([44, 0xff, 0xff]), 'number of program headers', 44);
	refused(patched([28, 0xff, 0xff, 0xff, 0x7f]), 'program headers', 28);
	refused(patched([PH + 4, 0, 0, 0, 0x70]), 'segment', PH + 4);
	refused(patched([PH + 16, 0xff, 0xff, 0xff, 0xff]), 'segment size', PH + 16);
	refused(patched([PH + 20, 0, 0, 0, 0]), 'segment size', PH + 16);
	refused(patched([PH + 8, 1]), 'segment address', PH + 8);
	refused(patched([PH + 8, 0, 0, 0, 0]), 'segment address', PH + 8);
	refused(patched([PH + 8, 0, 0x80, 0x04, 0xff]), 'segment', PH + 8);
	refused(patched([PH + 28, 3]), 'segment alignment', PH + 28);
	refused(patched([24, 0, 0, 0, 0]), 'entry point', 24);
	refused(patched([PH, 0]), 'program headers', PH);
});

test('two segments may not share a byte, nor go down', () => {
	const first = guestBytes('tiny').slice(PH, PH + 32);
	refused(patched([PH + 32, ...first]), 'segment address', PH + 32 + 8);
});

test('no cut or flipped header does anything but parse or throw ElfError', () => {
	const bytes = guestBytes('hello');
	let x = 2463534242;
	for (let i = 0; i < 3000; i++) {
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		const bad = bytes.slice(0, i % 3 === 0 ? (x >>> 0) % bytes.length : bytes.length);
		if (bad.length > 0) bad[(x >>> 3) % Math.min(bad.length, 256)] ^= 1 << (x & 7);
		try {
			parseElf(bad);
		} catch (error) {
			assert.instance(error, ElfError, `round ${i}: ${error}`);
		}
		symbols(bad);
	}
});

test('symbols of a hostile file: the first table only, no endless names', () => {
	// 2000 section headers that are all the same table of 2000 symbols, whose names are all of the file's second half
	const [headers, entries, names] = [52, 52 + 2000 * 40, 52 + 2000 * 56];
	const bytes = new Uint8Array(names + 100_000).fill(0x61, names);
	const view = new DataView(bytes.buffer);
	bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1]);
	view.setUint32(32, headers, true);
	view.setUint16(46, 40, true);
	view.setUint16(48, 2000, true);
	for (let i = 0; i < 2000; i++) {
		const at = headers + i * 40;
		for (const [field, value] of [
			[4, i === 0 ? 3 : 2],
			[8, 4],
			[16, i === 0 ? names : entries],
			[20, i === 0 ? 100_000 : 2000 * 16],
		]) {
			view.setUint32(at + field, value, true);
		}
		const symbol = entries + i * 16;
		view.setUint32(symbol, i === 5 ? 99_990 : i, true);
		view.setUint32(symbol + 4, i, true);
		bytes[symbol + 12] = 2;
		view.setUint16(symbol + 14, 1, true);
	}
	bytes[names + 99_995] = 0;
	assert.equal(symbols(bytes), [{ address: 5, size: 0, name: 'aaaaa' }]);
});

test('symbols are the functions, by address', () => {
	const list = symbols(guestBytes('hello'));
	assert.ok(list.some((s) => s.name === 'main' && s.size > 0));
	assert.ok(list.some((s) => s.name === '_start'));
	assert.equal(
		list.map((s) => s.address),
		list.map((s) => s.address).toSorted((a, b) => a - b),
	);
	assert.equal(symbols(new Uint8Array(3)), []);
});

test.run();
