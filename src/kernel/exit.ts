/** The end of threads and thread groups (kernel/exit.c, mm_release in kernel/fork.c; Linux 6.1). */
import type { Task, ThreadGroup } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { addTimes } from '../reducers/task.ts';
import { Code, Sa, SIG_IGN, Sig } from './abi/signal.ts';
import { fireChildWaits } from './child-waits.ts';
import type { Decision } from './decision.ts';
import { passOnFutexes, wakeClearedTid } from './futexes.ts';
import { endStatus, hangUpOrphans, isGone } from './job-control.ts';
import { namespace } from './namespaces.ts';
import { chainOf, forgetPids, isInit, pidsOf } from './pids.ts';
import { leaveUndoList } from './semaphores.ts';
import { actionOf, isAlive, isTraced, kernelInfo } from './signal-queue.ts';
import { childInfo, postSignal } from './signal-send.ts';
import { groupTimes } from './timers.ts';
import { releaseAll } from './tracees.ts';
import { disassociate } from './tty/control.ts';
import { closeMasters } from './tty/terminal.ts';

/** The container's init, which is not in the machine: it adopts orphans and reaps them at once. */
export const INIT = 1;

/** Ends every task of the deciding task's group. @param status as wait4 shows it: code << 8, or the signal's number. */
export function exitGroup(d: Decision, status: number): void {
	const { group } = d.task;
	d.emit({ kind: 'group/exit', group, status });
	for (const pid of d.state.groups[group].threads) if (pid !== d.pid && isAlive(d.state.tasks[pid])) exitThread(d, pid, status);
	exitThread(d, d.pid, status);
}

/** The deciding thread ends; its group ends with its last thread. */
export function exitTask(d: Decision, status: number): void {
	const { groupExit, threads } = d.group;
	const last = threads.every((pid) => pid === d.pid || !isAlive(d.state.tasks[pid]));
	if (last && groupExit === null) d.emit({ kind: 'group/exit', group: d.task.group, status });
	exitThread(d, d.pid, status);
}

/** What a thread leaves behind in memory, for those who share it: robust futexes, its tid, the parent that waits for its memory. */
export function releaseMemory(d: Decision, pid: number): void {
	const task = d.state.tasks[pid];
	if (task.mm === 0) return;
	passOnFutexes(d, task);
	if (task.clearTid !== 0 && Object.values(d.state.tasks).some((t) => t.mm === task.mm && t.pid !== pid)) {
		wakeClearedTid(d, task);
	}
	endVfork(d, pid);
}

/** The parent of a vfork goes on. */
export function endVfork(d: Decision, pid: number): void {
	const { vforkParent } = d.state.tasks[pid];
	if (vforkParent === 0) return;
	const on = d.state.tasks[vforkParent]?.wait?.on ?? [];
	const index = on.findIndex((w) => w.kind === 'vfork' && w.child === pid);
	if (index >= 0) d.emit({ kind: 'wait/fire', task: vforkParent, index });
	d.emit({ kind: 'task/set', task: pid, fields: { vforkParent: 0 } });
}

/** One thread ends (do_exit). A leader stays as a zombie; another is gone at once. */
export function exitThread(d: Decision, pid: number, status: number): void {
	releaseMemory(d, pid);
	leaveUndoList(d, pid);
	for (const tracee of releaseAll(d, pid)) endedUntraced(d, tracee);
	const { mm, tgid, group } = d.state.tasks[pid];
	const seen = isTraced(d.state.tasks[pid]);
	d.emit({ kind: 'task/exit', task: pid, status, zombie: pid === tgid || seen });
	if (mm !== 0 && Object.values(d.state.tasks).every((t) => t.mm !== mm)) d.emit({ kind: 'mm/drop', mm });
	closeMasters(d);
	const gone = isGone(d.state, d.state.groups[group]);
	if (gone) disassociate(d, group, true);
	if (pid !== tgid && seen) tellOfEnd(d, pid);
	else if (pid !== tgid) reap(d, pid);
	if (gone) endGroup(d, group);
}

/** A task that has ended and was traced is nobody's but its parent's; a thread is gone (__ptrace_detach). */
export function endedUntraced(d: Decision, pid: number): void {
	const { tgid, group } = d.state.tasks[pid];
	if (pid !== tgid) reap(d, pid);
	if (isWaitable(d.state, d.state.groups[group])) tellOfEnd(d, tgid);
}

/** Whether only the leader is left of a group, and has ended: then it can be waited for. */
export function isWaitable(state: MachineState, group: ThreadGroup): boolean {
	return group.threads.length === 1 && !isAlive(state.tasks[group.tgid]);
}

/** The last thread is gone: children get another parent, the own one is told (exit_notify). With an init goes its pid namespace. */
function endGroup(d: Decision, group: number): void {
	const { tgid, pgrp, session } = d.state.groups[group];
	const leader = d.state.tasks[tgid];
	if (isInit(d.state, leader)) endNamespace(d, leader);
	const parent = d.state.tasks[leader.ppid];
	const pgrps = giveAwayChildren(d, leader, session);
	// The own process group, if the parent was what kept it from being orphaned.
	const above = parent && d.state.groups[parent.group];
	if (above && above.pgrp !== pgrp && above.session === session) pgrps.add(pgrp);
	if (pgrps.size > 0) hangUpOrphans(d, pgrps, session, group);
	if (isWaitable(d.state, d.state.groups[group])) tellOfEnd(d, tgid);
}

