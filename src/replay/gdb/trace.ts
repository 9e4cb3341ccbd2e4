/** What was observed through a stub, as a trace: first as it came, then once through the machine, which adds digests and keyframes. */
import { assert } from '../../events/assert.ts';
import { encodeFrame } from '../../events/trace/format.ts';
import type { Core } from '../../kernel/core/notes.ts';
import { createDigester } from '../../reducers/digest.ts';
import type { MachineState } from '../../reducers/state.ts';
import { hash64 } from '../hash.ts';
import { FREEZE, type Imported, importProcess, THAW } from '../imported.ts';
import type { Recording } from '../record.ts';
import { Rerun } from '../rerun.ts';
import { Trace } from '../trace.ts';
import { nextMark, TraceWriter } from '../trace-writer.ts';
import { segmentsOf } from './maps.ts';
import { OBSERVED, type Observation } from './record.ts';

/** What only files of the process tell. */
export interface Known {
	readonly program: { readonly path: string; readonly bytes: Uint8Array };
	readonly comm: string;
	/** Arguments, joined by spaces. */
	readonly psargs: string;
}

function beginning(observation: Observation, known: Known): Imported {
	const { cpu, origAx, tls, auxv, maps, pages } = observation;
	const pid = OBSERVED.task;
	const quiet = { signo: 0, siginfo: undefined, pending: 0, blocked: 0 };
	const core: Core = {
		tgid: pid,
		threads: [{ pid, ppid: 0, pgrp: pid, session: pid, ...quiet, cpu, origAx, tls }],
		fname: known.comm,
		psargs: known.psargs,
		uid: 0,
		gid: 0,
		auxv,
		...segmentsOf(maps),
	};
	const imported = importProcess(core, known.program, { grain: 'steps', source: 'hardware', pages });
	assert(imported.state.tasks[pid].mm === OBSERVED.mm, 'the ids that events carry are the state’s');
	return imported;
}

/** Frames, collected. */
function writing(imported: Imported, state: MachineState): { readonly writer: TraceWriter; readonly frames: Uint8Array[] } {
	const frames: Uint8Array[] = [];
	const out = (kind: Parameters<typeof encodeFrame>[0], payload: Uint8Array) => void frames.push(encodeFrame(kind, payload));
	const writer = new TraceWriter(imported.header, createDigester(hash64), out, state);
	for (const bytes of imported.blobs.values()) writer.blob(bytes);
	return { writer, frames };
}

/** The trace. */
export function observedTrace(observation: Observation, known: Known): Recording {
	const imported = beginning(observation, known);
	const draft = writing(imported, imported.state);
	draft.writer.event(THAW);
	for (const happened of observation.happened) {
		if (happened.kind === 'steps') {
			const { columns, entry } = happened;
			draft.writer.event({ kind: 'cpu/steps', task: OBSERVED.task, columns, entry });
		} else for (const event of [FREEZE, ...happened.events, THAW]) draft.writer.event(event);
	}
	draft.writer.finish(stepped(imported.state, observation.steps), 'limit');
	const trace = new Trace(Buffer.concat(draft.frames));

	const { writer, frames } = writing(imported, imported.state);
	const run = Rerun.fromStart(trace, 'steps', (event) => writer.event(event));
	const { machine } = run;
	for (let mark = nextMark(machine.steps); run.advance(mark) === 'limit'; mark = nextMark(mark)) {
		machine.flush();
		writer.mark(machine.snapshot());
	}
	machine.flush();
	const state = machine.snapshot();
	const end = writer.finish(state, 'limit');
	return { end, state, bytes: Buffer.concat(frames) };
}

/** The draft's last digest and totals: nobody looks at them. */
function stepped(state: MachineState, steps: number): MachineState {
	return { ...state, clock: { ...state.clock, steps } };
}
