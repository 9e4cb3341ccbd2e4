/** Whether step columns hold together: for columns that come from a file. */
import type { StepColumns } from '../events/steps.ts';
import { StepMask } from '../events/steps.ts';

const FX_WORDS = 128;
const SEGMENTS = 6;
/** The largest write of one step: FXSAVE's 512 bytes. */
const MAX_WRITE = 512;
const KNOWN =
	StepMask.GPRS | StepMask.FLAGS | StepMask.JUMP | StepMask.MEMORY | StepMask.FX | StepMask.SEGMENTS | StepMask.FPU_USED;

/** What is wanted where the columns do not fit together, or undefined if they do. */
export function checkColumns(columns: StepColumns): string | undefined {
	const { count, siteEip, siteLength, siteBytes, site, mask, words } = columns;
	const sites = siteEip.length;
	if (siteLength.length !== sites || siteBytes.length !== sites * 16) return `lengths and bytes of ${sites} sites`;
	if (site.length !== count || mask.length !== count) return `site and mask of ${count} steps`;
	for (const length of siteLength) if (length < 1 || length > 15) return 'instructions of 1..15 bytes';
	let w = 0;
	for (let i = 0; i < count; i++) {
		if (site[i] >= sites) return `step ${i}: a site below ${sites}`;
		const m = mask[i];
		if ((m & ~KNOWN) !== 0) return `step ${i}: a mask of known bits`;
		for (let bits = m & (StepMask.GPRS | StepMask.FLAGS | StepMask.JUMP); bits !== 0; bits &= bits - 1) w++;
		if (m & StepMask.MEMORY) {
			for (let n = words[w++] ?? 0; n > 0 && w < words.length; n--) {
				if (!(words[w + 1] >= 1 && words[w + 1] <= MAX_WRITE)) return `step ${i}: a write of 1..${MAX_WRITE} bytes`;
				w += 2 + ((words[w + 1] + 3) >> 2);
			}
		}
		for (const [bit, limit] of [
			[StepMask.FX, FX_WORDS],
			[StepMask.SEGMENTS, SEGMENTS],
		]) {
			if ((m & bit) === 0) continue;
			for (let n = words[w++] ?? 0; n > 0 && w < words.length; n--, w += 2) {
				if (words[w] >= limit) return `step ${i}: an index below ${limit}`;
			}
		}
		if (w > words.length) return `step ${i}: words for its effects`;
	}
	return w === words.length ? undefined : `${w} words of effects`;
}
