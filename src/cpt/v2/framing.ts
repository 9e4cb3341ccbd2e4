/**
 * A v2 image as a stream of objects. The reader walks it by the grammar of kinds.ts: every type, length, content, count and
 * range is checked before it is used, nothing is copied, and what an image claims never decides how much memory is taken.
 * The kernel version and architecture of the head are for the restart to judge. Writing is image-writer.ts.
 */
import { ImageError } from '../error.ts';
import type { Follower, Kind } from '../kind.ts';
import type { ReaderRules } from '../rules.ts';
import { ImageObject } from './image-object.ts';
import { FPU, LDT, NAME, PAGES, TASK } from './kinds.ts';
import { Content, cpt_head, cpt_object_hdr, PAGE_SIZE, SIGNATURE } from './objects.ts';

const LEN = cpt_object_hdr.offsetOf('cpt_len');
const HDRLEN = cpt_object_hdr.offsetOf('cpt_hdrlen');
const TYPE = cpt_object_hdr.offsetOf('cpt_type');
const CONTENT = cpt_object_hdr.offsetOf('cpt_content');
const HEAD_HDRLEN = cpt_head.offsetOf('cpt_hdrlen');

/** What must still be read below one object. */
interface Frame {
	readonly owner: ImageObject | undefined;
	readonly followers: readonly Follower[];
	/** The next of `followers` to begin with. */
	next: number;
	/** Objects still to come of the one that has begun. */
	left: number;
	current: Follower | undefined;
	/** The last object of the current follower. */
	previous: ImageObject | undefined;
}

/** Checks everything. */
const STRICT: ReaderRules = {};

/** A rule is looked at where a check has failed already, or where the reader is not strict: the correct path pays nothing. */
class Reader {
	readonly view: DataView;
	readonly rules: ReaderRules;
	/** Where the next object starts. */
	at = 0;
	number = 0;

	constructor(image: Uint8Array, rules: ReaderRules) {
		this.rules = rules;
		this.view = new DataView(image.buffer, image.byteOffset, image.byteLength);
	}

	get rest(): number {
		return this.view.byteLength - this.at;
	}

	/** The end of the image came before something: `want` of the object that is being read. */
	short(name: string, want: string, got = `${this.rest} bytes, then the end of the image`): never {
		const object = `#${this.number} ${name}`;
		throw new ImageError({ offset: this.view.byteLength, object, want, got, short: true });
	}

	wrong(name: string, at: number, field: string, want: string, got: string, short = false): never {
		throw new ImageError({ offset: this.at + at, object: `#${this.number} ${name}`, field, want, got, short });
	}

	head(): ImageObject {
		const { view } = this;
		for (const [i, byte] of SIGNATURE.entries()) {
			if (i >= view.byteLength) this.short('HEAD', `${cpt_head.size} bytes`);
			const got = view.getUint8(i);
			if (got !== byte) this.wrong('HEAD', i, 'cpt_signature', `0x${byte.toString(16)}`, `0x${got.toString(16)}: no cpt image`);
		}
		if (view.byteLength < cpt_head.size) this.short('HEAD', `${cpt_head.size} bytes`);
		const length = view.getUint32(HEAD_HDRLEN, true);
		this.checkHeaderLength('HEAD', HEAD_HDRLEN, length, cpt_head.size);
		const kept = this.rules.keepExtra ? cpt_head.size : length;
		const place = { number: 0, offset: 0, headerLength: kept, length: kept };
		return this.pass(new ImageObject(view, place, undefined, undefined));
	}

	object(kind: Kind, parent: ImageObject | undefined, previous: ImageObject | undefined): ImageObject {
		const { view, at, rules } = this;
		const { name, struct } = kind;
		if (this.rest < cpt_object_hdr.size) this.short(name, `${cpt_object_hdr.size} bytes of header`);
		const type = view.getUint16(at + TYPE, true);
		if (type !== kind.type && !rules.untyped?.includes(name)) this.wrong(name, TYPE, 'cpt_type', `${kind.type}`, `${type}`);
		const headerLength = view.getUint32(at + HDRLEN, true);
		if (headerLength < struct.size) {
			if (rules.shortHeader && headerLength >= cpt_object_hdr.size) return this.shortHeaded(kind, parent, previous, headerLength);
			this.checkHeaderLength(name, HDRLEN, headerLength, struct.size);
		}
		const length = view.getUint32(at + LEN, true) + view.getUint32(at + LEN + 4, true) * 2 ** 32;
		if (length < headerLength) this.wrong(name, LEN, 'cpt_len', `at least cpt_hdrlen, ${headerLength} bytes`, this.exactLength());
		const content = view.getUint16(at + CONTENT, true);
		if (!kind.contents.includes(content) && !this.takesContent(kind))
			this.wrong(name, CONTENT, 'cpt_content', kind.contents.join(' or '), `${content}`);
		this.checkHeaderLength(name, HDRLEN, headerLength, struct.size);

