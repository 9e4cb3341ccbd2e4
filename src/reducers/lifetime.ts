/**
 * Life times: what goes when its last user goes. An open file lives as long as a descriptor refers to it, a pipe as long as
 * an open file does, an inode as long as a directory, an open file, a mapping, an executable, a cwd or a mount does; a mount
 * as long as it is in a namespace, or somebody is in it; a file system as long as it is mounted.
 * Users are found by looking, not counted: a count would be a second truth.
 */
import { FIRST_OWN_INO } from '../events/entities.ts';
import type { MountFields } from '../events/mounts.ts';
import type { StateDraft } from './draft.ts';
import { drop, entities, entity, plain } from './draft.ts';
import { detachSegment, dropIpcNamespace } from './ipc.ts';
import type { FsStruct, Inode, NsProxy } from './state.ts';

/** An open file goes if no descriptor refers to it, and what only it held. */
export function dropFileIfUnused(d: StateDraft, id: number): void {
	const file = d.files[id];
	if (file === undefined || fileUsed(d, id)) return;
	const { inode, mount } = file;
	unlock(d, inode, 'file', id);
	drop(d, 'files', id);
	forgetWatched(d, id);
	const node = d.inodes[inode];
	if (node?.kind === 'fifo' && node.channel !== 0 && !some(d.files, (f) => f.inode === inode)) {
		drop(d, 'pipes', node.channel);
		entity(d, 'inodes', inode).channel = 0;
	}
	dropInodeIfUnused(d, inode);
	dropMountIfUnused(d, mount);
}

/** Locks on a file go with who owns them: a table of descriptors, an open file. */
export function unlock(d: StateDraft, inode: number, owner: 'table' | 'file', id: number): void {
	const node = d.inodes[inode];
	if (node === undefined || !plain(node.locks).some((l) => l[owner] === id)) return;
	entity(d, 'inodes', inode).locks = plain(node.locks).filter((l) => l[owner] !== id);
}

/** The table and all its descriptors go. */
export function dropFdTable(d: StateDraft, id: number): void {
	const table = d.fdTables[id];
	if (table === undefined) return;
	const files = Object.values(plain(table.fds)).map((fd) => fd.file);
	for (const file of files) unlock(d, d.files[file]?.inode ?? 0, 'table', id);
	drop(d, 'fdTables', id);
	for (const file of files) dropFileIfUnused(d, file);
}

/** The fs structure goes. */
export function dropFs(d: StateDraft, id: number): void {
	const fs = d.fsStructs[id];
	if (fs === undefined) return;
	const left = { ...plain(fs) };
	drop(d, 'fsStructs', id);
	leavePlaces(d, left);
}

/** Nobody stands where an fs structure said, as far as that goes. */
export function leavePlaces(d: StateDraft, { cwd, cwdMount, root, rootMount }: FsStruct): void {
	dropInodeIfUnused(d, cwd);
	dropInodeIfUnused(d, root);
	dropMountIfUnused(d, cwdMount);
	dropMountIfUnused(d, rootMount);
}

/** A mount that is in no namespace any more goes when nobody is in it. */
export function dropMountIfUnused(d: StateDraft, id: number): void {
	const mount = d.mounts[id];
	if (mount === undefined || mount.ns !== 0) return;
	if (some(d.files, (f) => f.mount === id) || some(d.fsStructs, (fs) => fs.cwdMount === id || fs.rootMount === id)) return;
	const { root, sb } = mount;
	drop(d, 'mounts', id);
	if (some(d.mounts, (m) => m.sb === sb)) dropInodeIfUnused(d, root);
	else dropSuper(d, sb);
}

/** A file system goes with its files; of those that are mapped, or are sockets' names, their users have the last reference. */
function dropSuper(d: StateDraft, id: number): void {
	const { pidNs } = d.supers[id];
	drop(d, 'supers', id);
	leaveNamespace(d, pidNs);
	for (const inode of [...entities(d.inodes)]) {
		if (inode.sb !== id) continue;
		if (usedAlone(d, inode.id)) Object.assign(entity(d, 'inodes', inode.id), { sb: 0, nlink: 0 });
		else dropInode(d, inode.id);
	}
}

/** An inode goes with its object when no directory names it and nobody uses it. A root stays: it is nobody's entry. */
export function dropInodeIfUnused(d: StateDraft, id: number): void {
	const inode = d.inodes[id];
	if (inode === undefined) return;
	const { parent, kind } = inode;
	if ((kind === 'dir' && parent === id) || inodeUsed(d, id)) return;
	dropInode(d, id);
	if (kind === 'dir') dropInodeIfUnused(d, parent);
}

/** An inode goes with what is nobody's without it. */
function dropInode(d: StateDraft, id: number): void {
	const inode = d.inodes[id];
	if (inode === undefined) return;
	const { object, kind, channel } = inode;
	drop(d, 'inodes', id);
	if (object !== 0) drop(d, 'objects', object);
	if ((kind === 'anon' || kind === 'socket') && channel !== 0) dropAnon(d, channel);
	if (kind === 'tty') dropTtyIfUnused(d, channel);
}

