/** From a difference of the state to the object, field and byte of the image that brought it. */
import type { ReaderRules } from '../../cpt/rules.ts';
import { readObjects } from '../../cpt/v2/framing.ts';
import type { ImageObject } from '../../cpt/v2/image-object.ts';
import { type Held, provenance } from '../../cpt/v2/provenance.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import type { Difference } from '../../reducers/diff.ts';
import { FX_FIELDS } from '../../reducers/fx-names.ts';
import { formatPath } from '../../reducers/path.ts';
import type { MachineState } from '../../reducers/state.ts';
import type { Cause } from './report.ts';

/** The objects of an image, as far as it can be read; `rules`: by a reader that is wrong. */
export function objectsOf(image: Uint8Array, rules?: ReaderRules): readonly ImageObject[] {
	const objects: ImageObject[] = [];
	try {
		for (const object of readObjects(image, rules)) objects.push(object);
	} catch {
		// What could be read is what there is to point at; the refusal itself is reported elsewhere.
	}
	return objects;
}

/** Names what a difference comes from. `objects`: those of the image the state was restored from. */
export function causeOf(difference: Difference, original: MachineState, objects: readonly ImageObject[]): Cause {
	const { path, a, b } = difference;
	const shown = { path: formatPath(path), want: show(a), got: show(b) };
	const { held, residual } = provenance(path);
	const mapped = nameOf(difference, original, objects);
	if (mapped !== undefined) return { ...mapped, path: shown.path };
	const split = sharedVma(difference, original, objects);
	if (split !== undefined) return { ...split, ...shown };
	if (held === undefined) return { part: residual?.part ?? 'state that no object holds', ...shown };
	if (difference.memory !== undefined) return { ...memoryCause(difference, original, objects), ...shown };
	const object = findObject(held, difference, original, objects);
	const place = fieldPlace(held, difference, object);
	return {
		object: held.object,
		...(object ? { label: object.label } : {}),
		...place,
		...shown,
	};
}

/** A mapping that does not lead to the shared memory that it led to. */
function sharedVma({ path }: Difference, original: MachineState, objects: readonly ImageObject[]): Cause | undefined {
	const [top, mm, field, index, member] = path;
	const vma =
		top === 'mms' && field === 'vmas' && member === 'object' ? original.mms[Number(mm)]?.vmas[Number(index)] : undefined;
	if (vma === undefined || original.objects[vma.object]?.kind !== 'shared') return undefined;
	const object = findObject({ object: 'VMA', field: '', path: '' }, { path }, original, objects);
	return { object: 'VMA', ...(object ? { label: object.label, offset: object.offset } : {}) };
}

/** A mapping that leads to another file than it did: its NAME was opened again. */
function nameOf({ path, b }: Difference, original: MachineState, objects: readonly ImageObject[]): Cause | undefined {
	const [top, mm, field, index, member] = path;
	if (top !== 'mms' || field !== 'vmas' || (member !== 'inode' && member !== 'object')) return undefined;
	const vma = original.mms[Number(mm)]?.vmas[Number(index)];
	if (vma === undefined || vma.inode === 0) return undefined;
	const name = objects.find((o) => o.name === 'NAME' && o.parent?.num('cpt_start') === vma.start);
	const files = { want: `the file that was ${vma.path}`, got: b === 0 || b === undefined ? 'none' : 'another file' };
	if (name === undefined) return { object: 'NAME', ...files };
	return { object: 'NAME', label: name.label, field: 'payload', offset: name.offset + name.headerLength, ...files };
}

function taskObject(name: string, pid: number, objects: readonly ImageObject[], original: MachineState): ImageObject | undefined {
	const tasks = objects.filter((o) => o.name === 'TASK');
	const task = tasks.find((o) => o.num('cpt_pid') === pid) ?? tasks[Object.keys(original.tasks).map(Number).indexOf(pid)];
	return name === 'TASK' ? task : objects.find((o) => o.name === name && o.parent === task);
}

