/** Opening what the user named: trace files, positions, programs; with one line for everything that can be wrong. */
import * as fs from 'node:fs';
import { ImageError } from '../cpt/error.ts';
import { readObjects } from '../cpt/v2/framing.ts';
import type { ImageObject } from '../cpt/v2/image-object.ts';
import { SIGNATURE } from '../cpt/v2/objects.ts';
import { type Damage, TraceError } from '../events/trace/format.ts';
import { type Freeze, freezeAt } from '../replay/checkpoint.ts';
import { comparePositions, formatPosition, type Position, parsePosition } from '../replay/position.ts';
import { InputMissing } from '../replay/rerun.ts';
import { Trace } from '../replay/trace.ts';
import { CliError, Exit, message, Progress, plural, systemError, thousands } from './output.ts';

/** Reads a file whole; `what` names it in the message. */
export function readInput(path: string, what = 'file'): Uint8Array {
	try {
		return fs.readFileSync(path);
	} catch (error) {
		throw new CliError(`${path}: ${reason(error as NodeJS.ErrnoException, what)}`);
	}
}

export function reason(error: NodeJS.ErrnoException, what: string): string {
	switch (error.code) {
		case 'ENOENT':
			return 'no such file';
		case 'EISDIR':
			return `a ${what} wanted, a directory got`;
		case 'EACCES':
			return 'permission denied';
		case 'ENOTDIR':
			return 'no such file: a part of its path is no directory';
		case 'ERR_FS_FILE_TOO_LARGE':
			return `a ${what} of at most 2 GiB wanted`;
		default:
			return systemError(error);
	}
}

export function openTrace(path: string): Trace {
	const bytes = readInput(path, 'trace');
	try {
		return new Trace(bytes);
	} catch (error) {
		if (!(error instanceof TraceError)) throw error;
		throw new CliError(`${path}: ${foreign(bytes) ?? error.message}`);
	}
}

/** Files that people give by mistake. */
function foreign(bytes: Uint8Array): string | undefined {
	if (bytes.length === 0) return 'not a trace: the file is empty';
	if (isElf(bytes)) return 'not a trace: an ELF program (replay record -- PROG makes a trace of one)';
	return isImage(bytes) ? 'not a trace: a cpt image (replay image show IMG)' : undefined;
}

function isElf(bytes: Uint8Array): boolean {
	return Buffer.from(bytes.subarray(0, 4)).toString('latin1') === '\x7fELF';
}

