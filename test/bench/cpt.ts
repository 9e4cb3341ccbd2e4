/** What checkpoint, restart and bisect cost: ms and s, for the table of `npm run bench`. */
import { performance } from 'node:perf_hooks';
import { dump } from '../../src/cpt/v2/dump.ts';
import { cpt_x86_regs } from '../../src/cpt/v2/objects.ts';
import { equalStates } from '../../src/reducers/diff.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { bisect } from '../../src/replay/bisect/bisect.ts';
import { checkpoint, freezeAt } from '../../src/replay/checkpoint.ts';
import { record } from '../../src/replay/record.ts';
import { restore } from '../../src/replay/restart.ts';
import { Trace } from '../../src/replay/trace.ts';
import { touchAndCount } from './loops.ts';

export type Row = (name: string, value: number, unit: string, aim: string) => void;
type Median = (run: () => number | Promise<number>) => Promise<number>;

const MIB_PAGES = 256;

async function traceOf(pages: number, turns: number): Promise<Trace> {
	const { bytes } = await record({ path: '/bench', program: touchAndCount(pages, turns) });
	return new Trace(bytes);
}

function ms(run: () => void): number {
	const began = performance.now();
	run();
	return performance.now() - began;
}

/** Dump, restart and compare one state that is there already. */
function roundTrip(state: MachineState): void {
	const restored = restore(dump(state).bytes, { residual: state }).state;
	if (!equalStates(state, { ...restored, freezer: state.freezer })) throw new Error('the restored state differs');
}

/** Steps that touching `pages` pages takes. */
const touched = (pages: number) => 3 + 4 * pages;

export async function cptRows(row: Row, median: Median): Promise<void> {
	const small = await traceOf(MIB_PAGES, 1000);
	const at = { steps: touched(MIB_PAGES), k: 0 };
	row('checkpoint, restart, equal: 1 MiB, cold', await median(() => ms(() => void bisect(small, at))), 'ms', '<= 20');
	const sealed = freezeAt(small, at)!;
	row('  the same within a sweep', await median(() => ms(() => roundTrip(sealed.state))), 'ms', '<= 7');

	const pages = 200 * MIB_PAGES;
	const large = freezeAt(await traceOf(pages, 1000), { steps: touched(pages), k: 0 })!.state;
	row('dump of 200 MiB', await median(() => ms(() => void dump(large))), 'ms', '<= 400');
	row('  the same, in one buffer', await median(() => ms(() => void dump(large).bytes)), 'ms', '');
	const image = dump(large).bytes;
	row('restart of 200 MiB', await median(() => ms(() => void restore(image, { residual: large }))), 'ms', '<= 60');

	for (const turns of [100_000, 1_000_000, 10_000_000]) {
		const trace = await traceOf(MIB_PAGES, turns);
		const freeze = freezeAt(trace, at)!;
		const broken = checkpoint(freeze);
		const registers = broken.objects.find((o) => o.name === 'X86_REGS')!;
		broken.bytes[registers.offset + cpt_x86_regs.offsetOf('cpt_bx')] ^= 1;
		let runs = 0;
		const seconds =
			ms(() => {
				const report = bisect(trace, at, { image: broken.bytes, freeze });
				if (report.causes[0]?.field !== 'cpt_bx') throw new Error('bisect does not name it');
				runs = report.runs;
			}) / 1000;
		row(`bisect, ${2 * turns} steps after, ${runs} runs`, seconds, 's', turns === 10_000_000 ? '<= 15' : '');
	}
}
