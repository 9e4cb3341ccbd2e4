/** Reducers of the freezer, of dumps (which change nothing) and of restarts: an object of an image becomes part of the state. */
import { assert, assertNever } from '../events/assert.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { Restored, RestoreEvent } from '../events/restore.ts';
import { draftByHand, enter, entity, finishByHand, patchRegisters, plain, type StateDraft } from './draft.ts';
import type { MachineState } from './state.ts';
import { insertVma } from './vma.ts';

export function reduceRestore(d: StateDraft, e: RestoreEvent): void {
	switch (e.kind) {
		case 'freezer/set':
			assert(!(d.freezer === 'checkpointing' && e.state === 'thawed'), 'a container that is being dumped is not thawed');
			d.freezer = e.state;
			return;
		case 'checkpoint/object':
			assert(d.freezer === 'checkpointing', 'only a container that is being dumped is written into an image');
			return;
		case 'restore/object':
			assert(d.freezer === 'frozen', 'a machine is restored while it is frozen');
			take(d, e.effect);
			return;
		case 'restore/end':
			Object.assign(d.scheduler, e.scheduler);
			d.clock.realOffsetNs = e.realOffsetNs;
			d.clock.skewNs = e.skewNs;
			return;
		case 'module/checkpoint':
		case 'module/restart':
			return;
		default:
			assertNever(e, 'event');
	}
}

function take(d: StateDraft, e: Restored): void {
	switch (e.kind) {
		case 'nothing':
			return;
		case 'task': {
			// Where the next pid is looked for is the machine's business, and no image's.
			const { pid } = d.next;
			enter(d, 'tasks', e.value.pid, e.value);
			d.next.pid = pid;
			if (e.group) enter(d, 'groups', e.group.id, e.group);
			if (e.sighand) enter(d, 'sighands', e.sighand.id, e.sighand);
			if (e.fdTable) enter(d, 'fdTables', e.fdTable.id, e.fdTable);
			if (e.fs) enter(d, 'fsStructs', e.fs.id, e.fs);
			return;
		}
		case 'mm':
			enter(d, 'objects', e.object.id, e.object);
			enter(d, 'mms', e.mm.id, e.mm);
			if (e.task !== 0) entity(d, 'tasks', e.task).mm = e.mm.id;
			return;
		case 'join':
			if (e.task !== 0) entity(d, 'tasks', e.task).mm = e.mm;
			return;
		case 'vma': {
			const mm = entity(d, 'mms', e.mm);
			mm.vmas = insertVma(plain(mm.vmas), e.vma);
			return;
		}
		case 'pages': {
			const target = entity(d, 'objects', e.object);
			target.pages = target.pages.with(addPages(e, []));
			return;
		}
		case 'zeros': {
			const target = entity(d, 'objects', e.object);
			const zeros = new Uint8Array(PAGE_SIZE);
			target.pages = target.pages.with(Array.from({ length: e.count }, (_, i) => [e.index + i, zeros] as const));
			return;
		}
		case 'ldt':
			entity(d, 'mms', e.mm).ldt = e.ldt;
			return;
		case 'fpu':
			patchRegisters(d, e.task, { fx: e.fx });
			return;
		case 'registers': {
			const task = entity(d, 'tasks', e.task);
			task.state = e.state;
			task.origAx = e.origAx;
			task.entry = e.entry;
			task.wait = e.wait;
			task.restartBlock = e.restartBlock;
			patchRegisters(d, e.task, e.regs);
			return;
		}
		default:
			assertNever(e, 'restored object');
	}
}

type PageEntry = readonly [index: number, bytes: Uint8Array];

/** Adds the pages of an object of an image to a list. */
function addPages({ index, bytes }: Extract<Restored, { kind: 'pages' }>, to: PageEntry[]): readonly PageEntry[] {
	assert(bytes.length % PAGE_SIZE === 0, 'whole pages');
	// One page an object is what a dump writes: the view that is there serves.
	if (bytes.length === PAGE_SIZE) to.push([index, bytes]);
	else
		for (let i = 0; i * PAGE_SIZE < bytes.length; i++) to.push([index + i, bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE)]);
	return to;
}

/**
 * The state after the events of a restart, as `reduce` would make it: neighbouring pages of one object are entered together,
 * so an image of any size costs one walk.
 */
export function restoreState(base: MachineState, events: Iterable<RestoreEvent>): MachineState {
	const d = draftByHand(base);
	let object = 0;
	let pages: PageEntry[] = [];
	const flush = () => {
		if (pages.length === 0) return;
		const target = entity(d, 'objects', object);
		target.pages = target.pages.with(pages);
		pages = [];
	};
	for (const e of events) {
		if (e.kind === 'restore/object' && e.effect.kind === 'pages') {
			if (e.effect.object !== object) flush();
			object = e.effect.object;
			addPages(e.effect, pages);
			continue;
		}
		if (e.kind !== 'restore/object' || e.effect.kind === 'registers') flush();
		reduceRestore(d, e);
	}
	flush();
	return finishByHand(d);
}
