/** A machine that has just started a program, without a processor: calls are decided on its state one by one. */

import { readFileSync } from 'node:fs';
import { assert } from '../../src/events/assert.ts';
import type { KernelEvent } from '../../src/events/event.ts';
import { Decision, isNeed, type Outcome } from '../../src/kernel/decision.ts';
import { createInitialState, type InitialOptions } from '../../src/kernel/initial.ts';
import { defaultPersona } from '../../src/kernel/persona.ts';
import type { SyscallRow } from '../../src/kernel/row.ts';
import { scanWaiting } from '../../src/kernel/waits.ts';
import { readState } from '../../src/reducers/address-space.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { MachineState, Mm, Task } from '../../src/reducers/state.ts';

export const PID = 2;

/** A guest program's bytes, by its name in test/guests/bin. */
export function guestBytes(name: string): Uint8Array {
	return new Uint8Array(readFileSync(new URL(`../guests/bin/${name}`, import.meta.url)));
}

/** An ET_DYN of one page of nothing, as ld makes a position-independent program with a loader, or (without one) a loader. */
export function positionIndependent(entry: number, interpreter = ''): Uint8Array {
	const bytes = new Uint8Array(0x1000);
	const view = new DataView(bytes.buffer);
	bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
	const headers = [[1, 0, 0, 0, 0x1000, 0x3000, 5, 0x1000]];
	if (interpreter !== '') {
		bytes.set(new TextEncoder().encode(`${interpreter}\0`), 0x200);
		headers.unshift([3, 0x200, 0x200, 0x200, interpreter.length + 1, interpreter.length + 1, 4, 1]);
	}
	for (const [at, value] of [
		[16, 3],
		[18, 3],
		[42, 32],
		[44, headers.length],
	])
		view.setUint16(at, value, true);
	view.setUint32(24, entry, true);
	view.setUint32(28, 52, true);
	headers.flat().forEach((word, i) => void view.setUint32(52 + i * 4, word, true));
	return bytes;
}

/** The first state of a guest program. */
export function started(options: Partial<InitialOptions> & { readonly guest?: string } = {}): MachineState {
	const { guest = 'tiny', ...rest } = options;
	return createInitialState({
		persona: defaultPersona(),
		seed: 1,
		program: { path: `/bin/${guest}`, bytes: guestBytes(guest) },
		argv: [guest],
		env: [],
		root: 'empty',
		streams: ['null', 'pipe', 'pipe'],
		...rest,
	}).state;
}

/** Decides calls of the program. */
export class Program {
	state: MachineState;
	readonly rows: readonly SyscallRow[];
	/** Events of the last call. */
	events: readonly KernelEvent[] = [];
	outcome: Outcome = 0;

	constructor(rows: readonly SyscallRow[], state: MachineState = started()) {
		this.rows = rows;
		this.state = state;
	}

	get task(): Task {
		return this.state.tasks[PID];
	}

	get mm(): Mm {
		return this.state.mms[this.task.mm];
	}

	/** The result of a call: i32. Arguments are taken as u32. */
	call(name: string, ...args: number[]): number {
		const outcome = this.decide(name, ...args);
		assert(typeof outcome === 'number', `${name} answers`);
		return outcome;
	}

	/** What the handler answers at entry. */
	decide(name: string, ...args: number[]): Outcome {
		const row = this.rows.find((r) => r.name === name);
		assert(row !== undefined, `no row ${name}`);
		const { state } = this;
		const read = (mm: number, address: number, length: number) => readState(state, state.mms[mm], address, length);
		const d = new Decision(
			{
				state,
				memory: { read, page: () => undefined },
				regs: (pid) => state.tasks[pid].cpu,
				waiting: (key) => scanWaiting(state, key),
			},
			PID,
		);
		this.outcome = row.handler(
			d,
			Array.from({ length: 6 }, (_, i) => (args[i] ?? 0) >>> 0),
			null,
		);
		if (!isNeed(this.outcome)) this.state = d.whole;
		const broken = checkInvariants(this.state);
		assert(broken.length === 0, `${name}: ${JSON.stringify(broken)}`);
		this.events = d.events;
		return this.outcome;
	}

	poke(address: number, bytes: ArrayLike<number>): void {
		const event = { kind: 'memory/write', mm: this.mm.id, address, bytes: Uint8Array.from(bytes), force: true } as const;
		this.state = reduce(this.state, [event]);
	}

	pokeWords(address: number, ...words: number[]): void {
		this.poke(address, new Uint8Array(Uint32Array.from(words).buffer));
	}

	pokeText(address: number, text: string): void {
		this.poke(address, new TextEncoder().encode(`${text}\0`));
	}

	peek(address: number, length: number): Uint8Array {
		const bytes = readState(this.state, this.mm, address, length);
		assert(bytes !== undefined, `0x${address.toString(16)} is mapped`);
		return bytes;
	}

	words(address: number, count: number): number[] {
		return [...new Uint32Array(this.peek(address, 4 * count).buffer)];
	}

	text(address: number): string {
		let text = '';
		for (let at = address; ; at++) {
			const [byte] = this.peek(at, 1);
			if (byte === 0) return text;
			text += String.fromCharCode(byte);
		}
	}
}
