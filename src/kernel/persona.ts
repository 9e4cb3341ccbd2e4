/**
 * The machine a guest sees unless the recorder says otherwise: Linux 6.1 for i386 on an i686 that has exactly the
 * features this processor has. A C library picks its routines by CPUID, so nothing here may promise more.
 */
import type { CpuidLeaf, Persona } from '../events/persona.ts';

/** CPUID leaf 1 edx bits that are set: FPU 0, TSC 4, CX8 8, SEP 11, CMOV 15, FXSR 24. No MMX, no SSE. */
export const CPU_FEATURES = (1 << 0) | (1 << 4) | (1 << 8) | (1 << 11) | (1 << 15) | (1 << 24);

/** Leaf 1 eax: family 6, model 5, stepping 2: the first with FXSR; SEP is taken to be real from 0x633 on. */
const SIGNATURE = 0x652;
/** 12 bytes, of nobody's make: libraries fall back to generic tuning. */
const VENDOR = 'cpt-replay  ';
const BRAND = 'cpt-replay i686';

/** 2026-01-01T00:00:00Z in ns since 1970. */
export const DEFAULT_EPOCH_NS = 1_767_225_600_000_000_000n;

/** Little-endian words of a text, zero-padded to `count` words. */
function textWords(text: string, count: number): number[] {
	const words = new Array<number>(count).fill(0);
	for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (8 * (i & 3));
	return words.map((w) => w >>> 0);
}

function cpuid(): CpuidLeaf[] {
	const [v0, v1, v2] = textWords(VENDOR, 3);
	const brand = textWords(BRAND, 12);
	const leaves: CpuidLeaf[] = [
		[0, -1, 1, v0, v2, v1],
		[1, -1, SIGNATURE, 0, 0, CPU_FEATURES],
		[0x80000000, -1, 0x80000004, 0, 0, 0],
		[0x80000001, -1, 0, 0, 0, 0],
	];
	for (let i = 0; i < 3; i++) {
		leaves.push([0x80000002 + i, -1, brand[4 * i], brand[4 * i + 1], brand[4 * i + 2], brand[4 * i + 3]]);
	}
	return leaves;
}

/** What a recorder may choose. */
export interface PersonaOptions {
	/** CLOCK_REALTIME at the first step, ns since 1970. */
	readonly epochNs?: bigint;
	readonly hostname?: string;
}

/**
 * One step is one nanosecond and one tick of the TSC. The first program is pid 2: pid 1 would be the container's init,
 * whose signals without a handler are dropped, so a program could not die of its own abort().
 */
export function defaultPersona(options: PersonaOptions = {}): Persona {
	return {
		sysname: 'Linux',
		nodename: options.hostname ?? 'cpt',
		release: '6.1.0-cpt',
		version: '#1 Thu Jan 1 00:00:00 UTC 2026',
		machine: 'i686',
		domainname: '(none)',
		kernel: [6, 1, 0],
		cpuid: cpuid(),
		userCs: 0x73,
		userDs: 0x7b,
		nsPerStep: 1,
		tscPerNs: 1,
		epochNs: options.epochNs ?? DEFAULT_EPOCH_NS,
		bootNs: 100_000_000_000,
		firstPid: 2,
		quantum: 1_000_000,
		memoryBytes: 1024 * 1024 * 1024,
	};
}
