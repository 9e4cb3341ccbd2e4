/** An assertion for tests: a restarted run does what the run that never stopped did. Its failure message is the report. */

import { readableObjects } from './cli/open.ts';
import { bisectText } from './cli/render/bisect.ts';
import type { Restarter } from './cpt/v2/restart.ts';
import type { OpenedTrace } from './index.ts';
import type { BisectOptions } from './replay/bisect/bisect.ts';
import type { BisectReport } from './replay/bisect/report.ts';
import { checkpoint } from './replay/checkpoint.ts';
import type { Position } from './replay/position.ts';

/** As assertion libraries and test runners know one. */
export class SameRunError extends Error {
	override readonly name = 'AssertionError';
	readonly code = 'ERR_ASSERTION';
	readonly report: BisectReport;

	constructor(text: string, report: BisectReport) {
		super(text);
		this.report = report;
	}
}

export interface ExpectOptions extends Omit<BisectOptions, 'restarter' | 'freeze'> {
	/** What the trace is called in the commands of the report. */
	readonly name?: string;
}

/**
 * Checkpoints a recorded run at a position, restarts it (with the shipped restart, or another), and compares what both do from
 * there on. Differences that nothing the program did depended on are no failure: the report that is returned lists them.
 * @throws SameRunError when the restarted run does something else, or the image is refused; NotThere past the end
 */
export function expectSameRun(
	opened: OpenedTrace,
	position: string | number | Position,
	restarter?: Restarter,
	options: ExpectOptions = {},
): BisectReport {
	const { name = 'trace.msgpack', ...rest } = options;
	const { trace } = opened;
	const report = opened.bisect(position, { ...rest, ...(restarter ? { restarter } : {}) });
	if (report.verdict === 'equal' || report.verdict === 'harmless') return report;
	const freeze = opened.freeze(position)!;
	const bytes = options.image ?? (report.failure?.stage === 'dump' ? undefined : checkpoint(freeze, options.rules).bytes);
	const image = bytes && { bytes: bytes.length, objects: readableObjects(bytes).objects.length };
	const { policy, defects: defect } = options;
	throw new SameRunError(
		`the restarted run differs\n\n${bisectText(report, { path: name, trace, freeze, image, options: { policy, defect } })}`,
		report,
	);
}
