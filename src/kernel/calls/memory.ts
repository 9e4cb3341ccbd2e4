/**
 * Calls about mappings: brk, mmap, munmap, mprotect, mremap, msync, mincore, madvise. (Locking is in `lock.ts`.)
 * Follows mm/mmap.c, mm/mprotect.c, mm/mremap.c, mm/madvise.c of Linux 6.1.
 */
import type { Vma } from '../../events/entities.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import { vmaAt } from '../../reducers/address-space.ts';
import { Vm } from '../../reducers/state.ts';
import { vmasIn } from '../../reducers/vma.ts';
import { Errno } from '../abi/errno.ts';
import { MADV, MREMAP, MS, PROT, READ_IMPLIES_EXEC, RLIM_INFINITY, RLIMIT } from '../abi/mm.ts';
import type { Decision, Outcome } from '../decision.ts';
import { TASK_SIZE } from '../elf.ts';
import {
	beyondMay,
	futureLockAllowed,
	intersecting,
	isPageAligned,
	MAY,
	map,
	mapMemory,
	pageAlign,
	protectionFlags,
	startWithGap,
	unmap,
	unmappedArea,
} from '../mappings.ts';
import { enoughMemory } from '../memory-limit.ts';
import { mayExpand } from '../memory-rlimits.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { lockRows } from './lock.ts';

const RWX = Vm.READ | Vm.WRITE | Vm.EXEC;

/** brk: the new end of the heap, or the old one when it cannot be had. */
const brk: Handler = (d, [wanted]) => {
	const { mm } = d;
	const kept = mm.brk | 0;
	if (wanted < mm.startBrk) return kept;
	const limit = d.group.rlimits[RLIMIT.DATA][0];
	if (limit !== RLIM_INFINITY && wanted - mm.startBrk + (mm.endData - mm.startData) > limit) return kept;
	const from = pageAlign(mm.brk);
	const to = pageAlign(wanted);
	if (to < from && wanted <= mm.brk) {
		unmap(d, to, from);
	} else if (to > from) {
		const next = mm.vmas.find((v) => v.end > from);
		if (next !== undefined && to + PAGE_SIZE > startWithGap(next)) return kept;
		const execute = d.task.personality & READ_IMPLIES_EXEC ? Vm.EXEC : 0;
		const flags = Vm.READ | Vm.WRITE | execute | MAY | Vm.ACCOUNT | mm.defFlags;
		if (unmappedArea(mm, from, to - from, true) < 0 || !futureLockAllowed(d, flags, to - from)) return kept;
		if (!mayExpand(mm, d.group, flags, (to - from) / PAGE_SIZE)) return kept;
		if (!enoughMemory(d, flags, (to - from) / PAGE_SIZE)) return kept;
		map(d, { start: from, end: to, flags });
	}
	d.emit({ kind: 'mm/set', mm: mm.id, fields: { brk: wanted } });
	return wanted | 0;
};

const mmap2: Handler = (d, [address, length, prot, flags, fd, pgoff]) =>
	mapMemory(d, { address, length, prot, flags, fd, pgoff });

/** The first mmap call of i386: its arguments are six words in memory, the offset in bytes. */
const oldMmap: Handler = (d, [pointer]) => {
	const bytes = d.read(pointer, 24);
	if (bytes === undefined) return -Errno.EFAULT;
	const view = new DataView(bytes.buffer, bytes.byteOffset, 24);
	const [address, length, prot, flags, fd, offset] = Array.from({ length: 6 }, (_, i) => view.getUint32(4 * i, true));
	if (!isPageAligned(offset)) return -Errno.EINVAL;
	return mapMemory(d, { address, length, prot, flags, fd, pgoff: offset / PAGE_SIZE });
};

/** do_munmap: 0, or -EINVAL for a range that is no user range. `length` may be 0 only from munmap itself. */
function unmapRange(d: Decision, start: number, length: number): number {
	if (!isPageAligned(start) || start > TASK_SIZE || length > TASK_SIZE - start || length === 0) return -Errno.EINVAL;
	unmap(d, start, start + pageAlign(length));
	return 0;
}

