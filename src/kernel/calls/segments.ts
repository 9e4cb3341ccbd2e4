/**
 * Segment descriptors a program sets for itself: set_thread_area (GDT entries 6..8, per task) and modify_ldt (per address
 * space). Follows arch/x86/kernel/tls.c, ldt.c and include/asm/desc.h of Linux 6.1, 32-bit.
 */
import type { CpuState, Descriptor } from '../../events/cpu.ts';
import type { RegisterPatch } from '../../events/task.ts';
import { Errno } from '../abi/errno.ts';
import {
	isEmptyDesc,
	isZeroDesc,
	packDescriptor,
	parseUserDesc,
	USER_DESC,
	type UserDesc,
	unpackDescriptor,
} from '../abi/user-desc.ts';
import type { Decision } from '../decision.ts';
import type { Handler, SyscallRow } from '../row.ts';

/** GDT_ENTRY_TLS_MIN and the number of TLS entries. */
export const TLS_MIN = 6;
export const TLS_ENTRIES = 3;
const EMPTY: Descriptor = { a: 0, b: 0 };
const LDT_ENTRIES = 8192;
const LDT_ENTRY_SIZE = 8;

/** tls_desc_okay: TLS may hold nothing, or a present 32-bit data segment. */
function mayBeTls(u: UserDesc): boolean {
	if (isEmptyDesc(u) || isZeroDesc(u)) return true;
	return u.seg32bit === 1 && u.contents <= 1 && u.segNotPresent === 0;
}

const tlsEntry = (d: Decision, i: number): Descriptor => d.task.tls[i] ?? EMPTY;

/** do_set_thread_area for a task that stands still (ptrace): 0 or -EINVAL. @param bytes struct user_desc */
export function setTls(d: Decision, pid: number, index: number, bytes: Uint8Array): number {
	const desc = parseUserDesc(bytes);
	if (!mayBeTls(desc)) return -Errno.EINVAL;
	const task = d.state.tasks[pid];
	const descriptor = isEmptyDesc(desc) || isZeroDesc(desc) ? EMPTY : packDescriptor(desc, desc.useable);
	const tls = Array.from({ length: TLS_ENTRIES }, (_, i) => (i === index - TLS_MIN ? descriptor : (task.tls[i] ?? EMPTY)));
	d.emit({ kind: 'task/set', task: pid, fields: { tls }, ...droppedSelectors(task.cpu, tls, d.state.mms[task.mm].ldt) });
	return 0;
}

/** CLONE_SETTLS: the child's TLS entries, with the descriptor at `pointer` in its place. -EFAULT, -EINVAL. */
export function tlsFrom(d: Decision, pointer: number): readonly Descriptor[] | number {
	const bytes = d.read(pointer, USER_DESC);
	if (bytes === undefined) return -Errno.EFAULT;
	const desc = parseUserDesc(bytes);
	const index = desc.entryNumber;
	if (!mayBeTls(desc) || index < TLS_MIN || index >= TLS_MIN + TLS_ENTRIES) return -Errno.EINVAL;
	const descriptor = isEmptyDesc(desc) || isZeroDesc(desc) ? EMPTY : packDescriptor(desc, desc.useable);
	return Array.from({ length: TLS_ENTRIES }, (_, i) => (i === index - TLS_MIN ? descriptor : tlsEntry(d, i)));
}

const setThreadArea: Handler = (d, [pointer]) => {
	const bytes = d.read(pointer, USER_DESC);
	if (bytes === undefined) return -Errno.EFAULT;
	const desc = parseUserDesc(bytes);
	if (!mayBeTls(desc)) return -Errno.EINVAL;
	let index = desc.entryNumber | 0;
	if (index === -1) {
		const free = [0, 1, 2].find((i) => tlsEntry(d, i).a === 0 && tlsEntry(d, i).b === 0);
		if (free === undefined) return -Errno.ESRCH;
		index = TLS_MIN + free;
		if (!d.writeU32(pointer, index)) return -Errno.EFAULT;
	}
	if (index < TLS_MIN || index >= TLS_MIN + TLS_ENTRIES) return -Errno.EINVAL;
	const descriptor = isEmptyDesc(desc) || isZeroDesc(desc) ? EMPTY : packDescriptor(desc, desc.useable);
	const tls = Array.from({ length: TLS_ENTRIES }, (_, i) => (i === index - TLS_MIN ? descriptor : tlsEntry(d, i)));
	d.emit({ kind: 'task/set', task: d.pid, fields: { tls }, ...droppedSelectors(d.regs, tls, d.mm.ldt) });
	return 0;
};

