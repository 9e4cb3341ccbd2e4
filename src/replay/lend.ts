/**
 * What a restart is lent when there are only files: a fresh machine below a root, with the program the image maps at its
 * start of code just executed. Handlers are the defaults, descriptors 0–2 the caller's, everything else as after exec.
 */
import { ImageError } from '../cpt/error.ts';
import { readImage } from '../cpt/v2/framing.ts';
import type { ImageObject } from '../cpt/v2/image-object.ts';
import { RestartError } from '../cpt/v2/progress.ts';
import { lookUp } from '../cpt/v2/restart-memory.ts';
import type { Stream } from '../events/entities.ts';
import type { HostMeta } from '../events/input.ts';
import { ElfError } from '../kernel/elf.ts';
import { reduce } from '../reducers/reduce.ts';
import type { MachineState } from '../reducers/state.ts';
import { findLoader } from './below-root.ts';
import { boot } from './boot.ts';
import type { TraceHeader } from './header.ts';
import type { Outside } from './outside.ts';
import { makeHeader } from './record.ts';

export interface Lent {
	readonly state: MachineState;
	readonly header: TraceHeader;
	readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export interface LendOptions {
	/** Answers look-ups and contents below the root. */
	readonly outside: Pick<Outside, 'answer'>;
	/** Kinds of descriptors 0–2. */
	readonly streams: readonly [Stream['kind'], Stream['kind'], Stream['kind']];
	/** Contents of stdin when it is a regular file. */
	readonly stdin?: Uint8Array;
}

const ENOENT = 2;
const ENOEXEC = 8;

/** @throws ImageError; RestartError when a file the image names is not below the root */
export function lendFiles(image: Uint8Array, options: LendOptions): Lent {
	const objects = readImage(image);
	const name = programName(objects);
	const path = pathOf(name);
	const { outside, streams, stdin } = options;
	const look = (at: string) => {
		const looked = outside.answer({ kind: 'lookup', dir: 0, name: at.slice(at.lastIndexOf('/') + 1), path: at });
		return looked.kind === 'input/lookup' ? looked.found : null;
	};
	const read = (at: string) => {
		const content = outside.answer({ kind: 'content', inode: 0, path: at });
		return content.kind === 'input/content' ? content.bytes : new Uint8Array(0);
	};
	const found = look(path);
	if (found === null || found.kind !== 'file') throw missing(name, path);
	const program = read(path);
	const bytesOf = (text: string) => Buffer.from(text, 'latin1');
	let state: MachineState;
	let made: ReturnType<typeof makeHeader>;
	try {
		const loader = findLoader(program, look, read);
		made = makeHeader({
			path: bytesOf(path),
			program,
			root: 'host',
			meta: ownership(found),
			...(typeof loader === 'object' ? { loader: { ...loader, path: bytesOf(loader.path), meta: ownership(loader.meta) } } : {}),
			streams,
			...(stdin === undefined ? {} : { stdin }),
		});
		state = boot(made.header, (hash) => made.blobs.get(hash)!);
	} catch (error) {
		if (!(error instanceof ElfError)) throw error;
		throw new RestartError(placeOf(name), `${path}: ${error.message}`, ENOEXEC);
	}
	const { header, blobs } = made;
	for (const object of objects) if (object.name === 'NAME') state = withFile(state, object, outside);
	return { state, header, blobs };
}

const ownership = ({ mode, uid, gid, mtime }: HostMeta) => ({ mode, uid, gid, mtime });

/** The NAME of what is mapped where the first task's code begins. */
function programName(objects: readonly ImageObject[]): ImageObject {
	const mm = objects.find((o) => o.name === 'MM');
	if (mm === undefined) throw new ImageError({ offset: 0, object: 'END', want: 'an MM', got: 'no process with memory' });
	const start = mm.num('cpt_start_code');
	const vma = objects.find((o) => o.name === 'VMA' && o.parent === mm && o.num('cpt_start') <= start && start < o.num('cpt_end'));
	const name = objects.find((o) => o.name === 'NAME' && o.parent === vma);
	return name ?? mm.fail('cpt_start_code', 'an address in a mapped file, the program', `0x${start.toString(16)}`);
}

const pathOf = (name: ImageObject) => String.fromCharCode(...name.payload.subarray(0, -1));
const placeOf = (name: ImageObject) => ({ object: name.label, field: 'payload', offset: name.offset });
const missing = (name: ImageObject, path: string) => new RestartError(placeOf(name), `no file ${path} below the root`, ENOENT);

/** The state with a file that an image maps looked up and read, name by name. */
function withFile(before: MachineState, name: ImageObject, outside: Pick<Outside, 'answer'>): MachineState {
	const path = pathOf(name);
	if (!path.startsWith('/')) throw missing(name, path);
	let state = before;
	let dir = 1;
	let at = '';
	for (const part of path.split('/').filter((p) => p !== '')) {
		at += `/${part}`;
		const known = state.inodes[dir]?.entries.find((e) => e.name === part);
		if (known === undefined && state.inodes[dir]?.lower === 'partial')
			state = reduce(state, [outside.answer({ kind: 'lookup', dir, name: part, path: at })]);
		const found = lookUp(state, at);
		if (found === undefined) throw missing(name, path);
		dir = found;
	}
	if (state.inodes[dir].kind !== 'file') throw missing(name, path);
	if (state.inodes[dir].lower !== 'unread') return state;
	return reduce(state, [outside.answer({ kind: 'content', inode: dir, path })]);
}
