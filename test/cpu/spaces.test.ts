/**
 * Decoded code that address spaces have in common, against a processor that decodes all anew for each run: forks, writes to code
 * by guests and by the kernel, mappings that come and go, ends, a file that changes.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PageLookup, Pager } from '../../src/cpu/contract.ts';
import { createCpu } from '../../src/cpu/cpu.ts';
import { CODE, initialState, PERSONA } from './machine.ts';

const PAGES = 2;
const FIRST = CODE >>> 12;
const SLOTS = 5;
const tables = { tls: [], ldt: [] };

/** Where a piece of code begins: 0..SLOTS-1 in a page, SLOTS for an instruction that crosses the page's end. */
const slotAddress = (page: number, slot: number) => CODE + page * 4096 + (slot === SLOTS ? 4094 : 16 + slot * 16);

/** add eax, imm; perhaps a store to [edi]; a jump to another piece. */
function piece(page: number, slot: number, imm: number, stores: boolean, toPage: number, toSlot: number): number[] {
	const at = slotAddress(page, slot);
	// A jump that crosses the page's end leaves the next page before anything else of it is decoded.
	const code = slot < SLOTS ? [0x83, 0xc0, imm & 0x7f] : imm % 2 === 0 ? [0x05, imm, 0, 0, 0] : [];
	if (stores && slot < SLOTS) code.push(0x88, 0x17);
	const rel = (slotAddress(toPage, toSlot) - (at + code.length + 5)) >>> 0;
	return [...code, 0xe9, rel, rel >>> 8, rel >>> 16, rel >>> 24].map((b) => b & 0xff);
}

interface Space {
	readonly id: number;
	/** Private pages: as the state has them, and as they are now. */
	sealed: Map<number, Uint8Array>;
	now: Map<number, Uint8Array>;
	access: number[];
	readonly pager: Pager;
}

const shared = createCpu(PERSONA);
const alone = createCpu(PERSONA);

class Model {
	readonly cpu = shared;
	readonly fresh = alone;
	readonly file: Uint8Array[];
	spaces: Space[] = [];
	next = 10;
	running: Space | undefined;

	constructor(file: Uint8Array[]) {
		this.file = file;
		this.cpu.reset();
		this.add(new Map());
	}

	add(pages: Map<number, Uint8Array>, access = new Array<number>(PAGES).fill(7)): Space {
		const id = this.next++;
		const space: Space = { id, sealed: pages, now: new Map(pages), access: [...access], pager: { lookup: () => undefined } };
		const pager = { lookup: (vpn: number) => this.lookup(space, vpn, space.sealed) };
		const made = Object.assign(space, { pager });
		this.spaces.push(made);
		return made;
	}

	lookup(space: Space, vpn: number, pages: Map<number, Uint8Array>): PageLookup | undefined {
		const page = vpn - FIRST;
		if (page < 0 || page >= PAGES || space.access[page] === 0) return undefined;
		const backing = { object: 1, index: vpn, bytes: this.file[page] };
		return { access: space.access[page], object: space.id, index: vpn, bytes: pages.get(vpn), backing, bus: false };
	}

	seal(): void {
		for (const { object, index, bytes } of this.cpu.memory.seal()) {
			const space = this.spaces.find((s) => s.id === object);
			space?.sealed.set(index, bytes);
			if (space) assert.equal(bytes, space.now.get(index), `page ${index.toString(16)} of ${object}`);
		}
	}

	run(space: Space, eip: number, edi: number, steps: number): void {
		const state = initialState({ eip, edi, edx: steps });
		if (this.running !== space) this.cpu.load(state, tables, space.pager, true);
		else this.cpu.patch(state);
		this.running = space;
		this.fresh.load(state, tables, { lookup: (vpn) => this.lookup(space, vpn, space.now) }, false);
		const run = (cpu: typeof this.cpu) => {
			const stop = cpu.run(steps, 0);
			return { stop, retired: cpu.retired, fault: cpu.fault, cpu: cpu.save() };
		};
		assert.equal(run(this.cpu), run(this.fresh));
		for (const { index, bytes } of this.fresh.memory.seal()) space.now.set(index, bytes);
	}

