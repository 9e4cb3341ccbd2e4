/** `replay TRACE`: makes the run again, compares everything, and says it on one screen. */
import { basename } from 'node:path';
import { deadlock } from '../../kernel/deadlock.ts';
import type { Verified } from '../../replay/verify.ts';
import { type Mismatch, verify } from '../../replay/verify.ts';
import { damageLine, openTrace, pastEnd, position, reading } from '../open.ts';
import {
	colour,
	Exit,
	json,
	lineOf,
	message,
	Progress,
	plural,
	print,
	shownBytes,
	shownWord,
	thousands,
	writeAll,
} from '../output.ts';
import { exitJson, statusText, waitStatusText } from '../render/status.ts';
import { type Counts, unsupportedOf } from '../render/unsupported.ts';

export interface ReplayOptions {
	readonly echo?: boolean;
	readonly until?: string;
	readonly json?: boolean;
}

export function replayCommand(path: string, options: ReplayOptions): number {
	const until = options.until === undefined ? undefined : position(options.until);
	const trace = openTrace(path);
	const progress = new Progress('replaying', until?.steps ?? trace.end?.steps ?? null);
	const began = process.hrtime.bigint();
	const result = reading(path, () =>
		verify(trace, {
			...(until === undefined ? {} : { until }),
			onProgress: progress.at,
			...(options.echo ? { onOutput: (stream: number, bytes: Uint8Array) => writeAll(stream === 2 ? 2 : 1, bytes) } : {}),
		}),
	);
	const seconds = Number(process.hrtime.bigint() - began) / 1e9;
	progress.done();
	const { mismatch, damage, reached } = result;
	if (until && !reached && mismatch === null) throw pastEnd(path, trace, until);
	const unsupported = unsupportedOf(trace);
	if (options.json) print(json({ ...report(path, result, seconds), unsupported: unsupported.json() }));
	else if (!options.echo) print(screen(path, trace.header, result, seconds, unsupported));
	if (damage) message(damageLine(path, damage));
	if (mismatch && options.echo) message(`${path}: ${differs(mismatch)}: recorded ${mismatch.wanted}, replayed ${mismatch.got}`);
	return mismatch ? Exit.DIFFERS : damage ? Exit.USAGE : Exit.OK;
}

function report(path: string, r: Verified, seconds: number): object {
	const { mismatch, damage, steps, events, digests } = r;
	const tasks = r.tasks.map(({ pid, comm, steps: own, status }) => ({
		pid,
		comm: shownBytes(comm),
		steps: own,
		// One that left the tables was waited for.
		state: r.state.tasks[pid]?.state ?? 'dead',
		...exitJson(status),
	}));
	return { trace: path, equal: mismatch === null, mismatch, damage, steps, events, digests, tasks, deadlock: stuck(r), seconds };
}

/** Who waits for what, when the run came to where nothing could run; empty otherwise. */
function stuck({ state, mismatch }: Verified): readonly string[] {
	return mismatch === null ? deadlock(state) : [];
}

/** Lines of tasks at most: --json has them all. */
const TASK_LINES = 40;

function taskLines({ tasks, state }: Verified): string[] {
	const shown = tasks.slice(0, TASK_LINES);
	const comm = Math.max(...shown.map((t) => shownBytes(t.comm).length));
	const status = (t: (typeof tasks)[number]) => (t.status === null ? statusText(state.tasks[t.pid]) : waitStatusText(t.status));
	const width = Math.max(...shown.map((t) => status(t).length));
	const pid = Math.max(...shown.map((t) => String(t.pid).length));
	const lines = shown.map(
		(t) =>
			`pid ${String(t.pid).padStart(pid)} ${shownBytes(t.comm).padEnd(comm)}  ${status(t).padEnd(width)}  ${plural(t.steps, 'step')}`,
	);
	return tasks.length > TASK_LINES ? [...lines, `and ${thousands(tasks.length - TASK_LINES)} more`] : lines;
}

/** Frames are compared whole: the position is where the frame begins, the values are of its first difference. */
function differs(m: Mismatch): string {
	return `DIFFERS in frame ${m.frame}, which begins at step ${thousands(m.at)}: ${m.what}`;
}

function screen(
	path: string,
	header: import('../../replay/header.ts').TraceHeader,
	r: Verified,
	seconds: number,
	unsupported: Counts,
): string {
	const name = basename(path);
	const pad = (s: string) => s.padEnd(Math.max(14, name.length + 2));
	const mips = (r.steps / 1e6 / Math.max(seconds, 1e-9)).toFixed(0);
	const stdin = header.stdin === null ? '' : ' < stdin';
	const argv = header.argv.map(shownWord).join(' ');
	const lines = [
		`${colour.bold(pad(name))} ${argv}${stdin} · i386, kernel ${header.persona.kernel.join('.')} persona, seed ${header.seed} · recorded by ${header.writer} (semantics ${header.semantics})`,
	];
	if (r.mismatch) {
		const m = r.mismatch;
		lines.push(`${pad('replayed')} ${differs(m).replace('DIFFERS', colour.red('DIFFERS'))}`);
		lines.push(`${pad('')} recorded  ${m.wanted}`, `${pad('')} replayed  ${m.got}`);
	} else {
		const rate = r.steps < 1e6 ? '' : ` (${mips} MIPS with checks)`;
		const digests = r.digests === 0 ? 'no digest' : `${plural(r.digests, 'digest')}, all equal`;
		lines.push(
			`${pad('replayed')} ${plural(r.steps, 'step')} · ${plural(r.events, 'event')} · ${digests} · ${seconds.toFixed(2)} s${rate}`,
		);
	}
	taskLines(r).forEach((line, i) => void lines.push(`${pad(i === 0 ? 'tasks' : '')} ${line}`));
	stuck(r).forEach((line, i) => void lines.push(`${pad(i === 0 ? 'deadlock' : '')} ${lineOf(line)}`));
	if (unsupported.any) lines.push(`${pad('unsupported')} ${unsupported.text()}`);
	return lines.join('\n');
}
