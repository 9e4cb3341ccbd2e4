/**
 * Buffers of the guest that a call reads from or writes to: one, or a vector of them. A buffer that is mapped only in part
 * serves up to its first bad byte, as copy_from_user and copy_to_user do.
 */
import { PAGE_SIZE } from '../events/pages.ts';
import { Errno } from './abi/errno.ts';
import { MAX_RW_COUNT, UIO_MAXIOV } from './abi/fcntl.ts';
import type { Decision } from './decision.ts';
import { stackGrowth } from './stack.ts';

export interface Buffer {
	/** Linear address, u32; length in bytes. */
	readonly address: number;
	readonly length: number;
}

/** User space of an i386 process ends here (TASK_SIZE). */
const TASK_SIZE = 0xc0000000;

function inUserSpace(address: number, length: number): boolean {
	return address + length <= TASK_SIZE;
}

/** The buffer of a plain read or write. -errno: EINVAL for a count ≥ 2^31, EFAULT outside user space. */
export function userBuffer(address: number, count: number): readonly Buffer[] | number {
	if (!inUserSpace(address, count >>> 0)) return count >>> 31 ? -Errno.EINVAL : -Errno.EFAULT;
	return [{ address, length: Math.min(count, MAX_RW_COUNT) }];
}

/** An iovec array of the guest. -errno: EINVAL, EFAULT. The total is cut to MAX_RW_COUNT. */
export function userVector(d: Decision, address: number, segments: number): readonly Buffer[] | number {
	if (segments > UIO_MAXIOV) return -Errno.EINVAL;
	const raw = d.read(address, segments * 8);
	if (raw === undefined) return -Errno.EFAULT;
	const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
	const buffers: Buffer[] = [];
	let total = 0;
	for (let i = 0; i < segments; i++) {
		const base = view.getUint32(i * 8, true);
		const length = view.getUint32(i * 8 + 4, true);
		if (length >>> 31) return -Errno.EINVAL;
		if (!inUserSpace(base, length)) return -Errno.EFAULT;
		const taken = Math.min(length, MAX_RW_COUNT - total);
		total += taken;
		if (taken > 0) buffers.push({ address: base, length: taken });
	}
	return buffers;
}

export function totalLength(buffers: readonly Buffer[]): number {
	return buffers.reduce((sum, b) => sum + b.length, 0);
}

/** The bytes of the buffers up to the first that is not readable; undefined (EFAULT) when not even one byte is. */
export function gather(d: Decision, buffers: readonly Buffer[]): Uint8Array | undefined {
	const total = totalLength(buffers);
	if (total === 0) return new Uint8Array(0);
	if (buffers.length === 1) {
		const whole = d.read(buffers[0].address, total);
		if (whole !== undefined) return whole;
	}
	const parts: Uint8Array[] = [];
	let length = 0;
	outer: for (const b of buffers) {
		for (let at = b.address; at < b.address + b.length; ) {
			const n = Math.min(PAGE_SIZE - (at % PAGE_SIZE), b.address + b.length - at);
			const part = d.read(at, n);
			if (part === undefined) break outer;
			parts.push(part);
			length += n;
			at += n;
		}
	}
	if (length === 0) return undefined;
	const out = new Uint8Array(length);
	let at = 0;
	for (const part of parts) {
		out.set(part, at);
		at += part.length;
	}
	return out;
}

/** How many bytes of `wanted` can be put into the buffers, from the start: all, or up to the first page that is not writable. */
export function writableLength(d: Decision, buffers: readonly Buffer[], wanted: number): number {
	let done = 0;
	for (const b of buffers) {
		const n = Math.min(b.length, wanted - done);
		if (n === 0) return done;
		if (!canWrite(d, b.address, n)) {
			for (let at = b.address; at < b.address + n; ) {
				const step = Math.min(PAGE_SIZE - (at % PAGE_SIZE), b.address + n - at);
				if (!canWrite(d, at, step)) return done;
				at += step;
				done += step;
			}
			return done;
		}
		done += n;
	}
	return done;
}

/** Whether copy_to_user would succeed, the stack growing under it if need be. */
function canWrite(d: Decision, address: number, length: number): boolean {
	return d.writable(address, length) || stackGrowth(d.state, d.mm, d.group, address) !== undefined;
}

/** Puts bytes into the buffers, one after the other. The caller asked `writableLength` before. */
export function scatter(d: Decision, buffers: readonly Buffer[], bytes: Uint8Array): void {
	let done = 0;
	for (const b of buffers) {
		const n = Math.min(b.length, bytes.length - done);
		if (n === 0) return;
		d.write(b.address, bytes.subarray(done, done + n));
		done += n;
	}
}
