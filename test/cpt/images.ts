/** Images for the tests: a small one with every kind of object, and random ones that are legal, the unusual included. */
import fc from 'fast-check';
import type { Field, FieldValue } from '../../src/cpt/field.ts';
import type { Fields, Struct } from '../../src/cpt/struct.ts';
import { type Body, type Piece, piece } from '../../src/cpt/v2/image-writer.ts';
import { FPU, LDT, MM, NAME, PAGES, TASK, VMA, X86_REGS } from '../../src/cpt/v2/kinds.ts';
import { Content, CPT_NULL, cpt_head, cpt_object_hdr, PAGE_SIZE, SIGNATURE, TaskState } from '../../src/cpt/v2/objects.ts';

const HEADER = new Set(cpt_object_hdr.fields.map((f) => f.name));

/** All fields of a struct but the header's, each by its declaration; what the grammar looks at comes from `fixed`. */
export function bodyOf<F extends Fields>(struct: Struct<F>, value: (field: Field) => FieldValue, fixed: object = {}): Body<F> {
	const all = struct.fields.filter((f) => !HEADER.has(f.name)).map((f) => [f.name, value(f.field)] as const);
	return { ...Object.fromEntries(all), ...fixed } as unknown as Body<F>;
}

/** Zero, as the field has it. */
export function zero(field: Field): FieldValue {
	return field.read(new DataView(new ArrayBuffer(field.size)), 0);
}

const MAX = [0n, 0xffn, 0xffffn, 0n, 0xffffffffn, 0n, 0n, 0n, 0xffffffffffffffffn];
/** Any value of a field; padding is zero three times out of four. */
function anyValue(field: Field): fc.Arbitrary<FieldValue> {
	const bits = fc.uint8Array({ minLength: field.size, maxLength: field.size });
	const value = bits.map((raw) => field.read(new DataView(raw.buffer, raw.byteOffset, raw.length), 0));
	const extreme = fc.constantFrom(0n, 1n, MAX[field.width]).map((n) => {
		const view = new DataView(new ArrayBuffer(field.size));
		for (let at = 0; at < field.size; at += field.width)
			for (let i = 0; i < field.width; i++) view.setUint8(at + i, Number((n >> BigInt(8 * i)) & 0xffn));
		return field.read(view, 0);
	});
	if (field.isPad) return fc.oneof({ weight: 3, arbitrary: fc.constant(zero(field)) }, { weight: 1, arbitrary: value });
	return fc.oneof(value, extreme);
}

function anyBody<F extends Fields>(struct: Struct<F>, fixed: object): fc.Arbitrary<Body<F>> {
	const rows = struct.fields.filter((f) => !HEADER.has(f.name) && !(f.name in fixed));
	return fc.tuple(...rows.map((f) => anyValue(f.field))).map((values) => {
		const body = Object.fromEntries(values.map((value, i) => [rows[i].name, value]));
		return { ...body, ...fixed } as unknown as Body<F>;
	});
}

const anyExtra = fc.oneof(
	{ weight: 4, arbitrary: fc.constant(new Uint8Array(0)) },
	{ weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 20 }) },
);
const filled = (length: number, seed: number) => new Uint8Array(length).map((_, i) => (i * 7 + seed) & 0xff);

const anyHead: fc.Arbitrary<Piece> = fc
	.tuple(anyBody(cpt_head, { cpt_signature: Uint8Array.from(SIGNATURE), cpt_hdrlen: 0 }), anyExtra)
	.map(([values, extra]) => ({
		struct: cpt_head,
		values: { ...values, cpt_hdrlen: cpt_head.size + extra.length },
		extra,
		payload: new Uint8Array(0),
	}));

/** A VMA with its NAME and PAGES. `gap` pages lie before it, its ranges are [pages skipped, pages stored, void]. */
const anyVma = fc.record({
	gap: fc.nat(3),
	after: fc.nat(2),
	ranges: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 }), fc.boolean()), { maxLength: 3 }),
	path: fc.option(fc.uint8Array({ min: 1, minLength: 1, maxLength: 40 })),
	seed: fc.nat(255),
	extra: anyExtra,
});

const anyMm: fc.Arbitrary<Piece[]> = fc.array(anyVma, { maxLength: 3 }).chain((vmas) => {
	let at = 0x8048000;
	const parts: fc.Arbitrary<Piece>[] = [];
	for (const vma of vmas) {
		const start = at + vma.gap * PAGE_SIZE;
		let page = start;
		const pages: fc.Arbitrary<Piece>[] = [];
		for (const [skip, count, isVoid] of vma.ranges) {
			const from = page + skip * PAGE_SIZE;
			page = from + count * PAGE_SIZE;
			const body = { cpt_start: BigInt(from), cpt_end: BigInt(page) };
			const payload = isVoid ? new Uint8Array(0) : filled(count * PAGE_SIZE, vma.seed);
			const content = isVoid ? Content.VOID : Content.DATA;
			pages.push(anyExtra.map((extra) => piece(PAGES, body, { content, payload, extra })));
		}
		at = Math.max(page, start + PAGE_SIZE) + vma.after * PAGE_SIZE;
		const fixed = {
			cpt_file: vma.path ? 0n : CPT_NULL,
			cpt_vma_type: vma.path ? 1 : 0,
			cpt_start: BigInt(start),
			cpt_end: BigInt(at),
			cpt_page_num: BigInt(pages.length),
		};
		parts.push(anyBody(VMA.struct, fixed).map((body) => piece(VMA, body, { extra: vma.extra })));
		if (vma.path) parts.push(fc.constant(piece(NAME, {}, { payload: Uint8Array.from([...vma.path, 0]) })));
		parts.push(...pages);
	}
	const mm = anyBody(MM.struct, { cpt_map_count: BigInt(vmas.length) }).map((body) => piece(MM, body));
	return fc.tuple(mm, ...parts);
});

