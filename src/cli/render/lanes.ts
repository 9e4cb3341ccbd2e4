/**
 * A run as lanes: what each task did from when to when, what happened to it, and who made whom go on. Made by following the
 * events of a run made again; `timeline` shows it as text, as JSON, or as a file for Perfetto.
 */
import type { KernelEvent, RunEvent } from '../../events/event.ts';
import { callName } from '../../kernel/abi/call-numbers.ts';
import { Sig, signalName } from '../../kernel/abi/signal.ts';
import { wantedText } from '../../kernel/deadlock.ts';
import { touchedKeys, waitKeys } from '../../kernel/waits.ts';
import type { MachineState, SigInfo, Task, Wait } from '../../reducers/state.ts';
import type { Position } from '../../replay/position.ts';
import { Rerun } from '../../replay/rerun.ts';
import type { Trace } from '../../replay/trace.ts';
import { Calls, type DoneCall } from './calls.ts';
import { infoText } from './siginfo.ts';
import { waitStatusText } from './status.ts';

/** What a task is at: in user mode, waiting for the processor, … or `call`: inside the kernel, other activities within it. */
export type Activity = 'running' | 'runnable' | 'blocked' | 'stopped' | 'traced' | 'zombie' | 'call';

/** A moment: virtual ns since the machine began, and the position. `order` sorts what is at one moment. */
export interface Moment {
	readonly ns: number;
	readonly at: Position;
	readonly order: number;
}

export interface Slice {
	readonly activity: Activity;
	/** Of a call its name. */
	readonly name: string;
	readonly from: Moment;
	readonly to: Moment;
	/** 1: within a call's slice. */
	readonly depth: 0 | 1;
	/** Of a call, as strace shows it, and its result; of a sleeper what it waits for. */
	readonly text: string;
	readonly result: string;
}

export interface Mark {
	readonly kind: 'fork' | 'exec' | 'signal' | 'fault' | 'unsupported' | 'exit' | 'freezer';
	readonly name: string;
	readonly text: string;
	readonly when: Moment;
}

export interface Lane {
	readonly tid: number;
	/** The process. */
	readonly pid: number;
	/** What it was called, one program after the other. */
	readonly names: string[];
	readonly slices: Slice[];
	readonly marks: Mark[];
}

/** From what one task did to what it did to another. */
export interface Flow {
	readonly kind: 'fork' | 'signal' | 'wake';
	readonly from: { readonly tid: number; readonly when: Moment };
	readonly to: { readonly tid: number; readonly when: Moment };
}

export interface Timeline {
	readonly lanes: readonly Lane[];
	readonly flows: readonly Flow[];
	readonly begin: Moment;
	readonly end: Moment;
}

type Begun = Pick<Slice, 'activity' | 'name' | 'from' | 'text'>;
type End = Flow['from'];

/** A lane that is being made. */
interface Growing {
	readonly lane: Lane;
	activity: Exclude<Activity, 'call'> | 'gone';
	/** The slice that its activity has begun, and the call around it. */
	slice: Begun | null;
	call: Begun | null;
}

/** Codes of signals that some task sent: not the kernel's own and not a timer's. */
const isSent = ({ code, signo }: SigInfo): boolean => (code <= 0 && code !== -2) || signo === Sig.SIGCHLD;

/** Follows a whole trace, up to `end`. */
export function timelineOf(trace: Trace, reaches: (at: Position) => boolean): Timeline {
	return new Follower(trace, reaches).run();
}

class Follower {
	readonly #run: Rerun;
	readonly #calls: Calls;
	readonly #lanes = new Map<number, Growing>();
	readonly #flows: Flow[] = [];
	/** Pending signals by queue, each with who sent it. */
	readonly #pending = new Map<string, { readonly info: SigInfo; readonly from: End | null }[]>();
	/** The signal that was taken last, for the delivery that follows. */
	#taken: { readonly info: SigInfo; readonly from: End | null } | undefined;
	/** Who answered a wait, by the sleeper; who touched a key last (kernel/waits.ts). */
	readonly #fired = new Map<number, End>();
	readonly #touched = new Map<string, End>();
	/** Where each sleeper's wait stands under. */
	readonly #waits = new Map<number, { readonly keys: readonly string[]; readonly since: number }>();
	/** Whose decision is being followed; 0: nobody's. */
	#actor = 0;
	#at = { steps: 0, k: 0 };
	#order = 0;

