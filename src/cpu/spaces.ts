/**
 * Which decoded code holds for which address space. Several that have the same code at the same place, as a parent and its
 * children, or those that run one program, have one space of it: records lead from page to page, so that all of a space's
 * pages must hold for each member. What one of them decodes the others look at when they run again.
 */
import type { Pager } from '../reducers/pages.ts';
import type { GuestMemory } from './memory.ts';

/** Decoded code of one linear page in one mode. */
export interface CodePage {
	readonly vpn: number;
	/** Record index by offset in the page; 0: none. */
	readonly index: Int32Array;
	/**
	 * The frames it was decoded from, and those of other address spaces that hold the same code: of the page itself, and of the
	 * next one when an instruction crosses the page's end.
	 */
	readonly frames: readonly [Set<number>, Set<number>];
	/** The space's count when it came, or when more frames had to be looked at. */
	added: number;
	/** [from, to) ranges of records. */
	readonly ranges: number[];
	readonly space: Space;
	readonly key: number;
}

export interface Space {
	readonly pages: Map<number, CodePage>;
	/** Counts changes that other members have to look at. */
	added: number;
	members: number;
}

/** What decoded code depends on. */
export interface CodeFrames {
	/** Code that depends on a frame. */
	decodedFrom(frame: number): Iterable<CodePage>;
	/** If a frame has the code that a page was decoded from, the page depends on it, too, from now on; else false. */
	adopt(page: CodePage, which: 0 | 1, frame: number): boolean;
	dropSpace(space: Space): void;
}

interface Member {
	space: Space;
	/** The space's count up to which all pages are known to hold for this member. */
	seen: number;
}

/** Address spaces that are known at once, spaces that are kept though nobody has them, and those that a newcomer looks at. */
const MAX_MEMBERS = 4096;
const MAX_LEFT = 4;
const MAX_TRIED = 4;

const newSpace = (): Space => ({ pages: new Map(), added: 0, members: 1 });

export class Spaces {
	private readonly memory: GuestMemory;
	private readonly code: CodeFrames;
	private readonly members = new Map<Pager, Member>();
	private member: Member = { space: newSpace(), seen: 0 };
	/** Spaces without members, the oldest first: who runs the same program next finds its code there. */
	private left: Space[] = [];

	constructor(memory: GuestMemory, code: CodeFrames) {
		this.memory = memory;
		this.code = code;
	}

	/** The running address space's. */
	get running(): Space {
		return this.member.space;
	}

	/** The address space of `pager`, which is the memory's now, runs from now on, in page `vpn`. Whether the space is another one. */
	enter(pager: Pager, vpn: number): boolean {
		const before = this.member.space;
		this.member.seen = before.added;
		const known = this.members.get(pager);
		if (known === this.member) return false;
		this.member = known ?? this.join(pager, vpn);
		if (!this.agrees(this.member)) this.leave(this.member);
		return this.member.space !== before;
	}

	/** An address space ended, or its mappings changed while it did not run. Whether the running space is another one, or empty. */
	forget(pager: Pager): boolean {
		const member = this.members.get(pager);
		if (member === undefined) return false;
		if (member !== this.member) {
			this.members.delete(pager);
			this.vacate(member.space);
			return false;
		}
		if (member.space.members === 1) this.code.dropSpace(member.space);
		else this.leave(member);
		return true;
	}

	/** The running address space has another pager. */
	rename(pager: Pager): void {
		for (const [old, member] of this.members) if (member === this.member) this.members.delete(old);
		this.members.set(pager, this.member);
	}

	/** Forgets all; the code was dropped. */
	clear(): void {
		this.members.clear();
		this.left = [];
		this.member = { space: newSpace(), seen: 0 };
	}

	/** A new member: of a space that holds for it, if there is one. */
	private join(pager: Pager, vpn: number): Member {
		if (this.members.size >= MAX_MEMBERS) this.forgetOthers();
		const tried = new Set<Space>();
		for (const { space, vpn: at } of this.code.decodedFrom(this.memory.fetchFrame(vpn))) {
			if (at === vpn && tried.size < MAX_TRIED) tried.add(space);
		}
		let member: Member = { space: newSpace(), seen: 0 };
		for (const space of tried) {
			const guest = { space, seen: 0 };
			if (!this.agrees(guest)) continue;
			if (space.members++ === 0) this.left = this.left.filter((s) => s !== space);
			member = guest;
			break;
		}
		this.members.set(pager, member);
		return member;
	}

	/** Whether what came into the space since it was last seen holds for the running address space; it is seen from now on. */
	private agrees(member: Member): boolean {
		const { space } = member;
		if (member.seen === space.added) return true;
		for (const page of space.pages.values()) if (page.added > member.seen && !this.holds(page)) return false;
		member.seen = space.added;
		return true;
	}

	private holds(page: CodePage): boolean {
		return this.holdsAt(page, 0) && (page.frames[1].size === 0 || this.holdsAt(page, 1));
	}

	private holdsAt(page: CodePage, which: 0 | 1): boolean {
		const frame = this.memory.fetchFrame((page.vpn + which) & 0xfffff);
		return frame >= 0 && (page.frames[which].has(frame) || this.code.adopt(page, which, frame));
	}

	/** The member has a space of its own from now on. */
	private leave(member: Member): void {
		this.vacate(member.space);
		member.space = newSpace();
		member.seen = 0;
	}

	private vacate(space: Space): void {
		if (--space.members > 0 || space.pages.size === 0) return;
		this.left.push(space);
		if (this.left.length > MAX_LEFT) this.code.dropSpace(this.left.shift()!);
	}

	/** Address spaces that do not run are unknown again, and spaces without members go. */
	private forgetOthers(): void {
		for (const [pager, member] of this.members) {
			if (member === this.member) continue;
			this.vacate(member.space);
			this.members.delete(pager);
		}
		for (const space of this.left.splice(0)) this.code.dropSpace(space);
	}
}
