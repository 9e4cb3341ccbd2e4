/**
 * Making, finding room for and removing mappings: what mmap, brk, mremap and shmat share.
 * Follows mm/mmap.c and mm/util.c of Linux 6.1 on i386 (top-down layout).
 */
import type { Mm, OpenFile, Vma } from '../events/entities.ts';
import { PAGE_SIZE, Pages } from '../events/pages.ts';
import { findVmaIndex } from '../reducers/address-space.ts';
import { Vm } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { O, SEAL } from './abi/fcntl.ts';
import { MAP, PROT, READ_IMPLIES_EXEC, RLIM_INFINITY, RLIMIT } from './abi/mm.ts';
import { MS } from './abi/mount.ts';
import type { Decision, NeedInput } from './decision.ts';
import { TASK_SIZE } from './elf.ts';
import { DEVICE, needContent } from './file-data.ts';
import { enoughMemory } from './memory-limit.ts';
import { lockedBytes, mayExpand } from './memory-rlimits.ts';
import { hasFlag } from './mounts.ts';
import { usableFileAt } from './open-file.ts';
import { wholePath } from './seen-paths.ts';

/** vm.mmap_min_addr. */
export const MMAP_MIN_ADDR = 0x10000;
/** vm.max_map_count. */
const MAX_MAP_COUNT = 65530;
/** Pages kept free below a stack. */
const STACK_GUARD_GAP = 256 * PAGE_SIZE;
/** Where the search goes upwards from when there is no room below mmapBase (TASK_UNMAPPED_BASE). */
const UNMAPPED_BASE = Math.ceil(TASK_SIZE / 3 / PAGE_SIZE) * PAGE_SIZE;
export const MAY = Vm.MAYREAD | Vm.MAYWRITE | Vm.MAYEXEC;
const RWX = Vm.READ | Vm.WRITE | Vm.EXEC;

/**
 * Up to a multiple of the page size. Sums and sizes may pass 2^32 and do not wrap: a range beyond the address space is
 * answered as a 64-bit kernel answers a 32-bit program, which is what such a program meets nowadays.
 */
export const pageAlign = (n: number): number => Math.ceil(n / PAGE_SIZE) * PAGE_SIZE;
export const isPageAligned = (n: number): boolean => n % PAGE_SIZE === 0;

/** Where a VMA claims room from: a stack keeps a gap below it (vm_start_gap). */
export function startWithGap(vma: Vma): number {
	return vma.flags & Vm.GROWSDOWN ? Math.max(0, vma.start - STACK_GUARD_GAP) : vma.start;
}

/** The first VMA that reaches into [start, end), or undefined. */
export function intersecting(mm: Mm, start: number, end: number): Vma | undefined {
	const vma = mm.vmas[findVmaIndex(mm.vmas, start)];
	return vma !== undefined && vma.start < end ? vma : undefined;
}

/**
 * get_unmapped_area: where `length` bytes (a multiple of the page size, > 0) may go: `hint` if it is free, else the highest
 * room below mmapBase, else the lowest above a third of the address space. An address, or -errno.
 */
export function unmappedArea(mm: Mm, hint: number, length: number, fixed: boolean): number {
	if (length > TASK_SIZE - MMAP_MIN_ADDR) return -Errno.ENOMEM;
	if (fixed) {
		if (hint > TASK_SIZE - length) return -Errno.ENOMEM;
		return isPageAligned(hint) ? hint : -Errno.EINVAL;
	}
	const { vmas } = mm;
	if (hint !== 0) {
		const at = pageAlign(hint);
		const next = vmas[findVmaIndex(vmas, at)];
		if (at <= TASK_SIZE - length && at >= MMAP_MIN_ADDR && (next === undefined || at + length <= startWithGap(next))) return at;
	}
	let end = mm.mmapBase;
	for (let i = findVmaIndex(vmas, mm.mmapBase); i >= 0; i--) {
		if (vmas[i] !== undefined) end = Math.min(end, startWithGap(vmas[i]));
		const start = Math.max(i > 0 ? vmas[i - 1].end : 0, MMAP_MIN_ADDR);
		if (end - start >= length) return end - length;
	}
	let start = UNMAPPED_BASE;
	for (let i = findVmaIndex(vmas, start); ; i++) {
		const next = vmas[i];
		const limit = next === undefined ? TASK_SIZE : startWithGap(next);
		if (limit - start >= length) return start;
		if (next === undefined) return -Errno.ENOMEM;
		start = Math.max(start, next.end);
	}
}

