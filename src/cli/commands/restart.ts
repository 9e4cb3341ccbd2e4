/** `restart IMG`: makes a machine of an image, runs on, and exits as the guest does. */
import * as fs from 'node:fs';
import { ImageError } from '../../cpt/error.ts';
import { RestartError } from '../../cpt/v2/progress.ts';
import type { ThawPolicy } from '../../kernel/freezer.ts';
import type { Freeze } from '../../replay/checkpoint.ts';
import { Host, HostError, streamKind } from '../../replay/host.ts';
import { lendFiles } from '../../replay/lend.ts';
import { withRecordedFiles } from '../../replay/outside.ts';
import type { Recording, RecordOptions } from '../../replay/record.ts';
import { type Origin, originOf, type RestoredMachine, recordDriven, recordRestart, restore } from '../../replay/restart.ts';
import type { Trace } from '../../replay/trace.ts';
import { freeze, openImage, openTrace, reading, splitAt } from '../open.ts';
import { CliError, Exit, jsonLine, message, Progress, plural, writeAll } from '../output.ts';
import { OutputFile, type Source } from '../output-file.ts';
import { planted, policyOf, residualParts } from '../planted.ts';
import { exitJson, shellStatus } from '../render/status.ts';
import { Counts } from '../render/unsupported.ts';
import { loadRestarter } from '../restarter.ts';
import { readStdin } from '../stdin.ts';

export interface RestartFlags {
	readonly root?: string;
	readonly withTrace?: string;
	readonly output?: string;
	readonly policy?: string;
	readonly downtime?: string;
	readonly inputs?: string;
	readonly defect?: readonly string[];
	readonly restarter?: string;
	readonly json?: boolean;
}

function fail(text: string): never {
	throw new CliError(text, Exit.FAILED);
}

/** What is lent: the state, names and contents, and the run it is from when there is one. */
interface Lender extends Origin {
	readonly state: Freeze['state'];
	readonly from?: { readonly trace: Trace; readonly freeze: Freeze };
	/** What the residual pieces come from, in words. */
	readonly text: string;
	/** Files the output may not replace. */
	readonly sources: readonly Source[];
	readonly root?: string;
}

export async function restartCommand(path: string, flags: RestartFlags): Promise<number> {
	const policy = policyOf(flags.policy, Exit.FAILED);
	const downtimeNs = nanoseconds(flags.downtime);
	const recorded = inputsOf(flags);
	const restarter = flags.restarter === undefined ? undefined : await loadRestarter(flags.restarter);
	const bytes = openImage(path);
	const { rules } = planted(flags.defect, Exit.FAILED);
	const lender = refusing(path, () =>
		flags.withTrace === undefined ? fromRoot(bytes, flags.root!) : fromTrace(flags.withTrace),
	);
	const restored = refusing(path, () => {
		const options = { residual: lender.state, rules, downtimeNs };
		return restore(bytes, restarter === undefined ? options : { ...options, restarter });
	});
	const parts = residualParts(rules.lost);
	if (!flags.json) message(`v2 cannot hold, ${lender.text}: ${parts.join(', ')}`);
	const sources = [{ path, what: 'the image that is read' }, ...lender.sources];
	const file = flags.output === undefined ? undefined : OutputFile.create(flags.output, { sources, status: Exit.FAILED });
	const unsupported = new Counts();
	let recording: Recording;
	try {
		recording = await run(restored, lender, {
			recorded,
			policy: rules.policy ?? policy ?? 'kernel',
			neverThawed: rules.neverThawed ?? false,
			unsupported,
			onFrame: (frame) => file?.write(frame),
		});
		file?.finish();
	} catch (error) {
		file?.drop();
		if (error instanceof HostError) fail(error.message);
		throw error;
	}
	return told(recording, restored, { flags, parts, unsupported, name: file?.name ?? null });
}

function inputsOf({ root, withTrace, inputs = 'live' }: RestartFlags): boolean {
	if ((root === undefined) === (withTrace === undefined))
		fail('restart: one of --root DIR (files alone) and --with-trace TRACE@POS (files and all else that v2 cannot hold) wanted');
	if (inputs !== 'live' && inputs !== 'recorded') fail(`--inputs ${inputs}: "live" or "recorded" wanted`);
	if (inputs === 'recorded' && withTrace === undefined)
		fail('--inputs recorded: the trace that recorded them wanted (--with-trace)');
	return inputs === 'recorded';
}

