/** `state TRACE --at POS [regs|maps|mem ADDR LEN|fds|signals]`: what is at a position. */
import { readState } from '../../reducers/address-space.ts';
import type { MachineState, Task } from '../../reducers/state.ts';
import { comparePositions, formatPosition } from '../../replay/position.ts';
import { stateAt } from '../../replay/rerun.ts';
import { located, openTrace, pastEnd, place, reading, shown, wholeEnd } from '../open.ts';
import { CliError, json, plural, print, shownBytes, thousands } from '../output.ts';
import { hex8 } from '../render/items.ts';
import { type Names, programNames } from '../render/names.ts';
import { fdsJson, fdsText, mapsJson, mapsText, memoryText, registersText, signalsJson, signalsText } from '../render/state.ts';

export interface StateOptions {
	readonly at: string;
	readonly json?: boolean;
}

/** Most bytes that `mem` shows. */
const MAX_BYTES = 2 ** 24;

const VIEWS = ['regs', 'maps', 'mem', 'fds', 'signals'];

export async function stateCommand(path: string, what: readonly string[], options: StateOptions): Promise<number> {
	const wanted = place(options.at);
	const [view = 'regs', ...rest] = what;
	if (!VIEWS.includes(view)) throw new CliError(`state ${view}: one of ${VIEWS.join(', ')} wanted`);
	if (rest.length !== (view === 'mem' ? 2 : 0))
		throw new CliError(view === 'mem' ? 'state mem: ADDR LEN wanted' : `state ${view}: no more words wanted`);
	const range = view === 'mem' ? memoryRange(rest[0], rest[1]) : undefined;
	const trace = openTrace(path);
	const at = located(path, trace, wanted);
	const past = comparePositions(at, wholeEnd(trace)) > 0;
	const state = past ? undefined : reading(path, () => stateAt(trace, at));
	if (!state) throw pastEnd(path, trace, at);
	const tasks = Object.values(state.tasks);
	if (options.json) {
		const all = tasks.map((task) => ({ pid: task.pid, comm: shownBytes(task.comm), ...asJson(state, task, view, range) }));
		print(json({ trace: path, position: at.steps, k: at.k, tasks: all }));
	} else {
		const names = programNames(trace, state);
		for (const task of tasks)
			print(`pid ${task.pid} ${shownBytes(task.comm)}  step ${formatPosition(at)}\n${text(state, task, view, range, names)}`);
	}
	return shown(path, trace);
}

interface Range {
	readonly address: number;
	readonly length: number;
}

/** Addresses are hexadecimal, as everywhere; a length is decimal or 0x…. */
function memoryRange(address: string, length: string): Range {
	if (!/^(0x)?[0-9a-f]{1,8}$/i.test(address))
		throw new CliError(`state mem: ADDR "${address}": up to eight hexadecimal digits wanted`);
	const bytes = /^(\d+|0x[0-9a-f]+)$/i.test(length) ? Number(length) : 0;
	if (bytes < 1 || bytes > MAX_BYTES) throw new CliError(`state mem: LEN "${length}": 1 to ${thousands(MAX_BYTES)} bytes wanted`);
	const from = Number.parseInt(address, 16);
	if (from + bytes > 2 ** 32)
		throw new CliError(`state mem: ${hex8(from)}, ${plural(bytes, 'byte')}: an end at most at 2^32 wanted`);
	return { address: from, length: bytes };
}

function memory(state: MachineState, task: Task, { address, length }: Range): Uint8Array {
	const mm = state.mms[task.mm];
	const bytes = mm && readState(state, mm, address, length, 0);
	if (bytes) return bytes;
	const hole = mm ? firstHole(mm, address) : address;
	throw new CliError(
		`state mem: ${hex8(address)}, ${plural(length, 'byte')}: not mapped at ${hex8(hole)} (state … maps shows what is)`,
	);
}

function firstHole(mm: MachineState['mms'][number], address: number): number {
	let at = address;
	for (const v of mm.vmas) if (v.start <= at && v.end > at) at = v.end;
	return at;
}

function asJson(state: MachineState, task: Task, view: string, range: Range | undefined): object {
	switch (view) {
		case 'maps':
			return { maps: mapsJson(state, task) };
		case 'fds':
			return { fds: fdsJson(state, task) };
		case 'signals':
			return { signals: signalsJson(state, task) };
		case 'mem':
			return { ...range!, bytes: memory(state, task, range!) };
		default:
			return { state: task.state, origAx: task.origAx, registers: task.cpu };
	}
}

function text(state: MachineState, task: Task, view: string, range: Range | undefined, names: Names): string {
	switch (view) {
		case 'maps':
			return mapsText(state, task);
		case 'fds':
			return fdsText(state, task);
		case 'signals':
			return signalsText(state, task);
		case 'mem':
			return memoryText(range!.address, memory(state, task, range!));
		default:
			return registersText(task, names);
	}
}
