/**
 * Decoded code: basic blocks as records of STRIDE words in one array, found by linear address per address space and mode.
 * A record whose bytes changed gets the op RESOLVE, which looks its address up again: chains into it, the cache of indirect
 * targets and straight-line code behind a store all see the new bytes at their next step.
 */
import type { Pager } from '../reducers/pages.ts';
import { type DecodeMaps, Decoder } from './decode.ts';
import { Decoded, type Insn, newInsn } from './insn.ts';
import { OP_BITS, Op, STRIDE, Word } from './interpreter.ts';
import { STOP_W } from './layout.ts';
import { type CodeWatcher, GUEST_FAULT, type GuestMemory } from './memory.ts';
import { Mode } from './segments.ts';
import { type CodeFrames, type CodePage, type Space, Spaces } from './spaces.ts';

/** Records 0 and 1 are fixed: the end of the jump cache's empty entries, and the target of indirect jumps not found there. */
const EMPTY_RECORD = 0;
const INDIRECT_RECORD = STRIDE;
const FIRST_RECORD = STRIDE * 2;
/** The cache of indirect jumps with nothing in it. */
const NO_JUMPS = new Int32Array(8192).map((_, i) => (i % 2 === 0 ? -1 : EMPTY_RECORD));
const MAX_BLOCK = 128;
/** Records are dropped all at once when fewer than these words are free. */
const RESERVE = MAX_BLOCK * 3 * STRIDE;

/** How an instruction becomes a record: the op for it, and what the log must know. */
export interface OpChooser {
	/** Op number for a decoded instruction in a mode. */
	op(insn: Insn, mode: number): number;
	/** Register slots a and b of an instruction, in their places in the first word. */
	slots(insn: Insn, op: number): number;
	/** The op ends a block: what follows is not reached by falling through. */
	ends(insn: Insn, op: number): boolean;
	/** A branch with a target in the code. */
	branches(insn: Insn, op: number): boolean;
	/** Immediate and displacement words. */
	immediate(insn: Insn): number;
	displacement(insn: Insn): number;
	/** The record was made (for helpers and the log). */
	made(record: number, insn: Insn, op: number, length: number): void;
}

export class CodeCache implements CodeWatcher, CodeFrames {
	readonly code: Int32Array;
	/** Indirect jumps: 4096 × {target, record}. */
	readonly jumps = new Int32Array(8192);
	/** Bytes of each record's instruction, 16 apart. */
	readonly bytes: Uint8Array;
	private readonly memory: GuestMemory;
	private readonly decoder: Decoder;
	private readonly chooser: OpChooser;
	private readonly insn = newInsn();
	private readonly split = new Uint8Array(32);
	private next = FIRST_RECORD;
	/** Counts events after which translated code may be wrong: code was dropped, or another address space runs. */
	drops = 0;
	/** Counts how often all records were dropped: older record numbers mean nothing. */
	private generation = 0;
	private readonly spaces: Spaces;
	private byFrame = new Map<number, Set<CodePage>>();
	/** For frames with code, which bytes instructions cover. */
	private covered = new Map<number, Uint8Array>();
	mode: number = Mode.FLAT;
	/** Base and limit of cs; base 0 in flat mode. */
	csBase = 0;
	csLimit = 0xffffffff;
	/** Asked before all records are dropped; false: not now (the log refers to them), the step must wait. */
	mayDrop: () => boolean = () => true;

	constructor(memory: GuestMemory, maps: DecodeMaps, chooser: OpChooser, records = 2 ** 19) {
		this.memory = memory;
		this.decoder = new Decoder(maps);
		this.chooser = chooser;
		this.code = new Int32Array(records * STRIDE);
		this.bytes = new Uint8Array(records * 16);
		this.code[EMPTY_RECORD + Word.OP] = Op.RESOLVE;
		this.code[EMPTY_RECORD + Word.EIP] = -1;
		this.code[INDIRECT_RECORD + Word.OP] = Op.RESOLVE;
		this.flushJumps();
		this.spaces = new Spaces(memory, this);
		memory.watch(this);
	}

