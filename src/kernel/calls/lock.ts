/** Calls that lock memory (mm/mlock.c of Linux 6.1). Nothing is ever swapped: a lock is a flag, a limit and the errors. */
import type { Vma } from '../../events/entities.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import { Vm } from '../../reducers/state.ts';
import { vmasIn } from '../../reducers/vma.ts';
import { Errno } from '../abi/errno.ts';
import { MCL, RLIM_INFINITY, RLIMIT } from '../abi/mm.ts';
import type { Decision } from '../decision.ts';
import { mayLockAny, pageAlign } from '../mappings.ts';
import { lockedBytes } from '../memory-rlimits.ts';
import type { Handler, SyscallRow } from '../row.ts';

const MLOCK_ONFAULT = 1;

const limitOf = (d: Decision): number => {
	const limit = d.group.rlimits[RLIMIT.MEMLOCK][0];
	return limit === RLIM_INFINITY ? Number.POSITIVE_INFINITY : limit - (limit % PAGE_SIZE);
};
/** can_do_mlock. */
const mayLock = (d: Decision): boolean => limitOf(d) !== 0 || mayLockAny(d);

/** Sets or clears VM_LOCKED in [start, end): 0 or -ENOMEM where a page of it is not mapped (what is before it has changed). */
function apply(d: Decision, start: number, end: number, lock: boolean): number {
	if (start === end) return 0;
	let at = start;
	for (const vma of vmasIn(d.mm.vmas, start, end)) {
		if (vma.start !== at) return -Errno.ENOMEM;
		setLocked(d, vma.start, vma.end, vma.flags, lock);
		at = vma.end;
	}
	return at < end ? -Errno.ENOMEM : 0;
}

/** mlock_fixup: special mappings (the vDSO) are left alone. */
function setLocked(d: Decision, start: number, end: number, flags: number, lock: boolean): void {
	if (flags & Vm.DONTEXPAND || Boolean(flags & Vm.LOCKED) === lock) return;
	const [clear, set] = lock ? [0, Vm.LOCKED] : [Vm.LOCKED, 0];
	d.emit({ kind: 'mm/flags', mm: d.mm.id, start, end, clear, set });
}

function beyondEnd(d: Decision, vma: Vma): boolean {
	if (vma.object === 0) return false;
	return vma.pgoff * PAGE_SIZE + (vma.end - vma.start) > pageAlign(d.state.objects[vma.object].size);
}

function lockRange(d: Decision, address: number, size: number): number {
	if (!mayLock(d)) return -Errno.EPERM;
	const start = address - (address % PAGE_SIZE);
	const end = start + pageAlign(size + (address % PAGE_SIZE));
	const vmas = start === end ? [] : vmasIn(d.mm.vmas, start, end);
	const already = vmas.filter((v) => v.flags & Vm.LOCKED).reduce((n, v) => n + v.end - v.start, 0);
	if (lockedBytes(d.mm) + (end - start) - already > limitOf(d) && !mayLockAny(d)) return -Errno.ENOMEM;
	const error = apply(d, start, end, true);
	if (error !== 0) return error;
	// The pages are faulted in: one that may not be accessed, or lies behind the end of its file, cannot be.
	return vmas.some((v) => !(v.flags & (Vm.READ | Vm.WRITE | Vm.EXEC)) || beyondEnd(d, v)) ? -Errno.ENOMEM : 0;
}

const mlock: Handler = (d, [address, size]) => lockRange(d, address, size);
const mlock2: Handler = (d, [address, size, flags]) => (flags & ~MLOCK_ONFAULT ? -Errno.EINVAL : lockRange(d, address, size));

const munlock: Handler = (d, [address, size]) => {
	const start = address - (address % PAGE_SIZE);
	const end = start + pageAlign(size + (address % PAGE_SIZE));
	return apply(d, start, end, false);
};

const mlockall: Handler = (d, [flags]) => {
	if (flags === 0 || flags === MCL.ONFAULT || flags & ~(MCL.CURRENT | MCL.FUTURE | MCL.ONFAULT)) return -Errno.EINVAL;
	if (!mayLock(d)) return -Errno.EPERM;
	const total = d.mm.vmas.reduce((n, v) => n + v.end - v.start, 0);
	if (flags & MCL.CURRENT && total > limitOf(d) && !mayLockAny(d)) return -Errno.ENOMEM;
	setDefault(d, (flags & MCL.FUTURE) !== 0);
	if (flags & MCL.CURRENT) for (const v of d.mm.vmas) setLocked(d, v.start, v.end, v.flags, true);
	return 0;
};

const munlockall: Handler = (d) => {
	setDefault(d, false);
	for (const v of d.mm.vmas) setLocked(d, v.start, v.end, v.flags, false);
	return 0;
};

/** Whether mappings made from now on are locked. */
function setDefault(d: Decision, lock: boolean): void {
	const defFlags = lock ? Vm.LOCKED : 0;
	if (d.mm.defFlags !== defFlags) d.emit({ kind: 'mm/set', mm: d.mm.id, fields: { defFlags } });
}

export const lockRows: readonly SyscallRow[] = [
	{ nr: 150, name: 'mlock', args: ['addr', 'size'], support: 'full', handler: mlock },
	{ nr: 151, name: 'munlock', args: ['addr', 'size'], support: 'full', handler: munlock },
	{ nr: 152, name: 'mlockall', args: ['flags:MCL'], support: 'full', handler: mlockall },
	{ nr: 153, name: 'munlockall', args: [], support: 'full', handler: munlockall },
	{ nr: 376, name: 'mlock2', args: ['addr', 'size', 'hex'], support: 'full', handler: mlock2 },
];
