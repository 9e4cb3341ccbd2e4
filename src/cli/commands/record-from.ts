/** `record --from gdb://HOST:PORT -o FILE`: a trace of a process on hardware, stepped through a debugger's stub. */
import { Client } from '../../replay/gdb/client.ts';
import { RemoteError } from '../../replay/gdb/packets.ts';
import { RemoteProcess } from '../../replay/gdb/process.ts';
import { observe, programOf } from '../../replay/gdb/record.ts';
import { observedTrace } from '../../replay/gdb/trace.ts';
import { CliError, Exit, message, Progress, plural } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { waitStatusText } from '../render/status.ts';

export interface RecordFromOptions {
	readonly from: string;
	readonly output?: string;
	readonly maxSteps?: string;
}

/** A process that is not stopped by anything would be stepped for ever: each step keeps some bytes. */
const MAX_STEPS = 100_000_000;

export async function recordFromCommand(options: RecordFromOptions): Promise<number> {
	const { host, port } = address(options.from);
	if (options.output === undefined) throw new CliError('record --from: -o FILE wanted: where the trace goes', Exit.FAILED);
	const maxSteps = options.maxSteps === undefined ? MAX_STEPS : Number(options.maxSteps);
	if (!Number.isSafeInteger(maxSteps) || maxSteps <= 0)
		throw new CliError(`--max-steps "${options.maxSteps}": a number of steps wanted`, Exit.FAILED);
	const progress = new Progress('stepping', Number.isFinite(maxSteps) ? maxSteps : 0);
	try {
		const client = await Client.open(host, port);
		try {
			const process = await RemoteProcess.attach(client);
			const [program, comm, args] = await files(process);
			const observation = await observe(process, { maxSteps, onProgress: progress.at });
			progress.done();
			const path = programOf(observation);
			const gone = observation.status !== undefined;
			const trace = observedTrace(observation, {
				program: { path, bytes: Buffer.from(program ?? '', 'latin1') },
				comm: comm?.trim() ?? path.slice(path.lastIndexOf('/') + 1),
				psargs: args?.replace(/\0+$/, '').replaceAll('\0', ' ') ?? path,
			});
			if (!gone) await process.detach();
			writeOutput(options.output, [trace.bytes], { status: Exit.FAILED });
			const end = gone ? waitStatusText(observation.status!) : 'stopped there, and let go';
			message(`${options.output}: pid ${process.pid}, ${plural(observation.steps, 'step')}, ${end}`);
			return Exit.OK;
		} finally {
			client.close();
		}
	} catch (error) {
		progress.done();
		if (error instanceof RemoteError) throw new CliError(`${options.from}: ${error.message}`, Exit.FAILED);
		throw error;
	}
}

async function files(process: RemoteProcess): Promise<(string | undefined)[]> {
	return [await process.proc('exe'), await process.proc('comm'), await process.proc('cmdline')];
}

function address(from: string): { readonly host: string; readonly port: number } {
	const match = /^gdb:\/\/(\[[0-9a-f:]+\]|[^:/]+):(\d{1,5})$/i.exec(from);
	if (!match || Number(match[2]) === 0 || Number(match[2]) > 65535)
		throw new CliError(`--from "${from}": gdb://HOST:PORT wanted`, Exit.FAILED);
	return { host: match[1].replace(/^\[|\]$/g, ''), port: Number(match[2]) };
}
