/**
 * The first difference between what two traces did: their effect chains, element by element. An element is a retired step
 * (eip, registers and bytes written) or an event (its payload). States may differ long before behaviour does.
 */
import type { KernelEvent, StepColumns, StepEvent } from '../events/event.ts';
import { stepEvents } from '../events/steps.ts';
import { FrameKind } from '../events/trace/format.ts';
import { encodeEvent } from '../reducers/codec.ts';
import type { Position } from './position.ts';
import { EffectStream } from './timeline.ts';
import type { Trace } from './trace.ts';

/** One side of a difference; undefined where the trace had already ended. */
export interface Side {
	readonly at: Position;
	readonly event: KernelEvent | StepEvent;
}

export interface Difference {
	/** Index of the element in both chains, counted from where the comparison began. */
	readonly a: Side | undefined;
	readonly b: Side | undefined;
}

export interface Compared {
	readonly difference: Difference | null;
	/** Steps of each chain that were found equal. */
	readonly equalSteps: number;
	readonly equalEvents: number;
}

/** Compares two traces from their beginning; stretches that end in equal digests at equal positions are not walked. */
export function compareTraces(a: Trace, b: Trace, onProgress?: (steps: number) => void): Compared {
	const from = commonPrefix(a, b);
	const [left, right] = [new Cursor(EffectStream.from(a, from)), new Cursor(EffectStream.from(b, from))];
	const { difference, steps, events } = compareCursors(left, right, (n) => {
		onProgress?.(from + n);
		return true;
	});
	return { difference, equalSteps: from + steps, equalEvents: events };
}

/**
 * Walks two chains to their first difference. Equal until then: `steps` and `events`. `goOn` hears of the steps found equal;
 * false stops the walk.
 */
export function compareCursors(left: Cursor, right: Cursor, goOn: (steps: number) => boolean) {
	let steps = 0;
	let events = 0;
	const result = (difference: Difference | null, complete = true) => ({ difference, steps, events, complete });
	for (;;) {
		const x = left.peek();
		const y = right.peek();
		if (x === undefined && y === undefined) return result(null);
		if (x !== undefined && y !== undefined && 'columns' in x && 'columns' in y) {
			const n = equalPrefix(x.columns, x.from, y.columns, y.from);
			const rest = Math.min(x.columns.count - x.from, y.columns.count - y.from);
			left.skip(n);
			right.skip(n);
			steps += n;
			if (n < rest) return result({ a: left.side(), b: right.side() });
			if (!goOn(steps)) return result(null, false);
			continue;
		}
		if (x !== undefined && y !== undefined && 'event' in x && 'event' in y && sameEvent(x.event, y.event)) {
			left.skip(1);
			right.skip(1);
			events++;
			continue;
		}
		return result({ a: left.side(), b: right.side() });
	}
}

/** Whether two events say the same to who can see them. */
export function sameEvent(a: KernelEvent, b: KernelEvent): boolean {
	return a.kind === b.kind && text(seen(a)) === text(seen(b));
}

/** The number of a place in a queue is nobody's to see: who is woken first is. */
function seen(event: KernelEvent): KernelEvent {
	return event.kind === 'task/block' ? { ...event, wait: { ...event.wait, order: 0 } } : event;
}

function text(event: KernelEvent): string {
	return JSON.stringify(encodeEvent(event), (_, v) =>
		typeof v === 'bigint' ? `${v}n` : v instanceof Uint8Array ? Buffer.from(v).toString('hex') : v,
	);
}

/** Steps up to the last digest that both traces share at the same position, with a keyframe to start from. */
function commonPrefix(a: Trace, b: Trace): number {
	const digests = (t: Trace) => t.frames.flatMap((f, i) => (f.kind === FrameKind.DIGEST ? [t.mark(i)] : []));
	const [x, y] = [digests(a), digests(b)];
	const last = (t: Trace) => t.end?.steps ?? 0;
	let steps = Math.max(a.header.from, b.header.from);
	for (let i = 0; i < Math.min(x.length, y.length); i++) {
		if (x[i].at !== y[i].at || x[i].digest !== y[i].digest) break;
		if (x[i].at < last(a) && x[i].at < last(b)) steps = x[i].at;
	}
	return steps;
}

