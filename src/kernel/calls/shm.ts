/** System V shared memory: shmget, shmctl, shmat, shmdt (ipc/shm.c of Linux 6.1). */
import type { Segment } from '../../events/ipc.ts';
import { PAGE_SIZE, Pages } from '../../events/pages.ts';
import { SHM_DEST } from '../../reducers/ipc.ts';
import type { Vma } from '../../reducers/state.ts';
import { Vm } from '../../reducers/state.ts';
import { isSegment } from '../../reducers/vma.ts';
import { Errno } from '../abi/errno.ts';
import { CTL, ipcId, packSegment, packShmLimits, packShmUse, SHM, SHM_CTL, SHM_GET, SHM_LIMIT, SHM_LOCKED } from '../abi/ipc.ts';
import { RLIM_INFINITY, RLIMIT } from '../abi/mm.ts';
import { attachments } from '../attachments.ts';
import type { Decision } from '../decision.ts';
import { TASK_SIZE } from '../elf.ts';
import { unsupported } from '../fail.ts';
import {
	allowed,
	callerPid,
	changedPerm,
	getIpc,
	highestSlot,
	ipcNs,
	newPerm,
	objectsOf,
	obtain,
	obtainToChange,
	READ,
	readSettings,
	tell,
} from '../ipc.ts';
import {
	futureLockAllowed,
	intersecting,
	isPageAligned,
	MAY,
	map,
	mayLockAny,
	pageAlign,
	protectionFlags,
	unmap,
	unmappedArea,
} from '../mappings.ts';
import { mayExpand } from '../memory-rlimits.ts';
import { numberOf } from '../pids.ts';

/** VM_EXEC among the rights that SHM_EXEC asks for. */
const EXECUTE = 0o111;
const WRITE = 0o222;

/** What /proc/PID/maps calls it: by the key it was made with, which it loses when it is removed while somebody has it attached. */
function fileName({ state }: Decision, { key, object }: Segment): string {
	for (const { vmas } of Object.values(state.mms)) for (const vma of vmas) if (vma.object === object) return vma.path;
	return `/SYSV${(key >>> 0).toString(16).padStart(8, '0')}`;
}

const pagesOf = (size: number): number => Math.ceil(size / PAGE_SIZE);

export function shmget(d: Decision, key: number, size: number, flags: number): number {
	return getIpc(
		d,
		'shm',
		key,
		flags,
		(o) => o.size < size,
		() => newSegment(d, key, size, flags),
	);
}

function newSegment(d: Decision, key: number, size: number, flags: number): number {
	if (size < SHM_LIMIT.min || size > SHM_LIMIT.max) return -Errno.EINVAL;
	const used = objectsOf(d.state, 'shm', ipcNs(d)).reduce((n, o) => n + pagesOf(o.size), 0);
	if (used + pagesOf(size) > SHM_LIMIT.all) return -Errno.ENOSPC;
	if (flags & SHM_GET.HUGETLB) return unsupported(d, 'SHM_HUGETLB', Errno.EINVAL);
	// Overcommitted by guess: what all memory could not hold is refused.
	if (!(flags & SHM_GET.NORESERVE) && size > d.persona.memoryBytes) return -Errno.ENOMEM;
	const perm = newPerm(d, 'shm', key, flags, SHM_LIMIT.mni);
	if (typeof perm === 'number') return perm;
	const object = d.state.next.object;
	d.emit({ kind: 'object/new', object: { id: object, kind: 'shared', pages: Pages.EMPTY, size } });
	const segment = { ...perm, kind: 'shm', object, size, cpid: callerPid(d), lpid: 0, atime: 0, dtime: 0 } as const;
	d.emit({ kind: 'ipc/new', ipc: segment });
	return ipcId(segment);
}

/** A segment whose processes have the numbers that the caller sees. */
const seen = (d: Decision, segment: Segment): Segment => ({
	...segment,
	cpid: numberOf(d, segment.cpid),
	lpid: numberOf(d, segment.lpid),
});

/** @param wide whether structs have the newer layout (IPC_64) */
export function shmctl(d: Decision, id: number, command: number, at: number, wide: boolean): number {
	if ((id | 0) < 0 || (command | 0) < 0) return -Errno.EINVAL;
	switch (command) {
		case CTL.INFO:
			return tell(d, at, packShmLimits(wide), highestSlot(d, 'shm'));
		case SHM_CTL.INFO: {
			const all = objectsOf(d.state, 'shm', ipcNs(d));
			const total = all.reduce((n, o) => n + pagesOf(o.size), 0);
			return tell(
				d,
				at,
				packShmUse(
					all.length,
					total,
					all.reduce((n, o) => n + residentPages(d, o), 0),
				),
				highestSlot(d, 'shm'),
			);
		}
		case CTL.STAT:
		case SHM_CTL.STAT:
		case SHM_CTL.STAT_ANY: {
			const segment = obtain(d, 'shm', id, command !== CTL.STAT);
			if (typeof segment === 'number') return segment;
			if (command !== SHM_CTL.STAT_ANY && !allowed(d.task, segment, READ)) return -Errno.EACCES;
			return tell(
				d,
				at,
				packSegment(seen(d, segment), attachments(d.state, segment), wide),
				command === CTL.STAT ? 0 : ipcId(segment),
			);
		}
		case CTL.SET: {
			const settings = readSettings(d, 'shm', at, wide);
			if (typeof settings === 'number') return settings;
			const segment = obtainToChange(d, 'shm', id);
			if (typeof segment === 'number') return segment;
			const fields = changedPerm(d, segment, settings);
			if (fields === undefined) return -Errno.EINVAL;
			d.emit({ kind: 'ipc/set', ipc: segment.id, fields });
			return 0;
		}
		case CTL.RMID: {
			const segment = obtainToChange(d, 'shm', id);
			if (typeof segment === 'number') return segment;
			// One that is attached goes later, and is found by no key any more.
			if (attachments(d.state, segment) === 0) d.emit({ kind: 'ipc/remove', ipc: segment.id });
			else d.emit({ kind: 'ipc/set', ipc: segment.id, fields: { key: 0, mode: segment.mode | SHM_DEST } });
			return 0;
		}
		case SHM_CTL.LOCK:
		case SHM_CTL.UNLOCK:
			return lock(d, id, command === SHM_CTL.LOCK);
		default:
			return -Errno.EINVAL;
	}
}

