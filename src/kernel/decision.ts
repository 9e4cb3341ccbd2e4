/**
 * A decision: what the kernel does about one thing (a call, a fault, a timer), as a list of events. It reads the state
 * and guest memory, and changes nothing: events are collected, and `state` shows what they will make of it.
 */
import type { CpuState } from '../events/cpu.ts';
import type { Mm, Task, ThreadGroup } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import type { InputRequest } from '../events/input.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { Persona } from '../events/persona.ts';
import type { RegisterPatch } from '../events/task.ts';
import { findVmaIndex, readState, vmaAt } from '../reducers/address-space.ts';
import { patched } from '../reducers/draft.ts';
import { enterCall } from '../reducers/live.ts';
import { fold } from '../reducers/reduce.ts';
import type { MachineState, RestartBlock, WaitRequest } from '../reducers/state.ts';
import { Vm } from '../reducers/state.ts';
import { rememberAttachments, touchedSegments } from './attachments.ts';
import { stackGrowth } from './stack.ts';

/** Guest memory as it is now: live (newer than the state) or a snapshot's. */
export interface MemoryView {
	/** Bytes of an address space of the state the decision began with; undefined when one is not readable. */
	read(mm: number, address: number, length: number): Uint8Array | undefined;
	/** A page of an object when it is newer than the state's; undefined otherwise. */
	page(object: number, index: number): Uint8Array | undefined;
	/** Pages that the state does not have at all yet. Undefined: none, it is a snapshot's. */
	readonly fresh?: number;
}

/** What a decision may see. */
export interface KernelView {
	readonly state: MachineState;
	readonly memory: MemoryView;
	/** Registers of a task as they are now (those in the state may be old while the task runs). */
	regs(pid: number): CpuState;
	/** Tasks that slept under a key (waits.ts waitKeys) when the decision began, in no order that counts; some may be awake. */
	waiting(key: string): Iterable<number>;
	/** What the checkpoint module answered to this decision's request. */
	readonly module?: ModuleAnswer | undefined;
}

/** What a system call handler answers. A number is the result (i32: ≥ 0, or -errno). */
export type Outcome = number | Block | NeedInput | NeedModule | Returned | Stopped;

/** The task sleeps inside the call; the handler is called again when the wait is over. */
export interface Block {
	readonly kind: 'block';
	readonly wait: WaitRequest;
	readonly restartBlock: RestartBlock | null;
}

/** The decision cannot be made before this input came; its events are thrown away. */
export interface NeedInput {
	readonly kind: 'need';
	readonly request: InputRequest;
}

/** What the checkpoint module is asked to do, for the deciding task. */
export type ModuleRequest =
	/** The image of the tree below a task. */
	| { readonly kind: 'checkpoint'; readonly root: number }
	/** A tree made of an image; more bytes may follow it. */
	| { readonly kind: 'restart'; readonly image: Uint8Array };

/** What it came to. `result` 0, or -errno with the reason in words. */
export interface ModuleAnswer {
	readonly result: number;
	readonly why: string;
	/** The tree's root; 0 when it failed. */
	readonly root: number;
	readonly objects: number;
	/** checkpoint: the image in the pieces it is written in, as far as it came. */
	readonly pieces: readonly Uint8Array[];
	/** checkpoint: what the image cannot hold. */
	readonly left: readonly string[];
	/** restart: how many bytes were read, and what makes the tree. */
	readonly read: number;
	readonly events: readonly KernelEvent[];
	/** restart: an inode whose contents must come first; 0 = none. */
	readonly unread: number;
}

/**
 * The decision needs the checkpoint module, which is no part of the kernel: the machine has it do this, and decides again with
 * its answer in the view. Its events so far are thrown away.
 */
export interface NeedModule {
	readonly kind: 'module';
	/** Who asks. */
	readonly task: number;
	readonly request: ModuleRequest;
	/** Those events. */
	readonly events: readonly KernelEvent[];
}

/** The registers were set by events (sigreturn, exec), or the task is gone: there is no result. */
export interface Returned {
	readonly kind: 'returned';
}

export const RETURNED: Returned = { kind: 'returned' };

/** The task stopped for its tracer within the call, and takes it up where it stopped (TraceStop). */
export interface Stopped {
	readonly kind: 'stopped';
}

export const STOPPED: Stopped = { kind: 'stopped' };

export function isNeed(value: unknown): value is NeedInput {
	return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'need';
}

/** Events that change what an address resolves to. */
const MAPPING = new Set([
	'mm/new',
	'mm/fork',
	'mm/drop',
	'mm/map',
	'mm/unmap',
	'mm/flags',
	'mm/move',
	'mm/resize',
	'mm/discard',
	'object/drop',
	'ipc/remove',
	'inode/truncate',
	'inode/write',
	'task/exec',
	'input/content',
]);

