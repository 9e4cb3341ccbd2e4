/** Guest memory: pages, permissions, copy-on-write, sealing, and code that changes under way. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Access, type LiveCpu, type PageLookup, Stop } from '../../src/cpu/contract.ts';
import { createCpu } from '../../src/cpu/cpu.ts';
import { GuestMemory } from '../../src/cpu/memory.ts';
import { CODE, DATA, initialState, machine, PERSONA, RWX, STACK, TestPager } from './machine.ts';

const cpu: LiveCpu = createCpu(PERSONA);
const RW = Access.READ | Access.WRITE;
const le = (v: number): number[] => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24];
/** mov [address], imm32 */
const store = (address: number, value: number): number[] => [0xc7, 0x05, ...le(address), ...le(value)];
/** mov eax, [address] */
const load = (address: number): number[] => [0xa1, ...le(address)];
const INT80 = [0xcd, 0x80];

function go(code: number[], more = {}): LiveCpu {
	machine(code, more, cpu);
	assert.is(cpu.run(1000, 0), Stop.INT80, JSON.stringify(cpu.fault));
	return cpu;
}
const word = (bytes: Uint8Array | undefined, at = 0): number =>
	new DataView(bytes!.buffer, bytes!.byteOffset).getUint32(at, true);

test('an absent page reads as zeros and reading it changes nothing', () => {
	go([...load(DATA), ...INT80], { eax: 5 });
	assert.is(cpu.gpr(0), 0);
	assert.is(cpu.memory.dirtyCount, 0);
	assert.equal(cpu.memory.seal(), []);
});

test('a write makes the page dirty once, sealing gives a copy and notices the next write', () => {
	go([...load(DATA), ...store(DATA + 8, 0x11223344), ...store(DATA + 8, 0x55667788), ...INT80]);
	const [page, ...rest] = cpu.memory.seal();
	assert.is(rest.length, 0);
	assert.is(page.index, DATA >>> 12);
	assert.is(word(page.bytes, 8), 0x55667788);
	assert.equal(cpu.memory.seal(), []);
	cpu.patch({ eip: CODE });
	cpu.run(2, 0);
	assert.is(cpu.memory.dirtyCount, 1);
	assert.is(word(page.bytes, 8), 0x55667788, 'the sealed page does not change');
	assert.is(word(cpu.memory.seal()[0].bytes, 8), 0x11223344);
});

test('writes that cross a page are one access', () => {
	go([...store(DATA + 4094, 0x44332211), ...load(DATA + 4094), ...INT80]);
	assert.is(cpu.gpr(0), 0x44332211);
	assert.equal(
		cpu.memory.seal().map((p) => p.index),
		[DATA >>> 12, (DATA >>> 12) + 1],
	);
});

test('a crossing write to a missing second page writes nothing and faults there', () => {
	const last = DATA + 16384 - 2;
	machine([...store(last, -1)], {}, cpu);
	assert.is(cpu.run(5, 0), Stop.FAULT);
	assert.equal(cpu.fault, { vector: 14, error: 6, address: DATA + 16384, bus: false });
	assert.is(cpu.retired, 0);
	assert.equal([...cpu.memory.read(last, 2)!], [0, 0]);
});

test('page faults say what was wrong', () => {
	const pager = machine([...store(0x10000000, 1)], {}, cpu).pager;
	pager.map(0x10000000, 4096, Access.READ, new Uint8Array(4096));
	pager.map(0x20000000, 4096, 0);
	const file: PageLookup = { access: RW, object: 9, index: 4, bytes: undefined, bus: true };
	pager.pages.set(0x30000, file);
	const fault = (code: number[]): unknown => {
		cpu.memory.write(CODE, Uint8Array.from(code), true);
		cpu.patch({ eip: CODE });
		assert.is(cpu.run(1, 0), Stop.FAULT);
		return cpu.fault;
	};
	assert.equal(fault(store(0x10000004, 1)), { vector: 14, error: 7, address: 0x10000004, bus: false });
	assert.equal(fault(load(0x40000000)), { vector: 14, error: 4, address: 0x40000000, bus: false });
	assert.equal(fault(load(0x30000010)), { vector: 14, error: 4, address: 0x30000010, bus: true });
	const jump = Uint8Array.from([0xb8, ...le(DATA), 0xff, 0xe0]);
	cpu.memory.write(CODE, jump, true);
	cpu.patch({ eip: CODE });
	assert.is(cpu.run(10, 0), Stop.FAULT);
	assert.is(cpu.retired, 2, 'the jump retires, the fetch faults');
	assert.is(cpu.eip, DATA);
	assert.is(cpu.fault!.error & 0x10, 0x10);
});