const munmap: Handler = (d, [start, length]) => unmapRange(d, start, length);

const mprotect: Handler = (d, [address, length, protection]) => {
	const grows = protection & (PROT.GROWSDOWN | PROT.GROWSUP);
	const prot = protection & ~grows;
	if (grows === (PROT.GROWSDOWN | PROT.GROWSUP) || !isPageAligned(address)) return -Errno.EINVAL;
	if (length === 0) return 0;
	const end = address + pageAlign(length);
	if (prot & ~(PROT.READ | PROT.WRITE | PROT.EXEC | PROT.SEM)) return -Errno.EINVAL;
	const first = d.mm.vmas.find((v) => v.end > address);
	if (first === undefined) return -Errno.ENOMEM;
	let start = address;
	if (grows === PROT.GROWSDOWN) {
		if (first.start >= end) return -Errno.ENOMEM;
		if (!(first.flags & Vm.GROWSDOWN)) return -Errno.EINVAL;
		start = first.start;
	} else {
		if (first.start > address) return -Errno.ENOMEM;
		if (grows === PROT.GROWSUP) return -Errno.EINVAL;
	}
	for (const vma of vmasIn(d.mm.vmas, start, end)) {
		// A hole: what came before it has changed already, as in Linux.
		if (vma.start !== start) return -Errno.ENOMEM;
		const error = protect(d, vma, prot);
		if (error !== 0) return error;
		start = vma.end;
	}
	return start < end ? -Errno.ENOMEM : 0;
};

/** mprotect_fixup of one VMA (or a part of one). */
function protect(d: Decision, vma: Vma, prot: number): number {
	let flags = (vma.flags & ~RWX) | protectionFlags(d, prot);
	if (beyondMay(flags)) return -Errno.EACCES;
	if (flags === vma.flags) return 0;
	if (flags & Vm.WRITE) {
		const count = (vma.end - vma.start) / PAGE_SIZE;
		if (!mayExpand(d.mm, d.group, flags, count) && mayExpand(d.mm, d.group, vma.flags, count)) return -Errno.ENOMEM;
		if (!(vma.flags & (Vm.ACCOUNT | Vm.WRITE | Vm.SHARED | Vm.NORESERVE))) {
			if (!enoughMemory(d, flags, count)) return -Errno.ENOMEM;
			flags |= Vm.ACCOUNT;
		}
	}
	setFlags(d, vma, vma.flags & ~flags, flags & ~vma.flags);
	return 0;
}

function setFlags(d: Decision, { start, end }: Vma, clear: number, set: number): void {
	if (clear !== 0 || set !== 0) d.emit({ kind: 'mm/flags', mm: d.mm.id, start, end, clear, set });
}

const mremap: Handler = (d, [address, oldSize, newSize, flags, newAddress]) => {
	if (flags & ~(MREMAP.FIXED | MREMAP.MAYMOVE | MREMAP.DONTUNMAP)) return -Errno.EINVAL;
	if (flags & MREMAP.FIXED && !(flags & MREMAP.MAYMOVE)) return -Errno.EINVAL;
	// What stays mapped is always moved from, and keeps its size.
	const stays = (flags & MREMAP.DONTUNMAP) !== 0;
	if (stays && (!(flags & MREMAP.MAYMOVE) || oldSize !== newSize)) return -Errno.EINVAL;
	if (!isPageAligned(address)) return -Errno.EINVAL;
	const oldLength = pageAlign(oldSize);
	const newLength = pageAlign(newSize);
	if (newLength === 0 || newLength > TASK_SIZE) return -Errno.EINVAL;
	if (stays) return moveKeeping(d, address, newLength, newAddress, (flags & MREMAP.FIXED) !== 0);
	if (flags & MREMAP.FIXED) return moveTo(d, address, oldLength, newLength, newAddress);
	const vma = vmaAt(d.mm, address);
	if (vma === undefined) return -Errno.EFAULT;
	if (oldLength >= newLength) {
		if (oldLength > newLength) {
			const error = unmapRange(d, address + newLength, oldLength - newLength);
			if (error !== 0) return error;
		}
		return address | 0;
	}
	const error = resizable(d, vma, address, oldLength, newLength);
	if (error !== 0) return error;
	const end = address + newLength;
	if (oldLength === vma.end - address && end <= TASK_SIZE && !intersecting(d.mm, vma.end, end)) {
		extend(d, vma, end);
		return address | 0;
	}
	if (!(flags & MREMAP.MAYMOVE)) return -Errno.ENOMEM;
	const to = unmappedArea(d.mm, 0, newLength, false);
	return to < 0 ? to : move(d, vma, address, oldLength, newLength, to);
};

