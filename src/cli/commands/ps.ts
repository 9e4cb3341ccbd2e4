/** `ps TRACE --at POS`: the tree of tasks at a position. */
import { comparePositions, formatPosition } from '../../replay/position.ts';
import { stateAt } from '../../replay/rerun.ts';
import { located, openTrace, pastEnd, place, reading, shown, wholeEnd } from '../open.ts';
import { json, plural, print, shownBytes } from '../output.ts';
import { psRows, psText } from '../render/ps.ts';

export interface PsOptions {
	readonly at: string;
	readonly json?: boolean;
}

export function psCommand(path: string, options: PsOptions): number {
	const wanted = place(options.at);
	const trace = openTrace(path);
	const at = located(path, trace, wanted);
	const state = comparePositions(at, wholeEnd(trace)) > 0 ? undefined : reading(path, () => stateAt(trace, at));
	if (!state) throw pastEnd(path, trace, at);
	const rows = psRows(state);
	if (options.json) {
		const tasks = rows.map((r) => ({ ...r, comm: shownBytes(r.comm), args: r.args.map(shownBytes) }));
		print(json({ trace: path, position: at.steps, k: at.k, freezer: state.freezer, tasks }));
	} else {
		const freezer = state.freezer === 'thawed' ? '' : ` · ${state.freezer}`;
		print(`step ${formatPosition(at)} · ${plural(rows.length, 'task')}${freezer}\n${psText(rows)}`);
	}
	return shown(path, trace);
}
