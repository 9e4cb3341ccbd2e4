/**
 * Attachments of shared memory segments (shm_open and shm_close of ipc/shm.c): every mapping of a segment counts as one, however it
 * came about. A segment remembers when and by whom the last one was made and undone.
 */
import type { Vma } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import type { Segment } from '../events/ipc.ts';
import type { MachineState } from '../reducers/state.ts';
import { Vm } from '../reducers/state.ts';
import { isSegment } from '../reducers/vma.ts';
import type { Decision } from './decision.ts';
import { callerPid, seconds } from './ipc.ts';

/** The segment whose memory an object is. */
export function segmentOf(state: MachineState, object: number): Segment | undefined {
	return Object.values(state.ipcs).find((ipc): ipc is Segment => ipc.kind === 'shm' && ipc.object === object);
}

/** shm_nattch: mappings of a segment in all address spaces. */
export function attachments(state: MachineState, { object }: Segment): number {
	let count = 0;
	for (const { vmas } of Object.values(state.mms)) for (const vma of vmas) if (vma.object === object) count++;
	return count;
}

/** Memory objects of segments that an event attaches and detaches. */
interface Touched {
	readonly opened: ReadonlySet<number>;
	readonly closed: ReadonlySet<number>;
}

/** What an event, which is not applied yet, does to attachments; undefined: nothing. */
export function touchedSegments(state: MachineState, e: KernelEvent): Touched | undefined {
	switch (e.kind) {
		case 'mm/map':
			return isSegment(e.vma) ? { opened: new Set([e.vma.object]), closed: new Set() } : undefined;
		case 'mm/fork':
			return touched(state, e.from, (vma) => ({ opens: !(vma.flags & Vm.DONTCOPY), closes: false }));
		case 'mm/drop':
			return touched(state, e.mm, () => ({ opens: false, closes: true }));
		case 'mm/unmap':
		case 'mm/flags':
			return touched(state, e.mm, (vma) => {
				if (vma.end <= e.start || vma.start >= e.end) return NEITHER;
				// One that is split is opened once more.
				const split = vma.start < e.start || vma.end > e.end;
				return { opens: split && changes(e, vma), closes: e.kind === 'mm/unmap' };
			});
		case 'mm/move':
			return touched(state, e.mm, (vma) =>
				vma.end <= e.from || vma.start >= e.from + e.length ? NEITHER : { opens: true, closes: true },
			);
		default:
			return undefined;
	}
}

const NEITHER = { opens: false, closes: false };

const changes = (e: KernelEvent, vma: Vma): boolean => e.kind !== 'mm/flags' || ((vma.flags & ~e.clear) | e.set) !== vma.flags;

function touched(
	state: MachineState,
	mm: number,
	how: (vma: Vma) => { readonly opens: boolean; readonly closes: boolean },
): Touched | undefined {
	const opened = new Set<number>();
	const closed = new Set<number>();
	for (const vma of state.mms[mm]?.vmas ?? []) {
		if (!isSegment(vma)) continue;
		const { opens, closes } = how(vma);
		if (opens) opened.add(vma.object);
		if (closes) closed.add(vma.object);
	}
	return opened.size + closed.size === 0 ? undefined : { opened, closed };
}

/** Has the segments that are still there remember it. */
export function rememberAttachments(d: Decision, { opened, closed }: Touched): void {
	const now = seconds(d);
	const lpid = callerPid(d);
	for (const object of new Set([...opened, ...closed])) {
		const segment = segmentOf(d.state, object);
		if (segment === undefined) continue;
		const times = { ...(opened.has(object) ? { atime: now } : {}), ...(closed.has(object) ? { dtime: now } : {}) };
		d.emit({ kind: 'ipc/set', ipc: segment.id, fields: { ...times, lpid } });
	}
}
