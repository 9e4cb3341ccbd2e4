/** The first line of a script (fs/binfmt_script.c of Linux 6.1). */

/** Bytes of a file that are looked at (BINPRM_BUF_SIZE). */
export const SCRIPT_LINE = 256;
/** Scripts that name scripts: more is ELOOP. */
export const MAX_INTERPRETERS = 5;

/** What `#!` asks for. Byte strings. */
export interface ScriptLine {
	readonly path: string;
	/** The rest of the line, one argument; '' = none. */
	readonly option: string;
}

/**
 * What a file's first bytes (at most SCRIPT_LINE) ask for; undefined when it is no script; `bad` when it names nothing, or a
 * name that is cut off by the end of what is looked at.
 */
export function scriptLine(head: Uint8Array): ScriptLine | 'bad' | undefined {
	let line = '';
	for (const b of head.subarray(0, SCRIPT_LINE)) line += String.fromCharCode(b);
	if (!line.startsWith('#!')) return undefined;
	const end = line.indexOf('\n');
	const words = (end < 0 ? line : line.slice(0, end)).slice(2).replace(/^[ \t]+|[ \t]+$/g, '');
	const [, path = '', option = ''] = /^([^ \t\0]*)[ \t]*([^\0]*)/.exec(words) ?? [];
	if (path === '') return 'bad';
	return end < 0 && line.length === SCRIPT_LINE && !/[ \t]/.test(words) ? 'bad' : { path, option };
}

/** The arguments an interpreter gets. @param called the script's name as execve was given it, or as the script before names it */
export function scriptArguments({ path, option }: ScriptLine, called: string, argv: readonly string[]): string[] {
	return [path, ...(option === '' ? [] : [option]), called, ...argv.slice(1)];
}
