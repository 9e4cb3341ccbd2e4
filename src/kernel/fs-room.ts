/** What a file system may hold, and what is left of it: pages and inodes of a tmpfs (mm/shmem.c of Linux 6.1). */
import type { Inode } from '../events/entities.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { MachineState } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';

/** Pages and inodes of a file system that are in use; each name of a file counts as one (shmem_link). */
export function usedOf({ inodes, objects }: MachineState, sb: number): { readonly blocks: number; readonly files: number } {
	let [blocks, files] = [0, 0];
	for (const inode of Object.values(inodes)) {
		if (inode.sb !== sb) continue;
		blocks += objects[inode.object]?.pages.size ?? 0;
		files += inode.kind === 'dir' ? 1 : Math.max(1, inode.nlink);
	}
	return { blocks, files };
}

/** How many of `count` bytes from `position` on find pages, those there are and new ones; 0: not one (ENOSPC). */
export function roomFor(state: MachineState, { sb, object }: Inode, position: number, count: number): number {
	const limit = state.supers[sb]?.blocks ?? 0;
	if (limit === 0) return count;
	let left = limit - usedOf(state, sb).blocks;
	const { pages } = state.objects[object];
	const end = position + count;
	for (let at = position; at < end; at = (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE) {
		if (pages.get(Math.floor(at / PAGE_SIZE)) === undefined && --left < 0) return at - position;
	}
	return count;
}

/** Whether a directory's file system has one more inode, or name, to give: 0, or -ENOSPC. */
export function wantInode(state: MachineState, { sb }: Inode): number {
	const limit = state.supers[sb]?.files ?? 0;
	return limit !== 0 && usedOf(state, sb).files >= limit ? -Errno.ENOSPC : 0;
}
