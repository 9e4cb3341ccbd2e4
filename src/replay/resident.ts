/**
 * What of a machine's state lives in its processor: the registers of the task that is on it, and pages of any address space
 * that are newer than the state's. Tasks are switched here, and here events reach both: the state by the reducers, the
 * processor where it holds the newer truth.
 */
import type { DescriptorTables, LiveCpu } from '../cpu/contract.ts';
import { assert } from '../events/assert.ts';
import { type CpuState, GPR_NAMES } from '../events/cpu.ts';
import type { KernelEvent, PageEffect } from '../events/event.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { heldPages } from '../kernel/memory-limit.ts';
import { lookupPage, readState, vmaAt } from '../reducers/address-space.ts';
import { applyEffect, applyPages, type LiveState } from '../reducers/live.ts';
import type { Pager } from '../reducers/pages.ts';
import { fold } from '../reducers/reduce.ts';
import type { MachineState } from '../reducers/state.ts';

/** Pages sealed at a change of tasks when more than these are dirty: the pool holds clean ones only as long as there is room. */
const MANY_DIRTY = 16384;

/** What events ask of the machine beside what their reducers do. */
const Asks = {
	/** The task on the processor may be another afterwards, or none: its registers go into the state first. */
	LEAVES: 1,
	/** It copies or moves pages as the state has them. */
	COPIES: 2,
	/** Memory objects may end with it. */
	ENDS: 4,
	/** An address space ends with it. */
	DROPS: 8,
	/** It writes to guest memory. */
	WRITES: 16,
	/** More pages may be in use after it than the processor knows. */
	TAKES: 32,
	/** It writes to a file, which may be mapped. */
	FILES: 64,
	/** Who sleeps is to be found anew. */
	RESETS: 128,
} as const;
const ASKS: ReadonlyMap<string, number> = new Map<KernelEvent['kind'], number>([
	['mm/drop', Asks.ENDS | Asks.DROPS],
	['mm/unmap', Asks.ENDS],
	['mm/map', Asks.ENDS],
	['mm/resize', Asks.ENDS],
	['mm/set', Asks.ENDS],
	['object/drop', Asks.ENDS],
	['ipc/remove', Asks.ENDS],
	['fd/close', Asks.ENDS],
	['fd/set', Asks.ENDS],
	['fs/set', Asks.ENDS],
	['mount/set', Asks.ENDS],
	['dir/unlink', Asks.ENDS],
	['inode/set', Asks.ENDS],
	['task/exit', Asks.ENDS | Asks.LEAVES],
	['task/unshare', Asks.ENDS],
	['task/exec', Asks.LEAVES],
	['task/rename', Asks.LEAVES],
	['freezer/set', Asks.LEAVES | Asks.RESETS],
	['restore/end', Asks.LEAVES | Asks.RESETS],
	['mm/fork', Asks.COPIES | Asks.TAKES],
	['mm/move', Asks.COPIES],
	['memory/write', Asks.WRITES],
	['mm/new', Asks.TAKES],
	['object/new', Asks.TAKES],
	['restore/object', Asks.TAKES],
	['inode/write', Asks.FILES | Asks.TAKES],
	['inode/truncate', Asks.FILES],
	['input/content', Asks.FILES | Asks.TAKES],
]);

/**
 * Pages that an event took, at most: the processor does not know of them. Counting them all would look at every object after
 * every fork.
 * @param before the state before the events it is one of
 */
function pagesTaken(e: KernelEvent, before: MachineState, after: MachineState): number {
	let object: number;
	if (e.kind === 'mm/fork') object = e.object;
	else if (e.kind === 'mm/new' || e.kind === 'object/new') object = e.object.id;
	else if (e.kind === 'inode/write' || e.kind === 'input/content') object = after.inodes[e.inode]?.object ?? 0;
	else return e.kind === 'restore/object' ? Number.POSITIVE_INFINITY : 0;
	return Math.max(0, (after.objects[object]?.pages.size ?? 0) - (before.objects[object]?.pages.size ?? 0));
}
/** Room that is to be counted anew before anything runs. */
const UNKNOWN_ROOM = -1;
/** Registers that hold any value. */
const isPlain: ReadonlySet<string> = new Set([...GPR_NAMES, 'eip']);

