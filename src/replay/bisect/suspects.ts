/**
 * The suspects of a bisect: what differs between the original state and the restored one, in units that can be repaired one by
 * one, and the repair itself: parts of the original put back into the restored state.
 */
import { PAGE_SIZE } from '../../events/pages.ts';
import { type Difference, diffAligned, equalStates } from '../../reducers/diff.ts';
import { FX_FIELDS } from '../../reducers/fx-names.ts';
import { formatPath, type Path } from '../../reducers/path.ts';
import type { MachineState } from '../../reducers/state.ts';

/** Fields of a task that say where in the kernel it is: one makes no sense without the others. */
const STANDING = new Set(['state', 'wait', 'restartBlock', 'origAx', 'entry']);
/** Fields whose members are suspects of their own. */
const SPLIT = new Set(['cpu', 'creds', 'times', 'tls', 'itimers']);
/** The unit of all tasks, when they are not the same ones. */
const WHOLE_TASKS = 'tasks';
const IPC = new Set(['ipcs', 'semUndos']);
const FILES = new Set(['inodes', 'objects', 'supers', 'mounts']);
const DESCRIPTORS = new Set(['fdTables', 'files', 'pipes', 'anons', 'streams', 'ttys']);

export interface Suspect {
	readonly difference: Difference;
	/** Suspects of one unit are repaired together: one makes no sense without the others, or they have one cause. */
	readonly unit: string;
	/** Units that are tried together first: registers, a floating-point area, credentials, a part that no object holds. */
	readonly group: string;
}

/** What differs, each with its unit. The container's own freezer is not looked at. */
export function suspects(original: MachineState, restored: MachineState): readonly Suspect[] {
	const thawed = { ...restored, freezer: original.freezer };
	const found = diffAligned(original, thawed);
	// A restart of somebody else may number its entities in its own way: what is equal in canonical form is equal.
	if (found.length > 0 && equalStates(original, thawed)) return [];
	const torn = tornMms(original, restored);
	const otherFiles = !sameKeys(original.inodes, restored.inodes) || !sameKeys(original.objects, restored.objects);
	const idle = new Set(found.filter(({ path }) => path[0] === 'tasks' && path[3] === 'fpuUsed').map(({ path }) => path[1]));
	return found.map((difference) => {
		const { path } = difference;
		const unit =
			otherFiles && isFile(difference, original)
				? 'files'
				: path[2] === 'cpu' && (path[3] === 'fx' || path[3] === 'fpuUsed') && idle.has(path[1])
					? `tasks.${path[1]}.fpu`
					: unitOf(difference, torn, original, restored);
		return { difference, unit, group: groupOf(path, unit) };
	});
}

const sameKeys = (a: object, b: object) => Object.keys(a).join() === Object.keys(b).join();

/** Whether it says which file is there: where files have other ids, all of that goes together. */
function isFile({ path, memory }: Difference, original: MachineState): boolean {
	const [top, , field, , member] = path;
	if (memory !== undefined) return !Object.values(original.mms).some((mm) => mm.object === memory.object);
	if (FILES.has(String(top)) || top === 'next') return true;
	if (top === 'files') return field === 'inode';
	return top === 'mms' && (field === 'exe' || (field === 'vmas' && (member === 'inode' || member === 'object')));
}

function groupOf(path: Path, unit: string): string {
	const [top, , field, member] = path;
	if (top !== 'tasks' || unit !== formatPath(path.slice(0, path.length === 5 && member === 'fx' ? 5 : 4))) return unit;
	return SPLIT.has(String(field)) ? formatPath(path.slice(0, member === 'fx' ? 4 : 3)) : unit;
}

/** Address spaces whose lists of mappings do not correspond one to one. */
function tornMms(a: MachineState, b: MachineState): ReadonlySet<number> {
	const torn = new Set<number>();
	for (const id of Object.keys(a.mms).map(Number)) {
		const [x, y] = [a.mms[id]?.vmas, b.mms[id]?.vmas];
		if (y === undefined || x.length !== y.length || x.some((v, i) => v.start !== y[i].start || v.end !== y[i].end)) torn.add(id);
	}
	return torn;
}

function unitOf({ path, memory }: Difference, torn: ReadonlySet<number>, a: MachineState, b: MachineState): string {
	const [top, id, field, member] = path;
	const sameTasks = Object.keys(a.tasks).join() === Object.keys(b.tasks).join();
	if (!sameTasks && (top === 'tasks' || top === 'scheduler')) return WHOLE_TASKS;
	if (memory !== undefined) {
		const owner = Object.values(a.mms).find((mm) => mm.object === memory.object);
		if (owner !== undefined && torn.has(owner.id) && !mappedAlike(a, b, owner.id, memory.index)) return `mms.${owner.id}.vmas`;
		return `page ${memory.object}:${memory.index}`;
	}
	if (top === 'tasks') {
		if (STANDING.has(String(field))) return `tasks.${id}.standing`;
		if (field === 'cpu' && member === 'fx') return formatPath(path);
		if (SPLIT.has(String(field)) && member !== undefined) return formatPath(path.slice(0, 4));
		return formatPath(path.slice(0, 3));
	}
	if (top === 'mms') {
		// A vDSO that is elsewhere is a mapping that is elsewhere.
		if (field === 'vdso' && torn.has(Number(id))) return `mms.${id}.vmas`;
		if (field === 'vmas') return torn.has(Number(id)) ? `mms.${id}.vmas` : formatPath(path.slice(0, 5));
		return formatPath(path.slice(0, 3));
	}
	if (top === 'groups') return formatPath(path.slice(0, SPLIT.has(String(field)) ? 4 : 3));
	if (DESCRIPTORS.has(String(top))) return 'descriptors';
	if (IPC.has(String(top))) return 'System V IPC';
	if (FILES.has(String(top))) return 'files';
	return String(top);
}

