/**
 * The live machine: the draft of a MachineState, in immer's sense. Processor and kernel take turns; every change leaves as
 * an event through `sink`. Between `load` and `snapshot` the registers and memory of the task on the CPU live in the
 * processor; all else is an immutable state. What happens next is a function of that state alone, so a snapshot taken
 * anywhere and loaded again goes on in the same way.
 */

import { type CpuPersona, type DescriptorTables, type LiveCpu, Stop } from '../cpu/contract.ts';
import { assert } from '../events/assert.ts';
import { type Fault, Vector } from '../events/cpu.ts';
import { debugEntry } from '../events/debug.ts';
import type { Entry } from '../events/entities.ts';
import type { KernelEvent, MachineEvent, PageEffect } from '../events/event.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { Decision, KernelView, NeedInput } from '../kernel/decision.ts';
import { decideThaw, type ThawPolicy } from '../kernel/freezer.ts';
import { type Decided, decideEntry, decideFault, decideResume, decideSignals, decideTimers } from '../kernel/kernel.ts';
import { decideSchedule } from '../kernel/schedule.ts';
import { lookupPage, readState, vmaAt } from '../reducers/address-space.ts';
import { applyEffect, applyPages, LiveState } from '../reducers/live.ts';
import type { Pager } from '../reducers/pages.ts';
import { fold } from '../reducers/reduce.ts';
import type { MachineState, Task } from '../reducers/state.ts';
import { giveProcessor, takeProcessor } from './processors.ts';
import { Sleepers } from './sleepers.ts';

export type { Decision };

/** Steps in one `cpu/steps` event at most. */
const STEP_CHUNK = 65536;
/** Longest single call into the processor: V8 optimises between calls, and the recorder wants the floor now and then. */
const SLICE = 1_000_000;

/**
 * What leaves the machine about its steps: `runs`: length and check value; `effects`: registers and pages too;
 * `steps`: every step in columns.
 */
export type Detail = 'runs' | 'effects' | 'steps';

/** Why `advance` came back. */
export type Advance =
	/** The step limit is reached; nothing was decided at that position yet. */
	| { readonly kind: 'limit' }
	/** An input is needed before the next decision. */
	| NeedInput
	/**
	 * Nothing can run before something comes from outside: input on one of `streams`, a signal, or (after `ns`) the next
	 * deadline; null = no deadline.
	 */
	| { readonly kind: 'idle'; readonly streams: readonly number[]; readonly ns: number | null }
	/** The container is frozen: somebody outside dumps, fills or thaws it. */
	| { readonly kind: 'frozen' }
	/** Every task is gone. */
	| { readonly kind: 'ended' };

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
	/** Who sleeps is looked up anew. */
	ANEW: 8,
	/** An address space ends with it. */
	DROPS: 16,
	/** It writes to guest memory. */
	WRITES: 32,
} as const;
const ASKS: ReadonlyMap<string, number> = new Map<KernelEvent['kind'], number>([
	['mm/drop', Asks.ENDS | Asks.DROPS],
	['mm/unmap', Asks.ENDS],
	['mm/map', Asks.ENDS],
	['mm/resize', Asks.ENDS],
	['mm/set', Asks.ENDS],
	['object/drop', Asks.ENDS],
	['fd/close', Asks.ENDS],
	['fd/set', Asks.ENDS],
	['fs/set', Asks.ENDS],
	['dir/unlink', Asks.ENDS],
	['inode/set', Asks.ENDS],
	['task/exit', Asks.ENDS | Asks.LEAVES],
	['task/unshare', Asks.ENDS],
	['task/exec', Asks.LEAVES],
	['task/rename', Asks.LEAVES],
	['freezer/set', Asks.LEAVES | Asks.ANEW],
	['restore/end', Asks.LEAVES | Asks.ANEW],
	['mm/fork', Asks.COPIES],
	['mm/move', Asks.COPIES],
	['memory/write', Asks.WRITES],
]);

const NONE: readonly number[] = [];

function asksOf(events: readonly KernelEvent[]): number {
	let asks = 0;
	for (const e of events) asks |= ASKS.get(e.kind) ?? 0;
	return asks;
}

