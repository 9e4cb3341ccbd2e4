/** The screen of a bisect: the verdict first, then where, then why, then how to see it again. */
import { basename } from 'node:path';
import type { Outcome } from '../../replay/bisect/outcome.ts';
import { type BisectReport, type Cause, causeName, type StateDifference } from '../../replay/bisect/report.ts';
import type { Freeze } from '../../replay/checkpoint.ts';
import { comparePositions, formatPosition } from '../../replay/position.ts';
import type { Trace } from '../../replay/trace.ts';
import { colour, plural, shownWord, thousands } from '../output.ts';
import { Disassembler } from './disassemble.ts';
import { programNames } from './names.ts';
import { tasksText } from './place.ts';
import { sidesJson, sidesText } from './sides.ts';
import { waitStatusText } from './status.ts';

/** What was looked at, and how. */
export interface About {
	/** The trace as the user named it. */
	readonly path: string;
	readonly trace: Trace;
	readonly freeze: Freeze;
	/** The image; undefined when the dump failed. */
	readonly image: { readonly bytes: number; readonly objects: number } | undefined;
	readonly options: {
		readonly image?: string | undefined;
		readonly policy?: string | undefined;
		readonly restarter?: string | undefined;
		readonly defect?: readonly string[] | undefined;
	};
}

/** Differences without effect, and changed fields of an image, that are listed. */
const LISTED = 8;

const row = (name: string, text: string) => `${colour.bold(name.padEnd(11))} ${text}`;
const next = (text: string) => `${' '.repeat(11)} ${text}`;

export function bisectText(report: BisectReport, about: About): string {
	const lines = [...summary(report, about), row('verdict', verdictText(report, about))];
	if (report.first) {
		const names = programNames(about.trace, about.freeze.state);
		const pids = Object.keys(about.freeze.state.tasks).length > 1;
		lines.push('', ...sidesText(report.first, { disassembler: new Disassembler(), names, pids }), '');
	}
	lines.push(...causeLines(report), ...effectLines(report), ...imageLines(report), ...harmlessLines(report));
	const see = seeIt(report, about);
	lines.push(...see.map((command, i) => (i === 0 ? row('see it', command) : next(command))));
	return lines.join('\n');
}

function summary(report: BisectReport, { freeze, image, options }: About): string[] {
	const { asked, at, failure, borrowed, differences, defects, policy } = report;
	const moved =
		comparePositions(asked, at) === 0 ? '' : ` (asked for ${formatPosition(asked)}; a freeze takes hold between decisions)`;
	const size = image === undefined ? 'no image' : `${plural(image.objects, 'object')}, ${thousands(image.bytes)} bytes, v2`;
	const lines = [row('checkpoint', `step ${formatPosition(at)}${moved} · ${tasksText(freeze.state)} · ${size}`)];
	if (options.image !== undefined) lines.push(next(`the image is ${options.image}`));
	if (defects.length > 0) lines.push(row('planted', defects.join(', ')));
	const state =
		failure?.stage === 'dump'
			? 'none: the dump failed'
			: failure
				? 'refused'
				: differences.length === 0
					? 'every field of the state equal'
					: `equal but for ${plural(differences.length, 'field')}`;
	const how = policy === 'kernel' ? '' : ` · policy ${policy}`;
	lines.push(row('restart', `${state}${how}`));
	if (!failure) lines.push(...wrapped('borrowed', borrowed));
	return lines;
}

/** Names in a row, as many on a line as it holds. */
function wrapped(name: string, parts: readonly string[]): string[] {
	const lines: string[] = [];
	let line = '';
	for (const part of parts) {
		if (line !== '' && line.length + part.length > 100) {
			lines.push(`${line},`);
			line = '';
		}
		line += line === '' ? part : `, ${part}`;
	}
	lines.push(line === '' ? 'nothing' : line);
	return lines.map((text, i) => (i === 0 ? row(name, text) : next(text)));
}

