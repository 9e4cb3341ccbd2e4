/**
 * What is legal in an image and still suspicious: padding that leaked, bits nobody defined, fields that contradict each other.
 * A row is a check of one kind of object; nothing here decides whether a restart takes the image.
 */
import { Vm } from '../../events/entities.ts';
import { pgprot } from './dump.ts';
import type { ImageObject } from './image-object.ts';
import * as o from './objects.ts';
import { tlsAllowed } from './restart-task.ts';

export interface Warning {
	/** Number and kind: `#3 VMA`. */
	readonly object: string;
	/** C name of the field (`cpt_tls[1]`), `header`, `payload`; empty: the object as a whole. */
	readonly field: string;
	/** Byte in the image. */
	readonly offset: number;
	/** What is suspicious, and what was expected. */
	readonly text: string;
}

/** Hears of something suspicious in a field, at an element of it. */
type Warn = (field: string, text: string, index?: number) => void;

interface Row {
	/** Kinds it is about; absent: all. */
	readonly kinds?: readonly string[];
	readonly check: (object: ImageObject, warn: Warn, all: readonly ImageObject[]) => void;
}

const hex = (n: number | bigint) => `0x${n.toString(16)}`;
const masks = (table: Readonly<Record<string, number>>) => Object.values(table).reduce((a, b) => a | BigInt(b), 0n);
const zeros = (bytes: Uint8Array) => bytes.every((b) => b === 0);

/** Fields made of bits: those without a name are suspicious. */
const BITS: readonly (readonly [kind: string, field: string, known: bigint])[] = [
	['TASK', 'cpt_flags', masks(o.TaskFlag)],
	['TASK', 'cpt_thrflags', masks(o.ThreadFlag)],
	['TASK', 'cpt_thrstatus', masks(o.ThreadStatus)],
	['MM', 'cpt_def_flags', masks(Vm)],
	['VMA', 'cpt_flags', masks(Vm)],
	['VMA', 'cpt_pgprot', masks(o.PageProt)],
];

/** eflags as user mode has them: bit 1 and IF set; IOPL, NT, RF, VM, VIF, VIP clear. */
const EFLAGS_SET = 0x202;
const EFLAGS_CLEAR = 0x1b7000;
const mappedAt = (all: readonly ImageObject[], mm: ImageObject | undefined, address: number) =>
	all.some((v) => v.name === 'VMA' && v.parent === mm && v.num('cpt_start') <= address && address < v.num('cpt_end'));

