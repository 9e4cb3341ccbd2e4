/** Restarting an address space: MM, its VMAs, and the files they map. */
import { Pages } from '../../events/pages.ts';
import type { Restored } from '../../events/restore.ts';
import { topDirectory } from '../../reducers/entities.ts';
import type { MachineState, Mm, Vma } from '../../reducers/state.ts';
import { Vm } from '../../reducers/state.ts';
import type { FieldValue } from '../field.ts';
import { HEAP_GARBAGE } from '../rules.ts';
import type { ImageObject } from './image-object.ts';
import { cpt_mm_image, PATH_MAX } from './objects.ts';
import { currentTask, isGone, type Progress, RestartError } from './progress.ts';
import { TASK_SIZE } from './restart-task.ts';
import { MM_FIELDS } from './task-fields.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const ENOENT = 2;
const EFAULT = 14;
const EINVAL = 22;
const ESTALE = 116;
const VDSO_PATH = '[vdso]';

/** The address space, without mappings. */
export function restoreMm(object: ImageObject, p: Progress): readonly [Extract<Restored, { readonly kind: 'mm' }>] {
	const values = object.read(cpt_mm_image) as unknown as Readonly<Record<string, FieldValue>>;
	const task = currentTask(p) as Writable<ReturnType<typeof currentTask>>;
	const lender = p.residual.mms[p.lent];
	for (const { field } of MM_FIELDS) {
		const value = object.big(field);
		if (field !== 'cpt_def_flags' && field !== 'cpt_flags' && field !== 'cpt_map_count' && value > BigInt(TASK_SIZE))
			object.fail(field, 'an address of user space');
	}
	const mm: Writable<Mm> = { ...lender, vmas: [], ldt: [] };
	for (const { field, set } of MM_FIELDS) set?.({ mm }, values[field] as never);
	if (mm.dumpable > 2) object.fail('cpt_flags', 'dumpable 0, 1 or 2');
	p.mm = mm.id;
	p.memories.set(object.parent?.num('cpt_tgid') ?? task.tgid, mm.id);
	if (!isGone(task)) task.mm = mm.id;
	const own = { id: mm.object, kind: 'private' as const, pages: Pages.EMPTY, size: 2 ** 32 };
	return [{ kind: 'mm', task: isGone(task) ? 0 : task.pid, mm, object: own }];
}

const ALL_VM = Object.values(Vm).reduce((a, b) => a | b, 0);

/** A mapping; `name` is its NAME when it maps a file. */
export function restoreVma(object: ImageObject, name: ImageObject | undefined, p: Progress): Restored {
	const start = object.num('cpt_start');
	const end = object.num('cpt_end');
	const flags = Number(object.big('cpt_flags') & 0xffffffffn);
	if (object.big('cpt_flags') & ~BigInt(ALL_VM)) object.fail('cpt_flags', 'VM_* flags that a user mapping has');
	const lent = p.residual.mms[p.lent];
	const vdso = lent.vdso !== 0 && start === lent.vdso && name === undefined;
	if (end > TASK_SIZE && !vdso) object.fail('cpt_end', `at most 0x${TASK_SIZE.toString(16)}, the end of user space`);
	const like = lent.vmas.find((v) => v.start <= start && start < v.end);
	const base = { start, end, flags, object: 0, pgoff: 0, inode: 0, path: '' };
	const pgoff = Number(object.big('cpt_pgoff') & 0xffffffffn);
	if (object.big('cpt_pgoff') >= 2n ** 28n) object.fail('cpt_pgoff', 'a page below 2^28');
	if (name !== undefined) return vma(p.mm, fileVma({ ...base, pgoff }, name, like, p));
	if (vdso && like) return vma(p.mm, { ...base, object: like.object, pgoff, path: VDSO_PATH });
	// One that may only be read has lost VM_SHARED.
	if ((flags & (Vm.SHARED | Vm.MAYSHARE)) === 0) {
		if (pgoff !== start / 4096) object.fail('cpt_pgoff', `0x${(start / 4096).toString(16)}, the page of cpt_start`);
		return vma(p.mm, base);
	}
	// Shared anonymous memory: v2 holds the mapping and not its pages.
	const shared = like && p.residual.objects[like.object];
	if (like === undefined || shared?.kind !== 'shared')
		throw new RestartError(
			place(object, 'cpt_flags'),
			'shared anonymous memory, which v2 does not hold and nothing lends',
			EINVAL,
		);
	return vma(p.mm, { ...base, object: like.object, pgoff, inode: like.inode, path: like.path });
}

const vma = (mm: number, value: Vma): Restored => ({ kind: 'vma', mm, vma: value });

function place(object: ImageObject, field: string) {
	return { object: object.label, field, offset: object.offset + (field === '' ? 0 : object.struct.offsetOf(field)) };
}

/**
 * The path is opened again: the file the lender maps there under that name, else what the name leads to. A name that leads to
 * another file than the one that was mapped is no way back to it.
 */
function fileVma(base: Vma, name: ImageObject, like: Vma | undefined, p: Progress): Vma {
	const path = pathOf(name);
	const at = { object: name.label, field: 'payload', offset: name.offset + name.headerLength };
	const off = p.rules.unchecked ?? [];
	const was = like?.path === path ? like.inode : 0;
	const there = was !== 0 && p.residual.inodes[was] !== undefined;
	const inode = there ? was : lookUp(p.residual, path);
	const file = inode === undefined ? undefined : p.residual.inodes[inode];
	if (file === undefined || file.object === 0) {
		if (off.includes('file-open'))
			throw new RestartError(at, `the restart crashes: the error of opening ${path} is taken for a file`, EFAULT);
		throw new RestartError(at, `no file ${path}`, ENOENT);
	}
	if (was !== 0 && !there && !off.includes('file-identity'))
		throw new RestartError(at, `${path} is another file than the one that was mapped`, ESTALE);
	return { ...base, object: file.object, inode: file.id, path };
}

/** The path as a C string: without a NUL it goes on into whatever lies behind it. */
function pathOf({ payload }: ImageObject): string {
	const end = payload.indexOf(0);
	if (end < 0) return String.fromCharCode(...payload.subarray(0, PATH_MAX), HEAP_GARBAGE);
	return String.fromCharCode(...payload.subarray(0, Math.min(end, PATH_MAX)));
}

/** The inode at an absolute path, by names alone (an image holds resolved paths). */
export function lookUp(state: MachineState, path: string): number | undefined {
	const root = Object.values(state.fsStructs)[0]?.root ?? 1;
	let at: number | undefined = topDirectory(state, root)?.id;
	for (const part of path.split('/')) {
		if (part === '') continue;
		at = at === undefined ? undefined : state.inodes[at]?.entries.find((e) => e.name === part)?.inode;
		if (at === undefined || at <= 0) return undefined;
	}
	return at;
}
