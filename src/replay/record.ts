/** Recording: the machine from its first step, the outside as inputs, the frames of a trace as they come. */

import type { KernelEvent, MachineEvent } from '../events/event.ts';
import type { InputEvent } from '../events/input.ts';
import { encodeFrame, FORMAT_VERSION, type FrameKind } from '../events/trace/format.ts';
import { callNumber } from '../kernel/abi/call-numbers.ts';
import { Errno } from '../kernel/abi/errno.ts';
import { Sig } from '../kernel/abi/signal.ts';
import { deadlock, hasEnded } from '../kernel/deadlock.ts';
import { byteString } from '../kernel/initial.ts';
import { type CpuModel, defaultPersona } from '../kernel/persona.ts';
import { isAlive } from '../kernel/signal-queue.ts';
import { createDigester } from '../reducers/digest.ts';
import type { MachineState, Stream } from '../reducers/state.ts';
import { boot } from './boot.ts';
import { hash64, sha256 } from './hash.ts';
import { SEMANTICS_VERSION, type TraceHeader, WRITER } from './header.ts';
import { Machine } from './machine.ts';
import { NoOutside, type Outside } from './outside.ts';
import { nextMark, type TraceEnd, TraceWriter } from './trace-writer.ts';

/** Steps between two looks at what came from outside. */
const LIVE_SLICE = 500_000;

/** The environment of every guest unless the recorder adds to it: recordings do not depend on who made them. */
export const DEFAULT_ENV: readonly string[] = [
	'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
	'HOME=/',
	'LANG=C',
	'TERM=dumb',
];

export interface RecordOptions {
	/** Absolute path of the program inside the guest, and its contents. Here and below: a text is taken as UTF-8, bytes as they are. */
	readonly path: string | Uint8Array;
	readonly program: Uint8Array;
	/** argv, argv[0] included. Default: the path alone. */
	readonly argv?: readonly (string | Uint8Array)[];
	/** The name execve would have been given, where argv and path do not say it: of a script its own. */
	readonly filename?: string | Uint8Array;
	/** `K=V` each, added to the fixed environment (the same name replaces). */
	readonly env?: readonly (string | Uint8Array)[];
	readonly cwd?: string | Uint8Array;
	readonly seed?: number;
	/** Quanta and priorities vary, as in rr's chaos mode: other interleavings than the seed's plain one. */
	readonly chaos?: boolean;
	/** CLOCK_REALTIME at the first step, ns since 1970. */
	readonly epochNs?: bigint;
	/** The processor the guest sees: `pentium4` (SSE2) unless said. */
	readonly cpu?: CpuModel;
	/** Memory of the machine, bytes, a multiple of the page size: 1 GiB unless said. */
	readonly memoryBytes?: number;
	/** The checkpoint module of the 2008 patches is loaded: calls 334 and 335 are its own. Names of what is planted in it. */
	readonly checkpointModule?: readonly string[];
	readonly grain?: 'inputs' | 'steps';
	readonly root?: 'empty' | 'host';
	/** What a look-up of the program found below a host root. */
	readonly meta?: TraceHeader['meta'];
	/** The dynamic loader that the program names (PT_INTERP): its path inside the guest, and what a look-up of it finds. */
	readonly loader?: {
		readonly path: string | Uint8Array;
		readonly bytes: Uint8Array;
		readonly meta: NonNullable<TraceHeader['meta']>;
	};
	/** Kinds of descriptors 0–2. Default: null, pipe, pipe. */
	readonly streams?: readonly [Stream['kind'], Stream['kind'], Stream['kind']];
	/** Contents of stdin when it is a regular file. */
	readonly stdin?: Uint8Array;
	readonly outside?: Outside;
	/** Every frame as the bytes of the file. */
	readonly onFrame?: (frame: Uint8Array) => void;
	/** Told the name of everything unsupported that the guest asked for. */
	readonly onUnsupported?: (name: string) => void;
	/** Told the name of every task that is killed because the machine has no memory for it. */
	readonly onNoMemory?: (comm: string) => void;
	/** Told the path of every program that the guest executes (execve) and that is not there. */
	readonly onMissingProgram?: (path: Uint8Array) => void;
	/** Stops the recording with the step behind the first unsupported thing: `Recording.refused` says what it was. */
	readonly strict?: boolean;
	/** Nothing can run and nothing is pending: who waits for what, a line each. Only a signal from outside goes on from here. */
	readonly onDeadlock?: (lines: readonly string[]) => void;
	/** The first process has ended, and all who are left stand still: who they are, a line each. The recording ends here. */
	readonly onLeftBehind?: (lines: readonly string[]) => void;
	/** Told now and then how far the machine is. */
	readonly onProgress?: (steps: number) => void;
	/** Stops the recording after this many steps. */
	readonly maxSteps?: number;
}

/** Something unsupported that a guest asked for. */
export interface Refused {
	readonly what: 'syscall' | 'instruction' | 'feature';
	readonly name: string;
	readonly pid: number;
	readonly comm: string;
	/** Position, and the address the guest goes on at. */
	readonly steps: number;
	readonly eip: number;
}

