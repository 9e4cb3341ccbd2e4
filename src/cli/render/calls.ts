/** The calls of a run made again, with their arguments and results in strace's words: what `strace` and `timeline` show. */
import type { KernelEvent, MachineEvent, RunEvent } from '../../events/event.ts';
import { callName, callNumber } from '../../kernel/abi/call-numbers.ts';
import type { SyscallRow } from '../../kernel/row.ts';
import { syscallRow } from '../../kernel/syscalls.ts';
import { Restart } from '../../reducers/state.ts';
import type { Machine } from '../../replay/machine.ts';
import { partsOf, resultText } from './strace.ts';
import type { Part } from './strace-args.ts';
import { ipcStandsFor } from './strace-ipc.ts';
import { socketStandsFor } from './strace-sockets.ts';
import { type ReadMemory, signalSet } from './strace-words.ts';

/** A call that was entered and has not returned. */
export interface OpenCall {
	readonly nr: number;
	/** The call as it is shown: ipc(2) by what it stands for. */
	readonly name: string;
	readonly args: readonly number[];
	readonly row: SyscallRow | undefined;
	readonly steps: number;
	readonly parts: readonly Part[];
	/** The arguments as they were at entry. */
	readonly before: readonly (string | undefined)[];
}

/** One that is over. */
export interface DoneCall {
	readonly call: OpenCall;
	readonly args: readonly (string | undefined)[];
	readonly result: string;
	/** As ax has it; null: it never came back. */
	readonly value: number | null;
}

const RESTART_SYSCALL = callNumber('restart_syscall');

export class Calls {
	readonly #machine: () => Machine;
	readonly #open = new Map<number, OpenCall>();
	/** The call of a task that restart_syscall would go on with. */
	readonly #restarts = new Map<number, string>();
	/** Writes that were decided and not applied yet. */
	#writes: { readonly mm: number; readonly address: number; readonly bytes: Uint8Array }[] = [];

	constructor(machine: () => Machine) {
		this.#machine = machine;
	}

	/** Calls that were entered, by task. */
	get open(): ReadonlyMap<number, OpenCall> {
		return this.#open;
	}

	/** Takes note of an event before anything is asked about it. */
	note(event: KernelEvent | RunEvent): void {
		if (event.kind === 'cpu/run') this.#writes = [];
		else if (event.kind === 'memory/write') this.#writes.push(event);
	}

	enter(pid: number, nr: number, given: readonly number[], steps: number): OpenCall {
		const { persona } = this.#machine().peek;
		const row = syscallRow(nr, persona);
		const read = this.#reader(pid);
		const stands = row?.name === 'ipc' ? ipcStandsFor : row?.name === 'socketcall' ? socketStandsFor : undefined;
		const other = stands?.(given, read);
		const name = other?.name ?? callName(nr, persona);
		const args = other?.args ?? given;
		const resumed = nr === RESTART_SYSCALL ? this.#restarts.get(pid) : undefined;
		const parts = resumed === undefined ? partsOf(row, name) : [{ text: () => `<... resuming interrupted ${resumed} ...>` }];
		const context = { args, result: undefined, read };
		const call = { nr, name, args, row, steps, parts, before: parts.map((part) => part.text(context)) };
		this.#open.set(pid, call);
		return call;
	}

	exit(pid: number, result: number): DoneCall | undefined {
		const call = this.drop(pid);
		if (call === undefined) return undefined;
		if (result === Restart.BLOCK && call.nr !== RESTART_SYSCALL) this.#restarts.set(pid, callName(call.nr));
		const context = { args: call.args, result, read: this.#reader(pid) };
		const args = call.parts.map((part, i) => (part.out ? part.text({ ...context, before: call.before[i] }) : call.before[i]));
		return { call, args, result: resultText(call.row, context, call.name), value: result };
	}

	/** execve that worked: the new program's registers are its result. */
	executed(pid: number): DoneCall | undefined {
		const call = this.drop(pid);
		return call && { call, args: call.before, result: '0', value: 0 };
	}

	/** sigreturn comes back with what the frame holds. */
	sigreturn(event: Extract<MachineEvent, { kind: 'signal/return' }>): DoneCall | undefined {
		const call = this.drop(event.task);
		if (call === undefined) return undefined;
		const mask = new Uint8Array(8);
		new DataView(mask.buffer).setBigUint64(0, event.blocked, true);
		const value = (event.regs.eax ?? 0) | 0;
		const context = { args: call.args, result: value, read: () => undefined };
		return { call, args: [`{mask=${signalSet(mask)}}`], result: resultText(undefined, context), value };
	}

	/** The call does not come back. */
	drop(pid: number): OpenCall | undefined {
		const call = this.#open.get(pid);
		this.#open.delete(pid);
		return call;
	}

	/** A thread that executes a program goes on under the pid of its leader, who is gone. */
	rename(from: number, to: number): void {
		const call = this.drop(from);
		if (call) this.#open.set(to, call);
	}

	#reader(pid: number): ReadMemory {
		return (address, length) => {
			const bytes = this.#machine().readMemory(pid, address, length);
			if (!bytes) return undefined;
			const mm = this.#machine().peek.tasks[pid]?.mm;
			for (const w of this.#writes) {
				if (w.mm !== mm) continue;
				const from = Math.max(address, w.address);
				const to = Math.min(address + length, w.address + w.bytes.length);
				if (from < to) bytes.set(w.bytes.subarray(from - w.address, to - w.address), from - address);
			}
			return bytes;
		};
	}
}
