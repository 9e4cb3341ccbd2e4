/**
 * Signal frames against those a kernel built: sigframe.native.txt is what sigframe.native.c printed on x86-64 Linux, whose
 * frames for 32-bit programs have the same layout. What differs there, and is therefore not compared: selectors, the
 * vDSO's address, uc_flags (UC_FP_XSTATE) and the size of the floating-point area (XSAVE).
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Vector } from '../../src/events/cpu.ts';
import { Dr6 } from '../../src/events/debug.ts';
import {
	decodeFsave,
	decodeSigcontext,
	EFLAGS_RF,
	encodeFsave,
	encodeSigcontext,
	SIGCONTEXT_BYTES,
} from '../../src/kernel/abi/sigcontext.ts';
import { Sa, Sig } from '../../src/kernel/abi/signal.ts';
import { signalRows } from '../../src/kernel/calls/signals.ts';
import { VDSO_SYMBOLS } from '../../src/kernel/vdso.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { CODE, DATA, STACK_TOP } from '../reducers/machine.ts';
import { Driver, VDSO } from './driver.ts';

const PLAIN = { sc: 8, size: 732 };
const RT = { sc: 164, size: 268 };
const FXSR_PERSONA = (s: MachineState): MachineState => ({
	...s,
	persona: { ...s.persona, cpuid: [[1, -1, 0x633, 0, 0, (1 << 24) | 1]] },
});

interface Native {
	readonly name: string;
	readonly esp: number;
	readonly interrupted: number;
	/** eax, edx, ecx, eflags in the handler. */
	readonly entry: readonly number[];
	readonly bytes: Uint8Array;
	readonly rt: boolean;
}

const NATIVE: readonly Native[] = readFileSync(new URL('./sigframe.native.txt', import.meta.url), 'utf8')
	.trim()
	.split('\n')
	.map((line) => {
		const [name, esp, interrupted, entry, bytes] = line.split(' ');
		return {
			name,
			esp: Number.parseInt(esp, 16),
			interrupted: Number.parseInt(interrupted, 16),
			entry: entry.split(',').map((x) => Number.parseInt(x, 16)),
			bytes: Uint8Array.from(Buffer.from(bytes, 'hex')),
			rt: name.startsWith('rt-'),
		};
	});

function word(bytes: Uint8Array, at: number): number {
	return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString('hex');
}

/** The words of a native sigcontext. */
function contextOf(n: Native) {
	const at = n.rt ? RT.sc : PLAIN.sc;
	const bytes = n.bytes.subarray(at, at + SIGCONTEXT_BYTES);
	const w = (i: number): number => word(bytes, 4 * i);
	return { bytes, trap: { number: w(12), error: w(13), cr2: w(21) }, eip: w(14), eflags: w(16), fpstate: w(19), oldmask: w(20) };
}

test('the native sample has every kind of frame', () => {
	assert.is(NATIVE.length, 17);
	assert.ok(NATIVE.some((n) => !n.rt));
});

test('a native sigcontext decodes, and encodes to the same bytes', () => {
	for (const n of NATIVE) {
		const c = contextOf(n);
		const { regs, fpstate } = decodeSigcontext(c.bytes, 0x202);
		const cpu = { ...new Driver(signalRows).regs, ...regs, eflags: c.eflags };
		assert.equal(encodeSigcontext(cpu, { trap: c.trap, fpstate, oldmask: c.oldmask }), c.bytes, n.name);
	}
});

test('native frames lie where ours would', () => {
	for (const n of NATIVE) {
		const { fpstate } = contextOf(n);
		const size = n.rt ? RT.size : PLAIN.size;
		assert.is((fpstate + 112) % 64, 0, n.name);
		assert.is(n.esp, (((fpstate - size + 4) & -16) >>> 0) - 4, n.name);
		assert.is(n.entry[1], n.rt ? n.esp + 16 : 0, n.name);
		assert.is(n.entry[2], n.rt ? n.esp + 144 : 0, n.name);
	}
});

test('the legacy floating-point state of a native frame is made from its FXSAVE image, and goes back into it', () => {
	for (const n of NATIVE) {
		const at = contextOf(n).fpstate - n.esp;
		const legacy = n.bytes.slice(at, at + 112);
		const fx = n.bytes.slice(at + 112, at + 624);
		const ours = encodeFsave(fx, true);
		// A 64-bit kernel has no selectors of the last x87 instruction: it gives cs and ds instead.
		for (const bytes of [ours, legacy]) bytes.fill(0, 16, 20).fill(0, 24, 28);
		assert.is(hex(ours), hex(legacy), n.name);
		const folded = decodeFsave(legacy, fx);
		const expected = fx.slice();
		expected.fill(0, 12, 14).fill(0, 20, 22).fill(0, 6, 8);
		folded.fill(0, 6, 8);
		assert.is(hex(folded.subarray(0, 464)), hex(expected.subarray(0, 464)), n.name);
	}
});

