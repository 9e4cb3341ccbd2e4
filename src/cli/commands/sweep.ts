/** `sweep TRACE`: checkpoint, restart and compare at many positions, on all cores; what is not equal grouped by its cause. */
import { availableParallelism } from 'node:os';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatPosition, type Position } from '../../replay/position.ts';
import { type PositionOptions, positionsOf, type SweepRow, type Swept } from '../../replay/sweep.ts';
import { Bar } from '../bar.ts';
import { damageLine, openTrace, position, reading } from '../open.ts';
import { CliError, colour, Exit, json, message, plural, print, shownWord, thousands } from '../output.ts';
import { planted, policyOf } from '../planted.ts';
import { loadRestarter } from '../restarter.ts';
import work, { type SweepAnswer, type SweepTask } from '../sweep-worker.ts';

export interface SweepFlags {
	readonly every?: string;
	readonly events?: boolean | string;
	readonly from?: string;
	readonly to?: string;
	readonly sample?: string;
	readonly seed?: string;
	readonly jobs?: string;
	readonly policy?: string;
	readonly restarter?: string;
	readonly defect?: readonly string[];
	readonly json?: boolean;
}

/** Positions looked at when nothing else is said. */
const SAMPLE = 500;
/** Fewer positions than this are not worth a thread of their own. */
const STRETCH = 16;

export async function sweepCommand(path: string, flags: SweepFlags): Promise<number> {
	const where = whereOf(flags);
	const jobs = count(flags.jobs, 'jobs', 256) ?? availableParallelism();
	const policy = policyOf(flags.policy);
	const defects = planted(flags.defect).names;
	if (flags.restarter !== undefined) await loadRestarter(flags.restarter);
	const trace = openTrace(path);
	if (trace.damage) message(damageLine(path, trace.damage));
	const positions = reading(path, () => positionsOf(trace, where));
	if (positions.length === 0) throw new CliError(`${path}: no position of it is between --from and --to`);
	const began = process.hrtime.bigint();
	const done = new Int32Array(new SharedArrayBuffer(4));
	const tasks = stretches(positions, Math.min(jobs, Math.ceil(positions.length / STRETCH))).map(
		(stretch): SweepTask => ({
			path,
			positions: stretch,
			done,
			defects,
			...(policy === undefined ? {} : { policy }),
			...(flags.restarter === undefined ? {} : { restarter: flags.restarter }),
		}),
	);
	const bar = new Bar('sweeping', positions.length, () => Atomics.load(done, 0));
	let answers: readonly SweepAnswer[];
	try {
		answers = tasks.length === 1 ? [await work(tasks[0])] : await onThreads(tasks);
	} finally {
		bar.end();
	}
	const seconds = Number(process.hrtime.bigint() - began) / 1e9;
	const all = answers.map((answer) => {
		if ('failed' in answer) throw new CliError(answer.failed, answer.status);
		return answer.swept;
	});
	const total = joined(all);
	const groups = groupsOf(total.rows);
	const about = { path, seconds, jobs: tasks.length, flags };
	print(flags.json ? json(report(total, groups, about)) : text(total, groups, about));
	return total.rows.length === 0 ? Exit.OK : Exit.DIFFERS;
}

async function onThreads(tasks: readonly SweepTask[]): Promise<readonly SweepAnswer[]> {
	const { Piscina } = await import('piscina');
	// Beside this file in the source, beside the command when it is bundled.
	const extension = extname(fileURLToPath(import.meta.url));
	const filename = new URL(extension === '.ts' ? '../sweep-worker.mjs' : `./sweep-worker${extension}`, import.meta.url).href;
	const pool = new Piscina({ filename, minThreads: tasks.length, maxThreads: tasks.length });
	try {
		return await Promise.all(tasks.map((task) => pool.run(task) as Promise<SweepAnswer>));
	} finally {
		await pool.destroy();
	}
}

function whereOf(flags: SweepFlags): PositionOptions {
	const every = count(flags.every, 'every', Number.MAX_SAFE_INTEGER);
	const sample = count(flags.sample, 'sample', 10_000_000);
	const seed = count(flags.seed, 'seed', 0xffffffff, 0);
	if (every !== undefined && flags.events) throw new CliError('sweep: one of --every N and --events wanted');
	const events = typeof flags.events === 'string' ? count(flags.events, 'events', 10_000_000) : flags.events;
	if (seed !== undefined && sample === undefined && typeof events !== 'number')
		throw new CliError('--seed: --sample N or --events N wanted beside it');
	const from = flags.from === undefined ? undefined : position(flags.from);
	const to = flags.to === undefined ? undefined : position(flags.to);
	const nothing = every === undefined && sample === undefined && !flags.events;
	return {
		...(every === undefined ? {} : { every }),
		...(events ? { events } : {}),
		...(nothing ? { sample: SAMPLE } : sample === undefined ? {} : { sample }),
		...(seed === undefined ? {} : { seed }),
		...(from === undefined ? {} : { from }),
		...(to === undefined ? {} : { to }),
	};
}

function count(value: string | undefined, name: string, max: number, min = 1): number | undefined {
	if (value === undefined) return undefined;
	const n = Number(value);
	if (!/^\d+$/.test(value) || n < min || n > max)
		throw new CliError(`--${name} ${value}: a whole number, ${min} to ${max}, wanted`);
	return n;
}