const NONE: readonly number[] = [];

function asksOf(events: readonly KernelEvent[]): number {
	let asks = 0;
	for (const e of events) asks |= ASKS.get(e.kind) ?? 0;
	return asks;
}

/** A decision that may know what its events make of the state it began with. */
export interface Folded {
	readonly begun: MachineState;
	/** Writes to the memory of address spaces of `begun` left out; undefined: not known. */
	readonly made: MachineState | undefined;
}

export class Resident {
	readonly #cpu: LiveCpu;
	readonly #live: LiveState;
	/** How each address space resolves pages, by its id: translations and decoded code are kept by it. */
	readonly #pagers = new Map<number, Pager>();
	/** Task whose registers are in the processor; 0 = none. */
	#loaded = 0;
	/** Whether the state has the registers that the processor has. */
	#noted = false;
	/** Pages sealed since `takeSealed`, if they are asked for. */
	#sealed: PageEffect[] = [];
	readonly #keepSealed: boolean;

	/** @param keepSealed pages that come into the state are kept for `takeSealed` */
	constructor(cpu: LiveCpu, live: LiveState, keepSealed: boolean) {
		this.#cpu = cpu;
		this.#live = live;
		this.#keepSealed = keepSealed;
		cpu.memory.room = UNKNOWN_ROOM;
	}

	/** Task whose registers are in the processor; 0 = none. */
	get pid(): number {
		return this.#loaded;
	}

