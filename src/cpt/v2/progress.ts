/** What a restart is given, what it knows on its way through an image, and how it fails. */
import { assert } from '../../events/assert.ts';
import type { Descriptor } from '../../events/cpu.ts';
import type { MachineState, Task } from '../../reducers/state.ts';
import type { Rules } from '../rules.ts';
import type { ImageObject } from './image-object.ts';

/** A restart that cannot go on although the image is well formed: a file that is not there, nothing to borrow. */
export class RestartError extends Error {
	override readonly name = 'RestartError';
	/** Object and field it is about: `#7 NAME`. */
	readonly object: string;
	readonly field: string;
	/** Byte offset in the image. */
	readonly offset: number;
	/** Linux errno the call would answer, positive. */
	readonly errno: number;

	constructor(at: { readonly object: string; readonly field: string; readonly offset: number }, why: string, errno: number) {
		super(`${at.object}${at.field === '' ? '' : ` ${at.field}`} at byte 0x${at.offset.toString(16)}: ${why}`);
		this.object = at.object;
		this.field = at.field;
		this.offset = at.offset;
		this.errno = errno;
	}
}

export interface RestartContext {
	/** What is borrowed. */
	readonly residual: MachineState;
	readonly rules?: Rules;
	/** Wall-clock time between checkpoint and restart, ns: CLOCK_REALTIME is ahead by it. */
	readonly downtimeNs?: number;
}

/** What a restart knows while it goes through an image. */
export interface Progress {
	readonly residual: MachineState;
	readonly rules: Rules;
	/** The task whose objects come now, as it was restored, and the one that lends to it. */
	task: Task | undefined;
	lender: Task | undefined;
	/** Ids of the address space that lends to this process, and of the one that is being restored; 0 = none. */
	lent: number;
	mm: number;
	/** Restored address spaces by the pid that the image gives the first thread. */
	readonly memories: Map<number, number>;
	/** Restored tasks by pid. */
	readonly tasks: Map<number, Task>;
	/** Ids of groups, sighands … that stand already. */
	readonly entered: Set<string>;
	/** The VMA whose NAME or PAGES come now. */
	vma: ImageObject | undefined;
	/** The LDT that was read for this task. */
	ldt: readonly Descriptor[] | undefined;
	/** Objects of address spaces that several processes have, by the id of the mm: what the first of them brought. */
	readonly shared: Map<number, ImageObject[]>;
	/** The copy that comes now, of an address space that stands already: how many of its objects were read. */
	copy: { readonly of: readonly ImageObject[]; read: number } | undefined;
}

/** The task whose objects are being read. */
export function currentTask(p: Progress): Task {
	assert(p.task !== undefined, 'an object of a task follows its TASK');
	return p.task;
}

/** Whether a task has ended: no memory is its own. */
export function isGone({ state }: Task): boolean {
	return state === 'zombie' || state === 'dead';
}
