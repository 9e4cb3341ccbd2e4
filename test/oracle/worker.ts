/**
 * One worker of the oracle: makes and checks batches of its share of the seeds until told to stop, and posts a report of each.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ROWS } from '../../src/cpu/isa/index.ts';
import type { Engine } from './guest.ts';
import { Checker, comparable, runBatch } from './session.ts';

/** What a worker is started with. */
export interface WorkerTask {
	readonly program: string;
	readonly seed: number;
	readonly pattern: string | undefined;
	readonly engine: Engine;
	readonly worker: number;
	readonly workers: number;
	/** Milliseconds since 1970 after which no batch begins. */
	readonly until: number;
}

/** Seed of batch n of a run. */
export const batchSeed = (seed: number, n: number): number => (seed + Math.imul(n + 1, 0x9e3779b1)) >>> 0;

if (parentPort) {
	const task = workerData as WorkerTask;
	const rows = comparable(ROWS, task.pattern);
	const checker = new Checker(rows, task.engine);
	for (let n = task.worker; Date.now() < task.until; n += task.workers) {
		parentPort.postMessage(runBatch(task.program, checker, rows, batchSeed(task.seed, n)));
	}
}
