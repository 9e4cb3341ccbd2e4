/**
 * Where registers stand in a stub's `g` packet, and the packet as a CpuState. The target description (target.xml and what it includes)
 * says the order and widths; without one they are gdb's i386 default.
 */
import type { CpuState } from '../../events/cpu.ts';
import { FXSAVE_BYTES, GPR_NAMES } from '../../events/cpu.ts';
import { isWide, narrow } from '../../kernel/core/read.ts';
import { fromHex, RemoteError } from './packets.ts';

interface Place {
	/** Byte in the packet, and bytes. */
	readonly at: number;
	readonly size: number;
}

export type Layout = ReadonlyMap<string, Place>;

/** gdb's order for i386 (features org.gnu.gdb.i386.core and sse): names and bits. */
const DEFAULT: readonly (readonly [string, number])[] = [
	...['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags'].map((n) => [n, 32] as const),
	...['cs', 'ss', 'ds', 'es', 'fs', 'gs'].map((n) => [n, 32] as const),
	...Array.from({ length: 8 }, (_, i) => [`st${i}`, 80] as const),
	...['fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop'].map((n) => [n, 32] as const),
	...Array.from({ length: 8 }, (_, i) => [`xmm${i}`, 128] as const),
	['mxcsr', 32],
];

function layoutOf(registers: readonly (readonly [string, number])[]): Layout {
	const layout = new Map<string, Place>();
	let at = 0;
	for (const [name, bits] of registers) {
		layout.set(name, { at, size: bits / 8 });
		at += bits / 8;
	}
	return layout;
}

/** Reads a target description; `include` gives the files it names. @throws RemoteError for another processor */
export async function readLayout(
	xml: string | undefined,
	include: (name: string) => Promise<string | undefined>,
): Promise<Layout> {
	if (xml === undefined) return layoutOf(DEFAULT);
	let whole = xml;
	for (const [tag, name] of [...xml.matchAll(/<xi:include\s+href="([^"]+)"\s*\/>/g)]) {
		const part = await include(name);
		if (part === undefined) throw new RemoteError(`the stub does not have ${name}, which its target.xml includes`);
		whole = whole.replace(tag, part);
	}
	const registers: [string, number][] = [];
	let number = 0;
	for (const [, attributes] of whole.matchAll(/<reg\s([^>]*?)\/?>/g)) {
		const value = (key: string) => new RegExp(`\\b${key}="([^"]*)"`).exec(attributes)?.[1];
		number = Number(value('regnum') ?? number);
		registers[number] = [value('name') ?? '', Number(value('bitsize') ?? 0)];
		number++;
	}
	const dense = registers.filter((r) => r !== undefined);
	const layout = layoutOf(dense);
	if (layout.get('eax')?.size !== 4 || !layout.has('eip'))
		throw new RemoteError('the stub’s target is no i386 program (no 32-bit eax in its target.xml)');
	return layout;
}

/** A CpuState of a `g` packet: an x86-64 kernel's selectors become an i386 kernel's. `origAx`: the call it is in, where the stub tells. */
export function decodeRegisters(layout: Layout, answer: string): { readonly cpu: CpuState; readonly origAx: number | undefined } {
	const bytes = fromHex(answer.replaceAll('x', '0'));
	if (bytes === undefined || /^E..$/.test(answer)) throw new RemoteError(`registers wanted, ${answer.slice(0, 16)} got`);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const word = (name: string): number | undefined => {
		const place = layout.get(name);
		return place && place.at + 4 <= bytes.length ? view.getUint32(place.at, true) : undefined;
	};
	const need = (name: string): number => {
		const value = word(name);
		if (value === undefined) throw new RemoteError(`the stub does not tell ${name}`);
		return value;
	};
	const named: Record<string, number> = { eip: need('eip') };
	for (const name of GPR_NAMES) named[name] = need(name);
	for (const name of ['cs', 'ss', 'ds', 'es', 'fs', 'gs']) named[name] = need(name) & 0xffff;
	const regs = named as unknown as CpuState;
	// TF and RF are the stub's own.
	const eflags = ((need('eflags') & 0x3f7fd7 & ~0x10100) | 0x202) >>> 0;
	const fx = fxsave(layout, bytes, word);
	const cpu = { ...regs, ...(isWide(regs) ? narrow(regs) : {}), eflags, fx, fpuUsed: true, debugreg: [0, 0, 0, 0, 0, 0, 0, 0] };
	const origAx = word('orig_eax');
	return { cpu, origAx: origAx === undefined ? undefined : origAx | 0 };
}

function fxsave(layout: Layout, bytes: Uint8Array, word: (name: string) => number | undefined): Uint8Array {
	const fx = new Uint8Array(FXSAVE_BYTES);
	const view = new DataView(fx.buffer);
	view.setUint16(0, (word('fctrl') ?? 0x37f) & 0xffff, true);
	view.setUint16(2, (word('fstat') ?? 0) & 0xffff, true);
	const tags = word('ftag') ?? 0xffff;
	for (let i = 0; i < 8; i++) if (((tags >> (2 * i)) & 3) !== 3) fx[4] |= 1 << i;
	view.setUint16(6, (word('fop') ?? 0) & 0x7ff, true);
	view.setUint32(8, word('fioff') ?? 0, true);
	view.setUint32(16, word('fooff') ?? 0, true);
	view.setUint32(24, word('mxcsr') ?? 0x1f80, true);
	for (let i = 0; i < 8; i++) {
		const st = layout.get(`st${i}`);
		if (st) fx.set(bytes.subarray(st.at, st.at + 10), 32 + 16 * i);
		const xmm = layout.get(`xmm${i}`);
		if (xmm) fx.set(bytes.subarray(xmm.at, xmm.at + 16), 160 + 16 * i);
	}
	return fx;
}
