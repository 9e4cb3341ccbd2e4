/** The commands, their words and options. What they do is in commands/, loaded when it is asked for. */
import { Command, Option } from 'commander';
import { WRITER } from '../replay/header.ts';
import { CliError, Exit } from './output.ts';

/** Words that are given several times. */
const many = (value: string, all: readonly string[] = []) => [...all, value];
const defect = () =>
	new Option('--defect <name[=arg]>', 'plant a defect of the catalogue (replay defects); may be given again').argParser(many);
const json = '--json';
const policy = () => new Option('--policy <policy>', 'how a call that slept goes on: `kernel` (default), `user`, `eintr`');
const restarter = () =>
	new Option(
		'--restarter <module>',
		"somebody's own restart: a .ts or .js file whose default export makes restore events of an image",
	);

/** @param told hears the exit status a command means */
export function program(told: (status: number) => void): Command {
	const root = new Command('replay');
	root
		.description(
			'Records an i386 Linux program, replays it exactly, shows any step of it, and tells whether a restart did what it should.',
		)
		.version(WRITER)
		.enablePositionalOptions()
		.showHelpAfterError(false)
		.addHelpText(
			'after',
			`
replay TRACE is short for replay run TRACE.
A position is N (after N retired steps) or N.k (after k events there).
Exit: 0 equal or done, 1 differs or refused, 2 usage or unreadable input; record and restart exit as the guest did, 125 for failures of their own.`,
		);
	recording(root, told);
	looking(root, told);
	checkpointing(root, told);
	cores(root, told);
	images(root, told);
	catalogue(root, told);
	const quiet = (command: Command): void => {
		command.exitOverride().configureOutput({ outputError: () => {} });
		for (const sub of command.commands) quiet(sub);
	};
	quiet(root);
	return root;
}

type Told = (status: number) => void;

function recording(root: Command, told: Told): void {
	root
		.command('run')
		.description('replay a trace, verify everything, print a summary')
		.argument('<trace>')
		.option('--echo', "print the guest's output instead of the summary")
		.option('--until <pos>', 'stop there')
		.option(json, 'the summary as JSON')
		.action(async (trace, options) => told((await import('./commands/replay.ts')).replayCommand(trace, options)));
	root
		.command('record')
		.description('run a program and keep the trace')
		.passThroughOptions()
		.usage('[options] -- PROG ARGS…')
		.argument('[prog]')
		.argument('[args...]')
		.option('--from <stub>', 'gdb://HOST:PORT: step a process on hardware through a debugger’s stub instead of running PROG')
		.option('-o, --output <file>', 'the trace (default: PROG.msgpack)')
		.option('--grain <grain>', '`inputs`, or `steps`: every step in the file too')
		.option('--root <dir>', "a host directory that is the guest's root (read only); PROG is a path inside it")
		.option('--cwd <dir>', 'working directory inside the guest (default: /)')
		.option('--cpu <model>', 'the processor the guest sees: i686, pentium4 or core2 (default: pentium4)')
		.option('--memory <size>', 'memory of the machine: bytes, or with K, M or G (default: 1G)')
		.option('--seed <n>', 'seed of all randomness the guest sees and of the schedule (default: 1)')
		.option('--strict', 'stop at the first thing that is not supported, and exit 125')
		.option('--chaos', 'quanta and priorities at random, from the seed')
		.option('--checkpoint-module', 'calls 334 and 335 are checkpoint() and restart() of the 2008 patches')
		.addOption(new Option('--defect <name[=arg]>', 'plant a defect in the checkpoint module; may be given again').argParser(many))
		.option('--epoch <time>', 'realtime clock at the first step: seconds since 1970 or an ISO date')
		.addOption(new Option('--env <K=V>', 'add to the fixed environment').argParser(many))
		.option('--max-steps <n>', 'stop the recording after so many steps')
		.option(json, 'the totals as JSON on stderr')
		.action(async (prog, args, options) => {
			if (options.from !== undefined) {
				if (prog !== undefined) throw new CliError('record --from: no program wanted, the stub has one', Exit.FAILED);
				told(await (await import('./commands/record-from.ts')).recordFromCommand(options));
				return;
			}
			if (prog === undefined) throw new CliError('missing required argument "prog"', Exit.FAILED);
			told(await (await import('./commands/record.ts')).recordCommand(prog, args, options));
		});
}

