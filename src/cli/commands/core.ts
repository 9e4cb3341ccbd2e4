/** `export --core FILE TRACE --at POS`: a core file of a position. `import --core FILE -o TRACE`: a trace that begins where one was written. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { AT } from '../../kernel/abi/auxv.ts';
import type { Core } from '../../kernel/core/notes.ts';
import { CoreFormatError, decodeCore } from '../../kernel/core/read.ts';
import { CoreError, coreOf, encodeCore } from '../../kernel/core/write.ts';
import { fileAt, withFiles } from '../../kernel/foreign.ts';
import { importProcess, recordImported } from '../../replay/imported.ts';
import { comparePositions, formatPosition } from '../../replay/position.ts';
import { stateAt } from '../../replay/rerun.ts';
import { located, openTrace, pastEnd, place, readInput, reading, wholeEnd } from '../open.ts';
import { CliError, Exit, message, plural, print, shownBytes, thousands } from '../output.ts';
import { writeOutput } from '../output-file.ts';

export interface ExportOptions {
	readonly core?: string;
	readonly at: string;
	readonly pid?: string;
	readonly program?: string;
}

export function exportCommand(path: string, options: ExportOptions): number {
	if (options.core === undefined) throw new CliError('export: --core FILE wanted: what is to be written');
	const wanted = place(options.at);
	const trace = openTrace(path);
	const at = located(path, trace, wanted);
	const past = comparePositions(at, wholeEnd(trace)) > 0;
	const state = past ? undefined : reading(path, () => stateAt(trace, at));
	if (!state) throw pastEnd(path, trace, at);
	const live = Object.values(state.tasks).filter((t) => t.mm !== 0);
	const pid = options.pid === undefined ? (state.tasks[state.scheduler.current] ?? live[0])?.pid : Number(options.pid);
	if (pid === undefined || live.length === 0) throw new CliError(`${path}@${formatPosition(at)}: every task has exited`);
	const core = made(`${path}@${formatPosition(at)}`, () => coreOf(state, pid));
	const bytes = made(path, () => encodeCore(core));
	const sources = [{ path, what: 'the trace that is read' }];
	writeOutput(options.core, [bytes], { option: '--core', sources });
	if (options.program !== undefined)
		writeOutput(options.program, [trace.blob(trace.header.program)], { option: '--program', sources });
	print(
		`${options.core}  step ${formatPosition(at)} · ${threads(core)} · ${plural(core.segments.length, 'mapping')} · ${thousands(bytes.length)} bytes`,
	);
	return Exit.OK;
}

function threads(core: Core): string {
	return `pid ${core.tgid} ${shownBytes(core.fname)} · ${plural(core.threads.length, 'thread')}`;
}

function made<T>(what: string, make: () => T): T {
	try {
		return make();
	} catch (error) {
		if (error instanceof CoreError || error instanceof CoreFormatError) throw new CliError(`${what}: ${error.message}`);
		throw error;
	}
}

export interface ImportOptions {
	readonly core?: string;
	readonly output: string;
	readonly root?: string;
	readonly program?: string;
	readonly run?: boolean;
	readonly maxSteps?: string;
}

/** Steps that `--run` makes at most unless told otherwise. */
const RUN_STEPS = 1_000_000_000;

export function importCommand(options: ImportOptions): number {
	if (options.core === undefined) throw new CliError('import: --core FILE wanted: what is to be read');
	const { root = '/' } = options;
	const path = options.core;
	const raw = readInput(path, 'core file');
	const { core, missing } = withFiles(
		made(path, () => decodeCore(raw)),
		(name) => contents(root, name),
	);
	for (const name of missing)
		message(`${shownBytes(name)}: not below ${root}: what the core file leaves out of it reads as zeros`);
	const name = programPath(core);
	const bytes =
		options.program === undefined ? (contents(root, name) ?? new Uint8Array(0)) : readInput(options.program, 'program');
	const maxSteps = options.maxSteps === undefined ? RUN_STEPS : Number(options.maxSteps);
	if (!Number.isSafeInteger(maxSteps) || maxSteps <= 0)
		throw new CliError(`--max-steps "${options.maxSteps}": a number of steps wanted`);
	const recording = recordImported(importProcess(core, { path: name, bytes }), options.run ? maxSteps : 0);
	writeOutput(options.output, [recording.bytes], { sources: [{ path, what: 'the core file' }] });
	const ran = options.run ? ` · ${plural(recording.end.steps, 'step')}, then ${recording.stopped}` : '';
	print(`${options.output}  ${threads(core)} · ${plural(core.segments.length, 'mapping')}${ran}`);
	return Exit.OK;
}

/** A file of the imported process (a byte string), as it is here. */
function contents(root: string, name: string): Uint8Array | undefined {
	try {
		return fs.readFileSync(join(root, Buffer.from(name, 'latin1').toString()));
	} catch {
		return undefined;
	}
}

/** The file that holds the entry point; else the name the kernel kept. */
function programPath(core: Core): string {
	const entry = core.auxv.findIndex((n, i) => i % 2 === 0 && n === AT.ENTRY);
	const file = entry < 0 ? undefined : fileAt(core.files, core.auxv[entry + 1]);
	return file?.path.startsWith('/') ? file.path : `/${core.fname || 'program'}`;
}
