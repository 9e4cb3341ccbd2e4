/**
 * Processors that nobody uses. Making one reserves its memory and prints its interpreter, which costs more than a short run;
 * whoever is done with a machine gives its processor back (`Machine.close`).
 */
import type { CpuPersona, LiveCpu } from '../cpu/contract.ts';
import { createCpu } from '../cpu/cpu.ts';

/** Most processors kept: the two runs of a comparison, and the one that comes to where they start. */
const KEPT = 3;
const idle: { readonly persona: string; readonly cpu: LiveCpu }[] = [];

/** A processor that holds nothing. */
export function takeProcessor(persona: CpuPersona): LiveCpu {
	const key = JSON.stringify(persona);
	const at = idle.findIndex((one) => one.persona === key);
	return at < 0 ? createCpu(persona) : idle.splice(at, 1)[0].cpu;
}

/** Takes a processor back; its machine must not be used again. */
export function giveProcessor(persona: CpuPersona, cpu: LiveCpu): void {
	cpu.reset();
	if (idle.length === KEPT) idle.shift();
	idle.push({ persona: JSON.stringify(persona), cpu });
}