function nanoseconds(text: string | undefined): number {
	if (text === undefined) return 0;
	const n = Number(text);
	if (!/^\d+$/.test(text) || n > Number.MAX_SAFE_INTEGER) fail(`--downtime ${text}: a whole number of nanoseconds wanted`);
	return n;
}

/** A refusal of the image as one line. */
function refusing<T>(path: string, use: () => T): T {
	try {
		return use();
	} catch (error) {
		if (error instanceof ImageError || error instanceof RestartError) fail(`${path}: ${error.message}`);
		throw error;
	}
}

function fromTrace(text: string): Lender {
	const place = splitAt(text);
	if (place === undefined) fail(`--with-trace ${text}: TRACE@POS wanted (the position the image was taken at)`);
	const trace = openTrace(place.path);
	const found = freeze(place.path, trace, place.at);
	const sources = [{ path: place.path, what: 'the trace that lends' }];
	return { ...originOf(trace), state: found.state, from: { trace, freeze: found }, text: `borrowed from ${text}`, sources };
}

function fromRoot(image: Uint8Array, root: string): Lender {
	if (!fs.statSync(root, { throwIfNoEntry: false })?.isDirectory()) fail(`--root ${root}: a directory wanted`);
	const streams = [0, 1, 2].map(streamKind) as unknown as NonNullable<RecordOptions['streams']>;
	const stdin = readStdin(streams[0]);
	const outside = new Host({ root, pid: 0 });
	try {
		const lent = lendFiles(image, { outside, streams, ...(stdin === undefined ? {} : { stdin }) });
		return { ...lent, text: `as after exec, descriptors 0–2 of the caller, files of ${root}`, sources: [], root };
	} finally {
		outside.close();
	}
}

interface RunOptions {
	readonly recorded: boolean;
	readonly policy: ThawPolicy;
	readonly neverThawed: boolean;
	readonly unsupported: Counts;
	readonly onFrame: (frame: Uint8Array) => void;
}

async function run(restored: RestoredMachine, lender: Lender, options: RunOptions): Promise<Recording> {
	const { recorded, unsupported, ...rest } = options;
	const progress = new Progress('running', null);
	// On a terminal the guest's own output would run into the line.
	const watch = process.stdout.isTTY ? {} : { onProgress: progress.at };
	if (recorded && lender.from) {
		const { trace, freeze: frozen } = lender.from;
		const onOutput = (stream: number, bytes: Uint8Array) => writeAll(stream === 2 ? 2 : 1, bytes);
		try {
			return reading('--with-trace', () => recordDriven(restored, trace, frozen, { ...rest, ...watch, onOutput }));
		} finally {
			progress.done();
		}
	}
	const [pid] = Object.keys(restored.state.tasks).map(Number);
	const host = new Host({ ...(lender.root === undefined ? {} : { root: lender.root }), pid, onTrouble: message });
	const outside = lender.from === undefined ? host : withRecordedFiles(lender.from.trace, host);
	try {
		const onUnsupported = (name: string) => unsupported.add(name);
		return await recordRestart(restored, lender, { ...rest, ...watch, outside, onUnsupported });
	} finally {
		host.close();
		progress.done();
	}
}

interface Told {
	readonly flags: RestartFlags;
	readonly parts: readonly string[];
	readonly unsupported: Counts;
	readonly name: string | null;
}

function told({ end }: Recording, restored: RestoredMachine, { flags, parts, unsupported, name }: Told): number {
	const { steps, events, status } = end;
	if (flags.json) {
		const objects = restored.events.filter((e) => e.kind === 'restore/object').length;
		const tasks = end.tasks.map(({ status: s, ...task }) => ({ ...task, ...exitJson(s) }));
		const line = {
			trace: name,
			end: end.end,
			...exitJson(status),
			steps,
			events,
			objects,
			residual: parts,
			unsupported: unsupported.json(),
			tasks,
		};
		writeAll(2, Buffer.from(`${jsonLine(line)}\n`));
	} else if (unsupported.any) message(`the guest asked for what is not supported: ${unsupported.text()}`);
	if (status !== null) return shellStatus(status);
	if (!flags.json) {
		const why = end.end === 'idle' ? 'the guest sleeps, and nothing recorded wakes it' : 'the guest has not ended';
		message(`stopped after step ${steps}: ${why}${name === null ? '' : `; ${plural(events, 'event')} in ${name}`}`);
	}
	return Exit.OK;
}