/** Builds our frame from the registers that a native frame holds. */
function rebuild(n: Native, edit: (s: MachineState) => MachineState): Driver {
	const c = contextOf(n);
	const { regs } = decodeSigcontext(c.bytes, 0x202);
	const at = c.fpstate - n.esp;
	const d = new Driver(signalRows, (state) => {
		const s = edit(state);
		// The native program's code has two pages.
		const [code, ...rest] = s.mms[1].vmas;
		return { ...s, mms: { 1: { ...s.mms[1], vmas: [{ ...code, end: DATA }, ...rest] } } };
	});
	const signo = word(n.bytes, 4);
	const flags = n.rt ? Sa.SIGINFO : 0;
	d.pokeWords(0x09000900, 1, 0x20000);
	d.call('rt_sigprocmask', 2, 0x09000900, 0, 8);
	for (const each of [signo, Sig.SIGILL]) d.handle(each, 0x08048100, flags, 0x4000000200n);
	const fx = n.bytes.slice(at + 112, at + 624).fill(0, 416);
	const { userCs, userDs } = d.state.persona;
	// The same distance to a 64-byte boundary as the native stack pointer, and the selectors of this machine.
	const esp = STACK_TOP - 0x1000 + (n.interrupted % 64);
	const trap = { ...c.trap };
	d.state = { ...d.state, tasks: { 1: { ...d.task, trap } } };
	d.set({ ...regs, esp, eflags: c.eflags & ~EFLAGS_RF, cs: userCs, ss: userDs, ds: userDs, es: userDs, fs: 0, gs: 0x33, fx });
	return d;
}

test('a frame built from the registers of a native one has its bytes', () => {
	for (const n of NATIVE) {
		const d = rebuild(n, FXSR_PERSONA);
		const c = contextOf(n);
		const before = d.regs;
		if (n.name.endsWith('kill')) {
			const pid = word(n.bytes, 28);
			d.decide((decision) => {
				decision.emit({
					kind: 'signal/post',
					task: 1,
					group: true,
					info: { signo: Sig.SIGUSR1, errno: 0, code: 0, pid, uid: 0, value: 0, address: 0, extra: [], forced: false },
				});
			});
			d.timers();
		} else {
			const error = n.name.endsWith('step') ? Dr6.BS : c.trap.error;
			d.fault({ vector: c.trap.number, error, address: c.trap.number === Vector.PF ? c.trap.cr2 : 0 });
		}
		assert.is(d.kinds.at(-1), 'signal/deliver', n.name);
		const { esp } = d.regs;
		const size = n.rt ? RT.size : PLAIN.size;
		const ours = d.peek(esp, size);
		const theirs = n.bytes.slice(0, size);
		const sc = n.rt ? RT.sc : PLAIN.sc;
		const our = decodeSigcontext(ours.subarray(sc, sc + SIGCONTEXT_BYTES), 0x202);
		assert.is(our.regs.esp, before.esp, n.name);
		assert.is((our.fpstate + 112) % 64, 0);
		assert.is(esp, (((our.fpstate - size + 4) & -16) >>> 0) - 4);
		assert.is(word(ours, 0), VDSO + (n.rt ? VDSO_SYMBOLS.__kernel_rt_sigreturn : VDSO_SYMBOLS.__kernel_sigreturn));
		const blank: [number, number][] = [[0, 4]]; // the trampoline's address
		if (n.rt) blank.push([8, 16], [144, 148]); // pointers into the frame, uc_flags
		blank.push([sc, sc + 16], [sc + 28, sc + 32], [sc + 60, sc + 64], [sc + 68, sc + 80]); // selectors, esp, fpstate
		if (!n.rt) blank.push([96, 720]); // not written by the kernel
		for (const [from, to] of blank) {
			ours.fill(0, from, to);
			theirs.fill(0, from, to);
		}
		assert.is(hex(ours), hex(theirs), n.name);
		const fp = c.fpstate - n.esp;
		const wanted = n.bytes
			.slice(fp, fp + 112)
			.fill(0, 16, 20)
			.fill(0, 24, 28);
		assert.is(hex(d.peek(our.fpstate, 112).fill(0, 16, 20).fill(0, 24, 28)), hex(wanted), `${n.name}: fpstate`);
		assert.is(hex(d.peek(our.fpstate + 112, 416)), hex(n.bytes.slice(fp + 112, fp + 528)), `${n.name}: fxsave`);
		assert.equal([d.regs.eax, d.regs.edx, d.regs.ecx], [n.entry[0], n.rt ? esp + 16 : 0, n.rt ? esp + 144 : 0], n.name);
		assert.is(d.regs.eflags, n.entry[3], n.name);
	}
});

test('sigreturn gives back what was interrupted', () => {
	for (const n of NATIVE) {
		for (const edit of [FXSR_PERSONA, (s: MachineState) => s]) {
			const d = rebuild(n, edit);
			// The frame of a fault has RF, which lasts until the next instruction retires
			const before = { ...d.regs, eflags: d.regs.eflags | 0x10000, fpuUsed: true };
			const { blocked, trap } = d.task;
			d.fault({ vector: Vector.UD });
			assert.is(d.kinds.at(-1), 'signal/deliver');
			assert.is.not(d.task.blocked, blocked);
			d.set({ eax: 7, ebx: 7, esi: 7, eflags: 0x203 });
			d.return(n.rt);
			assert.equal({ ...d.regs, fpuUsed: true }, before, n.name);
			assert.is(d.task.blocked, blocked);
			assert.is(d.task.trap.cr2, trap.cr2);
		}
	}
});