function findObject(
	held: Held,
	{ path }: Pick<Difference, 'path'>,
	original: MachineState,
	objects: readonly ImageObject[],
): ImageObject | undefined {
	const [top, id, , index] = path;
	if (held.object === 'HEAD') return objects[0];
	const owner =
		top === 'tasks'
			? Number(id)
			: Object.values(original.tasks).find((t) => (top === 'groups' ? t.group : t.mm) === Number(id))?.tgid;
	if (owner === undefined) return undefined;
	if (held.object !== 'VMA' && held.object !== 'NAME') return taskObject(held.object, owner, objects, original);
	const mm = taskObject('MM', owner, objects, original);
	const vmas = objects.filter((o) => o.name === 'VMA' && o.parent === mm);
	const start = original.mms[Number(id)]?.vmas[Number(index)]?.start;
	const vma = vmas.find((o) => o.num('cpt_start') === start) ?? vmas[Number(index)];
	return held.object === 'VMA' ? vma : objects.find((o) => o.name === 'NAME' && o.parent === vma);
}

function fieldPlace(held: Held, { path }: Difference, object: ImageObject | undefined): Pick<Cause, 'field' | 'offset'> {
	if (held.field === '') return object ? { offset: object.offset } : {};
	const element = path.at(-1);
	if (held.field === 'payload') {
		const fx = FX_FIELDS.find((f) => f.name === element);
		const byte = fx ? fx.offset : held.object === 'BITS/MM_CONTEXT' && typeof path[3] === 'number' ? path[3] * 8 : 0;
		return {
			field: fx ? `payload ${fx.name}` : 'payload',
			...(object ? { offset: object.offset + object.headerLength + byte } : {}),
		};
	}
	if (object === undefined) return { field: held.field };
	const { field, offset } = object.struct.placed(held.field);
	const index =
		held.field === 'cpt_tls' || held.field === 'cpt_debugreg' ? path.find((p, i) => i > 2 && typeof p === 'number') : undefined;
	const n = typeof index === 'number' ? index : undefined;
	return {
		field: n === undefined ? held.field : `${held.field}[${n}]`,
		offset: object.offset + offset + (n ?? 0) * field.width,
	};
}

/** The PAGES object that holds the first byte that differs; without one the mapping it is missing from. */
function memoryCause({ memory }: Difference, original: MachineState, objects: readonly ImageObject[]): Cause {
	if (memory === undefined) return {};
	const { address } = memory;
	const holds = (o: ImageObject) => o.num('cpt_start') <= address && address < o.num('cpt_end');
	const mm = Object.values(original.mms).find((one) => one.object === memory.object);
	if (mm === undefined) return { part: original.objects[memory.object]?.kind === 'shared' ? 'shared memory' : 'files' };
	// Processes have the same addresses: what counts is whose mapping it is.
	const spaces = Object.values(original.tasks)
		.filter((t) => t.mm === mm.id)
		.map((t) => taskObject('MM', t.pid, objects, original));
	const isOf = (vma: ImageObject | undefined) => vma?.parent !== undefined && spaces.includes(vma.parent);
	const pages = objects.find((o) => o.name === 'PAGES' && holds(o) && isOf(o.parent));
	if (pages) {
		const byte = pages.payloadLength > 0 ? address - pages.num('cpt_start') : 0;
		return { object: 'PAGES', label: pages.label, field: 'payload', offset: pages.offset + pages.headerLength + byte };
	}
	const vma = objects.find((o) => o.name === 'VMA' && holds(o) && isOf(o));
	return {
		object: 'PAGES',
		field: `no object for page ${(address - (address % PAGE_SIZE)).toString(16).padStart(8, '0')}`,
		...(vma ? { label: vma.label, offset: vma.offset } : {}),
	};
}

/** A value as a report shows it: numbers in hexadecimal, bytes as digits. */
export function show(value: unknown): string {
	if (value === undefined) return 'nothing';
	if (typeof value === 'number')
		return Math.abs(value) < 10 ? String(value) : `${value < 0 ? '-' : ''}0x${Math.abs(value).toString(16)}`;
	if (typeof value === 'bigint') return `0x${value.toString(16)}`;
	if (value instanceof Uint8Array) {
		const text = Array.from(value.subarray(0, 16), (b) => b.toString(16).padStart(2, '0')).join(' ');
		return value.length > 16 ? `${text} … (${value.length} bytes)` : text;
	}
	const text = JSON.stringify(value, (_, v) =>
		typeof v === 'bigint' ? `0x${v.toString(16)}` : v instanceof Uint8Array ? show(v) : v,
	);
	return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
