/** The machine at position 0, made from a trace's header and contents alone. */

import { TraceError } from '../events/trace/format.ts';
import { ElfError } from '../kernel/elf.ts';
import { createInitialState, type StdStream } from '../kernel/initial.ts';
import { decodeState } from '../reducers/codec.ts';
import type { MachineState } from '../reducers/state.ts';
import type { TraceHeader } from './header.ts';
import { unpack } from './pack.ts';
import type { Trace } from './trace.ts';

/** Where a regular file on stdin appears to lie: the guest sees it in /proc/self/fd only. */
const STDIN_PATH = '/stdin';

/** The first state. `blob` gives contents by sha256. Throws ElfError when the program is not one this machine runs. */
export function boot(header: TraceHeader, blob: (sha256: string) => Uint8Array): MachineState {
	const [in_, out, err] = header.streams;
	const stdin: StdStream = header.stdin === null ? in_ : { file: blob(header.stdin), path: STDIN_PATH };
	const { state } = createInitialState({
		persona: header.persona,
		seed: header.seed,
		chaos: header.chaos,
		program: { path: header.path, bytes: blob(header.program), ...(header.meta ? { meta: header.meta } : {}) },
		...(header.loader ? { loader: { ...header.loader, bytes: blob(header.loader.file) } } : {}),
		argv: header.argv,
		env: header.env,
		...(header.filename === undefined ? {} : { filename: header.filename }),
		root: header.root,
		streams: [stdin, out, err],
		cwd: header.cwd,
	});
	return state;
}

/** The first state of a trace; a program that cannot be loaded is the trace's fault here. */
export function bootTrace(trace: Trace): MachineState {
	const { base } = trace.header;
	if (base !== null) return readBase(trace, base);
	try {
		return boot(trace.header, (name) => trace.blob(name));
	} catch (error) {
		if (error instanceof ElfError) throw new TraceError(0, 0, `program ${trace.header.path}: ${error.message}`);
		throw error;
	}
}

/** What a restart was lent. */
function readBase(trace: Trace, name: string): MachineState {
	try {
		return decodeState(unpack(trace.blob(name)));
	} catch (error) {
		if (error instanceof TraceError) throw error;
		throw new TraceError(0, 0, `base state: ${(error as Error).message}`);
	}
}
