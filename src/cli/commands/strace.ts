/** `strace TRACE`: system calls and signals of a trace, a line each, as strace prints them. */
import type { KernelEvent, MachineEvent, RunEvent } from '../../events/event.ts';
import { callName } from '../../kernel/abi/call-numbers.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import type { SyscallRow } from '../../kernel/row.ts';
import { syscallRow } from '../../kernel/syscalls.ts';
import type { SigInfo } from '../../reducers/state.ts';
import { comparePositions } from '../../replay/position.ts';
import { Rerun } from '../../replay/rerun.ts';
import type { Trace } from '../../replay/trace.ts';
import { openTrace, reading, shown, wholeEnd } from '../open.ts';
import { jsonLine, Lines } from '../output.ts';
import { infoText } from '../render/siginfo.ts';
import { exitJson } from '../render/status.ts';
import { partsOf, resultText } from '../render/strace.ts';
import type { Part } from '../render/strace-args.ts';
import { quote, type ReadMemory, SHOWN, signalSet } from '../render/strace-words.ts';

/** A call that was entered and has not returned. */
interface Open {
	readonly nr: number;
	readonly args: readonly number[];
	readonly row: SyscallRow | undefined;
	readonly steps: number;
	readonly parts: readonly Part[];
	/** The arguments as they were at entry. */
	readonly before: readonly (string | undefined)[];
}

export function straceCommand(path: string, options: { readonly json?: boolean }): number {
	const trace = openTrace(path);
	const lines = new Lines();
	reading(path, () => new Follow(trace, options.json ?? false, lines).run());
	lines.flush();
	return shown(path, trace);
}

/** The run made again, with what strace would say of it. */
class Follow {
	readonly #trace: Trace;
	readonly #json: boolean;
	readonly #lines: Lines;
	readonly #run: Rerun;
	readonly #open = new Map<number, Open>();
	/** Pending signals by queue: those of a task, those of the group. */
	readonly #pending = new Map<string, SigInfo[]>();
	/** The signal that was taken last, for the delivery that follows. */
	#taken: SigInfo | undefined;
	/** Writes that were decided and not applied yet. */
	#writes: { readonly mm: number; readonly address: number; readonly bytes: Uint8Array }[] = [];
	/** Tasks that are there: with more than one, each line says whose it is. */
	readonly #alive = new Set<number>();
	#at = { steps: 0, k: 0 };

	constructor(trace: Trace, json: boolean, lines: Lines) {
		this.#trace = trace;
		this.#json = json;
		this.#lines = lines;
		const end = wholeEnd(trace);
		this.#run = Rerun.fromStart(trace, 'runs', (event) => {
			if (event.kind === 'cpu/steps' || comparePositions(this.#at, end) >= 0) return;
			this.#on(event);
			const { steps, k } = this.#at;
			this.#at = event.kind === 'cpu/run' ? { steps: steps + event.steps, k: 0 } : { steps, k: k + 1 };
		});
	}

