/** `bisect TRACE --at POS`: checkpoint, restart, compare with the run that never stopped; where they differ first, and why. */
import { DumpError } from '../../cpt/v2/dump.ts';
import { type BisectOptions, bisect, NotThere } from '../../replay/bisect/bisect.ts';
import { checkpointRun, type Freeze } from '../../replay/checkpoint.ts';
import { formatPosition } from '../../replay/position.ts';
import type { Trace } from '../../replay/trace.ts';
import { damageLine, freeze, located, openImage, openTrace, place, readableObjects, reading } from '../open.ts';
import { CliError, Exit, json, message, Progress, print } from '../output.ts';
import { planted, policyOf } from '../planted.ts';
import { type About, bisectJson, bisectText } from '../render/bisect.ts';
import { loadRestarter } from '../restarter.ts';

export interface BisectFlags {
	readonly at: string;
	readonly image?: string;
	readonly policy?: string;
	readonly defect?: readonly string[];
	readonly restarter?: string;
	readonly json?: boolean;
}

export async function bisectCommand(path: string, flags: BisectFlags): Promise<number> {
	const wanted = place(flags.at);
	const policy = policyOf(flags.policy);
	const { rules, names } = planted(flags.defect);
	const restarter = flags.restarter === undefined ? undefined : await loadRestarter(flags.restarter);
	const trace = openTrace(path);
	const at = located(path, trace, wanted);
	if (trace.damage) message(damageLine(path, trace.damage));
	const image = flags.image === undefined ? undefined : openImage(flags.image);
	const frozen = freeze(path, trace, at);
	const progress = new Progress('comparing', (trace.end?.steps ?? trace.recordedSteps) - frozen.at.steps);
	const options: BisectOptions = {
		freeze: frozen,
		rules,
		defects: names,
		onProgress: (steps) => progress.at(steps),
		...(image === undefined ? {} : { image }),
		...(policy === undefined ? {} : { policy }),
		...(restarter === undefined ? {} : { restarter }),
	};
	const report = reading(path, () => {
		try {
			return bisect(trace, at, options);
		} catch (error) {
			if (error instanceof NotThere) throw new CliError(`${path}@${formatPosition(at)}: ${error.message}`);
			throw error;
		}
	});
	progress.done();
	const about: About = { path, trace, freeze: frozen, image: sizeOf(image, trace, frozen, options), options: flags };
	print(flags.json ? json(bisectJson(report, about)) : bisectText(report, about));
	return report.verdict === 'equal' ? Exit.OK : Exit.DIFFERS;
}

/** Bytes and objects of what was looked at. */
function sizeOf(image: Uint8Array | undefined, trace: Trace, frozen: Freeze, options: BisectOptions): About['image'] {
	if (image !== undefined) return { bytes: image.length, objects: readableObjects(image).objects.length };
	try {
		const { bytes, objects } = checkpointRun(trace, frozen, options.rules);
		return { bytes: bytes.length, objects: objects.length };
	} catch (error) {
		if (error instanceof DumpError) return undefined;
		throw error;
	}
}
