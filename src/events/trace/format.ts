/**
 * The trace file: a plain concatenation of MessagePack values, each a frame `[kind, crc32, payload]`, in one fixed form
 * (fixarray 3, fixstr 1, uint32, bin32), so that any msgpack tool can walk the file and a cut is seen at once.
 * This file knows frames as bytes; what the payloads mean is `replay/trace-body.ts`.
 */
import { crc32 } from 'node:zlib';

/** Version of the file's form. */
export const FORMAT_VERSION = 1;

/** Kinds of frames, one letter each. */
export const FrameKind = {
	/** First frame: versions, program, persona, seed, what descriptors 0–2 are. */
	HEADER: 'H',
	/** Contents by sha256: a program or a file that was read. */
	BLOB: 'B',
	/** Consecutive events. */
	EVENTS: 'E',
	/** Single CPU steps in columns (grain `steps`). */
	STEPS: 'S',
	/** Digest of the state at a position. */
	DIGEST: 'D',
	/** A state: what changed since the first one, or since the previous keyframe. */
	KEYFRAME: 'K',
	/** Last frame: where the others are, and the totals. */
	INDEX: 'I',
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

const KINDS = new Set<string>(Object.values(FrameKind));

/** Bytes before the payload. */
export const FRAME_HEAD = 13;

/** Largest payload that is read: 1 GiB. */
const MAX_PAYLOAD = 2 ** 30;

/** Broken trace: where, what was wanted, what was there. */
export class TraceError extends Error {
	override readonly name = 'TraceError';
	/** Number of the frame, counted from 0. */
	readonly frame: number;
	/** Byte offset of that frame in the file. */
	readonly offset: number;

	constructor(frame: number, offset: number, message: string) {
		super(`frame ${frame} at byte 0x${offset.toString(16)}: ${message}`);
		this.frame = frame;
		this.offset = offset;
	}
}

export interface Frame {
	readonly kind: FrameKind;
	readonly payload: Uint8Array;
	readonly offset: number;
	/** Offset of the next frame. */
	readonly end: number;
}

function checkValue(kind: string, payload: Uint8Array): number {
	return crc32(payload, kind.charCodeAt(0)) >>> 0;
}

/** A frame as bytes. */
export function encodeFrame(kind: FrameKind, payload: Uint8Array): Uint8Array {
	const out = new Uint8Array(FRAME_HEAD + payload.length);
	const view = new DataView(out.buffer);
	out[0] = 0x93;
	out[1] = 0xa1;
	out[2] = kind.charCodeAt(0);
	out[3] = 0xce;
	view.setUint32(4, checkValue(kind, payload));
	out[8] = 0xc6;
	view.setUint32(9, payload.length);
	out.set(payload, FRAME_HEAD);
	return out;
}

/** Why the walk over a file's frames ended before an index frame closed it. */
export interface Damage {
	readonly frame: number;
	readonly offset: number;
	/** `cut`: the file ends inside or before a frame. `damaged`: bytes that are no frame, or a wrong check value. */
	readonly kind: 'cut' | 'damaged';
	readonly reason: string;
}

/** The whole frames of a file from its beginning, and what stopped the walk, if anything did. */
export function readFrames(bytes: Uint8Array): { readonly frames: readonly Frame[]; readonly damage: Damage | null } {
	const frames: Frame[] = [];
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	let offset = 0;
	const stop = (kind: 'cut' | 'damaged', reason: string) => ({ frames, damage: { frame: frames.length, offset, kind, reason } });
	for (;;) {
		const left = bytes.length - offset;
		const closed = frames.at(-1)?.kind === FrameKind.INDEX;
		if (left === 0) return closed ? { frames, damage: null } : stop('cut', 'an index frame wanted, the file ends');
		if (closed) return stop('damaged', `the end of the file wanted after the index, ${left} more bytes got`);
		const head = bytes.subarray(offset, offset + FRAME_HEAD);
		const form = [0x93, 0xa1, -1, 0xce, -1, -1, -1, -1, 0xc6];
		for (let i = 0; i < Math.min(head.length, form.length); i++) {
			if (form[i] >= 0 && head[i] !== form[i])
				return stop('damaged', `byte ${i} of a frame: 0x${form[i].toString(16)} wanted, 0x${head[i].toString(16)} got`);
		}
		if (left < FRAME_HEAD) return stop('cut', `${FRAME_HEAD} bytes of a frame's head wanted, ${left} got`);
		const kind = String.fromCharCode(bytes[offset + 2]);
		if (!KINDS.has(kind)) return stop('damaged', `unknown frame kind 0x${bytes[offset + 2].toString(16)}`);
		const length = view.getUint32(offset + 9);
		if (length > MAX_PAYLOAD) return stop('damaged', `payload of ${length} bytes, at most ${MAX_PAYLOAD} wanted`);
		if (left - FRAME_HEAD < length) return stop('cut', `payload of ${length} bytes wanted, ${left - FRAME_HEAD} got`);
		const payload = bytes.subarray(offset + FRAME_HEAD, offset + FRAME_HEAD + length);
		const wanted = view.getUint32(offset + 4);
		const got = checkValue(kind, payload);
		if (got !== wanted) return stop('damaged', `check value ${hex8(wanted)} wanted, ${hex8(got)} got`);
		frames.push({ kind: kind as FrameKind, payload, offset, end: offset + FRAME_HEAD + length });
		offset += FRAME_HEAD + length;
	}
}

function hex8(n: number): string {
	return n.toString(16).padStart(8, '0');
}
