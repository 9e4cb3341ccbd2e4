/**
 * Packets of gdb's remote serial protocol (gdb manual, appendix E): `$data#checksum`, escapes, run lengths. Data are byte strings.
 */

/** What the other side said is not the protocol. */
export class RemoteError extends Error {
	override readonly name = 'RemoteError';
}

function checksum(data: string): number {
	let sum = 0;
	for (let i = 0; i < data.length; i++) sum = (sum + data.charCodeAt(i)) & 0xff;
	return sum;
}

/** Characters that stand for something else in a packet: # $ } * */
const SPECIAL = /[#$}*]/g;

export function encodePacket(data: string): string {
	const escaped = data.replace(SPECIAL, (c) => `}${String.fromCharCode(c.charCodeAt(0) ^ 0x20)}`);
	return `$${escaped}#${checksum(escaped).toString(16).padStart(2, '0')}`;
}

/** The data of a packet's body: escapes and run lengths undone. */
export function decodeBody(body: string): string {
	if (!/[}*]/.test(body)) return body;
	let out = '';
	for (let i = 0; i < body.length; i++) {
		const c = body[i];
		if (c === '}') {
			i++;
			if (i === body.length) throw new RemoteError('a packet ends in an escape');
			out += String.fromCharCode(body.charCodeAt(i) ^ 0x20);
		} else if (c === '*') {
			i++;
			const count = body.charCodeAt(i) - 29;
			if (out === '' || !(count >= 3 && count <= 97)) throw new RemoteError('a run length of 3 to 97 behind a character wanted');
			out += out.at(-1)!.repeat(count);
		} else out += c;
	}
	return out;
}

/** Takes bytes apart into packets. Acknowledgements and interrupts between them are skipped. */
export class PacketReader {
	#text = '';

	/** The packets that are whole now; `undefined` for one whose checksum is wrong. */
	push(bytes: string): (string | undefined)[] {
		this.#text += bytes;
		const packets: (string | undefined)[] = [];
		for (;;) {
			const start = this.#text.indexOf('$');
			if (start < 0) {
				this.#text = '';
				return packets;
			}
			const end = this.#text.indexOf('#', start);
			if (end < 0 || end + 3 > this.#text.length) {
				this.#text = this.#text.slice(start);
				return packets;
			}
			const body = this.#text.slice(start + 1, end);
			const sum = Number.parseInt(this.#text.slice(end + 1, end + 3), 16);
			this.#text = this.#text.slice(end + 3);
			packets.push(sum === checksum(body) ? decodeBody(body) : undefined);
		}
	}
}

export function toHex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('hex');
}

/** Bytes of hexadecimal digits; undefined when there is anything else (an `x` stands for what is not available). */
export function fromHex(text: string): Uint8Array | undefined {
	return /^([0-9a-f]{2})*$/i.test(text) ? new Uint8Array(Buffer.from(text, 'hex')) : undefined;
}
