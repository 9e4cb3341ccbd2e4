/** The events of a trace as a stream of batches: what rxjs carries. */
import type { Subscriber } from 'rxjs';
import type { MachineEvent } from '../events/event.ts';
import { Rerun } from './rerun.ts';
import type { Trace } from './trace.ts';

/** Events in a batch at most, and steps between two looks at whether anybody still listens. */
const BATCH = 1000;
const STRIDE = 1_000_000;

/** Runs the trace again and hands its events, runs with their effects, to a subscriber. */
export function eventBatches(trace: Trace, subscriber: Subscriber<readonly MachineEvent[]>): void {
	let batch: MachineEvent[] = [];
	const send = () => {
		if (batch.length > 0) subscriber.next(batch);
		batch = [];
	};
	try {
		const run = Rerun.fromStart(trace, 'effects', (event) => {
			batch.push(event);
			if (batch.length >= BATCH) send();
		});
		while (!subscriber.closed) {
			const stop = run.advance(run.machine.steps + STRIDE);
			if (stop !== 'limit') break;
		}
		run.machine.flush();
		send();
		subscriber.complete();
	} catch (error) {
		subscriber.error(error);
	}
}
