/** What several defects do to the effects of restored objects. */
import { initialFx } from '../../events/cpu.ts';
import type { Restored } from '../../events/restore.ts';
import { Restart } from '../../reducers/state.ts';
import type { Rules } from '../rules.ts';
import type { ImageObject } from '../v2/image-object.ts';

type Registers = Extract<Restored, { kind: 'registers' }>;

const RESTARTS: ReadonlySet<number> = new Set(Object.values(Restart));
const EINTR = 4;

/** The pid of the task an object belongs to. */
export function taskOf(object: ImageObject): number {
	let task = object;
	while (task.name !== 'TASK' && task.parent !== undefined) task = task.parent;
	return task.num('cpt_pid');
}

/** The call that a task is inside of by its X86_REGS, and the restart code that it left there; or null. */
export function asleepIn(object: ImageObject): { readonly nr: number; readonly code: number } | null {
	const nr = object.num('cpt_orig_ax') | 0;
	const code = object.num('cpt_ax') | 0;
	return nr >= 0 && RESTARTS.has(code) ? { nr, code } : null;
}

/** Out of the call, back to user space with this in eax. */
export function leaveCall(effect: Registers, eax = -EINTR >>> 0): Restored {
	const idle = { state: 'running', origAx: -1, entry: 'none', wait: null, restartBlock: null } as const;
	return { ...effect, ...idle, regs: { ...effect.regs, eax } };
}

/** The FPU counts as used when `used` says so of cpt_flags; one that does not is initialised at its next use. */
export function fpuOf(used: (flags: number) => boolean): NonNullable<Rules['restored']> {
	return (effect, object) => {
		if (effect.kind === 'task') {
			const { value } = effect;
			return { ...effect, value: { ...value, cpu: { ...value.cpu, fpuUsed: used(object.num('cpt_flags')) } } };
		}
		if (effect.kind === 'fpu' && !used((object.parent ?? object).num('cpt_flags'))) return { ...effect, fx: initialFx() };
		return effect;
	};
}
