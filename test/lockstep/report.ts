/** A divergence in words: the instruction, and what differs as the native program and as T0 have it. */

import { Disassembler } from '../../src/cli/render/disassemble.ts';
import { Names } from '../../src/cli/render/names.ts';
import { GPR_NAMES, SEGMENT_NAMES } from '../../src/events/cpu.ts';
import { type Difference, Different } from './protocol.ts';
import type { Divergence } from './session.ts';

const hex8 = (n: number) => (n >>> 0).toString(16).padStart(8, '0');
const hexBytes = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Fields of the FXSAVE image that are compared: name, first byte, end. */
const FX_FIELDS: readonly (readonly [string, number, number])[] = [
	['fcw', 0, 2],
	['fsw', 2, 4],
	['ftw', 4, 5],
	['mxcsr', 24, 28],
	...Array.from({ length: 8 }, (_, i): [string, number, number] => [`st${i}`, 32 + i * 16, 42 + i * 16]),
	...Array.from({ length: 8 }, (_, i): [string, number, number] => [`xmm${i}`, 160 + i * 16, 176 + i * 16]),
];

function registerLines(d: Difference): string[] {
	const lines: string[] = [];
	const note = (name: string, native: number, own: number) => {
		if (native !== own) lines.push(`  ${name.padEnd(7)} native ${hex8(native)}   T0 ${hex8(own)}`);
	};
	GPR_NAMES.forEach((name, i) => {
		note(name, d.native.gprs[i], d.own.gprs[i]);
	});
	note('eip', d.native.eip, d.own.eip);
	note('eflags', d.native.eflags, d.own.eflags);
	SEGMENT_NAMES.forEach((name, i) => {
		note(name, d.native.segments[i], d.own.segments[i]);
	});
	return lines;
}

function fxLines(d: Difference): string[] {
	const lines: string[] = [];
	for (const [name, from, to] of FX_FIELDS) {
		const [native, own] = [d.nativeFx, d.ownFx].map((fx) => Buffer.from(fx.subarray(from, to)).reverse().toString('hex'));
		if (native !== own) lines.push(`  ${name.padEnd(7)} native ${native}   T0 ${own}`);
	}
	return lines;
}

function what(d: Difference): string[] {
	switch (d.kind) {
		case Different.WRITTEN:
			return [`  written [${hex8(d.address)}] native ${hexBytes(d.bytes)}, T0 something else`];
		case Different.WATCHED:
			return [`  memory  [${hex8(d.address)}] native ${hexBytes(d.bytes)}, which T0 did not write`];
		case Different.MEMORY:
			return [`  memory  [${hex8(d.address)}] native ${hexBytes(d.bytes)}, which no step of T0 wrote`];
		case Different.NO_FAULT:
			return ['  native went on, T0 raised a fault', ...registerLines(d)];
		case Different.ENDED:
			return ['  native ended, T0 went on'];
		default:
			return [...registerLines(d), ...fxLines(d)];
	}
}

/** Lines for people. `program`: its file, for the names of addresses. */
export function describe(divergence: Divergence, program: Uint8Array): string[] {
	const names = new Names([{ base: 0, bytes: () => program }]);
	const { step, eip, bytes, difference, fault, since } = divergence;
	const text = new Disassembler().text(bytes, eip, names);
	const lines = [`step ${step.toLocaleString('en-US')}  ${hex8(eip)}  ${hexBytes(bytes)}  ${text}`];
	if (difference?.kind === Different.MEMORY && since !== undefined)
		lines.push(`  some step from ${since.toLocaleString('en-US')} on; which one: again with --watch ${hex8(difference.address)}`);
	if (fault) lines.push(`  native  ${fault.native}`, `  T0      ${fault.own}`);
	return difference ? [...lines, ...what(difference)] : lines;
}
