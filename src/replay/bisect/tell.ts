/**
 * What a report tells of differences that belong together: which of them is the cause and which follow from it; which change of
 * the image explains differences that have no change of their own; where mappings that moved differ.
 */
import type { ImageDifference } from '../../cpt/v2/diff.ts';
import type { ImageObject } from '../../cpt/v2/image-object.ts';
import type { MachineState, Vma } from '../../reducers/state.ts';
import { show } from './cause.ts';
import type { Cause, StateDifference } from './report.ts';

/** `#7 NAME` → `NAME`, `VMA 08048000-…` → `VMA`. */
export function kindOf(label: string): string {
	return label.replace(/^#\d+ /, '').split(' ')[0];
}

/** The place of a difference between two images. */
export function imageCause(d: ImageDifference): Cause {
	const offset = d.offsetB ?? d.offsetA;
	return {
		object: kindOf(d.object),
		label: d.object,
		...(d.field === '' ? {} : { field: d.field }),
		...(offset === undefined ? {} : { offset }),
		want: d.a,
		got: d.b,
	};
}

/** Of the changes of one object the one that says most: a length only follows from what else was changed. */
export function tellChange(changes: readonly ImageDifference[]): ImageDifference {
	const first = changes.filter((c) => c.object === changes[0].object);
	return first.find((c) => c.field !== 'cpt_len') ?? first[0];
}

/** Fields that say where and what an object is: one that is wrong changes what its others mean, or where they go. */
const STRUCTURE: ReadonlySet<string> = new Set([
	...['cpt_len', 'cpt_hdrlen', 'cpt_type', 'cpt_content', 'cpt_size', 'cpt_start', 'cpt_end'],
	...['cpt_page_num', 'cpt_map_count', 'cpt_vma_type', 'cpt_file'],
]);

/** The change of the image that a difference without one of its own comes from: of the same object, else of its kind. */
export function explain(cause: Cause, all: readonly ImageDifference[]): ImageDifference | undefined {
	if (cause.object === undefined) return undefined;
	if (all.some((c) => c.object === cause.label && c.field === cause.field)) return undefined;
	const changes = all.filter((c) => STRUCTURE.has(c.field));
	const mine = cause.label === undefined ? [] : changes.filter((c) => c.object === cause.label);
	if (mine.length > 0) return tellChange(mine);
	const alike = changes.filter((c) => c.name === cause.object);
	if (alike.length > 0) return tellChange(alike);
	// Debug registers are armed by a flag of their task.
	return cause.field?.startsWith('cpt_debugreg') ? all.find((c) => c.name === 'TASK' && c.field === 'cpt_thrflags') : undefined;
}

/**
 * Causes of the differences of one unit. A part that was not lent explains the others. Which call a task is inside of says what
 * it waits for and whether it sleeps. A file that was opened again is told by its name, not by what is in it.
 */
export function tellUnit(unit: string, differences: readonly StateDifference[], lost: ReadonlySet<string>): readonly Cause[] {
	const causes = differences.map((d) => d.cause);
	const gone = causes.filter((c) => c.part !== undefined && lost.has(c.part));
	if (gone.length > 0) return gone;
	if (unit.endsWith('.standing')) {
		// A task that is in another state altogether waits for something else, too.
		for (const field of ['cpt_orig_ax', 'cpt_state']) {
			const tells = causes.filter((c) => c.field === field);
			if (tells.length > 0) return tells;
		}
	}
	if (unit === 'tasks') {
		const of = (side: 'want' | 'got') =>
			differences.filter((d) => d.path.length === 2 && d.path[0] === 'tasks' && d[side] !== undefined);
		const [gone, come] = [of('want'), of('got')];
		if (gone.length === come.length && gone.length > 0)
			return gone.map((d, i) => ({ ...d.cause, field: 'cpt_pid', want: show(d.path[1]), got: show(come[i].path[1]) }));
	}
	if (unit === 'files') {
		const names = causes.filter((c) => c.object === 'NAME');
		if (names.length > 0) return names;
	}
	return causes;
}

/**
 * Where lists of mappings differ that do not correspond one to one: by address, not by number.
 * @param withoutVdso the vDSO's address was not lent, which explains where it is mapped
 */
export function vmaCauses(
	original: MachineState,
	restored: MachineState,
	mm: number,
	objects: readonly ImageObject[],
	withoutVdso: boolean,
): readonly Cause[] {
	const vdsos = withoutVdso ? [original.mms[mm].vdso, restored.mms[mm].vdso] : [];
	const listed = (s: MachineState) => s.mms[mm].vmas.filter((v) => !vdsos.includes(v.start));
	const [a, b] = [listed(original), listed(restored)];
	const vmas = objects.filter((o) => o.name === 'VMA');
	const at = (list: readonly Vma[], address: number) => list.find((v) => v.start <= address && address < v.end);
	const made = (vma: Vma, field: string, want: unknown, got: unknown): Cause => {
		const { start } = vma;
		const holds = vmas.find((o) => o.num('cpt_start') <= start && start < o.num('cpt_end'));
		// One that is elsewhere in the image is found by its number.
		const object = holds ?? vmas[(a.includes(vma) ? original : restored).mms[mm].vmas.indexOf(vma)];
		const place = object === undefined ? {} : { label: object.label, offset: object.offset + object.struct.offsetOf(field) };
		return { object: 'VMA', ...place, field, path: `mms[${mm}].vmas`, want: show(want), got: show(got) };
	};
	const causes: Cause[] = [];
	for (const was of a) {
		const is = at(b, was.start);
		if (is === undefined) {
			causes.push(made(was, 'cpt_start', was.start, undefined));
			continue;
		}
		if (was.flags !== is.flags) causes.push(made(was, 'cpt_flags', was.flags, is.flags));
		else if (was.end > is.end) causes.push(made(was, 'cpt_end', was.end, is.end));
		else if (was.object !== is.object) causes.push(made(was, 'cpt_vma_type', was.path || 'anonymous', is.path || 'anonymous'));
	}
	for (const is of b) if (at(a, is.start) === undefined) causes.push(made(is, 'cpt_start', undefined, is.start));
	for (const is of b) {
		const was = at(a, is.start);
		if (was !== undefined && is.end > was.end && at(a, is.end - 1) === undefined)
			causes.push(made(is, 'cpt_end', was.end, is.end));
	}
	return causes;
}