/** What the processor of a state's machine answers. */
export function cpuPersona({ persona: { cpuid, userCs, userDs } }: MachineState): CpuPersona {
	return { cpuid, userCs, userDs };
}

export class Machine {
	readonly #cpu: LiveCpu;
	/** Whether the processor is somebody else's. */
	readonly #lent: boolean;
	#closed = false;
	readonly #sink: (event: MachineEvent) => void;
	readonly #detail: Detail;
	readonly #view: KernelView;
	/** How each address space resolves pages, by its id: translations and decoded code are kept by it. */
	readonly #pagers = new Map<number, Pager>();
	readonly #live: LiveState;
	#sleepers: Sleepers;
	/** Task whose registers and memory are in the processor; 0 = none. */
	#loaded = 0;
	#k = 0;
	/** Steps of the run that is being made. */
	#run = 0;
	/** Pages sealed since the run began (detail `effects`). */
	#sealed: PageEffect[] = [];
	/**
	 * Monotonic ns before which nothing is due but what the running task brings about; undefined = not known. Only events
	 * change it: while a task runs, its CPU time and the clock go on together.
	 */
	#due: number | undefined;

	/** @param k events at the position of `state` that are in it already */
	constructor(state: MachineState, detail: Detail, sink: (event: MachineEvent) => void, cpu?: LiveCpu, k = 0) {
		this.#k = k;
		this.#lent = cpu !== undefined;
		this.#cpu = cpu ?? takeProcessor(cpuPersona(state));
		this.#live = new LiveState(state);
		this.#detail = detail;
		this.#sink = sink;
		this.#sleepers = new Sleepers(state);
		const machine = this;
		this.#view = {
			get state() {
				return machine.#state;
			},
			memory: {
				read: (mm, address, length) => this.#read(mm, address, length),
				page: (object, index) => this.#cpu.memory.peek(object, index),
			},
			regs: (pid) => (pid === this.#loaded ? this.#cpu.save() : this.#state.tasks[pid].cpu),
			waiting: (key) => this.#sleepers.under(key),
		};
	}

