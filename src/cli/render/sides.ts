/** Two effect chains side by side: the first element that differs, with what is before and after it. */
import { encodeEvent } from '../../reducers/codec.ts';
import type { FirstDifference } from '../../replay/bisect/report.ts';
import type { Side } from '../../replay/compare.ts';
import { formatPosition } from '../../replay/position.ts';
import { colour } from '../output.ts';
import type { Disassembler } from './disassemble.ts';
import { eventText, hex8, stepEffects, stepJson } from './items.ts';
import type { Names } from './names.ts';

/** Widest left column; what is longer is cut, and shown whole below when it is the element that differs. */
const WIDEST = 72;
/** Room for `pid 999` and a space. */
const PID_WIDTH = 'pid 999 '.length;

interface Words {
	readonly disassembler: Disassembler;
	readonly names: Names;
	/** Every row says whose it is: several tasks are compared. */
	readonly pids: boolean;
}

/** `pid 3   `, where it is to be said. */
function whose({ event }: Side, { pids }: Words): string {
	if (!pids) return '';
	return ('task' in event && typeof event.task === 'number' ? `pid ${event.task} ` : '').padEnd(PID_WIDTH);
}

/** One element in words, without its position and whose it is. */
function words({ event }: Side, { disassembler, names }: Words): { readonly head: string; readonly effects: string } {
	if (event.kind !== 'cpu/step') return { head: event.kind.padEnd(14), effects: eventText(event) };
	const name = names.of(event.eip);
	const place = `${hex8(event.eip)}${name === '' ? '' : `  ${name}`}`;
	const head = `${event.kind.padEnd(14)} ${place}  ${disassembler.text(event.bytes, event.eip, names)}`;
	return { head, effects: stepEffects(event) };
}

function line(side: Side | undefined, words_: Words): string {
	if (side === undefined) return '';
	const { head, effects } = words(side, words_);
	const gap = side.event.kind === 'cpu/step' ? '  ' : ' ';
	return `${whose(side, words_)}${head}${gap}${effects}`.trimEnd();
}

/** What should have come, as short as it can be said: what is the same on both sides is left out. */
function expected({ original, restored }: FirstDifference, words_: Words): string {
	if (original === undefined) return 'the end';
	const want = words(original, words_);
	const got = restored && words(restored, words_);
	if (got !== undefined && got.head === want.head && want.effects !== '') return want.effects;
	return `${want.head} ${want.effects}`.replace(/ {2,}/g, ' ').trim();
}

/** The rows: position, original, restored. */
export function sidesText(first: FirstDifference, words_: Words): string[] {
	const { original, restored, before, afterOriginal, afterRestored, note } = first;
	const rows: (readonly [Side | undefined, Side | undefined])[] = before.map((s) => [s, s] as const);
	const at = rows.length;
	rows.push([original, restored]);
	for (let i = 0; i < Math.max(afterOriginal.length, afterRestored.length); i++) rows.push([afterOriginal[i], afterRestored[i]]);
	const left = rows.map(([a], i) => line(a, words_) || (i === at ? 'the end' : ''));
	const right = rows.map(([, b], i) => line(b, words_) || (i === at ? (note ?? 'the end') : ''));
	const width = Math.min(WIDEST, Math.max(...left.map((t) => t.length)));
	const cut = (text: string) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
	const cell = (text: string) => cut(text).padEnd(width);
	const lines = [`${' '.repeat(11)} ${cell('original')}   restored`];
	rows.forEach(([a, b], i) => {
		const place = a?.at ?? b?.at;
		const moved = a !== undefined && b !== undefined && (a.at.steps !== b.at.steps || a.at.k !== b.at.k);
		const position = place === undefined ? '' : formatPosition(place);
		const text = `${moved ? `${formatPosition(b.at)}  ` : ''}${cut(right[i])}`;
		const row = `${position.padStart(11)} ${cell(left[i])}   ${text}`;
		lines.push(i === at ? `${row}   ${colour.yellow(`◀ expected: ${expected(first, words_)}`)}` : row.trimEnd());
	});
	if (left[at].length > width || right[at].length > width)
		lines.push('', `${'original'.padStart(11)} ${left[at]}`, `${'restored'.padStart(11)} ${right[at]}`);
	return lines;
}

/** The same as plain values. */
export function sidesJson(first: FirstDifference | null): object | null {
	if (first === null) return null;
	const { index, original, restored, before, afterOriginal, afterRestored, note } = first;
	return {
		index,
		original: sideJson(original),
		restored: sideJson(restored),
		before: before.map(sideJson),
		afterOriginal: afterOriginal.map(sideJson),
		afterRestored: afterRestored.map(sideJson),
		note: note ?? null,
	};
}

/** An element of an effect chain as plain values. */
export function sideJson(side: Side | undefined): object | null {
	if (side === undefined) return null;
	const { at, event } = side;
	return { position: at.steps, k: at.k, event: event.kind === 'cpu/step' ? stepJson(event) : encodeEvent(event) };
}
