/** Parts of a state as text and as plain values: registers, maps, descriptors, signals, memory. */
import { type CpuState, SEGMENT_NAMES } from '../../events/cpu.ts';
import { callName } from '../../kernel/abi/call-numbers.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import { type MachineState, type SigSet, type Task, Vm } from '../../reducers/state.ts';
import { shownBytes } from '../output.ts';
import { EFLAGS, hex8 } from './items.ts';
import type { Names } from './names.ts';

export function eflagsText(eflags: number): string {
	const names = EFLAGS.filter(([bit]) => eflags & bit).map(([, name]) => name);
	return `${hex8(eflags)} [${names.reverse().join(' ')}]`;
}

/** An 80-bit register as a decimal, from its ten bytes. */
function extendedText(bytes: Uint8Array): string {
	const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
	const exponent = view.getUint16(8, true) & 0x7fff;
	const sign = view.getUint16(8, true) & 0x8000 ? '-' : '';
	const mantissa = view.getBigUint64(0, true);
	if (exponent === 0x7fff) return mantissa << 1n === 0n || mantissa === 1n << 63n ? `${sign}inf` : 'nan';
	if (mantissa === 0n) return `${sign}0`;
	return `${sign}${Number(mantissa) * 2 ** (exponent - 16383 - 63)}`;
}

export function registersText(task: Task, names: Names): string {
	const { cpu } = task;
	const r = (name: 'eax' | 'ebx' | 'ecx' | 'edx' | 'esi' | 'edi' | 'ebp' | 'esp') => `${name} ${hex8(cpu[name])}`;
	const name = names.of(cpu.eip);
	const lines = [
		`  ${r('eax')}  ${r('ebx')}  ${r('ecx')}  ${r('edx')}   eip ${hex8(cpu.eip)}${name ? ` ${name}` : ''}`,
		`  ${r('esi')}  ${r('edi')}  ${r('ebp')}  ${r('esp')}   eflags ${eflagsText(cpu.eflags)}`,
		`  ${SEGMENT_NAMES.map((s) => `${s} ${cpu[s].toString(16)}`).join('  ')}${tlsText(task)}`,
	];
	if (task.origAx >= 0) lines.push(`  inside ${callName(task.origAx)}()${task.wait ? `, asleep: ${waitText(task)}` : ''}`);
	if (task.entry !== 'none') lines.push(`  entered the kernel by ${task.entry}`);
	if (cpu.fpuUsed) lines.push(...fpuLines(cpu));
	if (task.state !== 'running') lines.push(`  ${task.state}`);
	return lines.join('\n');
}

function tlsText(task: Task): string {
	const bases = task.tls.flatMap((d, i) => {
		const base = ((d.a >>> 16) | ((d.b & 0xff) << 16) | (d.b & 0xff000000)) >>> 0;
		return d.a === 0 && d.b === 0 ? [] : [`tls${i + 1} base ${hex8(base)}`];
	});
	return bases.length > 0 ? `   ${bases.join('  ')}` : '';
}

function waitText(task: Task): string {
	const { wait } = task;
	if (!wait) return '';
	const on = wait.on.map((o) => o.kind);
	if (wait.deadline !== null) on.push(`until ${wait.deadline} ns` as never);
	return on.length > 0 ? on.join(' or ') : 'until a signal comes';
}

/** Bytes of MXCSR and xmm0 in an FXSAVE image. */
const MXCSR = 24;
const XMM = 160;
const MXCSR_DEFAULT = 0x1f80;
const CLEAR = ' 00000000 00000000 00000000 00000000';

function fpuLines(cpu: CpuState): string[] {
	const view = new DataView(cpu.fx.buffer, cpu.fx.byteOffset);
	const [fcw, fsw, ftw] = [view.getUint16(0, true), view.getUint16(2, true), cpu.fx[4]];
	const top = (fsw >> 11) & 7;
	const lines = [`  fcw ${fcw.toString(16).padStart(4, '0')}  fsw ${fsw.toString(16).padStart(4, '0')}  top ${top}`];
	for (let i = 0; i < 8; i++) {
		if (ftw & (1 << ((top + i) & 7))) lines.push(`  st${i} ${extendedText(cpu.fx.subarray(32 + 16 * i, 42 + 16 * i))}`);
	}
	return [...lines, ...xmmLines(view)];
}

/** MXCSR and the XMM registers, from the high word down, once any of them is not as at the start. */
function xmmLines(view: DataView): string[] {
	const mxcsr = view.getUint32(MXCSR, true);
	const lines = Array.from({ length: 8 }, (_, i) => {
		const words = [12, 8, 4, 0].map((at) => hex8(view.getUint32(XMM + 16 * i + at, true)));
		return `  xmm${i} ${words.join(' ')}`;
	}).filter((line) => !line.endsWith(CLEAR));
	if (lines.length === 0 && mxcsr === MXCSR_DEFAULT) return [];
	return [`  mxcsr ${mxcsr.toString(16).padStart(4, '0')}`, ...lines];
}

export function mapsJson(state: MachineState, task: Task) {
	return (state.mms[task.mm]?.vmas ?? []).map((v) => ({ ...v, perms: perms(v.flags) }));
}

