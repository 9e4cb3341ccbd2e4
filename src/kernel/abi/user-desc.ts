/**
 * struct user_desc: how a program and a core file show a segment descriptor. Follows arch/x86/kernel/tls.c and
 * include/asm/desc.h of Linux 6.1, 32-bit.
 */
import type { Descriptor } from '../../events/cpu.ts';

/** Bytes of struct user_desc. */
export const USER_DESC = 16;

/** struct user_desc (arch/x86/include/uapi/asm/ldt.h). Numbers u32, bits 0 or 1. */
export interface UserDesc {
	readonly entryNumber: number;
	readonly base: number;
	readonly limit: number;
	readonly seg32bit: number;
	/** 2 bits: 0 data, 1 data that grows down, 2 code, 3 conforming code. */
	readonly contents: number;
	readonly readExecOnly: number;
	readonly limitInPages: number;
	readonly segNotPresent: number;
	readonly useable: number;
}

/** Reads its 16 bytes. */
export function parseUserDesc(bytes: Uint8Array): UserDesc {
	const view = new DataView(bytes.buffer, bytes.byteOffset, USER_DESC);
	const flags = view.getUint32(12, true);
	return {
		entryNumber: view.getUint32(0, true),
		base: view.getUint32(4, true),
		limit: view.getUint32(8, true),
		seg32bit: flags & 1,
		contents: (flags >> 1) & 3,
		readExecOnly: (flags >> 3) & 1,
		limitInPages: (flags >> 4) & 1,
		segNotPresent: (flags >> 5) & 1,
		useable: (flags >> 6) & 1,
	};
}

/** LDT_empty: how a program says "no descriptor". */
export function isEmptyDesc(u: UserDesc): boolean {
	return (
		u.base === 0 &&
		u.limit === 0 &&
		u.contents === 0 &&
		u.readExecOnly === 1 &&
		u.seg32bit === 0 &&
		u.limitInPages === 0 &&
		u.segNotPresent === 1 &&
		u.useable === 0
	);
}

/** LDT_zero: all fields but the number are 0, which set_thread_area takes for empty too. */
export function isZeroDesc(u: UserDesc): boolean {
	return (
		u.base === 0 &&
		u.limit === 0 &&
		u.contents === 0 &&
		u.readExecOnly === 0 &&
		u.seg32bit === 0 &&
		u.limitInPages === 0 &&
		u.segNotPresent === 0 &&
		u.useable === 0
	);
}

/** fill_ldt: the two words of the descriptor; S set, DPL 3, accessed. */
export function packDescriptor(u: UserDesc, useable: number): Descriptor {
	const type = ((u.readExecOnly ^ 1) << 1) | (u.contents << 2) | 1;
	const access = type | 0x10 | 0x60 | ((u.segNotPresent ^ 1) << 7);
	const flags = (useable << 4) | (u.seg32bit << 6) | (u.limitInPages << 7);
	const a = ((u.limit & 0xffff) | ((u.base & 0xffff) << 16)) >>> 0;
	const b = ((u.base & 0xff000000) | (flags << 16) | (u.limit & 0xf0000) | (access << 8) | ((u.base >>> 16) & 0xff)) >>> 0;
	return { a, b };
}

/** fill_user_desc: the struct of a descriptor. */
export function unpackDescriptor(index: number, { a, b }: Descriptor): Uint8Array {
	const bytes = new Uint8Array(USER_DESC);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, index, true);
	view.setUint32(4, ((a >>> 16) | ((b & 0xff) << 16) | (b & 0xff000000)) >>> 0, true);
	view.setUint32(8, (a & 0xffff) | (b & 0xf0000), true);
	const access = (b >>> 8) & 0xff;
	const type = access & 0xf;
	const flags =
		((b >>> 22) & 1) |
		(((type >> 2) & 3) << 1) |
		((((type >> 1) & 1) ^ 1) << 3) |
		(((b >>> 23) & 1) << 4) |
		(((access >> 7) ^ 1) << 5) |
		(((b >>> 20) & 1) << 6);
	view.setUint32(12, flags, true);
	return bytes;
}
