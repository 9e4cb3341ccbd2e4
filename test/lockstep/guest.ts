/**
 * T0 with the memory and registers of a native program: what the tracer says the kernel did is adopted, the rest T0 computes.
 * The descriptor table is laid out as a 64-bit kernel's, so the selectors the program sees are valid on both sides.
 */

import type { DescriptorTables, LiveCpu, PageLookup, Pager } from '../../src/cpu/contract.ts';
import { createCpu } from '../../src/cpu/cpu.ts';
import { type CpuState, type Descriptor, GPR_NAMES, SEGMENT_NAMES } from '../../src/events/cpu.ts';
import { PAGE_SIZE } from '../../src/events/pages.ts';
import type { CpuidLeaf } from '../../src/events/persona.ts';
import { packDescriptor, parseUserDesc, USER_DESC } from '../../src/kernel/abi/user-desc.ts';
import type { NativeRegisters, NativeState } from './protocol.ts';

/** Of an x86-64 kernel: __USER32_CS, __USER_DS, GDT_ENTRY_TLS_MIN (arch/x86/include/asm/segment.h). */
const HOST_GDT = { userCs: 0x23, userDs: 0x2b, firstTls: 12 };
/** The memory object of everything that is not shared; those that are come behind it. */
const PRIVATE = 1;
/** Pages of an object, in the numbers that name a page of any. */
const OBJECT_PAGES = 2 ** 32;
/** How far a stack may grow: RLIMIT_STACK's usual value; and what must lie free below it. */
const STACK_LIMIT = 8 << 20;
const STACK_GAP = 1 << 20;
const LDT_ENTRIES = 8192;

interface Mapping {
	start: number;
	readonly end: number;
	/** Permission bits as in PageLookup. */
	readonly access: number;
	readonly file: boolean;
	readonly name: string;
	/** Of a shared mapping: what is mapped, and its page at `start`. */
	readonly shared: { readonly what: string; readonly page: number } | undefined;
}

/** The registers an event or a patch sets, of native ones. */
export function toCpu(registers: NativeRegisters): Omit<CpuState, 'fx' | 'fpuUsed' | 'debugreg'> {
	const named: Record<string, number> = { eip: registers.eip, eflags: registers.eflags };
	GPR_NAMES.forEach((name, i) => {
		named[name] = registers.gprs[i];
	});
	SEGMENT_NAMES.forEach((name, i) => {
		named[name] = registers.segments[i];
	});
	return named as unknown as ReturnType<typeof toCpu>;
}

function parseMaps(text: string): Mapping[] {
	const list: Mapping[] = [];
	for (const line of text.split('\n')) {
		const match = /^([0-9a-f]+)-([0-9a-f]+) (....) (\S+) (\S+) (\d+)\s*(.*)$/.exec(line);
		if (!match) continue;
		const [, start, end, flags, offset, device, inode, name] = match;
		const access = (flags[0] === 'r' ? 1 : 0) | (flags[1] === 'w' ? 2 : 0) | (flags[2] === 'x' ? 4 : 0);
		const file = inode !== '0' || name.startsWith('[v');
		const shared =
			flags[3] === 's' ? { what: `${device} ${inode}`, page: Math.floor(Number.parseInt(offset, 16) / PAGE_SIZE) } : undefined;
		list.push({ start: Number.parseInt(start, 16), end: Number.parseInt(end, 16), access, file, name, shared });
	}
	return list;
}

export class Guest {
	readonly cpu: LiveCpu;
	/** Of the native program. */
	pid = 0;
	/** Pages as the last comparison left them, by object × OBJECT_PAGES + index. */
	readonly #pages = new Map<number, Uint8Array>();
	/** Memory objects of what is mapped shared. */
	readonly #objects = new Map<string, number>();
	#maps: Mapping[] = [];
	#tables: DescriptorTables = { tls: [], ldt: [] };
	readonly #pager: Pager = { lookup: (vpn) => this.#lookup(vpn) };
	/** Registers at the last comparison. */
	#saved: CpuState | undefined;

	constructor(cpuid: readonly CpuidLeaf[]) {
		this.cpu = createCpu({ cpuid, ...HOST_GDT });
	}

