/** Growth of stack mappings on a fault below them (Linux: expand_stack, acct_stack_growth). */
import type { Mm, ThreadGroup } from '../events/entities.ts';
import type { MemoryEvent } from '../events/memory.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { findVmaIndex } from '../reducers/address-space.ts';
import type { MachineState } from '../reducers/state.ts';
import { Vm } from '../reducers/state.ts';
import { mayExpand } from './memory-rlimits.ts';

/** Pages kept free between a stack and the mapping below it (stack_guard_gap: 256 pages). */
const GUARD_GAP = 256 * PAGE_SIZE;
const RLIMIT_STACK = 3;

/** The event that makes `address` part of the stack above it, or undefined when it cannot or need not be. */
export function stackGrowth(_state: MachineState, mm: Mm, group: ThreadGroup, address: number): MemoryEvent | undefined {
	const i = findVmaIndex(mm.vmas, address);
	const vma = mm.vmas[i];
	if (vma === undefined || vma.start <= address || !(vma.flags & Vm.GROWSDOWN)) return undefined;
	const start = address - (address % PAGE_SIZE);
	if (vma.end - start > group.rlimits[RLIMIT_STACK][0]) return undefined;
	if (!mayExpand(mm, group, vma.flags, (vma.start - start) / PAGE_SIZE)) return undefined;
	const below = mm.vmas[i - 1];
	if (below !== undefined && !(below.flags & Vm.GROWSDOWN) && below.flags & 7 && start - below.end < GUARD_GAP) return undefined;
	return { kind: 'mm/resize', mm: mm.id, start: vma.start, newStart: start, newEnd: vma.end };
}
