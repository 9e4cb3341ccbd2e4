/**
 * What CPUID leaf 1 says of a processor: instructions of a feature that the persona does not offer do not exist.
 */
import type { CpuPersona } from './contract.ts';

/** Where each feature stands: word of a CPUID row (4 ecx, 5 edx), bit (SDM vol. 2, CPUID). */
const FEATURES = {
	clfsh: [5, 19],
	mmx: [5, 23],
	fxsr: [5, 24],
	sse: [5, 25],
	sse2: [5, 26],
	sse3: [4, 0],
	ssse3: [4, 9],
} as const;

export type Feature = keyof typeof FEATURES;

/** Whether the persona's processor has a feature. */
export function offers(persona: CpuPersona, feature: Feature): boolean {
	const leaf = persona.cpuid.find(([eax]) => eax === 1);
	const [word, bit] = FEATURES[feature];
	return leaf !== undefined && ((leaf[word] >>> bit) & 1) !== 0;
}
