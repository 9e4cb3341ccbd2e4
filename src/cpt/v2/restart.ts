/**
 * Restart: a v2 image becomes a machine again, object by object, frozen. What v2 cannot hold is borrowed from a residual state
 * (see RESIDUALS): the original at the checkpoint, or one made for the files alone. Everything is checked before it is used.
 */
import { assert } from '../../events/assert.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import type { Restored, RestoreEvent } from '../../events/restore.ts';
import type { MachineState } from '../../reducers/state.ts';
import { readObjects } from './framing.ts';
import type { ImageObject } from './image-object.ts';
import * as o from './objects.ts';
import { currentTask, type Progress, type RestartContext } from './progress.ts';
import { restoreMm, restoreVma } from './restart-memory.ts';
import { restoreRegisters } from './restart-registers.ts';
import { restoreTask } from './restart-task.ts';

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
		tasks: new Map(),
		entered: new Set(),
		vma: undefined,
		ldt: undefined,
	};
	for (const object of readObjects(image, rules.reader)) {
		for (const made of restoreObject(object, progress)) {
			const effect = rules.restored ? rules.restored(made, object, residual) : made;
			const { number, name, offset, length } = object;
			yield { kind: 'restore/object', number, name, offset, length, effect: effect ?? { kind: 'nothing' } };
		}
	}
	const exists = (pid: number) => progress.tasks.has(pid);
	const { current, queue } = residual.scheduler;
	yield {
		kind: 'restore/end',
		scheduler: { ...residual.scheduler, current: exists(current) ? current : 0, queue: queue.filter(exists) },
		realOffsetNs: residual.clock.realOffsetNs + BigInt(downtimeNs),
	};
}

function restoreObject(object: ImageObject, p: Progress): Restored[] {
	switch (object.name) {
		case 'HEAD':
			checkHead(object, p);
			return [{ kind: 'nothing' }];
		case 'TASK':
			return [restoreTask(object, p)];
		case 'MM':
			return restoreMm(object, p);
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
	const task = currentTask(p);
	const start = object.num('cpt_start');
	const mm = p.residual.mms[p.lender?.mm ?? 0];
	assert(mm !== undefined && task.mm !== 0, 'pages follow an MM');
	const index = start / PAGE_SIZE;
	if (object.content === o.Content.VOID)
		return { kind: 'zeros', object: mm.object, index, count: (object.num('cpt_end') - start) / PAGE_SIZE };
	return { kind: 'pages', object: mm.object, index, bytes: object.payload };
}

function restoreLdt(object: ImageObject, p: Progress): Restored[] {
	const { payload } = object;
	const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
	const ldt = Array.from({ length: payload.length / 8 }, (_, i) => ({
		a: view.getUint32(i * 8, true),
		b: view.getUint32(i * 8 + 4, true),
	}));
	p.ldt = ldt;
	return [{ kind: 'ldt', mm: currentTask(p).mm, ldt }];
}

/** Only fxsave images: this processor has FXSR. */
function restoreFpu(object: ImageObject, p: Progress): Restored[] {
	if (object.content !== o.Content.X86_FPUSTATE)
		object.fail('cpt_content', `${o.Content.X86_FPUSTATE}: fxsave, which the processor has`);
	return [{ kind: 'fpu', task: currentTask(p).pid, fx: object.payload.slice() }];
}
