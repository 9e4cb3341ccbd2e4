/**
 * The grammar of a v2 stream: which object carries which content and payload, what must hold of it, and what follows it.
 * `TASK · MM · (VMA · [NAME] · PAGES…)×n · [LDT] · FPU · REGS · children`, depth first. A zombie has no memory and no
 * registers: it is a TASK and its children; a first thread that others outlive has the memory of all. A thread is a child of its leader that has registers and no memory of its own.
 */
import type { Checked, Kind } from '../kind.ts';
import * as o from './objects.ts';

const isPageAligned = (address: number) => address % o.PAGE_SIZE === 0;
/** End of an i386 address space; where a user's part ends is the restart's business. */
const SPACE_END = 2 ** 32;

/** The path of a mapped file, with its NUL. */
export const NAME: Kind<typeof o.cpt_object_hdr> = {
	name: 'NAME',
	type: o.ObjectType.NAME,
	struct: o.cpt_object_hdr,
	contents: [o.Content.NAME],
	payload: 'a path and its NUL, 2 to 4096 bytes',
	payloadLength: (object) => {
		const length = object.payloadLength;
		if (length < 2 || length > o.PATH_MAX) object.fail('cpt_len', `a path of 2 to ${o.PATH_MAX} bytes`, `${length} bytes`);
		return length;
	},
	check: (object) => {
		const { payload } = object;
		const last = payload.length - 1;
		const nul = payload.indexOf(0);
		if (nul < 0) object.fail(last, 'a NUL, the end of the path', `0x${payload[last].toString(16)}`);
		if (nul < last) object.fail(nul, `a path of ${last} bytes`, 'a NUL within it');
	},
};

/** A range of pages of the VMA before it: their bytes, or zeros without a payload. */
export const PAGES: Kind<typeof o.cpt_page_block> = {
	name: 'PAGES',
	type: o.ObjectType.PAGES,
	struct: o.cpt_page_block,
	contents: [o.Content.DATA, o.Content.VOID],
	payload: 'cpt_end − cpt_start bytes with content DATA, none with VOID (zeros)',
	payloadLength: (object, previous) => {
		const start = object.num('cpt_start');
		const end = object.num('cpt_end');
		const vma = object.parent!;
		const from = previous?.num('cpt_end') ?? vma.num('cpt_start');
		if (start < from || !isPageAligned(start)) object.fail('cpt_start', `a page from 0x${from.toString(16)} on`);
		const to = vma.num('cpt_end');
		if (end <= start || end > to || !isPageAligned(end))
			object.fail('cpt_end', `a page after cpt_start, up to 0x${to.toString(16)}`);
		return object.content === o.Content.VOID ? 0 : end - start;
	},
};

export const VMA: Kind<typeof o.cpt_vma_image> = {
	name: 'VMA',
	type: o.ObjectType.VMA,
	struct: o.cpt_vma_image,
	contents: [o.Content.ARRAY],
	payload: '',
	check: (object, previous) => {
		const type = object.num('cpt_vma_type');
		if (type !== o.VmaType.ANONYMOUS && type !== o.VmaType.FILE) object.fail('cpt_vma_type', '0 (anonymous) or 1 (file)');
		if (type === o.VmaType.FILE && object.big('cpt_file') !== 0n) object.fail('cpt_file', '0, since a NAME follows');
		if (type === o.VmaType.ANONYMOUS && object.big('cpt_file') !== o.CPT_NULL)
			object.fail('cpt_file', '~0, since no file is mapped');
		const from = previous?.num('cpt_end') ?? 0;
		const start = object.num('cpt_start');
		if (start < from || start >= SPACE_END || !isPageAligned(start))
			object.fail('cpt_start', `a page from 0x${from.toString(16)} on`);
		const end = object.num('cpt_end');
		if (end <= start || end > SPACE_END || !isPageAligned(end)) object.fail('cpt_end', 'a page after cpt_start, up to 2^32');
	},
	followers: () => [
		{
			kind: NAME,
			when: (vma) => vma.num('cpt_vma_type') === o.VmaType.FILE,
			whenText: 'cpt_vma_type = FILE',
		},
		{ kind: PAGES, count: 'cpt_page_num' },
	],
};

export const MM: Kind<typeof o.cpt_mm_image> = {
	name: 'MM',
	type: o.ObjectType.MM,
	struct: o.cpt_mm_image,
	contents: [o.Content.ARRAY],
	payload: '',
	followers: () => [{ kind: VMA, count: 'cpt_map_count' }],
};

/** The LDT; only of a task that has one. */
export const LDT: Kind<typeof o.cpt_obj_bits> = {
	name: 'BITS/MM_CONTEXT',
	type: o.ObjectType.BITS,
	struct: o.cpt_obj_bits,
	contents: [o.Content.MM_CONTEXT],
	payload: 'the LDT, 8 bytes an entry, 1 to 8192 entries',
	payloadLength: (object) => {
		const size = object.num('cpt_size');
		if (size === 0 || size % o.LDT_ENTRY_SIZE !== 0 || size > o.LDT_MAX_BYTES)
			object.fail('cpt_size', `8 to ${o.LDT_MAX_BYTES} bytes, 8 an entry`);
		return size;
	},
};

/** The floating-point state. */
export const FPU: Kind<typeof o.cpt_obj_bits> = {
	name: 'BITS/FPU',
	type: o.ObjectType.BITS,
	struct: o.cpt_obj_bits,
	contents: [o.Content.X86_FPUSTATE, o.Content.X86_FPUSTATE_OLD],
	payload: '512 bytes of fxsave, or 112 of fsave with content X86_FPUSTATE_OLD',
	payloadLength: (object) => {
		const size = o.FPU_BYTES[object.content];
		if (object.num('cpt_size') !== size) object.fail('cpt_size', `${size} bytes`);
		return size;
	},
};

export const X86_REGS: Kind<typeof o.cpt_x86_regs> = {
	name: 'X86_REGS',
	type: o.ObjectType.X86_REGS,
	struct: o.cpt_x86_regs,
	contents: [o.Content.VOID],
	payload: '',
};

const lives = (task: Checked) => (task.big('cpt_state') & BigInt(o.TaskState.ZOMBIE)) === 0n;
const alive = { when: lives, whenText: 'cpt_state is not ZOMBIE' };
/** A thread has its leader's memory. */
const leads = {
	when: (task: Checked) => lives(task) && task.num('cpt_tgid') === task.num('cpt_pid'),
	whenText: 'cpt_state is not ZOMBIE, cpt_tgid is cpt_pid',
};

/** A first thread that has ended: the memory of its process is that of the threads that follow. */
const outlived = {
	optional: true,
	when: (task: Checked) => !lives(task) && task.num('cpt_tgid') === task.num('cpt_pid') && task.num('cpt_children_num') > 0,
	whenText: 'cpt_state is ZOMBIE, threads of it follow that live',
} as const;

export const TASK: Kind<typeof o.cpt_task_image> = {
	name: 'TASK',
	type: o.ObjectType.TASK,
	struct: o.cpt_task_image,
	contents: [o.Content.ARRAY],
	payload: '',
	followers: () => [
		{ kind: MM, ...leads },
		{ kind: LDT, optional: true, ...leads },
		{ kind: MM, ...outlived },
		{ kind: LDT, ...outlived },
		{ kind: FPU, ...alive },
		{ kind: X86_REGS, ...alive },
		{ kind: TASK, count: 'cpt_children_num' },
	],
};

/** Every kind of object, in the order of the stream. */
export const KINDS: readonly Kind[] = [TASK, MM, VMA, NAME, PAGES, LDT, FPU, X86_REGS];