export interface Recording {
	readonly end: TraceEnd;
	/** The last state. */
	readonly state: MachineState;
	/** What stopped it, if it was to be strict. */
	readonly refused?: Refused | null;
	/** The file, when no `onFrame` took its frames. */
	readonly bytes: Uint8Array;
}

function environment(extra: readonly (string | Uint8Array)[]): string[] {
	const env = [...DEFAULT_ENV];
	for (const entry of extra.map(byteString)) {
		const name = entry.slice(0, entry.indexOf('=') + 1);
		const at = env.findIndex((e) => e.startsWith(name));
		if (at >= 0) env[at] = entry;
		else env.push(entry);
	}
	return env;
}

/** The header of a recording with these options, and the contents it names. */
export function makeHeader(options: RecordOptions): {
	readonly header: TraceHeader;
	readonly blobs: ReadonlyMap<string, Uint8Array>;
} {
	const blobs = new Map<string, Uint8Array>();
	const name = (bytes: Uint8Array) => {
		const hash = sha256(bytes);
		blobs.set(hash, bytes);
		return hash;
	};
	const { loader } = options;
	const header: TraceHeader = {
		format: FORMAT_VERSION,
		semantics: SEMANTICS_VERSION,
		writer: WRITER,
		grain: options.grain ?? 'inputs',
		persona: defaultPersona({
			...(options.epochNs === undefined ? {} : { epochNs: options.epochNs }),
			...(options.cpu === undefined ? {} : { cpu: options.cpu }),
			...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
			checkpointModule: options.checkpointModule,
		}) as TraceHeader['persona'],
		seed: options.seed ?? 1,
		chaos: options.chaos ?? false,
		path: byteString(options.path),
		program: name(options.program),
		meta: options.meta ?? null,
		...(loader === undefined ? {} : { loader: { path: byteString(loader.path), file: name(loader.bytes), meta: loader.meta } }),
		argv: (options.argv ?? [options.path]).map(byteString),
		...(options.filename === undefined ? {} : { filename: byteString(options.filename) }),
		env: environment(options.env ?? []),
		cwd: byteString(options.cwd ?? '/'),
		root: options.root ?? 'empty',
		streams: [...(options.streams ?? ['null', 'pipe', 'pipe'])] as TraceHeader['streams'],
		stdin: options.stdin === undefined ? null : name(options.stdin),
		from: 0,
		base: null,
	};
	return { header, blobs };
}

/** Records a program from its first step to its end. Throws ElfError for a program this machine does not run. */
export async function record(options: RecordOptions): Promise<Recording> {
	const { header, blobs } = makeHeader(options);
	const state = boot(header, (hash) => blobs.get(hash)!);
	return recordMachine({ header, blobs, first: state, state, before: [], options });
}

const EXECVE = callNumber('execve')!;

/** How a recorded machine is watched. */
export type Watch = Pick<
	RecordOptions,
	| 'outside'
	| 'onFrame'
	| 'onUnsupported'
	| 'onNoMemory'
	| 'onMissingProgram'
	| 'strict'
	| 'onDeadlock'
	| 'onLeftBehind'
	| 'onProgress'
	| 'maxSteps'
>;

/** A machine that is to be recorded: where its trace begins, and what has happened to it there already. */
export interface Started {
	readonly header: TraceHeader;
	/** Contents the header names. */
	readonly blobs: ReadonlyMap<string, Uint8Array>;
	/** The state that header and contents make. */
	readonly first: MachineState;
	/** Its state, the events of `before` in it. */
	readonly state: MachineState;
	readonly before: readonly KernelEvent[];
	/** Runs before the first step: what somebody does to a frozen container. */
	readonly start?: (machine: Machine) => void;
	readonly options: Watch;
}

/** Records a machine until it ends, or its recorder stops it. */
export async function recordMachine(started: Started): Promise<Recording> {
	const { header, blobs, first, state, before, options } = started;
	const outside = options.outside ?? new NoOutside();
	const frames: Uint8Array[] = [];
	const onFrame = options.onFrame ?? ((frame) => frames.push(frame));
	const writer = new TraceWriter(
		header,
		createDigester(hash64),
		(kind: FrameKind, payload) => onFrame(encodeFrame(kind, payload)),
		first,
	);
	for (const bytes of blobs.values()) writer.blob(bytes);
	for (const event of before) writer.event(event);
	let refused: Refused | null = null;
	/** Where the path stands that a task executes. */
	const executing = new Map<number, number>();
	const sink = (event: MachineEvent) => {
		const { kind } = event;
		if (kind === 'unsupported' && options.strict && refused === null) refused = refusedBy(machine, event);
		if (kind === 'task/oom') options.onNoMemory?.(machine.peek.tasks[event.task].comm);
		if (kind === 'stream/output') outside.output(event.stream, event.bytes);
		else if (kind === 'unsupported') options.onUnsupported?.(event.name);
		else if (kind === 'syscall/enter' && event.nr === EXECVE) executing.set(event.task, event.args[0]);
		else if (kind === 'syscall/exit' && event.nr === EXECVE && event.result === -Errno.ENOENT)
			options.onMissingProgram?.(stringAt(machine, event.task, executing.get(event.task)!));
		writer.event(event);
	};
	const machine = new Machine(state, header.grain === 'steps' ? 'steps' : 'runs', sink, undefined, before.length);
	started.start?.(machine);
	const stopped = await drive(machine, writer, outside, options, () => refused !== null);
	machine.flush();
	const last = machine.snapshot();
	machine.close();
	const end = writer.finish(last, stopped);
	return { end, state: last, refused, bytes: Buffer.concat(frames) };
}