	/** A line of a task's; its pid stands before it while there are several (strace -f). */
	#line(pid: number, text: string): void {
		this.#lines.add(this.#alive.size > 1 ? `[pid ${pid}] ${text}` : text);
	}

	run(): void {
		for (const pid of Object.keys(this.#run.machine.peek.tasks)) this.#alive.add(Number(pid));
		if (!this.#json) this.#exec();
		this.#run.advance(Number.POSITIVE_INFINITY);
		this.#run.machine.flush();
		for (const [pid, call] of this.#open) this.#unfinished(pid, call);
	}

	/** strace begins with the exec that made the process. */
	#exec(): void {
		const { header } = this.#trace;
		const text = (s: string) => quote(Buffer.from(s, 'latin1'), false);
		const word = (s: string) => quote(Buffer.from(s.slice(0, SHOWN), 'latin1'), s.length > SHOWN);
		const [task] = Object.values(this.#run.machine.kernelState.tasks);
		const envp = task.cpu.esp + 4 * (header.argv.length + 2);
		const { length } = header.env;
		const args = `${text(header.path)}, [${header.argv.map(word).join(', ')}], 0x${envp.toString(16)} /* ${length} var${length === 1 ? '' : 's'} */`;
		this.#lines.add(`execve(${args}) = 0`);
	}

	#reader(pid: number): ReadMemory {
		return (address, length) => {
			const bytes = this.#run.machine.readMemory(pid, address, length);
			if (!bytes) return undefined;
			const mm = this.#run.machine.peek.tasks[pid]?.mm;
			for (const w of this.#writes) {
				if (w.mm !== mm) continue;
				const from = Math.max(address, w.address);
				const to = Math.min(address + length, w.address + w.bytes.length);
				if (from < to) bytes.set(w.bytes.subarray(from - w.address, to - w.address), from - address);
			}
			return bytes;
		};
	}

	#on(event: KernelEvent | RunEvent): void {
		switch (event.kind) {
			case 'cpu/run':
				this.#writes = [];
				return;
			case 'memory/write':
				this.#writes.push(event);
				return;
			case 'syscall/enter':
				this.#enter(event.task, event.nr, event.args);
				return;
			case 'syscall/exit':
				this.#exit(event.task, event.result);
				return;
			case 'signal/post':
				this.#queue(event).push(event.info);
				return;
			case 'input/signal':
				this.#queue({ task: event.task, group: true }).push(event.info);
				return;
			case 'signal/take':
				[this.#taken] = this.#queue(event).splice(event.index, 1);
				return;
			case 'signal/flush':
				for (const [name, queue] of this.#pending)
					this.#pending.set(
						name,
						queue.filter((info) => !((event.set >> BigInt(info.signo - 1)) & 1n)),
					);
				return;
			case 'signal/deliver':
			case 'signal/default':
				this.#signal(event);
				return;
			case 'signal/return':
				this.#sigreturn(event);
				return;
			case 'task/new':
				this.#alive.add(event.task);
				return;
			case 'task/rename':
				this.#alive.delete(event.task);
				return;
			case 'task/exec':
				this.#executed(event.task);
				return;
			case 'task/exit': {
				const call = this.#open.get(event.task);
				if (call !== undefined) this.#unfinished(event.task, call);
				this.#open.delete(event.task);
				this.#exited(event.task, event.status);
				this.#alive.delete(event.task);
				return;
			}
		}
	}

	#queue(event: { readonly task: number; readonly group: boolean }): SigInfo[] {
		const name = event.group ? `group ${this.#run.machine.peek.tasks[event.task]?.group}` : String(event.task);
		const queue = this.#pending.get(name) ?? [];
		this.#pending.set(name, queue);
		return queue;
	}

	#enter(pid: number, nr: number, args: readonly number[]): void {
		const row = syscallRow(nr);
		const parts = partsOf(row);
		const context = { args, result: undefined, read: this.#reader(pid) };
		const before = parts.map((part) => part.text(context));
		this.#open.set(pid, { nr, args, row, steps: this.#at.steps, parts, before });
	}

	#exit(pid: number, result: number): void {
		const call = this.#open.get(pid);
		if (call === undefined) return;
		this.#open.delete(pid);
		const context = { args: call.args, result, read: this.#reader(pid) };
		const args = call.parts.map((part, i) => (part.out ? part.text(context) : call.before[i]));
		this.#call(pid, call, args, resultText(call.row, context), result);
	}

	#call(pid: number, call: Open, args: readonly (string | undefined)[], result: string, value: number | null): void {
		const name = callName(call.nr);
		const shown = args.filter((a) => a !== undefined);
		if (this.#json) {
			const { support } = call.row ?? { support: 'none' };
			this.#lines.add(
				jsonLine({ position: call.steps, pid, call: name, nr: call.nr, args: shown, result: value, text: result, support }),
			);
			return;
		}
		this.#line(pid, `${`${name}(${shown.join(', ')})`.padEnd(39)} = ${result}`);
	}

	/** execve that worked: the new program's registers are its result. */
	#executed(pid: number): void {
		const call = this.#open.get(pid);
		if (call === undefined) return;
		this.#open.delete(pid);
		this.#call(pid, call, call.before, '0', 0);
	}

	/** A call that the trace does not see the end of. */
	#unfinished(pid: number, call: Open): void {
		this.#call(pid, call, call.before, '?', null);
	}

	/** sigreturn comes back with what the frame holds. */
	#sigreturn(event: Extract<MachineEvent, { kind: 'signal/return' }>): void {
		const call = this.#open.get(event.task);
		if (call === undefined) return;
		this.#open.delete(event.task);
		const mask = new Uint8Array(8);
		new DataView(mask.buffer).setBigUint64(0, event.blocked, true);
		const result = (event.regs.eax ?? 0) | 0;
		const context = { args: call.args, result, read: () => undefined };
		this.#call(event.task, call, [`{mask=${signalSet(mask)}}`], resultText(undefined, context), result);
	}

	#signal(event: Extract<MachineEvent, { kind: 'signal/deliver' | 'signal/default' }>): void {
		const { signo, task } = event;
		const name = signalName(signo);
		const info = this.#taken?.signo === signo ? this.#taken : undefined;
		if (this.#json) {
			const action = event.kind === 'signal/deliver' ? 'handler' : event.action;
			this.#lines.add(jsonLine({ position: this.#at.steps, pid: task, signal: name, action, info: info ?? null }));
			return;
		}
		this.#line(task, `--- ${name} ${info ? infoText(info) : `{si_signo=${name}}`} ---`);
		if (event.kind === 'signal/default' && event.action === 'stop') this.#line(task, `--- stopped by ${name} ---`);
	}

	#exited(pid: number, status: number): void {
		if (this.#json) {
			this.#lines.add(jsonLine({ position: this.#at.steps, pid, ...exitJson(status) }));
			return;
		}
		const signal = status & 0x7f;
		const how = signal === 0 ? `exited with ${(status >> 8) & 0xff}` : `killed by ${signalName(signal)}`;
		this.#line(pid, `+++ ${how}${signal !== 0 && status & 0x80 ? ' (core dumped)' : ''} +++`);
	}
}
