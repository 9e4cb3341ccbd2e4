/** Finding a file below a root of the host by its path in the guest: symbolic links lead nowhere outside it. */
import type { HostMeta } from '../events/input.ts';
import { parseElf } from '../kernel/elf.ts';

/** What lies at an absolute path without symbolic links in it; null = nothing. Byte strings. */
export type Look = (path: string) => HostMeta | null;

/** A file by its path with symbolic links resolved, as the kernel shows it. */
export interface Found {
	readonly path: string;
	readonly meta: HostMeta;
}

/** Links that are followed (MAXSYMLINKS). */
const MAX_LINKS = 40;

/** Follows an absolute path; null when a part of it is missing, `loop` after too many links. */
export function findBelow(path: string, look: Look): Found | null | 'loop' {
	const todo = path.split('/');
	const done: string[] = [];
	for (let links = 0; todo.length > 0; ) {
		const part = todo.shift()!;
		if (part === '' || part === '.') continue;
		if (part === '..') {
			done.pop();
			continue;
		}
		const meta = look(`/${[...done, part].join('/')}`);
		if (meta === null) return null;
		if (meta.kind !== 'symlink') {
			done.push(part);
			continue;
		}
		if (++links > MAX_LINKS) return 'loop';
		if (meta.target.startsWith('/')) done.length = 0;
		todo.unshift(...meta.target.split('/'));
	}
	const found = `/${done.join('/')}`;
	const meta = look(found);
	return meta && { path: found, meta };
}

/** A dynamic loader that is recorded beside its program. */
export interface FoundLoader extends Found {
	readonly bytes: Uint8Array;
}

/**
 * The loader that a program names; undefined for a static program.
 * @param read the bytes of a file that `look` found
 * @returns the path that leads to no file, when it does
 * @throws ElfError when the program is none
 */
export function findLoader(
	program: Uint8Array,
	look: Look,
	read: (path: string) => Uint8Array,
): FoundLoader | string | undefined {
	const { interpreter } = parseElf(program);
	if (interpreter === null) return undefined;
	const found = findBelow(interpreter, look);
	if (found === null || found === 'loop' || found.meta.kind !== 'file') return interpreter;
	return { ...found, bytes: read(found.path) };
}
