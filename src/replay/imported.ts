/**
 * Traces that begin with a process that ran elsewhere. It has no kernel here, only memory and registers: it can be looked at, compared,
 * and run until it first asks the kernel for something.
 */
import { type LiveCpu, Stop } from '../cpu/contract.ts';
import { createCpu } from '../cpu/cpu.ts';
import type { KernelEvent, MachineEvent } from '../events/event.ts';
import type { Persona } from '../events/persona.ts';
import { encodeFrame, FORMAT_VERSION } from '../events/trace/format.ts';
import type { Core } from '../kernel/core/notes.ts';
import { foreignState } from '../kernel/foreign.ts';
import { defaultPersona } from '../kernel/persona.ts';
import { encodeState } from '../reducers/codec.ts';
import { createDigester } from '../reducers/digest.ts';
import type { MachineState } from '../reducers/state.ts';
import { hash64, sha256 } from './hash.ts';
import { SEMANTICS_VERSION, type TraceHeader, WRITER } from './header.ts';
import { cpuPersona, Machine } from './machine.ts';
import { pack } from './pack.ts';
import type { Recording } from './record.ts';
import { nextMark, TraceWriter } from './trace-writer.ts';

/** A foreign process as the beginning of a trace. */
export interface Imported {
	readonly header: TraceHeader;
	/** Contents the header names. */
	readonly blobs: ReadonlyMap<string, Uint8Array>;
	/** Frozen. */
	readonly state: MachineState;
}

export interface ImportOptions {
	readonly grain?: TraceHeader['grain'];
	/** Its steps come from hardware: they are applied, never made again. */
	readonly source?: 'hardware';
	/** Contents beside those of the segments, by linear page number. */
	readonly pages?: ReadonlyMap<number, Uint8Array>;
}

/** The persona of an imported process: it may have chosen code by what its own processor has, so the most that ours can. */
export function importPersona(): Persona {
	return defaultPersona({ cpu: 'core2' });
}

/** @param program its file; empty when it is not known */
export function importProcess(
	core: Core,
	program: { readonly path: string; readonly bytes: Uint8Array },
	options: ImportOptions = {},
): Imported {
	const { grain = 'inputs', source, pages } = options;
	const persona = { ...importPersona(), firstPid: core.tgid };
	const state = foreignState(core, { persona, seed: 1, program, ...(pages ? { pages } : {}) });
	const base = pack(encodeState(state));
	const names = { program: sha256(program.bytes), base: sha256(base) };
	// In the order of the schema: verifying packs it again.
	const header: TraceHeader = {
		format: FORMAT_VERSION,
		semantics: SEMANTICS_VERSION,
		writer: WRITER,
		grain,
		persona: persona as TraceHeader['persona'],
		seed: 1,
		chaos: false,
		path: program.path,
		program: names.program,
		meta: null,
		argv: core.psargs === '' ? [program.path] : core.psargs.split(' '),
		env: [],
		cwd: '/',
		root: 'empty',
		streams: ['null', 'null', 'null'],
		stdin: null,
		from: 0,
		base: names.base,
		...(source ? { source } : {}),
	};
	return {
		header,
		blobs: new Map([
			[names.program, program.bytes],
			[names.base, base],
		]),
		state,
	};
}

/** How the run of a foreign process ended. */
export type ImportedEnd = 'not run' | 'limit' | 'ended' | 'call';

/** Thawed before its first step. */
export const THAW: KernelEvent = { kind: 'freezer/set', state: 'thawed' };
export const FREEZE: KernelEvent = { kind: 'freezer/set', state: 'frozen' };

/** What a trace says where a foreign process asks for a kernel. */
function needsKernel(state: MachineState, pid: number): KernelEvent {
	const { cpu, entry } = state.tasks[pid];
	const what = entry === 'bp' || entry === 'of' || entry === 'db' ? `trap ${entry}` : `system call ${cpu.eax}`;
	const name = `${what} of an imported process: nothing tells its descriptors and handlers`;
	return { kind: 'unsupported', task: pid, what: 'feature', name, eip: cpu.eip, bytes: new Uint8Array(0) };
}

/** Makes the trace: zero steps, or up to the first system call, fault or `maxSteps`. */
export function recordImported(from: Imported, maxSteps = 0): Recording & { readonly stopped: ImportedEnd } {
	const frames: Uint8Array[] = [];
	const { header, blobs, state } = from;
	const writer = new TraceWriter(
		header,
		createDigester(hash64),
		(kind, payload) => frames.push(encodeFrame(kind, payload)),
		state,
	);
	for (const bytes of blobs.values()) writer.blob(bytes);
	const gate = new Gate(state);
	const detail = header.grain === 'steps' ? 'steps' : 'runs';
	const machine = new Machine(state, detail, (event: MachineEvent) => writer.event(event), gate.cpu);
	const stopped = maxSteps > 0 ? run(machine, gate, writer, maxSteps) : 'not run';
	machine.flush();
	const last = machine.snapshot();
	const end = writer.finish(last, stopped === 'ended' ? 'ended' : 'limit');
	return { end, state: last, bytes: Buffer.concat(frames), stopped };
}

/** A processor that stops in front of `syscall`: the vDSO of a 64-bit kernel has it, and no processor of ours does. */
class Gate {
	readonly cpu: LiveCpu;
	closed = false;

	constructor(state: MachineState) {
		this.cpu = createCpu(cpuPersona(state));
		const run = this.cpu.run.bind(this.cpu);
		this.cpu.run = (budget, tsc) => {
			const stop = run(budget, tsc);
			if (stop !== Stop.UNSUPPORTED || this.cpu.retired === 0 || !isSyscall(this.cpu.bytesAtEip())) return stop;
			this.closed = true;
			return Stop.BUDGET;
		};
	}
}

function isSyscall(bytes: Uint8Array | undefined): boolean {
	return bytes?.[0] === 0x0f && bytes[1] === 0x05;
}

function run(machine: Machine, gate: Gate, writer: TraceWriter, maxSteps: number): ImportedEnd {
	const { current } = machine.peek.scheduler;
	gate.closed = isSyscall(machine.readMemory(current, machine.peek.tasks[current].cpu.eip, 2));
	machine.feed(THAW);
	const entered = () => {
		const { scheduler, tasks } = machine.peek;
		return gate.closed ? scheduler.current : Object.values(tasks).find((t) => t.entry !== 'none')?.pid;
	};
	for (let mark = nextMark(machine.steps); ; ) {
		const stop = machine.advance(Math.min(mark, maxSteps), false, () => entered() !== undefined);
		const pid = entered();
		if (pid !== undefined) {
			machine.flush();
			machine.feed(FREEZE);
			machine.feed(needsKernel(machine.snapshot(), pid));
			return 'call';
		}
		if (stop.kind === 'ended') return 'ended';
		if (stop.kind !== 'limit' || machine.steps >= maxSteps) return 'limit';
		machine.flush();
		writer.mark(machine.snapshot());
		mark = nextMark(mark);
	}
}
