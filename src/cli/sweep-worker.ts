/** A worker of `sweep`: a stretch of positions of one trace. A file of its own, because threads are started from files. */
import type { ThawPolicy } from '../kernel/freezer.ts';
import type { Position } from '../replay/position.ts';
import { type Swept, sweep } from '../replay/sweep.ts';
import { openTrace, reading } from './open.ts';
import { CliError } from './output.ts';
import { planted } from './planted.ts';
import { loadRestarter } from './restarter.ts';

export interface SweepTask {
	readonly path: string;
	readonly positions: readonly Position[];
	readonly policy?: ThawPolicy;
	readonly restarter?: string;
	readonly defects: readonly string[];
	/** Positions done, counted by all workers together. */
	readonly done: Int32Array;
}

/** Errors do not keep their class on the way between threads. */
export type SweepAnswer = { readonly swept: Swept } | { readonly failed: string; readonly status: number };

export default async function work(task: SweepTask): Promise<SweepAnswer> {
	try {
		const restarter = task.restarter === undefined ? undefined : await loadRestarter(task.restarter);
		const trace = openTrace(task.path);
		const onPosition = () => void Atomics.add(task.done, 0, 1);
		const swept = reading(task.path, () =>
			sweep(trace, task.positions, {
				onPosition,
				rules: planted(task.defects).rules,
				...(task.policy === undefined ? {} : { policy: task.policy }),
				...(restarter === undefined ? {} : { restarter }),
			}),
		);
		return { swept };
	} catch (error) {
		if (error instanceof CliError) return { failed: error.message, status: error.status };
		throw error;
	}
}