/** MREMAP_FIXED. All is checked before the target is cleared, as Linux does since 6.17 (before, it was cleared first). */
function moveTo(d: Decision, address: number, oldLength: number, newLength: number, to: number): number {
	if (!isPageAligned(to) || to > TASK_SIZE - newLength) return -Errno.EINVAL;
	if (address + oldLength > to && to + newLength > address) return -Errno.EINVAL;
	const kept = Math.min(oldLength, newLength);
	const before = vmaAt(d.mm, address);
	const error = before === undefined ? -Errno.EFAULT : resizable(d, before, address, kept, newLength);
	if (error !== 0) return error;
	unmap(d, to, to + newLength);
	const rest = oldLength > newLength ? unmapRange(d, address + newLength, oldLength - newLength) : 0;
	if (rest !== 0) return rest;
	const vma = vmaAt(d.mm, address);
	return vma === undefined ? -Errno.EFAULT : move(d, vma, address, kept, newLength, to);
}

/** MREMAP_DONTUNMAP: the pages go, an empty mapping stays where they were, without its lock. @param hint or the place, if `fixed` */
function moveKeeping(d: Decision, from: number, length: number, hint: number, fixed: boolean): number {
	if (!isPageAligned(hint) || hint > TASK_SIZE - length) return -Errno.EINVAL;
	if (from + length > hint && hint + length > from) return -Errno.EINVAL;
	const vma = vmaAt(d.mm, from);
	if (vma === undefined) return -Errno.EFAULT;
	if (vma.flags & Vm.DONTEXPAND) return -Errno.EINVAL;
	const error = resizable(d, vma, from, length, length);
	if (error !== 0) return error;
	if (!mayExpand(d.mm, d.group, vma.flags, length / PAGE_SIZE)) return -Errno.ENOMEM;
	if (fixed) unmap(d, hint, hint + length);
	const to = unmappedArea(d.mm, hint, length, fixed);
	if (to < 0) return to;
	move(d, vma, from, length, length, to);
	const pgoff = vma.object === 0 ? 0 : vma.pgoff + (from - vma.start) / PAGE_SIZE;
	map(d, { ...vma, start: from, end: from + length, pgoff, flags: vma.flags & ~Vm.LOCKED });
	return to | 0;
}

/** vma_to_resize: 0 or -errno. */
function resizable(d: Decision, vma: Vma, address: number, oldLength: number, newLength: number): number {
	if (oldLength === 0 && !(vma.flags & (Vm.SHARED | Vm.MAYSHARE))) return -Errno.EINVAL;
	if (address + oldLength > vma.end) return -Errno.EFAULT;
	if (newLength === oldLength) return 0;
	if (vma.flags & Vm.DONTEXPAND) return -Errno.EFAULT;
	const more = newLength - oldLength;
	if (!futureLockAllowed(d, vma.flags, more)) return -Errno.EAGAIN;
	const allowed = mayExpand(d.mm, d.group, vma.flags, more / PAGE_SIZE);
	return allowed && (!(vma.flags & Vm.ACCOUNT) || enoughMemory(d, vma.flags, more / PAGE_SIZE)) ? 0 : -Errno.ENOMEM;
}

