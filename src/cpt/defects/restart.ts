/** The catalogue, part two: what the restart of the posted v2 patches does wrong. */
import { initialFx } from '../../events/cpu.ts';
import { Vm } from '../../reducers/state.ts';
import { HEAP_GARBAGE } from '../rules.ts';
import { Content, ObjectType, ThreadFlag } from '../v2/objects.ts';
import { RestartError } from '../v2/progress.ts';
import { number, oneOf } from './argument.ts';
import type { Defect } from './defect.ts';
import { choose, INHERITED, noFile, otherContents } from './lent.ts';
import { changeFirst, cutHeader, objectsOf } from './premise.ts';
import { RAW_STATE } from './raw-state.ts';
import { asleepIn, fpuOf, leaveCall, taskOf } from './restored.ts';
import { creatorsMemory, leftOpen, noExitSignal, nothingStopped, restartersGroup, taskFields } from './trees.ts';

/** The bit number of USED_MATH in cpt_flags, which the posted restart takes for its mask: EXITING and SUPERPRIV. */
const USED_MATH_NUMBER = 5;
const LOST_VM = Vm.LOCKED | Vm.DONTCOPY | Vm.SEQ_READ | Vm.RAND_READ;
const NR_RT_SIGTIMEDWAIT = 177;
const EACCES = 13;
const PAGE_SIZE = 4096n;
/** A TASK that ends before cpt_children_num. */
const SHORT_TASK = 288;
const FPU_SHORT = 100;
/** A code that no segment has. */
const NO_SEGMENT = 13;

