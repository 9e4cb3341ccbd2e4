/** What resource limits say of an address space (mm/mmap.c may_expand_vm): RLIMIT_AS, RLIMIT_DATA, what is locked. */
import type { Mm, ThreadGroup, Vma } from '../events/entities.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { Vm } from '../reducers/state.ts';
import { RLIM_INFINITY, RLIMIT } from './abi/mm.ts';

const pages = (vma: Vma): number => (vma.end - vma.start) / PAGE_SIZE;
/** Private, writable and no stack: what RLIMIT_DATA counts. */
export const isData = (flags: number): boolean => (flags & (Vm.WRITE | Vm.SHARED | Vm.GROWSDOWN)) === Vm.WRITE;

/** may_expand_vm: whether RLIMIT_AS and RLIMIT_DATA allow `count` more pages with these flags. */
export function mayExpand(mm: Mm, group: ThreadGroup, flags: number, count: number): boolean {
	const [space] = group.rlimits[RLIMIT.AS];
	if (space !== RLIM_INFINITY && exceeds((mappedPages(mm, () => true) + count) * PAGE_SIZE, space)) return false;
	if (!isData(flags)) return true;
	const [soft, hard] = group.rlimits[RLIMIT.DATA];
	// A soft limit of 0 is what valgrind sets and means the hard one.
	const data = soft === 0 ? hard : soft;
	return data === RLIM_INFINITY || !exceeds((mappedPages(mm, isData) + count) * PAGE_SIZE, data);
}

/** Pages of the mappings with such flags. */
export const mappedPages = (mm: Mm, counts: (flags: number) => boolean): number =>
	mm.vmas.reduce((n, v) => (counts(v.flags) ? n + pages(v) : n), 0);

const exceeds = (bytes: number, limit: number): boolean => limit !== RLIM_INFINITY && bytes > limit - (limit % PAGE_SIZE);

/** Bytes of locked memory. */
export const lockedBytes = (mm: Mm): number =>
	mm.vmas.filter((v) => v.flags & Vm.LOCKED).reduce((n, v) => n + v.end - v.start, 0);
