/** The command `replay`: finds the command that is meant, runs it, turns failures into one line and an exit status. */
import * as fs from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { DefectError } from '../cpt/defects/defect.ts';
import { TraceError } from '../events/trace/format.ts';
import { CliError, Exit, message } from './output.ts';
import { program } from './program.ts';

/** Told the status a command means. */
let status: number = Exit.OK;
const root: Command = program((told) => {
	status = told;
});
const VERBS: readonly string[] = [...root.commands.map((c) => c.name()), 'help'];
/** These exit as a guest did; their own failures have a status of their own. */
const GUESTS: readonly string[] = ['record', 'restart'];

/** Where the first word stands that is no option (and not the value of one). */
function firstWord(words: readonly string[]): number {
	const end = words.indexOf('--');
	const at = words.findIndex((w, i) => !w.startsWith('-') && words[i - 1] !== '--until');
	return end >= 0 && (at < 0 || end < at) ? end + 1 : at;
}

/** A first word that is a verb is a verb; else an existing file is replayed; else it is a missing file or a slip. */
function withVerb(words: readonly string[]): readonly string[] {
	const at = firstWord(words);
	const word = words[at];
	if (word === undefined || isVerb(word) || words.slice(0, at).some((w) => ['-h', '--help', '-V', '--version'].includes(w)))
		return helped(words, at);
	if (fs.existsSync(word)) return ['run', ...words];
	if (/[/.]/.test(word)) throw new CliError(`${word}: no such file`);
	throw new CliError(slip(word));
}

function isVerb(word: string): boolean {
	return VERBS.includes(word);
}

/** `help WORD` knows the verbs only. */
function helped(words: readonly string[], at: number): readonly string[] {
	const topic = words[at] === 'help' ? words[at + 1] : undefined;
	if (topic !== undefined && !topic.startsWith('-') && !isVerb(topic)) throw new CliError(slip(topic));
	return words;
}

function slip(word: string): string {
	const near = VERBS.map((v) => [distance(v, word), v] as const).sort(([a], [b]) => a - b)[0];
	return `no command "${word}"${near[0] <= 2 ? `; did you mean "${near[1]}"?` : '; replay --help lists them'}`;
}

/** Edits between two words (optimal string alignment). */
function distance(a: string, b: string): number {
	const d = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
	for (let j = 0; j <= b.length; j++) d[0][j] = j;
	for (let i = 1; i <= a.length; i++) {
		for (let j = 1; j <= b.length; j++) {
			d[i][j] = Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[a.length][b.length];
}

/** One clear line, and the status a failure means. */
function failed(error: unknown, guest: boolean): number {
	const usage = guest ? Exit.FAILED : Exit.USAGE;
	if (error instanceof CommanderError) {
		if (error.exitCode === 0) return Exit.OK;
		message(usageLine(error));
		return usage;
	}
	if (error instanceof CliError) {
		message(error.message);
		return guest ? Exit.FAILED : error.status;
	}
	if (error instanceof TraceError || error instanceof DefectError) {
		message(error.message);
		return usage;
	}
	message(
		error instanceof Error
			? error.message.startsWith('internal error')
				? (error.stack ?? error.message)
				: error.message
			: String(error),
	);
	return usage;
}

/** Commander's words, shorter. */
function usageLine(error: CommanderError): string {
	const text = error.message.replace(/^error: /, '').replaceAll("'", '"');
	const many = /^too many arguments for "([\w-]+)". Expected (\d+) arguments? but got (\d+)/.exec(text);
	return many ? `${many[1]}: ${many[2]} word${many[2] === '1' ? '' : 's'} wanted at most, ${many[3]} got` : text;
}

async function main(): Promise<number> {
	const words = process.argv.slice(2);
	const guest = GUESTS.includes(words[firstWord(words)]);
	try {
		if (words.length === 0) {
			root.outputHelp({ error: true });
			return Exit.USAGE;
		}
		await root.parseAsync(withVerb(words) as string[], { from: 'user' });
		return status;
	} catch (error) {
		return failed(error, guest);
	}
}

process.exit(await main());