function looking(root: Command, told: Told): void {
	root
		.command('info')
		.description('what a trace holds')
		.argument('<trace>')
		.option(json, 'as JSON')
		.action(async (trace, options) => told((await import('./commands/info.ts')).infoCommand(trace, options)));
	root
		.command('dump')
		.description('events, one a line; with a range also the steps, disassembled')
		.argument('<trace>')
		.argument('[range]', 'A-B, A- or A (positions)')
		.option(json, 'a JSON value a line')
		.action(async (trace, range, options) => told(await (await import('./commands/dump.ts')).dumpCommand(trace, range, options)));
	root
		.command('state')
		.description('what is at a position')
		.argument('<trace>')
		.argument('[what...]', 'regs (default), maps, mem ADDR LEN, fds, signals')
		.requiredOption('--at <pos>', 'the position: N, N.k, end or end-N')
		.option(json, 'as JSON')
		.action(async (trace, what, options) => told(await (await import('./commands/state.ts')).stateCommand(trace, what, options)));
	root
		.command('ps')
		.description('the tree of tasks at a position: what each does, what a sleeper waits for')
		.argument('<trace>')
		.requiredOption('--at <pos>', 'the position: N, N.k, end or end-N')
		.option(json, 'as JSON')
		.action(async (trace, options) => told((await import('./commands/ps.ts')).psCommand(trace, options)));
	root
		.command('strace')
		.description("system calls and signals, in strace's format")
		.argument('<trace>')
		.option(json, 'a JSON value a line')
		.action(async (trace, options) => told((await import('./commands/strace.ts')).straceCommand(trace, options)));
	root
		.command('timeline')
		.description('what each task did when: lanes in the terminal, or a file for ui.perfetto.dev')
		.argument('<trace>')
		.option('--format <format>', '`text` (default), or `perfetto`: Chrome trace JSON')
		.option('-o, --output <file>', 'into a file instead of stdout')
		.option(json, 'as JSON')
		.action(async (trace, options) => told((await import('./commands/timeline.ts')).timelineCommand(trace, options)));
	root
		.command('diff')
		.description(
			'two traces: the first difference of what they did; two TRACE@POS: of their states; an image and another, or TRACE@POS: of the images',
		)
		.argument('<a>')
		.argument('<b>')
		.option(json, 'as JSON')
		.action(async (a, b, options) => told(await (await import('./commands/diff.ts')).diffCommand(a, b, options)));
}

function checkpointing(root: Command, told: Told): void {
	root
		.command('checkpoint')
		.description('freeze a recorded run at a position and dump it into an image')
		.argument('<trace>')
		.requiredOption('--at <pos>', 'the position: N, N.k, end or end-N')
		.requiredOption('-o, --output <image>', 'the image')
		.option('--pid <n>', 'of the tree below this process alone (default: the first)')
		.addOption(defect())
		.option('--trace <file>', "also a trace of the run up to there, with the dump's own events")
		.option(json, 'what was written, as JSON')
		.action(async (trace, options) => told((await import('./commands/checkpoint.ts')).checkpointCommand(trace, options)));
	root
		.command('restart')
		.description('make a machine of an image and run on; exits as the guest does')
		.argument('<image>')
		.option('--root <dir>', "a host directory that is the guest's root: the files the image names")
		.option('--with-trace <trace@pos>', 'the run it was taken from: files, and all else that v2 cannot hold')
		.option('-o, --output <file>', 'a trace of it, restore events first')
		.addOption(policy())
		.addOption(defect())
		.option('--downtime <ns>', 'wall-clock time between checkpoint and restart')
		.option(
			'--inputs <from>',
			'`live` (default): stdin and signals of this process; `recorded`: those the trace recorded after POS',
		)
		.addOption(restarter())
		.option(json, 'the totals as JSON on stderr')
		.action(async (image, options) => told(await (await import('./commands/restart.ts')).restartCommand(image, options)));
	root
		.command('bisect')
		.description('checkpoint, restart, compare with the run that never stopped; if it differs: where first, and why')
		.argument('<trace>')
		.requiredOption('--at <pos>', 'the position: N, N.k, end or end-N')
		.option('--image <image>', 'look at this image instead of a fresh dump')
		.addOption(defect())
		.addOption(policy())
		.addOption(restarter())
		.option(json, 'the report as JSON')
		.action(async (trace, options) => told(await (await import('./commands/bisect.ts')).bisectCommand(trace, options)));
	root
		.command('sweep')
		.description('checkpoint, restart and compare at many positions, on all cores; what is not equal grouped by its cause')
		.argument('<trace>')
		.option('--every <n>', 'every so many steps')
		.option(
			'--events [n]',
			'before and after every event; with a number: at most so many of these places, a share of each kind of event',
		)
		.option('--sample <n>', 'so many steps, taken at random (default, when nothing else is said: 500)')
		.option('--seed <n>', 'of --sample (default: 1)')
		.option('--from <pos>', 'nothing before')
		.option('--to <pos>', 'nothing after')
		.option('--jobs <n>', 'threads (default: one a core)')
		.addOption(defect())
		.addOption(policy())
		.addOption(restarter())
		.option(json, 'as JSON')
		.action(async (trace, options) => told(await (await import('./commands/sweep.ts')).sweepCommand(trace, options)));
}

