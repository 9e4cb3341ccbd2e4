/**
 * Records every sample in traces/ again: `npm run record-traces`. Needed whenever the semantics version is raised.
 * What a sample shows stands here, once; traces/README.md is written from it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InputEvent } from '../src/events/input.ts';
import { NoOutside } from '../src/replay/outside.ts';
import { type RecordOptions, record } from '../src/replay/record.ts';
import { guestPath, readManifest } from '../test/guests/manifest.ts';

interface Sample {
	readonly name: string;
	/** Program in test/guests. */
	readonly guest: string;
	readonly shows: string;
	/** Words after the program's name; default: the manifest's. */
	readonly args?: readonly string[];
	/** Signal that comes from outside as soon as nothing can run. */
	readonly signal?: number;
	readonly options?: Partial<RecordOptions>;
}

const SIGALRM = 14;
/** The first task of a recording. */
const FIRST_PID = 2;

const SAMPLES: readonly Sample[] = [
	{ name: 'tiny', guest: 'tiny', shows: 'ten instructions and two calls: the smallest thing that goes through every stage' },
	{ name: 'hello', guest: 'hello', shows: 'a program without a C library prints a line', options: { grain: 'steps' } },
	{ name: 'lines', guest: 'lines', shows: 'stdin, a regular file, read by lines' },
	{ name: 'sort', guest: 'sort', shows: 'integer loops over memory: sorting' },
	{ name: 'matrix', guest: 'matrix', shows: 'a long integer loop, with a digest in the middle' },
	{ name: 'pause', guest: 'pause_window', shows: 'pause() woken by timers: the window in which a restart may swallow a signal' },
	{
		name: 'window',
		guest: 'frozen_window',
		shows: 'pause() woken by a signal from outside: frozen when it comes, a restart may swallow it',
		args: ['outside'],
		signal: SIGALRM,
	},
	{ name: 'signals', guest: 'nested_signals', shows: 'handlers inside handlers, frames, sigreturn' },
	{
		name: 'faults',
		guest: 'faults',
		shows: 'SIGSEGV, SIGFPE, SIGILL, SIGTRAP caught, with siginfo',
		options: { grain: 'steps' },
	},
	{ name: 'x87', guest: 'x87_sqrt', shows: 'x87 arithmetic in 80 bits' },
	{
		name: 'xmm',
		guest: 'xmm_unmasked',
		shows: 'SSE arithmetic, #XM with its flags in MXCSR, misaligned operands',
		options: { grain: 'steps' },
	},
	{
		name: 'xmm-long',
		guest: 'xmm_long',
		shows: 'vectorised integers and floating point that live in XMM registers across calls',
	},
	{ name: 'mmap-file', guest: 'mmap_file', shows: 'a file mapped private and shared: one set of pages' },
	{ name: 'selfmod', guest: 'selfmod', shows: 'code that writes code' },
	{ name: 'fork', guest: 'fork_wait', shows: 'fork: two address spaces, the child writes and ends, the parent waits' },
	{ name: 'fork-steps', guest: 'fork_wait', shows: 'the same, each step kept', options: { grain: 'steps' } },
	{
		name: 'frozen',
		guest: 'frozen',
		shows: 'all that a checkpoint must keep: FPU, TLS, LDT, signals, timers, descriptors, limits',
	},
	{ name: 'frozen-files', guest: 'frozen_files', shows: 'mapped files, private, shared, written, unlinked' },
	{ name: 'frozen-calls', guest: 'frozen_calls', shows: 'asleep in pause, nanosleep, poll and sigtimedwait' },
	{
		name: 'frozen-tree',
		guest: 'frozen_tree',
		shows: 'a tree: groups, a session, a zombie, a stopped child, memory that processes share, threads',
	},
	{
		name: 'threads',
		guest: 'thread_signals',
		shows: 'threads: signals to one and to all of them, and the word that is cleared at the end',
	},
	{
		name: 'leader-gone',
		guest: 'thread_leader_gone',
		shows: 'first threads that have ended while others live, in a child and in the root',
	},
	{
		name: 'module',
		guest: 'checkpoint_tree',
		shows: 'a guest that dumps a tree, and itself, through the checkpoint module, and restarts both',
		options: { checkpointModule: [] },
	},
	{ name: 'jobs', guest: 'waitid_info', shows: 'a child stops, goes on, exits, is killed: what waitid tells' },
	{
		name: 'ipc',
		guest: 'ipc_frozen',
		shows: 'System V IPC: a segment that is removed, semaphores to be undone, sleepers in semop, msgsnd and msgrcv',
	},
	{
		name: 'terminal',
		guest: 'pty_signals',
		shows: 'a pseudo-terminal: characters that send signals, the window, output that stops and goes on',
	},
	{
		name: 'namespaces',
		guest: 'ns_pid_names',
		shows: 'who did it, asked from a pid namespace: sockets, locks, System V IPC, an inheriting futex, a tracer outside',
	},
	{
		name: 'mounts',
		guest: 'mount_shared',
		shows: 'mounts that are shared, across namespaces too: peers, slaves, what is mounted and taken away with them, another root',
	},
	{ name: 'tls', guest: 'tls', shows: 'set_thread_area and a loaded gs' },
];

/** An outside that sends one signal when the guest sleeps for the first time. */
class OneSignal extends NoOutside {
	#signo: number | null;

	constructor(signo: number) {
		super();
		this.#signo = signo;
	}

	override async idle(streams: readonly number[]): Promise<InputEvent | null> {
		const signo = this.#signo;
		if (signo === null) return super.idle(streams);
		this.#signo = null;
		const info = { signo, errno: 0, code: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false };
		return { kind: 'input/signal', task: FIRST_PID, info, ns: 2_000_000 };
	}
}

const guests = new Map(readManifest().map((g) => [g.name, g]));
const rows: string[] = [];
for (const { name, guest, shows, args, signal, options } of SAMPLES) {
	const manifest = guests.get(guest);
	if (!manifest) throw new Error(`no guest ${guest} in test/guests/manifest.json`);
	const path = `/guests/${guest}`;
	const outside = signal === undefined ? new NoOutside() : new OneSignal(signal);
	const result = await record({
		path,
		program: readFileSync(guestPath(guest)),
		argv: [path, ...(args ?? manifest.args)],
		streams: [manifest.stdin ? 'file' : 'null', 'pipe', 'pipe'],
		...(manifest.stdin ? { stdin: Buffer.from(manifest.stdin, 'latin1') } : {}),
		outside,
		...options,
	});
	if (manifest.native === true && args === undefined && outside.text(1) !== manifest.stdout)
		throw new Error(`${name}: the guest's output is not the native one`);
	writeFileSync(join('traces', `${name}.msgpack`), result.bytes);
	const { steps, events } = result.end;
	rows.push(
		`| \`${name}.msgpack\` | ${shows} | \`test/guests/${guest}\` | ${options?.grain ?? 'inputs'} | ${steps} | ${events} | ${result.bytes.length} |`,
	);
	console.log(
		`${name.padEnd(12)} ${String(steps).padStart(9)} steps ${String(events).padStart(6)} events ${String(result.bytes.length).padStart(8)} bytes`,
	);
}

writeFileSync(
	'traces/README.md',
	`# Samples

Each goes through every law in \`test/laws/\`; a new one is tested by being here. All are recorded by \`npm run record-traces\`
(\`scripts/record-traces.ts\`) from guest programs whose sources lie in \`test/guests/\`.

| trace | what it shows | program | grain | steps | events | bytes |
|---|---|---|---|---|---|---|
${rows.join('\n')}
`,
);