	#mapping(address: number): Mapping | undefined {
		return this.#maps.find((m) => m.start <= address && address < m.end);
	}

	#lookup(vpn: number): PageLookup | undefined {
		const mapping = this.#mapping(vpn * PAGE_SIZE);
		if (mapping === undefined) return undefined;
		const { shared } = mapping;
		const object = shared ? this.#object(shared.what) : PRIVATE;
		const index = shared ? shared.page + vpn - mapping.start / PAGE_SIZE : vpn;
		const bytes = this.#pages.get(object * OBJECT_PAGES + index);
		return { access: mapping.access, object, index, bytes, bus: mapping.file && bytes === undefined };
	}

	#object(what: string): number {
		const known = this.#objects.get(what);
		if (known !== undefined) return known;
		const object = PRIVATE + 1 + this.#objects.size;
		this.#objects.set(what, object);
		return object;
	}

	/** Takes over a page as it is natively. */
	#page(vpn: number, bytes: Uint8Array | undefined): void {
		const found = this.#lookup(vpn);
		if (found === undefined) throw new Error(`page ${vpn.toString(16)} is adopted and not mapped`);
		const { memory } = this.cpu;
		if (bytes !== undefined && !found.bus && memory.write(vpn * PAGE_SIZE, bytes, true)) return;
		const key = found.object * OBJECT_PAGES + found.index;
		if (bytes) this.#pages.set(key, bytes);
		else this.#pages.delete(key);
		memory.drop(found.object, found.index, found.index + 1);
		memory.flush(vpn * PAGE_SIZE, (vpn + 1) * PAGE_SIZE);
	}

	/** Takes over what the kernel did. */
	adopt(state: NativeState): void {
		const { cpu } = this;
		const fresh = state.because === 'exec';
		this.pid = state.pid;
		if (fresh) this.#pages.clear();
		if (state.maps !== undefined) this.#maps = parseMaps(state.maps);
		this.#tables = { tls: tlsOf(state.tls), ldt: fresh ? [] : this.#tables.ldt };
		const named = { ...toCpu(state.registers), fx: state.fx };
		if (state.maps !== undefined) {
			// Mappings moved: nothing that was read before is relied on.
			this.verified();
			for (const key of this.#pages.keys()) {
				const vpn = key - PRIVATE * OBJECT_PAGES;
				if (vpn < OBJECT_PAGES && this.#mapping(vpn * PAGE_SIZE) === undefined) this.#pages.delete(key);
			}
			cpu.load({ ...named, fpuUsed: true, debugreg: [0, 0, 0, 0, 0, 0, 0, 0] }, this.#tables, this.#pager, false);
			for (const [vpn, bytes] of state.pages) this.#page(vpn, bytes);
		} else {
			for (const [vpn, bytes] of state.pages) this.#page(vpn, bytes);
			cpu.setTables(this.#tables);
			cpu.patch(named);
		}
		this.verified();
	}

	/** What T0 has is what the program has: the point to come back to. */
	verified(): void {
		for (const page of this.cpu.memory.seal()) this.#pages.set(page.object * OBJECT_PAGES + page.index, page.bytes);
		this.#saved = this.cpu.save();
	}

	/** Back to the last comparison. */
	back(): void {
		if (this.#saved === undefined) throw new Error('nothing was compared yet');
		this.cpu.load(this.#saved, this.#tables, this.#pager, false);
	}

	/** Grows the stack down to an address, as a page fault there does. False: that address is no stack's. */
	grow(address: number): boolean {
		const i = this.#maps.findIndex((m) => m.name === '[stack]');
		if (i < 0) return false;
		const stack = this.#maps[i];
		const below = i > 0 ? this.#maps[i - 1].end + STACK_GAP : 0;
		if (address >= stack.start || address < below || stack.end - address > STACK_LIMIT) return false;
		stack.start = address - (address % 4096);
		this.cpu.memory.flush(stack.start, stack.end);
		return true;
	}

	/** modify_ldt(1 or 0x11, desc, 16) succeeded: the descriptor, since nothing tells the LDT from outside. */
	setLdt(desc: Uint8Array, old: boolean): void {
		const parsed = parseUserDesc(desc);
		const ldt: Descriptor[] = [...this.#tables.ldt];
		while (ldt.length <= parsed.entryNumber && ldt.length < LDT_ENTRIES) ldt.push({ a: 0, b: 0 });
		const clears = parsed.base === 0 && parsed.limit === 0;
		ldt[parsed.entryNumber] = clears ? { a: 0, b: 0 } : packDescriptor(parsed, old ? 0 : parsed.useable);
		this.#tables = { ...this.#tables, ldt };
		this.cpu.setTables(this.#tables);
		this.verified();
	}
}

function tlsOf(bytes: Uint8Array): Descriptor[] {
	return [0, 1, 2].map((i) => {
		const desc = parseUserDesc(bytes.subarray(i * USER_DESC, (i + 1) * USER_DESC));
		return desc.limit === 0 && desc.base === 0 ? { a: 0, b: 0 } : packDescriptor(desc, desc.useable);
	});
}
