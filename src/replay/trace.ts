/** A trace file opened: its header, its contents by hash, its recorded events, and where its keyframes are. */
import { inflateRawSync } from 'node:zlib';
import type { Entry } from '../events/entities.ts';
import type { KernelEvent, MachineEvent, StepColumns } from '../events/event.ts';
import { type Damage, type Frame, FrameKind, readFrames, TraceError } from '../events/trace/format.ts';
import { decodeEvent, decodeState } from '../reducers/codec.ts';
import type { MachineState } from '../reducers/state.ts';
import { bootTrace } from './boot.ts';
import { sha256 } from './hash.ts';
import { parseHeader, SEMANTICS_VERSION, type TraceHeader } from './header.ts';
import { unpack } from './pack.ts';
import type { Position } from './position.ts';
import { decodeSteps } from './step-frames.ts';
import type { TraceEnd } from './trace-writer.ts';

/** Largest contents of one file in a trace, and largest state of a keyframe: 2 GiB less one. */
const MAX_INFLATED = 2 ** 31 - 1;

/** An input as it was recorded, and where; or what somebody did to a frozen container: that is not decided again either. */
export interface RecordedInput {
	readonly steps: number;
	/** Events at this position before it. */
	readonly k: number;
	readonly event: KernelEvent;
}

/** A frame of events: `at` is the position in steps of the first. Events may lack bytes that running derives. */
export interface EventFrame {
	readonly frame: number;
	readonly at: number;
	readonly events: readonly unknown[];
}

export interface StepFrame {
	readonly columns: StepColumns;
	readonly entry: Entry;
}

type Fields = Record<string, unknown>;

export class Trace {
	readonly header: TraceHeader;
	readonly frames: readonly Frame[];
	/** What is wrong with the file after its last whole frame; null = it is whole. */
	readonly damage: Damage | null;
	/** Length of the file in bytes. */
	readonly size: number;
	/** The totals of a whole trace. */
	readonly end: TraceEnd | null;
	readonly #blobs = new Map<string, number>();
	readonly #contents = new Map<string, Uint8Array>();
	#inputs: RecordedInput[] | undefined;
	/** The first state, and the last decoded keyframe: the next one is most often told against it. */
	#first: MachineState | undefined;
	#keyframe: { readonly index: number; readonly state: MachineState } | undefined;

