/** Reducers of files: descriptors, open files, inodes and their contents, directories, pipes, the recorder's descriptors. */
import { assert, assertNever } from '../events/assert.ts';
import type { FileEvent } from '../events/files.ts';
import type { Pages } from '../events/pages.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { StateDraft } from './draft.ts';
import { enter, entity, plain } from './draft.ts';
import { dropFileIfUnused, dropInodeIfUnlinked, leavePlaces, unlock } from './lifetime.ts';
import { Pages as PageTable } from './pages.ts';
import { reduceSocket } from './sockets.ts';
import type { Inode } from './state.ts';

export function reduceFile(d: StateDraft, e: FileEvent): void {
	switch (e.kind) {
		case 'file/open':
			enter(d, 'files', e.file.id, e.file);
			return;
		case 'file/set':
			Object.assign(entity(d, 'files', e.file), e.fields);
			return;
		case 'fd/set':
			setDescriptor(d, e.table, e.fd, { file: e.file, cloexec: e.cloexec });
			return;
		case 'fd/close':
			setDescriptor(d, e.table, e.fd, undefined);
			return;
		case 'fs/set': {
			const fs = entity(d, 'fsStructs', e.fs);
			const left = { ...plain(fs) };
			Object.assign(fs, e.fields);
			if (left.cwd !== fs.cwd || left.root !== fs.root || left.cwdMount !== fs.cwdMount || left.rootMount !== fs.rootMount)
				leavePlaces(d, left);
			return;
		}
		case 'inode/new':
			newInode(d, e.inode);
			return;
		case 'inode/set':
			Object.assign(entity(d, 'inodes', e.inode), e.fields);
			dropInodeIfUnlinked(d, e.inode);
			return;
		case 'inode/lock':
			entity(d, 'inodes', e.inode).locks = e.locks;
			return;
		case 'inode/write':
			writeInode(d, e.inode, e.offset, e.bytes);
			return;
		case 'inode/truncate':
			resize(d, e.inode, e.size);
			return;
		case 'dir/link':
			setEntry(d, e.dir, e.name, e.inode);
			return;
		case 'dir/unlink':
			unlink(d, e.dir, e.name);
			return;
		case 'pipe/new':
			enter(d, 'pipes', e.pipe.id, e.pipe);
			return;
		case 'pipe/set':
			Object.assign(entity(d, 'pipes', e.pipe), e.fields);
			return;
		case 'pipe/write': {
			const pipe = entity(d, 'pipes', e.pipe);
			pipe.data = joined(pipe.data, e.bytes);
			pipe.wakes = { ...pipe.wakes, read: pipe.wakes.read + 1 };
			return;
		}
		case 'pipe/read': {
			const pipe = entity(d, 'pipes', e.pipe);
			assert(e.length <= pipe.data.length, 'as many bytes as the pipe holds');
			// Writers sleep only where nothing fits in.
			if (pipe.data.length >= pipe.capacity) pipe.wakes = { ...pipe.wakes, write: pipe.wakes.write + 1 };
			pipe.data = pipe.data.slice(e.length);
			return;
		}
		case 'anon/new':
			enter(d, 'anons', e.anon.id, e.anon);
			return;
		case 'anon/set':
			assert(d.anons[e.anon.id]?.kind === e.anon.kind, `anon ${e.anon.id} is no ${e.anon.kind}`);
			Object.assign(entity(d, 'anons', e.anon.id), e.anon);
			return;
		case 'socket/receive':
		case 'socket/take':
			reduceSocket(d, e);
			return;
		case 'stream/output':
			entity(d, 'streams', e.stream).written += e.bytes.length;
			return;
		case 'stream/read': {
			const stream = entity(d, 'streams', e.stream);
			assert(e.length <= stream.unread.length, 'as many bytes as came');
			stream.unread = stream.unread.slice(e.length);
			return;
		}
		default:
			assertNever(e, 'event');
	}
}

/** Two byte strings as one new one. */
export function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
	const out = new Uint8Array(a.length + b.length);
	out.set(a);
	out.set(b, a.length);
	return out;
}

/** Enters an inode, with its empty memory object if it is a file. */
export function newInode(d: StateDraft, inode: Inode): void {
	enter(d, 'inodes', inode.id, inode);
	if (d.next.ino <= inode.ino) d.next.ino = inode.ino + 1;
	if (inode.object === 0) return;
	enter(d, 'objects', inode.object, { id: inode.object, kind: 'file', pages: PageTable.EMPTY, size: inode.size });
}