/** Number of steps that are the same, from two places on. */
function equalPrefix(a: StepColumns, fromA: number, b: StepColumns, fromB: number): number {
	if (fromA === 0 && fromB === 0 && a.count === b.count && sameColumns(a, b)) return a.count;
	const [x, y] = [skipTo(a, fromA), skipTo(b, fromB)];
	for (let n = 0; ; n++) {
		const [p, q] = [x.next(), y.next()];
		if (p.done || q.done || !sameStep(p.value, q.value)) return n;
	}
}

function* skipTo(columns: StepColumns, from: number): Generator<StepEvent> {
	let i = 0;
	for (const step of stepEvents(columns)) if (i++ >= from) yield step;
}

function sameColumns(a: StepColumns, b: StepColumns): boolean {
	if (a.words.length !== b.words.length || a.task !== b.task) return false;
	for (let i = 0; i < a.count; i++) {
		if (a.mask[i] !== b.mask[i] || a.siteEip[a.site[i]] !== b.siteEip[b.site[i]]) return false;
	}
	for (let i = 0; i < a.words.length; i++) if (a.words[i] !== b.words[i]) return false;
	return true;
}

function sameStep(a: StepEvent, b: StepEvent): boolean {
	return a.task === b.task && a.eip === b.eip && a.next === b.next && a.eflags === b.eflags && stepText(a) === stepText(b);
}

function stepText(s: StepEvent): string {
	return JSON.stringify([s.gprs, s.writes.map((w) => [w.address, Buffer.from(w.bytes).toString('hex')]), s.fx, s.segments]);
}

/** The event, of the task that it counts as. */
function renamed(event: KernelEvent, pid: (pid: number) => number): KernelEvent {
	return 'task' in event && typeof event.task === 'number' && pid(event.task) !== event.task
		? { ...event, task: pid(event.task) }
		: event;
}

/** Events that are no element of the chain: nobody sees a switch but in whose step comes next. */
const UNSEEN: ReadonlySet<string> = new Set(['sched/switch']);

/** A place in an effect stream. */
export class Cursor {
	readonly #stream: EffectStream | undefined;
	readonly #pid: (pid: number) => number;
	#head: { columns: StepColumns; from: number } | { at: Position; event: KernelEvent } | undefined;
	/** The last three stretches passed over. */
	#past: readonly ({ columns: StepColumns; from: number; to: number } | { at: Position; event: KernelEvent })[] = [];

	/** @param pid whose steps and events they count as */
	constructor(stream: EffectStream | undefined, pid: (pid: number) => number = (pid) => pid) {
		this.#stream = stream;
		this.#pid = pid;
	}

	peek() {
		if (this.#head && 'columns' in this.#head && this.#head.from >= this.#head.columns.count) this.#head = undefined;
		if (this.#head === undefined) {
			const next = this.#nextSeen();
			this.#head = next === undefined || 'event' in next ? next : { columns: next, from: 0 };
		}
		return this.#head;
	}

	#nextSeen() {
		for (;;) {
			const next = this.#stream?.next();
			if (next === undefined) return next;
			if (!('event' in next)) return { ...next, task: this.#pid(next.task) };
			if (!UNSEEN.has(next.event.kind)) return { ...next, event: renamed(next.event, this.#pid) };
		}
	}

	/** Passes over n steps of the columns at the head, or the event there. */
	skip(n: number): void {
		const head = this.#head;
		if (head === undefined || n === 0) return;
		this.#past = [...this.#past.slice(-2), 'columns' in head ? { ...head, to: head.from + n } : head];
		this.#head = 'columns' in head ? { ...head, from: head.from + n } : undefined;
	}

	/** The last elements passed over, at most three, the latest last. */
	past(): Side[] {
		const sides = this.#past.flatMap((head): Side[] => {
			if ('event' in head) return [head];
			const last = [...skipTo(head.columns, Math.max(head.from, head.to - 3))].slice(0, Math.min(3, head.to - head.from));
			return last.map((event) => ({ at: { steps: event.position, k: 0 }, event }));
		});
		return sides.slice(-3);
	}

	/** The next `n` elements; they are passed over. */
	take(n: number): Side[] {
		const sides: Side[] = [];
		for (let i = 0; i < n; i++) {
			const side = this.side();
			if (side === undefined) break;
			sides.push(side);
			this.skip(1);
		}
		return sides;
	}

	/** What stands at the head, as one element. */
	side(): Side | undefined {
		const head = this.peek();
		if (head === undefined) return undefined;
		if ('event' in head) return head;
		const [event] = skipTo(head.columns, head.from);
		return { at: { steps: event.position, k: 0 }, event };
	}
}
