/** System and miscellaneous instructions: cpuid, rdtsc, nop, undefined, and the privileged ones (#GP in user mode). */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { Stop } from '../contract.ts';
import type { Row } from './row.ts';

const privileged = (x: HelperContext): void => x.raise(Vector.GP, 0);

function cpuid(x: HelperContext): void {
	const leaf = x.gpr32(0);
	const sub = x.gpr32(1);
	const { cpuid: table } = x.persona;
	const find = (n: number): readonly number[] | undefined => table.find(([eax, ecx]) => eax === n && (ecx < 0 || ecx === sub));
	const highest = table.reduce((top, [eax]) => (eax < 0x80000000 && eax > top ? eax : top), 0);
	const row = find(leaf) ?? find(highest) ?? [0, 0, 0, 0, 0, 0];
	x.setGpr32(0, row[2]);
	x.setGpr32(3, row[3]);
	x.setGpr32(1, row[4]);
	x.setGpr32(2, row[5]);
}
function rdtsc(x: HelperContext): void {
	const { tsc } = x;
	x.setGpr32(0, tsc % 0x100000000);
	x.setGpr32(2, Math.floor(tsc / 0x100000000));
}

function rows(): Row[] {
	const nop = (): void => {};
	const ud = (x: HelperContext): void => x.raise(Vector.UD);
	const out: Row[] = [
		{ opcode: 0x0fa2, name: 'cpuid', form: '', gprs: 0xf, helper: cpuid },
		{ opcode: 0x0f31, name: 'rdtsc', form: '', gprs: 5, helper: rdtsc },
		{ opcode: 0x0f33, name: 'rdpmc', form: '', helper: privileged },
		{ opcode: 0x0f30, name: 'wrmsr', form: '', helper: privileged },
		{ opcode: 0x0f32, name: 'rdmsr', form: '', helper: privileged },
		{ opcode: 0x0f34, name: 'sysenter', form: '', helper: (x) => x.stop(Stop.SYSENTER) },
		{ opcode: 0x0f35, name: 'sysexit', form: '', helper: privileged },
		{ opcode: 0x0f06, name: 'clts', form: '', helper: privileged },
		{ opcode: 0x0f08, name: 'invd', form: '', helper: privileged },
		{ opcode: 0x0f09, name: 'wbinvd', form: '', helper: privileged },
		{ opcode: 0x0f0b, name: 'ud2', form: '', helper: ud },
		{ opcode: 0x0fb9, name: 'ud1', form: 'Gd,Ed', access: '- -', helper: ud },
		{ opcode: 0x0fff, name: 'ud0', form: 'Gd,Ed', access: '- -', helper: ud },
		{ opcode: 0xf4, name: 'hlt', form: '', helper: privileged },
		{ opcode: 0xe4, name: 'in', form: 'AL,Ib', access: '- r', helper: privileged },
		{ opcode: 0xe5, name: 'in', form: 'Av,Ib', access: '- r', helper: privileged },
		{ opcode: 0xe6, name: 'out', form: 'Ib,AL', access: 'r r', helper: privileged },
		{ opcode: 0xe7, name: 'out', form: 'Ib,Av', access: 'r r', helper: privileged },
		{ opcode: 0xec, name: 'in', form: 'AL,DX', access: '- r', helper: privileged },
		{ opcode: 0xed, name: 'in', form: 'Av,DX', access: '- r', helper: privileged },
		{ opcode: 0xee, name: 'out', form: 'DX,AL', access: 'r r', helper: privileged },
		{ opcode: 0xef, name: 'out', form: 'DX,Av', access: 'r r', helper: privileged },
	];
	// Control and debug registers: mod is ignored (always registers); only those that exist
	for (const reg of [0, 2, 3, 4]) {
		out.push({ opcode: 0x0f20, ext: reg, name: 'mov', form: 'Rd,Cd', access: '- -', helper: privileged });
		out.push({ opcode: 0x0f22, ext: reg, name: 'mov', form: 'Cd,Rd', access: '- -', helper: privileged });
	}
	for (let reg = 0; reg < 8; reg++) {
		out.push({ opcode: 0x0f21, ext: reg, name: 'mov', form: 'Rd,Dd', access: '- -', helper: privileged });
		out.push({ opcode: 0x0f23, ext: reg, name: 'mov', form: 'Dd,Rd', access: '- -', helper: privileged });
	}
	// Hint nops: prefetch (0f 18, 0f 0d), endbr32 and all others; the operand is not touched
	for (const opcode of [0x0f0d, 0x0f18, 0x0f19, 0x0f1a, 0x0f1b, 0x0f1c, 0x0f1d, 0x0f1e, 0x0f1f]) {
		out.push({ opcode, name: 'nop', form: 'Ev', access: '-', lower: nop });
	}
	return out.map((row) => ({ ...row, chapter: 'system' }));
}

export const SYSTEM: readonly Row[] = rows();
