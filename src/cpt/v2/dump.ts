/**
 * Dump: a frozen state becomes a v2 image, object by object: the root task, its memory and registers, then its children,
 * depth first. A page that is in the page cache of its file, or was never touched, is not stored.
 */
import { PAGE_SIZE } from '../../events/pages.ts';
import type { RestoreEvent } from '../../events/restore.ts';
import type { MachineState, Mm, Vma } from '../../reducers/state.ts';
import { Vm } from '../../reducers/state.ts';
import type { FieldValue } from '../field.ts';
import type { PageKind, Rules, Subject } from '../rules.ts';
import type { Fields, Input } from '../struct.ts';
import { type Body, ImageWriter, type Piece, piece } from './image-writer.ts';
import { FPU, LDT, MM, NAME, PAGES, TASK, VMA, X86_REGS } from './kinds.ts';
import * as o from './objects.ts';
import { encodeSegment } from './segments.ts';
import { type FieldRow, MM_FIELDS, PLAIN_REGISTERS, SEGMENT_REGISTERS, TASK_FIELDS } from './task-fields.ts';
import { below, memoryOf, rootPid } from './tree.ts';

/** A state that v2 cannot hold, or an image that cannot be written: what, and why. A dump that fails leaves no image. */
export class DumpError extends Error {
	override readonly name = 'DumpError';
	/** The object that was to be written: `VMA 08048000-0804a000`. */
	readonly object: string;
	/** Linux errno the call would answer, positive. */
	readonly errno: number;
	/** What was written before it failed: what a guest that dumps has in its file. */
	written: readonly Uint8Array[] = [];

	constructor(object: string, why: string, errno: number) {
		super(`${object}: ${why}`);
		this.object = object;
		this.errno = errno;
	}
}

export const EINVAL = 22;
const EIO = 5;

/** An object that was written, and what it is about. */
export interface Dumped {
	readonly number: number;
	readonly name: string;
	readonly offset: number;
	readonly length: number;
	readonly subject: Subject;
}

/** A dump that succeeded. Pages are those of the state, not copies, until the image is asked for in one piece. */
export class Image {
	readonly objects: readonly Dumped[];
	/** The image in pieces, in order: for a writer that gathers. */
	readonly chunks: readonly Uint8Array[];
	readonly #writer: ImageWriter;
	#bytes: Uint8Array | undefined;

	constructor(writer: ImageWriter, objects: readonly Dumped[]) {
		this.#writer = writer;
		this.chunks = writer.chunks();
		this.objects = objects;
	}

	/** The image in one buffer. */
	get bytes(): Uint8Array {
		this.#bytes ??= this.#writer.bytes();
		return this.#bytes;
	}

	/** One `checkpoint/object` for each object. */
	get events(): readonly RestoreEvent[] {
		return this.objects.map(({ number, name, offset, length }) => ({ kind: 'checkpoint/object', number, name, offset, length }));
	}
}

/** Somebody's dump: the image of a frozen state. May throw DumpError. */
export type Dumper = (state: MachineState, rules?: Rules) => { readonly bytes: Uint8Array };

/** What a dump writes when the state under it becomes another one as it comes to an object: a torn image. */
export function tear(before: Image, after: Image, object: number): Image {
	const [a, b] = [before.objects[object]?.offset ?? before.bytes.length, after.objects[object]?.offset ?? after.bytes.length];
	const writer = new ImageWriter();
	writer.raw(before.bytes.subarray(0, a));
	writer.raw(after.bytes.subarray(b));
	const rest = after.objects.slice(object).map((o) => ({ ...o, offset: o.offset - b + a }));
	return new Image(writer, [...before.objects.slice(0, object), ...rest]);
}

/** The image of the process tree below `pid` (default: the first task). @throws DumpError */
export function dump(state: MachineState, rules: Rules = {}, pid = rootPid(state)): Image {
	const task = state.tasks[pid];
	if (task === undefined || task.state === 'dead')
		throw new DumpError('TASK', 'nothing is left to be dumped: the program has ended', 3);
	const seen = rules.source ? rules.source(state) : state;
	const d = new Dump(seen, rules);
	try {
		d.head();
		d.task(pid);
		if (pid === rootPid(seen)) d.complete();
	} catch (error) {
		if (error instanceof DumpError) error.written = d.image().chunks;
		throw error;
	}
	return d.image();
}

function body<S>(rows: readonly FieldRow<S, never>[], subject: S): Record<string, FieldValue> {
	const values: Record<string, FieldValue> = {};
	for (const { field, get } of rows) values[field] = get(subject);
	return values;
}

const hex = (n: number) => n.toString(16).padStart(8, '0');
export const vmaLabel = (vma: Vma) => `VMA ${hex(vma.start)}-${hex(vma.end)}`;