test('copy-on-write: the first write copies the backing page, which stays', () => {
	const { pager } = machine([...load(0x10000000), 0x89, 0xc3, ...store(0x10000004, 7), ...load(0x10000000), ...INT80], {}, cpu);
	const file = new Uint8Array(4096).fill(0xab);
	const backing = { object: 5, index: 2, bytes: file };
	pager.pages.set(0x10000, { access: RW, object: 1, index: 0x10000, bytes: undefined, backing, bus: false });
	// The same file page, shared, at another address
	pager.pages.set(0x11000, { access: RW, object: 5, index: 2, bytes: file, bus: false });
	assert.is(cpu.run(100, 0), Stop.INT80);
	assert.is(cpu.gpr(3), 0xabababab);
	assert.is(cpu.gpr(0), 0xabababab);
	assert.is(word(cpu.memory.read(0x10000004, 4)), 7);
	assert.is(word(cpu.memory.read(0x11000004, 4)), 0xabababab);
	assert.is(file[4], 0xab);
	assert.equal(
		cpu.memory.seal().map((p) => [p.object, p.index]),
		[[1, 0x10000]],
	);
});

test('the private page is copied from the live file page when that is newer', () => {
	const { pager } = machine(
		[...store(0x11000000, 0x01020304), ...load(0x10000000), ...store(0x10000008, 9), ...load(0x10000000), ...INT80],
		{},
		cpu,
	);
	const backing = { object: 5, index: 2, bytes: undefined };
	pager.pages.set(0x10000, { access: RW, object: 1, index: 0x10000, bytes: undefined, backing, bus: false });
	pager.pages.set(0x11000, { access: RW, object: 5, index: 2, bytes: undefined, bus: false });
	assert.is(cpu.run(100, 0), Stop.INT80);
	assert.is(cpu.gpr(0), 0x01020304);
	assert.is(word(cpu.memory.read(0x10000008, 4)), 9);
	assert.is(word(cpu.memory.read(0x11000008, 4)), 0);
});

test('two mappings of an absent shared page see one another', () => {
	const { pager } = machine([...load(0x11000000), ...store(0x10000000, 77), ...load(0x11000000), ...INT80], {}, cpu);
	for (const vpn of [0x10000, 0x11000]) pager.pages.set(vpn, { access: RW, object: 5, index: 0, bytes: undefined, bus: false });
	assert.is(cpu.run(100, 0), Stop.INT80);
	assert.is(cpu.gpr(0), 77);
});

test('a write into the next instruction is seen by it', () => {
	// mov byte [next+1], 42; mov eax, 1
	const next = CODE + 7;
	go([0xc6, 0x05, ...le(next + 1), 42, 0xb8, ...le(1), ...INT80]);
	assert.is(cpu.gpr(0), 42);
});

test('a write through an alias drops the code too', () => {
	const alias = 0x10000000;
	const { pager } = machine([0xc6, 0x05, ...le(alias + 8), 42, 0xb8, ...le(1), ...INT80], {}, cpu);
	const code = pager.lookup(CODE >>> 12)!;
	pager.pages.set(alias >>> 12, code);
	assert.is(cpu.run(100, 0), Stop.INT80);
	assert.is(cpu.gpr(0), 42);
});

test('a loop that rewrites itself runs the new bytes each time', () => {
	// mov ecx,5; L: mov eax,0 (imm patched); inc byte [imm]; loop L
	const imm = CODE + 6;
	const code = [0xb9, ...le(5), 0xb8, ...le(0), 0xfe, 0x05, ...le(imm), 0xe2, 0xf3, ...INT80];
	go(code);
	assert.is(cpu.gpr(0), 4);
});

test('data beside code on one page does not lose the code', () => {
	// inc dword [CODE+0x800]; loop
	const code = [0xb9, ...le(1000), 0xff, 0x05, ...le(CODE + 0x800), 0x49, 0x75, 0xf7, ...INT80];
	machine(code, {}, cpu);
	assert.is(cpu.run(10000, 0), Stop.INT80);
	assert.is(word(cpu.memory.read(CODE + 0x800, 4)), 1000);
});