	/** Gives the processor back. The machine cannot be used after it. */
	close(): void {
		assert(!this.#closed, 'a machine is closed once');
		this.#closed = true;
		if (!this.#lent) giveProcessor(cpuPersona(this.#state), this.#cpu);
	}

	/** To look at here and now; what leaves the machine is shared first. */
	get #state(): MachineState {
		return this.#live.current;
	}

	/** Machine steps retired. */
	get steps(): number {
		return this.#state.clock.steps;
	}

	/** Events since the last retired step. */
	get k(): number {
		return this.#k;
	}

	/** As `kernelState`, to look at here and now only: it changes while the machine runs. */
	get peek(): MachineState {
		return this.#state;
	}

	/** The kernel's part of the state; registers and memory of the running task may be older. */
	get kernelState(): MachineState {
		return this.#live.share();
	}

	/** Guest memory of a task as it is now: undefined where a byte is not mapped readable. */
	readMemory(pid: number, address: number, length: number): Uint8Array | undefined {
		const { mm } = this.#state.tasks[pid];
		return mm === 0 ? undefined : this.#read(mm, address, length);
	}

	/** The machine as an immutable value. The run goes on as if it had not been taken. */
	snapshot(): MachineState {
		this.#sync();
		return this.#live.share();
	}

	/** Closes the run that is being made, so that all that happened has left as events. */
	flush(): void {
		if (this.#run === 0) return;
		const steps = this.#run;
		const task = this.#loaded;
		const { entry } = this.#state.tasks[task];
		this.#run = 0;
		if (this.#detail === 'steps') {
			const columns = this.#cpu.takeSteps(task, this.steps - steps);
			assert(columns.count === steps, 'the columns hold the run');
			this.#sink({ kind: 'cpu/steps', task, columns, entry });
			return;
		}
		const check = this.#cpu.check();
		if (this.#detail === 'runs') {
			this.#sink({ kind: 'cpu/run', task, steps, check, entry });
			return;
		}
		this.#sync();
		const pages = new Map<string, PageEffect>();
		for (const page of this.#sealed) {
			if (page.object in this.#state.objects) pages.set(`${page.object}:${page.index}`, page);
		}
		this.#sealed = [];
		const effect = { cpu: this.#state.tasks[task].cpu, pages: [...pages.values()] };
		this.#sink({ kind: 'cpu/run', task, steps, check, entry, effect });
	}

	/** Takes what came from outside: an input, or what somebody does to a frozen container. */
	feed(event: KernelEvent): void {
		this.#commit([event]);
	}

	/** What thaws it and takes up calls that sleep, as the policy says. */
	thaw(policy: ThawPolicy): readonly KernelEvent[] {
		const events = decideThaw(this.snapshot(), policy);
		this.#commit(events);
		return events;
	}

	/**
	 * Runs and decides until `limit` machine steps are retired, an input is needed, or the end.
	 * @param decide also what is due at the limit is decided
	 * @param until looked at between decisions: true stops as the limit does
	 */
	advance(limit: number, decide = false, until?: () => boolean): Advance {
		for (;;) {
			if (this.#state.ended) return { kind: 'ended' };
			if (until?.()) return { kind: 'limit' };
			if (this.#state.freezer !== 'thawed') return { kind: 'frozen' };
			if (this.steps >= limit && !decide) return { kind: 'limit' };
			const next = this.#decide();
			if (next === 'decided') continue;
			if (next !== 'nothing') return next;
			const { current } = this.#state.scheduler;
			if (current !== 0 && this.#state.tasks[current].state === 'running') {
				if (this.steps >= limit) return { kind: 'limit' };
				const need = this.#execute(current, limit);
				if (need) return need;
				continue;
			}
			const idle = this.#idle();
			if (idle) return idle;
		}
	}

	/** Makes the next decision that is due at this position, if there is one. */
	#decide(): 'decided' | 'nothing' | NeedInput {
		const { scheduler, tasks } = this.#state;
		const pid = scheduler.current;
		const current = pid === 0 ? undefined : tasks[pid];
		if (current !== undefined && current.entry !== 'none') return this.#settle(decideEntry(this.#view, pid));
		if (this.#due === undefined || this.#due <= this.#now()) {
			const done = this.#decideDue(pid);
			if (done !== 'nothing') return done;
		}
		const events = decideSchedule(this.#state);
		if (events.length === 0) return 'nothing';
		this.#commit(events);
		return 'decided';
	}

	/** Decides what the running task did not bring about: wakes, timers, signals from elsewhere. */
	#decideDue(pid: number): 'decided' | 'nothing' | NeedInput {
		const { tasks } = this.#state;
		const woken = this.#sleepers.ready(this.#state);
		if (woken !== 0) return this.#settle(decideResume(this.#view, woken));
		const deadline = this.#sleepers.deadline(this.#state);
		if (deadline !== null && deadline <= this.#now()) {
			const done = this.#settle(decideTimers(this.#view, pid === 0 ? Number(Object.keys(tasks)[0]) : pid));
			assert(done !== 'nothing', 'a deadline that has come is acted on');
			return done;
		}
		const current = tasks[pid];
		if (current?.state === 'running' && this.#hasReason(current)) {
			const done = this.#settle(decideSignals(this.#view, pid));
			if (done !== 'nothing') return done;
		}
		this.#due = deadline ?? Number.POSITIVE_INFINITY;
		return 'nothing';
	}

	/** Whether the kernel may have something to do before a task runs in user mode. */
	#hasReason(task: Task): boolean {
		const { pending, stopSignal } = this.#state.groups[task.group];
		if (task.trace !== null && (task.trace.stop !== null || task.trace.interrupt)) return true;
		return task.pending.length > 0 || pending.length > 0 || stopSignal !== 0 || task.origAx >= 0 || task.savedMask !== null;
	}

	#settle(made: Decided): 'decided' | 'nothing' | NeedInput {
		if (made.kind === 'need') return made;
		if (made.events.length === 0) return 'nothing';
		this.#commit(made.events);
		return 'decided';
	}

	/** Nothing can run: time jumps, or the outside is asked, or it is the end. */
	#idle(): Advance | null {
		const tasks = Object.values(this.#state.tasks);
		if (tasks.every((t) => t.state === 'zombie' || t.state === 'dead')) {
			this.#commit([{ kind: 'machine/end' }]);
			return null;
		}
		const deadline = this.#sleepers.deadline(this.#state);
		const ns = deadline === null ? null : deadline - this.#now();
		const streams: number[] = [];
		for (const task of tasks) {
			for (const on of task.state === 'sleeping' && task.wait ? task.wait.on : []) {
				if (on.kind === 'stream-readable' && !this.#state.streams[on.stream].eof) streams.push(on.stream);
			}
		}
		if (streams.length === 0 && ns !== null) {
			this.#commit([{ kind: 'clock/skip', ns }]);
			return null;
		}
		return { kind: 'idle', streams: [...new Set(streams)].sort((a, b) => a - b), ns };
	}

	#now(): number {
		const { persona, clock } = this.#state;
		return persona.bootNs + clock.steps * persona.nsPerStep + clock.skewNs;
	}

	/** Lets the processor run up to the next thing the kernel has to do. */
	#execute(pid: number, limit: number): NeedInput | undefined {
		if (this.#loaded !== pid) this.#load(pid);
		const { scheduler, persona } = this.#state;
		let budget = Math.min(limit - this.steps, SLICE);
		if (scheduler.queue.length > 0) budget = Math.min(budget, scheduler.left);
		assert(this.#due !== undefined, 'what is due was decided');
		const now = this.#now();
		budget = Math.min(budget, Math.ceil((this.#due - now) / persona.nsPerStep));
		if (this.#detail === 'steps') budget = Math.min(budget, STEP_CHUNK - this.#run);
		const cpu = this.#cpu;
		const stop = this.#detail === 'steps' ? cpu.record(budget, now * persona.tscPerNs) : cpu.run(budget, now * persona.tscPerNs);
		const { retired } = cpu;
		if (retired > 0) {
			this.#run += retired;
			this.#k = 0;
			this.#live.count(pid, retired, entryOf(stop, cpu.fault));
		}
		if (this.#detail === 'steps' && (this.#run >= STEP_CHUNK || (stop === Stop.BUDGET && retired < budget))) this.flush();
		if (stop !== Stop.FAULT && stop !== Stop.UNSUPPORTED) {
			assert(retired > 0 || this.#detail === 'steps', 'the processor makes progress');
			if (entryOf(stop, cpu.fault) !== 'none') this.flush();
			return undefined;
		}
		const fault = stop === Stop.UNSUPPORTED ? { vector: Vector.UD, error: 0, address: 0, bus: false } : cpu.fault;
		assert(fault !== undefined, 'a fault stop has a fault');
		const vector = fault.vector;
		if (retired > 0 && (vector === 3 || vector === 4) && this.#trapped(vector)) return undefined;
		const made = decideFault(this.#view, pid, fault, stop === Stop.UNSUPPORTED ? cpu.bytesAtEip() : null);
		if (made.kind === 'need') return made;
		assert(made.events.length > 0, 'a fault is acted on');
		this.#commit(made.events);
		return undefined;
	}

	/** #BP and #OF are traps: the instruction retired, and the kernel acts at the position after it. */
	#trapped(vector: number): boolean {
		const pid = this.#loaded;
		const entry: Entry = vector === 3 ? 'bp' : 'of';
		this.#live.count(pid, 0, entry);
		this.flush();
		return true;
	}

	get #mm() {
		return this.#state.mms[this.#state.tasks[this.#loaded].mm];
	}

	#tables(): DescriptorTables {
		return { tls: this.#state.tasks[this.#loaded].tls, ldt: this.#mm.ldt };
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
	#load(pid: number): void {
		this.#unload();
		if (this.#cpu.memory.dirtyCount > MANY_DIRTY) this.#seal();
		this.#loaded = pid;
		const { cpu, mm } = this.#state.tasks[pid];
		this.#cpu.load(cpu, this.#tables(), this.#pager(mm), true);
	}

	/** Registers go back into the state; the processor has no task. */
	#unload(): void {
		if (this.#loaded === 0) return;
		this.flush();
		this.#live.replace(applyEffect(this.#state, this.#loaded, this.#cpu.save(), []));
		this.#loaded = 0;
	}

	/** Brings the registers of the loaded task and all pages into the state. */
	#sync(): void {
		this.#seal();
		if (this.#loaded !== 0) this.#live.replace(applyEffect(this.#state, this.#loaded, this.#cpu.save(), []));
	}

	#seal(): void {
		const pages = this.#cpu.memory.seal();
		if (pages.length === 0) return;
		if (this.#detail === 'effects') this.#sealed.push(...pages);
		this.#live.replace(applyPages(this.#state, pages));
	}

	#read(mm: number, address: number, length: number): Uint8Array | undefined {
		if (this.#loaded !== 0 && this.#state.tasks[this.#loaded].mm === mm) return this.#cpu.memory.read(address, length);
		return readState(this.#state, this.#state.mms[mm], address, length, 1, this.#view.memory.page);
	}

	/** Applies decided events: to the state by the reducers, to the processor where it holds the newer truth. */
	#commit(events: readonly KernelEvent[]): void {
		this.flush();
		this.#sealed = [];
		for (const event of events) this.#sink(event);
		this.#k += events.length;
		const [first, second] = events;
		if (
			events.length === 2 &&
			first.kind === 'syscall/enter' &&
			second.kind === 'syscall/exit' &&
			first.task === this.#loaded &&
			!(second.result <= -512 && second.result >= -516)
		) {
			this.#cpu.patch(first.regs);
			this.#cpu.patch(second.regs);
			this.#live.settle(first.task);
			return;
		}
		this.#due = undefined;
		const written = this.#filesWritten(events);
		const asks = asksOf(events);
		if (written.length > 0 || asks & Asks.COPIES) this.#seal();
		if (this.#loaded !== 0 && asks & Asks.LEAVES) {
			this.#live.replace(applyEffect(this.#state, this.#loaded, this.#cpu.save(), []));
		}
		const before = this.#state;
		// Memory of an address space that ends with these events is written before it does: others may share it.
		const ends = asks & Asks.DROPS ? events.flatMap((e) => (e.kind === 'mm/drop' ? [e.mm] : [])) : NONE;
		const isLive = (e: KernelEvent) => e.kind === 'memory/write' && e.mm in before.mms;
		if (ends.length > 0)
			for (const e of events) if (e.kind === 'memory/write' && ends.includes(e.mm) && isLive(e)) this.#write(e);
		this.#live.replace(fold(before, asks & Asks.WRITES ? events.filter((e) => !isLive(e)) : events));
		const task = this.#state.tasks[this.#loaded];
		if (task === undefined || task.mm === 0 || task.mm !== before.tasks[this.#loaded].mm) this.#loaded = 0;
		for (const e of events) {
			if (e.kind !== 'memory/write') this.#applyLive(e, before);
			else if (isLive(e) && !ends.includes(e.mm)) this.#write(e);
		}
		for (const object of written) this.#cpu.memory.drop(object, 0, Number.MAX_SAFE_INTEGER);
		// An absent page of a file is the zero page until it is written.
		if (this.#loaded !== 0 && written.some((object) => this.#mm.vmas.some((v) => v.object === object))) {
			this.#cpu.memory.flush(0, 2 ** 32);
		}
		if (asks & Asks.ENDS) this.#dropGone(before);
		if (asks & Asks.ANEW) this.#sleepers = new Sleepers(this.#state);
		else this.#sleepers.note(events, this.#state);
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
		if ('regs' in event && event.regs && event.task === this.#loaded) this.#cpu.patch(event.regs);
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
				if (event.task === this.#loaded && event.fields.tls) this.#cpu.setTables(this.#tables());
				return;
			case 'mm/set':
				if (this.#loaded !== 0 && event.mm === this.#mm.id && event.fields.ldt) this.#cpu.setTables(this.#tables());
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

function entryOf(stop: number, fault: Fault | undefined): Entry {
	if (stop === Stop.DEBUG && fault) return debugEntry(fault.error);
	return stop === Stop.INT80 ? 'int80' : stop === Stop.SYSENTER ? 'sysenter' : 'none';
}