/** A pseudo-terminal goes with the last of its two ends; the recorder's stays. */
function dropTtyIfUnused(d: StateDraft, id: number): void {
	const tty = d.ttys[id];
	if (tty === undefined || plain(tty.streams).length > 0) return;
	if (!some(d.inodes, (i) => i.kind === 'tty' && i.channel === id)) drop(d, 'ttys', id);
}

const SOCK_DGRAM = 2;
const ECONNRESET = 104;

/**
 * What stood behind a descriptor goes (unix_release_sock); the other end of a socket has none any more.
 * @param refused it is the end of a connection that nobody accepted
 */
function dropAnon(d: StateDraft, id: number, refused = false): void {
	const anon = d.anons[id];
	if (anon?.kind === 'ns') {
		dropNamespaceIfUnused(d, id);
		return;
	}
	drop(d, 'anons', id);
	if (anon?.kind !== 'socket') return;
	const { name, bound } = anon;
	const [queue, waiting] = [plain(anon.queue), plain(anon.waiting)];
	for (const seen of [...entities(d.anons)]) {
		if (seen.kind !== 'socket') continue;
		const sent = plain(seen.queue).some((m) => m.sender === id);
		const socket = sent || seen.peer === id ? entity(d, 'anons', seen.id) : undefined;
		if (socket?.kind !== 'socket') continue;
		if (sent) socket.queue = plain(socket.queue).map((m) => (m.sender === id ? { ...m, sender: 0, from: name } : m));
		if (socket.peer !== id) continue;
		socket.peer = 0;
		socket.peerName = name;
		socket.wakes = { read: socket.wakes.read + 1, write: socket.wakes.write + 1 };
		// Between datagram sockets nothing is connected that could be hung up.
		if (socket.type === SOCK_DGRAM) continue;
		socket.shut = 3;
		if (queue.length > 0 || refused) socket.error = ECONNRESET;
	}
	for (const end of waiting) dropAnon(d, end, true);
	for (const { files } of queue) for (const file of files) dropFileIfUnused(d, file);
	if (bound !== 0) dropInodeIfUnused(d, bound);
	collectSent(d);
}

/**
 * Files that nobody can receive any more, since the sockets they were sent to are in each other's queues alone, go when a
 * socket goes (unix_gc, which unix_release_sock calls).
 */
function collectSent(d: StateDraft): void {
	const carries = (id: number) => sentTo(d, id).length > 0;
	if (!some(d.anons, (a) => a.kind === 'socket' && carries(a.id))) return;
	const reached = new Set<number>();
	const sockets = new Set<number>();
	for (const table of entities(d.fdTables)) for (const { file } of Object.values(plain(table.fds))) reached.add(file);
	for (const file of reached) {
		const inode = d.inodes[d.files[file]?.inode ?? 0];
		const socket = inode?.kind === 'socket' ? d.anons[inode.channel] : undefined;
		if (socket?.kind !== 'socket') continue;
		for (const id of [socket.id, ...plain(socket.waiting)]) {
			sockets.add(id);
			for (const sent of sentTo(d, id)) reached.add(sent);
		}
	}
	const lost: number[] = [];
	for (const { id } of [...entities(d.anons)]) {
		const socket = !sockets.has(id) && carries(id) ? entity(d, 'anons', id) : undefined;
		if (socket?.kind !== 'socket') continue;
		lost.push(...sentTo(d, id));
		socket.queue = plain(socket.queue).filter((m) => m.files.length === 0);
	}
	for (const file of lost) dropFileIfUnused(d, file);
}

/** Open files on their way to a socket. */
function sentTo(d: StateDraft, id: number): readonly number[] {
	const socket = d.anons[id];
	return socket?.kind === 'socket' ? plain(socket.queue).flatMap((m) => m.files) : [];
}

/** A namespace goes when no task is in it, no descriptor refers to it, no other is in it and no proc shows it; with one of IPC goes what it owns. */
function dropNamespaceIfUnused(d: StateDraft, id: number): void {
	const anon = d.anons[id];
	if (anon?.kind !== 'ns') return;
	if (some(d.tasks, ({ ns, pidNs }) => pidNs === id || (ns !== null && Object.values(plain(ns)).includes(id)))) return;
	if (some(d.inodes, (i) => i.kind === 'anon' && i.channel === id)) return;
	if (some(d.anons, (a) => a.kind === 'ns' && plain(a.pids)?.parent === id)) return;
	if (some(d.supers, (sb) => sb.pidNs === id)) return;
	const { of, ino } = anon;
	const around = plain(anon.pids)?.parent ?? 0;
	drop(d, 'anons', id);
	// The container's are there whether somebody has named them or not.
	if (ino < FIRST_OWN_INO) return;
	if (of === 'mnt') dropMountNamespace(d, ino);
	if (around !== 0) dropNamespaceIfUnused(d, around);
	if (of === 'ipc') dropIpcNamespace(d, ino, (object) => objectMapped(d, object));
}