/** The mapping goes on up to `end`; what is there must be free. */
function extend(d: Decision, vma: Vma, end: number): void {
	const pgoff = vma.object === 0 ? 0 : vma.pgoff + (vma.end - vma.start) / PAGE_SIZE;
	map(d, { ...vma, start: vma.end, end, pgoff });
}

function move(d: Decision, vma: Vma, from: number, oldLength: number, newLength: number, to: number): number {
	const pgoff = vma.object === 0 ? 0 : vma.pgoff + (from - vma.start) / PAGE_SIZE;
	const moved = { ...vma, start: to, end: to + oldLength, pgoff };
	if (oldLength > 0) d.emit({ kind: 'mm/move', mm: d.mm.id, from, to, length: oldLength });
	if (newLength > oldLength) extend(d, moved, to + newLength);
	return to | 0;
}

const msync: Handler = (d, [start, length, flags]) => {
	if (flags & ~(MS.ASYNC | MS.INVALIDATE | MS.SYNC) || !isPageAligned(start)) return -Errno.EINVAL;
	if (flags & MS.ASYNC && flags & MS.SYNC) return -Errno.EINVAL;
	const end = start + pageAlign(length);
	if (end === start) return 0;
	let at = start;
	for (const vma of vmasIn(d.mm.vmas, start, end)) {
		if (flags & MS.INVALIDATE && vma.flags & Vm.LOCKED) return -Errno.EBUSY;
		if (vma.start === at) at = vma.end;
	}
	return at < end ? -Errno.ENOMEM : 0;
};

const mincore: Handler = (d, [start, length, vector]) => {
	if (!isPageAligned(start)) return -Errno.EINVAL;
	if (start + length > TASK_SIZE) return -Errno.ENOMEM;
	const count = pageAlign(length) / PAGE_SIZE;
	if (count > 0 && !d.writable(vector, count)) return -Errno.EFAULT;
	if (mapped(d, start, start + count * PAGE_SIZE) < count * PAGE_SIZE) return -Errno.ENOMEM;
	d.write(vector, new Uint8Array(count).fill(1));
	return 0;
};

/** Bytes of [start, end) that are mapped. */
function mapped(d: Decision, start: number, end: number): number {
	return vmasIn(d.mm.vmas, start, end).reduce((n, v) => n + v.end - v.start, 0);
}

const madvise: Handler = (d, [start, length, advice]) => {
	const advise = ADVICE[advice];
	if (advise === undefined || !isPageAligned(start)) return -Errno.EINVAL;
	const end = start + pageAlign(length);
	// Words of 32 bits: what wraps is no range.
	if (end >= 2 ** 32) return -Errno.EINVAL;
	if (end === start) return 0;
	for (const vma of vmasIn(d.mm.vmas, start, end)) {
		const error = advise(d, vma);
		if (error !== 0) return error;
	}
	return mapped(d, start, end) < end - start ? -Errno.ENOMEM : 0;
};

const flagAdvice =
	(clear: number, set: number) =>
	(d: Decision, vma: Vma): number => {
		setFlags(d, vma, vma.flags & clear, set & ~vma.flags);
		return 0;
	};
const nothing = (): number => 0;
const discard = (d: Decision, { start, end }: Vma): number => {
	d.emit({ kind: 'mm/discard', mm: d.mm.id, start, end });
	return 0;
};
const READ_AHEAD = Vm.SEQ_READ | Vm.RAND_READ;