const ROWS: readonly Row[] = [
	{
		check: (object, warn) => {
			for (const name of object.dirtyPadding()) warn(name, 'padding that is not zero: bytes of whoever wrote it leaked');
			if (object.extra.length > 0)
				warn('header', `${object.extra.length} bytes beyond ${object.struct.name}: kept, never interpreted`);
		},
	},
	{
		check: (object, warn) => {
			for (const [kind, field, known] of BITS) {
				if (kind !== object.name) continue;
				const rest = object.big(field) & ~known;
				if (rest !== 0n) warn(field, `bits ${hex(rest)} have no meaning`);
			}
		},
	},
	{
		kinds: ['HEAD'],
		check: (object, warn) => {
			if (object.big('cpt_time') !== 0n) warn('cpt_time', `0 expected, ${object.big('cpt_time')} got: v2 leaves it unset`);
			if (object.num('cpt_image_extra') !== 0) warn('cpt_image_extra', `0 expected, ${object.num('cpt_image_extra')} got`);
			if (object.num('cpt_arch') !== o.CPT_ARCH_I386) warn('cpt_arch', `no i386 image: ${object.num('cpt_arch')}`);
		},
	},
	{
		kinds: ['TASK'],
		check: (object, warn, all) => {
			const values = object.read(o.cpt_task_image);
			const { cpt_comm: comm } = values;
			const nul = comm.indexOf(0);
			if (nul < 0) warn('cpt_comm', 'no NUL at its end');
			else if (!zeros(comm.subarray(nul))) warn('cpt_comm', 'bytes after its NUL');
			values.cpt_tls.forEach((words, i) => {
				const d = { a: Number(words & 0xffffffffn), b: Number(words >> 32n) };
				if (!tlsAllowed(d))
					warn('cpt_tls', `${hex(words)} is no 32-bit data segment of user mode: set_thread_area would not take it`, i);
			});
			const pid = object.num('cpt_pid');
			const first = all.find((t) => t.name === 'TASK' && t.num('cpt_pid') === pid);
			if (first !== object) warn('cpt_pid', `${pid} is the pid of ${first?.label} already`);
			const leader = object.num('cpt_tgid');
			if (!all.some((t) => t.name === 'TASK' && t.num('cpt_pid') === leader))
				warn('cpt_tgid', `a thread of ${leader}, which is not in the image`);
			if (object.parent !== undefined && leader === pid && object.num('cpt_ppid') !== object.parent.num('cpt_pid'))
				warn('cpt_ppid', `${object.parent.num('cpt_pid')} expected, the task it follows`);
			if (values.cpt_state !== 0n && (values.cpt_state & (values.cpt_state - 1n)) !== 0n)
				warn('cpt_state', `one TASK_* bit expected, ${hex(values.cpt_state)} got`);
		},
	},
	{
		kinds: ['MM'],
		check: (object, warn, all) => {
			for (const part of ['code', 'data', 'arg', 'env']) {
				const [start, end] = [object.num(`cpt_start_${part}`), object.num(`cpt_end_${part}`)];
				if (start > end) warn(`cpt_end_${part}`, `at least cpt_start_${part}, ${hex(start)}, expected`);
			}
			if (object.num('cpt_brk') < object.num('cpt_start_brk')) warn('cpt_brk', 'at least cpt_start_brk expected');
			for (const field of ['cpt_start_code', 'cpt_start_stack'])
				if (!mappedAt(all, object, object.num(field))) warn(field, `no VMA maps ${hex(object.num(field))}`);
		},
	},
	{
		kinds: ['VMA'],
		check: (object, warn, all) => {
			const flags = Number(object.big('cpt_flags') & 0xffffffffn);
			const want = BigInt(pgprot(flags));
			const got = object.big('cpt_pgprot');
			if (got !== want) warn('cpt_pgprot', `${hex(want)} expected of these cpt_flags, ${hex(got)} got`);
			const anonymous = object.num('cpt_vma_type') === o.VmaType.ANONYMOUS;
			const page = object.num('cpt_start') / o.PAGE_SIZE;
			// A special mapping, the vDSO: it counts from 0.
			const special = (flags & Vm.ALWAYSDUMP) !== 0;
			if (anonymous && !special && (flags & (Vm.SHARED | Vm.MAYSHARE)) === 0 && object.num('cpt_pgoff') !== page)
				warn('cpt_pgoff', `${hex(page)}, the page of cpt_start, expected of private anonymous memory`);
			const number = object.num('cpt_page_num');
			if (number > 0 && (flags & Vm.SHARED) !== 0)
				warn('cpt_page_num', `${number} pages of a shared mapping, which are not its own`);
			if (number > 0 && (flags & (Vm.WRITE | Vm.MAYWRITE)) === 0)
				warn('cpt_page_num', `${number} pages that were written in a mapping nobody may write`);
			const next = all[all.indexOf(object) + 1];
			if (next?.name === 'NAME' && next.payload[0] !== 0x2f) warn('cpt_vma_type', 'the NAME that follows is no absolute path');
		},
	},
	{
		kinds: ['NAME'],
		check: (object, warn) => {
			if (String.fromCharCode(...object.payload).endsWith(' (deleted)\0'))
				warn('payload', 'the file was unlinked: nothing can open it by this name');
		},
	},
	{
		kinds: ['PAGES'],
		check: (object, warn) => {
			if (object.content === o.Content.DATA && zeros(object.payload))
				warn('payload', 'zeros, which content VOID says without them');
		},
	},
	{
		kinds: ['BITS/FPU'],
		check: (object, warn) => {
			const { payload } = object;
			if (object.content !== o.Content.X86_FPUSTATE) {
				warn('cpt_content', 'the old kind of a processor without fxsave');
				return;
			}
			const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
			if (view.getUint32(24, true) & 0xffff0000)
				warn('payload', `mxcsr ${hex(view.getUint32(24, true))}: reserved bits are set, fxrstor faults`);
			if (!zeros(payload.subarray(416))) warn('payload', 'bytes from 416 on, which fxsave leaves alone, are not zero');
		},
	},
	{
		kinds: ['X86_REGS'],
		check: (object, warn, all) => {
			const task = object.parent;
			// A task that shares its memory has no MM of its own.
			const mm = all.find((m) => m.name === 'MM' && m.parent === task);
			for (const field of ['cpt_ip', 'cpt_sp'])
				if (mm !== undefined && !mappedAt(all, mm, object.num(field))) warn(field, `no VMA maps ${hex(object.num(field))}`);
			const flags = object.num('cpt_flags');
			if ((flags & EFLAGS_SET) !== EFLAGS_SET) warn('cpt_flags', `bit 1 and IF set expected, ${hex(flags)} got`);
			if (flags & EFLAGS_CLEAR) warn('cpt_flags', `flags user mode cannot have: ${hex(flags & EFLAGS_CLEAR)}`);
			object.read(o.cpt_x86_regs).cpt_debugreg.forEach((value, i) => {
				if (value !== 0) warn('cpt_debugreg', `a debug register in use: ${hex(value)}`, i);
			});
			const code = object.num('cpt_ax') | 0;
			if ((object.num('cpt_orig_ax') | 0) < 0 && code <= -512 && code >= -516)
				warn('cpt_ax', `${code}, a code that never leaves the kernel, outside of a call`);
		},
	},
];

/** Everything suspicious, in the order of the stream. */
export function lint(objects: readonly ImageObject[]): readonly Warning[] {
	const found: Warning[] = [];
	for (const object of objects) {
		const warn: Warn = (field, text, index) => {
			const { offset, struct, headerLength, label } = object;
			const placed = field === 'header' || field === 'payload' ? undefined : struct.placed(field);
			const start = placed === undefined ? (field === 'header' ? struct.size : headerLength) : placed.offset;
			const element = index === undefined ? 0 : index * (placed?.field.width ?? 0);
			found.push({
				object: label,
				field: index === undefined ? field : `${field}[${index}]`,
				offset: offset + start + element,
				text,
			});
		};
		for (const { kinds, check } of ROWS) if (kinds === undefined || kinds.includes(object.name)) check(object, warn, objects);
	}
	return found;
}
