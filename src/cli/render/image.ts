/** An image as a tree: every object with its place, its fields, and what its payload is. */

import { structLines } from '../../cpt/show.ts';
import type { ImageObject } from '../../cpt/v2/image-object.ts';
import { HEADER_FIELDS } from '../../cpt/v2/plain.ts';
import { FX_FIELDS } from '../../reducers/fx-names.ts';
import { colour, plural, shownBytes } from '../output.ts';
import { hex8 } from './items.ts';
import { memoryText } from './state.ts';

/** `#3 VMA` and so on, one block of lines an object. `payload`: bytes of memory too. */
export function objectText(object: ImageObject, payload: boolean): string {
	const { offset, label, depth, struct, values, headerLength, payloadLength, extra, kind } = object;
	const indent = '  '.repeat(depth + (kind === undefined ? 0 : 1));
	const size = payloadLength === 0 ? `${headerLength} bytes` : `${headerLength} + ${payloadLength} bytes`;
	const lines = [`${colour.dim(`0x${hex8(offset)}`)}  ${indent}${colour.bold(label)}  ${colour.dim(size)}`];
	const put = (text: string) => lines.push(`${' '.repeat(12)}${indent}  ${text}`);
	for (const line of structLines(struct, values)) {
		const name = line.slice(0, line.indexOf(' '));
		if (kind !== undefined && HEADER_FIELDS.includes(name) && name !== 'cpt_content') continue;
		put(line);
	}
	if (extra.length > 0)
		put(`${plural(extra.length, 'byte')} of header beyond ${struct.name}: ${Buffer.from(extra).toString('hex')}`);
	for (const line of payloadLines(object)) put(line);
	if (payload && payloadLength > 0)
		lines.push(
			...memoryText(addressOf(object), object.payload)
				.split('\n')
				.map((line) => `${' '.repeat(12)}${indent}${line}`),
		);
	return lines.join('\n');
}

/** Pages are shown at their address, everything else from 0. */
function addressOf(object: ImageObject): number {
	return object.name === 'PAGES' ? object.num('cpt_start') : 0;
}

function payloadLines(object: ImageObject): string[] {
	const { name, payload } = object;
	if (payload.length === 0) return [];
	const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
	switch (name) {
		case 'NAME':
			return [`"${shownBytes(String.fromCharCode(...payload.subarray(0, -1)))}"`];
		case 'BITS/MM_CONTEXT':
			return Array.from({ length: payload.length / 8 }, (_, i) => [
				i,
				view.getUint32(i * 8, true),
				view.getUint32(i * 8 + 4, true),
			])
				.filter(([, a, b]) => a !== 0 || b !== 0)
				.map(([i, a, b]) => `entry ${i} = ${hex8(b)} ${hex8(a)}`);
		case 'BITS/FPU':
			if (payload.length !== 512) return [];
			return FX_FIELDS.flatMap(({ name: field, offset, size }) => {
				const bytes = payload.subarray(offset, offset + size);
				return bytes.every((b) => b === 0) ? [] : [`${field} = ${Buffer.from(bytes).reverse().toString('hex')}`];
			});
		case 'PAGES': {
			const used = payload.filter((b) => b !== 0).length;
			return [`${plural(payload.length / 4096, 'page')}, ${plural(used, 'byte')} not zero`];
		}
		default:
			return [];
	}
}