const anyLdt: fc.Arbitrary<Piece[]> = fc.option(fc.integer({ min: 1, max: 4 })).chain((entries) => {
	if (entries === null) return fc.constant([]);
	const payload = filled(entries * 8, 3);
	return anyBody(LDT.struct, { cpt_size: payload.length }).map((body) => [piece(LDT, body, { payload })]);
});

const anyFpu: fc.Arbitrary<Piece> = fc.boolean().chain((old) => {
	const payload = filled(old ? 112 : 512, 9);
	const content = old ? Content.X86_FPUSTATE_OLD : Content.X86_FPUSTATE;
	return anyBody(FPU.struct, { cpt_size: payload.length }).map((body) => piece(FPU, body, { payload, content }));
});

type Standing = 'leader' | 'thread' | 'zombie';

const anyMemory = fc.tuple(anyMm, anyLdt).map(([mm, ldt]) => [...mm, ...ldt]);
const anyState = fc
	.tuple(anyFpu, anyBody(X86_REGS.struct, {}), anyExtra)
	.map(([fpu, regs, extra]) => [fpu, piece(X86_REGS, regs, { extra })]);
const nothing = fc.constant<Piece[]>([]);

const task = (children: readonly Piece[][], standing: Standing, pid: number): fc.Arbitrary<Piece[]> =>
	fc
		.tuple(
			anyBody(TASK.struct, {
				cpt_pid: pid,
				cpt_tgid: standing === 'thread' ? pid + 1 : pid,
				cpt_state: BigInt(standing === 'zombie' ? TaskState.ZOMBIE : TaskState.INTERRUPTIBLE),
				cpt_children_num: children.length,
			}),
			anyExtra,
			standing === 'leader' ? anyMemory : nothing,
			standing === 'zombie' ? nothing : anyState,
		)
		.map(([body, extra, memory, state]) => [piece(TASK, body, { extra }), ...memory, ...state, ...children.flat()]);

const anyTask = (depth: number): fc.Arbitrary<Piece[]> =>
	fc
		.tuple(
			depth === 0 ? fc.constant([]) : fc.array(anyTask(depth - 1), { maxLength: 2 }),
			fc.constantFrom<Standing>('leader', 'leader', 'thread', 'zombie'),
			fc.integer({ min: 0, max: 0xfffffffe }),
		)
		.chain(([children, standing, pid]) => task(children, standing, pid));

/** A legal image of up to seven tasks, as its objects. */
export const anyImage: fc.Arbitrary<Piece[]> = fc.tuple(anyHead, anyTask(2)).map(([head, tasks]) => [head, ...tasks]);

/** One of every kind and content, small: a task with a file mapping, an LDT and two children, of which one is a zombie. */
export function smallImage(): Piece[] {
	const head = bodyOf(cpt_head, zero, {
		cpt_signature: Uint8Array.from(SIGNATURE),
		cpt_hdrlen: cpt_head.size,
		cpt_image_major: 2,
		cpt_image_minor: 6,
		cpt_image_sublevel: 27,
	});
	const bits = (size: number) => ({ payload: filled(size, 1) });
	const range = (from: number, to: number) => ({ cpt_start: BigInt(from), cpt_end: BigInt(to) });
	const vma = (from: number, to: number, pages: number, file: boolean) =>
		bodyOf(VMA.struct, zero, {
			...range(from, to),
			cpt_file: file ? 0n : CPT_NULL,
			cpt_vma_type: file ? 1 : 0,
			cpt_page_num: BigInt(pages),
		});
	const regs = () => piece(X86_REGS, bodyOf(X86_REGS.struct, zero));
	return [
		{ struct: cpt_head, values: head, extra: new Uint8Array(0), payload: new Uint8Array(0) },
		piece(TASK, bodyOf(TASK.struct, zero, { cpt_pid: 1, cpt_tgid: 1, cpt_children_num: 2, cpt_comm: filled(16, 65) })),
		piece(MM, bodyOf(MM.struct, zero, { cpt_map_count: 2n })),
		piece(VMA, vma(0x8048000, 0x804a000, 1, true)),
		piece(NAME, {}, { payload: new TextEncoder().encode('/bin/true\0') }),
		piece(PAGES, range(0x8049000, 0x804a000), { payload: filled(PAGE_SIZE, 5) }),
		piece(VMA, vma(0x804a000, 0x804e000, 1, false)),
		piece(PAGES, range(0x804b000, 0x804d000), { content: Content.VOID }),
		piece(LDT, { cpt_size: 16 }, bits(16)),
		piece(FPU, { cpt_size: 512 }, bits(512)),
		regs(),
		piece(TASK, bodyOf(TASK.struct, zero, { cpt_pid: 2, cpt_tgid: 2, cpt_state: BigInt(TaskState.ZOMBIE) })),
		piece(TASK, bodyOf(TASK.struct, zero, { cpt_pid: 3, cpt_tgid: 3 })),
		piece(MM, bodyOf(MM.struct, zero)),
		piece(FPU, { cpt_size: 112 }, { ...bits(112), content: Content.X86_FPUSTATE_OLD }),
		regs(),
	];
}