function verdictText(
	{ verdict, failure, first, equalSteps, image, differences, policy }: BisectReport,
	{ freeze }: About,
): string {
	const after = equalSteps === 0 ? '' : `, after ${plural(equalSteps, 'equal step')}`;
	switch (verdict) {
		case 'equal':
			if (policy !== 'kernel')
				return `${colour.green('EQUAL')}: what was restored is the original, and with policy ${policy} it did the same to its end${after}`;
			return `${colour.green('EQUAL')}: what was restored is the original, byte for byte, so it does the same for ever`;
		case 'harmless':
			return `${colour.yellow('HARMLESS')}: ${differences.length > 0 ? 'the state' : image.length > 0 ? 'the image' : 'it'} differs, and nothing the program did depended on it${after}`;
		case 'differs': {
			const side = first?.original ?? first?.restored;
			if (side === undefined) return `${colour.red('DIFFERENT')}: the restored machine cannot run`;
			const pid = 'task' in side.event && typeof side.event.task === 'number' ? ` (pid ${side.event.task})` : '';
			const here = comparePositions(side.at, freeze.at) === 0 ? ', at the checkpoint itself' : after;
			return `${colour.red('DIFFERENT')}, first at step ${formatPosition(side.at)}${pid}${here}`;
		}
		case 'refused':
			return `${colour.red('REFUSED')} by the ${failure?.stage}: ${failure?.message}`;
	}
}

function causeLines({ verdict, causes, differences, harmless, failure }: BisectReport): string[] {
	if (causes.length === 0) return [];
	const of = differences.length - harmless.length;
	const count =
		verdict === 'differs' && differences.length > 0
			? `${of} of ${plural(differences.length, 'difference')} matter${of === 1 ? 's' : ''}`
			: verdict === 'harmless'
				? 'no difference matters'
				: `${plural(causes.length, 'cause')}`;
	const width = Math.max(...causes.map((c) => causeName(c).length));
	return [
		row('cause', count),
		...causes.flatMap((c) => causeText(c.want === undefined && c.got === failure?.message ? withoutGot(c) : c, width)),
	];
}

/** A refusal stands in the verdict already. */
function withoutGot({ got: _, ...rest }: Cause): Cause {
	return rest;
}

function causeText(cause: Cause, width: number): string[] {
	const { label, offset, path, want, got, object } = cause;
	const number = /^#(\d+) /.exec(label ?? '')?.[1];
	const pid = /^tasks\[(\d+)\]/.exec(path ?? '')?.[1];
	const parts = [
		...(pid === undefined ? [] : [`pid ${pid}`]),
		...(number === undefined ? [] : [`object ${number}`]),
		...(offset === undefined ? [] : [`byte 0x${offset.toString(16)}`]),
		...(want === undefined ? (got === undefined ? [] : [got]) : [`wanted ${want}, got ${got}`]),
	];
	const lines = [next(`${colour.cyan(causeName(cause).padEnd(width))}  ${parts.join(' · ')}`)];
	if (path !== undefined) {
		const held = object === undefined ? '    in no object of a v2 image' : '';
		lines.push(next(`${'state path'.padEnd(Math.max(width, 10))}  ${path}${held}`));
	}
	return lines;
}

/** What it leads to, when both runs do not end alike. */
function effectLines({ outcome }: BisectReport): string[] {
	if (outcome === null) return [];
	const [original, restored] = [outcomeText(outcome.original), outcomeText(outcome.restored)];
	if (original === restored) return [row('effect', `both: ${original}`)];
	return [row('effect', `original: ${original}`), next(`restored: ${colour.yellow(restored)}`)];
}

function outcomeText({ kind, steps, ...rest }: Outcome): string {
	switch (kind) {
		case 'ended':
			return `${waitStatusText((rest as { readonly status: number }).status)} after step ${thousands(steps)}`;
		case 'asleep':
			return `sleeps for ever from step ${thousands(steps)} on: nothing that was recorded wakes it`;
		case 'input':
			return `asks at step ${thousands(steps)} for what the original never asked for`;
		case 'running':
			return `still runs after step ${thousands(steps)}`;
	}
}

