/** Locks on files: which stand in whose way, and what a list of them becomes (fs/locks.c of Linux 6.1). */
import type { FileLock } from '../events/entities.ts';

/** Whether two locks have one owner: the table of descriptors of `posix` ones, the open file of the others. */
function sameOwner(a: FileLock, b: FileLock): boolean {
	return a.kind === b.kind && a.table === b.table && a.file === b.file;
}

/** A lock that stands in the way of another, if there is one. fcntl's and flock's do not see each other. */
export function conflicting(locks: readonly FileLock[], wanted: FileLock): FileLock | undefined {
	return locks.find(
		(l) =>
			(l.kind === 'flock') === (wanted.kind === 'flock') &&
			!sameOwner(l, wanted) &&
			(l.write || wanted.write) &&
			l.start < wanted.end &&
			wanted.start < l.end,
	);
}

/** The list without what its owner has in [start, end): locks are cut where they reach beyond. */
function without(locks: readonly FileLock[], owner: FileLock): FileLock[] {
	return locks.flatMap((l) => {
		if (!sameOwner(l, owner) || l.end <= owner.start || owner.end <= l.start) return [l];
		const parts: FileLock[] = [];
		if (l.start < owner.start) parts.push({ ...l, end: owner.start });
		if (l.end > owner.end) parts.push({ ...l, start: owner.end });
		return parts;
	});
}

/** The list with a lock set over what its owner has there; equal neighbours of one owner become one. */
export function withLock(locks: readonly FileLock[], lock: FileLock): readonly FileLock[] {
	const rest = without(locks, lock);
	let { start, end } = lock;
	const kept = rest.filter((l) => {
		const joins = sameOwner(l, lock) && l.write === lock.write && l.start <= end && start <= l.end;
		if (joins) {
			start = Math.min(start, l.start);
			end = Math.max(end, l.end);
		}
		return !joins;
	});
	return [...kept, { ...lock, start, end }];
}

/** The list with [start, end) unlocked by `lock`'s owner. */
export function withoutLock(locks: readonly FileLock[], lock: FileLock): readonly FileLock[] {
	return without(locks, lock);
}
