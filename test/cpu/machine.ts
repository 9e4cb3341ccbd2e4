/** A small machine for processor tests: a pager over plain objects, a processor, and ways to look at them. */

import { Access, type CpuPersona, type LiveCpu, type PageLookup, type Pager } from '../../src/cpu/contract.ts';
import { createCpu } from '../../src/cpu/cpu.ts';
import type { CpuState } from '../../src/events/cpu.ts';

export const PERSONA: CpuPersona = {
	cpuid: [
		[0, -1, 1, 0x756e6547, 0x6c65746e, 0x49656e69],
		[1, -1, 0x6b1, 0, 0, 0x078bf9ff],
	],
	userCs: 0x73,
	userDs: 0x7b,
};

export const RWX = Access.READ | Access.WRITE | Access.EXEC;

/** Pages by page number; one memory object (1) whose index is the page number, unless a lookup says otherwise. */
export class TestPager implements Pager {
	readonly pages = new Map<number, PageLookup>();
	lookup(vpn: number): PageLookup | undefined {
		return this.pages.get(vpn);
	}
	map(address: number, bytes: number, access: number, contents?: Uint8Array): void {
		for (let at = 0; at < bytes; at += 4096) {
			const page = new Uint8Array(4096);
			if (contents) page.set(contents.subarray(at, at + 4096));
			const vpn = (address + at) >>> 12;
			this.pages.set(vpn, { access, object: 1, index: vpn, bytes: contents ? page : undefined, bus: false });
		}
	}
}

export const CODE = 0x08048000;
export const DATA = 0x0804c000;
export const STACK = 0xbffff000;

export function initialState(more: Partial<CpuState> = {}): CpuState {
	const fx = new Uint8Array(512);
	new DataView(fx.buffer).setUint16(0, 0x37f, true);
	return {
		eax: 0, ecx: 0, edx: 0, ebx: 0, esp: STACK + 0x800, ebp: 0, esi: 0, edi: 0, eip: CODE, eflags: 0x202,
		es: 0x7b, cs: 0x73, ss: 0x7b, ds: 0x7b, fs: 0, gs: 0, fx, fpuUsed: false, debugreg: [0, 0, 0, 0, 0, 0, 0, 0], ...more,
	}; // biome-ignore format: registers in rows
}

/** A machine with `code` at CODE (two pages), data and stack pages. */
export function machine(
	code: ArrayLike<number>,
	more: Partial<CpuState> = {},
	cpu: LiveCpu = createCpu(PERSONA),
): { cpu: LiveCpu; pager: TestPager } {
	const pager = new TestPager();
	const bytes = new Uint8Array(8192);
	bytes.set(code);
	pager.map(CODE, 8192, RWX, bytes);
	pager.map(DATA, 16384, Access.READ | Access.WRITE);
	pager.map(STACK, 4096, Access.READ | Access.WRITE);
	cpu.load(initialState(more), { tls: [], ldt: [] }, pager, false);
	return { cpu, pager };
}