function perms(flags: number): string {
	return `${flags & Vm.READ ? 'r' : '-'}${flags & Vm.WRITE ? 'w' : '-'}${flags & Vm.EXEC ? 'x' : '-'}${flags & Vm.SHARED ? 's' : 'p'}`;
}

/** As /proc/PID/maps shows them. */
export function mapsText(state: MachineState, task: Task): string {
	const mm = state.mms[task.mm];
	if (!mm) return '  no address space';
	const lines = mm.vmas.map((v) => {
		const stack = v.start <= mm.startStack && v.end > mm.startStack;
		const heap = v.start <= mm.brk && v.end >= mm.startBrk && mm.brk > mm.startBrk && v.inode === 0;
		const name =
			shownBytes(v.path) || (mm.vdso !== 0 && v.start === mm.vdso ? '[vdso]' : stack ? '[stack]' : heap ? '[heap]' : '');
		const ino = v.inode ? state.inodes[v.inode].ino : 0;
		return `  ${hex8(v.start)}-${v.end === 2 ** 32 ? '100000000' : hex8(v.end)} ${perms(v.flags)} ${hex8(v.inode ? v.pgoff * 4096 : 0)} 00:01 ${String(ino).padEnd(8)} ${name}`.trimEnd();
	});
	return lines.join('\n');
}

export function fdsJson(state: MachineState, task: Task) {
	return Object.entries(state.fdTables[task.fdTable]?.fds ?? {}).map(([fd, d]) => {
		const file = state.files[d.file];
		const inode = state.inodes[file.inode];
		return {
			fd: Number(fd),
			cloexec: d.cloexec,
			path: file.path,
			kind: inode.kind,
			flags: file.flags,
			pos: file.pos,
			size: inode.size,
		};
	});
}

export function fdsText(state: MachineState, task: Task): string {
	const rows = fdsJson(state, task).map(
		(f) =>
			`  ${String(f.fd).padStart(3)}  ${f.kind.padEnd(7)} ${['r-', '-w', 'rw', '??'][f.flags & 3]}${f.cloexec ? 'x' : ' '}  pos ${String(f.pos).padStart(8)}  flags ${f.flags.toString(8).padStart(7, '0')}  ${shownBytes(f.path)}`,
	);
	return rows.length > 0 ? rows.join('\n') : '  no descriptors';
}

function setNames(set: SigSet): string[] {
	const out: string[] = [];
	for (let n = 1; n <= 64; n++) if (set & (1n << BigInt(n - 1))) out.push(signalName(n));
	return out;
}

export function signalsJson(state: MachineState, task: Task) {
	const actions = state.sighands[task.sighand]?.actions ?? [];
	return {
		blocked: setNames(task.blocked),
		savedMask: task.savedMask === null ? null : setNames(task.savedMask),
		pending: task.pending.map((s) => ({ ...s, name: signalName(s.signo), to: 'thread' })),
		pendingGroup: (state.groups[task.group]?.pending ?? []).map((s) => ({ ...s, name: signalName(s.signo), to: 'group' })),
		altstack: task.altstack,
		timers: state.groups[task.group]?.itimers ?? null,
		actions: actions.flatMap((a, signo) => (signo > 0 && a.handler !== 0 ? [{ signal: signalName(signo), ...a }] : [])),
	};
}

export function signalsText(state: MachineState, task: Task): string {
	const s = signalsJson(state, task);
	const list = (names: readonly string[]) => (names.length > 0 ? names.join(' ') : 'none');
	const lines = [
		`  blocked  ${list(s.blocked)}`,
		`  pending  ${list([...s.pending, ...s.pendingGroup].map((p) => `${p.name} (${p.to}, code ${p.code})`))}`,
		`  altstack ${s.altstack.flags & 2 || s.altstack.size === 0 ? 'none' : `${hex8(s.altstack.sp)}, ${s.altstack.size} bytes`}`,
	];
	for (const [name, timer] of Object.entries(s.timers ?? {})) {
		if (timer.expires !== null) lines.push(`  timer    ${name} at ${timer.expires} ns, then every ${timer.interval} ns`);
	}
	for (const a of s.actions) {
		lines.push(
			`  ${a.signal.padEnd(10)} ${a.handler === 1 ? 'ignored' : `handler ${hex8(a.handler)}`}  flags ${hex8(a.flags)}  mask ${list(setNames(a.mask))}`,
		);
	}
	return lines.join('\n');
}

/** Memory as hexdump -C shows it. */
export function memoryText(address: number, bytes: Uint8Array): string {
	const lines: string[] = [];
	for (let i = 0; i < bytes.length; i += 16) {
		const row = bytes.subarray(i, i + 16);
		const hex = [...row].map((b) => b.toString(16).padStart(2, '0'));
		const text = [...row].map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '.')).join('');
		lines.push(
			`  ${hex8(address + i)}  ${hex.slice(0, 8).join(' ').padEnd(23)}  ${hex.slice(8).join(' ').padEnd(23)}  |${text}|`,
		);
	}
	return lines.join('\n');
}
