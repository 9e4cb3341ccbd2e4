/** A machine without a processor: system calls, faults and time are decided on a small state, registers set by hand. */
import { assert } from '../../src/events/assert.ts';
import type { CpuState, Fault } from '../../src/events/cpu.ts';
import type { KernelEvent } from '../../src/events/event.ts';
import { Decision, isNeed, type Outcome } from '../../src/kernel/decision.ts';
import { forceFault } from '../../src/kernel/faults.ts';
import type { Resume, SyscallRow } from '../../src/kernel/row.ts';
import { returnToUser } from '../../src/kernel/signals.ts';
import { expireTimers } from '../../src/kernel/timers.ts';
import { isReady, scanWaiting } from '../../src/kernel/waits.ts';
import { readState } from '../../src/reducers/address-space.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { MachineState, Task } from '../../src/reducers/state.ts';
import { HEAP, testMachine } from '../reducers/machine.ts';

/** Where the driver puts arguments. */
export const ARGS = HEAP;
/** Where it asks for results. */
export const OUT = HEAP + 0x800;
export const VDSO = 0xb7fff000;

export class Driver {
	state: MachineState;
	readonly rows: readonly SyscallRow[];
	/** Events of the last decision. */
	events: readonly KernelEvent[] = [];

	constructor(rows: readonly SyscallRow[], edit: (state: MachineState) => MachineState = (s) => s) {
		const s = testMachine();
		// As after exec: no alternate stack, and its flags were never set.
		const tasks = { 1: { ...s.tasks[1], altstack: { sp: 0, size: 0, flags: 0 } } };
		this.state = edit({ ...s, tasks, mms: { 1: { ...s.mms[1], vdso: VDSO } } });
		this.rows = rows;
	}

	get task(): Task {
		return this.state.tasks[1];
	}

	get regs(): CpuState {
		return this.task.cpu;
	}

	/** Sets registers as if the program had. */
	set(regs: Partial<CpuState>): void {
		this.state = { ...this.state, tasks: { ...this.state.tasks, 1: { ...this.task, cpu: { ...this.regs, ...regs } } } };
	}

	poke(address: number, bytes: Uint8Array | readonly number[]): void {
		this.state = reduce(this.state, [{ kind: 'memory/write', mm: 1, address, bytes: Uint8Array.from(bytes), force: true }]);
	}

	pokeWords(address: number, ...words: number[]): void {
		this.poke(address, new Uint8Array(Uint32Array.from(words).buffer));
	}

	peek(address: number, length: number): Uint8Array {
		const bytes = readState(this.state, this.state.mms[1], address, length);
		assert(bytes !== undefined, `nothing mapped at ${address.toString(16)}`);
		return bytes;
	}

	word(address: number): number {
		return new DataView(this.peek(address, 4).buffer).getUint32(0, true);
	}

	words(address: number, count: number): number[] {
		return Array.from({ length: count }, (_, i) => this.word(address + 4 * i));
	}

	/** Steps pass. */
	run(steps: number): void {
		const { clock } = this.state;
		const times = { ...this.task.times, steps: this.task.times.steps + steps };
		this.state = { ...this.state, clock: { ...clock, steps: clock.steps + steps }, tasks: { 1: { ...this.task, times } } };
	}

	decide(what: (d: Decision) => void): Decision {
		const { state } = this;
		const read = (mm: number, address: number, length: number) => readState(state, state.mms[mm], address, length);
		const d = new Decision(
			{
				state,
				memory: { read, page: () => undefined },
				regs: (pid) => state.tasks[pid].cpu,
				waiting: (key) => scanWaiting(state, key),
			},
			1,
		);
		what(d);
		this.state = d.whole;
		this.events = [...d.events];
		return d;
	}

	/** The kinds of the last decision's events. */
	get kinds(): string[] {
		return this.events.map((e) => e.kind);
	}

	row(name: string): SyscallRow {
		const row = this.rows.find((r) => r.name === name);
		assert(row !== undefined, `no row ${name}`);
		return row;
	}

	/** `int 0x80` with these arguments; returns the call's result (when it sleeps: its restart code). */
	call(name: string, ...args: number[]): number {
		const row = this.row(name);
		const [ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0, ebp = 0] = args.map((a) => a >>> 0);
		this.set({ eax: row.nr, ebx, ecx, edx, esi, edi, ebp, eip: (this.regs.eip + 2) >>> 0 });
		this.decide((d) => {
			d.emit({ kind: 'syscall/enter', task: 1, nr: row.nr, args: [ebx, ecx, edx, esi, edi, ebp], regs: {} });
			this.#finish(d, row, row.handler(d, [ebx, ecx, edx, esi, edi, ebp], null));
		});
		for (const e of this.events) if (e.kind === 'syscall/exit') return e.result;
		return this.regs.eax | 0;
	}

	#finish(d: Decision, row: SyscallRow, outcome: Outcome): void {
		assert(!isNeed(outcome), 'no input is needed');
		if (typeof outcome === 'number') {
			d.emit({ kind: 'syscall/exit', task: 1, nr: row.nr, result: outcome, regs: { eax: outcome >>> 0 } });
		} else if (outcome.kind === 'block') {
			const { restartBlock } = outcome;
			const wait = { ...outcome.wait, order: d.state.scheduler.order, fired: -1 };
			d.emit({ kind: 'task/block', task: 1, nr: row.nr, wait, restartBlock, regs: { eax: wait.restart >>> 0 } });
			return;
		}
		returnToUser(d);
	}

	/** Goes on with the call the task sleeps in, if it is ready. Returns why. */
	resume(): 'ready' | 'timeout' | 'signal' | null {
		const reason = isReady(this.state, this.task);
		const { wait, origAx } = this.task;
		if (reason === null || wait === null) return null;
		const row = this.rows.find((r) => r.nr === origAx);
		assert(row !== undefined, `no row ${origAx}`);
		this.decide((d) => {
			d.emit({ kind: 'task/wake', task: 1, reason });
			const { ebx, ecx, edx, esi, edi, ebp } = d.regs;
			const resume: Resume = { reason, wait };
			const asked = reason !== 'signal' || row.onSignal;
			this.#finish(d, row, asked ? row.handler(d, [ebx, ecx, edx, esi, edi, ebp], resume) : wait.restart);
		});
		return reason;
	}

	fault(fault: Partial<Fault> & Pick<Fault, 'vector'>): void {
		this.decide((d) => {
			forceFault(d, { error: 0, address: 0, bus: false, ...fault });
			returnToUser(d);
		});
	}

	/** Time passes while nothing runs; what it does is done. */
	wait(ns: number): void {
		this.state = reduce(this.state, [{ kind: 'clock/skip', ns }]);
		this.timers();
	}

	timers(): void {
		this.decide((d) => {
			expireTimers(d);
			if (this.task.state === 'running') returnToUser(d);
		});
	}

	/** rt_sigaction(signo, {handler, flags, mask}). */
	handle(signo: number, handler: number, flags = 0, mask = 0n, restorer = 0): void {
		this.pokeWords(ARGS, handler, flags, restorer, Number(mask & 0xffffffffn), Number(mask >> 32n));
		const result = this.call('rt_sigaction', signo, ARGS, 0, 8);
		assert(result === 0, `rt_sigaction: ${result}`);
	}

	/** The handler returns: ret, then the trampoline's popl (plain frame) and int 0x80. */
	return(rt = false): void {
		this.set({ esp: this.regs.esp + (rt ? 4 : 8) });
		this.call(rt ? 'rt_sigreturn' : 'sigreturn');
	}
}