	flushJumps(): void {
		this.jumps.set(NO_JUMPS);
	}
	/** The last records of the array. */
	last(records: number): number {
		return this.code.length - records * STRIDE;
	}

	/** The address space of `pager`, which is the memory's now, runs from now on, at linear address `at`. */
	enter(pager: Pager, at: number): void {
		if (!this.spaces.enter(pager, at >>> 12)) return;
		this.flushJumps();
		this.drops++;
	}
	/** Forgets every address space. */
	forgetAll(): void {
		this.dropAll();
		this.spaces.clear();
	}
	/** An address space ended, or its mappings changed while it did not run. */
	forget(pager: Pager): void {
		if (!this.spaces.forget(pager)) return;
		this.flushJumps();
		this.drops++;
	}
	/** The running address space has another pager. */
	rename(pager: Pager): void {
		this.spaces.rename(pager);
	}

	/** Record for an address that an indirect jump goes to, without decoding: a fault belongs to the next step. */
	indirect = (eip: number): number => {
		const h = ((eip ^ (eip >> 12)) & 4095) * 2;
		if (this.jumps[h] === eip) return this.jumps[h + 1];
		this.code[INDIRECT_RECORD + Word.EIP] = eip;
		return INDIRECT_RECORD;
	};

	/** Record of the instruction at an offset in cs, decoding it if need be. Raises the faults of fetching. */
	resolve(eip: number): number {
		const p = this.find(eip) || this.decodeBlock(eip);
		const h = ((eip ^ (eip >> 12)) & 4095) * 2;
		this.jumps[h] = eip;
		this.jumps[h + 1] = p;
		return p;
	}
	/** Record of an instruction, decoding it if need be; 0 when it cannot be fetched. Raises nothing. */
	peek(eip: number): number {
		const { words } = this.memory;
		const stop = words[STOP_W];
		try {
			return this.resolve(eip);
		} catch (e) {
			if (e !== GUEST_FAULT) throw e;
			words[STOP_W] = stop;
			return 0;
		}
	}
	/** A link record: resolves its target and patches the branch that led here. */
	link(p: number): number {
		const { code } = this;
		const slot = code[p + Word.TARGET];
		const { generation } = this;
		const target = this.resolve(code[p + Word.EIP]);
		if (this.generation === generation && code[p + Word.OP] === Op.LINK) {
			code[slot] = target;
			code[p + Word.OP] = Op.GOTO;
			code[p + Word.TARGET] = target;
		}
		return target;
	}

	private key(vpn: number): number {
		return vpn + this.mode * 0x100000;
	}
	/** Record of the instruction at an offset in cs, when it is decoded; else 0. */
	find(eip: number): number {
		const linear = (this.csBase + eip) | 0;
		return this.spaces.running.pages.get(this.key(linear >>> 12))?.index[linear & 4095] ?? 0;
	}
	private pageFor(vpn: number): CodePage {
		const key = this.key(vpn);
		let page = this.spaces.running.pages.get(key);
		if (!page) {
			const space = this.spaces.running;
			page = { vpn, index: new Int32Array(4096), frames: [new Set(), new Set()], added: ++space.added, ranges: [], space, key };
			this.spaces.running.pages.set(key, page);
		}
		return page;
	}
	/** Bytes [from, to) of a frame were decoded: of the page itself, or (1) of the next, into which an instruction reaches. */
	private decoded(page: CodePage, which: 0 | 1, frame: number, from: number, to: number): void {
		const frames = page.frames[which];
		if (frames.size !== 1 || !frames.has(frame)) {
			// Whether frames of others have these bytes, too, is to be seen.
			const others = [...frames];
			frames.clear();
			this.depend(page, which, frame);
			for (const other of others) if (!page.frames[0].has(other) && !page.frames[1].has(other)) this.free(page, other);
			page.added = ++page.space.added;
		}
		this.covered.get(frame)!.fill(1, from, to);
	}
	private depend(page: CodePage, which: 0 | 1, frame: number): void {
		page.frames[which].add(frame);
		let pages = this.byFrame.get(frame);
		if (!pages) {
			this.byFrame.set(frame, (pages = new Set()));
			this.covered.set(frame, new Uint8Array(4096));
			this.memory.setCode(frame, true);
		}
		pages.add(page);
	}
	/** The page depends on a frame no more. */
	private free(page: CodePage, frame: number): void {
		const pages = this.byFrame.get(frame);
		pages?.delete(page);
		if (pages?.size !== 0) return;
		this.byFrame.delete(frame);
		this.covered.delete(frame);
		this.memory.setCode(frame, false);
	}