test('an instruction across two pages depends on both', () => {
	const at = CODE + 4096 - 2; // mov eax, imm32 with three bytes in the second page
	const { pager } = machine([], { eip: at }, cpu);
	cpu.memory.write(at, Uint8Array.from([0xb8, 1, 2, 3, 4, ...INT80]), true);
	assert.is(cpu.run(10, 0), Stop.INT80);
	assert.is(cpu.gpr(0), 0x04030201);
	cpu.memory.write(CODE + 4096 + 2, Uint8Array.of(9), true);
	cpu.patch({ eip: at });
	assert.is(cpu.run(10, 0), Stop.INT80);
	assert.is(cpu.gpr(0), 0x09030201);
	pager.pages.delete((CODE + 4096) >>> 12);
	cpu.memory.flush(CODE + 4096, CODE + 8192);
	cpu.patch({ eip: at });
	assert.is(cpu.run(10, 0), Stop.FAULT);
	assert.is(cpu.retired, 0);
	assert.is(cpu.fault!.address, CODE + 4096);
});

test('a changed mapping is seen after flush', () => {
	const { pager } = machine([...load(DATA), ...INT80], {}, cpu);
	cpu.run(10, 0);
	pager.pages.set(DATA >>> 12, { access: RW, object: 3, index: 0, bytes: new Uint8Array(4096).fill(1), bus: false });
	cpu.memory.flush(DATA, DATA + 4096);
	cpu.patch({ eip: CODE });
	cpu.run(10, 0);
	assert.is(cpu.gpr(0), 0x01010101);
});

test('drop forgets dirty pages, peek shows live ones', () => {
	go([...store(DATA, 5), ...INT80]);
	assert.is(word(cpu.memory.peek(1, DATA >>> 12)), 5);
	assert.is(cpu.memory.peek(1, (DATA >>> 12) + 1), undefined);
	cpu.memory.drop(1, DATA >>> 12, (DATA >>> 12) + 1);
	assert.is(cpu.memory.dirtyCount, 0);
	assert.is(word(cpu.memory.read(DATA, 4)), 0);
});

test('kernel reads and writes know permissions', () => {
	machine([], {}, cpu);
	assert.is(cpu.memory.read(0x1000, 1), undefined);
	assert.is(cpu.memory.read(DATA + 16380, 8), undefined);
	assert.is(cpu.memory.write(DATA + 16380, new Uint8Array(8)), false);
	assert.is(cpu.memory.dirtyCount, 0, 'nothing is written when a part cannot be');
	assert.ok(cpu.memory.write(DATA + 4090, Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8])));
	assert.equal([...cpu.memory.read(DATA + 4090, 8)!], [1, 2, 3, 4, 5, 6, 7, 8]);
	assert.ok(cpu.memory.write(DATA, new Uint8Array(0)));
});

test('a stack push that faults leaves esp', () => {
	machine([0x50], { esp: STACK }, cpu);
	assert.is(cpu.run(1, 0), Stop.FAULT);
	assert.is(cpu.gpr(4), STACK);
	assert.equal(cpu.fault, { vector: 14, error: 6, address: STACK - 4, bus: false });
});

test('a small frame pool evicts clean pages and keeps dirty ones', () => {
	const memory = new GuestMemory(64 * 4096);
	const pager = new TestPager();
	for (let i = 0; i < 200; i++) pager.map(0x10000000 + i * 4096, 4096, RWX, new Uint8Array(4096).fill(i));
	memory.setPager(pager);
	for (let i = 0; i < 20; i++) memory.write32(0x10000000 + i * 4096, 0xffffffff);
	for (let i = 0; i < 200; i++) assert.is(memory.read8(0x10000000 + i * 4096 + 100), i);
	for (let i = 0; i < 20; i++) assert.is(memory.read32(0x10000000 + i * 4096), 0xffffffff);
	assert.is(memory.seal().length, 20);
});

test('another address space with the same pages keeps its own translations', () => {
	const a = machine([...load(DATA), ...INT80], {}, cpu).pager;
	cpu.run(10, 0);
	const b = new TestPager();
	for (const [vpn, page] of a.pages) b.pages.set(vpn, page);
	b.pages.set(DATA >>> 12, { access: RW, object: 2, index: 0, bytes: new Uint8Array(4096).fill(3), bus: false });
	cpu.load(initialState(), { tls: [], ldt: [] }, b, true);
	cpu.run(10, 0);
	assert.is(cpu.gpr(0), 0x03030303);
	cpu.load(initialState(), { tls: [], ldt: [] }, a, true);
	cpu.run(10, 0);
	assert.is(cpu.gpr(0), 0);
});

test.run();
