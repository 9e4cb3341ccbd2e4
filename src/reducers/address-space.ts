/**
 * An address space over an immutable state: which VMA holds an address, what backs a page, reading bytes.
 * The live processor asks `statePager`; kernel decisions and snapshots read through `readState`.
 */
import type { Mm, Vma } from '../events/entities.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { PageLookup, Pager } from './pages.ts';
import type { MachineState } from './state.ts';
import { Vm } from './state.ts';

/** Index of the first VMA whose end is above `address`, or vmas.length (Linux: find_vma). */
export function findVmaIndex(vmas: readonly Vma[], address: number): number {
	let low = 0;
	let high = vmas.length;
	while (low < high) {
		const mid = (low + high) >> 1;
		if (vmas[mid].end > address) high = mid;
		else low = mid + 1;
	}
	return low;
}

/** The VMA that contains `address`, or undefined. */
export function vmaAt(mm: Mm, address: number): Vma | undefined {
	const vma = mm.vmas[findVmaIndex(mm.vmas, address)];
	return vma !== undefined && vma.start <= address ? vma : undefined;
}

/** What backs the linear page `vpn` of an address space; undefined where nothing is mapped. */
export function lookupPage(state: MachineState, mm: Mm, vpn: number): PageLookup | undefined {
	const vma = vmaAt(mm, vpn * PAGE_SIZE);
	if (!vma) return undefined;
	const access = vma.flags & (Vm.READ | Vm.WRITE | Vm.EXEC);
	if (vma.object === 0) {
		return { access, object: mm.object, index: vpn, bytes: state.objects[mm.object].pages.get(vpn), bus: false };
	}
	const object = state.objects[vma.object];
	const index = vma.pgoff + (vpn - vma.start / PAGE_SIZE);
	const bus = index * PAGE_SIZE >= object.size;
	if (vma.flags & Vm.SHARED) return { access, object: object.id, index, bytes: object.pages.get(index), bus };
	return {
		access,
		object: mm.object,
		index: vpn,
		bytes: state.objects[mm.object].pages.get(vpn),
		backing: { object: object.id, index, bytes: object.pages.get(index) },
		bus,
	};
}

/** A pager over the state: what `LiveCpu.load` and `setPager` take. */
export function statePager(state: MachineState, mm: Mm): Pager {
	return { lookup: (vpn) => lookupPage(state, mm, vpn) };
}

/** The bytes that the page holds as far as the state knows; `live` may know newer ones. Undefined: zeros. */
export function pageBytes(
	found: PageLookup,
	live: (object: number, index: number) => Uint8Array | undefined = () => undefined,
): Uint8Array | undefined {
	const own = live(found.object, found.index) ?? found.bytes;
	if (own !== undefined || found.backing === undefined) return own;
	return live(found.backing.object, found.backing.index) ?? found.backing.bytes;
}

/**
 * Copies [address, address+length) of an address space, or returns undefined when a byte is not mapped with `access`.
 * @param live newer pages than the state's, if any.
 */
export function readState(
	state: MachineState,
	mm: Mm,
	address: number,
	length: number,
	access: number = Vm.READ,
	live?: (object: number, index: number) => Uint8Array | undefined,
): Uint8Array | undefined {
	if (address + length > 2 ** 32) return undefined;
	const out = new Uint8Array(length);
	for (let done = 0; done < length; ) {
		const at = address + done;
		const offset = at % PAGE_SIZE;
		const n = Math.min(PAGE_SIZE - offset, length - done);
		const found = lookupPage(state, mm, Math.floor(at / PAGE_SIZE));
		if (!found || found.bus || (found.access & access) !== access) return undefined;
		const bytes = pageBytes(found, live);
		if (bytes) out.set(bytes.subarray(offset, offset + n), done);
		done += n;
	}
	return out;
}
