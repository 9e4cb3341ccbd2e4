/**
 * The library: what the commands do, for tests that compare this machine with another. Everything here is synchronous but
 * `record`, and touches nothing outside the trace it is given.
 */

import * as fs from 'node:fs';
import { Observable } from 'rxjs';
import type { MachineEvent } from './events/event.ts';
import type { StepColumns } from './events/steps.ts';
import type { MachineState } from './reducers/state.ts';
import { type BisectOptions, bisect } from './replay/bisect/bisect.ts';
import type { BisectReport } from './replay/bisect/report.ts';
import { type Freeze, freezeAt } from './replay/checkpoint.ts';
import { type Compared, compareTraces } from './replay/compare.ts';
import { foreign, foreignDumper } from './replay/foreign.ts';
import type { TraceHeader } from './replay/header.ts';
import { type Position, parsePosition } from './replay/position.ts';
import { stateAt } from './replay/rerun.ts';
import { eventBatches } from './replay/stream.ts';
import { stepColumns } from './replay/timeline.ts';
import { Trace } from './replay/trace.ts';
import type { TraceEnd } from './replay/trace-writer.ts';
import { type Verified, type VerifyOptions, verify } from './replay/verify.ts';

export { DEFECTS, type Defect, findDefect, plant } from './cpt/defects/defects.ts';
export { ImageError } from './cpt/error.ts';
export type { Rules } from './cpt/rules.ts';
export { diffImages, type ImageDifference } from './cpt/v2/diff.ts';
export { DumpError, type Dumper, dump, Image } from './cpt/v2/dump.ts';
export { readImage, readObjects } from './cpt/v2/framing.ts';
export { ImageObject } from './cpt/v2/image-object.ts';
export { ImageWriter, type Piece, piece, pieceOf, writeImage } from './cpt/v2/image-writer.ts';
export * as kinds from './cpt/v2/kinds.ts';
export { lint, type Warning } from './cpt/v2/lint.ts';
export { fromPlain, toPlain } from './cpt/v2/plain.ts';
export { type RestartContext, RestartError } from './cpt/v2/progress.ts';
export { RESIDUALS } from './cpt/v2/provenance.ts';
export { type Restarter, restart } from './cpt/v2/restart.ts';
export type * from './events/cpu.ts';
export type * from './events/entities.ts';
export type * from './events/event.ts';
export type { Restored, RestoreEvent } from './events/restore.ts';
export { type StepColumns, type StepEvent, stepEvents } from './events/steps.ts';
export { TraceError } from './events/trace/format.ts';
export { type ExpectOptions, expectSameRun, SameRunError } from './expect.ts';
export { ElfError } from './kernel/elf.ts';
export { type Difference, diffStates, equalStates, formatPath } from './reducers/diff.ts';
export { reduce } from './reducers/reduce.ts';
export type { MachineState } from './reducers/state.ts';
export { type BisectOptions, NotThere } from './replay/bisect/bisect.ts';
export { type BisectReport, type Cause, causeName } from './replay/bisect/report.ts';
export { checkpoint, type Freeze } from './replay/checkpoint.ts';
export { type Compared, compareTraces } from './replay/compare.ts';
export { NoOutside, type Outside } from './replay/outside.ts';
export type { Position } from './replay/position.ts';
export { type Recording, type RecordOptions, record } from './replay/record.ts';
export { type RestoredMachine, recordRestart, restore } from './replay/restart.ts';
export type { Mismatch, Verified } from './replay/verify.ts';

/** An opened trace. */
export interface OpenedTrace {
	readonly header: TraceHeader;
	/** Totals of a whole trace; null when it was cut. */
	readonly end: TraceEnd | null;
	/** All events with their effects, in batches, as the run is made again. Reducing them gives every state. */
	events(): Observable<readonly MachineEvent[]>;
	/** Every CPU step with from ≤ position < to, in columns. */
	steps(from: number, to: number): Generator<StepColumns>;
	/** The state at a position: `N`, `N.k` or an object. Undefined past the end. */
	stateAt(position: string | number | Position): MachineState | undefined;
	/** Makes the run again and compares everything. */
	verify(options?: VerifyOptions): Verified;
	/** The first difference of what two traces did. */
	compare(other: OpenedTrace): Compared;
	/** Freezes the run at a position: what `checkpoint` and `bisect` look at. Undefined past the end. */
	freeze(position: string | number | Position): Freeze | undefined;
	/** Checkpoint, restart, and comparison with the run that never stopped. @throws NotThere past the end */
	bisect(position: string | number | Position, options?: BisectOptions): BisectReport;
	/** The file behind it, for those who go deeper. */
	readonly trace: Trace;
}

/** Opens a trace from a file's path or its bytes. Throws TraceError, or the file system's error. */
export function openTrace(source: string | Uint8Array): OpenedTrace {
	const trace = new Trace(typeof source === 'string' ? fs.readFileSync(source) : source);
	return {
		trace,
		header: trace.header,
		end: trace.end,
		events: () => new Observable((subscriber) => eventBatches(trace, subscriber)),
		steps: (from, to) => stepColumns(trace, from, to),
		stateAt: (position) => stateAt(trace, toPosition(position)),
		verify: (options) => verify(trace, options),
		freeze: (position) => freezeAt(trace, toPosition(position)),
		bisect: (position, options = {}) => bisect(trace, toPosition(position), guarded(options)),
		compare: (other) => compareTraces(trace, other.trace),
	};
}

/** Somebody's own dump and restart may fail in any way. */
function guarded(options: BisectOptions): BisectOptions {
	const { dumper, restarter, ...rest } = options;
	return {
		...rest,
		...(dumper ? { dumper: foreignDumper(dumper) } : {}),
		...(restarter ? { restarter: foreign(restarter) } : {}),
	};
}

function toPosition(position: string | number | Position): Position {
	if (typeof position === 'object') return position;
	const parsed = parsePosition(String(position));
	if (!parsed) throw new RangeError(`position ${position}: N or N.k wanted`);
	return parsed;
}