	write(space: Space, address: number, bytes: number[]): void {
		if (address + bytes.length > CODE + PAGES * 4096) return;
		for (let page = 0; page < PAGES; page++) {
			const from = Math.max(address, CODE + page * 4096);
			const to = Math.min(address + bytes.length, CODE + (page + 1) * 4096);
			if (from < to && space.access[page] === 0) return;
		}
		assert.ok(this.cpu.memory.writeFor(space.pager, address, Uint8Array.from(bytes), true));
		bytes.forEach((byte, i) => {
			const vpn = (address + i) >>> 12;
			const page = new Uint8Array(space.now.get(vpn) ?? this.file[vpn - FIRST]);
			page[(address + i) & 4095] = byte;
			space.now.set(vpn, page);
		});
	}

	remap(space: Space, page: number, access: number, discard: boolean): void {
		space.access[page] = access;
		const vpn = FIRST + page;
		if (discard) {
			this.cpu.memory.drop(space.id, vpn, vpn + 1);
			space.sealed.delete(vpn);
			space.now.delete(vpn);
		}
		if (this.running === space) this.cpu.memory.flush(vpn << 12, (vpn + 1) << 12);
		else this.cpu.forget(space.pager);
	}

	end(space: Space): void {
		this.spaces = this.spaces.filter((s) => s !== space);
		this.cpu.memory.drop(space.id, 0, Number.MAX_SAFE_INTEGER);
		this.cpu.forget(space.pager);
		if (this.running === space) this.running = undefined;
	}
}

test('what address spaces have in common runs as if each had decoded it', () => {
	const page = fc.nat(PAGES - 1);
	const slot = fc.nat(SLOTS);
	const imm = fc.nat(127);
	const pieceIn = (p: typeof page) => fc.tuple(p, slot, imm, fc.boolean(), page, slot);
	// Runs begin in the first page more often, and the others are written to more often.
	const begun = fc.constantFrom(0, 0, 0, ...Array.from({ length: PAGES - 1 }, (_, i) => i + 1));
	const written = fc.nat(PAGES * 3 - 1).map((n) => Math.min(n, PAGES - 1));
	const op = fc.oneof(
		{ weight: 8, arbitrary: fc.record({ op: fc.constant('run' as const), space: fc.nat(3), page: begun, slot, at: fc.tuple(page, fc.nat(4095)), steps: fc.integer({ min: 1, max: 12 }) }) }, // biome-ignore format: a row each
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('fork' as const), space: fc.nat(3) }) },
		{ weight: 3, arbitrary: fc.record({ op: fc.constant('write' as const), space: fc.nat(3), piece: pieceIn(written) }) },
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('remap' as const), space: fc.nat(3), page, access: fc.constantFrom(0, 1, 3, 5, 7, 7, 7), discard: fc.boolean() }) }, // biome-ignore format: a row each
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('end' as const), space: fc.nat(3) }) },
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('exec' as const) }) },
		{ weight: 1, arbitrary: fc.record({ op: fc.constant('seal' as const) }) },
	);
	fc.assert(
		fc.property(
			fc.array(pieceIn(page), { minLength: 20, maxLength: 20 }),
			fc.array(op, { minLength: 20, maxLength: 120 }),
			(code, ops) => {
				const file = Array.from({ length: PAGES }, () => new Uint8Array(4096).fill(0x90));
				code.forEach(([p, s, i, stores, toPage, toSlot]) => {
					piece(p, s, i, stores, toPage, toSlot).forEach((byte, k) => {
						const at = slotAddress(p, s) + k - CODE;
						if (at < PAGES * 4096) file[at >>> 12][at & 4095] = byte;
					});
				});
				const m = new Model(file);
				for (const o of ops) {
					const space = 'space' in o ? m.spaces[o.space % m.spaces.length] : m.spaces[0];
					if (o.op === 'run') m.run(space, slotAddress(o.page, o.slot), CODE + o.at[0] * 4096 + o.at[1], o.steps);
					else if (o.op === 'fork') {
						m.seal();
						m.add(new Map(space.sealed), space.access);
					} else if (o.op === 'write') m.write(space, slotAddress(o.piece[0], o.piece[1]), piece(...o.piece));
					else if (o.op === 'remap') m.remap(space, o.page, o.access, o.discard);
					else if (o.op === 'end' && m.spaces.length > 1) m.end(space);
					else if (o.op === 'exec') m.add(new Map());
					else if (o.op === 'seal') m.seal();
				}
			},
		),
		{ seed: 20081015, numRuns: 2500, endOnFailure: true },
	);
});

test.run();
