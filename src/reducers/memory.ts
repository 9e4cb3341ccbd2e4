/** Reducers of memory: address spaces, their mappings and private pages, and every write to guest memory. */
import { assert, assertNever } from '../events/assert.ts';
import type { MemoryEvent } from '../events/memory.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { lookupPage, pageBytes } from './address-space.ts';
import type { StateDraft } from './draft.ts';
import { drop, enter, entity, fieldsOf, plain } from './draft.ts';
import { dropInodeIfUnused, dropMappedIfUnused } from './lifetime.ts';
import { type MachineState, type Mm, Vm, type Vma } from './state.ts';
import { flagVmas, insertVma, mergeVmas, moveVmas, normalVma, removeVmas, resizeVma, vmasIn } from './vma.ts';

export function reduceMemory(d: StateDraft, e: MemoryEvent): void {
	switch (e.kind) {
		case 'mm/new':
			assert(e.mm.object === e.object.id, 'an address space comes with its private object');
			enter(d, 'objects', e.object.id, e.object);
			enter(d, 'mms', e.mm.id, { ...e.mm, vmas: mergeVmas(e.mm.vmas.map(normalVma)) });
			return;
		case 'mm/fork':
			fork(d, e.mm, e.from, e.object);
			return;
		case 'mm/drop': {
			const mm = entity(d, 'mms', e.mm);
			const vmas = plain(mm.vmas);
			const { object, exe } = mm;
			drop(d, 'mms', e.mm);
			drop(d, 'objects', object);
			release(d, vmas);
			dropInodeIfUnused(d, exe);
			return;
		}
		case 'mm/set': {
			const mm = entity(d, 'mms', e.mm);
			const { exe } = mm;
			Object.assign(mm, e.fields);
			if (mm.exe !== exe) dropInodeIfUnused(d, exe);
			return;
		}
		case 'mm/map':
			remap(d, e.mm, (vmas) => insertVma(vmas, e.vma));
			return;
		case 'mm/unmap':
			discard(d, e.mm, e.start, e.end);
			remap(d, e.mm, (vmas) => removeVmas(vmas, e.start, e.end));
			return;
		case 'mm/flags':
			remap(d, e.mm, (vmas) => flagVmas(vmas, e.start, e.end, e.clear, e.set));
			return;
		case 'mm/move':
			move(d, e.mm, e.from, e.to, e.length);
			return;
		case 'mm/resize': {
			const end = plain(entity(d, 'mms', e.mm).vmas).find((v) => v.start === e.start)?.end;
			assert(end !== undefined, `no mapping begins at ${e.start.toString(16)}`);
			if (e.newStart > e.start) discard(d, e.mm, e.start, e.newStart);
			if (e.newEnd < end) discard(d, e.mm, e.newEnd, end);
			remap(d, e.mm, (vmas) => resizeVma(vmas, e.start, e.newStart, e.newEnd));
			return;
		}
		case 'mm/discard':
			discard(d, e.mm, e.start, e.end);
			return;
		case 'object/new':
			enter(d, 'objects', e.object.id, e.object);
			return;
		case 'object/drop':
			// Often gone already, with its last mapping.
			drop(d, 'objects', e.object);
			return;
		case 'memory/write':
			writeMemory(d, e.mm, e.address, e.bytes, e.force);
			return;
		default:
			assertNever(e, 'event');
	}
}

/**
 * dup_mmap (kernel/fork.c): mappings but those that are not copied, locks are not inherited. Private pages go by value: that two
 * tables hold the same page is a matter of storage, a write replaces it in one of them.
 */