function catalogue(root: Command, told: Told): void {
	root
		.command('defects')
		.description('the catalogue: every defect that can be planted, where it was, what it does, what a bisect names')
		.argument('[name]', 'one of them, in full')
		.option(json, 'as JSON')
		.action(async (name, options) => told((await import('./commands/defects.ts')).defectsCommand(name, options)));
}

function images(root: Command, told: Told): void {
	const image = root
		.command('image')
		.description('a cpt image by itself: show, lint, diff, decode, encode')
		.enablePositionalOptions();
	const load = () => import('./commands/image.ts');
	image
		.command('show')
		.description('every object with its place, its fields and what its payload is')
		.argument('<image>')
		.option('--partial', 'of a broken image what is whole')
		.option('--payload', 'the bytes of payloads too')
		.option(json, 'as JSON')
		.action(async (path, options) => told((await load()).showCommand(path, options)));
	image
		.command('lint')
		.description('what is legal and still suspicious; exits 1 when there is something')
		.argument('<image>')
		.option(json, 'as JSON')
		.action(async (path, options) => told((await load()).lintCommand(path, options)));
	image
		.command('diff')
		.description('two images, object by object and field by field')
		.argument('<a>')
		.argument('<b>')
		.option(json, 'as JSON')
		.action(async (a, b, options) => told((await load()).imageDiffCommand(a, b, options)));
	image
		.command('decode')
		.description('as JSON, from which `encode` makes the same bytes')
		.argument('<image>')
		.option('-o, --output <file>', 'the file (default: stdout)')
		.action(async (path, options) => told((await load()).decodeCommand(path, options)));
	image
		.command('encode')
		.description('an image of the JSON that `decode` wrote')
		.argument('<json>')
		.requiredOption('-o, --output <image>', 'the image')
		.action(async (path, options) => told((await load()).encodeCommand(path, options)));
}

function cores(root: Command, told: Told): void {
	root
		.command('export')
		.description('write a position in a format of others: a core file for gdb')
		.argument('<trace>')
		.option('--core <file>', 'an i386 ELF core file of one process, with all its threads and memory')
		.requiredOption('--at <pos>', 'the position: N, N.k, end or end-N')
		.option('--pid <pid>', 'the thread that comes first (default: the one that runs)')
		.option('--program <file>', 'also the program, for its symbols')
		.action(async (trace, options) => told((await import('./commands/core.ts')).exportCommand(trace, options)));
	root
		.command('import')
		.description("begin a trace with a process of others: a core file, the kernel's or gdb's")
		.option('--core <file>', 'the core file')
		.requiredOption('-o, --output <file>', 'the trace')
		.option('--root <dir>', 'where the files lie that were mapped (default: /)')
		.option('--program <file>', 'the program, for its symbols')
		.option('--run', 'run it until it first asks the kernel for something')
		.option('--max-steps <n>', 'with --run: stop after so many steps')
		.action(async (options) => told((await import('./commands/core.ts')).importCommand(options)));
}
