/** set_thread_area, get_thread_area, modify_ldt: packing, allocation, and every refusal. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Errno } from '../../src/kernel/abi/errno.ts';
import { segmentRows } from '../../src/kernel/calls/segments.ts';
import { Program } from './program.ts';

/** Bits of user_desc's last word. */
const SEG32 = 1;
const EXPAND_DOWN = 1 << 1;
const CODE = 2 << 1;
const CONFORMING = 3 << 1;
const READ_ONLY = 1 << 3;
const PAGES = 1 << 4;
const NOT_PRESENT = 1 << 5;
const USEABLE = 1 << 6;
/** What glibc asks for its thread pointer: 51 in its sources. */
const TLS = SEG32 | PAGES | USEABLE;

function program(): { p: Program; at: number; set: (entry: number, base: number, limit: number, flags: number) => number } {
	const p = new Program(segmentRows);
	const at = p.task.cpu.esp - 4096;
	const set = (entry: number, base: number, limit: number, flags: number): number => {
		p.pokeWords(at, entry, base, limit, flags);
		return p.call('set_thread_area', at);
	};
	return { p, at, set };
}

test('entry -1 takes the first free of 6, 7, 8; the descriptor is what the processor wants', () => {
	const { p, at, set } = program();
	assert.is(set(-1, 0x12345678, 0xfffff, TLS), 0);
	assert.is(p.words(at, 1)[0], 6);
	// Base 12345678, limit fffff pages, present, DPL 3, data, writable, accessed, 32-bit, AVL.
	assert.equal(p.task.tls[0], { a: 0x5678ffff, b: 0x12dff334 });
	assert.is(set(-1, 0, 0, TLS), 0);
	assert.is(set(-1, 0, 0, TLS), 0);
	assert.is(p.words(at, 1)[0], 8);
	assert.is(set(-1, 0, 0, TLS), -Errno.ESRCH);
	assert.is(set(7, 0, 0, READ_ONLY | NOT_PRESENT), 0, 'an empty descriptor clears');
	assert.equal(p.task.tls[1], { a: 0, b: 0 });
	assert.is(set(8, 0, 0, 0), 0, 'so does one of zeros');
	assert.is(set(-1, 0, 1, TLS), 0);
	assert.is(p.words(at, 1)[0], 7);
});

test('what TLS may not hold', () => {
	const { p, at, set } = program();
	assert.is(set(5, 0, 1, TLS), -Errno.EINVAL);
	assert.is(set(9, 0, 1, TLS), -Errno.EINVAL);
	assert.is(set(-2, 0, 1, TLS), -Errno.EINVAL);
	assert.is(set(6, 0, 1, TLS & ~SEG32), -Errno.EINVAL, '16-bit');
	assert.is(set(6, 0, 1, TLS | CODE), -Errno.EINVAL, 'code');
	assert.is(set(6, 0, 1, TLS | NOT_PRESENT), -Errno.EINVAL);
	assert.is(set(6, 0, 1, TLS | EXPAND_DOWN), 0);
	assert.is(p.call('set_thread_area', 0xdead0000), -Errno.EFAULT);
	assert.is(p.call('get_thread_area', 0xdead0000), -Errno.EFAULT);
	p.pokeWords(at, 9);
	assert.is(p.call('get_thread_area', at), -Errno.EINVAL);
});

test('get_thread_area shows what was set', () => {
	const { p, at, set } = program();
	for (const flags of [TLS, TLS | EXPAND_DOWN, TLS | READ_ONLY, SEG32]) {
		assert.is(set(6, 0xfedcba98, 0x54321, flags), 0);
		p.pokeWords(at, 6, 1, 1, 1);
		assert.is(p.call('get_thread_area', at), 0);
		assert.equal(p.words(at, 4), [6, 0xfedcba98, 0x54321, flags]);
	}
	p.pokeWords(at, 8);
	assert.is(p.call('get_thread_area', at), 0);
	assert.equal(p.words(at, 4), [8, 0, 0, READ_ONLY | NOT_PRESENT]);
});

test('modify_ldt writes, clears and reads', () => {
	const { p, at } = program();
	const ldt = (func: number, entry: number, base: number, limit: number, flags: number, size = 16): number => {
		p.pokeWords(at, entry, base, limit, flags);
		return p.call('modify_ldt', func, at, size);
	};
	const out = at + 256;
	assert.is(p.call('modify_ldt', 0, out, 64), 0, 'no LDT yet');
	assert.is(ldt(0x11, 3, 0x1000, 0xfff, SEG32 | CODE | USEABLE), 0);
	assert.is(p.mm.ldt.length, 4);
	assert.equal(p.mm.ldt[3], { a: 0x10000fff, b: 0x0050fb00 });
	assert.is(ldt(1, 1, 0x1000, 0xfff, SEG32 | USEABLE), 0);
	assert.equal(p.mm.ldt[1], { a: 0x10000fff, b: 0x0040f300 }, 'the old way knows no AVL bit');
	assert.is(ldt(0x11, 0, 0, 0xfff, 0), 0, '16-bit data is allowed here');
	p.poke(out, new Uint8Array(64).fill(0xee));
	assert.is(p.call('modify_ldt', 0, out, 48), 48);
	assert.equal(p.words(out, 12), [0xfff, 0xf200 | 0x100, 0x10000fff, 0x0040f300, 0, 0, 0x10000fff, 0x0050fb00, 0, 0, 0, 0]);
	assert.is(p.words(out + 48, 1)[0], 0xeeeeeeee);
	assert.is(ldt(1, 1, 0, 0, SEG32), 0, 'the old way clears by base and limit 0');
	assert.equal(p.mm.ldt[1], { a: 0, b: 0 });
	assert.is(ldt(0x11, 3, 0, 0, READ_ONLY | NOT_PRESENT), 0);
	assert.equal(p.mm.ldt[3], { a: 0, b: 0 });
	assert.is(p.call('modify_ldt', 2, out, 100), 40);
});

test('what modify_ldt refuses', () => {
	const { p, at } = program();
	const ldt = (func: number, entry: number, flags: number, size = 16): number => {
		p.pokeWords(at, entry, 0x1000, 0xfff, flags);
		return p.call('modify_ldt', func, at, size);
	};
	assert.is(ldt(0x11, 8192, SEG32), -Errno.EINVAL);
	assert.is(ldt(0x11, 0, SEG32, 15), -Errno.EINVAL);
	assert.is(ldt(1, 0, SEG32 | CONFORMING | NOT_PRESENT), -Errno.EINVAL);
	assert.is(ldt(0x11, 0, SEG32 | CONFORMING), -Errno.EINVAL);
	assert.is(ldt(0x11, 0, SEG32 | CONFORMING | NOT_PRESENT), 0);
	assert.is(ldt(5, 0, SEG32), -Errno.ENOSYS);
	assert.is(p.call('modify_ldt', 0x11, 0xdead0000, 16), -Errno.EFAULT);
});

test.run();