test('without FXSR the state is what FNSAVE writes, 64-byte aligned, its status repeated with ones above', () => {
	const d = new Driver(signalRows);
	const fx = new Uint8Array(512);
	fx.set([0x7f, 0x0e, 0x00, 0x28, 0xe0, 0, 0x34, 0x05]);
	d.set({ fx, eip: CODE });
	d.handle(Sig.SIGUSR1, 0x08048100, Sa.SIGINFO);
	d.call('kill', 1, Sig.SIGUSR1);
	const fpstate = d.word(d.regs.esp + RT.sc + 76);
	assert.is(fpstate % 64, 0);
	assert.is(d.word(fpstate), 0xffff0e7f);
	assert.is(d.word(fpstate + 4), 0xffff2800);
	assert.is(d.word(fpstate + 16), 0x05340000);
	assert.is(d.word(fpstate + 24), 0xffff0000);
	assert.is(d.word(fpstate + 108), 0xffff2800);
	// The handler starts with an x87 as after FNINIT.
	assert.equal([...d.regs.fx.subarray(0, 8)], [0x7f, 0x03, 0, 0, 0, 0, 0, 0]);
	d.return(true);
	assert.equal(d.regs.fx, fx);
});

test('a frame without vDSO returns to its own code', () => {
	const d = new Driver(signalRows, (s) => ({ ...s, mms: { 1: { ...s.mms[1], vdso: 0 } } }));
	d.handle(Sig.SIGUSR1, 0x08048100);
	d.call('kill', 1, Sig.SIGUSR1);
	const { esp } = d.regs;
	assert.is(d.word(esp), esp + 724);
	assert.equal([...d.peek(esp + 724, 8)], [0x58, 0xb8, 0x77, 0, 0, 0, 0xcd, 0x80]);
});

test('SA_RESTORER names where the handler returns', () => {
	const d = new Driver(signalRows);
	d.handle(Sig.SIGUSR1, 0x08048100, Sa.SIGINFO | Sa.RESTORER, 0n, 0x08048200);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.is(d.word(d.regs.esp), 0x08048200);
});

test('a frame on a stack that cannot grow so far is SIGSEGV, with its handler on the alternate stack', () => {
	const d = new Driver(signalRows);
	d.pokeWords(0x09000900, 0x09002000, 0, 0x2000);
	assert.is(d.call('sigaltstack', 0x09000900, 0), 0);
	d.handle(Sig.SIGSEGV, 0x08048300, Sa.SIGINFO | Sa.ONSTACK);
	d.handle(Sig.SIGUSR1, 0x08048100);
	d.set({ esp: 0x1000 });
	d.call('kill', 1, Sig.SIGUSR1);
	assert.is(d.regs.eip, 0x08048300);
	assert.is(d.word(d.regs.esp + 16 + 8), 0x80, 'si_code is SI_KERNEL');
	// Without a handler, or when there is no room for that one either: the end.
	const e = new Driver(signalRows);
	e.handle(Sig.SIGSEGV, 0x08048300);
	e.set({ esp: 0x1000 });
	e.fault({ vector: Vector.GP });
	assert.is(e.task.state, 'zombie');
	assert.is(e.task.exitStatus, Sig.SIGSEGV);
});

test('sigreturn from a frame that is not there is SIGSEGV', () => {
	const d = new Driver(signalRows);
	d.set({ esp: 0x2000 });
	d.call('rt_sigreturn');
	assert.is(d.task.exitStatus, Sig.SIGSEGV);
});

test('sigreturn keeps system flags, forces user selectors, and drops those it cannot load', () => {
	const d = new Driver(signalRows);
	d.handle(Sig.SIGUSR1, 0x08048100, Sa.SIGINFO);
	d.call('kill', 1, Sig.SIGUSR1);
	const sc = d.regs.esp + RT.sc;
	d.pokeWords(sc, 0x1233, 0x7b, 0, 0x60); // gs fs es ds
	d.pokeWords(sc + 60, 0x70, 0xffffffff, 0, 0x78); // cs eflags … ss
	d.return(true);
	assert.equal([d.regs.gs, d.regs.fs, d.regs.es, d.regs.ds], [0, 0x7b, 0, 0]);
	assert.equal([d.regs.cs, d.regs.ss], [0x73, 0x7b]);
	assert.is(d.regs.eflags, 0x50dd5 | 0x202);
	assert.is(d.task.state, 'running');
});

test('sigreturn into a code segment that is none is SIGILL', () => {
	const d = new Driver(signalRows);
	d.handle(Sig.SIGUSR1, 0x08048100, Sa.SIGINFO);
	d.call('kill', 1, Sig.SIGUSR1);
	d.pokeWords(d.regs.esp + RT.sc + 60, 0x7b);
	d.return(true);
	assert.is(d.task.exitStatus, Sig.SIGILL);
	assert.is(d.task.trap.number, 32);
});

test.run();
