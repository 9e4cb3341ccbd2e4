/**
 * The machine a guest sees unless the recorder says otherwise: Linux 6.1 for i386 on a Pentium 4 that has exactly the
 * features this processor has. A C library picks its routines by CPUID, so nothing here may promise more.
 */
import type { CpuidLeaf, Persona } from '../events/persona.ts';

/** A processor the guest may see: CPUID leaf 1, vendor and brand, and what it says of its caches. */
interface Model {
	/** 12 bytes. C libraries look at the features only of makers they know. */
	readonly vendor: string;
	/** eax: family, model, stepping. */
	readonly signature: number;
	/** ebx: bits 15..8 the line size of clflush, in eight bytes. */
	readonly ebx: number;
	readonly ecx: number;
	readonly edx: number;
	readonly brand: string;
	/** Leaves 2 and 4, as real ones answer. */
	readonly caches: readonly CpuidLeaf[];
}

/** FPU 0, TSC 4, CX8 8, SEP 11, CMOV 15, FXSR 24. */
const I686 = (1 << 0) | (1 << 4) | (1 << 8) | (1 << 11) | (1 << 15) | (1 << 24);
/** CLFSH 19, MMX 23, SSE 25, SSE2 26. */
const PENTIUM4 = I686 | (1 << 19) | (1 << 23) | (1 << 25) | (1 << 26);
/** SSE3 0, SSSE3 9. */
const CORE2 = (1 << 0) | (1 << 9);

/** The processors to choose from; SEP is taken to be real from 0x633 on. */
const MODELS = {
	/** The first with FXSR: no MMX, no SSE. */
	i686: {
		vendor: 'cpt-replay  ',
		signature: 0x652,
		ebx: 0,
		ecx: 0,
		edx: I686,
		brand: 'cpt-replay i686',
		caches: [],
	},
	/** The first with SSE2: family 15, model 2. */
	pentium4: {
		vendor: 'GenuineIntel',
		signature: 0xf29,
		ebx: 0x800,
		ecx: 0,
		edx: PENTIUM4,
		brand: 'cpt-replay pentium4',
		// 8 KiB of L1, 512 KiB of L2
		caches: [[2, -1, 0x665b5001, 0, 0, 0x007b7040]],
	},
	/** Family 6, model 15: with SSE3 and SSSE3. */
	core2: {
		vendor: 'GenuineIntel',
		signature: 0x6fb,
		ebx: 0x800,
		ecx: CORE2,
		edx: PENTIUM4,
		brand: 'cpt-replay core2',
		// 32 KiB of L1 for data and for instructions, 4 MiB of L2
		caches: [
			[2, -1, 0x05b0b101, 0x005657f0, 0, 0x2cb43049],
			[3, -1, 0, 0, 0, 0],
			[4, 0, 0x00000121, 0x01c0003f, 0x3f, 1],
			[4, 1, 0x00000122, 0x01c0003f, 0x3f, 1],
			[4, 2, 0x00000143, 0x03c0003f, 0xfff, 1],
			[4, -1, 0, 0, 0, 0],
		],
	},
} as const satisfies Record<string, Model>;

export type CpuModel = keyof typeof MODELS;
export const CPU_MODELS = Object.keys(MODELS) as readonly CpuModel[];
export const DEFAULT_MODEL: CpuModel = 'pentium4';

/** 2026-01-01T00:00:00Z in ns since 1970. */
export const DEFAULT_EPOCH_NS = 1_767_225_600_000_000_000n;

/** Little-endian words of a text, zero-padded to `count` words. */
function textWords(text: string, count: number): number[] {
	const words = new Array<number>(count).fill(0);
	for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (8 * (i & 3));
	return words.map((w) => w >>> 0);
}

function cpuid(name: CpuModel): CpuidLeaf[] {
	const model: Model = MODELS[name];
	const [v0, v1, v2] = textWords(model.vendor, 3);
	const brand = textWords(model.brand, 12);
	const leaves: CpuidLeaf[] = [
		[0, -1, Math.max(1, ...model.caches.map(([leaf]) => leaf)), v0, v2, v1],
		[1, -1, model.signature, model.ebx, model.ecx, model.edx],
		...model.caches,
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
	/** The processor, by default a Pentium 4: SSE2. */
	readonly cpu?: CpuModel;
	/** Memory of the machine; by default 1 GiB. */
	readonly memoryBytes?: number;
	/** The checkpoint module is loaded, with these defects. */
	readonly checkpointModule?: readonly string[] | undefined;
}

/** Memory a machine may have, bytes: what a 32-bit kernel can address at most. */
export const MIN_MEMORY = 1024 * 1024;
export const MAX_MEMORY = 0xfffff000;

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
		cpuid: cpuid(options.cpu ?? DEFAULT_MODEL),
		userCs: 0x73,
		userDs: 0x7b,
		nsPerStep: 1,
		tscPerNs: 1,
		epochNs: options.epochNs ?? DEFAULT_EPOCH_NS,
		bootNs: 100_000_000_000,
		firstPid: 2,
		quantum: 1_000_000,
		memoryBytes: options.memoryBytes ?? 1024 * 1024 * 1024,
		...(options.checkpointModule === undefined ? {} : { checkpointModule: options.checkpointModule }),
	};
}