	/** Opens a trace from the bytes of its file. Throws TraceError when not even its header can be read. */
	constructor(bytes: Uint8Array) {
		const { frames, damage } = readFrames(bytes);
		this.frames = frames;
		this.damage = damage;
		this.size = bytes.length;
		if (frames[0]?.kind !== FrameKind.HEADER) {
			const why = frames.length > 0 ? `a header wanted, a frame of kind ${frames[0].kind} got` : (damage?.reason ?? 'empty');
			throw new TraceError(0, 0, `not a trace: ${why}`);
		}
		const header = parseHeader(this.#body(0));
		if (typeof header === 'string') throw new TraceError(0, 0, header);
		if (header.semantics !== SEMANTICS_VERSION) {
			throw new TraceError(
				0,
				0,
				`recorded by an engine that executed differently: semantics ${SEMANTICS_VERSION} wanted, ${header.semantics} got; record it again`,
			);
		}
		this.header = header;
		frames.forEach((frame, i) => {
			if (frame.kind === FrameKind.BLOB) this.#blobs.set(String(this.#body(i).sha256), i);
			else if (frame.kind === FrameKind.HEADER && i > 0) throw this.#error(i, 'a second header');
		});
		const last = frames.at(-1);
		this.end = last?.kind === FrameKind.INDEX ? this.#readEnd(frames.length - 1) : null;
	}

	/** Contents by their sha256. */
	blob(name: string): Uint8Array {
		const known = this.#contents.get(name);
		if (known) return known;
		const frame = this.#blobs.get(name);
		if (frame === undefined) throw this.#error(0, `contents ${name.slice(0, 12)}… wanted, no frame holds them`);
		const bytes = this.#inflate(frame, this.#body(frame));
		if (sha256(bytes) !== name)
			throw this.#error(frame, `contents ${name.slice(0, 12)}… wanted, ${sha256(bytes).slice(0, 12)}… got`);
		this.#contents.set(name, bytes);
		return bytes;
	}

	/** The frames of events in order; columns of steps count as their place says. */
	*eventFrames(): Generator<EventFrame> {
		for (let i = 0; i < this.frames.length; i++) {
			if (this.frames[i].kind !== FrameKind.EVENTS) continue;
			const { at, events } = this.#body(i);
			if (!Number.isSafeInteger(at) || !Array.isArray(events)) throw this.#error(i, 'events and their position wanted');
			yield { frame: i, at: at as number, events };
		}
	}

	/** The decoded events of a frame (`decode`). */
	eventsOf(frame: number): MachineEvent[] {
		return this.#events(frame).map((stored) => this.decode(frame, stored));
	}

	/** Decodes one stored event. Where `inputs` kept only length and check value, `bytes` is absent: not for reducing. */
	decode(frame: number, stored: unknown): MachineEvent {
		const value = stored as Fields | null;
		try {
			if (value?.kind === 'input/content') {
				const bytes = this.blob(String(value.sha256));
				return decodeEvent({ kind: value.kind, inode: value.inode, bytes });
			}
			return decodeEvent(value);
		} catch (error) {
			throw error instanceof TraceError ? error : this.#error(frame, (error as Error).message);
		}
	}

	/** Every recorded input with its position, in order. */
	inputs(): readonly RecordedInput[] {
		if (this.#inputs) return this.#inputs;
		const inputs: RecordedInput[] = [];
		let steps = this.header.from;
		let k = 0;
		let frozen = this.header.base !== null;
		for (let i = 0; i < this.frames.length; i++) {
			const { kind } = this.frames[i];
			if (kind === FrameKind.STEPS) {
				steps += this.stepFrame(i).columns.count;
				k = 0;
			}
			if (kind !== FrameKind.EVENTS) continue;
			for (const stored of this.#events(i)) {
				const { kind, steps: n } = (stored ?? {}) as Fields;
				if (kind === 'cpu/run') {
					if (!Number.isSafeInteger(n) || (n as number) <= 0)
						throw this.#error(i, `a positive number of steps wanted, ${String(n)} got`);
					steps += n as number;
					k = 0;
					continue;
				}
				if (frozen || (typeof kind === 'string' && (kind.startsWith('input/') || kind === 'freezer/set'))) {
					const event = this.decode(i, stored) as KernelEvent;
					if (event.kind === 'freezer/set') frozen = event.state !== 'thawed';
					inputs.push({ steps, k, event });
				}
				k++;
			}
		}
		this.#inputs = inputs;
		return inputs;
	}

	/** Steps behind which nothing is recorded: where the recorder stopped the machine, or the file is cut. */
	get limit(): number {
		if (this.end === null) return this.recordedSteps;
		return this.end.end === 'limit' ? this.end.steps : Number.POSITIVE_INFINITY;
	}

	/** Steps that the whole frames cover. */
	get recordedSteps(): number {
		return this.recordedEnd.steps;
	}

	/** Behind the last event or step of the whole frames. */
	get recordedEnd(): Position {
		let steps = this.header.from;
		let k = 0;
		this.frames.forEach((frame, i) => {
			if (frame.kind === FrameKind.STEPS) {
				steps += this.stepFrame(i).columns.count;
				k = 0;
			}
			if (frame.kind !== FrameKind.EVENTS) return;
			for (const e of this.#events(i)) {
				const { kind, steps: n } = (e ?? {}) as Fields;
				const run = kind === 'cpu/run' && typeof n === 'number';
				k = run ? 0 : k + 1;
				if (run) steps += n;
			}
		});
		return { steps, k };
	}

	/** A frame of single steps (grain `steps`). */
	stepFrame(index: number): StepFrame {
		try {
			return decodeSteps(this.frames[index].payload);
		} catch (error) {
			throw this.#error(index, `columns of steps: ${(error as Error).message}`);
		}
	}

	/** Digest and position of a digest frame, or of a keyframe. */
	mark(index: number): { readonly at: number; readonly digest: bigint } {
		const { at, digest } = this.#body(index);
		if (!Number.isSafeInteger(at) || (typeof digest !== 'bigint' && typeof digest !== 'number'))
			throw this.#error(index, 'a digest and its position wanted');
		return { at: at as number, digest: BigInt(digest) };
	}

	/** Decodes the keyframe in frame `index`: a delta to the one before it and so on, back to one that is told against the first state. */
	keyframe(index: number): MachineState {
		const known = this.#keyframe;
		const chain: number[] = [];
		let state: MachineState | undefined;
		for (let i = index; i >= 0 && state === undefined; i--) {
			if (this.frames[i].kind !== FrameKind.KEYFRAME) continue;
			if (i === known?.index) state = known.state;
			else chain.push(i);
			if (this.#body(i).full === true) state ??= this.#first ??= bootTrace(this);
		}
		for (const i of chain.reverse()) {
			if (state === undefined) throw this.#error(i, 'a keyframe wanted that a delta can follow');
			try {
				state = decodeState(unpack(this.#inflate(i, this.#body(i))), state);
			} catch (error) {
				throw error instanceof TraceError ? error : this.#error(i, `keyframe: ${(error as Error).message}`);
			}
		}
		this.#keyframe = { index, state: state! };
		return state!;
	}

	/** Frame of the last keyframe at or before a position, or undefined. */
	keyframeBefore(steps: number): number | undefined {
		for (let i = this.frames.length - 1; i >= 0; i--) {
			if (this.frames[i].kind === FrameKind.KEYFRAME && this.mark(i).at <= steps) return i;
		}
		return undefined;
	}

	/** The decoded payload of a frame: a map. */
	body(index: number): Readonly<Record<string, unknown>> {
		return this.#body(index);
	}

	#events(index: number): readonly unknown[] {
		const { events } = this.#body(index);
		if (!Array.isArray(events)) throw this.#error(index, 'a list of events wanted');
		return events;
	}

	#inflate(index: number, body: Fields): Uint8Array {
		const { size, deflate } = body;
		if (
			!Number.isSafeInteger(size) ||
			(size as number) < 0 ||
			(size as number) > MAX_INFLATED ||
			!(deflate instanceof Uint8Array)
		) {
			throw this.#error(index, 'deflated bytes and their size wanted');
		}
		let bytes: Uint8Array;
		try {
			bytes = inflateRawSync(deflate, { maxOutputLength: Math.max(1, size as number) });
		} catch (error) {
			throw this.#error(index, `inflate: ${(error as Error).message}`);
		}
		if (bytes.length !== size) throw this.#error(index, `${String(size)} bytes wanted, ${bytes.length} got`);
		return bytes;
	}

	#body(index: number): Fields {
		let body: unknown;
		try {
			body = unpack(this.frames[index].payload);
		} catch (error) {
			throw this.#error(index, `MessagePack: ${(error as Error).message}`);
		}
		if (typeof body !== 'object' || body === null) throw this.#error(index, 'a map wanted');
		return body as Fields;
	}

	#readEnd(index: number): TraceEnd {
		const { steps, events, end, status, tasks } = this.#body(index);
		if (
			!Number.isSafeInteger(steps) ||
			!Number.isSafeInteger(events) ||
			(end !== 'ended' && end !== 'idle' && end !== 'limit') ||
			!Array.isArray(tasks)
		) {
			throw this.#error(index, 'the totals of the trace wanted');
		}
		return {
			steps: steps as number,
			events: events as number,
			end,
			status: (status as number | null) ?? null,
			tasks: tasks as TraceEnd['tasks'],
		};
	}

	#error(frame: number, message: string): TraceError {
		return new TraceError(frame, this.frames[frame]?.offset ?? 0, message);
	}
}
