/**
 * Restart: a v2 image becomes a machine again, object by object, frozen. What v2 cannot hold is borrowed from a residual state
 * (see RESIDUALS): the original at the checkpoint, or one made for the files alone. Everything is checked before it is used.
 */
import { assert } from '../../events/assert.ts';
import { type Descriptor, FXSAVE_BYTES } from '../../events/cpu.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import type { Restored, RestoreEvent } from '../../events/restore.ts';
import { type MachineState, type Scheduler, type Task, Vm } from '../../reducers/state.ts';
import { ImageError } from '../error.ts';
import { HEAP_GARBAGE, type Rules } from '../rules.ts';
import { readObjects } from './framing.ts';
import type { ImageObject } from './image-object.ts';
import * as o from './objects.ts';
import { currentTask, isGone, type Progress, type RestartContext, RestartError } from './progress.ts';
import { restoreMm, restoreVma } from './restart-memory.ts';
import { restoreRegisters } from './restart-registers.ts';
import { restoreTask } from './restart-task.ts';
import { ldtAllowed } from './segments.ts';
import { MM_FIELDS } from './task-fields.ts';
import { memoryOf } from './tree.ts';

const EIO = 5;

/** Somebody's restart: from an image to the events that fill `restartBase(residual)`. May throw ImageError or RestartError. */
export type Restarter = (image: Uint8Array, context: RestartContext) => Iterable<RestoreEvent>;

/** The machine before its first restore event: all that is borrowed and belongs to no process, frozen. */
export function restartBase(residual: MachineState): MachineState {
	const objects = Object.fromEntries(Object.entries(residual.objects).filter(([, object]) => object.kind !== 'private'));
	return {
		...residual,
		tasks: {},
		mms: {},
		groups: {},
		sighands: {},
		fdTables: {},
		fsStructs: {},
		objects,
		scheduler: { ...residual.scheduler, current: 0, left: 0, queue: [] },
		freezer: 'frozen',
	};
}

/** The shipped restart. Yields one `restore/object` for each object, then `restore/end`. @throws ImageError, RestartError */
export function* restart(image: Uint8Array, context: RestartContext): Generator<RestoreEvent> {
	const { rules = {}, downtimeNs = 0 } = context;
	const residual = rules.residual ? rules.residual(context.residual) : context.residual;
	const progress: Progress = {
		residual,
		rules,
		task: undefined,
		lender: undefined,
		lent: 0,
		mm: 0,
		memories: new Map(),
		tasks: new Map(),
		entered: new Set(),
		vma: undefined,
		ldt: undefined,
		shared: new Map(),
		copy: undefined,
	};
	const states = new Map<number, Task['state']>();
	let half: ImageObject | undefined;
	for (const object of readObjects(image, rules.reader)) {
		if (half !== undefined && taskOf(object) === half) continue;
		const effects = rules.errorsOverwritten ? effectsOrNone(object, progress) : restoreObject(object, progress);
		if (effects === undefined) half = taskOf(object);
		for (const made of effects ?? []) {
			const effect = rules.restored ? rules.restored(made, object, residual) : made;
			if (effect?.kind === 'task') states.set(effect.value.pid, effect.value.state);
			else if (effect?.kind === 'registers') states.set(effect.task, effect.state);
			const { number, name, offset, length } = object;
			yield { kind: 'restore/object', number, name, offset, length, effect: effect ?? { kind: 'nothing' } };
		}
	}
	yield {
		kind: 'restore/end',
		scheduler: schedulerOf(pids(residual.scheduler, residual, rules), states, residual),
		realOffsetNs: residual.clock.realOffsetNs + BigInt(downtimeNs),
		skewNs: residual.clock.skewNs,
	};
}

/** The scheduler of tasks that got other pids. */
function pids(scheduler: Scheduler, lent: MachineState, { pid }: Rules): Scheduler {
	if (pid === undefined) return scheduler;
	const { current, queue } = scheduler;
	return { ...scheduler, current: current === 0 ? 0 : pid(current, lent), queue: queue.map((p) => pid(p, lent)) };
}

