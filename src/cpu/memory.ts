/**
 * Guest memory of a processor: frames keyed by (object, index), TLBs filled through the Pager, copy-on-write, sealing.
 * The interpreter's fast path is one compare of a TLB tag; everything else comes here.
 *
 * A frame that holds decoded code never enters the write TLB: writes to it go through the bounce buffer and `commit`,
 * which drops the code they touch. Nothing here shows in guest state: TLB and frames are caches of (pager + dirty frames).
 */
import { assert } from '../events/assert.ts';
import { Vector } from '../events/cpu.ts';
import type { PageLookup, Pager } from '../reducers/pages.ts';
import type { Breakpoints } from './breakpoints.ts';
import { Access, type DirtyPage, type LiveMemory, NO_MEMORY } from './contract.ts';
import {
	BOUNCE, BOUNCE_ADDRESS_W, BOUNCE_SIZE_W, FAULT_W, POOL, RECORDING_W, STOP_W,
	TLB_EMPTY, TLB_ENTRIES, TLB_READ_W, TLB_WRITE_W, VECTOR,
} from './layout.ts'; // biome-ignore format: a list
import { reserve } from './pool.ts';

/** Thrown to leave an instruction that faulted; what faulted stands in the CPU block. Never leaves `cpu/`. */
export const GUEST_FAULT: { readonly guestFault: true } = Object.freeze({ guestFault: true });

const DIRTY = 1;
const CODE = 2;
/** The frame holds a page that the state does not have at all: it counts as new until it is sealed. */
const FRESH = 4;
const ZERO_FRAME = 0;
/** Filled entries of a TLB that are emptied one by one. */
const FEW = 64;
/** Error code bits of #PF (SDM vol. 3, 4.7). */
const PF_PRESENT = 1;
const PF_WRITE = 2;
const PF_USER = 4;
const PF_FETCH = 16;

/** What memory tells the code cache. */
export interface CodeWatcher {
	/** The frame's bytes change, or it goes away: drop what was decoded from it. */
	dropFrame(frame: number): void;
	/** Whether decoded code covers any of the bytes [from, to) of the frame. */
	covers(frame: number, from: number, to: number): boolean;
	/** Drops code in a linear range of the running address space. */
	dropRange(start: number, end: number): void;
	/** Drops everything. */
	dropAll(): void;
}

/** The live memory of the running task. */
export class GuestMemory implements LiveMemory {
	/** The WebAssembly.Memory itself, for translated code to import. */
	readonly wasm: object;
	readonly bytes: Uint8Array;
	readonly words: Int32Array;
	readonly view: DataView;
	/** Frames of each object by page index. */
	private objects = new Map<number, Map<number, number>>();
	private readonly frameObject: Float64Array;
	private readonly frameIndex: Uint32Array;
	private readonly frameState: Uint8Array;
	private readonly capacity: number;
	private next = 1;
	private free: number[] = [];
	private dirty: number[] = [];
	/** Pages that the read TLB maps to the zero frame. */
	private zeroMapped: number[] = [];
	/** Words of each TLB that were filled since it was emptied, as long as they are few: a task that runs for a moment fills few. */
	private readonly readFilled: number[] = [];
	private readonly writeFilled: number[] = [];
	private pager: Pager = { lookup: () => undefined };
	/** Another address space than the loaded one is written to: its translations are not kept. */
	private foreign = false;
	/** The kernel writes: it may use up more than there is. */
	private kernel = false;
	room = Number.POSITIVE_INFINITY;
	fresh = 0;
	private watcher: CodeWatcher | undefined;
	/** Data breakpoints: their pages stay out of the TLBs. */
	private breakpoints: Breakpoints | undefined;
	/** Called for each write while recording (address, size): the value stands in memory afterwards. */
	logWrite: (address: number, size: number, value: number) => void = () => {};