/** Whether a file begins as a cpt image does. */
export function isImage(bytes: Uint8Array): boolean {
	return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** The bytes of an image; what it is made of is for the reader to judge. */
export function openImage(path: string): Uint8Array {
	const bytes = readInput(path, 'cpt image');
	if (bytes.length === 0) throw new CliError(`${path}: not a cpt image: the file is empty`);
	if (isElf(bytes)) throw new CliError(`${path}: not a cpt image: an ELF program`);
	// The frame of a trace's header: [kind, crc, payload].
	if (bytes[0] === 0x93) throw new CliError(`${path}: not a cpt image: a trace (replay checkpoint makes an image of one)`);
	return bytes;
}

/** The objects of an image up to the first thing that is wrong with it. */
export function readableObjects(bytes: Uint8Array): {
	readonly objects: readonly ImageObject[];
	readonly error: ImageError | null;
} {
	const objects: ImageObject[] = [];
	try {
		for (const object of readObjects(bytes)) objects.push(object);
		return { objects, error: null };
	} catch (error) {
		if (!(error instanceof ImageError)) throw error;
		return { objects, error };
	}
}

/** The message for an image that is not well formed; `partial` shows what is whole. */
export function brokenImage(path: string, error: ImageError, whole: number): CliError {
	const before =
		whole === 0
			? ''
			: `; ${plural(whole, 'object')} before it ${whole === 1 ? 'is' : 'are'} whole (image show --partial shows them)`;
	return new CliError(`${path}: ${error.message}${before}`);
}

/** Freezes a recorded run at a position the user named. */
export function freeze(path: string, trace: Trace, at: Position): Freeze {
	const past = comparePositions(at, wholeEnd(trace)) > 0;
	const progress = new Progress('going there', at.steps);
	const found = past ? undefined : reading(path, () => freezeAt(trace, at, progress.at));
	progress.done();
	if (found === undefined) throw pastEnd(path, trace, at);
	return found;
}

/** Runs what reads a trace: what is wrong with its contents is told with its name. */
export function reading<T>(path: string, use: () => T): T {
	try {
		return use();
	} catch (error) {
		if (error instanceof TraceError) throw new CliError(`${path}: ${error.message}`);
		if (error instanceof InputMissing)
			throw new CliError(`${path}: the run made again differs: ${error.message}; replay ${path} compares them`, Exit.DIFFERS);
		throw error;
	}
}

/** Where the whole frames of a damaged trace end: what is made behind it was not recorded. */
export function wholeEnd(trace: Trace): Position {
	return trace.damage === null ? { steps: Number.POSITIVE_INFINITY, k: 0 } : trace.recordedEnd;
}

/** The message for a position that the trace does not reach. */
export function pastEnd(path: string, trace: Trace, at: Position): CliError {
	const steps = trace.damage === null && trace.end ? trace.end.steps : trace.recordedSteps;
	const name = `${path}: position ${formatPosition(at)}`;
	if (at.steps > steps)
		return new CliError(
			`${name} is past the end: the ${trace.damage ? 'whole frames hold' : 'trace has'} ${plural(steps, 'step')}`,
		);
	return new CliError(`${name}: fewer events come after step ${thousands(at.steps)}`);
}

/** `TRACE@POS`; undefined when there is no @POS at the end. */
export function splitAt(text: string): { readonly path: string; readonly at: Position } | undefined {
	const cut = text.lastIndexOf('@');
	if (cut <= 0) return undefined;
	const at = parsePosition(text.slice(cut + 1));
	return at && { path: text.slice(0, cut), at };
}

export function position(text: string): Position {
	const at = parsePosition(text);
	if (!at) throw new CliError(`position "${text}": N or N.k wanted (N retired steps, k events after them)`);
	return at;
}

/** What `--at` takes: a position, or so many steps before the trace's end. */
export type Place = Position | { readonly beforeEnd: number };

/** Reads `N`, `N.k`, `end` (after the last event) or `end-N`. */
export function place(text: string): Place {
	const m = /^end(?:-(\d{1,15}))?$/.exec(text.replaceAll(/[,_](?=\d)/g, ''));
	if (m) return { beforeEnd: Number(m[1] ?? 0) };
	const at = parsePosition(text);
	if (!at) throw new CliError(`position "${text}": N, N.k, end or end-N wanted (N retired steps, k events after them)`);
	return at;
}

/** The position in a trace that a place means. */
export function located(path: string, trace: Trace, wanted: Place): Position {
	if (!('beforeEnd' in wanted)) return wanted;
	const end = reading(path, () => trace.recordedEnd);
	if (wanted.beforeEnd === 0) return end;
	if (wanted.beforeEnd > end.steps)
		throw new CliError(`${path}: end-${wanted.beforeEnd}: the trace has ${plural(end.steps, 'step')}`);
	return { steps: end.steps - wanted.beforeEnd, k: 0 };
}

/** What the user is told of a trace that is not whole. */
export function damageLine(path: string, damage: Damage): string {
	const word = damage.kind === 'cut' ? 'cut' : 'damaged';
	return `${path}: ${word} at frame ${damage.frame}, byte 0x${damage.offset.toString(16)}: ${damage.reason}; ${plural(damage.frame, 'whole frame')} before it`;
}

/** The message and the status of a command that has shown a trace. */
export function shown(path: string, trace: Trace): number {
	if (trace.damage === null) return Exit.OK;
	message(damageLine(path, trace.damage));
	return Exit.USAGE;
}