/** Who was next, of those that were restored; behind their equals in the order of pids who may run now and did not wait for it. */
function schedulerOf(lent: Scheduler, states: ReadonlyMap<number, Task['state']>, { tasks }: MachineState): Scheduler {
	const current = states.has(lent.current) ? lent.current : 0;
	const waiting = lent.queue.filter((pid) => states.get(pid) === 'running' && pid !== current);
	const known = new Set([current, ...waiting]);
	const added = [...states.keys()].filter((pid) => states.get(pid) === 'running' && !known.has(pid)).sort((a, b) => a - b);
	const priority = (pid: number) => tasks[pid]?.sched.priority ?? 0;
	return { ...lent, current, queue: [...waiting, ...added].sort((a, b) => priority(b) - priority(a)) };
}

/** The TASK that an object is of. */
function taskOf(object: ImageObject): ImageObject | undefined {
	let at: ImageObject | undefined = object;
	while (at !== undefined && at.name !== 'TASK') at = at.parent;
	return at;
}

/** Undefined when the object fails and its task has children, whose restart says how it all went (a planted defect). */
function effectsOrNone(object: ImageObject, p: Progress): Restored[] | undefined {
	try {
		return restoreObject(object, p);
	} catch (error) {
		if (!(error instanceof ImageError || error instanceof RestartError)) throw error;
		if ((taskOf(object)?.num('cpt_children_num') ?? 0) === 0) throw error;
		return undefined;
	}
}

function restoreObject(object: ImageObject, p: Progress): Restored[] {
	const shared = sharedMm(object, p);
	return shared === undefined ? restoreOwn(object, p) : shared;
}

/** Objects that address spaces are made of. */
const MEMORY: ReadonlySet<string> = new Set(['MM', 'VMA', 'NAME', 'PAGES', 'BITS/MM_CONTEXT']);

/**
 * An address space that several processes have (CLONE_VM without CLONE_THREAD) stands in a v2 image once for each of them. The
 * first is restored, the others must be the same and join it; that they share it is borrowed. Undefined: to be restored.
 */
function sharedMm(object: ImageObject, p: Progress): Restored[] | undefined {
	if (!MEMORY.has(object.name)) return undefined;
	const task = currentTask(p);
	const mm = p.lent;
	if (object.name === 'MM') {
		const users = Object.values(p.residual.tasks).filter((t) => t.tgid === t.pid && memoryOf(p.residual, t) === mm);
		const first = p.shared.get(mm);
		if (users.length < 2) return undefined;
		if (first === undefined) p.shared.set(mm, [object]);
		else {
			p.copy = { of: first, read: 1 };
			restoreMm(object, p);
			for (const { field } of MM_FIELDS) {
				if (object.big(field) !== first[0].big(field)) object.fail(field, `the same as in ${first[0].label}`);
			}
			return [{ kind: 'join', task: isGone(task) ? 0 : task.pid, mm }];
		}
		return undefined;
	}
	if (p.copy === undefined) {
		p.shared.get(mm)?.push(object);
		return undefined;
	}
	compareCopy(object, p.copy.of[p.copy.read++]);
	return [{ kind: 'nothing' }];
}