/**
 * Data selectors that the new descriptors make invalid: the return to user mode loads them again, faults and makes them 0
 * (arch/x86/entry/entry_32.S, the fixups of RESTORE_REGS).
 */
function droppedSelectors(
	registers: CpuState,
	tls: readonly Descriptor[],
	ldt: readonly Descriptor[],
): { readonly regs?: RegisterPatch } {
	const regs: { -readonly [K in 'es' | 'ds' | 'fs' | 'gs']?: number } = {};
	for (const name of ['es', 'ds', 'fs', 'gs'] as const) {
		const selector = registers[name];
		const index = selector >>> 3;
		const local = (selector & 4) !== 0;
		if ((selector & ~3) === 0 || (!local && (index < TLS_MIN || index >= TLS_MIN + TLS_ENTRIES))) continue;
		const { b } = (local ? ldt[index] : tls[index - TLS_MIN]) ?? EMPTY;
		const code = (b & 0x800) !== 0;
		const usable =
			(b & 0x9000) === 0x9000 && (!code || (b & 0x200) !== 0) && (((b >>> 13) & 3) === 3 || (code && (b & 0x400) !== 0));
		if (!usable) regs[name] = 0;
	}
	return Object.keys(regs).length > 0 ? { regs } : {};
}

const getThreadArea: Handler = (d, [pointer]) => {
	const index = d.u32(pointer);
	if (index === undefined) return -Errno.EFAULT;
	if (index < TLS_MIN || index >= TLS_MIN + TLS_ENTRIES) return -Errno.EINVAL;
	return d.write(pointer, unpackDescriptor(index, tlsEntry(d, index - TLS_MIN))) ? 0 : -Errno.EFAULT;
};

/** modify_ldt: 0 reads, 1 and 0x11 write one entry (old and new manner), 2 reads the default LDT. */
const modifyLdt: Handler = (d, [func, pointer, count]) => {
	switch (func) {
		case 0:
			return readLdt(d, pointer, count);
		case 1:
			return writeLdt(d, pointer, count, true);
		case 2: {
			const size = Math.min(count, 5 * LDT_ENTRY_SIZE);
			return d.write(pointer, new Uint8Array(size)) ? size : -Errno.EFAULT;
		}
		case 0x11:
			return writeLdt(d, pointer, count, false);
		default:
			return -Errno.ENOSYS;
	}
};

function readLdt(d: Decision, pointer: number, count: number): number {
	const { ldt } = d.mm;
	if (ldt.length === 0) return 0;
	const size = Math.min(count, LDT_ENTRIES * LDT_ENTRY_SIZE);
	const bytes = new Uint8Array(Math.ceil(size / 8) * 8);
	const view = new DataView(bytes.buffer);
	for (const [i, { a, b }] of ldt.entries()) {
		if (8 * i + 8 > bytes.length) break;
		view.setUint32(8 * i, a, true);
		view.setUint32(8 * i + 4, b, true);
	}
	return d.write(pointer, bytes.subarray(0, size)) ? size : -Errno.EFAULT;
}

function writeLdt(d: Decision, pointer: number, count: number, old: boolean): number {
	if (count !== USER_DESC) return -Errno.EINVAL;
	const bytes = d.read(pointer, USER_DESC);
	if (bytes === undefined) return -Errno.EFAULT;
	const desc = parseUserDesc(bytes);
	if (desc.entryNumber >= LDT_ENTRIES) return -Errno.EINVAL;
	if (desc.contents === 3 && (old || desc.segNotPresent === 0)) return -Errno.EINVAL;
	const clears = (old && desc.base === 0 && desc.limit === 0) || isEmptyDesc(desc);
	const descriptor = clears ? EMPTY : packDescriptor(desc, old ? 0 : desc.useable);
	const { ldt, id } = d.mm;
	const length = Math.max(ldt.length, desc.entryNumber + 1);
	const next = Array.from({ length }, (_, i) => (i === desc.entryNumber ? descriptor : (ldt[i] ?? EMPTY)));
	d.emit({ kind: 'mm/set', mm: id, fields: { ldt: next } });
	const dropped = droppedSelectors(d.regs, d.task.tls, next);
	if ('regs' in dropped) d.emit({ kind: 'task/set', task: d.pid, fields: {}, ...dropped });
	return 0;
}

export const segmentRows: readonly SyscallRow[] = [
	{ nr: 123, name: 'modify_ldt', args: ['hex', 'addr', 'size'], support: 'full', handler: modifyLdt },
	{ nr: 243, name: 'set_thread_area', args: ['struct:user_desc'], support: 'full', handler: setThreadArea },
	{ nr: 244, name: 'get_thread_area', args: ['struct:user_desc-out'], support: 'full', handler: getThreadArea },
];
