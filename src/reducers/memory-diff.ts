/**
 * Differences of memory between two canonical states: pages of the same object, as runs of pages that differ, named by the
 * linear address at which the first address space sees them.
 */
import { PAGE_SIZE } from '../events/pages.ts';
import { type CanonicalState, privateOwners } from './canonical.ts';
import type { Found } from './diff.ts';
import { hidesSomething } from './digest.ts';
import type { Path } from './path.ts';
import type { MemoryObject, Mm } from './state.ts';

/** What it looks at: of states in canonical form, or of two whose ids mean the same. */
type Compared = Pick<CanonicalState, 'mms' | 'objects'>;

/** Bytes of a difference that are shown. */
const SHOWN = 16;
const ZEROS = new Uint8Array(PAGE_SIZE);

/** Where a page is: the first parts of its path, and the address of its first byte there. */
interface Place {
	readonly path: Path;
	readonly address: number;
}

/** A run of neighbouring pages that differ. */
interface Run {
	readonly place: Place;
	/** The object, and its first page that differs. */
	readonly object: number;
	readonly index: number;
	/** Address of the first byte that differs, and of the last. */
	readonly first: number;
	last: number;
	pages: number;
	readonly a: Uint8Array | undefined;
	readonly b: Uint8Array | undefined;
}

/** Tells of every run of pages that differ, by object and page. Pages that only one state has count as zeros in the other. */
export function diffMemory(a: Compared, b: Compared, found: Found): boolean {
	const owners = { a: privateOwners(a.mms), b: privateOwners(b.mms) };
	for (const key of Object.keys({ ...a.objects, ...b.objects }).map(Number)) {
		const left: MemoryObject | undefined = a.objects[key];
		const right: MemoryObject | undefined = b.objects[key];
		// An object that only one state has was told of already, with its table.
		if (left === undefined || right === undefined || left.pages === right.pages) continue;
		const owner = { a: owners.a.get(key), b: owners.b.get(key) };
		let run: Run | undefined;
		for (const [index, was, is] of right.pages.changes(left.pages)) {
			const hides = (owner.a && hidesSomething(owner.a, index)) || (owner.b && hidesSomething(owner.b, index));
			const difference = comparePages(was, is, hides === true);
			if (difference === undefined) continue;
			const place = placeOf(a, key, owner.a ?? owner.b, index);
			const [first, last] = difference;
			if (
				run !== undefined &&
				place.address === run.place.address + run.pages * PAGE_SIZE &&
				samePath(place.path, run.place.path)
			) {
				run.pages++;
				run.last = place.address + last;
				continue;
			}
			if (run !== undefined && !tell(run, found)) return false;
			const shown = (page: Uint8Array | undefined) =>
				page === undefined && hides ? undefined : (page ?? ZEROS).slice(first, first + SHOWN);
			run = {
				place,
				object: key,
				index,
				first: place.address + first,
				last: place.address + last,
				pages: 1,
				a: shown(was),
				b: shown(is),
			};
		}
		if (run !== undefined && !tell(run, found)) return false;
	}
	return true;
}

function tell({ place, object, index, first, last, pages, a, b }: Run, found: Found): boolean {
	const length = last - first + 1;
	const range = `${first.toString(16).padStart(8, '0')}+${length}`;
	return found({ path: [...place.path, range], a, b, memory: { address: first, length, pages, object, index } });
}

/**
 * First and last byte that differ, or undefined if the pages are equal.
 * @param hides a page that is there differs from none even if it is all zeros: it hides another.
 */
function comparePages(a: Uint8Array | undefined, b: Uint8Array | undefined, hides: boolean): [number, number] | undefined {
	if (hides && (a === undefined) !== (b === undefined)) return [0, PAGE_SIZE - 1];
	const left = a ?? ZEROS;
	const right = b ?? ZEROS;
	let first = 0;
	while (first < PAGE_SIZE && left[first] === right[first]) first++;
	if (first === PAGE_SIZE) return undefined;
	let last = PAGE_SIZE - 1;
	while (left[last] === right[last]) last--;
	return [first, last];
}

/** `memory[mm].ADDRESS` where the page is private or mapped, else `objects[n].pages.OFFSET`. */
function placeOf(state: Compared, object: number, owner: Mm | undefined, index: number): Place {
	if (owner !== undefined) return { path: ['memory', owner.id], address: index * PAGE_SIZE };
	for (const mm of Object.values(state.mms)) {
		for (const vma of mm.vmas) {
			if (vma.object !== object || index < vma.pgoff) continue;
			const address = vma.start + (index - vma.pgoff) * PAGE_SIZE;
			if (address < vma.end) return { path: ['memory', mm.id], address };
		}
	}
	return { path: ['objects', object, 'pages'], address: index * PAGE_SIZE };
}

function samePath(a: Path, b: Path): boolean {
	return a.length === b.length && a.every((part, i) => part === b[i]);
}