/** Everybody in a pid namespace, and in those in it, is killed; what its init did not wait for is gone (zap_pid_ns_processes). */
function endNamespace(d: Decision, init: Task): void {
	const anon = namespace(d.state, init.pidNs);
	if (anon.pids !== null) d.emit({ kind: 'anon/set', anon: { ...anon, pids: { ...anon.pids, ended: true } } });
	for (const { pid } of pidsOf(d.state, init.pidNs).numbers) {
		const task: Task | undefined = d.state.tasks[pid];
		if (task === undefined || !isAlive(task) || task.group === init.group) continue;
		if (d.state.groups[task.group].groupExit === null) d.emit({ kind: 'group/exit', group: task.group, status: Sig.SIGKILL });
		exitThread(d, pid, Sig.SIGKILL);
	}
	for (const { pid, ppid, group } of Object.values(d.state.tasks))
		if (ppid === init.tgid && pid !== init.pid && isWaitable(d.state, d.state.groups[group])) reap(d, pid);
}

/**
 * forget_original_parent: children go to the nearest subreaper above, else to the init of the pid namespace.
 * @returns process groups that lost a parent of another group by it
 */
function giveAwayChildren(d: Decision, leader: Task, session: number): Set<number> {
	const pgrps = new Set<number>();
	const { pgrp } = d.state.groups[leader.group];
	let reaper: number | undefined;
	for (const child of Object.values(d.state.tasks)) {
		if (child.ppid !== leader.tgid) continue;
		reaper ??= reaperOf(d, leader);
		d.emit({ kind: 'task/set', task: child.pid, fields: { ppid: reaper, exitSignal: child.exitSignal === 0 ? 0 : Sig.SIGCHLD } });
		if (child.pid !== child.tgid) continue;
		const group = d.state.groups[child.group];
		if (isAlive(child) && child.pdeathSignal !== 0) postSignal(d, child.pid, true, kernelInfo(child.pdeathSignal));
		if (group.pgrp !== pgrp && group.session === session) pgrps.add(group.pgrp);
		if (child.state === 'zombie' && isWaitable(d.state, group) && !isTraced(child)) tellOfEnd(d, child.pid);
	}
	return pgrps;
}

function reaperOf(d: Decision, leader: Task): number {
	const { tasks, groups } = d.state;
	for (let t = tasks[leader.ppid]; t !== undefined && t.pidNs === leader.pidNs; t = tasks[t.ppid]) {
		if (groups[t.group].subreaper && !isGone(d.state, groups[t.group])) return t.tgid;
	}
	return leader.pidNs === 0 ? INIT : pidsOf(d.state, leader.pidNs).init;
}

/** The parent or tracer gets the exit signal and who waits wakes; nobody need wait when the parent does not want to know (do_notify_parent). */
function tellOfEnd(d: Decision, pid: number): void {
	const child = d.state.tasks[pid];
	const to = isTraced(child) ? child.trace.tracer : child.ppid;
	const parent = d.state.tasks[to];
	// The first task's parent is outside, and looks at it when all is over.
	if (to === 0) return;
	if (parent === undefined || isGone(d.state, d.state.groups[parent.group])) {
		if (to === INIT || (parent !== undefined && isInit(d.state, parent))) reap(d, pid);
		return;
	}
	// A tracer that is not the parent is told by SIGCHLD, whatever the parent wants to be told by.
	const signo = isTraced(child) && (parent.tgid !== child.ppid || pid !== child.tgid) ? Sig.SIGCHLD : child.exitSignal;
	let ignored = false;
	let wanted = signo !== 0;
	if (signo === Sig.SIGCHLD) {
		const { handler, flags } = actionOf(d.state, parent, Sig.SIGCHLD);
		ignored = handler === SIG_IGN || (flags & Sa.NOCLDWAIT) !== 0;
		wanted = handler !== SIG_IGN;
	}
	const status = endStatus(d.state, child);
	const killed = (status & 0x7f) !== 0;
	const code = !killed ? Code.CLD_EXITED : status & 0x80 ? Code.CLD_DUMPED : Code.CLD_KILLED;
	const target = parent.pid;
	const info = childInfo(d, child, parent, code, killed ? status & 0x7f : (status >> 8) & 0xff, signo);
	if (wanted) postSignal(d, target, true, info);
	fireChildWaits(d, child, to);
	if (ignored) reap(d, pid);
}

/** Nobody waits for it. */
function reap(d: Decision, pid: number): void {
	const chain = chainOf(d.state, d.state.tasks[pid].pidNs);
	d.emit({ kind: 'task/reap', task: pid, group: 0, times: null });
	forgetPids(d, chain);
}

/** A thread group's leader is waited for by the deciding task: its times are among those of the children from now on. */
export function reapChild(d: Decision, pid: number): void {
	const { group, pidNs } = d.state.tasks[pid];
	const used = addTimes(groupTimes(d.state, group), d.state.groups[group].childTimes);
	const times = addTimes(d.group.childTimes, used);
	const chain = chainOf(d.state, pidNs);
	d.emit({ kind: 'task/reap', task: pid, group: d.task.group, times });
	forgetPids(d, chain);
}

/** A tracer has waited for one that ended and is not its child, or is a thread: it is the parent's now (wait_task_zombie). */
export function reapTracee(d: Decision, pid: number): void {
	d.emit({ kind: 'task/set', task: pid, fields: { trace: null } });
	endedUntraced(d, pid);
}
