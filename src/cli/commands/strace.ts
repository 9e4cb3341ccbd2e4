/** `strace TRACE`: system calls and signals of a trace, a line each, as strace prints them. */
import type { KernelEvent, MachineEvent, RunEvent } from '../../events/event.ts';
import { callName, callNumber } from '../../kernel/abi/call-numbers.ts';
import { Sig, signalName } from '../../kernel/abi/signal.ts';
import type { SyscallRow } from '../../kernel/row.ts';
import { syscallRow } from '../../kernel/syscalls.ts';
import { Restart, type SigInfo } from '../../reducers/state.ts';
import { comparePositions } from '../../replay/position.ts';
import { Rerun } from '../../replay/rerun.ts';
import type { Trace } from '../../replay/trace.ts';
import { openTrace, reading, shown, wholeEnd } from '../open.ts';
import { jsonLine, Lines } from '../output.ts';
import { infoText } from '../render/siginfo.ts';
import { exitJson } from '../render/status.ts';
import { partsOf, resultText } from '../render/strace.ts';
import type { Part } from '../render/strace-args.ts';
import { StraceLines } from '../render/strace-lines.ts';
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

const RESTART_SYSCALL = callNumber('restart_syscall');

/** Index of the first argument that is read when the call has returned: from there on they are shown then. */
function laterParts(parts: readonly Part[]): number {
	const first = parts.findIndex((part) => part.out);
	return first < 0 ? parts.length : first;
}

