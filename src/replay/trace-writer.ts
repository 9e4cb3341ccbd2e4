/**
 * Events in, frames out. Recording writes the frames; verifying makes them again and compares. What a frame holds depends
 * on the events alone, never on when they came.
 */
import { crc32, deflateRawSync } from 'node:zlib';
import type { MachineEvent } from '../events/event.ts';
import { FRAME_HEAD, FrameKind } from '../events/trace/format.ts';
import { endStatus } from '../kernel/job-control.ts';
import { encodeEvent, encodeState, writeEvent } from '../reducers/codec.ts';
import { Packer } from '../reducers/packer.ts';
import type { MachineState } from '../reducers/state.ts';
import { sha256 } from './hash.ts';
import type { TraceHeader } from './header.ts';
import { createPacker, pack } from './pack.ts';
import { encodeSteps } from './step-frames.ts';

/** Steps between two keyframes; a digest frame comes with each. */
export const KEYFRAME_STEPS = 4_000_000;
/** Position of the first digest of all. The next ones come after twice as many steps each, until keyframes do. */
const FIRST_DIGEST = 1_000_000;
/** Every one of these many keyframes holds what changed since the first state, the others since the last one. */
export const FULL_EVERY = 8;
/** Events in a frame at most. */
const EVENTS_PER_FRAME = 256;
/** In grain `inputs`, bytes longer than this that the machine can derive are kept as length and check value only. */
const KEEP_BYTES = 64;

/**
 * Position of the first digest after a position, in steps. A mark costs about 1 ms whatever came before it: far apart, they
 * are a few per cent of a long run; near its start, a short trace is still checked before its end.
 */
export function nextMark(steps: number): number {
	for (let mark = FIRST_DIGEST; mark < KEYFRAME_STEPS; mark *= 2) if (mark > steps) return mark;
	return (Math.floor(steps / KEYFRAME_STEPS) + 1) * KEYFRAME_STEPS;
}

/** How the run ended, in the index frame and the summaries. */
export interface TraceEnd {
	readonly steps: number;
	/** Events but single steps and runs. */
	readonly events: number;
	/** `ended`: every task is gone. `idle`: it waited for ever, and the recorder stopped. `limit`: the recorder stopped it while it ran. */
	readonly end: 'ended' | 'idle' | 'limit';
	/** Wait status of the first task once it is gone. */
	readonly status: number | null;
	readonly tasks: readonly {
		readonly pid: number;
		readonly comm: string;
		readonly steps: number;
		readonly status: number | null;
	}[];
}

/** Inputs that a recorder may have waited for. */
const LIVE = new Set<string>(['input/stream', 'input/signal', 'input/none']);

/** Events of a task that its totals are made of. */
const FOLLOWED = new Set<string>([
	'cpu/run',
	'cpu/steps',
	'task/exec',
	'task/set',
	'task/exit',
	'task/reap',
	'task/rename',
] satisfies MachineEvent['kind'][]);

const EMPTY = new Uint8Array(0);

/** Whether no run derives it: its bytes are kept whole. */
function isGiven(kind: string): boolean {
	return kind.startsWith('input/') || kind.startsWith('restore/');
}

/**
 * @param payload to be copied where it is kept: what it lies in is used again
 * @param events number of events in the frame, but runs
 */
export type FrameSink = (kind: FrameKind, payload: Uint8Array, events: number) => void;

export class TraceWriter {
	readonly #frame: FrameSink;
	readonly #header: TraceHeader;
	readonly #digest: (state: MachineState) => bigint;
	readonly #first: MachineState | undefined;
	readonly #pack = createPacker();
	readonly #blobs = new Set<string>();
	readonly #index: [string, number, number][] = [];
	/** Tasks that came after the first, while they are there, and those that left. */
	readonly #tasks = new Map<number, { comm: string; steps: number; status: number | null }>();
	readonly #reaped: TraceEnd['tasks'][number][] = [];
	/** The events of the frame that is being filled, packed, and how many. */
	readonly #packed = new Packer();
	readonly #head = new Packer();
	#pending = 0;
	#offset = 0;
	#steps = 0;
	#pendingAt = 0;
	/** Of the pending, how many are no runs. */
	#pendingEvents = 0;
	#events = 0;
	#previous: MachineState | undefined;

	/**
	 * @param first the state that header and contents make, as `bootTrace` gives it: what never changed since (program, stdin)
	 * is in no keyframe. Absent: the payloads of steps and keyframes are left empty, for those who hold frames against a file's
	 */
	constructor(header: TraceHeader, digest: (state: MachineState) => bigint, frame: FrameSink, first?: MachineState) {
		this.#header = header;
		this.#first = first;
		this.#digest = digest;
		this.#frame = frame;
		this.#steps = header.from;
		this.#out(FrameKind.HEADER, pack(header));
	}

	/** Contents that the header or an event names by sha256; written once. */
	blob(bytes: Uint8Array): string {
		const name = sha256(bytes);
		if (!this.#blobs.has(name)) {
			this.#blobs.add(name);
			if (this.#first === undefined) {
				this.#out(FrameKind.BLOB, pack({ sha256: name }));
				return name;
			}
			this.#out(FrameKind.BLOB, pack({ sha256: name, size: bytes.length, deflate: deflateRawSync(bytes, { level: 6 }) }));
		}
		return name;
	}