	constructor(trace: Trace, reaches: (at: Position) => boolean) {
		this.#calls = new Calls(() => this.#run.machine);
		this.#at = { steps: trace.header.from, k: 0 };
		this.#run = Rerun.fromStart(trace, 'runs', (event) => {
			if (event.kind === 'cpu/steps' || !reaches(this.#at)) return;
			this.#calls.note(event);
			this.#on(event);
			const { steps, k } = this.#at;
			this.#at = event.kind === 'cpu/run' ? { steps: steps + event.steps, k: 0 } : { steps, k: k + 1 };
		});
	}

	run(): Timeline {
		const begin = this.#now();
		this.#all();
		this.#run.advance(Number.POSITIVE_INFINITY);
		this.#run.machine.flush();
		const end = this.#now();
		for (const [tid, growing] of this.#lanes) {
			this.#left(tid, this.#calls.open.get(tid));
			this.#close(growing);
		}
		this.#run.machine.close();
		const lanes = [...this.#lanes.values()].map((g) => g.lane).sort((a, b) => a.pid - b.pid || a.tid - b.tid);
		return { lanes, flows: this.#flows, begin, end };
	}

	get #state(): MachineState {
		return this.#run.machine.peek;
	}

	#now(event?: KernelEvent | RunEvent): Moment {
		const { clock, persona } = this.#state;
		const passed = event && event.kind !== 'cpu/run' && 'ns' in event ? event.ns : 0;
		const ns = Math.floor(clock.steps * persona.nsPerStep + clock.skewNs + passed);
		return { ns, at: { ...this.#at }, order: this.#order++ };
	}

	/** Everybody who is there: at the beginning of a run, and after a restart. */
	#all(): void {
		for (const task of Object.values(this.#state.tasks)) this.#appear(task);
	}

	#appear(task: Task): Growing {
		const { pid: tid, tgid: pid, comm } = task;
		const lane = this.#lanes.get(tid)?.lane ?? { tid, pid, names: [comm], slices: [], marks: [] };
		const growing: Growing = { lane, activity: 'gone', slice: null, call: null };
		this.#lanes.set(tid, growing);
		if (task.origAx >= 0 && task.mm !== 0) {
			const { ebx, ecx, edx, esi, edi, ebp } = task.cpu;
			this.#calls.enter(tid, task.origAx, [ebx, ecx, edx, esi, edi, ebp], this.#at.steps);
			growing.call = this.#begin('call', callName(task.origAx));
		}
		const current = this.#state.scheduler.current === tid;
		if (task.state === 'running') this.#become(tid, current ? 'running' : 'runnable');
		else if (task.state === 'sleeping') this.#become(tid, 'blocked', wantedText(this.#state, task));
		else if (task.state !== 'dead') this.#become(tid, task.state);
		if (task.wait) this.#sleeps(task, task.wait);
		return growing;
	}

	/** The lane of a task: whoever is met first in an event is there from then on. */
	#lane(tid: number): Growing | undefined {
		const there = this.#lanes.get(tid);
		if (there) return there;
		const task = this.#state.tasks[tid];
		return task && this.#appear(task);
	}

	#begin(activity: Activity, name: string, text = ''): Begun {
		return { activity, name, text, from: this.#now() };
	}

	#close(growing: Growing): void {
		const { slice, lane, call } = growing;
		growing.slice = null;
		if (slice === null) return;
		const to = this.#now();
		if (to.ns > slice.from.ns) lane.slices.push({ ...slice, to, depth: call === null ? 0 : 1, result: '' });
	}