const isShown = (text: string | undefined): text is string => text !== undefined;

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
	readonly #shown: StraceLines;
	readonly #run: Rerun;
	readonly #open = new Map<number, Open>();
	/** Pending signals by queue: those of a task, those of the group. */
	readonly #pending = new Map<string, SigInfo[]>();
	/** What is said when the call is over in which it happened: SIGCONT acts while it is sent. */
	readonly #later: (() => void)[] = [];
	/** The call of a task that restart_syscall would go on with. */
	readonly #restarts = new Map<number, string>();
	/** The signal that was taken last, for the delivery that follows. */
	#taken: SigInfo | undefined;
	/** Writes that were decided and not applied yet. */
	#writes: { readonly mm: number; readonly address: number; readonly bytes: Uint8Array }[] = [];
	#at = { steps: 0, k: 0 };

	constructor(trace: Trace, json: boolean, lines: Lines) {
		this.#trace = trace;
		this.#json = json;
		this.#lines = lines;
		this.#shown = new StraceLines((line) => lines.add(line));
		const end = wholeEnd(trace);
		this.#run = Rerun.fromStart(trace, 'runs', (event) => {
			if (event.kind === 'cpu/steps' || comparePositions(this.#at, end) >= 0) return;
			this.#on(event);
			const { steps, k } = this.#at;
			this.#at = event.kind === 'cpu/run' ? { steps: steps + event.steps, k: 0 } : { steps, k: k + 1 };
		});
	}

	run(): void {
		for (const task of Object.values(this.#run.machine.peek.tasks)) {
			if (task.state !== 'zombie' && task.state !== 'dead') this.#shown.appears(task.pid);
		}
		if (!this.#json) this.#exec();
		this.#run.advance(Number.POSITIVE_INFINITY);
		this.#run.machine.flush();
		if (this.#json) for (const [pid, call] of this.#open) this.#call(pid, call, call.before, '?', null);
		this.#shown.breakOff();
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
				this.#shown.appears(event.task);
				return;
			case 'task/rename':
				this.#renamed(event.task, event.to);
				return;
			case 'task/exec':
				this.#executed(event.task);
				return;
			case 'task/exit': {
				const call = this.#open.get(event.task);
				if (call !== undefined && this.#json) this.#call(event.task, call, call.before, '?', null);
				this.#open.delete(event.task);
				this.#shown.never(event.task);
				this.#exited(event.task, event.status);
				this.#shown.goes(event.task);
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
		const resumed = nr === RESTART_SYSCALL ? this.#restarts.get(pid) : undefined;
		const parts = resumed === undefined ? partsOf(row) : [{ text: () => `<... resuming interrupted ${resumed} ...>` }];
		const context = { args, result: undefined, read: this.#reader(pid) };
		const before = parts.map((part) => part.text(context));
		this.#open.set(pid, { nr, args, row, steps: this.#at.steps, parts, before });
		if (this.#json) return;
		const later = laterParts(parts);
		this.#shown.enter(pid, callName(nr), before.slice(0, later).filter(isShown), later < parts.length);
	}

	/** A thread that executes a program goes on under the pid of its leader, who is gone. */
	#renamed(from: number, to: number): void {
		this.#shown.rename(from, to);
		const call = this.#open.get(from);
		this.#open.delete(from);
		if (call) this.#open.set(to, call);
	}

	#exit(pid: number, result: number): void {
		const call = this.#open.get(pid);
		if (call === undefined) return;
		this.#open.delete(pid);
		if (result === Restart.BLOCK && call.nr !== RESTART_SYSCALL) this.#restarts.set(pid, callName(call.nr));
		const context = { args: call.args, result, read: this.#reader(pid) };
		const args = call.parts.map((part, i) => (part.out ? part.text(context) : call.before[i]));
		this.#call(pid, call, args, resultText(call.row, context), result);
	}

	#call(pid: number, call: Open, args: readonly (string | undefined)[], result: string, value: number | null): void {
		const shown = args.filter(isShown);
		if (this.#json) {
			const name = callName(call.nr);
			const { support } = call.row ?? { support: 'none' };
			this.#lines.add(
				jsonLine({ position: call.steps, pid, call: name, nr: call.nr, args: shown, result: value, text: result, support }),
			);
			return;
		}
		this.#shown.exit(pid, shown, args.slice(laterParts(call.parts)).filter(isShown), result);
		for (const say of this.#later.splice(0)) say();
	}

	/** execve that worked: the new program's registers are its result. */
	#executed(pid: number): void {
		const call = this.#open.get(pid);
		if (call === undefined) return;
		this.#open.delete(pid);
		this.#call(pid, call, call.before, '0', 0);
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
		const say = () => this.#shown.line(task, `--- ${name} ${info ? infoText(info) : `{si_signo=${name}}`} ---`);
		if (event.kind === 'signal/default' && event.action === 'continue') {
			// SIGKILL makes a stopped task go on too; that it kills is said later.
			if (signo === Sig.SIGCONT) this.#later.push(say);
			return;
		}
		say();
		if (event.kind === 'signal/default' && event.action === 'stop') this.#shown.line(task, `--- stopped by ${name} ---`);
	}

	#exited(pid: number, status: number): void {
		if (this.#json) {
			this.#lines.add(jsonLine({ position: this.#at.steps, pid, ...exitJson(status) }));
			return;
		}
		const signal = status & 0x7f;
		const how = signal === 0 ? `exited with ${(status >> 8) & 0xff}` : `killed by ${signalName(signal)}`;
		const exec = this.#execInGroup(pid);
		if (exec !== undefined) {
			this.#shown.line(pid, exec);
			return;
		}
		this.#shown.line(pid, `+++ ${how}${signal !== 0 && status & 0x80 ? ' (core dumped)' : ''} +++`);
	}

	/** What strace says of a thread that ends because another one of its group executes a program. */
	#execInGroup(pid: number): string | undefined {
		const { tasks } = this.#run.machine.peek;
		const group = tasks[pid]?.group;
		for (const [other, { row }] of this.#open) {
			if (other === pid || tasks[other]?.group !== group || !row?.name.startsWith('execve')) continue;
			return tasks[pid].tgid === pid ? `+++ superseded by execve in pid ${other} +++` : '+++ exited with 0 +++';
		}
		return undefined;
	}
}
