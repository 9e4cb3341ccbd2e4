/** `record … -- PROG ARGS…`: runs a program in the machine and keeps the trace. Exits as the guest did. */
import * as fs from 'node:fs';
import { posix } from 'node:path';
import { DefectError } from '../../cpt/defects/defect.ts';
import type { HostMeta } from '../../events/input.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import { ElfError } from '../../kernel/elf.ts';
import { CPU_MODELS, MAX_MEMORY, MIN_MEMORY } from '../../kernel/persona.ts';
import { Host, HostError, hostMeta, streamKind } from '../../replay/host.ts';
import { moduleRules } from '../../replay/module.ts';
import { type RecordOptions, type Refused, record } from '../../replay/record.ts';
import type { TraceEnd } from '../../replay/trace-writer.ts';
import { bytesOf, executable } from '../executable.ts';
import { reason } from '../open.ts';

import { CliError, Exit, jsonLine, message, Progress, plural, shownBytes, thousands, writeAll } from '../output.ts';
import { OutputFile } from '../output-file.ts';
import { rawArguments } from '../raw-arguments.ts';
import { hex8 } from '../render/items.ts';
import { exitJson, shellStatus } from '../render/status.ts';
import { Counts } from '../render/unsupported.ts';
import { readStdin } from '../stdin.ts';

export interface RecordFlags {
	readonly output?: string;
	readonly cpu?: string;
	readonly memory?: string;
	readonly grain?: string;
	readonly root?: string;
	readonly seed?: string;
	readonly chaos?: boolean;
	readonly checkpointModule?: boolean;
	readonly defect?: readonly string[];
	readonly strict?: boolean;
	readonly epoch?: string;
	readonly env?: readonly string[];
	readonly cwd?: string;
	readonly json?: boolean;
	readonly maxSteps?: string;
}

function fail(text: string): never {
	throw new CliError(text, Exit.FAILED);
}

function integer(text: string | undefined, name: string, max: number): number | undefined {
	if (text === undefined) return undefined;
	const n = Number(text);
	if (!/^\d+$/.test(text) || n > max) fail(`--${name} ${text}: a whole number up to ${max} wanted`);
	return n;
}

/** Whether the defects are some that a checkpoint module can have. */
function inModule(specs: readonly string[]): void {
	try {
		moduleRules(specs);
	} catch (error) {
		if (error instanceof DefectError) fail(`--defect: ${error.message}`);
		throw error;
	}
}

/** `--epoch`: seconds since 1970, with a fraction, or a date that Date can read. */
function epoch(text: string | undefined): bigint | undefined {
	if (text === undefined) return undefined;
	const m = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text);
	if (m) return BigInt(m[1]) * 1_000_000_000n + BigInt((m[2] ?? '').padEnd(9, '0'));
	const ms = Date.parse(text);
	if (Number.isNaN(ms) || ms < 0) fail(`--epoch ${text}: seconds since 1970 or an ISO date wanted`);
	return BigInt(ms) * 1_000_000n;
}

/** `--memory`: bytes, or with K, M or G of 1024; whole pages. */
function memorySize(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const m = /^(\d{1,10})([KMG]?)$/i.exec(text);
	const bytes = m ? Number(m[1]) * 1024 ** ' KMG'.indexOf(m[2].toUpperCase() || ' ') : Number.NaN;
	if (!(bytes >= MIN_MEMORY && bytes <= MAX_MEMORY)) fail(`--memory ${text}: a size from 1M to 4095M wanted`);
	return bytes - (bytes % PAGE_SIZE);
}
const owned = ({ mode, uid, gid, mtime }: HostMeta) => ({ mode, uid, gid, mtime });

