/**
 * What a planted defect may change about a dump or a restart. Each rule stands at the place where the correct code is; without
 * rules the engine does what is right. Rules of several defects are applied one after the other.
 */
import type { Restored, RestoreEvent } from '../events/restore.ts';
import type { MachineState, Task, Vma } from '../reducers/state.ts';
import type { ImageObject } from './v2/image-object.ts';
import type { Piece } from './v2/image-writer.ts';

/** What memory that nobody has written since it was allocated holds, by decree: a planted defect must do the same every time. */
export const HEAP_GARBAGE = 0xa5;

/** What a page of a VMA is to a dump. */
export type PageKind =
	/** Written by the process: its bytes go into the image. */
	| 'private'
	/** In the page cache of its file (or the vDSO's): the file is mapped again. */
	| 'cache'
	/** Never touched. */
	| 'untouched';

/** Which task and mapping an object is about. */
export interface Subject {
	readonly state: MachineState;
	readonly task: Task;
	readonly vma?: Vma;
	readonly vmaIndex?: number;
	/** Linear address of the page. */
	readonly address?: number;
}

/** Checks of the restart that can be switched off, by what they are about. */
export type Check = 'eflags' | 'tls' | 'mxcsr' | 'debugreg' | 'ldt' | 'segments' | 'file-identity' | 'file-open';

/** How the reader may be wrong. All absent: it checks everything. */
export interface ReaderRules {
	/** The type of these kinds is not checked. */
	readonly untyped?: readonly string[];
	/** Header bytes beyond the struct are not skipped: what follows is read from there. */
	readonly keepExtra?: boolean;
	/** A header shorter than its struct: the missing fields are these bytes (what a fresh allocation happens to hold). */
	readonly shortHeader?: (missing: number) => Uint8Array;
	/** A BITS object is read as the LDT whatever its content. */
	readonly ldtAlways?: boolean;
	/** cpt_content is not checked. */
	readonly anyContent?: boolean;
	/** PAGES may lie anywhere. */
	readonly anyPages?: boolean;
	/** A NAME may be of any length and need not end in NUL. */
	readonly anyName?: boolean;
	/** A task that lives may come without memory, FPU state and registers. */
	readonly bareTasks?: boolean;
	/** BITS payloads may be of any size. */
	readonly anyBits?: boolean;
}

/** What a call that slept when it was frozen does after the thaw. */
export type Policy =
	/** Goes on in the kernel; no instruction retires. */
	| 'kernel'
	/** Goes back to its instruction in user space. */
	| 'user'
	/** Returns EINTR. */
	| 'eintr';

export interface Rules {
	/** The state a dump sees. */
	readonly source?: (state: MachineState) => MachineState;
	/** Whether a page is stored; `refuse` fails the dump with -EINVAL. */
	readonly page?: (kind: PageKind, subject: Subject) => 'store' | 'skip' | 'refuse';
	/** The code of a selector that has none; undefined fails the dump. */
	readonly segment?: (register: string, selector: number) => number | undefined;
	/** An object just before it is written. */
	readonly object?: (piece: Piece, name: string, subject: Subject) => Piece;
	/** The write that reaches this byte of the image fails. */
	readonly writeFailsAt?: number;
	/** Whether the error of a failed write of an object is dropped (then the object is simply not there). */
	readonly dropWriteError?: (name: string, part: 'header' | 'payload') => boolean;
	/** The image in which a defect of the restart shows: what a correct restart copes with, or refuses. */
	readonly premise?: (image: Uint8Array) => Uint8Array;
	readonly reader?: ReaderRules;
	/** Checks that are not made. */
	readonly unchecked?: readonly Check[];
	/** What is lent to the restart: residual parts lost, or files that changed meanwhile. */
	readonly residual?: (state: MachineState) => MachineState;
	/** Parts that are not lent: their borrowing is off, so their loss counts as a difference. */
	readonly lost?: readonly string[];
	/** What an object makes of the machine; null: nothing. `lent`: what is borrowed. An ImageError or RestartError fails the restart. */
	readonly restored?: (effect: Restored, object: ImageObject, lent: MachineState) => Restored | null;
	/** The pid a task gets, by the one in its image. */
	readonly pid?: (pid: number, lent: MachineState) => number;
	/** What an object of a task with children fails with is overwritten by what comes of its children: the rest of the task is missing. */
	readonly errorsOverwritten?: boolean;
	/** Reading the pages of a mapping fails. */
	readonly pageFails?: (object: ImageObject) => boolean;
	/** The container runs on for so many steps when `object` objects are written: the others are of the state it comes to. */
	readonly torn?: { readonly object: number; readonly steps: number };
	/** The root is thawed when its own objects are taken up, and runs so many steps before its children are restored. */
	readonly rootRunsEarly?: number;
	/** Events added at the end, before the thaw. */
	readonly end?: (restored: MachineState) => readonly RestoreEvent[];
	readonly policy?: Policy;
	/** The restored tasks are never thawed. */
	readonly neverThawed?: boolean;
}

/** One rule made of several: functions one after the other, lists joined, the rest the last one's. */
export function joinRules(all: readonly Rules[]): Rules {
	return all.reduce((a, b) => join(a, b), {});
}

function join(a: Rules, b: Rules): Rules {
	const both = <F>(f: F | undefined, g: F | undefined, made: (f: F, g: F) => F): F | undefined =>
		f === undefined ? g : g === undefined ? f : made(f, g);
	const joined = {
		...a,
		...b,
		source: both(a.source, b.source, (f, g) => (s) => g(f(s))),
		page: both(a.page, b.page, (f, g) => (kind, subject) => {
			const first = f(kind, subject);
			return first === (kind === 'private' ? 'store' : 'skip') ? g(kind, subject) : first;
		}),
		segment: both(a.segment, b.segment, (f, g) => (register, selector) => f(register, selector) ?? g(register, selector)),
		object: both(a.object, b.object, (f, g) => (piece, name, subject) => g(f(piece, name, subject), name, subject)),
		dropWriteError: both(a.dropWriteError, b.dropWriteError, (f, g) => (name, part) => f(name, part) || g(name, part)),
		premise: both(a.premise, b.premise, (f, g) => (image) => g(f(image))),
		reader: a.reader && b.reader ? { ...a.reader, ...b.reader } : (b.reader ?? a.reader),
		unchecked: [...(a.unchecked ?? []), ...(b.unchecked ?? [])],
		residual: both(a.residual, b.residual, (f, g) => (s) => g(f(s))),
		lost: [...(a.lost ?? []), ...(b.lost ?? [])],
		restored: both(a.restored, b.restored, (f, g) => (effect, object, state) => {
			const first = f(effect, object, state);
			return first === null ? null : g(first, object, state);
		}),
		end: both(a.end, b.end, (f, g) => (state) => [...f(state), ...g(state)]),
	};
	return Object.fromEntries(Object.entries(joined).filter(([, value]) => value !== undefined)) as Rules;
}