const NONE: readonly KernelEvent[] = [];

export class Decision {
	readonly view: KernelView;
	/** The task that decides. Executing a program may give it its group's pid. */
	pid: number;
	readonly events: KernelEvent[] = [];
	/** The state that it began with. */
	readonly begun: MachineState;
	#state: MachineState;
	#folded = 0;
	#remapped = false;
	/** Whether mappings may be attachments of segments. */
	readonly #ipc: boolean;
	/** Whether the events change the clock; whether they may change who traces. */
	#timed = false;
	#traces = false;
	/** The deciding task as it was. */
	readonly #first: Task | undefined;
	/** Writes to memory that `#state` does not have yet: reads look at them first, and folding pages is dear. */
	#held: KernelEvent[] = [];
	/** Whether `#state` has writes that are the processor's to make. */
	#mixed = false;
	readonly #writes: { mm: number; address: number; bytes: Uint8Array }[] = [];
	#regs: CpuState | undefined;
	/** Register patches of the events so far that `#regs` does not have yet. */
	#patches: RegisterPatch[] = [];

	constructor(view: KernelView, pid: number) {
		this.view = view;
		this.pid = pid;
		this.begun = view.state;
		this.#state = this.begun;
		this.#first = this.begun.tasks[pid];
		this.#ipc = Object.keys(view.state.ipcs).length > 0;
	}

