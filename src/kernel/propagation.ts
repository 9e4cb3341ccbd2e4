/**
 * Shared mounts (fs/pnode.c of Linux 6.1): what is mounted on one of a peer group is mounted on the others and on its slaves, too, and
 * taken away from there with it. A group is a number that its mounts have (`peers`); slaves have it as `master`.
 */
import type { FsStruct } from '../events/entities.ts';
import type { Mount } from '../events/mounts.ts';
import type { MachineState } from '../reducers/state.ts';
import { MS } from './abi/mount.ts';
import type { Decision } from './decision.ts';
import { isBelow, mountedOn } from './mount-walk.ts';
import { childrenOf, copyTree, isUsed, treeOf } from './mounts.ts';
import { filePath, pathFrom } from './seen-paths.ts';

function usedGroups({ mounts }: MachineState): Set<number> {
	return new Set(Object.values(mounts).flatMap((m) => [m.peers, m.master]));
}

/** The lowest number that no group has. */
function freeGroup(used: ReadonlySet<number>): number {
	let group = 1;
	while (used.has(group)) group++;
	return group;
}

const byNumber = (a: Mount, b: Mount) => a.number - b.number;

/** Who gets what is mounted on a mount: the group it hears of it from, and itself; peers first, then slaves and theirs. */
function receivers({ mounts }: MachineState, { id, peers }: Mount): readonly { readonly mount: Mount; readonly from: number }[] {
	const all = Object.values(mounts).sort(byNumber);
	const found = all.filter((m) => m.peers === peers && m.id !== id).map((mount) => ({ mount, from: peers }));
	const groups = [peers];
	for (const from of groups) {
		for (const mount of all.filter((m) => m.master === from)) {
			const known = mount.peers !== 0 && groups.includes(mount.peers);
			if (mount.peers !== 0 && !known) groups.push(mount.peers);
			if (mount.peers !== peers) found.push({ mount, from });
		}
	}
	return peers === 0 ? [] : found;
}

/** A mount becomes shared, a slave, private or unbindable (change_mnt_propagation). @param type MS_* */
export function changePropagation(d: Decision, id: number, type: number): void {
	const { peers, master } = d.state.mounts[id];
	if (type === MS.SHARED) {
		d.emit({ kind: 'mount/set', mount: id, fields: { peers: peers || freeGroup(usedGroups(d.state)), unbindable: false } });
		return;
	}
	const others = peers !== 0 && Object.values(d.state.mounts).some((m) => m.peers === peers && m.id !== id);
	const slave = { peers: 0, master: others ? peers : master };
	const fields = type === MS.SLAVE ? slave : { peers: 0, master: 0, unbindable: type === MS.UNBINDABLE };
	d.emit({ kind: 'mount/set', mount: id, fields });
}

/**
 * What was mounted somewhere is mounted wherever that is heard of (propagate_mnt).
 * @param before the state before it was
 * @param top the mount that was put on `dest`
 */
export function propagate(d: Decision, before: MachineState, dest: Mount, top: number): void {
	if (dest.peers === 0) return;
	const tree = () => treeOf(d.state, d.state.mounts[top]);
	for (const { id } of tree()) changePropagation(d, id, MS.SHARED);
	const source = tree();
	/** Groups of the copies that each group of mounts got, in the order of the tree. */
	const groups = new Map([[dest.peers, source.map((m) => m.peers)]]);
	const { point, root } = d.state.mounts[top];
	for (const { mount, from } of receivers(before, dest)) {
		if (source.some((m) => m.id === mount.id)) continue;
		const heard = groups.get(from);
		if (heard === undefined || !isBelow(d.state, d.state.inodes[point], d.state.inodes[mount.root])) continue;
		const own = mount.peers === 0 || mount.peers === from ? undefined : (groups.get(mount.peers) ?? newGroups(d, source));
		if (own !== undefined) groups.set(mount.peers, own);
		const marks = (of: Mount) => {
			const i = source.findIndex((m) => m.id === of.id);
			if (mount.peers === from) return { peers: heard[i], master: of.master };
			return { peers: own?.[i] ?? 0, master: heard[i] };
		};
		// What is there already lies on top of what comes.
		const above = mountedOn(d.state, mount.id, point);
		const place = { ns: mount.ns, parent: mount.id, point: above === undefined ? point : 0 };
		const copies = copyTree(d, d.state.mounts[top], d.state.inodes[root], place, 'bindable', marks);
		const copy = copies.get(top)!;
		if (above === undefined) continue;
		d.emit({ kind: 'mount/set', mount: above.id, fields: { parent: copy, point: root } });
		d.emit({ kind: 'mount/set', mount: copy, fields: { point } });
	}
}

