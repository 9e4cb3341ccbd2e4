/** `strace TRACE`: system calls and signals of a trace, a line each, as strace prints them. */
import type { KernelEvent, MachineEvent, RunEvent } from '../../events/event.ts';
import { Sig, signalName } from '../../kernel/abi/signal.ts';
import type { SigInfo } from '../../reducers/state.ts';
import { comparePositions } from '../../replay/position.ts';
import { Rerun } from '../../replay/rerun.ts';
import type { Trace } from '../../replay/trace.ts';
import { openTrace, reading, shown, wholeEnd } from '../open.ts';
import { jsonLine, Lines } from '../output.ts';
import { Calls, type DoneCall } from '../render/calls.ts';
import { infoText } from '../render/siginfo.ts';
import { exitJson } from '../render/status.ts';
import type { Part } from '../render/strace-args.ts';
import { StraceLines } from '../render/strace-lines.ts';
import { quote, SHOWN } from '../render/strace-words.ts';

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
	readonly #calls: Calls;
	/** Pending signals by queue: those of a task, those of the group. */
	readonly #pending = new Map<string, SigInfo[]>();
	/** What is said when the call is over in which it happened: SIGCONT acts while it is sent. */
	readonly #later: (() => void)[] = [];
	/** The signal that was taken last, for the delivery that follows. */
	#taken: SigInfo | undefined;
	#at = { steps: 0, k: 0 };

	constructor(trace: Trace, json: boolean, lines: Lines) {
		this.#trace = trace;
		this.#json = json;
		this.#lines = lines;
		this.#shown = new StraceLines((line) => lines.add(line));
		const end = wholeEnd(trace);
		this.#calls = new Calls(() => this.#run.machine);
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
		if (this.#json) for (const pid of this.#calls.open.keys()) this.#broken(pid);
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

	#on(event: KernelEvent | RunEvent): void {
		this.#calls.note(event);
		switch (event.kind) {
			case 'syscall/enter':
				this.#enter(event.task, event.nr, event.args);
				return;
			case 'syscall/exit':
				this.#call(event.task, this.#calls.exit(event.task, event.result));
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
				this.#call(event.task, this.#calls.sigreturn(event));
				return;
			case 'task/new':
				this.#shown.appears(event.task);
				return;
			case 'task/rename':
				this.#shown.rename(event.task, event.to);
				this.#calls.rename(event.task, event.to);
				return;
			case 'task/exec':
				this.#call(event.task, this.#calls.executed(event.task));
				return;
			case 'task/exit':
				if (this.#json) this.#broken(event.task);
				this.#calls.drop(event.task);
				this.#shown.never(event.task);
				this.#exited(event.task, event.status);
				this.#shown.goes(event.task);
				return;
		}
	}

	#queue(event: { readonly task: number; readonly group: boolean }): SigInfo[] {
		const name = event.group ? `group ${this.#run.machine.peek.tasks[event.task]?.group}` : String(event.task);
		const queue = this.#pending.get(name) ?? [];
		this.#pending.set(name, queue);
		return queue;
	}

	#enter(pid: number, nr: number, args: readonly number[]): void {
		const { name, parts, before } = this.#calls.enter(pid, nr, args, this.#at.steps);
		if (this.#json) return;
		const later = laterParts(parts);
		this.#shown.enter(pid, name, before.slice(0, later).filter(isShown), later < parts.length);
	}

	/** A call that does not come back. */
	#broken(pid: number): void {
		const call = this.#calls.open.get(pid);
		if (call) this.#call(pid, { call, args: call.before, result: '?', value: null });
	}

	#call(pid: number, done: DoneCall | undefined): void {
		if (done === undefined) return;
		const { call, args, result, value } = done;
		const shown = args.filter(isShown);
		if (this.#json) {
			const { support } = call.row ?? { support: 'none' };
			this.#lines.add(
				jsonLine({ position: call.steps, pid, call: call.name, nr: call.nr, args: shown, result: value, text: result, support }),
			);
			return;
		}
		this.#shown.exit(pid, shown, args.slice(laterParts(call.parts)).filter(isShown), result);
		for (const say of this.#later.splice(0)) say();
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
		for (const [other, { row }] of this.#calls.open) {
			if (other === pid || tasks[other]?.group !== group || !row?.name.startsWith('execve')) continue;
			return tasks[pid].tgid === pid ? `+++ superseded by execve in pid ${other} +++` : '+++ exited with 0 +++';
		}
		return undefined;
	}
}