/** Fields of a mount change. The slaves of a group that it was the last of have its master from then on. */
export function setMount(d: StateDraft, id: number, fields: MountFields): void {
	const mount = entity(d, 'mounts', id);
	const { peers, master } = mount;
	Object.assign(mount, fields);
	if (peers === 0 || mount.peers === peers || some(d.mounts, (m) => m.peers === peers)) return;
	for (const slave of [...entities(d.mounts)]) {
		if (slave.master === peers) entity(d, 'mounts', slave.id).master = slave.id === id ? mount.master : master;
	}
}

/** What is mounted in a namespace that goes is mounted nowhere any more. */
function dropMountNamespace(d: StateDraft, ino: number): void {
	const left = [...entities(d.mounts)].filter((m) => m.ns === ino).map((m) => m.id);
	for (const id of left) setMount(d, id, { ns: 0, parent: 0, point: 0, peers: 0, master: 0 });
	for (const id of left) dropMountIfUnused(d, id);
}

/** A task has left its namespaces. */
export function leaveNamespaces(d: StateDraft, left: NsProxy | null): void {
	for (const id of Object.values(left ?? {})) leaveNamespace(d, id);
}

/** Nobody of them is in a namespace any more, perhaps. 0 = the container's. */
export function leaveNamespace(d: StateDraft, id: number): void {
	if (id !== 0) dropNamespaceIfUnused(d, id);
}

/** An open file that goes is looked at by no epoll any more. */
function forgetWatched(d: StateDraft, file: number): void {
	for (const anon of entities(d.anons)) {
		if (anon.kind !== 'epoll' || !plain(anon.items).some((i) => i.file === file)) continue;
		const epoll = entity(d, 'anons', anon.id);
		if (epoll.kind === 'epoll') epoll.items = plain(epoll.items).filter((i) => i.file !== file);
	}
}

/** A name or a link went: while links are left, another name comes (a rename takes the old one first). */
export function dropInodeIfUnlinked(d: StateDraft, id: number): void {
	if (d.inodes[id]?.nlink === 0) dropInodeIfUnused(d, id);
}

/** What a mapping that went was the last user of: shared anonymous memory, the vDSO, an unlinked file. */
export function dropMappedIfUnused(d: StateDraft, object: number, inode: number): void {
	const target = d.objects[object];
	if (target !== undefined && (target.kind === 'shared' || target.kind === 'vdso') && !objectMapped(d, object)) {
		if (target.kind === 'shared' && detachSegment(d, object)) return;
		drop(d, 'objects', object);
	}
	if (inode !== 0) dropInodeIfUnused(d, inode);
}

function fileUsed(d: StateDraft, id: number): boolean {
	if (some(d.fdTables, (table) => Object.values(plain(table.fds)).some((fd) => fd.file === id))) return true;
	return some(d.anons, (a) => a.kind === 'socket' && plain(a.queue).some((m) => m.files.includes(id)));
}

function objectMapped(d: StateDraft, id: number): boolean {
	return some(d.mms, (mm) => plain(mm.vmas).some((vma) => vma.object === id));
}

function inodeUsed(d: StateDraft, id: number): boolean {
	return (
		named(d, id) ||
		some(d.fsStructs, (fs) => fs.cwd === id || fs.root === id) ||
		some(d.mounts, (m) => m.root === id || m.point === id) ||
		usedAlone(d, id) ||
		some(d.inodes, (i) => i.id !== id && names(i, id))
	);
}

/** Whether it is open, mapped, a program, or a socket's name: that goes on without its file system. */
function usedAlone(d: StateDraft, id: number): boolean {
	return (
		some(d.files, (f) => f.inode === id) ||
		some(d.anons, (a) => a.kind === 'socket' && a.bound === id) ||
		some(d.mms, (mm) => mm.exe === id || plain(mm.vmas).some((vma) => vma.inode === id))
	);
}

/** Whether a directory names it that did so before this batch, too: nearly always, and quick to see without drafts. */
function named(d: StateDraft, id: number): boolean {
	for (const dir of Object.values(plain(d.inodes))) {
		if (dir.id !== id && names(dir, id) && d.inodes[dir.id] !== undefined && names(d.inodes[dir.id], id)) return true;
	}
	return false;
}

function names(dir: Inode, id: number): boolean {
	return dir.kind === 'dir' && (dir.parent === id || plain(dir.entries).some((e) => e.inode === id));
}

function some<T>(table: { [id: number]: T }, test: (entity: T) => boolean): boolean {
	for (const entity of entities(table)) if (test(entity)) return true;
	return false;
}
