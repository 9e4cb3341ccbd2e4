/** The program that is to be recorded: found on the host, and of a script its interpreter, as execve would find them. */
import * as fs from 'node:fs';
import { posix } from 'node:path';
import { ElfError } from '../kernel/elf.ts';
import { MAX_INTERPRETERS, scriptArguments, scriptLine } from '../kernel/script.ts';
import { type FoundLoader, findBelow, findLoader } from '../replay/below-root.ts';
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
	/** Of a dynamic program. */
	readonly loader?: FoundLoader;
	/** The name execve would have been given, where argv[0] and the path do not say it: of a script, of a link. */
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
		argv[0].startsWith('/') || (argv[0].includes('/') && cwd === '/' && root !== undefined) ? argv[0] : named.named;
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
	const loader = loaderOf(program, shown(words === argv ? argv[0] : called), root);
	return {
		guest: found.guest,
		host: found.host,
		program,
		argv: words,
		named: named.named,
		...(loader === undefined ? {} : { loader }),
		...(words !== argv || (!argv[0].includes('/') && named.named !== named.guest) ? { filename } : {}),
	};
}

/** A program's path inside the guest as it was named, with symbolic links resolved, and on the host. */
interface Located {
	readonly named: string;
	readonly guest: string;
	readonly host: string;
}

/** Symbolic links are followed inside the root only. */
function locate(prog: string, root: string | undefined, cwd: string): Located {
	if (root === undefined) {
		const host = posix.resolve(Buffer.from(process.cwd()).toString('latin1'), prog);
		return { named: host, guest: host, host };
	}
	const named = posix.resolve(cwd, prog);
	const found = findBelow(named, lookBelow(root));
	if (found === 'loop') fail(`${shown(named)}: too many symbolic links`);
	if (found === null) fail(`${shown(named)}: no such file below the root ${shown(root)}/`);
	return { named, guest: found.path, host: `${root}${found.path}` };
}

/** The dynamic loader that a program names, below the root. */
function loaderOf(program: Uint8Array, name: string, root: string | undefined): FoundLoader | undefined {
	let found: ReturnType<typeof findLoader>;
	try {
		found = findLoader(program, lookBelow(root), (path) => fs.readFileSync(bytesOf(`${root}${path}`)));
	} catch (error) {
		if (!(error instanceof ElfError)) throw error;
		fail(`${name}: ${error.message}`);
	}
	if (typeof found !== 'string') return found;
	const where = root === undefined ? '--root DIR gives it a file system, or link it with -static' : `${shown(root)}/ has none`;
	fail(`${name}: a dynamic program, whose loader is ${shown(found)}: ${where}`);
}

const lookBelow = (root: string | undefined) => (path: string) =>
	root === undefined ? null : hostMeta(bytesOf(`${root}${path}`));

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