/** Adds or replaces a directory's entry, keeping them sorted by UTF-16 code units. */
export function setEntry(d: StateDraft, dir: number, name: string, inode: number): void {
	const node = entity(d, 'inodes', dir);
	assert(node.kind === 'dir', `inode ${dir} is no directory`);
	const entries = plain(node.entries);
	const at = entries.findIndex((e) => e.name >= name);
	const i = at < 0 ? entries.length : at;
	const replaced = entries[i]?.name === name ? 1 : 0;
	node.entries = [...entries.slice(0, i), { name, inode }, ...entries.slice(i + replaced)];
}

function unlink(d: StateDraft, dir: number, name: string): void {
	const node = entity(d, 'inodes', dir);
	const entries = plain(node.entries);
	const gone = entries.find((e) => e.name === name)?.inode;
	assert(gone !== undefined, 'the name that is unlinked');
	// Below a directory of the host root that is not known in full, the name must be remembered as absent.
	if (node.lower === 'none') node.entries = entries.filter((e) => e.name !== name);
	else setEntry(d, dir, name, 0);
	dropInodeIfUnlinked(d, gone);
}

function setDescriptor(d: StateDraft, id: number, fd: number, value: { file: number; cloexec: boolean } | undefined): void {
	const table = entity(d, 'fdTables', id);
	const fds: { [fd: number]: { readonly file: number; readonly cloexec: boolean } } = { ...plain(table.fds) };
	const before = plain(table.fds)[fd] as { readonly file: number } | undefined;
	assert(value !== undefined || before !== undefined, `descriptor ${fd} is not open`);
	assert(value === undefined || d.files[value.file] !== undefined, `no open file ${value?.file}`);
	if (value === undefined) delete fds[fd];
	else fds[fd] = value;
	table.fds = fds;
	// Whoever closes any descriptor of a file loses the record locks it has there (locks_remove_posix).
	if (before !== undefined && before.file !== value?.file) unlock(d, d.files[before.file]?.inode ?? 0, 'table', id);
	if (before !== undefined && before.file !== value?.file) dropFileIfUnused(d, before.file);
}

/** The size of a file changes: beyond it, in its last page, is nothing but zeros. */
function resize(d: StateDraft, id: number, size: number): void {
	const inode = entity(d, 'inodes', id);
	const object = entity(d, 'objects', inode.object);
	const kept = Math.min(size, inode.size);
	let { pages } = object;
	if (size < inode.size) pages = pages.without(Math.ceil(size / PAGE_SIZE), Math.ceil(inode.size / PAGE_SIZE));
	object.pages = zeroTail(pages, kept);
	object.size = size;
	inode.size = size;
}

/** Zeroes the page that holds `size` from there on. */
function zeroTail(pages: Pages, size: number): Pages {
	const tail = size % PAGE_SIZE;
	const index = Math.floor(size / PAGE_SIZE);
	const last = tail === 0 ? undefined : pages.get(index);
	if (last === undefined) return pages;
	let used = PAGE_SIZE;
	while (used > tail && last[used - 1] === 0) used--;
	if (used === tail) return pages;
	const cut = new Uint8Array(PAGE_SIZE);
	cut.set(last.subarray(0, tail));
	return pages.with([[index, cut]]);
}

function writeInode(d: StateDraft, id: number, offset: number, bytes: Uint8Array): void {
	if (bytes.length === 0) return;
	const inode = entity(d, 'inodes', id);
	if (offset + bytes.length > inode.size) resize(d, id, offset + bytes.length);
	const object = entity(d, 'objects', inode.object);
	object.pages = writtenPages(object.pages, offset, bytes);
}

/** Pages with bytes written at a byte offset. */
export function writtenPages(pages: Pages, offset: number, bytes: Uint8Array): Pages {
	const changes: [number, Uint8Array][] = [];
	for (let done = 0; done < bytes.length; ) {
		const index = Math.floor((offset + done) / PAGE_SIZE);
		const at = (offset + done) % PAGE_SIZE;
		const n = Math.min(PAGE_SIZE - at, bytes.length - done);
		const page = new Uint8Array(PAGE_SIZE);
		const before = n === PAGE_SIZE ? undefined : pages.get(index);
		if (before) page.set(before);
		page.set(bytes.subarray(done, done + n), at);
		changes.push([index, page]);
		done += n;
	}
	return pages.with(changes);
}
