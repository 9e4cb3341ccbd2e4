/**
 * Writes MessagePack straight into a buffer: what `pack` (replay/pack.ts) makes of an encoded event, byte for byte, without the
 * objects in between. Integers and lengths take the shortest form; integers beyond 32 bits are doubles.
 */

/** The first buffer, in bytes; it grows as needed and is kept. */
const FIRST = 65536;

export class Packer {
	#bytes: Uint8Array;
	#view: DataView;
	#at = 0;

	/** @param size of the first buffer, in bytes */
	constructor(size = FIRST) {
		this.#bytes = new Uint8Array(size);
		this.#view = new DataView(this.#bytes.buffer);
	}

	/** What was written, to be used before anything is written again; the next value begins anew. */
	view(): Uint8Array {
		const written = this.#bytes.subarray(0, this.#at);
		this.#at = 0;
		return written;
	}

	/** A copy of what was written; the next value begins anew. */
	take(): Uint8Array {
		const taken = this.#bytes.slice(0, this.#at);
		this.#at = 0;
		return taken;
	}

	/** Takes over what another packer has; that begins anew. */
	append(other: Packer): void {
		this.#room(other.#at);
		this.#bytes.set(other.#bytes.subarray(0, other.#at), this.#at);
		this.#at += other.#at;
		other.#at = 0;
	}

	#room(more: number): void {
		if (this.#at + more <= this.#bytes.length) return;
		const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more));
		grown.set(this.#bytes.subarray(0, this.#at));
		this.#bytes = grown;
		this.#view = new DataView(grown.buffer);
	}

	#head(fixed: number, fixedMax: number, wide: number, length: number): void {
		this.#room(5);
		if (length <= fixedMax) this.#bytes[this.#at++] = fixed | length;
		else if (length < 0x10000) {
			this.#bytes[this.#at] = wide;
			this.#view.setUint16(this.#at + 1, length);
			this.#at += 3;
		} else {
			this.#bytes[this.#at] = wide + 1;
			this.#view.setUint32(this.#at + 1, length);
			this.#at += 5;
		}
	}

	/** A map of so many fields: for each a text and a value follow. */
	map(fields: number): void {
		this.#head(0x80, 15, 0xde, fields);
	}

	/** A list: so many values follow. */
	list(length: number): void {
		this.#head(0x90, 15, 0xdc, length);
	}

	nil(): void {
		this.#room(1);
		this.#bytes[this.#at++] = 0xc0;
	}

	bool(value: boolean): void {
		this.#room(1);
		this.#bytes[this.#at++] = value ? 0xc3 : 0xc2;
	}

	number(value: number): void {
		this.#room(9);
		const bytes = this.#bytes;
		if (value >>> 0 === value) {
			if (value < 0x80) bytes[this.#at++] = value;
			else if (value < 0x100) {
				bytes[this.#at++] = 0xcc;
				bytes[this.#at++] = value;
			} else if (value < 0x10000) {
				bytes[this.#at++] = 0xcd;
				bytes[this.#at++] = value >> 8;
				bytes[this.#at++] = value;
			} else {
				bytes[this.#at] = 0xce;
				this.#view.setUint32(this.#at + 1, value);
				this.#at += 5;
			}
		} else if (value >> 0 === value) {
			if (value >= -0x20) bytes[this.#at++] = 0x100 + value;
			else if (value >= -0x80) {
				bytes[this.#at++] = 0xd0;
				bytes[this.#at++] = value;
			} else if (value >= -0x8000) {
				bytes[this.#at] = 0xd1;
				this.#view.setInt16(this.#at + 1, value);
				this.#at += 3;
			} else {
				bytes[this.#at] = 0xd2;
				this.#view.setInt32(this.#at + 1, value);
				this.#at += 5;
			}
		} else {
			bytes[this.#at] = 0xcb;
			this.#view.setFloat64(this.#at + 1, value);
			this.#at += 9;
		}
	}

	big(value: bigint): void {
		this.#room(9);
		const signed = BigInt.asIntN(64, value) === value;
		this.#bytes[this.#at] = signed ? 0xd3 : 0xcf;
		if (signed) this.#view.setBigInt64(this.#at + 1, value);
		else this.#view.setBigUint64(this.#at + 1, value);
		this.#at += 9;
	}

	text(value: string): void {
		const { length } = value;
		this.#room(length + 5);
		const bytes = this.#bytes;
		const at = this.#at;
		if (length < 32) {
			let i = 0;
			for (; i < length; i++) {
				const c = value.charCodeAt(i);
				if (c >= 0x80) break;
				bytes[at + 1 + i] = c;
			}
			if (i === length) {
				bytes[at] = 0xa0 | length;
				this.#at = at + 1 + length;
				return;
			}
		}
		const utf8 = encodeUtf8(value);
		if (utf8.length > 31 && utf8.length < 0x100) {
			bytes[this.#at++] = 0xd9;
			bytes[this.#at++] = utf8.length;
		} else this.#head(0xa0, 31, 0xda, utf8.length);
		this.raw(utf8);
	}

	bytes(value: Uint8Array): void {
		const { length } = value;
		if (length < 0x100) {
			this.#room(2);
			this.#bytes[this.#at++] = 0xc4;
			this.#bytes[this.#at++] = length;
		} else this.#head(0, -1, 0xc5, length);
		this.raw(value);
	}

	/** Bytes that are MessagePack already. */
	raw(value: Uint8Array): void {
		const { length } = value;
		this.#room(length);
		const bytes = this.#bytes;
		const at = this.#at;
		// Names of fields are short: calling `set` costs more than they do.
		if (length < 16) for (let i = 0; i < length; i++) bytes[at + i] = value[i];
		else bytes.set(value, at);
		this.#at = at + length;
	}

	/** Any plain value; fields that are undefined are not there. */
	value(value: unknown): void {
		switch (typeof value) {
			case 'number':
				this.number(value);
				return;
			case 'string':
				this.text(value);
				return;
			case 'boolean':
				this.bool(value);
				return;
			case 'bigint':
				this.big(value);
				return;
			default:
		}
		if (value === null) this.nil();
		else if (value instanceof Uint8Array) this.bytes(value);
		else if (Array.isArray(value)) {
			this.list(value.length);
			for (const v of value) this.value(v);
		} else {
			const fields = Object.entries(value as object).filter(([, v]) => v !== undefined);
			this.map(fields.length);
			for (const [key, v] of fields) {
				this.text(key);
				this.value(v);
			}
		}
	}
}

/** UTF-8; half a surrogate pair is kept as three bytes of its own. */
function encodeUtf8(value: string): Uint8Array {
	const out = new Uint8Array(value.length * 3);
	let n = 0;
	for (let i = 0; i < value.length; i++) {
		let c = value.charCodeAt(i);
		if (c >= 0xd800 && c < 0xdc00) {
			const low = value.charCodeAt(i + 1);
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
				i++;
			}
		}
		if (c < 0x80) out[n++] = c;
		else {
			if (c < 0x800) out[n++] = 0xc0 | (c >> 6);
			else {
				if (c < 0x10000) out[n++] = 0xe0 | (c >> 12);
				else {
					out[n++] = 0xf0 | (c >> 18);
					out[n++] = 0x80 | ((c >> 12) & 0x3f);
				}
				out[n++] = 0x80 | ((c >> 6) & 0x3f);
			}
			out[n++] = 0x80 | (c & 0x3f);
		}
	}
	return out.subarray(0, n);
}
