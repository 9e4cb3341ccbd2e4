/** Events and steps as lines: position, task, what, effects. */

import { CATALOGUE, type Field, type Unit } from '../../events/catalogue.ts';
import { GPR_NAMES, SEGMENT_NAMES } from '../../events/cpu.ts';
import type { KernelEvent, RunEvent, StepEvent } from '../../events/event.ts';
import type { Persona } from '../../events/persona.ts';
import { callName } from '../../kernel/abi/call-numbers.ts';
import { Errno } from '../../kernel/abi/errno.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import { formatPosition, type Position } from '../../replay/position.ts';
import { colour } from '../output.ts';
import type { AddressContext, Disassembler } from './disassemble.ts';
import type { Names } from './names.ts';
import { waitStatusText } from './status.ts';

/** x87 registers and control fields by their dword in the FXSAVE image. */
function fxName(index: number): string {
	const control = ['fcw/fsw', 'ftw/fop', 'fip', 'fcs', 'fdp', 'fds', 'mxcsr', 'mxcsr_mask'];
	if (index < 8) return control[index];
	if (index < 40) return `st${(index - 8) >> 2}.${(index - 8) & 3}`;
	return `xmm${(index - 40) >> 2}.${(index - 40) & 3}`;
}

export function hex8(n: number): string {
	return (n >>> 0).toString(16).padStart(8, '0');
}

/** What a step changed: `eax ← 080f1c20  [bffff6ac] ← 080f1c20`. */
export function stepEffects(step: StepEvent): string {
	const parts: string[] = [];
	for (const [r, value] of step.gprs) parts.push(`${GPR_NAMES[r]} ← ${hex8(value)}`);
	for (const [s, value] of step.segments) parts.push(`${SEGMENT_NAMES[s]} ← ${value.toString(16)}`);
	for (const [i, value] of step.fx.slice(0, 6)) parts.push(`${fxName(i)} ← ${hex8(value)}`);
	if (step.fx.length > 6) parts.push(`… ${step.fx.length - 6} more of the fpu`);
	if (step.eflags !== undefined) parts.push(flagNames(step.eflags));
	for (const write of step.writes) parts.push(`[${hex8(write.address)}] ← ${bytesText(write.bytes)}`);
	return parts.join('  ');
}

/** `[ZF PF]`: the flags that are set; IF always is, and is left out. */
function flagNames(eflags: number): string {
	return `[${EFLAGS.filter(([bit, name]) => eflags & bit && name !== 'IF')
		.map(([, name]) => name)
		.join(' ')}]`;
}

/** Flags of eflags by their bits, from the highest. */
export const EFLAGS: readonly (readonly [number, string])[] = [
	[0x200000, 'ID'],
	[0x40000, 'AC'],
	[0x4000, 'NT'],
	[0x800, 'OF'],
	[0x400, 'DF'],
	[0x200, 'IF'],
	[0x100, 'TF'],
	[0x80, 'SF'],
	[0x40, 'ZF'],
	[0x10, 'AF'],
	[0x4, 'PF'],
	[0x1, 'CF'],
];

/** Up to eight bytes as one little-endian number, more as hex bytes. */
function bytesText(bytes: Uint8Array): string {
	const hex = Buffer.from(bytes);
	if (bytes.length <= 8) return Buffer.from(hex).reverse().toString('hex');
	return hex.length > 24 ? `${hex.subarray(0, 24).toString('hex')}… ${hex.length} bytes` : hex.toString('hex');
}

export interface StepText {
	readonly disassembler: Disassembler;
	readonly names: Names;
	/** Registers before the step; undefined where they are not followed. */
	readonly context?: AddressContext;
}

function positionText(at: Position): string {
	return formatPosition(at).padStart(9);
}

export function stepLine(step: StepEvent, with_: StepText): string {
	const { disassembler, names, context } = with_;
	const where = names.of(step.eip);
	const text = disassembler.text(step.bytes, step.eip, names);
	const reads = context
		? disassembler
				.accesses(step.bytes, step.eip, context)
				.filter((a) => a.reads)
				.map((a) => `read ${hex8(a.address)}:${a.size}`)
		: [];
	const effects = stepEffects(step);
	const left = `${positionText({ steps: step.position, k: 0 })}  ${step.task}  ${'cpu/step'.padEnd(14)} ${hex8(step.eip)}  ${where.padEnd(24)}  ${text.padEnd(34)}`;
	return `${left}  ${effects}${reads.length > 0 ? `  ${colour.dim(reads.join(' '))}` : ''}`.trimEnd();
}

/** A step as plain values: registers and segments by name, numbers as they are. */
export function stepJson(step: StepEvent): unknown {
	return {
		position: step.position,
		k: null,
		kind: step.kind,
		task: step.task,
		eip: step.eip,
		bytes: step.bytes,
		next: step.next,
		registers: Object.fromEntries(step.gprs.map(([r, v]) => [GPR_NAMES[r], v])),
		...(step.eflags === undefined ? {} : { eflags: step.eflags }),
		writes: step.writes,
		fx: step.fx,
		segments: Object.fromEntries(step.segments.map(([s, v]) => [SEGMENT_NAMES[s], v])),
	};
}