	#become(tid: number, activity: Growing['activity'], text = ''): void {
		const growing = this.#lane(tid);
		if (growing === undefined) return;
		this.#close(growing);
		growing.activity = activity;
		// Within a call running is the call itself.
		if (activity !== 'gone' && !(activity === 'running' && growing.call)) {
			growing.slice = this.#begin(activity, activity, text);
		}
	}

	/** May run again: as the processor's own task, if it never left it. */
	#goesOn(tid: number): void {
		this.#become(tid, this.#state.scheduler.current === tid ? 'running' : 'runnable');
	}

	#entered(tid: number, name: string): void {
		const growing = this.#lane(tid);
		if (growing === undefined) return;
		this.#close(growing);
		growing.call = this.#begin('call', name);
	}

	/** The call a task was inside of is over. */
	#left(tid: number, call: DoneCall | Parameters<typeof brokenCall>[0]): void {
		const growing = this.#lanes.get(tid);
		if (!growing?.call) return;
		this.#close(growing);
		const done = call && 'call' in call ? call : brokenCall(call);
		const args = (done?.args ?? []).filter((text) => text !== undefined).join(', ');
		const { activity, lane, call: begun } = growing;
		lane.slices.push({ ...begun, to: this.#now(), depth: 0, text: args, result: done?.result ?? '?' });
		growing.call = null;
		if (activity !== 'gone') growing.slice = this.#begin(activity, activity);
	}

	#mark(tid: number, kind: Mark['kind'], name: string, text = ''): void {
		this.#lane(tid)?.lane.marks.push({ kind, name, text, when: this.#now() });
	}

	#sleeps(task: Task, wait: Wait): void {
		this.#waits.set(task.pid, { keys: waitKeys({ ...task, wait }), since: this.#order });
	}

	#end(tid: number): End {
		return { tid, when: this.#now() };
	}

	#flow(kind: Flow['kind'], from: End | null | undefined, tid: number): void {
		if (from && from.tid !== tid && this.#lanes.has(from.tid)) this.#flows.push({ kind, from, to: this.#end(tid) });
	}

	/** Who made a sleeper ready. */
	#waker(tid: number): End | undefined {
		const { keys, since } = this.#waits.get(tid) ?? { keys: [], since: 0 };
		const found = keys.map((key) => this.#touched.get(key)).filter((end) => end !== undefined && end.when.order >= since);
		return this.#fired.get(tid) ?? found[0];
	}

	#touch(event: KernelEvent): void {
		const byTime = event.kind === 'anon/set' && event.anon.kind === 'timerfd';
		if (this.#actor === 0 || byTime || event.kind === 'signal/post') return;
		for (const key of touchedKeys(this.#state, event)) this.#touched.set(key, this.#end(this.#actor));
	}

	#on(event: KernelEvent | RunEvent): void {
		if (event.kind !== 'cpu/run') this.#touch(event);
		switch (event.kind) {
			case 'cpu/run':
				return;
			case 'syscall/enter':
				this.#actor = event.task;
				{
					const { row } = this.#calls.enter(event.task, event.nr, event.args, this.#at.steps);
					this.#entered(event.task, row?.name ?? callName(event.nr));
				}
				return;
			case 'syscall/exit':
				this.#left(event.task, this.#calls.exit(event.task, event.result));
				return;
			case 'signal/return':
				this.#left(event.task, this.#calls.sigreturn(event));
				return;
			case 'task/new':
				this.#new(event.value);
				return;
			case 'task/rename':
				this.#renamed(event.task, event.to);
				return;
			case 'task/exec':
				this.#exec(event.task, event.comm, event.path);
				return;
			case 'task/block': {
				const task = { ...this.#state.tasks[event.task], wait: event.wait };
				this.#become(event.task, 'blocked', wantedText(this.#state, task));
				this.#sleeps(task, event.wait);
				return;
			}
			case 'task/wake':
				this.#goesOn(event.task);
				if (event.reason === 'ready') this.#flow('wake', this.#waker(event.task), event.task);
				this.#fired.delete(event.task);
				this.#actor = event.task;
				return;
			case 'wait/fire':
				if (this.#actor !== 0) this.#fired.set(event.task, this.#end(this.#actor));
				return;
			case 'sched/switch':
				if (this.#lanes.get(event.from)?.activity === 'running') this.#become(event.from, 'runnable');
				if (event.to !== 0) this.#become(event.to, 'running');
				this.#actor = event.to;
				return;
			case 'task/stop':
				this.#become(event.task, 'stopped');
				return;
			case 'trace/stop':
				this.#become(event.task, 'traced');
				return;
			case 'trace/resume':
				if (this.#lanes.get(event.task)?.activity === 'traced') this.#goesOn(event.task);
				return;
			case 'task/exit':
				this.#left(event.task, this.#calls.drop(event.task));
				this.#mark(event.task, 'exit', waitStatusText(event.status));
				this.#become(event.task, event.zombie ? 'zombie' : 'gone');
				return;
			case 'task/reap':
				this.#become(event.task, 'gone');
				return;
			case 'clock/skip':
			case 'timer/expire':
			case 'input/stream':
			case 'input/none':
				this.#actor = 0;
				return;
			case 'input/signal':
				this.#actor = 0;
				this.#queue(event.task, true).push({ info: event.info, from: null });
				return;
			case 'signal/post': {
				const from = this.#actor !== 0 && isSent(event.info) ? this.#end(this.#actor) : null;
				this.#queue(event.task, event.group).push({ info: event.info, from });
				return;
			}
			case 'signal/flush':
				for (const [name, queue] of this.#pending) {
					this.#pending.set(
						name,
						queue.filter(({ info }) => !((event.set >> BigInt(info.signo - 1)) & 1n)),
					);
				}
				return;
			case 'signal/take':
				this.#actor = event.task;
				[this.#taken] = this.#queue(event.task, event.group).splice(event.index, 1);
				return;
			case 'signal/deliver':
				this.#signal(event.task, event.signo, 'handler');
				return;
			case 'signal/default':
				this.#actor = event.task;
				if (event.action === 'continue') this.#continued(event.task);
				this.#signal(event.task, event.signo, event.action);
				return;
			case 'cpu/fault':
				this.#actor = event.task;
				this.#mark(event.task, 'fault', `fault ${event.vector}`, `address 0x${event.address.toString(16)}`);
				return;
			case 'unsupported':
				this.#mark(event.task, 'unsupported', `unsupported ${event.what}`, event.name);
				return;
			case 'freezer/set':
				this.#freezer(event.state);
				return;
			case 'restore/end':
				this.#all();
				this.#freezer('restored');
				return;
			default:
		}
	}

	#queue(task: number, group: boolean) {
		const name = group ? `group ${this.#state.tasks[task]?.group}` : String(task);
		const queue = this.#pending.get(name) ?? [];
		this.#pending.set(name, queue);
		return queue;
	}

	#new(task: Task): void {
		const parent = this.#actor;
		const what = task.tgid === task.pid ? 'process' : 'thread';
		if (parent !== 0) this.#mark(parent, 'fork', `${what} ${task.pid}`);
		const from = parent === 0 ? null : this.#end(parent);
		// It leaves the call that made it, as its parent does: nothing of it is its own.
		this.#appear({ ...task, origAx: -1 });
		this.#flow('fork', from, task.pid);
	}

	#renamed(from: number, to: number): void {
		this.#calls.rename(from, to);
		const growing = this.#lanes.get(from);
		if (growing === undefined) return;
		this.#become(from, 'gone');
		const lane = this.#lanes.get(to)?.lane ?? { ...growing.lane, tid: to, slices: [], marks: [] };
		this.#lanes.set(to, { lane, activity: 'gone', slice: null, call: growing.call });
		growing.call = null;
		this.#become(to, 'running');
		if (this.#actor === from) this.#actor = to;
	}

	#exec(tid: number, comm: string, path: string): void {
		this.#left(tid, this.#calls.executed(tid));
		this.#mark(tid, 'exec', `exec ${comm}`, path);
		const names = this.#lanes.get(tid)?.lane.names;
		if (names && names.at(-1) !== comm) names.push(comm);
	}

	#signal(tid: number, signo: number, action: string): void {
		const taken = this.#taken?.info.signo === signo ? this.#taken : undefined;
		this.#taken = undefined;
		this.#mark(tid, 'signal', `${signalName(signo)}: ${action}`, taken ? infoText(taken.info) : '');
		this.#flow('signal', taken?.from, tid);
		const call = this.#calls.open.get(tid);
		if (action === 'handler' && call) this.#left(tid, this.#calls.drop(tid));
	}

	/** SIGCONT makes every thread of the group that is stopped go on. */
	#continued(tid: number): void {
		for (const pid of this.#state.groups[this.#state.tasks[tid].group].threads) {
			if (this.#lanes.get(pid)?.activity === 'stopped') this.#goesOn(pid);
		}
	}

	/** Something that happens to the whole machine: on the first lane. */
	#freezer(what: string): void {
		const [first] = Object.keys(this.#state.tasks);
		if (first !== undefined) this.#mark(Number(first), 'freezer', what);
	}
}

function brokenCall(call: { readonly before: readonly (string | undefined)[] } | undefined) {
	return call && { args: call.before, result: '?' };
}