	/**
	 * The state with the events so far applied, but for the bytes of guest memory that they write: `read` and `objectPage`
	 * know those.
	 */
	get state(): MachineState {
		if (this.#folded < this.events.length) {
			let fresh = this.events.slice(this.#folded);
			this.#folded = this.events.length;
			const [event] = fresh;
			// Nearly every call reads the state right after its entry: that one event is folded by hand.
			if (fresh.length === 1 && event.kind === 'syscall/enter') {
				this.#state = enterCall(this.#state, event.task, event.nr, event.regs);
				return this.#state;
			}
			const writes = this.#writes.length > 0 ? fresh.filter((e) => this.#isLive(e)) : NONE;
			if (this.#remapped && fresh.some((e) => MAPPING.has(e.kind))) {
				// What comes next may resolve addresses in another way.
				if (this.#held.length + writes.length > 0) this.#mixed = true;
				fresh = [...this.#held, ...fresh];
				this.#held = [];
			} else if (writes.length > 0) {
				this.#held.push(...writes);
				fresh = fresh.filter((e) => !this.#isLive(e));
			}
			if (fresh.length > 0) this.#state = fold(this.#state, fresh);
		}
		return this.#state;
	}

	/** A write to an address space that was there before: the pages of those may be newer than the state's. */
	#isLive(e: KernelEvent): boolean {
		return e.kind === 'memory/write' && e.mm in this.begun.mms;
	}

	/**
	 * What all events make of `begun`, but for writes to the memory of address spaces that were there before; undefined when
	 * such writes had to be folded in.
	 */
	get made(): MachineState | undefined {
		const { state } = this;
		return this.#mixed ? undefined : state;
	}

	/** As `state`, pages that were written included. */
	get whole(): MachineState {
		const { state } = this;
		if (this.#held.length === 0) return state;
		this.#state = fold(state, this.#held);
		this.#held = [];
		this.#mixed = true;
		return this.#state;
	}

	get persona(): Persona {
		return this.view.state.persona;
	}

	get task(): Task {
		return this.state.tasks[this.pid];
	}

	get mm(): Mm {
		const s = this.state;
		return s.mms[s.tasks[this.pid].mm];
	}

	/** As `mm`, for its mappings alone: as long as no event changed them, without reducing the events. */
	get #space(): Mm {
		return this.#remapped || this.#first === undefined ? this.mm : (this.begun.mms[this.#first.mm] ?? this.mm);
	}

	/** Whether nobody traces the deciding task. Nearly always this is known without reducing the events. */
	get isUntraced(): boolean {
		if (!this.#traces && this.#first?.pid === this.pid) return this.#first.trace === null;
		const task = this.state.tasks[this.pid];
		return task === undefined || task.trace === null;
	}

	get group(): ThreadGroup {
		const s = this.state;
		return s.groups[s.tasks[this.pid].group];
	}

	/** Registers of the deciding task, with the patches of this decision's events. */
	get regs(): CpuState {
		this.#regs ??= this.view.regs(this.pid);
		if (this.#patches.length > 0) {
			for (const patch of this.#patches) this.#regs = patched(this.#regs, patch);
			this.#patches = [];
		}
		return this.#regs;
	}

	/** CLOCK_MONOTONIC, ns. */
	get now(): number {
		const { persona, clock } = this.#timed ? this.state : this.view.state;
		return persona.bootNs + clock.steps * persona.nsPerStep + clock.skewNs;
	}

	/** CLOCK_REALTIME, ns since 1970. */
	get realNow(): bigint {
		const { persona, clock } = this.#timed ? this.state : this.view.state;
		return persona.epochNs + BigInt(clock.steps * persona.nsPerStep + clock.skewNs) + clock.realOffsetNs;
	}

	emit(event: KernelEvent): void {
		const attached = this.#ipc && MAPPING.has(event.kind) ? touchedSegments(this.state, event) : undefined;
		const { kind } = event;
		this.events.push(event);
		if (MAPPING.has(kind)) this.#remapped = true;
		if (kind === 'memory/write') this.#writes.push(event);
		if (kind === 'clock/set' || kind === 'clock/skip') this.#timed = true;
		if (kind === 'task/set' || kind === 'trace/stop' || kind === 'trace/resume') this.#traces = true;
		if ('regs' in event && event.regs && event.task === this.pid) this.#patches.push(event.regs);
		if (attached !== undefined) rememberAttachments(this, attached);
	}

	/** Copies guest memory as it will be after the events so far; undefined = EFAULT. */
	read(address: number, length: number, mm: Mm = this.#space): Uint8Array | undefined {
		if (length === 0) return new Uint8Array(0);
		const bytes = this.#remapped
			? readState(this.whole, mm, address, length, Vm.READ, this.view.memory.page)
			: this.view.memory.read(mm.id, address, length);
		if (bytes === undefined) return undefined;
		for (const w of this.#writes) {
			if (w.mm !== mm.id) continue;
			const from = Math.max(address, w.address);
			const to = Math.min(address + length, w.address + w.bytes.length);
			if (from < to) bytes.set(w.bytes.subarray(from - w.address, to - w.address), from - address);
		}
		return bytes;
	}

	/** Emits a write to guest memory; false (nothing emitted) = EFAULT. Grows the stack as a page fault would. */
	write(address: number, bytes: Uint8Array, force = false): boolean {
		if (bytes.length === 0) return true;
		const mm = this.#space;
		if (vmaAt(mm, address) === undefined) {
			const growth = stackGrowth(this.state, mm, this.group, address);
			if (growth) this.emit(growth);
		}
		if (!this.writable(address, bytes.length, force)) return false;
		this.emit({ kind: 'memory/write', mm: mm.id, address, bytes, force });
		return true;
	}

	/** Whether the kernel may write there (copy_to_user would succeed). */
	writable(address: number, length: number, force = false, mm: Mm = this.#space): boolean {
		const { vmas } = mm;
		const end = address + length;
		if (end > 2 ** 32) return false;
		for (let i = findVmaIndex(vmas, address); address < end; i++) {
			const vma = vmas[i];
			if (vma === undefined || vma.start > address || (!force && !(vma.flags & Vm.WRITE))) return false;
			if (vma.object !== 0) {
				const last = (Math.min(end, vma.end) - 1 - vma.start) / PAGE_SIZE;
				if ((vma.pgoff + Math.floor(last)) * PAGE_SIZE >= this.state.objects[vma.object].size) return false;
			}
			address = vma.end;
		}
		return true;
	}

	u32(address: number): number | undefined {
		const b = this.read(address, 4);
		return b && (b[0] | (b[1] << 8) | (b[2] << 16) | (b[3] << 24)) >>> 0;
	}

	writeU32(address: number, value: number): boolean {
		return this.write(address, new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]));
	}

	/** A page of a memory object as it is now, live frames included; undefined = zeros. */
	objectPage(object: number, index: number): Uint8Array | undefined {
		return this.view.memory.page(object, index) ?? this.whole.objects[object].pages.get(index);
	}

	/**
	 * A NUL-terminated string of at most `limit` bytes, NUL not included (as latin-1: one character a byte).
	 * undefined = EFAULT; null = no NUL within the limit (ENAMETOOLONG for paths).
	 */
	cstring(address: number, limit = 4096): string | undefined | null {
		let text = '';
		while (text.length < limit) {
			const n = Math.min(PAGE_SIZE - (address % PAGE_SIZE), limit - text.length);
			const bytes = this.read(address, n);
			if (!bytes) return undefined;
			const nul = bytes.indexOf(0);
			for (let i = 0; i < (nul < 0 ? n : nul); i++) text += String.fromCharCode(bytes[i]);
			if (nul >= 0) return text;
			address += n;
		}
		return null;
	}
}
