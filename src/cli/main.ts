/** The command `replay`. Parses words, runs one command, turns failures into one line and an exit status. */
import * as fs from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { TraceError } from '../events/trace/format.ts';
import { WRITER } from '../replay/header.ts';
import { CliError, Exit, message } from './output.ts';

const VERBS = ['run', 'record', 'info', 'dump', 'state', 'strace', 'diff', 'help'] as const;

/** Told the status a command means. */
let status: number = Exit.OK;

function program(): Command {
	const root = new Command('replay');
	root
		.description('Records a static i386 Linux program, replays it exactly, and shows any step of it.')
		.version(WRITER)
		.exitOverride()
		.configureOutput({ outputError: () => {} })
		.enablePositionalOptions()
		.showHelpAfterError(false)
		.addHelpText(
			'after',
			`
replay TRACE is short for replay run TRACE.
A position is N (after N retired steps) or N.k (after k events there).
Exit: 0 equal or done, 1 differs, 2 usage or unreadable input; record exits as the guest did, 125 for failures of its own.`,
		);
	root
		.command('run')
		.description('replay a trace, verify everything, print a summary')
		.argument('<trace>')
		.option('--echo', "print the guest's output instead of the summary")
		.option('--until <pos>', 'stop there')
		.option('--json', 'the summary as JSON')
		.action(async (trace, options) => {
			status = (await import('./commands/replay.ts')).replayCommand(trace, options);
		});
	root
		.command('record')
		.description('run a program and keep the trace')
		.passThroughOptions()
		.usage('[options] -- PROG ARGS…')
		.argument('<prog>')
		.argument('[args...]')
		.option('-o, --output <file>', 'the trace (default: PROG.msgpack)')
		.option('--grain <grain>', '`inputs`, or `steps`: every step in the file too')
		.option('--root <dir>', "a host directory that is the guest's root (read only); PROG is a path inside it")
		.option('--cwd <dir>', 'working directory inside the guest (default: /)')
		.option('--seed <n>', 'seed of all randomness the guest sees (default: 1)')
		.option('--epoch <time>', 'realtime clock at the first step: seconds since 1970 or an ISO date')
		.addOption(
			new Option('--env <K=V>', 'add to the fixed environment').argParser((v: string, all: string[] = []) => [...all, v]),
		)
		.option('--max-steps <n>', 'stop the recording after so many steps')
		.option('--json', 'the totals as JSON on stderr')
		.action(async (prog, args, options) => {
			status = await (await import('./commands/record.ts')).recordCommand(prog, args, options);
		});
	root
		.command('info')
		.description('what a trace holds')
		.argument('<trace>')
		.option('--json', 'as JSON')
		.action(async (trace, options) => {
			status = (await import('./commands/info.ts')).infoCommand(trace, options);
		});
	root
		.command('dump')
		.description('events, one a line; with a range also the steps, disassembled')
		.argument('<trace>')
		.argument('[range]', 'A-B, A- or A (positions)')
		.option('--json', 'a JSON value a line')
		.action(async (trace, range, options) => {
			status = await (await import('./commands/dump.ts')).dumpCommand(trace, range, options);
		});
	root
		.command('state')
		.description('what is at a position')
		.argument('<trace>')
		.argument('[what...]', 'regs (default), maps, mem ADDR LEN, fds, signals')
		.requiredOption('--at <pos>', 'the position')
		.option('--json', 'as JSON')
		.action(async (trace, what, options) => {
			status = await (await import('./commands/state.ts')).stateCommand(trace, what, options);
		});
	root
		.command('strace')
		.description("system calls and signals, in strace's format")
		.argument('<trace>')
		.option('--json', 'a JSON value a line')
		.action(async (trace, options) => {
			status = (await import('./commands/strace.ts')).straceCommand(trace, options);
		});
	root
		.command('diff')
		.description('two traces: the first difference of what they did; two TRACE@POS: of their states')
		.argument('<a>')
		.argument('<b>')
		.option('--json', 'as JSON')
		.action(async (a, b, options) => {
			status = await (await import('./commands/diff.ts')).diffCommand(a, b, options);
		});
	for (const command of root.commands) command.exitOverride().configureOutput({ outputError: () => {} });
	return root;
}

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
	return (VERBS as readonly string[]).includes(word);
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
function failed(error: unknown, recording: boolean): number {
	const usage = recording ? Exit.RECORD_FAILED : Exit.USAGE;
	if (error instanceof CommanderError) {
		if (error.exitCode === 0) return Exit.OK;
		message(usageLine(error));
		return usage;
	}
	if (error instanceof CliError) {
		message(error.message);
		return recording ? Exit.RECORD_FAILED : error.status;
	}
	if (error instanceof TraceError) {
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
	const many = /^too many arguments for "(\w+)". Expected (\d+) arguments? but got (\d+)/.exec(text);
	return many ? `${many[1]}: ${many[2]} word${many[2] === '1' ? '' : 's'} wanted at most, ${many[3]} got` : text;
}

async function main(): Promise<number> {
	const words = process.argv.slice(2);
	const recording = words[firstWord(words)] === 'record';
	try {
		if (words.length === 0) {
			program().outputHelp({ error: true });
			return Exit.USAGE;
		}
		await program().parseAsync(withVerb(words) as string[], { from: 'user' });
		return status;
	} catch (error) {
		return failed(error, recording);
	}
}

process.exit(await main());