/** Contiguous stretches of about the same length. */
function stretches(positions: readonly Position[], n: number): (readonly Position[])[] {
	const size = Math.ceil(positions.length / n);
	return Array.from({ length: Math.ceil(positions.length / size) }, (_, i) => positions.slice(i * size, (i + 1) * size));
}

function joined(all: readonly Swept[]): Swept {
	const sum = (field: 'positions' | 'freezes' | 'equal' | 'ended' | 'inapplicable' | 'objects' | 'bytes') =>
		all.reduce((n, s) => n + s[field], 0);
	return {
		positions: sum('positions'),
		freezes: sum('freezes'),
		equal: sum('equal'),
		ended: sum('ended'),
		inapplicable: sum('inapplicable'),
		rows: all.flatMap((s) => s.rows),
		objects: sum('objects'),
		bytes: sum('bytes'),
		tally:
			all
				.map((s) => s.tally)
				.filter((t) => t !== null)
				.at(-1) ?? null,
	};
}

/** Positions with the same verdict for the same causes. */
interface Group {
	readonly verdict: SweepRow['verdict'];
	readonly causes: readonly string[];
	readonly rows: readonly SweepRow[];
}

function groupsOf(rows: readonly SweepRow[]): readonly Group[] {
	const groups = new Map<string, SweepRow[]>();
	for (const row of rows) {
		const key = `${row.verdict} ${row.causes.map((c) => c.replace(/ for page [0-9a-f]{8}/, '')).join(', ')}`;
		const group = groups.get(key);
		if (group) group.push(row);
		else groups.set(key, [row]);
	}
	return [...groups.values()]
		.map((all): Group => ({ verdict: all[0].verdict, causes: all[0].causes, rows: all }))
		.sort((a, b) => b.rows.length - a.rows.length);
}

interface About {
	readonly path: string;
	readonly seconds: number;
	readonly jobs: number;
	readonly flags: SweepFlags;
}

/** Groups that are listed. */
const LISTED = 20;

function text(total: Swept, groups: readonly Group[], about: About): string {
	const { path, seconds, jobs } = about;
	const row = (name: string, line: string) => `${name.padEnd(11)} ${line}`;
	const ended = total.ended === 0 ? '' : ` · ${thousands(total.ended)} after the end of the program`;
	const without = total.inapplicable === 0 ? '' : ` · ${thousands(total.inapplicable)} without what the defect needs`;
	const each = ((seconds * 1000) / Math.max(1, total.freezes)).toFixed(1);
	const lines = [
		row(
			basename(path).padEnd(11),
			`${plural(total.positions, 'position')} · ${plural(total.freezes, 'freeze')}${ended}${without}`,
		),
		row('equal', `${total.equal === total.freezes ? colour.green(thousands(total.equal)) : thousands(total.equal)}`),
	];
	for (const { verdict, causes, rows } of groups.slice(0, LISTED)) {
		const [{ at, first, message }] = rows;
		const what = message ?? causes.join(', ');
		lines.push(row(verdict, `${colour.red(thousands(rows.length).padStart(5))}  ${what}`));
		const differs = first === null ? '' : `, differs first at ${formatPosition(first)}`;
		lines.push(row('', `       first at ${formatPosition(at)}${differs}: ${again(about, at)}`));
	}
	if (groups.length > LISTED) lines.push(row('', `… ${groups.length - LISTED} more causes (--json lists all)`));
	lines.push(row('images', `${thousands(total.objects)} objects, ${thousands(total.bytes)} bytes`));
	if (total.tally) {
		const { restored, pages, borrowed } = total.tally;
		const sum = Object.values(borrowed).reduce((a, b) => a + b, 0);
		lines.push(row('restored', `${plural(restored, 'value')} and ${plural(pages, 'page')} of a state come from its image`));
		const parts = Object.entries(borrowed).sort(([, a], [, b]) => b - a);
		lines.push(row('borrowed', `${plural(sum, 'value')}: ${parts.map(([part, n]) => `${part} ${n}`).join(', ')}`));
	}
	lines.push(row('time', `${seconds.toFixed(1)} s · ${each} ms a freeze · ${plural(jobs, 'thread')}`));
	return lines.join('\n');
}

/** The command that looks at one of the positions. */
function again({ path, flags }: About, at: Position): string {
	const policy = flags.policy === undefined ? '' : ` --policy ${flags.policy}`;
	const defects = (flags.defect ?? []).map((d) => ` --defect ${shownWord(d)}`).join('');
	const restarter = flags.restarter === undefined ? '' : ` --restarter ${shownWord(flags.restarter)}`;
	return `replay bisect ${shownWord(path)} --at ${formatPosition(at)}${policy}${defects}${restarter}`;
}

function report(total: Swept, groups: readonly Group[], about: About): object {
	const { rows: _, ...totals } = total;
	return {
		trace: about.path,
		...totals,
		unequal: total.rows.length,
		groups: groups.map(({ verdict, causes, rows }) => ({
			verdict,
			causes,
			count: rows.length,
			see: again(about, rows[0].at),
			positions: rows.map(({ at, first, message }) => ({ position: at.steps, k: at.k, first, message })),
		})),
		seconds: about.seconds,
		threads: about.jobs,
	};
}