/** CAP_IPC_LOCK: the container's root has it. */
export const mayLockAny = (d: Decision): boolean => d.task.creds.euid === 0;

/** mlock_future_check: whether `length` more bytes may be mapped when new mappings are locked. */
export function futureLockAllowed(d: Decision, flags: number, length: number): boolean {
	if (!(flags & Vm.LOCKED) || mayLockAny(d)) return true;
	const limit = d.group.rlimits[RLIMIT.MEMLOCK][0];
	return limit === RLIM_INFINITY || lockedBytes(d.mm) + length <= limit - (limit % PAGE_SIZE);
}

/** VM_READ, VM_WRITE, VM_EXEC of PROT_*, with what the personality adds. */
export function protectionFlags(d: Decision, prot: number): number {
	const execute = prot & PROT.EXEC || (prot & PROT.READ && d.task.personality & READ_IMPLIES_EXEC);
	return (prot & (PROT.READ | PROT.WRITE)) | (execute ? Vm.EXEC : 0);
}

/** Removes what is mapped in [start, end), if anything is. */
export function unmap(d: Decision, start: number, end: number): void {
	if (intersecting(d.mm, start, end)) d.emit({ kind: 'mm/unmap', mm: d.mm.id, start, end });
}

/** Emits a new private anonymous or other mapping. */
export function map(d: Decision, vma: Pick<Vma, 'start' | 'end' | 'flags'> & Partial<Vma>): void {
	d.emit({ kind: 'mm/map', mm: d.mm.id, vma: { object: 0, pgoff: 0, inode: 0, path: '', ...vma } });
}

/** What do_mmap is asked for. `address`, `length` in bytes, `pgoff` in pages, all u32; flags and prot as the call has them. */
export interface MapRequest {
	readonly address: number;
	readonly length: number;
	readonly prot: number;
	readonly flags: number;
	/** Descriptor; not looked at when MAP_ANONYMOUS is set. */
	readonly fd: number;
	readonly pgoff: number;
}

/** mmap: the address, or -errno, or the contents of the file that are needed first. */
export function mapMemory(d: Decision, request: MapRequest): number | NeedInput {
	let { flags } = request;
	let file: OpenFile | undefined;
	if (!(flags & MAP.ANONYMOUS)) {
		file = usableFileAt(d, request.fd);
		if (file === undefined) return -Errno.EBADF;
	}
	if (flags & MAP.HUGETLB) return -Errno.EINVAL;
	if (request.length === 0) return -Errno.EINVAL;
	if (flags & MAP.FIXED_NOREPLACE) flags |= MAP.FIXED;
	const fixed = (flags & MAP.FIXED) !== 0;
	const length = pageAlign(request.length);
	if (length === 2 ** 32) return -Errno.ENOMEM;
	if (request.pgoff + length / PAGE_SIZE > 2 ** 32) return -Errno.EOVERFLOW;
	if (d.mm.vmas.length > MAX_MAP_COUNT) return -Errno.ENOMEM;
	let hint = request.address;
	if (!fixed) {
		hint -= hint % PAGE_SIZE;
		if (hint !== 0 && hint < MMAP_MIN_ADDR) hint = MMAP_MIN_ADDR;
	}
	const start = unmappedArea(d.mm, hint, length, fixed);
	if (start < 0) return start;
	if (fixed && start < MMAP_MIN_ADDR && d.task.creds.euid !== 0) return -Errno.EPERM;
	const end = start + length;
	if (flags & MAP.FIXED_NOREPLACE && intersecting(d.mm, start, end)) return -Errno.EEXIST;

	let vmFlags = protectionFlags(d, request.prot) | d.mm.defFlags | MAY;
	if (flags & MAP.GROWSDOWN) vmFlags |= Vm.GROWSDOWN;
	if (flags & MAP.NORESERVE) vmFlags |= Vm.NORESERVE;
	if (flags & MAP.LOCKED) {
		vmFlags |= Vm.LOCKED;
		if (d.group.rlimits[RLIMIT.MEMLOCK][0] === 0 && !mayLockAny(d)) return -Errno.EPERM;
	}
	if (!futureLockAllowed(d, vmFlags, length)) return -Errno.EAGAIN;
	const what = backing(d, file, request, flags, vmFlags);
	if (typeof what === 'number' || 'kind' in what) return what;
	vmFlags = what.flags;

	const reused = fixed ? overlap(d.mm, start, end) : 0;
	if (!mayExpand(d.mm, d.group, vmFlags, (length - reused) / PAGE_SIZE)) return -Errno.ENOMEM;
	const ours = what.object <= 0 && !(flags & MAP.NORESERVE);
	if (ours && !enoughMemory(d, vmFlags, length / PAGE_SIZE)) return -Errno.ENOMEM;
	if ((vmFlags & (Vm.NORESERVE | Vm.SHARED | Vm.WRITE)) === Vm.WRITE) vmFlags |= Vm.ACCOUNT;
	unmap(d, start, end);
	let { object } = what;
	if (object === NEW_SHARED) {
		object = d.state.next.object;
		d.emit({ kind: 'object/new', object: { id: object, kind: 'shared', pages: Pages.EMPTY, size: length } });
	}
	map(d, { start, end, flags: vmFlags, object, pgoff: what.pgoff, inode: what.inode, path: what.path });
	return start | 0;
}

