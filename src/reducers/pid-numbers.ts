/** Reducers of the numbers that pids have in pid namespaces. */
import { assert } from '../events/assert.ts';
import type { TaskEvent } from '../events/task.ts';
import type { StateDraft } from './draft.ts';
import { entity, plain } from './draft.ts';

export function reducePidNumbers(d: StateDraft, e: Extract<TaskEvent, { kind: 'pid/enter' | 'pid/leave' }>): void {
	const anon = entity(d, 'anons', e.ns);
	assert(anon.kind === 'ns' && anon.pids !== null, `anon ${e.ns} is no pid namespace`);
	const pids = plain(anon.pids);
	const others = pids.numbers.filter(({ pid }) => pid !== e.pid);
	if (e.kind === 'pid/leave') {
		assert(others.length < pids.numbers.length, `pid ${e.pid} is in the namespace`);
		anon.pids = { ...pids, numbers: others };
		return;
	}
	const { pid, nr, next } = e;
	const after = others.findIndex((other) => other.pid > pid);
	const at = after < 0 ? others.length : after;
	anon.pids = {
		...pids,
		next,
		init: pids.init === 0 && nr === 1 ? pid : pids.init,
		numbers: [...others.slice(0, at), { pid, nr }, ...others.slice(at)],
	};
}
