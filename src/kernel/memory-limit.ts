/**
 * What memory the machine has: persona.memoryBytes, and no swap. A request that exceeds it at once is refused, as overcommit's
 * heuristic does (mm/util.c __vm_enough_memory); whoever touches a page that is not there any more is killed.
 */
import { PAGE_SIZE } from '../events/pages.ts';
import type { MachineState } from '../reducers/state.ts';
import { Vm } from '../reducers/state.ts';
import { Sig } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { isAlive, kernelInfo } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';

/** Pages of memory. */
export function memoryPages({ persona }: MachineState): number {
	return Math.floor(persona.memoryBytes / PAGE_SIZE);
}

/**
 * Pages that a state holds: of processes, of shared memory, of files that were read or written (nothing is dropped). What a fork
 * copies counts for both, as long as neither writes to it too.
 */
export function heldPages({ objects }: MachineState): number {
	let pages = 0;
	for (const { kind, pages: held } of Object.values(objects)) if (kind !== 'vdso') pages += held.size;
	return pages;
}

/** Pages that are in use now, those in the processor included. */
export function usedPages(d: Decision): number {
	return heldPages(d.state) + (d.view.memory.fresh ?? 0);
}

/** Pages that are free; never below 0. */
export function freePages(d: Decision): number {
	return Math.max(0, memoryPages(d.state) - usedPages(d));
}

/** Whether a mapping with such flags may have `count` more pages: only what alone exceeds the machine's memory is refused. */
export function enoughMemory(d: Decision, flags: number, count: number): boolean {
	const accounted = (flags & (Vm.NORESERVE | Vm.WRITE)) === Vm.WRITE;
	return !accounted || count <= memoryPages(d.state);
}

/**
 * There is no page for the deciding task: everybody who has its address space is killed, as with vm.oom_kill_allocating_task=1.
 * @param used pages in use
 */
export function killForMemory(d: Decision, used: number): void {
	d.emit({ kind: 'task/oom', task: d.pid, used, limit: memoryPages(d.state) });
	const { mm } = d.task;
	const groups = new Set(Object.values(d.state.tasks).flatMap((t) => (t.mm === mm ? [t.group] : [])));
	for (const group of groups) {
		const alive = d.state.groups[group].threads.find((pid) => isAlive(d.state.tasks[pid]));
		if (alive !== undefined) postSignal(d, alive, true, kernelInfo(Sig.SIGKILL));
	}
}