export const RESTART_DEFECTS: readonly Defect[] = [
	{
		name: 'task-type-unchecked',
		where: 'restart',
		seen: '07',
		who: '',
		what: '`type > 0 &&` never checks TASK, whose type is 0: any object is taken for a task',
		cause: { object: 'TASK', fields: ['cpt_type'], text: 'object accepted as TASK' },
		arg: { what: 'cpt_type of the object that stands for the task', default: String(ObjectType.MM) },
		shows: 'frozen: the task of the image says that it is an MM, and is taken',
		rules: (arg) => {
			const cpt_type = number(arg, 0, 0xffff);
			return {
				reader: { untyped: ['TASK'] },
				premise: changeFirst('a TASK', ({ name }) => (name === 'TASK' ? { values: { cpt_type } } : undefined)),
			};
		},
	},
	{
		name: 'extra-header-not-skipped',
		where: 'restart',
		seen: '07',
		who: '',
		what: 'the rest of a longer header is not skipped: the stream slips',
		cause: { object: 'VMA', text: 'first object after it' },
		arg: { what: 'bytes that the header of the MM is longer than its struct', default: '8' },
		shows: 'frozen: the MM has a longer header, the first VMA is read from its rest',
		rules: (arg) => {
			const extra = new Uint8Array(number(arg, 1, 4096));
			return {
				reader: { keepExtra: true },
				premise: changeFirst('an MM', ({ name, length, headerLength }) =>
					name === 'MM'
						? { extra, values: { cpt_hdrlen: headerLength + extra.length, cpt_len: BigInt(length + extra.length) } }
						: undefined,
				),
			};
		},
	},
	{
		name: 'short-header-garbage',
		where: 'restart',
		seen: '07',
		who: '',
		what: 'a shorter header leaves the other fields as heap garbage (a 288-byte TASK: cpt_children_num)',
		cause: { object: 'TASK', fields: ['cpt_hdrlen'], text: 'TASK.cpt_hdrlen' },
		arg: { what: 'byte that the heap is full of', default: `0x${HEAP_GARBAGE.toString(16)}` },
		shows: 'frozen: a TASK of 288 bytes has as many children as the heap says',
		rules: (arg) => {
			const byte = number(arg, 0, 255);
			return {
				reader: { shortHeader: (missing) => new Uint8Array(missing).fill(byte) },
				premise: (image) => cutHeader(image, 'TASK', SHORT_TASK),
			};
		},
	},
	{
		name: 'ldt-always-read',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'a BITS object is read as LDT even when none was written: the FPU state is eaten, X86_REGS is read as BITS, -EINVAL',
		cause: { object: 'BITS/FPU', text: 'BITS/FPU' },
		shows: 'frozen: before it has an LDT',
		rules: () => ({ reader: { ldtAlways: true }, unchecked: ['ldt'] }),
	},
	{
		name: 'bits-content-unchecked',
		where: 'restart',
		seen: '08, 09',
		who: '',
		what: 'an FPU object of the other kind is dropped with success; the LDT reader takes any BITS',
		cause: { object: 'BITS/FPU', fields: ['cpt_content'], text: 'BITS.cpt_content' },
		shows: 'frozen: constants on the FPU stack are gone',
		rules: () => ({
			reader: { anyContent: true },
			premise: changeFirst('a BITS/FPU', ({ name }) =>
				name === 'BITS/FPU' ? { values: { cpt_content: Content.X86_FPUSTATE_OLD } } : undefined,
			),
			restored: (effect, object) =>
				object.name === 'BITS/FPU' && object.content !== Content.X86_FPUSTATE
					? { kind: 'fpu', task: taskOf(object), fx: initialFx() }
					: effect,
		}),
	},
	{
		name: 'used-math-mask',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'the bit number 5 is used as a mask (bits 0 and 2): the FPU counts as unused unless the task had SUPERPRIV or EXITING',
		cause: { object: 'TASK', fields: ['cpt_flags'], text: 'TASK.cpt_flags, then FPU state' },
		shows: 'frozen: constants on the FPU stack are gone',
		rules: () => ({ restored: fpuOf((flags) => (flags & USED_MATH_NUMBER) !== 0) }),
	},
	{
		name: 'fpu-over-pointer',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'the FPU image is copied over the pointer to the FPU area and what follows it',
		cause: { object: 'BITS/FPU', fields: ['payload'], text: 'BITS/FPU' },
		shows: 'frozen: the area itself is never filled; its zeros are a control word that masks nothing',
		rules: () => ({
			restored: (effect) => (effect.kind === 'fpu' ? { ...effect, fx: new Uint8Array(effect.fx.length) } : effect),
		}),
	},
	{
		name: 'task-flags-overwritten',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'all task flags replaced by the decoded five',
		cause: { object: 'TASK', fields: ['cpt_flags'], text: 'TASK.cpt_flags' },
		shows: 'frozen: the sixth, USED_MATH, is gone, so the FPU is initialised at its next use',
		rules: () => ({ restored: fpuOf(() => false) }),
	},
	{
		name: 'registers-on-self',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'the restored stack pointer, ip and gs are set on the running thread and overwritten when it schedules',
		cause: { object: 'X86_REGS', fields: ['cpt_ip', 'cpt_sp', 'cpt_gs'], text: 'X86_REGS' },
		shows: 'frozen: it goes on where it was not',
		rules: () => ({
			restored: (effect) =>
				effect.kind === 'registers' ? { ...effect, regs: { ...effect.regs, esp: 0, eip: 0, gs: 0 } } : effect,
		}),
	},
	{
		name: 'never-woken',
		where: 'restart',
		seen: '08, 10',
		who: '',
		what: 'nothing wakes the restored tasks',
		cause: { part: 'run state', text: 'run state' },
		shows: 'frozen: it does nothing at all',
		rules: () => ({ neverThawed: true }),
	},
	{
		name: 'credentials-not-restored',
		where: 'restart',
		seen: '08',
		who: 'Hallyn (under 05)',
		what: 'uid, gid, their effective, saved and fs forms stay the restarter’s',
		cause: {
			object: 'TASK',
			fields: ['uid', 'euid', 'suid', 'fsuid', 'gid', 'egid', 'sgid', 'fsgid'].map((id) => `cpt_${id}`),
			text: 'TASK.cpt_uid …',
		},
		arg: { what: 'uid and gid of the restarter', default: '0' },
		shows: 'frozen: asks who it is',
		rules: (arg) => {
			const id = number(arg, 0, 0xffffffff);
			const ids = { uid: id, euid: id, suid: id, fsuid: id, gid: id, egid: id, sgid: id, fsgid: id };
			return {
				restored: (effect) =>
					effect.kind === 'task' ? { ...effect, value: { ...effect.value, creds: { ...effect.value.creds, ...ids } } } : effect,
			};
		},
	},
	{
		name: 'restarter-state-inherited',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'files, cwd, umask, handlers, mask, limits are the restarter’s',
		cause: { part: 'inherited state', text: 'inherited state' },
		arg: { what: 'files, cwd, umask, handlers, mask, limits or all', default: 'all' },
		shows: 'frozen: asks for its limits, its umask, its directory',
		rules: (arg) => ({
			residual: choose(INHERITED, arg),
			lost: ['inherited state', 'working directory', 'task signal state', 'task descriptor table'],
		}),
	},
	{
		name: 'pid-not-restored',
		where: 'restart',
		seen: 'cover letter',
		who: '',
		what: 'tasks get the next free pids',
		cause: { object: 'TASK', fields: ['cpt_pid'], text: 'TASK.cpt_pid' },
		arg: { what: 'how much higher the next free pid is', default: '100' },
		shows: 'frozen_tree: children have other pids than their parent waits for',
		rules: (arg) => {
			const more = number(arg, 1, 10_000);
			return { pid: (pid) => pid + more };
		},
	},
	{
		name: 'group-and-session-lost',
		where: 'restart',
		seen: '08',
		who: 'its own comment',
		what: 'pgrp, session, tty group stay the restarter’s',
		cause: { object: 'TASK', fields: ['cpt_pgrp', 'cpt_session'], text: 'TASK.cpt_pgrp, cpt_session' },
		shows: 'frozen_tree: a child that led a session is in another',
		rules: () => restartersGroup,
	},
	{
		name: 'exit-signal-lost',
		where: 'restart',
		seen: '08, 10',
		who: '',
		what: 'children are made with exit signal 0: no SIGCHLD, a plain wait() gives -ECHILD',
		cause: { object: 'TASK', fields: ['cpt_exit_signal'], text: 'TASK.cpt_exit_signal' },
		shows: 'frozen_tree: waitpid says there is no child',
		rules: () => noExitSignal,
	},
	{
		name: 'stopped-state-lost',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'a SIGSTOPped task is not stopped after restart',
		cause: { object: 'TASK', fields: ['cpt_state'], text: 'TASK.cpt_state' },
		shows: 'frozen_tree: who was stopped runs on and ends',
		rules: () => nothingStopped,
	},
	{
		name: 'mm-shared-on-restart',
		where: 'restart',
		seen: '08, 09, 10',
		who: '',
		what: 'the kernel thread that becomes the child shares its creator’s address space and unmaps all of it: the root’s creator is the caller of restart()',
		cause: { object: 'MM', text: 'MM of the creator' },
		shows: 'frozen_tree: the parent has the memory of its last child',
		rules: () => creatorsMemory,
	},
	{
		name: 'syscall-code-leaks',
		where: 'restart',
		seen: '08',
		who: 'Mirkin',
		what: 'a task stopped inside a system call returns -512, -513, -514 or -516 to user space',
		cause: { object: 'X86_REGS', fields: ['cpt_orig_ax', 'cpt_ax'], text: 'X86_REGS.cpt_ax, cpt_orig_ax' },
		shows: 'frozen_calls: asleep in pause, which returns -514',
		rules: () => ({
			restored: (effect, object) => {
				const call = effect.kind === 'registers' ? asleepIn(object) : null;
				return effect.kind === 'registers' && call !== null ? leaveCall(effect, call.code >>> 0) : effect;
			},
		}),
	},
	{
		name: 'pause-window',
		where: 'restart',
		seen: '08',
		who: 'Mirkin against Laadan',
		what: 'the call is re-entered from user space: a signal that arrives in the gap is handled before pause() sleeps again, which then never wakes',
		cause: { part: 'restart policy', text: 'first event of the gap' },
		shows: 'frozen_window: asleep in pause, and a timer is due at this very moment',
		rules: () => ({ policy: 'user' }),
	},
	{
		name: 'sigtimedwait-eintr',
		where: 'restart',
		seen: '08',
		who: 'Mirkin',
		what: 'rt_sigtimedwait does not restart itself',
		cause: { object: 'X86_REGS', fields: ['cpt_orig_ax', 'cpt_ax'], text: 'syscall result' },
		shows: 'frozen_calls: asleep in sigtimedwait, which says EINTR',
		rules: () => ({
			restored: (effect, object) =>
				effect.kind === 'registers' && asleepIn(object)?.nr === NR_RT_SIGTIMEDWAIT ? leaveCall(effect) : effect,
		}),
	},
	{
		name: 'mapped-file-readonly',
		where: 'restart',
		seen: '09',
		who: 'its own note',
		what: 'mapped files are opened read-only: shared writable mappings fail, later mprotect too',
		cause: { object: 'VMA', fields: ['cpt_flags'], text: 'VMA.cpt_flags against NAME' },
		shows: 'frozen_files: makes a shared mapping writable; once it is, the restart fails',
		rules: () => ({
			restored: (effect, object) => {
				if (effect.kind !== 'vma' || effect.vma.inode === 0 || !(effect.vma.flags & Vm.SHARED)) return effect;
				if (effect.vma.flags & Vm.WRITE) {
					const vma = object.parent ?? object;
					const at = { object: vma.label, field: 'cpt_flags', offset: vma.offset + vma.struct.offsetOf('cpt_flags') };
					throw new RestartError(at, `${effect.vma.path} was opened read-only: no shared writable mapping of it`, EACCES);
				}
				return { ...effect, vma: { ...effect.vma, flags: effect.vma.flags & ~(Vm.MAYWRITE | Vm.SHARED) } };
			},
		}),
	},
	{
		name: 'mapped-file-changed',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'the file is opened again by name, its identity never checked',
		cause: { object: 'NAME', text: 'NAME' },
		arg: { what: 'path of the file that is another one now; nothing: the first that is mapped besides the program', default: '' },
		shows: 'frozen_files: reads what is mapped',
		rules: (arg) => ({ residual: otherContents(arg), unchecked: ['file-identity'] }),
	},
	{
		name: 'bad-open-crash',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'a mapped file that cannot be opened crashes the restart instead of -ENOENT',
		cause: { object: 'NAME', text: 'NAME' },
		arg: { what: 'path of the file that is gone; nothing: the first that is mapped besides the program', default: '' },
		shows: 'frozen_files: a mapped file is not there any more',
		rules: (arg) => ({ residual: noFile(arg), unchecked: ['file-open'] }),
	},
	{
		name: 'vma-flags-lost',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'VM_LOCKED, VM_DONTCOPY, VM_SEQ_READ, VM_RAND_READ are dropped (VM_DONTCOPY shows at the next fork)',
		cause: { object: 'VMA', fields: ['cpt_flags'], text: 'VMA.cpt_flags' },
		shows: 'frozen: MADV_DONTNEED of locked memory is refused no more',
		rules: () => ({
			restored: (effect) =>
				effect.kind === 'vma' ? { ...effect, vma: { ...effect.vma, flags: effect.vma.flags & ~LOST_VM } } : effect,
		}),
	},
	{
		name: 'child-error-overwritten',
		where: 'restart',
		seen: '10',
		who: '',
		what: 'the loop over children runs after an error and overwrites it: a half-restored parent is reported as success',
		cause: { text: 'first failed object' },
		shows: 'frozen_tree: the registers of the parent are refused, and its children are restored',
		rules: () => ({
			premise: changeFirst('an X86_REGS', (o) => (o.name === 'X86_REGS' ? { values: { cpt_cs: NO_SEGMENT } } : undefined)),
			errorsOverwritten: true,
		}),
	},
	{
		name: 'protection-left-open',
		where: 'restart',
		seen: '09 (with child-error-overwritten)',
		who: '',
		what: 'on the error path a read-only VMA stays writable',
		cause: { object: 'VMA', fields: ['cpt_flags'], text: 'VMA.cpt_flags' },
		shows: 'frozen_tree: pages of a mapping cannot be read, and it stays writable',
		rules: () => leftOpen,
	},
	{
		name: 'pages-range-unchecked',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'PAGES start and end are not checked against the VMA or the user limit',
		cause: { object: 'PAGES', fields: ['cpt_start', 'cpt_end'], text: 'PAGES.cpt_start' },
		arg: { what: 'pages that the last PAGES object lies behind the end of its mapping', default: '0' },
		shows: 'frozen: a page of its stack is put behind the stack, which is the kernel’s',
		rules: (arg) => {
			const pages = BigInt(number(arg, 0, 0x3ffff));
			return {
				reader: { anyPages: true },
				premise: (image) => {
					const last = objectsOf(image).findLast((o) => o.name === 'PAGES');
					return changeFirst('PAGES', (object) => {
						if (object.number !== last?.number) return undefined;
						const start = object.parent!.big('cpt_end') + pages * PAGE_SIZE;
						return { values: { cpt_start: start, cpt_end: start + object.big('cpt_end') - object.big('cpt_start') } };
					})(image);
				},
			};
		},
	},
	{
		name: 'name-unbounded',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'the path length comes from the image unchecked and the path need not end in NUL',
		cause: { object: 'NAME', fields: ['cpt_len', 'payload'], text: 'NAME.cpt_len' },
		shows: 'frozen: the path of its program goes on into the heap, and no such file is there',
		rules: () => ({
			reader: { anyName: true },
			premise: changeFirst('a NAME', ({ name, length, payload }) =>
				name === 'NAME' ? { payload: payload.subarray(0, -1), values: { cpt_len: BigInt(length - 1) } } : undefined,
			),
		}),
	},
	{
		name: 'bits-unbounded',
		where: 'restart',
		seen: '08, 09',
		who: '',
		what: 'FPU and LDT sizes come from the image unchecked; a short payload is over-read',
		cause: { object: 'BITS/FPU', fields: ['cpt_size', 'cpt_len', 'payload'], text: 'BITS.cpt_size' },
		arg: { what: 'bytes of FPU state in the image', default: String(FPU_SHORT) },
		shows: 'frozen: the registers behind the first hundred bytes are what the heap holds',
		rules: (arg) => {
			const cpt_size = number(arg, 0, 511);
			return {
				reader: { anyBits: true },
				premise: changeFirst('a BITS/FPU', ({ name, headerLength, payload }) =>
					name === 'BITS/FPU'
						? { payload: payload.subarray(0, cpt_size), values: { cpt_size, cpt_len: BigInt(headerLength + cpt_size) } }
						: undefined,
				),
			};
		},
	},
	{
		name: 'ldt-unvalidated',
		where: 'restart',
		seen: '09',
		who: '',
		what: 'LDT descriptors are loaded without checking type and privilege',
		cause: { object: 'BITS/MM_CONTEXT', fields: ['payload'], text: 'BITS/MM_CONTEXT payload' },
		shows: 'frozen: an entry of the LDT belongs to the kernel, loading it faults',
		rules: () => RAW_STATE.ldt,
	},
	{
		name: 'flags-unvalidated',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'eflags (IOPL, VM, NT), TLS, MXCSR, debug registers are loaded raw',
		cause: { object: 'X86_REGS', fields: ['cpt_flags'], text: 'X86_REGS.cpt_flags, TASK.cpt_tls' },
		arg: { what: 'eflags, tls, mxcsr or debugreg', default: 'eflags' },
		shows: 'frozen: its I/O privilege level is 3',
		rules: (arg) => RAW_STATE[oneOf(arg, ['eflags', 'tls', 'mxcsr', 'debugreg'])],
	},
	{
		name: 'debugreg-not-armed',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'debug registers are loaded but the thread flag is not set: breakpoints never fire',
		cause: { object: 'TASK', fields: ['cpt_thrflags'], text: 'TASK.cpt_thrflags' },
		shows: 'watched: restored with a breakpoint and frozen again, it never comes to it',
		rules: () =>
			taskFields(
				() => true,
				(old) => ({ cpt_thrflags: (old.cpt_thrflags as bigint) & ~BigInt(ThreadFlag.DEBUG) }),
			),
	},
	{
		name: 'times-not-restored',
		where: 'restart',
		seen: '08',
		who: '',
		what: 'CPU times, start times, fault counts are saved and never restored',
		cause: {
			object: 'TASK',
			fields: ['cpt_utime', 'cpt_start_time', 'cpt_nvcsw', 'cpt_nivcsw', 'cpt_min_flt', 'cpt_maj_flt'],
			text: 'TASK.cpt_utime …',
		},
		shows: 'frozen: nothing depends on it',
		rules: () => ({
			restored: (effect, _object, { clock, persona }) => {
				if (effect.kind !== 'task') return effect;
				const startNs = persona.bootNs + clock.steps * persona.nsPerStep + clock.skewNs;
				const times = { steps: 0, startNs, nvcsw: 0, nivcsw: 0, minFlt: 0, majFlt: 0 };
				return { ...effect, value: { ...effect.value, times } };
			},
		}),
	},
];