export async function recordCommand(prog: string, args: readonly string[], flags: RecordFlags): Promise<number> {
	const grain = flags.grain ?? 'inputs';
	if (grain !== 'inputs' && grain !== 'steps') fail(`--grain ${grain}: "inputs" or "steps" wanted`);
	for (const entry of flags.env ?? []) if (!/^[^=]+=/s.test(entry)) fail(`--env ${entry}: NAME=VALUE wanted`);
	if (flags.cwd !== undefined && !flags.cwd.startsWith('/')) fail(`--cwd ${flags.cwd}: an absolute path inside the guest wanted`);
	const cpu = CPU_MODELS.find((model) => model === flags.cpu);
	if (flags.cpu !== undefined && cpu === undefined) fail(`--cpu ${flags.cpu}: one of ${CPU_MODELS.join(', ')} wanted`);
	if (flags.defect !== undefined && !flags.checkpointModule) fail('--defect: only in a --checkpoint-module');
	inModule(flags.defect ?? []);
	const seed = integer(flags.seed, 'seed', 0xffffffff);
	const epochNs = epoch(flags.epoch);
	const maxSteps = integer(flags.maxSteps, 'max-steps', Number.MAX_SAFE_INTEGER);
	const words = rawArguments();
	/** The bytes of a word. */
	const raw = (text: string) => words.find((w) => w.toString() === text) ?? Buffer.from(text);
	const argv = words.slice(words.length - args.length - 1);
	const root = flags.root === undefined ? undefined : rootDirectory(raw(flags.root), flags.root);
	const started = executable(
		argv.map((word) => word.toString('latin1')),
		root,
		flags.cwd === undefined ? '/' : raw(flags.cwd).toString('latin1'),
	);
	const { host, program } = started;
	const meta = root === undefined ? null : hostMeta(bytesOf(host));
	const { loader } = started;
	const kinds = [0, 1, 2].map(streamKind) as unknown as NonNullable<RecordOptions['streams']>;
	const stdin = readStdin(kinds[0]);
	const output = flags.output === undefined ? bytesOf(`${posix.basename(started.named)}.msgpack`) : raw(flags.output);
	const sources = [{ path: bytesOf(host), what: 'the program to be recorded' }];
	const file = OutputFile.create(output, { sources, status: Exit.FAILED });
	const outside = new Host({
		...(root === undefined ? {} : { root: bytesOf(root === '' ? '/' : root) }),
		pid: FIRST_PID,
		onTrouble: message,
	});
	const progress = new Progress('recording', null);
	const unsupported = new Counts();
	const missing = new Counts();
	const killed = new Counts();
	const memoryBytes = memorySize(flags.memory);
	let end: TraceEnd;
	let refused: Refused | null;
	try {
		const result = await record({
			path: bytesOf(started.guest),
			program,
			argv: started.argv.map(bytesOf),
			...(started.filename === undefined ? {} : { filename: bytesOf(started.filename) }),
			env: (flags.env ?? []).map(raw),
			grain,
			root: root === undefined ? 'empty' : 'host',
			meta: meta === null ? null : owned(meta),
			...(loader === undefined ? {} : { loader: { ...loader, path: bytesOf(loader.path), meta: owned(loader.meta) } }),
			streams: kinds,
			outside,
			onFrame: (frame) => file.write(frame),
			onUnsupported: (name) => unsupported.add(name),
			onNoMemory: (comm) => killed.add(shownBytes(comm)),
			onMissingProgram: (path) => missing.add(shownBytes(Buffer.from(path).toString('latin1'))),
			// On a terminal the guest's own output would run into the line.
			...(process.stdout.isTTY ? {} : { onProgress: progress.at }),
			...(flags.cwd === undefined ? {} : { cwd: raw(flags.cwd) }),
			...(seed === undefined ? {} : { seed }),
			chaos: flags.chaos ?? false,
			...(flags.checkpointModule ? { checkpointModule: flags.defect ?? [] } : {}),
			strict: flags.strict ?? false,
			onDeadlock: (lines) => {
				message('deadlock: nothing can run and nothing is pending; a signal may end it');
				for (const line of lines) message(`  ${line}`);
			},
			onLeftBehind: (lines) => {
				message('the program has ended and leaves behind');
				for (const line of lines) message(`  ${line}`);
			},
			...(cpu === undefined ? {} : { cpu }),
			...(memoryBytes === undefined ? {} : { memoryBytes }),
			...(epochNs === undefined ? {} : { epochNs }),
			...(stdin === undefined ? {} : { stdin }),
			...(maxSteps === undefined ? {} : { maxSteps }),
		});
		end = result.end;
		refused = result.refused ?? null;
		file.finish();
	} catch (error) {
		file.drop();
		if (error instanceof ElfError) fail(`${prog}: ${error.message}`);
		if (error instanceof HostError) fail(error.message);
		throw error;
	} finally {
		outside.close();
		progress.done();
	}
	if (!flags.json && refused === null && unsupported.any)
		message(`the guest asked for what is not supported: ${unsupported.text()}`);
	if (!flags.json && killed.any)
		message(`out of memory, killed: ${killed.text()}; --memory SIZE gives the machine more than ${flags.memory ?? '1G'}`);
	if (!flags.json && root === undefined && missing.any)
		message(`the guest executed what is not there: ${missing.text()}; without --root DIR it has no files but itself`);
	if (flags.json) {
		const tasks = end.tasks.map(({ status, ...task }) => ({ ...task, ...exitJson(status) }));
		const { steps, events } = end;
		writeAll(
			2,
			Buffer.from(
				`${jsonLine({ trace: file.name, end: end.end, ...exitJson(end.status), steps, events, unsupported: unsupported.json(), killed: killed.json(), refused, tasks })}\n`,
			),
		);
	}
	if (refused !== null) {
		message(`${refusedText(refused)}; ${file.name} holds the run up to there`);
		return Exit.FAILED;
	}
	if (end.status !== null) return shellStatus(end.status);
	if (!flags.json) message(`stopped after ${plural(end.steps, 'step')}: ${file.name}`);
	return Exit.OK;
}

/** `unsupported call io_uring_setup of pid 2 "ring" at step 1,234, before 0804a1c3`. */
function refusedText({ what, name, pid, comm, steps, eip }: Refused): string {
	const kind = what === 'syscall' ? 'call' : what;
	return `unsupported ${kind}: ${name}, of pid ${pid} "${shownBytes(comm)}" at step ${thousands(steps)}, eip ${hex8(eip)}`;
}

/** The first task of a recording. */
const FIRST_PID = 2;

/** A directory as a byte string, without a slash at its end. */
function rootDirectory(path: Buffer, shown: string): string {
	try {
		if (!fs.statSync(path).isDirectory()) fail(`--root ${shown}: a directory wanted, a file got`);
		return fs.realpathSync(path as unknown as string, 'latin1').replace(/\/+$/, '');
	} catch (error) {
		if (error instanceof CliError) throw error;
		fail(`--root ${shown}: ${reason(error as NodeJS.ErrnoException, 'directory').replace('no such file', 'no such directory')}`);
	}
}