	// CodeFrames
	decodedFrom(frame: number): Iterable<CodePage> {
		return this.byFrame.get(frame) ?? [];
	}
	adopt(page: CodePage, which: 0 | 1, frame: number): boolean {
		const { bytes } = this.memory;
		const b = this.memory.at(frame);
		for (const like of page.frames[which]) {
			const covered = this.covered.get(like)!;
			const a = this.memory.at(like);
			let i = 0;
			while (i < 4096 && (covered[i] === 0 || bytes[a + i] === bytes[b + i])) i++;
			if (i < 4096) continue;
			this.depend(page, which, frame);
			const mine = this.covered.get(frame)!;
			for (let k = 0; k < 4096; k++) mine[k] |= covered[k];
			return true;
		}
		return false;
	}

	private decodeBlock(start: number): number {
		if (this.next + RESERVE > this.code.length) this.makeRoom();
		const { code, insn, memory } = this;
		const size = this.mode === Mode.GENERAL16 ? 16 : 32;
		let eip = start;
		let linear = (this.csBase + eip) | 0;
		if (start >>> 0 > this.csLimit) memory.raise(13, 0);
		const vpn = linear >>> 12;
		const frame = memory.mapFetch(linear);
		const base = memory.at(frame);
		const first = this.next;
		let page: CodePage | undefined;
		const links: number[] = [];
		for (let n = 0; ; n++) {
			const offset = linear & 4095;
			const known = n === 0 ? 0 : linear >>> 12 === vpn ? page!.index[offset] : 0;
			// Bytes of the instruction that the limit of cs lets be fetched: #GP(0) when it needs more
			const room = this.csLimit - (eip >>> 0) + 1;
			if (known !== 0 || n >= MAX_BLOCK || (linear >>> 12 !== vpn && n > 0) || room <= 0) {
				this.put(known !== 0 ? Op.GOTO : Op.LINK, eip, known);
				if (known === 0) code[this.next - STRIDE + Word.TARGET] = this.next - STRIDE + Word.TARGET;
				break;
			}
			const head = 4096 - offset;
			this.decoder.decode(memory.bytes, base + offset, base + offset + Math.min(head, room), size, insn);
			let source = base + offset;
			let bytes = memory.bytes;
			let other = -1;
			if (insn.status === Decoded.SHORT && room > head) {
				// It goes on in the next page; when that cannot be fetched, the fault is this instruction's own step
				if (n > 0) {
					this.put(Op.LINK, eip, 0);
					code[this.next - STRIDE + Word.TARGET] = this.next - STRIDE + Word.TARGET;
					break;
				}
				other = memory.mapFetch((linear + head) & -4096);
				this.split.set(bytes.subarray(source, source + head));
				this.split.set(bytes.subarray(memory.at(other), memory.at(other) + 16), head);
				bytes = this.split;
				source = 0;
				this.decoder.decode(bytes, 0, Math.min(head + 16, room), size, insn);
			}
			page ??= this.pageFor(vpn);
			const here = this.next;
			page.index[offset] = here;
			const length = insn.length;
			this.decoded(page, 0, frame, offset, Math.min(4096, offset + length));
			if (other >= 0) this.decoded(page, 1, other, 0, Math.max(1, offset + length - 4096));
			const ends = this.record(eip, length, links);
			this.bytes.set(bytes.subarray(source, source + length), (here / STRIDE) * 16);
			if (insn.status !== Decoded.OK || ends) break;
			eip = (eip + length) | 0;
			linear = (this.csBase + eip) | 0;
		}
		for (const p of links) this.linkBranch(p);
		page!.ranges.push(first, this.next);
		return first;
	}

