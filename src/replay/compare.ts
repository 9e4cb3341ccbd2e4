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
	const left = new Cursor(EffectStream.from(a, from));
	const right = new Cursor(EffectStream.from(b, from));
	let steps = from;
	let events = 0;
	for (;;) {
		const x = left.peek();
		const y = right.peek();
		if (x === undefined && y === undefined) return { difference: null, equalSteps: steps, equalEvents: events };
		if (x !== undefined && y !== undefined && 'columns' in x && 'columns' in y) {
			const n = equalPrefix(x.columns, x.from, y.columns, y.from);
			left.skip(n);
			right.skip(n);
			steps += n;
			onProgress?.(steps);
			const rest = [x.columns.count - x.from, y.columns.count - y.from];
			if (n > 0 && n === Math.min(...rest)) continue;
			return { difference: { a: left.side(), b: right.side() }, equalSteps: steps, equalEvents: events };
		}
		if (x !== undefined && y !== undefined && 'event' in x && 'event' in y && sameEvent(x.event, y.event)) {
			left.skip(1);
			right.skip(1);
			events++;
			continue;
		}
		return { difference: { a: left.side(), b: right.side() }, equalSteps: steps, equalEvents: events };
	}
}

/** Whether two events say the same. */
export function sameEvent(a: KernelEvent, b: KernelEvent): boolean {
	return a.kind === b.kind && text(a) === text(b);
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
	let steps = 0;
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

/** A place in an effect stream. */
class Cursor {
	readonly #stream: EffectStream | undefined;
	#head: { columns: StepColumns; from: number } | { at: Position; event: KernelEvent } | undefined;

	constructor(stream: EffectStream | undefined) {
		this.#stream = stream;
	}

	peek() {
		if (this.#head && 'columns' in this.#head && this.#head.from >= this.#head.columns.count) this.#head = undefined;
		if (this.#head === undefined) {
			const next = this.#stream?.next();
			this.#head = next === undefined || 'event' in next ? next : { columns: next, from: 0 };
		}
		return this.#head;
	}

	/** Passes over n steps of the columns at the head, or the event there. */
	skip(n: number): void {
		if (this.#head && 'columns' in this.#head) this.#head = { ...this.#head, from: this.#head.from + n };
		else this.#head = undefined;
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
