/** What a recording asks of the world: the only place where things come in that are not computed. */
import type { InputEvent, InputRequest } from '../events/input.ts';
import type { Trace } from './trace.ts';

export interface Outside {
	/** A look-up, listing or content below the host root. */
	answer(request: InputRequest): InputEvent;
	/**
	 * Nothing can run: waits for input on one of the streams or a signal, at most `ns` (null: for ever).
	 * null = the recording is to stop here.
	 */
	idle(streams: readonly number[], ns: number | null): Promise<InputEvent | null>;
	/** Every task was stopped by a signal: the recorder may stop too, until it is continued. */
	stopped?(): void;
	/** Signals that came since it was last asked. */
	arrived(): readonly InputEvent[];
	/** What the guest wrote to one of descriptors 0–2. */
	output(stream: number, bytes: Uint8Array): void;
}

/** No outside at all: nothing below the root, no input, no signals. Output is collected. */
export class NoOutside implements Outside {
	readonly chunks: [stream: number, bytes: Uint8Array][] = [];

	answer(request: InputRequest): InputEvent {
		if (request.kind === 'lookup') return { kind: 'input/lookup', dir: request.dir, name: request.name, found: null };
		if (request.kind === 'listing') return { kind: 'input/listing', dir: request.dir, names: [] };
		return { kind: 'input/content', inode: request.inode, bytes: new Uint8Array(0) };
	}

	async idle(streams: readonly number[]): Promise<InputEvent | null> {
		const [stream] = streams;
		return stream === undefined ? null : { kind: 'input/stream', stream, bytes: new Uint8Array(0), eof: true, ns: 0 };
	}

	arrived(): readonly InputEvent[] {
		return [];
	}

	output(stream: number, bytes: Uint8Array): void {
		this.chunks.push([stream, bytes]);
	}

	/** All that was written to a stream so far. */
	text(stream: number): string {
		return Buffer.concat(this.chunks.filter(([s]) => s === stream).map(([, b]) => b)).toString('latin1');
	}
}

/** An outside that answers for files as a recorded run was answered: a restored run finds what the original read. */
export function withRecordedFiles(trace: Trace, outside: Outside): Outside {
	const known = new Map<string, InputEvent>();
	for (const { event } of trace.inputs()) {
		if (event.kind === 'input/lookup') known.set(`lookup ${event.dir} ${event.name}`, event);
		else if (event.kind === 'input/listing') known.set(`listing ${event.dir}`, event);
		else if (event.kind === 'input/content') known.set(`content ${event.inode}`, event);
	}
	const key = (r: InputRequest) =>
		r.kind === 'lookup' ? `lookup ${r.dir} ${r.name}` : r.kind === 'listing' ? `listing ${r.dir}` : `content ${r.inode}`;
	return {
		answer: (request) => known.get(key(request)) ?? outside.answer(request),
		idle: (streams, ns) => outside.idle(streams, ns),
		stopped: () => outside.stopped?.(),
		arrived: () => outside.arrived(),
		output: (stream, bytes) => outside.output(stream, bytes),
	};
}