	private put(op: number, eip: number, target: number): number {
		const p = this.next;
		const { code } = this;
		code[p + Word.OP] = op;
		code[p + Word.EIP] = eip;
		code[p + Word.TARGET] = target;
		this.next = p + STRIDE;
		return p;
	}
	/** Writes the record of `this.insn`; true when it ends the block. */
	private record(eip: number, length: number, links: number[]): boolean {
		const { insn, code, chooser } = this;
		const next = (eip + length) | 0;
		if (insn.status !== Decoded.OK) {
			const op = insn.status === Decoded.INVALID ? Op.INVALID : insn.status === Decoded.UNDEFINED ? Op.UNDEFINED : Op.TOO_LONG;
			const p = this.put(op, eip, 0);
			code[p + Word.NEXT] = next;
			return true;
		}
		const op = chooser.op(insn, this.mode);
		const slots = chooser.slots(insn, op);
		const p = this.put(op | slots, eip, 0);
		const wide = insn.addressSize === 16 ? 1 << 11 : 0;
		code[p + Word.ADDRESS] = insn.base | (insn.index << 4) | (insn.segment << 8) | wide | (insn.scale << 30);
		code[p + Word.DISPLACEMENT] = chooser.displacement(insn);
		code[p + Word.IMMEDIATE] = chooser.immediate(insn);
		code[p + Word.NEXT] = next;
		chooser.made(p / STRIDE, insn, op, length);
		if (chooser.branches(insn, op)) {
			const target = (next + insn.immediate) | 0;
			code[p + Word.IMMEDIATE] = insn.operandSize === 16 ? target & 0xffff : target;
			links.push(p);
		}
		return chooser.ends(insn, op);
	}
	/** Chains a branch to its target if that is decoded, else to a link record. */
	private linkBranch(p: number): void {
		const { code } = this;
		const target = code[p + Word.IMMEDIATE];
		const known = this.find(target);
		code[p + Word.TARGET] = known || this.put(Op.LINK, target, p + Word.TARGET);
	}

	/** Drops every record: the array is full. */
	private makeRoom(): void {
		if (!this.mayDrop()) this.memory.leave();
		this.dropAll();
	}

	// CodeWatcher
	covers(frame: number, from: number, to: number): boolean {
		const covered = this.covered.get(frame);
		if (!covered) return false;
		for (let i = from; i < to; i++) if (covered[i] !== 0) return true;
		return false;
	}
	dropFrame(frame: number): void {
		for (const page of [...(this.byFrame.get(frame) ?? [])]) this.dropPage(page);
	}
	private dropPage(page: CodePage): void {
		this.drops++;
		const { code } = this;
		for (let r = 0; r < page.ranges.length; r += 2) {
			for (let p = page.ranges[r]; p < page.ranges[r + 1]; p += STRIDE)
				code[p + Word.OP] = (code[p + Word.OP] & ~OP_BITS) | Op.RESOLVE;
		}
		if (page.space.pages.get(page.key) === page) page.space.pages.delete(page.key);
		for (const frames of page.frames) for (const frame of frames) this.free(page, frame);
	}
	dropSpace(space: Space): void {
		for (const page of [...space.pages.values()]) this.dropPage(page);
	}
	dropRange(start: number, end: number): void {
		const first = (start >>> 12) - 1; // an instruction of the page before may reach into the range
		const last = Math.ceil(end / 4096);
		for (const page of [...this.spaces.running.pages.values()]) if (page.vpn >= first && page.vpn < last) this.dropPage(page);
	}
	dropAll(): void {
		for (const pages of [...this.byFrame.values()]) for (const page of [...pages]) this.dropPage(page);
		this.next = FIRST_RECORD;
		this.generation++;
		this.flushJumps();
	}
	/** Drops code that was decoded in a mode other than flat: base or limit of cs changed. */
	dropGeneral(): void {
		for (const pages of [...this.byFrame.values()]) for (const page of [...pages]) if (page.key >= 0x100000) this.dropPage(page);
	}
}