/** The bytes before the first NUL; those of a page at most. */
function stringAt(machine: Machine, pid: number, address: number): Uint8Array {
	const bytes: number[] = [];
	for (let byte = 1; bytes.length < 4096; bytes.push(byte)) {
		byte = machine.readMemory(pid, (address + bytes.length) >>> 0, 1)?.[0] ?? 0;
		if (byte === 0) break;
	}
	return Uint8Array.from(bytes);
}

function refusedBy(machine: Machine, { what, name, task, eip }: Extract<MachineEvent, { kind: 'unsupported' }>): Refused {
	return { what, name, pid: task, comm: machine.kernelState.tasks[task].comm, steps: machine.steps, eip };
}

/** Signals that a terminal sends to whoever is in its foreground. */
const TYPED: ReadonlySet<number> = new Set([Sig.SIGINT, Sig.SIGQUIT, Sig.SIGTSTP, Sig.SIGWINCH]);

/**
 * A signal to the recorder is the first process's; once that is gone, it is for everybody who is left. What a terminal sends is for
 * the foreground group of the recorder's.
 */
function feed(machine: Machine, event: InputEvent): void {
	if (event.kind !== 'input/signal') {
		machine.feed(event);
		return;
	}
	const { tasks, groups, ttys } = machine.kernelState;
	const leaders = Object.values(tasks).filter((t) => t.tgid === t.pid && isAlive(t));
	const terminal = TYPED.has(event.info.signo) ? Object.values(ttys).find((t) => t.streams.length > 0) : undefined;
	const foreground = leaders.filter((t) => terminal !== undefined && groups[t.group].pgrp === terminal.pgrp);
	const first = Object.values(tasks).some((t) => t.tgid === event.task && isAlive(t));
	const others = foreground.length > 0 ? foreground : leaders;
	if (first && foreground.length === 0) machine.feed(event);
	else others.forEach(({ pid }, i) => void machine.feed({ ...event, task: pid, ns: i === 0 ? event.ns : 0 }));
}

/** Whether the first process has ended and nobody is left but those who stand still: whoever started it would go on by now. */
function isLeftBehind(state: MachineState): boolean {
	return hasEnded(state) && Object.values(state.tasks).every((t) => t.state !== 'running' && t.state !== 'sleeping');
}

async function drive(
	machine: Machine,
	writer: TraceWriter,
	outside: Outside,
	options: Watch,
	refused: () => boolean,
): Promise<TraceEnd['end']> {
	let mark = nextMark(machine.steps);
	let told = '';
	let maxSteps = options.maxSteps ?? Number.POSITIVE_INFINITY;
	for (;;) {
		// A recording ends between two steps: what is due at the position of the refusal is decided first.
		const look = () => refused() && maxSteps > machine.steps + 1;
		const stop = machine.advance(Math.min(mark, maxSteps, machine.steps + LIVE_SLICE), false, options.strict ? look : undefined);
		if (look()) {
			maxSteps = machine.steps + 1;
			if (stop.kind === 'limit') continue;
		}
		switch (stop.kind) {
			case 'ended':
				return 'ended';
			case 'frozen':
				return 'limit';
			case 'need':
				machine.feed(outside.answer(stop.request));
				break;
			case 'limit':
				if (machine.steps >= mark) {
					machine.flush();
					writer.mark(machine.snapshot());
					mark = nextMark(mark);
				}
				if (machine.steps >= maxSteps) return 'limit';
				options.onProgress?.(machine.steps);
				await new Promise(setImmediate);
				for (const event of outside.arrived()) feed(machine, event);
				break;
			case 'idle': {
				machine.flush();
				writer.flush();
				if (Object.values(machine.kernelState.tasks).every((t) => t.state === 'stopped')) outside.stopped?.();
				const here = `${machine.steps}.${machine.k}`;
				if (stop.ns === null && stop.streams.length === 0 && told !== here) {
					told = here;
					const lines = deadlock(machine.kernelState);
					if (isLeftBehind(machine.kernelState)) {
						options.onLeftBehind?.(lines);
						return 'idle';
					}
					if (lines.length > 0) options.onDeadlock?.(lines);
				}
				const event = await outside.idle(stop.streams, stop.ns);
				if (event === null) return 'idle';
				feed(machine, event);
				break;
			}
		}
	}
}