	/** @param poolBytes cap of the frame pool; reserved, not committed. */
	constructor(poolBytes = 2 ** 30) {
		const memory = reserve(poolBytes);
		this.wasm = memory;
		this.bytes = new Uint8Array(memory.buffer);
		this.words = new Int32Array(memory.buffer);
		this.view = new DataView(memory.buffer);
		this.capacity = ((this.bytes.length - POOL) >>> 12) - 1; // a 4-byte peek at the end of the last frame stays inside
		this.frameObject = new Float64Array(this.capacity);
		this.frameIndex = new Uint32Array(this.capacity);
		this.frameState = new Uint8Array(this.capacity);
		this.words.fill(TLB_EMPTY, TLB_READ_W, TLB_READ_W + TLB_ENTRIES * 2);
		this.words.fill(TLB_EMPTY, TLB_WRITE_W, TLB_WRITE_W + TLB_ENTRIES * 2);
	}

	watch(watcher: CodeWatcher): void {
		this.watcher = watcher;
	}
	setBreakpoints(breakpoints: Breakpoints): void {
		this.breakpoints = breakpoints;
	}
	/** Uses another pager; forgets translations, not frames. */
	setPager(pager: Pager): void {
		if (pager !== this.pager) this.flushTlb();
		this.pager = pager;
	}
	/** Forgets every frame: another machine's memory is loaded. Unsealed changes are lost. */
	reset(): void {
		this.watcher?.dropAll();
		this.objects = new Map();
		this.frameState.fill(0, 0, this.next);
		this.next = 1;
		this.free = [];
		this.dirty = [];
		this.fresh = 0;
		this.room = Number.POSITIVE_INFINITY;
		this.flushTlb();
	}

	flushTlb(): void {
		this.empty(TLB_READ_W, this.readFilled);
		this.flushWriteTlb();
		this.zeroMapped = [];
	}
	private flushWriteTlb(): void {
		this.empty(TLB_WRITE_W, this.writeFilled);
	}
	private empty(tlb: number, filled: number[]): void {
		const { words } = this;
		// A delta behind an empty tag is never looked at
		if (filled.length < FEW) for (const i of filled) words[i] = TLB_EMPTY;
		else words.fill(TLB_EMPTY, tlb, tlb + TLB_ENTRIES * 2);
		filled.length = 0;
	}
	private enter(i: number, filled: number[], linear: number, frame: number): void {
		this.words[i] = linear;
		this.words[i + 1] = POOL + frame * 4096 - linear;
		if (filled.length < FEW) filled.push(i);
	}
	/** Removes the entries of one TLB that lead to a frame. */
	private unmapFrame(tlb: number, frame: number): void {
		const { words } = this;
		for (let i = tlb; i < tlb + TLB_ENTRIES * 2; i += 2) {
			if (words[i] !== TLB_EMPTY && ((words[i] + words[i + 1]) | 0) === POOL + frame * 4096) words[i] = TLB_EMPTY;
		}
	}

	// Frames
	/** Byte offset of a frame in the memory. */
	at(frame: number): number {
		return POOL + frame * 4096;
	}
	frameOf(object: number, index: number): number | undefined {
		return this.objects.get(object)?.get(index);
	}
	private alloc(object: number, index: number): number {
		let frame = this.free.pop();
		if (frame === undefined) {
			if (this.next >= this.capacity) {
				this.evict();
				return this.alloc(object, index);
			}
			frame = this.next++;
		}
		let frames = this.objects.get(object);
		if (!frames) this.objects.set(object, (frames = new Map()));
		frames.set(index, frame);
		this.frameObject[frame] = object;
		this.frameIndex[frame] = index;
		this.frameState[frame] = 0;
		return frame;
	}
	private release(frame: number): void {
		if (this.frameState[frame] & CODE) this.watcher?.dropFrame(frame);
		const object = this.frameObject[frame];
		const frames = this.objects.get(object);
		if (this.frameState[frame] & FRESH) this.fresh--;
		frames?.delete(this.frameIndex[frame]);
		if (frames?.size === 0) this.objects.delete(object);
		this.frameState[frame] = 0;
		this.free.push(frame);
	}
	/** Frees all clean frames: their bytes are the pager's. */
	private evict(): void {
		this.flushTlb();
		for (const frames of [...this.objects.values()]) {
			for (const frame of [...frames.values()]) if (!(this.frameState[frame] & DIRTY)) this.release(frame);
		}
		assert(this.free.length > 0, `the frame pool is full: ${this.capacity} dirty pages since the last seal`);
	}
	/** The frame holds decoded code (or no longer). */
	setCode(frame: number, on: boolean): void {
		if (!on) this.frameState[frame] &= ~CODE;
		else if (!(this.frameState[frame] & CODE)) {
			this.frameState[frame] |= CODE;
			this.unmapFrame(TLB_WRITE_W, frame);
		}
	}

