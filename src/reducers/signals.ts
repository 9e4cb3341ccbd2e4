/** Reducers of signals: pending queues, masks, actions, delivery and return. */
import { assert, assertNever } from '../events/assert.ts';
import type { SignalEvent } from '../events/signals.ts';
import type { StateDraft } from './draft.ts';
import { entity, patchRegisters, plain } from './draft.ts';
import { mayRun } from './scheduler.ts';
import type { SigInfo, SigSet } from './state.ts';

/** PF_SIGNALED: killed by a signal. */
const SIGNALED = 0x400;

export function reduceSignal(d: StateDraft, e: SignalEvent): void {
	switch (e.kind) {
		case 'signal/post':
			post(d, e.task, e.group, e.info);
			return;
		case 'signal/take': {
			const queue = pendingOf(d, e.task, e.group);
			const pending = plain(queue.pending);
			assert(pending[e.index]?.signo === e.signo, `signal ${e.signo} is not pending at ${e.index}`);
			queue.pending = pending.filter((_, i) => i !== e.index);
			return;
		}
		case 'signal/flush': {
			const { group } = entity(d, 'tasks', e.task);
			flush(entity(d, 'groups', group), e.set);
			for (const pid of plain(entity(d, 'groups', group).threads)) flush(entity(d, 'tasks', pid), e.set);
			return;
		}
		case 'signal/mask': {
			const task = entity(d, 'tasks', e.task);
			task.blocked = e.blocked;
			task.savedMask = e.saved;
			return;
		}
		case 'signal/action': {
			const sighand = entity(d, 'sighands', e.sighand);
			sighand.actions = plain(sighand.actions).map((action, signo) => (signo === e.signo ? e.action : action));
			return;
		}
		case 'signal/deliver':
		case 'signal/return': {
			const task = entity(d, 'tasks', e.task);
			task.blocked = e.blocked;
			task.altstack = e.altstack;
			// The frame holds the mask to come back to; the interrupted call is over, by its restart or by EINTR.
			if (e.kind === 'signal/deliver') task.savedMask = null;
			leaveCall(d, e.task);
			task.restartBlock = null;
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'signal/restart':
			// The restart block stays: restart_syscall(2), which comes next, goes on from it.
			leaveCall(d, e.task);
			patchRegisters(d, e.task, e.regs);
			return;
		case 'signal/default':
			act(d, e);
			return;
		default:
			assertNever(e, 'event');
	}
}

/** Queues a signal for a task or its group. */
export function post(d: StateDraft, pid: number, group: boolean, info: SigInfo): void {
	const queue = pendingOf(d, pid, group);
	queue.pending = [...plain(queue.pending), info];
}

function pendingOf(d: StateDraft, pid: number, group: boolean): { pending: readonly SigInfo[] } {
	const task = entity(d, 'tasks', pid);
	return group ? entity(d, 'groups', task.group) : task;
}

function flush(queue: { pending: readonly SigInfo[] }, set: SigSet): void {
	const pending = plain(queue.pending);
	const left = pending.filter((info) => ((set >> BigInt(info.signo - 1)) & 1n) === 0n);
	if (left.length !== pending.length) queue.pending = left;
}

function leaveCall(d: StateDraft, pid: number): void {
	const task = entity(d, 'tasks', pid);
	task.origAx = -1;
	task.wait = null;
}

/** Default actions on the group; ends come as task/exit, and each thread stops by a task/stop. */
function act(d: StateDraft, e: Extract<SignalEvent, { kind: 'signal/default' }>): void {
	const { action } = e;
	const task = entity(d, 'tasks', e.task);
	if (action === 'terminate' || action === 'core') task.flags |= SIGNALED;
	if (action !== 'stop' && action !== 'continue') return;
	const group = entity(d, 'groups', task.group);
	if (action === 'stop') {
		group.stopSignal = e.signo;
		return;
	}
	group.stopSignal = 0;
	for (const pid of plain(group.threads)) {
		const { trace } = d.tasks[pid];
		if (trace?.released) entity(d, 'tasks', pid).trace = { ...plain(trace), released: false };
		if (d.tasks[pid].state !== 'stopped') continue;
		entity(d, 'tasks', pid).state = 'running';
		mayRun(d, pid);
	}
}
