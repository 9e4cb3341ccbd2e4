/**
 * Debug exceptions as the state knows them: what #DB reports (SDM vol. 3, 17.2.3 "Debug status register"), and the names a
 * trap has while the kernel has not acted on it yet (Task.entry).
 */

/** Bits of DR6 a user program can cause: B0..B3 (breakpoint 0..3 was met) and BS (a step with TF). None of them: `int1`. */
export const Dr6 = { TRAPS: 15, BS: 0x4000 } as const;

export type DebugEntry = 'db' | 'icebp' | `db${number}`;

/** `db` a step, `icebp` the instruction int1, `dbN` breakpoints (N: B0..B3, 16 when it was a step too). */
export function debugEntry(dr6: number): DebugEntry {
	const bits = (dr6 & Dr6.TRAPS) | (dr6 & Dr6.BS ? 16 : 0);
	if (bits === 0) return 'icebp';
	return bits === 16 ? 'db' : `db${bits}`;
}

const BY_NAME: ReadonlyMap<string, number> = new Map(
	Array.from({ length: 32 }, (_, bits) => (bits & Dr6.TRAPS) | (bits & 16 ? Dr6.BS : 0)).map((dr6) => [debugEntry(dr6), dr6]),
);

/** Every name. */
export const DEBUG_ENTRIES: readonly DebugEntry[] = [...BY_NAME.values()].map(debugEntry);

/** The DR6 bits that an entry stands for; undefined when it is none of #DB. */
export function dr6Of(entry: string): number | undefined {
	return BY_NAME.get(entry);
}