	// Translation
	/** Sets the fault words and leaves the instruction. */
	raise(vector: number, error: number, address = 0, bus = 0): never {
		const { words } = this;
		words[FAULT_W] = vector;
		words[FAULT_W + 1] = error;
		words[FAULT_W + 2] = address;
		words[FAULT_W + 3] = bus;
		words[STOP_W] = 3;
		throw GUEST_FAULT;
	}
	/** Leaves the instruction without a fault: the slice ends before it. */
	leave(): never {
		this.words[STOP_W] = 0;
		throw GUEST_FAULT;
	}
	private pageFault(address: number, page: PageLookup | undefined, bits: number): never {
		const bus = page?.bus ?? false;
		const present = page !== undefined && !bus && page.access !== 0 ? PF_PRESENT : 0;
		return this.raise(Vector.PF, PF_USER | bits | present, address, bus ? 1 : 0);
	}
	/** Frame to read a page from; absent pages give the zero frame. */
	private frameForRead(page: PageLookup): number {
		const own = this.frameOf(page.object, page.index);
		if (own !== undefined) return own;
		if (page.bytes) return this.fill(this.alloc(page.object, page.index), page.bytes);
		const { backing } = page;
		if (!backing) return ZERO_FRAME;
		const shared = this.frameOf(backing.object, backing.index);
		if (shared !== undefined) return shared;
		return backing.bytes ? this.fill(this.alloc(backing.object, backing.index), backing.bytes) : ZERO_FRAME;
	}
	private fill(frame: number, bytes: Uint8Array | undefined): number {
		const at = POOL + frame * 4096;
		if (bytes) this.bytes.set(bytes, at);
		else this.bytes.fill(0, at, at + 4096);
		return frame;
	}
	/** Whether there is no room for a write to a page: it would be a new one, or too many are dirty. */
	private isFull(page: PageLookup): boolean {
		if (this.room > 0 && this.dirty.length < this.capacity / 2) return false;
		const frame = this.frameOf(page.object, page.index);
		if (frame !== undefined && this.frameState[frame] & DIRTY) return false;
		return this.dirty.length >= this.capacity / 2 || (frame === undefined && page.bytes === undefined);
	}
	/** Frame to write a page to, made on the first write; marks it dirty. */
	private frameForWrite(page: PageLookup): number {
		let frame = this.frameOf(page.object, page.index);
		if (frame === undefined) {
			if (page.bytes === undefined) {
				this.room--;
				this.fresh++;
			}
			const hidden = this.hiddenFrame(page);
			frame = this.alloc(page.object, page.index);
			const from = hidden === undefined ? (page.bytes ?? page.backing?.bytes) : undefined;
			if (hidden !== undefined) this.bytes.copyWithin(this.at(frame), this.at(hidden), this.at(hidden) + 4096);
			else this.fill(frame, from);
			if (page.bytes === undefined) {
				this.frameState[frame] |= FRESH;
				this.unmapHidden(hidden ?? ZERO_FRAME);
			}
		}
		if (!(this.frameState[frame] & DIRTY)) {
			this.frameState[frame] |= DIRTY;
			this.dirty.push(frame);
		}
		return frame;
	}
	/** The frame of a file page that a private page is about to hide. */
	private hiddenFrame(page: PageLookup): number | undefined {
		return page.bytes === undefined && page.backing ? this.frameOf(page.backing.object, page.backing.index) : undefined;
	}
	/** Readers of a page that now has a frame of its own must look again. */
	private unmapHidden(frame: number): void {
		if (frame === ZERO_FRAME) {
			for (const page of this.zeroMapped) {
				const i = TLB_READ_W + ((page >>> 11) & 2046);
				if (this.words[i] === page) this.words[i] = TLB_EMPTY;
			}
			this.zeroMapped = [];
		} else this.unmapFrame(TLB_READ_W, frame);
		if (this.frameState[frame] & CODE) this.watcher?.dropFrame(frame);
	}