		const object = new ImageObject(view, { number: this.number, offset: at, headerLength, length }, kind, parent);
		const payload = rules === STRICT ? (kind.payloadLength?.(object, previous) ?? 0) : this.laxPayload(kind, object, previous);
		if (length !== headerLength + payload)
			this.wrong(
				name,
				LEN,
				'cpt_len',
				`${headerLength + payload} bytes: ${headerLength} of header, ${payload} of payload`,
				this.exactLength(),
			);
		if (length > this.rest)
			this.short(name, `${payload} bytes of payload`, `${this.rest - headerLength}, then the end of the image`);
		if (rules === STRICT || !(rules.anyName && kind === NAME)) kind.check?.(object, previous);
		if (rules.keepExtra && headerLength > struct.size) return this.pass(this.unskipped(object, payload));
		return this.pass(object);
	}

	private takesContent(kind: Kind): boolean {
		return this.rules.anyContent === true || (this.rules.ldtAlways === true && kind === LDT);
	}

	/** How long a payload is when the reader does not check it. */
	private laxPayload(kind: Kind, object: ImageObject, previous: ImageObject | undefined): number {
		const { anyName, anyBits, anyContent, anyPages } = this.rules;
		const bits = kind === FPU || kind === LDT;
		if (anyName && kind === NAME) return object.payloadLength;
		if (bits && (anyBits || (anyContent && !kind.contents.includes(object.content)))) return object.num('cpt_size');
		if (anyContent && kind === FPU && object.content !== Content.X86_FPUSTATE) return object.num('cpt_size');
		if (anyPages && kind === PAGES) {
			const [start, end] = [object.num('cpt_start'), object.num('cpt_end')];
			if (start % PAGE_SIZE !== 0 || end > 2 ** 32) object.fail('cpt_start', 'a page below 2^32');
			if (end <= start || end % PAGE_SIZE !== 0) object.fail('cpt_end', 'a page after cpt_start');
			return object.content === Content.VOID ? 0 : end - start;
		}
		return kind.payloadLength?.(object, previous) ?? 0;
	}

	/** The object as one who does not skip the rest of its header has it: payload, and what is next, come from there. */
	private unskipped(object: ImageObject, payload: number): ImageObject {
		const { number, offset, struct, kind, parent } = object;
		const { size } = struct;
		const length = kind === NAME ? object.length : size + payload;
		return new ImageObject(this.view, { number, offset, headerLength: size, length }, kind, parent);
	}

	/** An object with a header shorter than its struct: the other fields are what the rule says was there. */
	private shortHeaded(kind: Kind, parent: ImageObject | undefined, previous: ImageObject | undefined, had: number): ImageObject {
		const { view, at, number } = this;
		const { name, struct } = kind;
		const length = view.getUint32(at + LEN, true) + view.getUint32(at + LEN + 4, true) * 2 ** 32;
		if (length < had) this.wrong(name, LEN, 'cpt_len', `at least cpt_hdrlen, ${had} bytes`, this.exactLength());
		if (length > this.rest) this.short(name, `${length} bytes`);
		const { size } = struct;
		const bytes = new Uint8Array(size + length - had);
		const stored = new Uint8Array(view.buffer, view.byteOffset + at, length);
		bytes.set(stored.subarray(0, had));
		bytes.set(this.rules.shortHeader!(size - had), had);
		bytes.set(stored.subarray(had), size);
		const place = { number, offset: at, headerLength: size, length: bytes.length };
		const object = new ImageObject(new DataView(bytes.buffer), place, kind, parent, at);
		const payload = this.laxPayload(kind, object, previous);
		if (payload !== length - had) this.wrong(name, LEN, 'cpt_len', `${had + payload} bytes`, this.exactLength());
		kind.check?.(object, previous);
		return this.pass(object, at + length);
	}

