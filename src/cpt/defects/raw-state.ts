/** Processor state that no program may have: images with it, and the check that is not made. A row a kind of state. */

import type { Rules } from '../rules.ts';
import type { ImageObject } from '../v2/image-object.ts';
import { DefectError } from './defect.ts';
import { type Change, changeFirst } from './premise.ts';

/** I/O privilege level 3: in, out, cli and sti are allowed. */
const IOPL = 0x3000;
/** Bits 13 and 14 of a descriptor's second word. */
const DPL = 0x6000;
const MXCSR = 24;
const RESERVED = 0x80;
/** In the kernel's part of the address space. */
const KERNEL_ADDRESS = 0xc0100000;

const only =
	(wanted: string, change: (object: ImageObject) => Change | undefined) =>
	(object: ImageObject): Change | undefined =>
		object.name === wanted ? change(object) : undefined;

/** The same bytes with one changed. */
function with_(bytes: Uint8Array, at: number, byte: number): Uint8Array {
	const copy = bytes.slice();
	copy[at] = byte;
	return copy;
}

export const RAW_STATE = {
	eflags: {
		unchecked: ['eflags'],
		premise: changeFirst(
			'X86_REGS',
			only('X86_REGS', (o) => ({ values: { cpt_flags: o.num('cpt_flags') | IOPL } })),
		),
	},
	tls: {
		unchecked: ['tls', 'segments'],
		premise: changeFirst(
			'a TASK with a TLS entry',
			only('TASK', (o) => {
				const tls = o.values.cpt_tls as readonly bigint[];
				if (tls[0] === 0n) throw new DefectError('the defect needs a first TLS entry, which this task does not have');
				return { values: { cpt_tls: [tls[0] & ~(BigInt(DPL) << 32n), ...tls.slice(1)] } };
			}),
		),
	},
	mxcsr: {
		unchecked: ['mxcsr'],
		premise: changeFirst(
			'BITS/FPU',
			only('BITS/FPU', (o) => ({ payload: with_(o.payload, MXCSR + 3, RESERVED) })),
		),
	},
	debugreg: {
		unchecked: ['debugreg'],
		premise: changeFirst(
			'X86_REGS',
			only('X86_REGS', (o) => ({
				values: { cpt_debugreg: [KERNEL_ADDRESS, ...(o.values.cpt_debugreg as readonly number[]).slice(1)] },
			})),
		),
	},
	/** Every entry of the LDT that is there becomes one of privilege level 0. */
	ldt: {
		unchecked: ['ldt', 'segments'],
		premise: changeFirst(
			'an LDT',
			only('BITS/MM_CONTEXT', ({ payload }) => {
				const bytes = payload.slice();
				for (let i = 0; i < bytes.length; i += 8) if (bytes[i + 5] & 0x80) bytes[i + 5] &= ~(DPL >> 8);
				return { payload: bytes };
			}),
		),
	},
} satisfies Record<string, Rules>;
