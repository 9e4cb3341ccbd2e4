/** /proc/cpuinfo: the only processor, as CPUID tells of it (arch/x86/kernel/cpu/proc.c of Linux 6.1). */
import type { Persona } from '../events/persona.ts';

/** Bits of CPUID leaf 1 that have a name there, from bit 0 on (cpufeatures.h); '' = none that a 32-bit processor shows. */
const EDX =
	'fpu vme de pse tsc msr pae mce cx8 apic  sep mtrr pge mca cmov pat pse36 pn clflush  dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe';
const ECX =
	'pni pclmulqdq dtes64 monitor ds_cpl vmx smx est tm2 ssse3 cid sdbg fma cx16 xtpr pdcm  pcid dca sse4_1 sse4_2 x2apic movbe popcnt';

const named = (names: string, bits: number) => names.split(' ').filter((name, i) => name !== '' && (bits >>> i) & 1);

/** The bytes of CPUID's words as text, without what fills them up. */
function text(words: readonly number[]): string {
	const bytes = new Uint8Array(Uint32Array.from(words).buffer);
	return String.fromCharCode(...bytes.filter((byte) => byte !== 0)).trimEnd();
}

/** Family, model and stepping of a signature; from family 6 on the model has four more bits, from 15 on the family eight. */
function versionOf(signature: number): { readonly family: number; readonly model: number; readonly stepping: number } {
	const base = (signature >> 8) & 15;
	const family = base === 15 ? base + ((signature >> 20) & 0xff) : base;
	const model = ((signature >> 4) & 15) | (family >= 6 ? ((signature >> 16) & 15) << 4 : 0);
	return { family, model, stepping: signature & 15 };
}

export function processorInfo({ cpuid, nsPerStep, tscPerNs }: Persona): string {
	const leaf = (number: number) => cpuid.find(([eax]) => eax === number)?.slice(2) ?? [0, 0, 0, 0];
	const [level, ebx, ecx, edx] = leaf(0);
	const [signature, misc, features2, features] = leaf(1);
	const { family, model, stepping } = versionOf(signature);
	const brand = [0x80000002, 0x80000003, 0x80000004].flatMap(leaf);
	const line = ((misc >> 8) & 0xff) * 8;
	const mhz = 1000 / nsPerStep;
	const rows: readonly (readonly [string, string | number])[] = [
		['processor', 0],
		['vendor_id', text([ebx, edx, ecx])],
		['cpu family', family],
		['model', model],
		['model name', text(brand)],
		['stepping', stepping],
		['cpu MHz', mhz.toFixed(3)],
		['fdiv_bug', 'no'],
		['f00f_bug', 'no'],
		['coma_bug', 'no'],
		['fpu', 'yes'],
		['fpu_exception', 'yes'],
		['cpuid level', level],
		['wp', 'yes'],
		['flags', [...named(EDX, features), ...named(ECX, features2)].join(' ')],
		['bugs', ''],
		['bogomips', (2000 * tscPerNs).toFixed(2)],
		['clflush size', line || 32],
		['cache_alignment', line || 32],
		['address sizes', '32 bits physical, 32 bits virtual'],
	];
	return `${rows.map(([name, value]) => `${name}${tabs(name)}: ${value}\n`).join('')}\n`;
}

/** Values stand in the third column of tabs. */
const tabs = (name: string): string => '\t'.repeat(Math.max(1, 2 - Math.floor(name.length / 8)));