function mappedAlike(a: MachineState, b: MachineState, mm: number, page: number): boolean {
	const address = page * PAGE_SIZE;
	const at = (s: MachineState) => s.mms[mm]?.vmas.find((v) => v.start <= address && address < v.end);
	const [x, y] = [at(a), at(b)];
	return x !== undefined && y !== undefined && x.object === y.object;
}

/** The restored state with these units as the original has them. */
export function repair(
	original: MachineState,
	restored: MachineState,
	all: readonly Suspect[],
	units: ReadonlySet<string>,
): MachineState {
	let state = restored;
	for (const { difference, unit } of all) {
		if (units.has(unit)) state = put(state, original, difference, unit);
	}
	return state;
}

type Bag = Readonly<Record<string | number, unknown>>;

function put(state: MachineState, original: MachineState, { path, memory }: Difference, unit: string): MachineState {
	if (unit === WHOLE_TASKS) {
		const { tasks, groups, scheduler } = original;
		return { ...state, tasks, groups, scheduler };
	}
	if (memory !== undefined) return putPages(state, original, memory.object, memory.index, memory.pages);
	if (path[0] === 'mms' && path[2] === 'vmas' && unit === `mms.${path[1]}.vmas`) return putVmas(state, original, Number(path[1]));
	if (path[0] === 'tasks' && path[3] === 'fx' && path.length > 4) return putFx(state, original, Number(path[1]), String(path[4]));
	return setIn(state, original, path, 0) as MachineState;
}

/** Copies what lies at a path; a list of another length is copied whole. */
function setIn(into: unknown, from: unknown, path: Path, depth: number): unknown {
	const alike =
		depth < path.length &&
		typeof into === 'object' &&
		into !== null &&
		typeof from === 'object' &&
		from !== null &&
		!ArrayBuffer.isView(into) &&
		!ArrayBuffer.isView(from) &&
		Array.isArray(into) === Array.isArray(from) &&
		(!Array.isArray(into) || into.length === (from as readonly unknown[]).length);
	if (!alike) return from;
	const key = path[depth];
	const [x, y] = [(into as Bag)[key], (from as Bag)[key]];
	if (Array.isArray(into)) return into.map((v, i) => (i === key ? setIn(v, y, path, depth + 1) : v));
	if (!Object.hasOwn(from as object, key)) {
		const { [key]: _, ...rest } = into as Bag;
		return rest;
	}
	return { ...(into as Bag), [key]: setIn(x, y, path, depth + 1) };
}

function putPages(state: MachineState, original: MachineState, object: number, index: number, count: number): MachineState {
	const [into, from] = [state.objects[object], original.objects[object]];
	if (into === undefined || from === undefined) return state;
	const pages = into.pages.with(Array.from({ length: count }, (_, i) => [index + i, from.pages.get(index + i)] as const));
	return { ...state, objects: { ...state.objects, [object]: { ...into, pages } } };
}

/** The mappings, and the pages of those that are not mapped alike. */
function putVmas(state: MachineState, original: MachineState, mm: number): MachineState {
	const [into, from] = [state.mms[mm], original.mms[mm]];
	if (into === undefined) return state;
	const next = { ...state, mms: { ...state.mms, [mm]: { ...into, vmas: from.vmas } } };
	const objects = { ...next.objects };
	for (const { object } of from.vmas)
		if (object !== 0 && objects[object] === undefined) objects[object] = original.objects[object];
	const own = objects[from.object];
	const there = original.objects[from.object];
	const changed: [number, Uint8Array | undefined][] = [];
	for (const [index, was] of there.pages.changes(own.pages)) {
		if (!mappedAlike(original, state, mm, index)) changed.push([index, there.pages.get(index) ?? (was && undefined)]);
	}
	objects[from.object] = { ...own, pages: own.pages.with(changed) };
	return { ...next, objects };
}

function putFx(state: MachineState, original: MachineState, pid: number, name: string): MachineState {
	const [into, from] = [state.tasks[pid], original.tasks[pid]];
	const field = FX_FIELDS.find((f) => f.name === name);
	if (into === undefined || from === undefined || field === undefined) return state;
	const fx = into.cpu.fx.slice();
	fx.set(from.cpu.fx.subarray(field.offset, field.offset + field.size), field.offset);
	return { ...state, tasks: { ...state.tasks, [pid]: { ...into, cpu: { ...into.cpu, fx } } } };
}
