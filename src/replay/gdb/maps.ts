/** /proc/PID/maps, and how a list of mappings became another, as events. */
import type { KernelEvent } from '../../events/event.ts';
import type { CoreFile, CoreSegment } from '../../kernel/core/notes.ts';
import type { Vma } from '../../reducers/state.ts';
import { Vm } from '../../reducers/state.ts';

export interface Mapping {
	readonly start: number;
	readonly end: number;
	/** READ 1, WRITE 2, EXEC 4. */
	readonly access: number;
	/** Byte offset in the file. */
	readonly offset: number;
	/** Path, `[stack]`, or ''. */
	readonly name: string;
}

const ACCESS = Vm.READ | Vm.WRITE | Vm.EXEC;
const MAY = Vm.MAYREAD | Vm.MAYWRITE | Vm.MAYEXEC;

export function parseMaps(text: string): Mapping[] {
	const list: Mapping[] = [];
	for (const line of text.split('\n')) {
		const match = /^([0-9a-f]+)-([0-9a-f]+) (...). ([0-9a-f]+) \S+ \d+\s*(.*)$/.exec(line);
		if (!match) continue;
		const [start, end, offset] = [match[1], match[2], match[4]].map((n) => Number.parseInt(n, 16));
		if (end > 2 ** 32) continue;
		const [r, w, x] = match[3];
		list.push({ start, end, access: (r === 'r' ? 1 : 0) | (w === 'w' ? 2 : 0) | (x === 'x' ? 4 : 0), offset, name: match[5] });
	}
	return list;
}

export function mappingAt(list: readonly Mapping[], address: number): Mapping | undefined {
	return list.find((m) => m.start <= address && address < m.end);
}

/** As a core file has them. */
export function segmentsOf(list: readonly Mapping[]): {
	readonly segments: readonly CoreSegment[];
	readonly files: readonly CoreFile[];
} {
	return {
		segments: list.map(({ start, end, access }) => ({ start, end, access, bytes: new Uint8Array(0) })),
		files: list
			.filter((m) => m.name.startsWith('/'))
			.map((m) => ({ start: m.start, end: m.end, pgoff: Math.floor(m.offset / 4096), path: m.name })),
	};
}

/** The events that make `now` of `before`. Ranges are compared piece by piece: what both have keeps its pages. */
export function mapEvents(mm: number, before: readonly Mapping[], now: readonly Mapping[]): readonly KernelEvent[] {
	const events: KernelEvent[] = [];
	const grown = new Set<Mapping>();
	for (const m of now) {
		const was = before.find((b) => b.end === m.end && b.name === '[stack]' && m.name === '[stack]');
		if (was === undefined || was.start === m.start) continue;
		grown.add(m);
		events.push({ kind: 'mm/resize', mm, start: was.start, newStart: m.start, newEnd: m.end });
	}
	const edges = [...new Set([...before, ...now].flatMap((m) => [m.start, m.end]))].sort((a, b) => a - b);
	for (let i = 0; i + 1 < edges.length; i++) {
		const [start, end] = [edges[i], edges[i + 1]];
		const was = mappingAt(before, start);
		const is = mappingAt(now, start);
		if (is !== undefined && grown.has(is)) continue;
		const same = was !== undefined && is !== undefined && was.name === is.name && was.offset - was.start === is.offset - is.start;
		if (was !== undefined && !same && (is === undefined || was.name.startsWith('/') || is.name.startsWith('/')))
			events.push({ kind: 'mm/unmap', mm, start, end });
		else if (was !== undefined && is !== undefined) {
			if (was.access !== is.access) events.push({ kind: 'mm/flags', mm, start, end, clear: ACCESS, set: is.access });
			continue;
		}
		if (is === undefined) continue;
		const path = is.name.startsWith('/') ? is.name : '';
		const vma: Vma = { start, end, flags: is.access | MAY, object: 0, pgoff: 0, inode: 0, path };
		events.push({ kind: 'mm/map', mm, vma });
	}
	return events;
}