	/** Fills the read TLB for an address, unless its page is watched; returns the frame. */
	private mapRead(address: number): number {
		const page = this.pager.lookup(address >>> 12);
		if (!page || page.bus || page.access === 0) return this.pageFault(address, page, 0);
		const frame = this.frameForRead(page);
		if (this.breakpoints?.covers(address)) return frame;
		const linear = address & -4096;
		this.enter(TLB_READ_W + ((address >>> 11) & 2046), this.readFilled, linear, frame);
		if (frame === ZERO_FRAME) this.zeroMapped.push(linear);
		return frame;
	}
	/** Frame for a write, in the write TLB unless it holds code or its page is watched. */
	private mapWrite(address: number, force: boolean): number {
		const page = this.pager.lookup(address >>> 12);
		if (!page || page.bus || (!(page.access & Access.WRITE) && !force)) return this.pageFault(address, page, PF_WRITE);
		if (!this.kernel && this.isFull(page)) return this.raise(NO_MEMORY, 0, address);
		const frame = this.frameForWrite(page);
		if (!(this.frameState[frame] & CODE) && !force && !this.foreign && !this.breakpoints?.covers(address)) {
			const linear = address & -4096;
			this.enter(TLB_WRITE_W + ((address >>> 11) & 2046), this.writeFilled, linear, frame);
		}
		return frame;
	}
	/**
	 * Fills a TLB for an address that translated code missed. False when that is no way out (it is mapped already, so the access
	 * crosses a page; it may not be accessed; its frame stays out of the TLB): the instruction is for T0.
	 */
	warm(address: number, write: boolean): boolean {
		const { words } = this;
		const i = (write ? TLB_WRITE_W : TLB_READ_W) + ((address >>> 11) & 2046);
		const page = address & -4096;
		if (words[i] === page) return false;
		const stop = words[STOP_W];
		try {
			if (write) this.mapWrite(address, false);
			else this.mapRead(address);
		} catch (e) {
			if (e !== GUEST_FAULT) throw e;
			words[STOP_W] = stop;
		}
		return words[i] === page;
	}
	/** Frame to fetch instructions from; raises #PF with the fetch bit. */
	mapFetch(address: number): number {
		const page = this.pager.lookup(address >>> 12);
		if (!page || page.bus || !(page.access & Access.EXEC)) return this.pageFault(address, page, PF_FETCH);
		return this.frameForRead(page);
	}

	/** As `mapFetch`, of a linear page, and raises nothing: -1 when nothing can be fetched from there. */
	fetchFrame(vpn: number): number {
		const page = this.pager.lookup(vpn);
		return !page || page.bus || !(page.access & Access.EXEC) ? -1 : this.frameForRead(page);
	}