function compareCopy(object: ImageObject, first: ImageObject | undefined): void {
	const want = `the same as in ${first?.label ?? 'the process it shares memory with'}`;
	if (first?.name !== object.name) object.fail(object.struct.fields[0].name, want, object.name);
	const at = object.differsFrom(first);
	if (at === undefined) return;
	const { part, name, byte } = object.partAt(object.offset + at);
	object.fail(part === 'payload' ? byte : name.replace(/\[.*/, ''), want);
}

function restoreOwn(object: ImageObject, p: Progress): Restored[] {
	switch (object.name) {
		case 'HEAD':
			checkHead(object, p);
			return [{ kind: 'nothing' }];
		case 'TASK':
			return [restoreTask(object, p)];
		case 'MM':
			return [...restoreMm(object, p)];
		case 'VMA':
			p.vma = object;
			if (object.num('cpt_vma_type') === o.VmaType.FILE) return [{ kind: 'nothing' }];
			return [restoreVma(object, undefined, p)];
		case 'NAME':
			assert(p.vma !== undefined, 'a NAME follows its VMA');
			return [restoreVma(p.vma, object, p)];
		case 'PAGES':
			return [restorePages(object, p)];
		case 'BITS/MM_CONTEXT':
			return restoreLdt(object, p);
		case 'BITS/FPU':
			return restoreFpu(object, p);
		case 'X86_REGS':
			return [restoreRegisters(object, p)];
		default:
			throw new Error(`internal error: nobody restores ${object.name}`);
	}
}

/** Of another kernel, or another architecture (posted: -EINVAL, -ENOSYS). */
function checkHead(object: ImageObject, { residual }: Progress): void {
	const fields = ['cpt_image_major', 'cpt_image_minor', 'cpt_image_sublevel'] as const;
	fields.forEach((field, i) => {
		const want = residual.persona.kernel[i];
		if (object.num(field) !== want) object.fail(field, `${want}: Linux ${residual.persona.kernel.join('.')}`);
	});
	if (object.num('cpt_arch') !== o.CPT_ARCH_I386) object.fail('cpt_arch', `${o.CPT_ARCH_I386}, an i386 image`);
}

function restorePages(object: ImageObject, p: Progress): Restored {
	const start = object.num('cpt_start');
	const mm = p.residual.mms[p.lent];
	assert(mm !== undefined && p.mm !== 0, 'pages follow an MM');
	if (p.rules.pageFails?.(object))
		throw new RestartError({ object: object.label, field: 'payload', offset: object.offset }, 'reading its pages failed', EIO);
	// Pages of a shared mapping are those of its file or object, which v2 does not hold.
	if (!p.rules.reader?.anyPages && p.vma && p.vma.num('cpt_flags') & Vm.SHARED)
		object.fail('cpt_start', 'a page of a private mapping: a shared one has none of its own');
	const index = start / PAGE_SIZE;
	if (object.content === o.Content.VOID)
		return { kind: 'zeros', object: mm.object, index, count: (object.num('cpt_end') - start) / PAGE_SIZE };
	return { kind: 'pages', object: mm.object, index, bytes: object.payload };
}

function restoreLdt(object: ImageObject, p: Progress): Restored[] {
	const { payload } = object;
	if (p.mm === 0) object.fail('cpt_content', 'no LDT: the task has no MM');
	const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
	const ldt = Array.from({ length: Math.floor(payload.length / 8) }, (_, i) => ({
		a: view.getUint32(i * 8, true),
		b: view.getUint32(i * 8 + 4, true),
	}));
	if (!p.rules.unchecked?.includes('ldt')) {
		ldt.forEach((entry, i) => {
			if (ldtAllowed(entry)) return;
			object.fail(i * 8, 'an empty entry, or data or code of user mode', words(entry));
		});
	}
	p.ldt = ldt;
	return [{ kind: 'ldt', mm: p.mm, ldt }];
}

const words = ({ a, b }: Descriptor) => `0x${((BigInt(b) << 32n) | BigInt(a)).toString(16)}`;

/** MXCSR bits that there are; fxrstor refuses others (SDM vol. 1, 10.5.1.2). */
const MXCSR_RESERVED = 0xffff0000;

/** Only fxsave images: this processor has FXSR. */
function restoreFpu(object: ImageObject, p: Progress): Restored[] {
	const { payload } = object;
	const { unchecked = [], reader = {} } = p.rules;
	if (object.content !== o.Content.X86_FPUSTATE) {
		if (reader.anyContent) return [{ kind: 'nothing' }];
		object.fail('cpt_content', `${o.Content.X86_FPUSTATE}: fxsave, which the processor has`);
	}
	if (payload.length >= 28 && !unchecked.includes('mxcsr')) {
		const mxcsr = new DataView(payload.buffer, payload.byteOffset).getUint32(24, true);
		if (mxcsr & MXCSR_RESERVED) object.fail(24, 'an MXCSR without reserved bits', `0x${mxcsr.toString(16)}`);
	}
	if (payload.length === FXSAVE_BYTES) return [{ kind: 'fpu', task: currentTask(p).pid, fx: payload.slice() }];
	// Read on beyond a short payload: what lies behind it in memory.
	const fx = new Uint8Array(FXSAVE_BYTES).fill(HEAP_GARBAGE);
	fx.set(payload.subarray(0, FXSAVE_BYTES));
	return [{ kind: 'fpu', task: currentTask(p).pid, fx }];
}