/** SHM_LOCK, SHM_UNLOCK: what is locked counts among its owner's (user_shm_lock). */
function lock(d: Decision, id: number, locks: boolean): number {
	const segment = obtain(d, 'shm', id);
	if (typeof segment === 'number') return segment;
	const { uid, cuid, mode } = segment;
	const limit = d.group.rlimits[RLIMIT.MEMLOCK][0];
	if (!mayLockAny(d)) {
		const { euid } = d.task.creds;
		if (euid !== uid && euid !== cuid) return -Errno.EPERM;
		if (locks && limit === 0) return -Errno.EPERM;
	}
	const locked = (mode & SHM_LOCKED) !== 0;
	if (locked === locks) return 0;
	if (locks && !mayLockAny(d) && limit !== RLIM_INFINITY) {
		const others = objectsOf(d.state, 'shm', ipcNs(d)).filter((o) => o.mode & SHM_LOCKED && o.cuid === cuid);
		const all = [...others, segment].reduce((n, o) => n + pagesOf(o.size), 0);
		if (all > Math.floor(limit / PAGE_SIZE)) return -Errno.ENOMEM;
	}
	d.emit({ kind: 'ipc/set', ipc: segment.id, fields: { mode: locks ? mode | SHM_LOCKED : mode & ~SHM_LOCKED } });
	return 0;
}

/** Pages of a segment that hold something: which others were only looked at is not known. */
export function residentPages(d: Decision, { object, size }: Segment): number {
	let count = 0;
	for (let index = 0; index < pagesOf(size); index++) if (d.objectPage(object, index)?.some((byte) => byte !== 0)) count++;
	return count;
}

/** do_shmat: the address, or -errno. */
export function shmat(d: Decision, id: number, address: number, flags: number): number {
	if ((id | 0) < 0) return -Errno.EINVAL;
	let at = address;
	if (at !== 0) {
		if (!isPageAligned(at)) {
			if (!(flags & SHM.RND)) return -Errno.EINVAL;
			at -= at % PAGE_SIZE;
			if (at === 0 && flags & SHM.REMAP) return -Errno.EINVAL;
		}
	} else if (flags & SHM.REMAP) return -Errno.EINVAL;
	const readOnly = (flags & SHM.RDONLY) !== 0;
	const rights = READ | (readOnly ? 0 : WRITE) | (flags & SHM.EXEC ? EXECUTE : 0);
	const segment = obtain(d, 'shm', id);
	if (typeof segment === 'number') return segment;
	if (!allowed(d.task, segment, rights)) return -Errno.EACCES;

	const { mm } = d;
	const length = pageAlign(segment.size);
	if (address !== 0 && !(flags & SHM.REMAP)) {
		if (at + segment.size > TASK_SIZE && at + segment.size > 2 ** 32) return -Errno.EINVAL;
		if (intersecting(mm, at, at + segment.size)) return -Errno.EINVAL;
	}
	const start = unmappedArea(mm, at, length, address !== 0);
	if (start < 0) return start;
	if (address !== 0 && start < MIN_ADDRESS && d.task.creds.euid !== 0) return -Errno.EPERM;
	const prot = Vm.READ | (readOnly ? 0 : Vm.WRITE) | (flags & SHM.EXEC ? Vm.EXEC : 0);
	let vmFlags = protectionFlags(d, prot) | mm.defFlags | MAY | Vm.SHARED | Vm.MAYSHARE;
	if (readOnly) vmFlags &= ~(Vm.MAYWRITE | Vm.SHARED);
	if (!futureLockAllowed(d, vmFlags, length)) return -Errno.EAGAIN;
	if (!mayExpand(mm, d.group, vmFlags, length / PAGE_SIZE)) return -Errno.ENOMEM;
	unmap(d, start, start + length);
	map(d, { start, end: start + length, flags: vmFlags, object: segment.object, path: fileName(d, segment) });
	return start | 0;
}

/** vm.mmap_min_addr. */
const MIN_ADDRESS = 0x10000;

/** shmdt: what is left of the segment that was attached at an address. */
export function shmdt(d: Decision, address: number): number {
	if (!isPageAligned(address)) return -Errno.EINVAL;
	const belongs = (v: Vma) => isSegment(v) && v.start >= address && (v.start - address) / PAGE_SIZE === v.pgoff;
	const first = d.mm.vmas.find(belongs);
	if (first === undefined) return -Errno.EINVAL;
	const end = address + pageAlign(d.state.objects[first.object].size);
	const parts = d.mm.vmas.filter((v) => belongs(v) && v.object === first.object && (v === first || v.end <= end));
	for (const { start, end: to } of parts) unmap(d, start, to);
	return 0;
}
