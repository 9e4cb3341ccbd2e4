/** Names for addresses: the symbols of the files whose code is mapped, the program's first, then its libraries'. */
import type { Mm, Task, Vma } from '../../events/entities.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import { ElfError, type ElfSymbol, parseLoadable, symbols } from '../../kernel/elf.ts';
import { type MachineState, Vm } from '../../reducers/state.ts';
import type { Trace } from '../../replay/trace.ts';

/** A file with symbols, and what its addresses are moved by. */
export interface Named {
	readonly base: number;
	readonly bytes: () => Uint8Array;
	/** Linear addresses that are its; absent = all that nothing else covers. */
	readonly ranges?: readonly (readonly [start: number, end: number])[];
	/** What an address without a symbol is told from, as `label+0x4cd1b` (the file's own addresses); absent = not at all. */
	readonly label?: string;
}

interface Part extends Named {
	symbols?: readonly ElfSymbol[];
}

export class Names {
	static readonly NONE = new Names([]);
	readonly #parts: readonly Part[];
	readonly #vdso: number;
	readonly #known = new Map<number, string>();

	/** @param vdso address of the vDSO page, 0 = none. */
	constructor(parts: readonly Named[], vdso = 0) {
		this.#parts = parts.map((part) => ({ ...part }));
		this.#vdso = vdso;
	}

	/** `name`, `name+12`; where no symbol covers the address `file+0x4cd1b` for a file that was moved, else ''. */
	of(address: number): string {
		const known = this.#known.get(address);
		if (known !== undefined) return known;
		const name = this.#find(address);
		this.#known.set(address, name);
		return name;
	}

	#find(address: number): string {
		if (this.#vdso !== 0 && address >= this.#vdso && address < this.#vdso + PAGE_SIZE) return `[vdso]+${address - this.#vdso}`;
		const part =
			this.#parts.find(({ ranges }) => ranges?.some(([start, end]) => address >= start && address < end)) ??
			this.#parts.find(({ ranges }) => ranges === undefined);
		if (part === undefined) return '';
		part.symbols ??= symbols(part.bytes());
		const at = address - part.base;
		return nameIn(part.symbols, at) || (part.label === undefined ? '' : `${part.label}+0x${at.toString(16)}`);
	}
}

function nameIn(all: readonly ElfSymbol[], at: number): string {
	let low = 0;
	let high = all.length;
	while (low < high) {
		const mid = (low + high) >> 1;
		if (all[mid].address <= at) low = mid + 1;
		else high = mid;
	}
	for (let i = low - 1; i >= 0 && i >= low - 4; i--) {
		const s = best(all, i);
		if (at < s.address + Math.max(s.size, 1)) return at === s.address ? s.name : `${s.name}+${at - s.address}`;
		if (s.size === 0 && i === low - 1 && at - s.address < 4096) return `${s.name}+${at - s.address}`;
	}
	return '';
}

/** Of several names for one place the one that people write: without leading underscores, then the shortest. */
function best(all: readonly ElfSymbol[], i: number): ElfSymbol {
	let found = all[i];
	const rank = (s: ElfSymbol) => (/^_*/.exec(s.name)?.[0].length ?? 0) * 1000 + s.name.length;
	for (let j = i; j >= 0 && all[j].address === found.address; j--) {
		const other = all[j];
		if (other.size === found.size && rank(other) < rank(found)) found = other;
	}
	return found;
}

/** The names that a task of a state sees: those of its address space. */
export function namesByTask(state: MachineState): (task: Task) => Names {
	const known = new Map<number, Names>();
	return ({ mm: id }) => {
		const names = known.get(id) ?? (state.mms[id] ? namesIn(state, state.mms[id]) : Names.NONE);
		known.set(id, names);
		return names;
	};
}

/** The names in the recorded program's address space. */
export function programNames(trace: Trace, state: MachineState): Names {
	const all = Object.values(state.mms);
	const mm = all.find((m) => m.exePath === trace.header.path) ?? all[0];
	return mm === undefined ? Names.NONE : namesIn(state, mm);
}

function namesIn(state: MachineState, mm: Mm): Names {
	const files = new Map<number, Vma[]>();
	for (const vma of mm.vmas) {
		if (vma.inode !== 0 && vma.flags & Vm.EXEC) files.set(vma.inode, [...(files.get(vma.inode) ?? []), vma]);
	}
	const parts: Named[] = [];
	for (const [inode, vmas] of files) {
		const bytes = () => contents(state, inode);
		const base = loadedAt(bytes, vmas[0]);
		if (base === undefined) continue;
		const ranges = vmas.map(({ start, end }) => [start, end] as const);
		// A program that was not moved has its addresses as they stand
		const label = base === 0 ? {} : { label: vmas[0].path.split('/').at(-1)! };
		parts.push({ base, bytes, ranges, ...label });
	}
	return new Names(parts, mm.vdso);
}

function contents(state: MachineState, inode: number): Uint8Array {
	const { object, size } = state.inodes[inode];
	const bytes = new Uint8Array(size);
	const pages = state.objects[object]?.pages;
	for (let i = 0; i * PAGE_SIZE < size; i++) {
		const page = pages?.get(i);
		if (page) bytes.set(page.subarray(0, size - i * PAGE_SIZE), i * PAGE_SIZE);
	}
	return bytes;
}

/** What a mapping moves a file's addresses by; undefined when it is no program, or the mapping shows no segment of it. */
function loadedAt(bytes: () => Uint8Array, vma: Vma): number | undefined {
	try {
		const page = (n: number) => Math.floor(n / PAGE_SIZE);
		const segment = parseLoadable(bytes()).segments.find(
			(s) => page(s.offset) <= vma.pgoff && vma.pgoff < page(s.offset + s.filesz + PAGE_SIZE - 1),
		);
		return segment && vma.start - (page(segment.vaddr) + vma.pgoff - page(segment.offset)) * PAGE_SIZE;
	} catch (error) {
		if (error instanceof ElfError) return undefined;
		throw error;
	}
}