	/** The end of the stream: nothing may follow what the counts announced. */
	end(): void {
		if (this.rest > 0) this.wrong('END', 0, '', 'the end of the image', `${this.rest} more bytes`);
	}

	/** How many objects of a follower the owner announces; more than the rest of the image has room for is an error here. */
	countOf(owner: ImageObject, follower: Follower): number {
		if (follower.when && !follower.when(owner)) return 0;
		if (follower.optional) return this.isNext(follower.kind) || (this.rules.ldtAlways && follower.kind === LDT) ? 1 : 0;
		if (follower.count === undefined)
			return this.rules.bareTasks && owner.name === TASK.name && !this.isNext(follower.kind) ? 0 : 1;
		const count = owner.num(follower.count);
		const room = Math.floor(this.rest / follower.kind.struct.size);
		if (count > room) {
			const { offset, label, struct } = owner;
			throw new ImageError({
				offset: offset + struct.placed(follower.count).offset,
				object: label,
				field: follower.count,
				want: `at most ${room} of ${follower.kind.name}: the image has ${this.rest} bytes more`,
				got: `${struct.placed(follower.count).field.width === 8 ? owner.big(follower.count) : count}`,
				short: true,
			});
		}
		return count;
	}

	/** cpt_len in full, for a message. */
	private exactLength(): string {
		return `${this.view.getBigUint64(this.at + LEN, true)} bytes`;
	}

	private isNext(kind: Kind): boolean {
		if (this.rest < cpt_object_hdr.size || this.view.getUint16(this.at + TYPE, true) !== kind.type) return false;
		return kind.contents.includes(this.view.getUint16(this.at + CONTENT, true));
	}

	private checkHeaderLength(name: string, at: number, got: number, size: number): void {
		if (got < size) this.wrong(name, at, 'cpt_hdrlen', `at least ${size} bytes`, `${got}`);
		if (got > this.rest) this.wrong(name, at, 'cpt_hdrlen', `at most ${this.rest} bytes, the rest of the image`, `${got}`, true);
	}

	private pass(object: ImageObject, end = object.end): ImageObject {
		this.at = end;
		this.number++;
		return object;
	}
}

const frame = (owner: ImageObject | undefined, followers: readonly Follower[]): Frame => ({
	owner,
	followers,
	next: 0,
	left: 0,
	current: undefined,
	previous: undefined,
});

/**
 * The objects of an image, the head first, then the root task and what follows it. Each is checked before it is yielded, so
 * those that came before an error can be shown.
 * @param rules checks that are not made; without it every one is
 * @throws ImageError at the first thing that is wrong
 */
export function* readObjects(image: Uint8Array, rules: ReaderRules = STRICT): Generator<ImageObject, void, undefined> {
	const reader = new Reader(image, rules);
	yield reader.head();
	const root = reader.object(TASK, undefined, undefined);
	yield root;
	const open: Frame[] = [frame(root, TASK.followers!())];
	for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
		if (top.left === 0) {
			const follower = top.followers[top.next++];
			if (follower === undefined) {
				open.pop();
				continue;
			}
			top.current = follower;
			top.previous = undefined;
			top.left = reader.countOf(top.owner!, follower);
			continue;
		}
		const { kind } = top.current!;
		const object = reader.object(kind, top.owner, top.previous);
		top.left--;
		top.previous = object;
		yield object;
		if (kind.followers) open.push(frame(object, kind.followers()));
	}
	reader.end();
}

/** All objects of an image. @throws ImageError */
export function readImage(image: Uint8Array): ImageObject[] {
	return [...readObjects(image)];
}

/** The object a byte of the image belongs to; objects as the reader gave them. Undefined beyond the last. */
export function objectAt(objects: readonly ImageObject[], offset: number): ImageObject | undefined {
	let low = 0;
	let high = objects.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (objects[middle].end <= offset) low = middle + 1;
		else high = middle;
	}
	const found = objects[low];
	return found !== undefined && offset >= found.offset ? found : undefined;
}