	// Slow paths of the interpreter. Addresses i32, linear.
	/** Memory byte of a readable address. */
	private readable(address: number): number {
		const i = (address >>> 11) & 2046;
		if (this.words[TLB_READ_W + i] !== (address & -4096)) return this.at(this.mapRead(address)) + (address & 4095);
		return (this.words[TLB_READ_W + i + 1] + address) | 0;
	}
	rs8 = (address: number): number => {
		if (this.breakpoints?.watching) this.breakpoints.access(address, 1, false);
		return this.bytes[this.readable(address)];
	};
	rs16 = (address: number): number => {
		if (this.breakpoints?.watching) this.breakpoints.access(address, 2, false);
		if ((address & 4095) !== 4095) return this.view.getUint16(this.readable(address), true);
		const low = this.bytes[this.readable(address)];
		return low | (this.bytes[this.readable((address + 1) | 0)] << 8);
	};
	rs32 = (address: number): number => {
		if (this.breakpoints?.watching) this.breakpoints.access(address, 4, false);
		if ((address & 4095) <= 4092) return this.view.getInt32(this.readable(address), true);
		let value = 0;
		for (let i = 0; i < 4; i++) value |= this.bytes[this.readable((address + i) | 0)] << (8 * i);
		return value;
	};
	/**
	 * Where `size` (1, 2, 4, 8 or 16) bytes at `address` can be written: a memory byte, or the bounce buffer filled with the present
	 * bytes; after writing there `commit` must be called.
	 */
	ws = (address: number, size: number): number => {
		const i = (address >>> 11) & 2046;
		const tag = (address + size - 1) & -4096;
		if (this.words[TLB_WRITE_W + i] === tag) return (this.words[TLB_WRITE_W + i + 1] + address) | 0;
		const frame = this.mapWrite(address, false);
		// A shift by zero counts as a write too
		if (this.breakpoints?.watching) this.breakpoints.access(address, size, true);
		if (tag === (address & -4096)) {
			const at = this.at(frame) + (address & 4095);
			if (!(this.frameState[frame] & CODE) && !this.breakpoints?.covers(address)) return at;
			this.view.setInt32(BOUNCE, this.view.getInt32(at, true), true);
		} else {
			this.mapWrite((address + size - 1) & -4096, false);
			for (let k = 0; k < size; k++) this.bytes[BOUNCE + k] = this.bytes[this.readable((address + k) | 0)];
		}
		this.words[BOUNCE_ADDRESS_W] = address;
		this.words[BOUNCE_SIZE_W] = size;
		return BOUNCE;
	};
	/** Memory byte of `size` bytes at `address`: where they are, or a copy of them when they cross a page. */
	vr = (address: number, size: number): number => {
		if (this.breakpoints?.watching) this.breakpoints.access(address, size, false);
		if ((address & 4095) + size <= 4096) return this.readable(address);
		for (let i = 0; i < size; i++) this.bytes[VECTOR + i] = this.bytes[this.readable((address + i) | 0)];
		return VECTOR;
	};
	/** Logs a write of `size` bytes, a multiple of four, that stands at memory byte `at`. */
	vlog = (address: number, at: number, size: number): void => {
		for (let i = 0; i < size; i += 4) this.logWrite((address + i) | 0, 4, this.view.getInt32(at + i, true));
	};
	/** Moves the bounce buffer to where it belongs, dropping code it hits. */
	commit = (): void => {
		const address = this.words[BOUNCE_ADDRESS_W];
		const size = this.words[BOUNCE_SIZE_W];
		this.writeBytes(address, this.bytes.subarray(BOUNCE, BOUNCE + size), false);
	};
	/** Writes bytes whose pages are known to be writable. */
	private writeBytes(address: number, bytes: Uint8Array, force: boolean): void {
		for (let done = 0; done < bytes.length; ) {
			const at = (address + done) | 0;
			const offset = at & 4095;
			const n = Math.min(bytes.length - done, 4096 - offset);
			const frame = this.mapWrite(at, force);
			this.bytes.set(bytes.subarray(done, done + n), this.at(frame) + offset);
			if (this.frameState[frame] & CODE && this.watcher?.covers(frame, offset, offset + n)) this.watcher.dropFrame(frame);
			done += n;
		}
	}

	// The same for helpers and the general forms; writes are logged while recording
	read8(address: number): number {
		return this.rs8(address | 0);
	}
	read16(address: number): number {
		return this.rs16(address | 0);
	}
	read32(address: number): number {
		return this.rs32(address | 0) >>> 0;
	}
	/** Raises #PF unless [address, address+size) can be written; size ≤ 4096. */
	probe(address: number, size: number): void {
		this.mapWrite(address | 0, false);
		const last = (address + size - 1) | 0;
		if ((last & -4096) !== (address & -4096)) this.mapWrite(last & -4096, false);
	}
	/** As `probe`, for an operand that counts as written even if nothing comes. */
	probeOperand(address: number, size: number): void {
		this.probe(address, size);
		if (this.breakpoints?.watching) this.breakpoints.access(address, size, true);
	}
	store = (address: number, at: number, size: number, value: number): void => {
		if (size === 4) this.view.setInt32(at, value, true);
		else if (size === 2) this.view.setInt16(at, value, true);
		else this.bytes[at] = value;
		if (this.words[RECORDING_W] !== 0) this.logWrite(address, size, value);
		if (at < POOL) this.commit();
	};
	write8(address: number, value: number): void {
		this.store(address | 0, this.ws(address | 0, 1), 1, value);
	}
	write16(address: number, value: number): void {
		this.store(address | 0, this.ws(address | 0, 2), 2, value);
	}
	write32(address: number, value: number): void {
		this.store(address | 0, this.ws(address | 0, 4), 4, value);
	}