function fork(d: StateDraft, id: number, from: number, object: number): void {
	const parent = fieldsOf(entity(d, 'mms', from) as Mm);
	const kept = parent.vmas.filter((v) => (v.flags & Vm.DONTCOPY) === 0);
	const vmas = mergeVmas(kept.map((v) => ({ ...v, flags: (v.flags & ~Vm.LOCKED) >>> 0 })));
	let { pages } = entity(d, 'objects', parent.object);
	for (const v of parent.vmas) {
		if (v.flags & (Vm.DONTCOPY | Vm.WIPEONFORK)) pages = pages.without(v.start / PAGE_SIZE, v.end / PAGE_SIZE);
	}
	enter(d, 'objects', object, { id: object, kind: 'private', pages, size: 2 ** 32 });
	enter(d, 'mms', id, { ...parent, id, object, vmas, defFlags: 0 });
}

/** Replaces the VMA list, and drops what no mapping holds any more. */
function remap(d: StateDraft, id: number, change: (vmas: readonly Vma[]) => readonly Vma[]): void {
	const mm = entity(d, 'mms', id);
	const before = plain(mm.vmas);
	mm.vmas = change(before);
	const held = new Set<number>();
	for (const v of mm.vmas) if (v.object !== 0) held.add(v.object);
	release(
		d,
		before.filter((v) => v.object !== 0 && !held.has(v.object)),
	);
}

function release(d: StateDraft, vmas: readonly Vma[]): void {
	for (const vma of vmas) if (vma.object !== 0) dropMappedIfUnused(d, vma.object, vma.inode);
}

/** Private pages of [start, end) go. */
function discard(d: StateDraft, id: number, start: number, end: number): void {
	const object = entity(d, 'objects', entity(d, 'mms', id).object);
	const pages = object.pages.without(start / PAGE_SIZE, end / PAGE_SIZE);
	if (pages !== object.pages) object.pages = pages;
}

/** The mapping of [from, from + length) goes on at `to` with its private pages. */
function move(d: StateDraft, id: number, from: number, to: number, length: number): void {
	const mm = entity(d, 'mms', id);
	const vmas = plain(mm.vmas);
	assert(vmasIn(vmas, from, from + length).length > 0, `nothing is mapped at ${from.toString(16)}`);
	mm.vmas = moveVmas(vmas, from, to, length);
	const object = entity(d, 'objects', mm.object);
	const delta = (to - from) / PAGE_SIZE;
	const moved = [...object.pages.entries(from / PAGE_SIZE, (from + length) / PAGE_SIZE)];
	if (moved.length === 0) return;
	const gone = moved.map(([index]) => [index, undefined] as const);
	object.pages = object.pages.with([...gone, ...moved.map(([index, bytes]) => [index + delta, bytes] as const)]);
}

/** Copy-on-write as `PageLookup` says: through each page's mapping, into a fresh page. */
function writeMemory(d: StateDraft, id: number, address: number, bytes: Uint8Array, force: boolean): void {
	assert(address + bytes.length <= 2 ** 32, 'a write within the address space');
	const mm = entity(d, 'mms', id);
	// All that a look-up asks of it: copying every field of a draft is slow.
	const view = { vmas: plain(mm.vmas), object: mm.object } as Mm;
	const written = new Map<number, Map<number, Uint8Array>>();
	const pending = (object: number, index: number) => written.get(object)?.get(index);
	for (let done = 0; done < bytes.length; ) {
		const at = address + done;
		const offset = at % PAGE_SIZE;
		const n = Math.min(PAGE_SIZE - offset, bytes.length - done);
		const found = lookupPage(d as unknown as MachineState, view, Math.floor(at / PAGE_SIZE));
		assert(
			found !== undefined && !found.bus && (force || found.access & 2),
			`a write to ${at.toString(16)}, which is not writable`,
		);
		const page = new Uint8Array(PAGE_SIZE);
		const base = pageBytes(found, pending);
		if (base) page.set(base);
		page.set(bytes.subarray(done, done + n), offset);
		const pages = written.get(found.object) ?? new Map<number, Uint8Array>();
		written.set(found.object, pages.set(found.index, page));
		done += n;
	}
	for (const [object, pages] of written) {
		const target = entity(d, 'objects', object);
		target.pages = target.pages.with(pages);
	}
}
