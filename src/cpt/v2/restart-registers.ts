/** Restarting X86_REGS: registers, and where in the kernel the task was: in user mode, stopped, or asleep in a call. */
import type { CpuState, Descriptor } from '../../events/cpu.ts';
import type { Restored } from '../../events/restore.ts';
import { Restart } from '../../reducers/state.ts';
import type { ImageObject } from './image-object.ts';
import { cpt_x86_regs, ThreadFlag } from './objects.ts';
import { currentTask, type Progress } from './progress.ts';
import { TASK_SIZE } from './restart-task.ts';
import { decodeSegment, wrongFor } from './segments.ts';
import { PLAIN_REGISTERS, SEGMENT_REGISTERS } from './task-fields.ts';

const RESTARTS: ReadonlySet<number> = new Set(Object.values(Restart));
const EINTR = 4;

/** Flags user mode can have: CF PF AF ZF SF TF DF OF NT AC ID. Bit 1 and IF are always set. */
const USER_FLAGS = 0x254dd5;
const ALWAYS_FLAGS = 0x202;
/** dr7: enabled breakpoints and their kinds; dr6 as the processor leaves it. */
const DR7_ALLOWED = 0xffff03ff;

export function restoreRegisters(object: ImageObject, p: Progress): Restored {
	const values = object.read(cpt_x86_regs) as unknown as Readonly<Record<string, number>>;
	const task = currentTask(p);
	const regs: { -readonly [K in keyof CpuState]?: CpuState[K] } = {};
	for (const [field, name] of PLAIN_REGISTERS) Object.assign(regs, { [name]: values[field] });
	for (const [field, name] of SEGMENT_REGISTERS) regs[name] = selector(object, field, name, p);
	const debugreg = values.cpt_debugreg as unknown as readonly number[];
	// Without TIF_DEBUG the processor is never given them (__switch_to_xtra): nothing is enabled.
	const armed = (object.parent?.num('cpt_thrflags') ?? 0) & ThreadFlag.DEBUG;
	regs.debugreg = armed ? debugreg : debugreg.with(7, 0);
	const off = p.rules.unchecked ?? [];
	if (!off.includes('eflags')) checkFlags(object, values.cpt_flags);
	if (!off.includes('debugreg')) checkDebug(object, debugreg);
	if (values.cpt_ip >= TASK_SIZE && !inVdso(values.cpt_ip, p)) object.fail('cpt_ip', 'an address of user space');
	return { kind: 'registers', task: task.pid, ...standing(values.cpt_orig_ax | 0, regs, p) };
}

/** Registers and what the task does in the kernel. */
function standing(origAx: number, regs: Partial<CpuState>, p: Progress) {
	const task = currentTask(p);
	const idle = { state: task.state, origAx, entry: 'none' as const, wait: null, restartBlock: null };
	const code = (regs.eax ?? 0) | 0;
	const lender = p.lender;
	// A restart block outlives its call: restart_syscall(2) takes it up.
	const restartBlock = lender?.restartBlock ?? null;
	if (origAx < 0 || !RESTARTS.has(code)) return { ...idle, regs, restartBlock };
	if (task.state === 'stopped' || task.state === 'traced' || task.state === 'zombie' || task.state === 'dead')
		return { ...idle, regs, restartBlock };
	if (code === Restart.BLOCK && restartBlock === null) return { ...idle, origAx: -1, regs: { ...regs, eax: -EINTR >>> 0 } };
	const wait = lender?.wait ?? null;
	if (wait !== null && lender?.origAx === origAx && wait.restart === code)
		return { ...idle, state: 'sleeping' as const, wait, restartBlock, regs };
	if (wait === null && lender?.origAx === origAx && lender.state === 'running' && (lender.cpu.eax | 0) === code)
		return { ...idle, regs, restartBlock };
	// Nobody lends what it waited for: the call is made again where it stands, and finds out itself.
	const again = code === Restart.BLOCK ? 0 : origAx;
	return { ...idle, origAx: -1, entry: 'int80' as const, restartBlock, regs: { ...regs, eax: again } };
}

function inVdso(ip: number, p: Progress): boolean {
	const mm = p.residual.mms[p.lent];
	return mm !== undefined && mm.vdso !== 0 && ip >= mm.vdso && ip < mm.vdso + 4096;
}

function selector(object: ImageObject, field: string, name: string, p: Progress): number {
	const code = object.num(field);
	const found = decodeSegment(code, p.residual.persona);
	if (found === undefined) return object.fail(field, 'a code of an i386 segment: 0 to 5, or 256 + an LDT entry', String(code));
	if (p.rules.unchecked?.includes('segments')) return found;
	if (found === 0) {
		if (name === 'cs' || name === 'ss') object.fail(field, 'a segment: code and stack cannot be without one', '0');
		return found;
	}
	const { userCs, userDs } = p.residual.persona;
	if (found === userCs || found === userDs) {
		if ((name === 'cs' && found !== userCs) || (name === 'ss' && found !== userDs))
			object.fail(field, name === 'cs' ? 'a code segment' : 'a writable data segment');
		return found;
	}
	const index = found >>> 3;
	const descriptor: Descriptor | undefined = found & 4 ? p.ldt?.[index] : currentTask(p).tls[index - 6];
	if (descriptor === undefined) return object.fail(field, 'an entry that is there', String(code));
	const wrong = wrongFor(name, descriptor);
	if (wrong !== undefined) object.fail(field, wrong);
	return found;
}

function checkFlags(object: ImageObject, flags: number): void {
	if ((flags & ALWAYS_FLAGS) !== ALWAYS_FLAGS) object.fail('cpt_flags', 'bit 1 and IF set, as in user mode');
	if (flags & ~(USER_FLAGS | ALWAYS_FLAGS)) object.fail('cpt_flags', 'flags that user mode can set');
}

function checkDebug(object: ImageObject, debugreg: readonly number[]): void {
	for (const i of [0, 1, 2, 3]) if (debugreg[i] >= TASK_SIZE) object.failAt('cpt_debugreg', i, 'an address of user space');
	for (const i of [4, 5]) if (debugreg[i] !== 0) object.failAt('cpt_debugreg', i, '0');
	if (debugreg[7] & ~DR7_ALLOWED) object.failAt('cpt_debugreg', 7, 'enable and length bits only');
}