interface Backing {
	readonly flags: number;
	readonly object: number;
	readonly pgoff: number;
	readonly inode: number;
	readonly path: string;
}

const NEW_SHARED = -1;

/** The second half of do_mmap's checks: what the pages come from, and the flags that follow. */
function backing(
	d: Decision,
	file: OpenFile | undefined,
	request: MapRequest,
	mapFlags: number,
	flags: number,
): Backing | number | NeedInput {
	const type = mapFlags & MAP.TYPE;
	const shared = type === MAP.SHARED || (type === MAP.SHARED_VALIDATE && file !== undefined);
	if (!shared && type !== MAP.PRIVATE) return -Errno.EINVAL;
	const anonymous = { object: shared ? NEW_SHARED : 0, pgoff: 0, inode: 0, path: '' };
	if (file === undefined) {
		if (shared && flags & Vm.GROWSDOWN) return -Errno.EINVAL;
		return { ...anonymous, flags: shared ? flags | Vm.SHARED | Vm.MAYSHARE : flags };
	}
	const access = file.flags & O.ACCMODE;
	if (shared) {
		if (type === MAP.SHARED_VALIDATE && mapFlags & MAP.SYNC) return -Errno.EOPNOTSUPP;
		if (request.prot & PROT.WRITE && access === O.RDONLY) return -Errno.EACCES;
		flags |= Vm.SHARED | Vm.MAYSHARE;
		if (access === O.RDONLY) flags &= ~(Vm.MAYWRITE | Vm.SHARED);
	}
	if (access === O.WRONLY) return -Errno.EACCES;
	if (hasFlag(d.state, file.mount, MS.NOEXEC)) {
		if (flags & Vm.EXEC) return -Errno.EPERM;
		flags &= ~Vm.MAYEXEC;
	}
	const inode = d.state.inodes[file.inode];
	const zero = inode.kind === 'char' && inode.rdev === DEVICE.ZERO;
	if (inode.kind !== 'file' && !zero) return -Errno.ENODEV;
	if (flags & Vm.GROWSDOWN) return -Errno.EINVAL;
	if (shared) {
		if (inode.seals & SEAL.WRITE && flags & Vm.SHARED) return -Errno.EPERM;
		if (inode.seals & SEAL.FUTURE_WRITE && flags & Vm.WRITE) return -Errno.EPERM;
		if (inode.seals & SEAL.FUTURE_WRITE) flags &= ~Vm.MAYWRITE;
	}
	// /dev/zero: anonymous memory by another name.
	if (zero) return { ...anonymous, flags };
	if (inode.lower === 'unread') return needContent(inode);
	return { flags, object: inode.object, pgoff: request.pgoff, inode: inode.id, path: wholePath(d.state, file.mount, file.path) };
}

/** Bytes of [start, end) that are mapped. */
function overlap(mm: Mm, start: number, end: number): number {
	return mm.vmas.reduce((n, v) => n + Math.max(0, Math.min(end, v.end) - Math.max(start, v.start)), 0);
}

/** Whether flags ask for an access that the mapping may never have. */
export const beyondMay = (flags: number): boolean => (flags & ~(flags >>> 4) & RWX) !== 0;