/** What an advice does to a VMA: 0 or -errno. An advice that is not here is EINVAL, as in a kernel without huge pages and KSM. */
const ADVICE: { readonly [advice: number]: (d: Decision, vma: Vma) => number } = {
	[MADV.NORMAL]: flagAdvice(READ_AHEAD, 0),
	[MADV.RANDOM]: flagAdvice(Vm.SEQ_READ, Vm.RAND_READ),
	[MADV.SEQUENTIAL]: flagAdvice(Vm.RAND_READ, Vm.SEQ_READ),
	[MADV.WILLNEED]: nothing,
	[MADV.DONTNEED]: (d, vma) => (vma.flags & Vm.LOCKED ? -Errno.EINVAL : discard(d, vma)),
	[MADV.DONTNEED_LOCKED]: (d, vma) => discard(d, vma),
	// Freed only under memory pressure, of which there is none.
	[MADV.FREE]: (_d, vma) => (vma.object === 0 ? 0 : -Errno.EINVAL),
	[MADV.DONTFORK]: flagAdvice(0, Vm.DONTCOPY),
	[MADV.DOFORK]: flagAdvice(Vm.DONTCOPY, 0),
	[MADV.WIPEONFORK]: (d, vma) => (vma.object === 0 ? flagAdvice(0, Vm.WIPEONFORK)(d, vma) : -Errno.EINVAL),
	[MADV.KEEPONFORK]: flagAdvice(Vm.WIPEONFORK, 0),
	// About core dumps, which are not made.
	[MADV.DONTDUMP]: nothing,
	[MADV.DODUMP]: (_d, vma) => (vma.flags & Vm.DONTEXPAND ? -Errno.EINVAL : 0),
	[MADV.COLD]: (_d, vma) => (vma.flags & Vm.LOCKED ? -Errno.EINVAL : 0),
	[MADV.PAGEOUT]: (_d, vma) => (vma.flags & Vm.LOCKED ? -Errno.EINVAL : 0),
	[MADV.POPULATE_READ]: (_d, vma) => (vma.flags & Vm.READ ? 0 : -Errno.EINVAL),
	[MADV.POPULATE_WRITE]: (_d, vma) => (vma.flags & Vm.WRITE ? 0 : -Errno.EINVAL),
};

/** remap_file_pages: emulated by mmap in Linux since 4.0, and used by nobody. */
const remapFilePages = (): Outcome => -Errno.ENOSYS;

export const memoryRows: readonly SyscallRow[] = [
	...lockRows,
	{ nr: 45, name: 'brk', args: ['addr'], result: 'addr', support: 'full', handler: brk },
	{ nr: 90, name: 'mmap', args: ['addr'], result: 'addr', support: 'full', handler: oldMmap },
	{ nr: 91, name: 'munmap', args: ['addr', 'size'], support: 'full', handler: munmap },
	{ nr: 125, name: 'mprotect', args: ['addr', 'size', 'flags:PROT'], support: 'full', handler: mprotect },
	{ nr: 144, name: 'msync', args: ['addr', 'size', 'flags:MS'], support: 'full', handler: msync },
	{
		nr: 163,
		name: 'mremap',
		args: ['addr', 'size', 'size', 'flags:MREMAP', 'addr'],
		result: 'addr',
		support: 'full',
		handler: mremap,
	},
	{
		nr: 192,
		name: 'mmap2',
		args: ['addr', 'size', 'flags:PROT', 'flags:MAP', 'fd', 'hex'],
		result: 'addr',
		support: 'partial',
		note: 'no huge pages',
		handler: mmap2,
	},
	{
		nr: 218,
		name: 'mincore',
		args: ['addr', 'size', 'addr'],
		support: 'partial',
		note: 'every mapped page counts as resident',
		handler: mincore,
	},
	{
		nr: 219,
		name: 'madvise',
		args: ['addr', 'size', 'enum:MADV'],
		support: 'partial',
		note: 'MADV_REMOVE, MERGEABLE, HUGEPAGE and COLLAPSE are EINVAL',
		handler: madvise,
	},
	{
		nr: 257,
		name: 'remap_file_pages',
		args: ['addr', 'size', 'flags:PROT', 'ulong', 'flags:MAP'],
		support: 'none',
		handler: remapFilePages,
	},
];