/** One line for an event; the catalogue says how each field reads. */
export function eventLine(at: Position, event: KernelEvent | RunEvent, persona?: Persona): string {
	const task = 'task' in event && typeof event.task === 'number' ? String(event.task) : ' ';
	return `${positionText(at)}  ${task}  ${paint(event.kind)} ${eventText(event, persona)}`.trimEnd();
}

function paint(kind: string): string {
	const padded = kind.padEnd(14);
	if (kind.startsWith('input/')) return colour.yellow(padded);
	if (kind.startsWith('signal/')) return colour.magenta(padded);
	if (kind.startsWith('syscall/')) return colour.cyan(padded);
	return kind === 'unsupported' || kind === 'cpu/fault' ? colour.red(padded) : padded;
}

/** @param persona the machine's, for the names of its calls */
export function eventText(event: KernelEvent | RunEvent, persona?: Persona): string {
	switch (event.kind) {
		case 'cpu/run':
			return `${event.steps} steps, check ${hex8(event.check)}${event.entry === 'none' ? '' : `, ends with ${event.entry}`}`;
		case 'syscall/enter':
			return `${callName(event.nr, persona)}(${event.args.map((a) => (a < 10 ? a : `0x${a.toString(16)}`)).join(', ')})`;
		case 'syscall/exit':
			return `${callName(event.nr, persona)} = ${resultText(event.result)}`;
		case 'memory/write':
			return `[${hex8(event.address)}] ← ${event.bytes.length > 8 ? `${event.bytes.length} bytes ${quoted(event.bytes)}` : bytesText(event.bytes)}`;
		case 'stream/output':
			return `${['stdin', 'stdout', 'stderr'][event.stream] ?? event.stream} ${quoted(event.bytes)}`;
		case 'task/exit':
			return waitStatusText(event.status);
		case 'signal/post':
			return `${signalName(event.info.signo)} code ${event.info.code}${event.info.pid ? ` from pid ${event.info.pid}` : ''}${event.group ? ' to the group' : ''}`;
		case 'input/signal':
			return `${signalName(event.info.signo)} from outside`;
		case 'cpu/fault':
			return `vector ${event.vector} error ${event.error.toString(16)} address ${hex8(event.address)} at ${hex8(event.eip)}`;
	}
	const row = CATALOGUE[event.kind] as { readonly fields: Readonly<Record<string, Field>> };
	const values = event as unknown as Record<string, unknown>;
	return Object.entries(row.fields)
		.filter(([name]) => name !== 'task' && values[name] !== undefined)
		.map(([name, field]) => `${name} ${fieldText(typeof field === 'string' ? field : field[0], values[name])}`)
		.join('  ');
}

function fieldText(unit: Unit, value: unknown): string {
	if (value instanceof Uint8Array) return `${value.length} bytes ${quoted(value)}`;
	if (typeof value === 'number') {
		switch (unit) {
			case 'hex':
			case 'address':
				return value === 2 ** 32 ? '100000000' : hex8(value);
			case 'signal':
				return signalName(value);
			case 'call':
				return callName(value);
			case 'status':
				return waitStatusText(value);
			default:
				return String(value);
		}
	}
	if (typeof value === 'bigint') return unit === 'sigset' ? value.toString(16).padStart(16, '0') : value.toString();
	if (typeof value === 'object' && value !== null) return compact(value);
	return String(value);
}

/** A nested value in short: numbers as they are, addresses-to-be in hex, long things cut. */
function compact(value: object): string {
	const text = JSON.stringify(value, (key, v) => {
		if (v instanceof Uint8Array) return `${v.length} bytes`;
		if (typeof v === 'bigint') return `0x${v.toString(16)}`;
		if (key === 'pages') return undefined;
		if (typeof v === 'number' && Number.isInteger(v) && v >= 65536) return `0x${v.toString(16)}`;
		return v;
	});
	const plain = text.replaceAll('"', '');
	return plain.length > 160 ? `${plain.slice(0, 160)}…` : plain;
}

/** Bytes as a C string, cut after 48. */
export function quoted(bytes: Uint8Array): string {
	let out = '';
	for (const b of bytes.subarray(0, 48)) {
		if (b === 10) out += '\\n';
		else if (b === 9) out += '\\t';
		else if (b === 34 || b === 92) out += `\\${String.fromCharCode(b)}`;
		else out += b >= 32 && b < 127 ? String.fromCharCode(b) : `\\x${b.toString(16).padStart(2, '0')}`;
	}
	return `"${out}"${bytes.length > 48 ? '…' : ''}`;
}

const ERRNO_NAMES = new Map<number, string>(Object.entries(Errno).map(([name, n]) => [n as number, name]));

/** A call's result: a number, or -1 and the error's name. */
export function resultText(result: number): string {
	if (result <= -512 && result >= -516)
		return `? ${['ERESTARTSYS', 'ERESTARTNOINTR', 'ERESTARTNOHAND', '', 'ERESTART_RESTARTBLOCK'][-512 - result]}`;
	if (result < 0 && result > -4096) return `-1 ${ERRNO_NAMES.get(-result) ?? -result}`;
	return result < 0 || result > 65535 ? `0x${(result >>> 0).toString(16)}` : String(result);
}