	get #state(): MachineState {
		return this.#live.current;
	}

	/** Registers of a task as they are now. */
	regs(pid: number): CpuState {
		return pid === this.#loaded && !this.#noted ? this.#cpu.save() : this.#state.tasks[pid].cpu;
	}

	/** Brings registers into the state of the task that has just entered the kernel: what is decided may need them there. */
	note(): void {
		if (this.#loaded === 0 || this.#noted) return;
		this.#live.setRegisters(this.#loaded, this.#cpu.save());
		this.#noted = true;
	}

	/** The loaded task runs: its registers in the state grow old. */
	runs(): void {
		this.#noted = false;
	}

	/** A page of an object when the processor has it: it may be newer than the state's. */
	readonly page = (object: number, index: number): Uint8Array | undefined => this.#cpu.memory.peek(object, index);

	/** The pages that came into the state since the last time, of objects that are still there. */
	takeSealed(): PageEffect[] {
		const pages = new Map<string, PageEffect>();
		for (const page of this.#sealed) {
			if (page.object in this.#state.objects) pages.set(`${page.object}:${page.index}`, page);
		}
		this.#sealed = [];
		return [...pages.values()];
	}

	get #mm() {
		return this.#state.mms[this.#state.tasks[this.#loaded].mm];
	}

	#tables(): DescriptorTables {
		return { tls: this.#state.tasks[this.#loaded].tls, ldt: this.#mm.ldt };
	}

	#setTables(): void {
		this.#noted = false;
		this.#cpu.setTables(this.#tables());
	}

	#pager(mm: number): Pager {
		let pager = this.#pagers.get(mm);
		if (pager === undefined) {
			pager = { lookup: (vpn) => lookupPage(this.#state, this.#state.mms[mm], vpn) };
			this.#pagers.set(mm, pager);
		}
		return pager;
	}

	/** The processor goes on with another task. Pages stay where they are: they are the machine's, not a task's. */
	load(pid: number): void {
		this.#unload();
		if (this.#cpu.memory.dirtyCount > MANY_DIRTY) this.#seal();
		this.#loaded = pid;
		const { cpu, mm } = this.#state.tasks[pid];
		this.#cpu.load(cpu, this.#tables(), this.#pager(mm), true);
		this.#noted = false;
	}

	/** Registers go back into the state; the processor has no task. */
	#unload(): void {
		this.#saveRegisters();
		this.#loaded = 0;
	}

	#saveRegisters(): void {
		if (this.#loaded === 0 || this.#noted) return;
		// Another state: what a decision made of the one it began with has the old registers.
		this.#live.become(applyEffect(this.#state, this.#loaded, this.#cpu.save(), []));
		this.#noted = true;
	}

	/** Brings the registers of the loaded task and all pages into the state. */
	sync(): void {
		this.#seal();
		this.#saveRegisters();
	}

	#seal(): void {
		const pages = this.#cpu.memory.seal();
		if (pages.length === 0) return;
		if (this.#keepSealed) this.#sealed.push(...pages);
		this.#live.become(applyPages(this.#state, pages));
	}

	/** Whether the task on the processor may run without another count: not more was used up than there was at the last one. */
	get hasRoom(): boolean {
		return this.#cpu.memory.room >= 0;
	}

	/**
	 * Counts how many pages the running task may yet touch for the first time, and lets it. @param limit pages the machine has
	 * @returns pages in use
	 */
	countRoom(limit: number): number {
		const { memory } = this.#cpu;
		if (memory.dirtyCount > MANY_DIRTY) this.#seal();
		const used = heldPages(this.#state) + memory.fresh;
		memory.room = limit - used;
		return used;
	}

	/** Guest memory as it is now; undefined where a byte is not mapped readable. */
	read(mm: number, address: number, length: number): Uint8Array | undefined {
		if (this.#loaded !== 0 && this.#state.tasks[this.#loaded].mm === mm) return this.#cpu.memory.read(address, length);
		return readState(this.#state, this.#state.mms[mm], address, length, 1, this.page);
	}

	/** A call that changed nothing but registers of the loaded task: its entry and its result. */
	settle(task: number, entered: Partial<CpuState>, left: Partial<CpuState>): void {
		this.#sealed = [];
		this.#noted = false;
		this.#cpu.patch(entered);
		this.#cpu.patch(left);
		this.#live.settle(task);
	}

	/**
	 * Applies decided events: to the state by the reducers, to the processor where it holds the newer truth.
	 * @returns whether who sleeps is to be found anew
	 */
	apply(events: readonly KernelEvent[], from?: Folded): boolean {
		this.#sealed = [];
		const asks = asksOf(events);
		const written = asks & Asks.FILES ? this.#filesWritten(events) : NONE;
		if (written.length > 0 || asks & Asks.COPIES) this.#seal();
		if (asks & Asks.LEAVES) this.#saveRegisters();
		const before = this.#state;
		// Memory of an address space that ends with these events is written before it does: others may share it.
		const ends = asks & Asks.DROPS ? events.flatMap((e) => (e.kind === 'mm/drop' ? [e.mm] : [])) : NONE;
		const isLive = (e: KernelEvent) => e.kind === 'memory/write' && e.mm in before.mms;
		if (ends.length > 0)
			for (const e of events) if (e.kind === 'memory/write' && ends.includes(e.mm) && isLive(e)) this.#write(e);
		const known = from?.begun === before ? from.made : undefined;
		this.#live.become(known ?? fold(before, asks & Asks.WRITES ? events.filter((e) => !isLive(e)) : events));
		const task = this.#state.tasks[this.#loaded];
		if (task === undefined || task.mm === 0 || task.mm !== before.tasks[this.#loaded].mm) this.#loaded = 0;
		for (const e of events) {
			if (asks & Asks.TAKES) this.#cpu.memory.room -= pagesTaken(e, before, this.#state);
			if (e.kind !== 'memory/write') this.#applyLive(e, before);
			else if (isLive(e) && !ends.includes(e.mm)) this.#write(e);
		}
		for (const object of written) this.#cpu.memory.drop(object, 0, Number.MAX_SAFE_INTEGER);
		// An absent page of a file is the zero page until it is written.
		if (this.#loaded !== 0 && written.some((object) => this.#mm.vmas.some((v) => v.object === object))) {
			this.#cpu.memory.flush(0, 2 ** 32);
		}
		if (asks & Asks.ENDS) this.#dropGone(before);
		return (asks & Asks.RESETS) !== 0;
	}

	/** A kernel write to an address space, loaded or not. */
	#write({ mm, address, bytes, force }: Extract<KernelEvent, { kind: 'memory/write' }>): void {
		const done = this.#cpu.memory.writeFor(this.#pager(mm), address, bytes, force);
		assert(done, 'a decided write can be made');
	}

	/** What address spaces and memory objects that the last events ended leave in the processor. */
	#dropGone(before: MachineState): void {
		const { objects, mms } = this.#state;
		if (mms !== before.mms) {
			for (const [id, pager] of this.#pagers) {
				if (id in mms) continue;
				this.#pagers.delete(id);
				this.#cpu.forget(pager);
			}
		}
		if (objects === before.objects) return;
		for (const id of Object.keys(before.objects)) {
			if (!(id in objects)) this.#cpu.memory.drop(Number(id), 0, Number.MAX_SAFE_INTEGER);
		}
	}

	/** Memory objects of files that events write to and that may be mapped. */
	#filesWritten(events: readonly KernelEvent[]): number[] {
		const objects: number[] = [];
		for (const e of events) {
			if (e.kind !== 'inode/write' && e.kind !== 'inode/truncate' && e.kind !== 'input/content') continue;
			const { object } = this.#state.inodes[e.inode] ?? { object: 0 };
			if (object === 0 || objects.includes(object)) continue;
			const mapped = this.#loaded !== 0 && this.#mm.vmas.some((v) => v.object === object);
			if (mapped || this.#cpu.memory.holds(object)) objects.push(object);
		}
		return objects;
	}

	/**
	 * The part of an event that concerns the loaded task's registers, and mappings and memory.
	 * @param before the state before the events it is one of
	 */
	#applyLive(event: KernelEvent, before: MachineState): void {
		if ('regs' in event && event.regs && event.task === this.#loaded) {
			const { regs } = event;
			this.#cpu.patch(regs);
			// The processor may take less of other registers than it is given.
			for (const name in regs) if (!isPlain.has(name)) this.#noted = false;
		}
		switch (event.kind) {
			case 'mm/unmap':
			case 'mm/discard':
				this.#forgetRange(event.mm, event.start, event.end, true);
				return;
			case 'mm/flags':
				this.#forgetRange(event.mm, event.start, event.end, false);
				return;
			case 'mm/map':
				this.#forgetRange(event.mm, event.vma.start, event.vma.end, false);
				return;
			case 'mm/move':
				this.#forgetRange(event.mm, event.from, event.from + event.length, true);
				this.#forgetRange(event.mm, event.to, event.to + event.length, true);
				return;
			case 'mm/resize':
				this.#resized(event, before);
				return;
			case 'task/set':
				if (event.task === this.#loaded && event.fields.tls) this.#setTables();
				return;
			case 'mm/set':
				if (this.#loaded !== 0 && event.mm === this.#mm.id && event.fields.ldt) this.#setTables();
				return;
		}
	}

	/** Mappings of [start, end) changed: translations and code there are forgotten; with `pages`, private pages too. */
	#forgetRange(id: number, start: number, end: number, pages: boolean): void {
		const mm = this.#state.mms[id];
		if (mm === undefined) return;
		const { memory } = this.#cpu;
		if (pages) memory.drop(mm.object, start / PAGE_SIZE, end / PAGE_SIZE);
		if (this.#loaded !== 0 && this.#mm.id === id) memory.flush(start, end);
		else this.#cpu.forget(this.#pager(id));
	}

	#resized(e: Extract<KernelEvent, { kind: 'mm/resize' }>, before: MachineState): void {
		// What a start moved over: a growing stack's new pages, or pages given back.
		const low = Math.min(e.start, e.newStart);
		const high = Math.max(e.start, e.newStart);
		if (low < high) this.#forgetRange(e.mm, low, high, e.newStart > e.start);
		// A lowered end leaves frames behind.
		const mm = before.mms[e.mm];
		const was = mm && vmaAt(mm, e.start);
		if (was === undefined || was.end > e.newEnd) this.#forgetRange(e.mm, e.newEnd, this.#nextMapped(e.mm, e.newEnd), true);
	}

	/** Start of the first VMA at or above an address that no VMA holds; the address itself when one does. */
	#nextMapped(mm: number, address: number): number {
		for (const vma of this.#state.mms[mm]?.vmas ?? []) {
			if (vma.start <= address && vma.end > address) return address;
			if (vma.start > address) return vma.start;
		}
		return 2 ** 32;
	}
}