	// LiveMemory
	read(address: number, length: number): Uint8Array | undefined {
		const out = new Uint8Array(length);
		for (let done = 0; done < length; ) {
			const at = (address + done) | 0;
			const offset = at & 4095;
			const n = Math.min(length - done, 4096 - offset);
			const i = (at >>> 11) & 2046;
			let from: number;
			if (this.words[TLB_READ_W + i] === (at & -4096)) from = (this.words[TLB_READ_W + i + 1] + at) | 0;
			else {
				const page = this.pager.lookup(at >>> 12);
				if (!page || page.bus || page.access === 0) return undefined;
				from = this.at(this.frameForRead(page)) + offset;
			}
			out.set(this.bytes.subarray(from, from + n), done);
			done += n;
		}
		return out;
	}
	write(address: number, bytes: Uint8Array, force = false): boolean {
		if (address + bytes.length > 2 ** 32) return false;
		for (let vpn = address >>> 12; bytes.length > 0 && vpn <= (address + bytes.length - 1) >>> 12; vpn++) {
			const page = this.pager.lookup(vpn);
			if (!page || page.bus || (!(page.access & Access.WRITE) && !force)) return false;
		}
		this.kernel = true;
		this.writeBytes(address | 0, bytes, force);
		this.kernel = false;
		return true;
	}
	writeFor(pager: Pager, address: number, bytes: Uint8Array, force = false): boolean {
		if (pager === this.pager) return this.write(address, bytes, force);
		const own = this.pager;
		this.pager = pager;
		this.foreign = true;
		try {
			return this.write(address, bytes, force);
		} finally {
			this.pager = own;
			this.foreign = false;
		}
	}
	holds(object: number): boolean {
		return this.objects.has(object);
	}
	seal(): DirtyPage[] {
		const pages: DirtyPage[] = [];
		for (const frame of this.dirty) {
			this.frameState[frame] &= ~(DIRTY | FRESH);
			const at = this.at(frame);
			pages.push({ object: this.frameObject[frame], index: this.frameIndex[frame], bytes: this.bytes.slice(at, at + 4096) });
		}
		this.dirty = [];
		this.fresh = 0;
		if (pages.length > 0) this.flushWriteTlb();
		return pages.sort((a, b) => a.object - b.object || a.index - b.index);
	}
	get dirtyCount(): number {
		return this.dirty.length;
	}
	flush(start: number, end: number): void {
		const first = start >>> 12;
		const last = Math.ceil(end / 4096);
		if (last - first >= TLB_ENTRIES / 2) this.flushTlb();
		else {
			for (let vpn = first; vpn < last; vpn++) {
				const i = (vpn & 1023) * 2;
				const page = vpn << 12;
				if (this.words[TLB_READ_W + i] === page) this.words[TLB_READ_W + i] = TLB_EMPTY;
				if (this.words[TLB_WRITE_W + i] === page) this.words[TLB_WRITE_W + i] = TLB_EMPTY;
			}
		}
		this.watcher?.dropRange(start, end);
	}
	drop(object: number, from: number, to: number): void {
		const frames = this.objects.get(object);
		if (!frames) return;
		const gone = [...frames.entries()].filter(([index]) => index >= from && index < to);
		if (gone.length === 0) return;
		for (const [, frame] of gone) this.release(frame);
		const released = new Set(gone.map(([, frame]) => frame));
		this.dirty = this.dirty.filter((frame) => !released.has(frame));
		this.flushTlb();
	}
	peek(object: number, index: number): Uint8Array | undefined {
		const frame = this.frameOf(object, index);
		return frame === undefined ? undefined : this.bytes.slice(this.at(frame), this.at(frame) + 4096);
	}
}
