/**
 * What a report tells of differences that belong together: which of them is the cause and which follow from it; which change of
 * the image explains differences that have no change of their own; where mappings that moved differ.
 */
import type { ImageDifference } from '../../cpt/v2/diff.ts';
import type { ImageObject } from '../../cpt/v2/image-object.ts';
import { STRUCTS } from '../../cpt/v2/objects.ts';
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

/** Fields that nobody reads explain nothing. */
const PADDING: ReadonlySet<string> = new Set(STRUCTS.flatMap((s) => s.fields.filter((f) => f.field.isPad).map((f) => f.name)));

/** The change of the image that a difference without one of its own comes from: of the same object, else of its kind. */
export function explain(cause: Cause, all: readonly ImageDifference[]): ImageDifference | undefined {
	if (cause.object === undefined) return undefined;
	const changes = all.filter((c) => !PADDING.has(c.field));
	const mine = cause.label === undefined ? [] : changes.filter((c) => c.object === cause.label);
	if (mine.some((c) => c.field === cause.field || c.field.startsWith('payload'))) {
		const header = mine.find((c) => c.field !== 'cpt_len' && !c.field.startsWith('payload'));
		return mine.some((c) => c.field === cause.field) ? undefined : header;
	}
	if (mine.length > 0) return tellChange(mine);
	const alike = changes.filter((c) => c.name === cause.object);
	return alike.length > 0 ? tellChange(alike) : undefined;
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
		const call = causes.filter((c) => c.field === 'cpt_orig_ax');
		if (call.length > 0) return call;
	}
	if (unit === 'files') {
		const names = causes.filter((c) => c.object === 'NAME');
		if (names.length > 0) return names;
	}
	return causes;
}

/** Where lists of mappings differ that do not correspond one to one: by address, not by number. */
export function vmaCauses(
	original: MachineState,
	restored: MachineState,
	mm: number,
	objects: readonly ImageObject[],
): readonly Cause[] {
	const [a, b] = [original.mms[mm].vmas, restored.mms[mm].vmas];
	const vmas = objects.filter((o) => o.name === 'VMA');
	const at = (list: readonly Vma[], address: number) => list.find((v) => v.start <= address && address < v.end);
	const made = (address: number, field: string, want: unknown, got: unknown): Cause => {
		const object = vmas.find((o) => o.num('cpt_start') <= address && address < o.num('cpt_end'));
		const place =
			object === undefined ? {} : { label: object.label, offset: object.offset + object.struct.offsetOf(field || 'cpt_start') };
		return {
			object: 'VMA',
			...place,
			...(field === '' ? {} : { field }),
			path: `mms[${mm}].vmas`,
			want: show(want),
			got: show(got),
		};
	};
	const causes: Cause[] = [];
	for (const was of a) {
		const is = at(b, was.start);
		if (is === undefined) {
			causes.push(made(was.start, 'cpt_start', was.start, undefined));
			continue;
		}
		if (was.flags !== is.flags) causes.push(made(was.start, 'cpt_flags', was.flags, is.flags));
		else if (was.end > is.end) causes.push(made(was.start, 'cpt_end', was.end, is.end));
		else if (was.object !== is.object)
			causes.push(made(was.start, 'cpt_vma_type', was.path || 'anonymous', is.path || 'anonymous'));
	}
	for (const is of b) if (at(a, is.start) === undefined) causes.push(made(is.start, 'cpt_start', undefined, is.start));
	for (const is of b) {
		const was = at(a, is.start);
		if (was !== undefined && is.end > was.end && at(a, is.end - 1) === undefined)
			causes.push(made(is.start, 'cpt_end', was.end, is.end));
	}
	return causes;
}
