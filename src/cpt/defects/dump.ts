/** The catalogue, part one: what the dump of the posted v2 patches does wrong, and what its format leaves out. */
import { HEAP_GARBAGE } from '../rules.ts';
import { number } from './argument.ts';
import type { Defect } from './defect.ts';
import { callersDescriptors, choose, eachGroup, eachTask, SIGNALS } from './lent.ts';
import { changed } from './premise.ts';
import { countedChild, runningZombies, splitMemory, taskFields, threadsAsProcesses, withoutTraced } from './trees.ts';

const PAGE_SIZE = 4096;
/** Objects whose write errors the posted dump drops, whatever part fails; of BITS/FPU only the payload's. */
const UNCHECKED_WRITES: ReadonlySet<string> = new Set(['VMA', 'NAME', 'PAGES', 'BITS/MM_CONTEXT']);
/** Where mmap() begins to search in a process that has no base of its own: a third of user space (TASK_UNMAPPED_BASE). */
const UNMAPPED_BASE = 0x40000000;
const DELETED = ' (deleted)';

const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));

export const DUMP_DEFECTS: readonly Defect[] = [
	{
		name: 'clean-pages-refused',
		where: 'dump',
		seen: '06',
		who: 'Rilling (text pages)',
		what: 'a VMA holding a page-cache page or an untouched page makes the dump fail with -EINVAL',
		cause: { object: 'VMA', text: 'dump fails: VMA and page' },
		shows: 'frozen: no dump at all, since its own text is in the page cache',
		rules: () => ({ page: (kind) => (kind === 'private' ? 'store' : 'refuse') }),
	},
	{
		name: 'write-errors-ignored',
		where: 'dump',
		seen: '05, 06',
		who: 'Rilling',
		what: 'errors while writing FPU payload, pages, page blocks, names, VMAs, LDT are dropped; the dump "succeeds"',
		cause: { text: 'first object past the failed byte' },
		arg: { what: 'byte of the image at which a write fails', default: '4096' },
		shows: 'frozen: the write of a page fails, what follows takes its place in the image',
		rules: (arg) => ({
			writeFailsAt: number(arg, 0),
			dropWriteError: (name, part) => UNCHECKED_WRITES.has(name) || (name === 'BITS/FPU' && part === 'payload'),
		}),
	},
	{
		name: 'ldt-headerless',
		where: 'dump',
		seen: '06',
		who: '',
		what: 'MM_CONTEXT has an unset cpt_hdrlen and a cpt_len without its payload',
		cause: { object: 'BITS/MM_CONTEXT', fields: ['cpt_hdrlen', 'cpt_len'], text: 'BITS/MM_CONTEXT header' },
		arg: { what: 'what the kernel stack holds in the place of cpt_hdrlen', default: '0' },
		shows: 'frozen: its LDT cannot be read back',
		rules: (arg) => {
			const cpt_hdrlen = number(arg, 0);
			return {
				object: (piece, name) =>
					name === 'BITS/MM_CONTEXT' ? changed(piece, { values: { cpt_hdrlen, cpt_len: BigInt(piece.struct.size) } }) : piece,
			};
		},
	},
	{
		name: 'leader-wrong-namespace',
		where: 'dump',
		seen: '05',
		who: 'Rilling',
		what: 'cpt_leader and cpt_old_pgrp are pids as the dumper sees them, the others as the container does',
		cause: { object: 'TASK', fields: ['cpt_leader'], text: 'TASK.cpt_leader' },
		arg: { what: 'how much higher pids are outside the container', default: '1000' },
		shows: 'frozen_tree: nobody reads it back, so nothing else is different',
		rules: (arg) => {
			const more = number(arg, 1, 1_000_000);
			const outside = (pid: unknown) => (pid === 0 ? 0 : (pid as number) + more);
			return taskFields(
				() => true,
				(old) => ({ cpt_leader: outside(old.cpt_leader), cpt_old_pgrp: outside(old.cpt_old_pgrp) }),
			);
		},
	},
	{
		name: 'tid-pointers-unset',
		where: 'dump',
		seen: '05',
		who: '',
		what: 'cpt_set_tid and cpt_clear_tid are never filled: a join after restart waits for ever',
		cause: { object: 'TASK', fields: ['cpt_clear_tid', 'cpt_set_tid'], text: 'TASK.cpt_clear_tid' },
		shows: 'frozen_tree: who waits for the thread to end waits for ever',
		rules: () =>
			taskFields(
				() => true,
				() => ({ cpt_set_tid: 0n, cpt_clear_tid: 0n }),
			),
	},
	{
		name: 'zombie-as-running',
		where: 'dump',
		seen: '05, 06, 08',
		who: '',
		what: 'a zombie has no mm (the posted dump oopses); guarded, its cpt_state is not recognised as exited and wait() never returns',
		cause: { object: 'TASK', fields: ['cpt_state'], text: 'TASK.cpt_state' },
		shows: 'frozen_tree: waitpid for the zombie never returns',
		rules: () => runningZombies,
	},
	{
		name: 'threads-as-processes',
		where: 'dump',
		seen: '10',
		who: '',
		what: 'threads of a child are dumped as extra child processes, each with its own copy of the MM; the root’s other threads are lost',
		cause: { object: 'TASK', fields: ['cpt_tgid'], text: 'TASK.cpt_tgid' },
		shows: 'frozen_tree: the thread of a child is a process of its own',
		rules: () => ({ source: threadsAsProcesses, residual: threadsAsProcesses }),
	},
	{
		name: 'traced-child-skipped',
		where: 'dump',
		seen: '10',
		who: '',
		what: 'a child whose parent is its tracer is left out, with its subtree',
		cause: { object: 'TASK', text: 'missing TASK' },
		shows: 'ptrace_attach: a child that another child traces is not restored',
		rules: () => ({ source: withoutTraced }),
	},
	{
		name: 'unlocked-walk',
		where: 'dump',
		seen: '10',
		who: 'Laadan',
		what: 'a child disappears between counting and dumping',
		cause: { object: 'TASK', fields: ['cpt_children_num'], text: 'TASK.cpt_children_num' },
		shows: 'frozen_tree: one child fewer is dumped than was counted',
		rules: () => countedChild,
	},
	{
		name: 'thaw-during-dump',
		where: 'dump',
		seen: '10',
		who: 'Laadan',
		what: 'the container runs on between two objects: a torn image',
		cause: { text: 'first object dumped after the thaw' },
		arg: { what: 'objects that are written before the thaw, and steps until it is frozen again', default: '8,200' },
		shows: 'frozen_tree: what is written first is older than the rest',
		rules: (arg) => {
			const [object, steps] = arg.split(',');
			return { torn: { object: number(object, 1), steps: number(steps ?? '', 1) } };
		},
	},
	{
		name: 'segment-lost',
		where: 'dump',
		seen: '05, 08',
		who: '',
		what: 'an unknown selector becomes ZERO with a log line only',
		cause: {
			object: 'X86_REGS',
			fields: ['cpt_gs', 'cpt_fs', 'cpt_es', 'cpt_ds'],
			text: 'X86_REGS segment field',
		},
		shows: 'frozen_segment: gs has a TLS selector of privilege level 0; its next use faults',
		rules: () => ({ segment: () => 0 }),
	},
	{
		name: 'deleted-file-path',
		where: 'dump',
		seen: '06',
		who: '',
		what: 'an unlinked mapped file is named "… (deleted)" and cannot be opened',
		cause: { object: 'NAME', fields: ['payload', 'cpt_len'], text: 'NAME' },
		shows: 'frozen_files: a mapped file was unlinked',
		rules: () => ({
			object: (piece, name, { state, vma }) => {
				const inode = vma && state.inodes[vma.inode];
				if (name !== 'NAME' || inode === undefined || inode.nlink > 0) return piece;
				const payload = latin1(`${vma!.path}${DELETED}\0`);
				return changed(piece, { payload, values: { cpt_len: BigInt(piece.struct.size + payload.length) } });
			},
		}),
	},
	{
		name: 'fpu-never-used',
		where: 'dump',
		seen: '05',
		who: '',
		what: 'a task that never used the FPU has no FPU area: the payload write fails, is dropped, the stream slips 512 bytes',
		cause: { object: 'BITS/FPU', fields: ['payload'], text: 'BITS/FPU' },
		shows: 'frozen: before its first instruction of the FPU',
		rules: () => ({
			object: (piece, name, { task }) =>
				name === 'BITS/FPU' && !task.cpu.fpuUsed ? changed(piece, { payload: new Uint8Array(0) }) : piece,
		}),
	},
	{
		name: 'padding-leaks',
		where: 'dump',
		seen: '05, 06',
		who: '',
		what: 'kernel stack bytes in padding: two dumps of one state differ',
		cause: { object: 'BITS/FPU', fields: ['__cpt_pad1'], text: 'BITS.__cpt_pad1, X86_REGS 116' },
		arg: { what: 'byte that the stack is full of', default: `0x${HEAP_GARBAGE.toString(16)}` },
		shows: 'frozen: nothing depends on it',
		rules: (arg) => {
			const byte = number(arg, 0, 255);
			return {
				object: (piece, name) => {
					if (name !== 'X86_REGS' && !name.startsWith('BITS/')) return piece;
					const pads = piece.struct.fields.filter((f) => f.field.isPad);
					const values = pads.map(({ name: pad, field }) => {
						const bytes = new Uint8Array(field.size).fill(byte);
						return [pad, field.read(new DataView(bytes.buffer), 0)] as const;
					});
					return changed(piece, { values: Object.fromEntries(values) });
				},
			};
		},
	},
	{
		name: 'signals-not-dumped',
		where: 'format',
		seen: 'format',
		who: '',
		what: 'handlers, mask, pending signals, alternate stack',
		cause: { part: 'task signal state', text: 'task signal state' },
		arg: { what: 'handlers, mask, pending, altstack or all', default: 'all' },
		shows: 'frozen: a blocked signal is pending, its handler is never called',
		rules: (arg) => ({ residual: choose(SIGNALS, arg), lost: ['task signal state'] }),
	},
	{
		name: 'descriptors-not-dumped',
		where: 'format',
		seen: 'format (the cover letter claims regular files)',
		who: '',
		what: 'fd table, offsets, pipes and their contents',
		cause: { part: 'task descriptor table', text: 'task descriptor table' },
		shows: 'frozen: reads a file and a pipe it has opened before',
		rules: () => ({ residual: callersDescriptors, lost: ['task descriptor table'] }),
	},
	{
		name: 'timers-not-dumped',
		where: 'format',
		seen: 'format',
		who: '',
		what: 'interval timers and alarms',
		cause: { part: 'task timers', text: 'task timers' },
		shows: 'frozen: waits for an alarm that never comes',
		rules: () => ({
			residual: (s) => {
				const none = { expires: null, interval: 0 };
				return eachGroup(s, (g) => ({ ...g, itimers: { real: none, virtual: none, prof: none } }));
			},
			lost: ['task timers'],
		}),
	},
	{
		name: 'robust-list-lost',
		where: 'format',
		seen: 'format',
		who: '',
		what: 'robust futex list head',
		cause: { part: 'task robust list', text: 'task robust list' },
		shows: 'frozen_tree: the lock of who ends is not marked',
		rules: () => ({
			residual: (s) => eachTask(s, (t) => ({ ...t, robustList: 0, robustListLen: 0 })),
			lost: ['task robust list'],
		}),
	},
	{
		name: 'restart-block-lost',
		where: 'format',
		seen: 'format',
		who: '',
		what: '-516 calls lose their function and arguments and end with EINTR',
		cause: { part: 'restart block', text: 'restart block' },
		shows: 'frozen_calls: asleep in nanosleep, which says EINTR',
		rules: () => ({
			residual: (s) => eachTask(s, (t) => (t.restartBlock === null ? t : { ...t, restartBlock: null, wait: null })),
			lost: ['restart block'],
		}),
	},
	{
		name: 'mmap-base-lost',
		where: 'format',
		seen: 'format',
		who: '',
		what: 'the next mmap() returns another address',
		cause: { part: 'mm mmap base', text: 'mm mmap base' },
		arg: { what: 'address from which mmap() searches downwards instead', default: `0x${UNMAPPED_BASE.toString(16)}` },
		shows: 'frozen: maps a page',
		rules: (arg) => {
			const mmapBase = number(arg, PAGE_SIZE, 0xc0000000);
			return {
				residual: (s) => ({
					...s,
					mms: Object.fromEntries(Object.entries(s.mms).map(([id, mm]) => [id, { ...mm, mmapBase }])),
				}),
				lost: ['mm mmap base'],
			};
		},
	},
	{
		name: 'shared-memory-split',
		where: 'format',
		seen: 'format ("Shared objects are not supported yet"; as posted the dump fails)',
		who: '',
		what: 'a shared anonymous mapping comes back as one copy per process',
		cause: { object: 'VMA', text: 'VMA of the second process' },
		shows: 'frozen_tree: nobody sees the word that says go',
		rules: () => splitMemory(),
	},
	{
		name: 'vdso-as-plain-memory',
		where: 'format',
		seen: '06 (as posted the dump fails)',
		who: '',
		what: 'the vDSO’s address and its sysenter return are not saved; its page is plain memory',
		cause: { part: 'mm vDSO address', text: 'mm vDSO address' },
		shows: 'frozen: the next signal frame returns through code on the stack instead of the vDSO',
		rules: () => ({
			page: (kind, { vma }) => (kind === 'private' || vma?.path === '[vdso]' ? 'store' : 'skip'),
			object: (piece, name, { vma }) =>
				name === 'VMA' && vma?.path === '[vdso]'
					? changed(piece, { values: { cpt_pgoff: BigInt(vma.start / PAGE_SIZE) } })
					: piece,
			residual: (s) => ({
				...s,
				mms: Object.fromEntries(Object.entries(s.mms).map(([id, mm]) => [id, { ...mm, vdso: 0 }])),
			}),
			lost: ['mm vDSO address'],
		}),
	},
];
