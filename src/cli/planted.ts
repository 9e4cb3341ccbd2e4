/** Words that several commands share: policies, planted defects, and the pieces that are borrowed. */
import { DefectError } from '../cpt/defects/defect.ts';
import { type Planted, plant } from '../cpt/defects/defects.ts';
import { RESIDUALS } from '../cpt/v2/provenance.ts';
import type { ThawPolicy } from '../kernel/freezer.ts';
import { CliError, Exit } from './output.ts';

const POLICIES: readonly ThawPolicy[] = ['kernel', 'user', 'eintr'];

/** `--policy`; undefined when it was not given. */
export function policyOf(text: string | undefined, status: number = Exit.USAGE): ThawPolicy | undefined {
	if (text === undefined) return undefined;
	const found = POLICIES.find((p) => p === text);
	if (found === undefined) throw new CliError(`--policy ${text}: one of ${POLICIES.join(', ')} wanted`, status);
	return found;
}

/** `--defect NAME[=ARG]`, given any number of times. */
export function planted(specs: readonly string[] = [], status: number = Exit.USAGE): Planted {
	try {
		return plant(specs);
	} catch (error) {
		if (error instanceof DefectError) throw new CliError(`--defect: ${error.message}`, status);
		throw error;
	}
}

/** What v2 cannot hold, by the names people use, without what a defect lost. */
export function residualParts(lost: readonly string[] = []): readonly string[] {
	return [...new Set(RESIDUALS.map((r) => r.part))].filter((part) => !lost.includes(part));
}
