/**
 * Who a pid is (kernel/pid.c, kernel/pid_namespace.c of Linux 6.1). The machine knows everyone by the number of the container's
 * namespace. A task in another one (`Task.pidNs`) sees and says the numbers of that, and nobody that has none there.
 */
import type { PidNamespace, Task } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { PID_MAX, RESERVED_PIDS } from '../reducers/task.ts';
import { Errno } from './abi/errno.ts';
import type { Decision } from './decision.ts';

/** Namespaces that may be around one (MAX_PID_NS_LEVEL). */
export const MAX_PID_NS_LEVEL = 32;

/** What a pid namespace other than the container's holds. */
export function pidsOf(state: MachineState, ns: number): PidNamespace {
	const anon = state.anons[ns];
	if (anon?.kind !== 'ns' || anon.pids === null) throw new Error(`internal error: anon ${ns} is no pid namespace`);
	return anon.pids;
}

/** The number of a pid in a namespace (pid_nr_ns); 0 = it is not seen from there. */
export function numberIn(state: MachineState, ns: number, pid: number): number {
	if (ns === 0) return pid;
	return pidsOf(state, ns).numbers.find((n) => n.pid === pid)?.nr ?? 0;
}

/** The pid with a number in a namespace (find_pid_ns); 0 = nobody. */
export function pidIn(state: MachineState, ns: number, nr: number): number {
	if (ns === 0) return nr;
	return pidsOf(state, ns).numbers.find((n) => n.nr === nr)?.pid ?? 0;
}

/** The number of a pid as the deciding task sees it (pid_vnr); 0 = it does not. */
export function numberOf(d: Decision, pid: number): number {
	return numberIn(d.state, d.task.pidNs, pid);
}

/** The pid that the deciding task means by a number (find_vpid); 0 = nobody. */
export function pidOf(d: Decision, nr: number): number {
	return pidIn(d.state, d.task.pidNs, nr);
}

/** The task that the deciding task means by a number (find_task_by_vpid). */
export function taskOf(d: Decision, nr: number): Task | undefined {
	return d.state.tasks[pidOf(d, nr)];
}

/** As `taskOf`; 0 means the caller itself. */
export function taskOrOwn(d: Decision, nr: number): Task | undefined {
	return nr === 0 ? d.task : taskOf(d, nr);
}

/** A namespace and those around it, the innermost first; the container's is not among them. */
export function chainOf(state: MachineState, ns: number): readonly number[] {
	const chain: number[] = [];
	for (let at = ns; at !== 0; at = pidsOf(state, at).parent) chain.push(at);
	return chain;
}

/** Whether a process is the init of its pid namespace (SIGNAL_UNKILLABLE). */
export function isInit(state: MachineState, { tgid, pidNs }: Task): boolean {
	return pidNs !== 0 && pidsOf(state, pidNs).init === tgid;
}

/** The numbers that the next task gets: in the container, and in its own namespace and each around it, the innermost first. */
export interface Numbers {
	readonly pid: number;
	readonly inner: readonly { readonly nr: number; readonly next: number }[];
}

/**
 * alloc_pid.
 * @param chain the namespace that the task is born in and those around it, the innermost first, without the container's
 * @param chosen set_tid: numbers asked for, the innermost namespace's first
 * @returns or -errno: EAGAIN none is left, ENOMEM the namespace's init has ended, EINVAL EPERM EEXIST of what is asked for
 */
export function allocate(d: Decision, chain: readonly PidNamespace[], chosen: readonly number[]): Numbers | number {
	const { state } = d;
	if (chosen.length > chain.length + 1) return -Errno.EINVAL;
	const inner: { nr: number; next: number }[] = [];
	for (const [i, { numbers, next, init }] of chain.entries()) {
		const used = new Set(numbers.map((n) => n.nr));
		const isUsed = (n: number) => used.has(n);
		const nr = i < chosen.length ? asked(d, chosen[i], init !== 0, isUsed) : free(next, isUsed);
		if (nr <= 0) return nr === 0 ? -Errno.EAGAIN : nr;
		inner.push({ nr, next: i < chosen.length ? next : after(nr) });
	}
	const used = lastingPids(state);
	const isUsed = (pid: number) => state.tasks[pid] !== undefined || used.has(pid);
	const own = chosen.length > chain.length ? chosen[chain.length] : undefined;
	// The container's init is not in the machine.
	const pid = own !== undefined ? asked(d, own, true, (nr) => nr === 1 || isUsed(nr)) : free(state.next.pid, isUsed);
	if (pid <= 0) return pid === 0 ? -Errno.EAGAIN : pid;
	return chain.some(({ ended }) => ended) ? -Errno.ENOMEM : { pid, inner };
}

/** A new task has the numbers that were found for it. @param ns the namespace it is born in */
export function enterNumbers(d: Decision, ns: number, { pid, inner }: Numbers): void {
	for (const [i, id] of chainOf(d.state, ns).entries()) d.emit({ kind: 'pid/enter', ns: id, pid, ...inner[i] });
}

/** Pids that may be in use though no task has them: of process groups and sessions, and what a namespace has not forgotten yet. */
function lastingPids({ groups, anons }: MachineState): Set<number> {
	const pids = new Set<number>();
	for (const { pgrp, session } of Object.values(groups)) pids.add(pgrp).add(session);
	for (const anon of Object.values(anons)) if (anon.kind === 'ns') for (const { pid } of anon.pids?.numbers ?? []) pids.add(pid);
	return pids;
}

/** The number after one; past the highest the search begins again above those that the first daemons have. */
function after(nr: number): number {
	return nr + 1 >= PID_MAX ? RESERVED_PIDS : nr + 1;
}

/** The first free number from `next` on; 0 = there is none. */
function free(next: number, isUsed: (nr: number) => boolean): number {
	for (let nr = next, n = 0; n < PID_MAX; n++, nr = after(nr)) if (!isUsed(nr)) return nr;
	return 0;
}

/** A number that set_tid asks for, or -errno. Before a namespace has an init, only that is born. */
function asked(d: Decision, nr: number, hasInit: boolean, isUsed: (nr: number) => boolean): number {
	if (nr < 1 || nr >= PID_MAX || (nr !== 1 && !hasInit)) return -Errno.EINVAL;
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	return isUsed(nr) ? -Errno.EEXIST : nr;
}

/**
 * A task was reaped, or a thread took its group's pid: its namespaces forget pids that are nobody's any more (free_pid).
 * @param chain those namespaces; ones that went with the task have nothing to forget
 */
export function forgetPids(d: Decision, chain: readonly number[]): void {
	const { tasks, groups } = d.state;
	const isUsed = (pid: number) =>
		tasks[pid] !== undefined || Object.values(groups).some((g) => g.pgrp === pid || g.session === pid);
	for (const id of chain.filter((ns) => d.state.anons[ns] !== undefined)) {
		for (const { pid } of pidsOf(d.state, id).numbers) if (!isUsed(pid)) d.emit({ kind: 'pid/leave', ns: id, pid });
	}
}