	/** The next event. */
	event(event: MachineEvent): void {
		this.#follow(event);
		const { kind } = event;
		if (kind === 'cpu/steps') {
			this.flush();
			this.#out(FrameKind.STEPS, this.#first !== undefined ? encodeSteps(event.columns, event.entry) : EMPTY);
			this.#steps += event.columns.count;
			return;
		}
		// What came live begins a frame: a recorder that waits for it has written all that came before.
		if (LIVE.has(kind)) this.flush();
		if (this.#pending === 0) this.#pendingAt = this.#steps;
		if (kind === 'cpu/run') this.#steps += event.steps;
		else this.#pendingEvents++;
		this.#store(event);
		if (++this.#pending >= EVENTS_PER_FRAME) this.flush();
	}

	/** What is to be known of a task that leaves the tables before the end. */
	#follow(event: MachineEvent): void {
		const { kind } = event;
		if (kind === 'task/new') {
			const { comm, state, exitStatus } = event.value;
			// A restart may make one that has ended.
			this.#tasks.set(event.task, { comm, steps: 0, status: state === 'zombie' ? exitStatus : null });
		}
		if (!FOLLOWED.has(kind) || !('task' in event) || typeof event.task !== 'number') return;
		const task = this.#tasks.get(event.task);
		if (task === undefined) return;
		if (kind === 'cpu/run') task.steps += event.steps;
		else if (kind === 'cpu/steps') task.steps += event.columns.count;
		else if (kind === 'task/exec') task.comm = event.comm;
		else if (kind === 'task/set' && event.fields.comm !== undefined) task.comm = event.fields.comm;
		else if (kind === 'task/exit') task.status = event.status;
		else if (kind === 'task/reap' || kind === 'task/rename') {
			this.#tasks.delete(event.task);
			if (kind === 'task/rename') this.#tasks.set(event.to, task);
			else this.#reaped.push({ pid: event.task, ...task });
		}
	}

	/** Closes the frame of events that is being filled. */
	flush(): void {
		if (this.#pending === 0) return;
		const at = this.#pendingAt;
		const count = this.#pendingEvents;
		const head = this.#head;
		head.map(2);
		head.text('at');
		head.number(at);
		head.text('events');
		head.list(this.#pending);
		head.append(this.#packed);
		this.#pending = 0;
		this.#pendingEvents = 0;
		this.#events += count;
		this.#out(FrameKind.EVENTS, head.view(), at, count);
	}

	/** A digest of the state here (before any event at this position), and at its places a keyframe. */
	mark(state: MachineState): void {
		this.flush();
		const digest = this.#digest(state);
		this.#out(FrameKind.DIGEST, this.#pack({ at: this.#steps, digest }));
		if (this.#steps % KEYFRAME_STEPS !== 0) return;
		if (this.#first === undefined) {
			this.#out(FrameKind.KEYFRAME, EMPTY);
			return;
		}
		const full = (this.#steps / KEYFRAME_STEPS) % FULL_EVERY === 1 || this.#previous === undefined;
		const body = pack(encodeState(state, full ? this.#first : this.#previous));
		this.#out(
			FrameKind.KEYFRAME,
			pack({ at: this.#steps, full, digest, size: body.length, deflate: deflateRawSync(body, { level: 1 }) }),
		);
		this.#previous = state;
	}

	/** Every task so far: those that are there (by pid), then those that left (in that order). */
	tasks(state: MachineState): TraceEnd['tasks'] {
		const there = Object.values(state.tasks).map((t) => {
			const gone = t.state === 'zombie' || t.state === 'dead';
			const status = gone ? endStatus(state, t) : null;
			return { pid: t.pid, comm: t.comm, steps: t.times.steps, status };
		});
		return [...there, ...this.#reaped];
	}

	/** The last digest, and the index that closes the file. */
	finish(state: MachineState, end: TraceEnd['end']): TraceEnd {
		this.flush();
		this.#out(FrameKind.DIGEST, this.#pack({ at: this.#steps, digest: this.#digest(state) }));
		const tasks = this.tasks(state);
		const totals: TraceEnd = { steps: this.#steps, events: this.#events, end, status: tasks[0]?.status ?? null, tasks };
		this.#out(FrameKind.INDEX, pack({ frames: this.#index, ...totals }));
		return totals;
	}

	#store(event: MachineEvent): void {
		const out = this.#packed;
		const { kind } = event;
		if (kind === 'input/content') {
			out.value({ kind, inode: event.inode, sha256: this.blob(event.bytes) });
		} else if (!('bytes' in event) || event.bytes.length <= KEEP_BYTES || this.#header.grain === 'steps' || isGiven(kind)) {
			writeEvent(event, out);
		} else {
			const { bytes } = event;
			out.value({ ...(encodeEvent(event) as object), bytes: { length: bytes.length, crc32: crc32(bytes) } });
		}
	}

	#out(kind: FrameKind, payload: Uint8Array, at = this.#steps, events = 0): void {
		this.#index.push([kind, this.#offset, at]);
		this.#offset += FRAME_HEAD + payload.length;
		this.#frame(kind, payload, events);
	}
}