/** The lowest numbers that no group has, one for each mount of a tree. */
function newGroups({ state }: Decision, tree: readonly Mount[]): number[] {
	const used = usedGroups(state);
	return tree.map(() => {
		const group = freeGroup(used);
		used.add(group);
		return group;
	});
}

/** What lies over the whole of a mount and is all that is mounted on it (find_topper). */
function topperOf(state: MachineState, { id, root }: Mount): Mount | undefined {
	const [child, ...others] = childrenOf(state, id);
	return child?.point === root && others.length === 0 ? child : undefined;
}

/** Whether a mount cannot be taken away: it is used, something is mounted on it, or what would go with it is used (propagate_mount_busy). */
export function isBusy(state: MachineState, mount: Mount): boolean {
	if (isUsed(state, mount) || childrenOf(state, mount.id).length > 0) return true;
	return elsewhere(state, mount).some((m) => isUsed(state, m));
}

/** What is mounted where a mount is, at those who hear of it, and goes with it: on which nothing is mounted but what lies over it. */
function elsewhere(state: MachineState, { id, parent, point }: Mount): readonly Mount[] {
	if (parent === 0) return [];
	return receivers(state, state.mounts[parent]).flatMap(({ mount }) => {
		const there = mountedOn(state, mount.id, point);
		const alone = there !== undefined && (childrenOf(state, there.id).length === 0 || topperOf(state, there) !== undefined);
		return alone && there.id !== id ? [there] : [];
	});
}

/** The nearest group a slave hears of that its task can see, where its master's is none (get_dominating_id); 0 = none. */
export function dominating(state: MachineState, fs: FsStruct, { master, ns }: Mount): number {
	const seen = ({ id, root }: Mount) => pathFrom(state, fs, id, filePath(state, state.inodes[root]) ?? '/') !== undefined;
	for (let group = master; group !== 0; ) {
		const peers = Object.values(state.mounts).filter((m) => m.peers === group);
		if (peers.some((m) => m.ns === ns && seen(m))) return group;
		group = peers[0]?.master ?? 0;
	}
	return 0;
}

/**
 * A mount and all that is mounted below it leave their namespace, and so does what is mounted there for those who hear of it; each lives
 * on as long as somebody is in it (umount_tree).
 */
export function takeAway(d: Decision, mount: Mount): void {
	for (const { id } of [...treeOf(d.state, mount)].reverse()) {
		const others = elsewhere(d.state, d.state.mounts[id]);
		detach(d, id);
		for (const { id: gone, parent, point } of others) {
			const topper = topperOf(d.state, d.state.mounts[gone]);
			detach(d, gone);
			if (topper !== undefined) d.emit({ kind: 'mount/set', mount: topper.id, fields: { parent, point } });
		}
	}
}

function detach(d: Decision, mount: number): void {
	d.emit({ kind: 'mount/set', mount, fields: { ns: 0, parent: 0, point: 0, peers: 0, master: 0 } });
}

/** A directory or file that has lost its name is no place for mounts; in the caller's namespace there is none (detach_mounts). */
export function takeAwayFrom(d: Decision, inode: number): void {
	for (const { id } of Object.values(d.state.mounts)) {
		const mount = d.state.mounts[id];
		if (mount?.point === inode) takeAway(d, mount);
	}
}