/** Page protection of a mapping (protection_map of i386 without PAE, 2.6.27). */
export function pgprot(flags: number): number {
	const { PRESENT, RW, USER, ACCESSED, PSE } = o.PageProt;
	if ((flags & (Vm.READ | Vm.WRITE | Vm.EXEC)) === 0) return PSE | ACCESSED;
	const writable = (flags & Vm.WRITE) !== 0 && (flags & Vm.SHARED) !== 0;
	return PRESENT | USER | ACCESSED | (writable ? RW : 0);
}

class Dump {
	readonly #state: MachineState;
	readonly #rules: Rules;
	readonly #writer = new ImageWriter();
	readonly #objects: Dumped[] = [];
	/** Tasks that were dumped. */
	readonly #tasks = new Set<number>();
	/** A write has failed already: one does. */
	#failed = false;

	constructor(state: MachineState, rules: Rules) {
		this.#state = state;
		this.#rules = rules;
	}

	image(): Image {
		return new Image(this.#writer, this.#objects);
	}

	head(): void {
		const [cpt_image_major, cpt_image_minor, cpt_image_sublevel] = this.#state.persona.kernel;
		const values = {
			cpt_signature: Uint8Array.from(o.SIGNATURE),
			cpt_hdrlen: o.cpt_head.size,
			cpt_image_major,
			cpt_image_minor,
			cpt_image_sublevel,
			cpt_image_extra: 0,
			cpt_arch: o.CPT_ARCH_I386,
			cpt_time: 0n,
		};
		const task = this.#state.tasks[rootPid(this.#state)];
		const nothing = new Uint8Array(0);
		this.#put({ struct: o.cpt_head, values: values as Input<Fields>, extra: nothing, payload: nothing }, 'HEAD', {
			state: this.#state,
			task,
		});
	}

	task(pid: number): void {
		const state = this.#state;
		const task = state.tasks[pid];
		if (this.#tasks.has(pid)) throw new DumpError(`TASK ${pid}`, 'a task that is below two others, or below itself', EINVAL);
		this.#tasks.add(pid);
		const children = below(state, task);
		const subject = { state, task };
		const values = body(TASK_FIELDS, {
			persona: state.persona,
			task,
			group: state.groups[task.group],
			children: children.length,
		});
		this.#put(piece(TASK, values as Body<typeof o.cpt_task_image.declared>), 'TASK', subject);
		const mm = task.tgid === pid ? state.mms[memoryOf(state, task)] : undefined;
		if (mm !== undefined) {
			this.#mm(subject, mm);
			if (mm.ldt.length > 0) this.#bits(LDT, o.Content.MM_CONTEXT, ldtBytes(mm), subject);
		}
		if (task.mm !== 0) {
			this.#bits(FPU, o.Content.X86_FPUSTATE, task.cpu.fx, subject);
			this.#registers(subject);
		}
		for (const child of children) this.task(child.pid);
	}

	/** Once the root was dumped. @throws DumpError for a task that is not below it */
	complete(): void {
		for (const { pid, ppid } of Object.values(this.#state.tasks)) {
			if (!this.#tasks.has(pid))
				throw new DumpError(`TASK ${pid}`, `a task that is not below the root: its parent is ${ppid}`, EINVAL);
		}
	}

	#mm(subject: Subject, mm: Mm): void {
		this.#put(piece(MM, body(MM_FIELDS, { mm }) as Body<typeof o.cpt_mm_image.declared>), 'MM', subject);
		mm.vmas.forEach((vma, vmaIndex) => void this.#vma({ ...subject, vma, vmaIndex }, mm, vma));
	}

	#vma(subject: Subject, mm: Mm, vma: Vma): void {
		const file = vma.inode !== 0;
		const pages = this.#pages(subject, mm, vma);
		const values = {
			cpt_file: file ? 0n : o.CPT_NULL,
			cpt_vma_type: file ? o.VmaType.FILE : o.VmaType.ANONYMOUS,
			cpt_start: BigInt(vma.start),
			cpt_end: BigInt(vma.end),
			cpt_flags: BigInt(vma.flags),
			cpt_pgprot: BigInt(pgprot(vma.flags)),
			// vm_pgoff of private anonymous memory is its linear page number.
			cpt_pgoff: BigInt(vma.object === 0 ? vma.start / PAGE_SIZE : vma.pgoff),
			cpt_page_num: BigInt(pages.length),
		};
		this.#put(piece(VMA, values), 'VMA', subject);
		if (file) this.#put(piece(NAME, {}, { payload: pathBytes(vma) }), 'NAME', subject);
		for (const [index, payload] of pages) {
			const address = index * PAGE_SIZE;
			const range = { cpt_start: BigInt(address), cpt_end: BigInt(address + PAGE_SIZE) };
			this.#put(piece(PAGES, range, { payload }), 'PAGES', { ...subject, address });
		}
	}

	/** The pages of a mapping that are stored. */
	#pages(subject: Subject, mm: Mm, vma: Vma): (readonly [number, Uint8Array])[] {
		const own =
			vma.flags & Vm.SHARED ? [] : this.#state.objects[mm.object].pages.entries(vma.start / PAGE_SIZE, vma.end / PAGE_SIZE);
		const { page } = this.#rules;
		if (page === undefined) return [...own];
		const present = new Map(own);
		const stored: (readonly [number, Uint8Array])[] = [];
		for (let index = vma.start / PAGE_SIZE; index < vma.end / PAGE_SIZE; index++) {
			const bytes = present.get(index);
			const kind: PageKind = bytes ? 'private' : vma.object !== 0 ? 'cache' : 'untouched';
			const verdict = page(kind, { ...subject, address: index * PAGE_SIZE });
			if (verdict === 'refuse') throw new DumpError(vmaLabel(vma), `page ${hex(index * PAGE_SIZE)} is no copy: ${kind}`, EINVAL);
			if (verdict === 'store') stored.push([index, bytes ?? this.#cached(vma, index)]);
		}
		return stored;
	}

	/** A page that is not the process's own: of the file or object that is mapped, else zeros. */
	#cached(vma: Vma, index: number): Uint8Array {
		const pages = vma.object === 0 ? undefined : this.#state.objects[vma.object].pages;
		return pages?.get(vma.pgoff + index - vma.start / PAGE_SIZE) ?? new Uint8Array(PAGE_SIZE);
	}

	#bits(kind: typeof LDT, content: number, payload: Uint8Array, subject: Subject): void {
		this.#put(piece(kind, { cpt_size: payload.length }, { content, payload }), kind.name, subject);
	}

	#registers(subject: Subject): void {
		const { cpu, origAx } = subject.task;
		const values: Record<string, FieldValue> = { cpt_debugreg: cpu.debugreg, cpt_orig_ax: origAx >>> 0 };
		for (const [field, name] of PLAIN_REGISTERS) values[field] = (cpu[name] as number) >>> 0;
		for (const [field, name] of SEGMENT_REGISTERS) {
			const selector = cpu[name];
			const code = encodeSegment(selector, this.#state.persona) ?? this.#rules.segment?.(name, selector);
			if (code === undefined) {
				throw new DumpError('X86_REGS', `${field}: selector ${selector.toString(16)} of ${name} has no code in v2`, EINVAL);
			}
			values[field] = code;
		}
		this.#put(piece(X86_REGS, values as Body<typeof o.cpt_x86_regs.declared>), 'X86_REGS', subject);
	}

	#put(made: Piece, name: string, subject: Subject): void {
		const { object, writeFailsAt, dropWriteError } = this.#rules;
		const out = object ? object(made, name, subject) : made;
		const offset = this.#writer.length;
		const header = out.struct.size + out.extra.length;
		const length = header + out.payload.length;
		const number = this.#objects.length;
		const reaches = (from: number, to: number) =>
			!this.#failed && writeFailsAt !== undefined && writeFailsAt >= from && writeFailsAt < to;
		const part = reaches(offset, offset + header) ? 'header' : reaches(offset + header, offset + length) ? 'payload' : undefined;
		this.#objects.push({ number, name, offset, length, subject });
		if (part === undefined) {
			this.#writer.put(out);
			return;
		}
		this.#failed = true;
		if (!dropWriteError?.(name, part)) {
			throw new DumpError(
				`#${number} ${name}`,
				`writing its ${part} failed at byte 0x${(writeFailsAt ?? 0).toString(16)} of the image`,
				EIO,
			);
		}
		// The failed write leaves the file where it was: what comes next stands in its place.
		if (part === 'payload') this.#writer.put({ ...out, payload: new Uint8Array(0) });
	}
}

function ldtBytes(mm: Mm): Uint8Array {
	const bytes = new Uint8Array(mm.ldt.length * o.LDT_ENTRY_SIZE);
	const view = new DataView(bytes.buffer);
	mm.ldt.forEach(({ a, b }, i) => {
		view.setUint32(i * 8, a, true);
		view.setUint32(i * 8 + 4, b, true);
	});
	return bytes;
}

/** The path and its NUL. */
function pathBytes({ path }: Vma): Uint8Array {
	const bytes = new Uint8Array(path.length + 1);
	for (let i = 0; i < path.length; i++) bytes[i] = path.charCodeAt(i);
	if (bytes.length > o.PATH_MAX) throw new DumpError('NAME', `a path of ${bytes.length} bytes`, 36);
	return bytes;
}
