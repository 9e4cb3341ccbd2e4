/**
 * The container's freezer (kernel/cgroup_freezer.c with the patches' CHECKPOINTING state): frozen, being dumped, thawed; and what
 * a call that slept does after a restart.
 */
import type { Task } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import { type MachineState, Restart } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';

/**
 * How a call that slept goes on after a restart. `kernel`: where it slept, no instruction retires (what OpenVZ shipped). `user`:
 * back to its instruction in user space. `eintr`: it returns EINTR.
 */
export type ThawPolicy = 'kernel' | 'user' | 'eintr';

const RESTARTS: ReadonlySet<number> = new Set(Object.values(Restart));

/** Bytes of `int 0x80` and `sysenter`: what a call goes back over. */
const CALL_BYTES = 2;

/** The freezer changes its state, or -EBUSY: a container that is being dumped refuses a thaw. */
export function setFreezer(state: MachineState, to: MachineState['freezer']): readonly KernelEvent[] | number {
	if (state.freezer === to) return [];
	if (state.freezer === 'checkpointing' && to === 'thawed') return -Errno.EBUSY;
	if (state.freezer === 'thawed' && to === 'checkpointing') return -Errno.EINVAL;
	return [{ kind: 'freezer/set', state: to }];
}

/** Thaws a frozen container. With `user` and `eintr`, calls that slept are left first. */
export function decideThaw(state: MachineState, policy: ThawPolicy): readonly KernelEvent[] {
	const events: KernelEvent[] = [];
	if (policy !== 'kernel') {
		for (const task of Object.values(state.tasks)) events.push(...leaveCall(task, policy));
	}
	events.push({ kind: 'freezer/set', state: 'thawed' });
	return events;
}

/** What is inside a call with a restart code goes back to the instruction, or returns. */
function leaveCall(task: Task, policy: 'user' | 'eintr'): KernelEvent[] {
	const code = task.cpu.eax | 0;
	if (task.state !== 'sleeping' || task.origAx < 0 || !RESTARTS.has(code)) return [];
	const eax = code === Restart.BLOCK ? 0 : task.origAx;
	const regs = policy === 'eintr' ? { eax: -Errno.EINTR >>> 0 } : { eax, eip: (task.cpu.eip - CALL_BYTES) >>> 0 };
	return [
		{ kind: 'task/wake', task: task.pid, reason: 'signal' },
		{ kind: 'signal/restart', task: task.pid, regs },
	];
}
