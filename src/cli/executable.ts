/** The program that is to be recorded: found on the host, and of a script its interpreter, as execve would find them. */
import * as fs from 'node:fs';
import { posix } from 'node:path';
import { MAX_INTERPRETERS, scriptArguments, scriptLine } from '../kernel/script.ts';
import { hostMeta } from '../replay/host.ts';
import { reason } from './open.ts';
import { CliError, Exit } from './output.ts';

/** Paths are byte strings here: one character a byte. */
export const bytesOf = (text: string) => Buffer.from(text, 'latin1');

const shown = (text: string) => bytesOf(text).toString();

function fail(text: string): never {
	throw new CliError(text, Exit.FAILED);
}

/** What runs. Byte strings. */
export interface Executable {
	/** Its path inside the guest and on the host. */
	readonly guest: string;
	readonly host: string;
	readonly program: Uint8Array;
	readonly argv: readonly string[];
	/** Path inside the guest of what was named. */
	readonly named: string;
	/** Of a script: the name execve would have been given. */
	readonly filename?: string;
}

/**
 * @param argv the words of the command; the first one names the program, with a root below it
 * @param root directory of the host without a slash at its end, or undefined: the guest has nothing but the program
 * @param cwd of the guest
 */
export function executable(argv: readonly string[], root: string | undefined, cwd: string): Executable {
	const named = locate(argv[0], root, '/');
	let found = named;
	let program = readProgram(found.host, shown(argv[0]));
	let words = argv;
	// A relative name means the same file to the interpreter only where the guest's directory is the root.
	const filename =
		argv[0].startsWith('/') || (argv[0].includes('/') && cwd === '/' && root !== undefined) ? argv[0] : named.guest;
	let called = filename;
	for (let depth = 0; ; depth++) {
		const line = scriptLine(program);
		if (line === undefined) break;
		const script = shown(depth === 0 ? argv[0] : called);
		if (line === 'bad') fail(`${script}: a script whose first line names no interpreter`);
		const path = shown(line.path);
		if (depth >= MAX_INTERPRETERS) fail(`${script}: more than ${MAX_INTERPRETERS} scripts that name scripts`);
		if (root === undefined)
			fail(`${script}: a script for ${path}, and without --root DIR the guest has no file but the one that is recorded`);
		words = scriptArguments(line, called, words);
		called = line.path;
		try {
			found = locate(line.path, root, cwd);
		} catch (error) {
			if (!(error instanceof CliError)) throw error;
			fail(`${script}: its interpreter ${error.message}`);
		}
		program = readProgram(found.host, `${script}: its interpreter ${path}`);
	}
	return { ...found, program, argv: words, named: named.guest, ...(words === argv ? {} : { filename }) };
}

/** A program's path inside the guest and on the host. */
function locate(prog: string, root: string | undefined, cwd: string): { readonly guest: string; readonly host: string } {
	if (root === undefined) {
		const host = posix.resolve(Buffer.from(process.cwd()).toString('latin1'), prog);
		return { guest: host, host };
	}
	const guest = posix.resolve(cwd, prog);
	return { guest, host: throughRoot(root, guest) };
}

/** Follows symbolic links inside the root only. */
function throughRoot(root: string, guest: string): string {
	const todo = guest.split('/');
	const done: string[] = [];
	for (let links = 0; todo.length > 0; ) {
		const part = todo.shift()!;
		if (part === '' || part === '.') continue;
		if (part === '..') {
			done.pop();
			continue;
		}
		const meta = hostMeta(bytesOf([root, ...done, part].join('/')));
		if (meta === null) fail(`${shown(guest)}: no such file below the root ${bytesOf(root)}`);
		if (meta.kind !== 'symlink') {
			done.push(part);
			continue;
		}
		if (++links > 40) fail(`${shown(guest)}: too many symbolic links`);
		if (meta.target.startsWith('/')) done.length = 0;
		todo.unshift(...meta.target.split('/'));
	}
	return [root, ...done].join('/');
}

function readProgram(host: string, name: string): Uint8Array {
	try {
		if (!fs.statSync(bytesOf(host)).isFile() && !fs.statSync(bytesOf(host)).isDirectory())
			fail(`${name}: a program wanted, a device got`);
		return fs.readFileSync(bytesOf(host));
	} catch (error) {
		if (error instanceof CliError) throw error;
		fail(`${name}: ${reason(error as NodeJS.ErrnoException, 'program')}`);
	}
}
