/** Reducers of inputs: what the outside brought becomes state, and the clock moves by the time it took. */
import { assert, assertNever } from '../events/assert.ts';
import type { HostMeta, InputEvent } from '../events/input.ts';
import type { StateDraft } from './draft.ts';
import { entity, plain } from './draft.ts';
import { joined, newInode, setEntry, writtenPages } from './files.ts';
import { Pages } from './pages.ts';
import { post } from './signals.ts';

export function reduceInput(d: StateDraft, e: InputEvent): void {
	switch (e.kind) {
		case 'input/lookup':
			setEntry(d, e.dir, e.name, e.found === null ? 0 : lookedUp(d, e.dir, e.name, e.found));
			return;
		case 'input/listing':
			list(d, e.dir, e.names);
			return;
		case 'input/content': {
			const inode = entity(d, 'inodes', e.inode);
			const object = entity(d, 'objects', inode.object);
			assert(inode.lower === 'unread', `the contents of inode ${e.inode} are known already`);
			// What was read counts: the file may have changed its size since it was looked up.
			const pages = writtenPages(Pages.EMPTY, 0, e.bytes);
			object.pages = pages.with([...pages.entries()].filter(([, p]) => p.every((b) => b === 0)).map(([i]) => [i, undefined]));
			object.size = e.bytes.length;
			inode.size = e.bytes.length;
			inode.lower = 'none';
			return;
		}
		case 'input/stream': {
			const stream = entity(d, 'streams', e.stream);
			if (e.bytes.length > 0) stream.unread = joined(stream.unread, e.bytes);
			if (e.eof) stream.eof = true;
			stream.arrivals++;
			d.clock.skewNs += e.ns;
			return;
		}
		case 'input/signal':
			post(d, e.task, true, e.info);
			d.clock.skewNs += e.ns;
			return;
		case 'input/none':
			d.clock.skewNs += e.ns;
			return;
		default:
			assertNever(e, 'event');
	}
}

/** A new inode for what was found; its id. */
function lookedUp(d: StateDraft, dir: number, name: string, found: HostMeta): number {
	const id = d.next.inode;
	const { lowerPath: parent, sb } = entity(d, 'inodes', dir);
	const lower = found.kind === 'file' ? 'unread' : found.kind === 'dir' ? 'partial' : 'none';
	newInode(d, {
		...found,
		id,
		ino: d.next.ino,
		sb,
		atime: found.mtime,
		ctime: found.mtime,
		object: found.kind === 'file' ? d.next.object : 0,
		channel: 0,
		entries: [],
		locks: [],
		parent: found.kind === 'dir' ? dir : 0,
		lower,
		seals: 0,
		lowerPath: parent === '' || parent.endsWith('/') ? parent + name : `${parent}/${name}`,
	});
	return id;
}

/** Names not met yet become entries to be looked up (inode -1); from now on a name without an entry is absent. */
function list(d: StateDraft, dir: number, names: readonly string[]): void {
	const node = entity(d, 'inodes', dir);
	const known = plain(node.entries);
	const met = new Set(known.map((e) => e.name));
	const fresh = names.filter((name) => !met.has(name)).map((name) => ({ name, inode: -1 }));
	node.entries = [...known.filter((e) => e.inode !== 0), ...fresh].sort((a, b) =>
		a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
	);
	node.lower = 'none';
}