/** Fields of the image that are not a fresh dump's; those that are named as causes already are left out. */
function imageLines({ image, causes }: BisectReport): string[] {
	const known = new Set(causes.map((c) => `${c.label} ${c.field}`));
	const rest = image.filter((d) => !known.has(`${d.object} ${d.field === '' ? undefined : d.field}`));
	if (rest.length === 0) return [];
	const texts = rest.slice(0, LISTED).map((d) => {
		const place = d.offsetB ?? d.offsetA;
		return `${d.object}${d.field === '' ? '' : ` ${d.field}`}${place === undefined ? '' : ` · byte 0x${place.toString(16)}`} · a fresh dump has ${d.a}, the image ${d.b}`;
	});
	return listed('image', texts, rest.length);
}

function harmlessLines({ harmless, verdict }: BisectReport): string[] {
	if (harmless.length === 0 || verdict === 'harmless') return [];
	const texts = harmless
		.slice(0, LISTED)
		.map((d: StateDifference) => `${causeName(d.cause)} · ${d.text} · wanted ${d.cause.want}, got ${d.cause.got}`);
	return listed('no effect', texts, harmless.length);
}

function listed(name: string, texts: readonly string[], total: number): string[] {
	const lines = texts.map((text, i) => (i === 0 ? row(name, text) : next(text)));
	return total > texts.length ? [...lines, next(`… ${total - texts.length} more (--json lists all)`)] : lines;
}

/** Commands that show it again, from the trace to the place. */
export function seeIt(report: BisectReport, { path, options }: About): string[] {
	if (report.verdict === 'equal') return [];
	const at = formatPosition(report.at);
	const stem = basename(path).replace(/\.msgpack$/, '');
	const image = options.image ?? `${stem}.cpt`;
	const defects = (options.defect ?? []).map((d) => ` --defect ${shownWord(d)}`).join('');
	const policy = options.policy === undefined ? '' : ` --policy ${options.policy}`;
	const restarter = options.restarter === undefined ? '' : ` --restarter ${shownWord(options.restarter)}`;
	const commands: string[] = [];
	if (options.image === undefined)
		commands.push(`replay checkpoint ${shownWord(path)} --at ${at} -o ${shownWord(image)}${defects}`);
	if (report.failure?.stage === 'dump') return commands;
	if (report.verdict === 'harmless' && report.differences.length === 0)
		return [...commands, `replay diff ${shownWord(`${path}@${at}`)} ${shownWord(image)}`];
	const output = `${stem}-restored.msgpack`;
	commands.push(
		`replay restart ${shownWord(image)} --with-trace ${shownWord(`${path}@${at}`)} --inputs recorded${policy}${restarter}${defects} -o ${shownWord(output)}`,
	);
	const { first } = report;
	const sides = first === null ? [] : [...first.before, ...(first.restored ? [first.restored] : []), ...first.afterRestored];
	if (sides.length > 0) {
		const steps = sides.map((s) => s.at.steps);
		const from = Math.max(report.at.steps, Math.min(...steps));
		// A run that soon ends, or falls asleep, is shown to there.
		const last = report.outcome?.restored.steps ?? Number.POSITIVE_INFINITY;
		commands.push(`replay dump ${shownWord(output)} ${from}-${last - from < 100 ? '' : Math.max(...steps)}`);
	}
	return commands;
}

/** The report with stable names. */
export function bisectJson(report: BisectReport, about: About): object {
	const { image } = about;
	return {
		trace: about.path,
		verdict: report.verdict,
		position: report.at.steps,
		k: report.at.k,
		asked: { position: report.asked.steps, k: report.asked.k },
		checkpoint: image === undefined ? null : { dialect: 'v2', ...image },
		policy: report.policy,
		defects: report.defects,
		failure: report.failure,
		first: sidesJson(report.first),
		outcome: report.outcome,
		causes: report.causes.map((c) => ({ name: causeName(c), ...c })),
		harmless: report.harmless.map(differenceJson),
		differences: report.differences.map(differenceJson),
		image: report.image,
		borrowed: report.borrowed,
		equalSteps: report.equalSteps,
		runs: report.runs,
		see: seeIt(report, about),
	};
}

function differenceJson({ text, cause, memory }: StateDifference): object {
	return { path: text, want: cause.want ?? null, got: cause.got ?? null, cause: causeName(cause), ...(memory ? { memory } : {}) };
}
