/**
 * The live machine: the draft of a MachineState, in immer's sense. Processor and kernel take turns; every change leaves as
 * an event through `sink`. Between `load` and `snapshot` the registers and memory of the task on the CPU live in the
 * processor; all else is an immutable state. What happens next is a function of that state alone, so a snapshot taken
 * anywhere and loaded again goes on in the same way.
 */

import { type CpuPersona, type LiveCpu, NO_MEMORY, Stop } from '../cpu/contract.ts';
import { assert } from '../events/assert.ts';
import { type Fault, Vector } from '../events/cpu.ts';
import { debugEntry } from '../events/debug.ts';
import type { Entry } from '../events/entities.ts';
import type { KernelEvent, MachineEvent } from '../events/event.ts';
import type { Decision, KernelView, NeedInput, NeedModule } from '../kernel/decision.ts';
import { decideThaw, type ThawPolicy } from '../kernel/freezer.ts';
import {
	type Decided,
	decideEntry,
	decideFault,
	decideNoMemory,
	decideResume,
	decideSignals,
	decideTimers,
} from '../kernel/kernel.ts';
import { memoryPages } from '../kernel/memory-limit.ts';
import { decideSchedule } from '../kernel/schedule.ts';
import { LiveState } from '../reducers/live.ts';
import { fold } from '../reducers/reduce.ts';
import type { MachineState, Task } from '../reducers/state.ts';
import { serveModule } from './module.ts';
import { giveProcessor, takeProcessor } from './processors.ts';
import { type Folded, Resident } from './resident.ts';
import { Sleepers } from './sleepers.ts';

export type { Decision };

/** Steps in one `cpu/steps` event at most. */
const STEP_CHUNK = 65536;
/** Longest single call into the processor: V8 optimises between calls, and the recorder wants the floor now and then. */
const SLICE = 1_000_000;

/**
 * What leaves the machine about its steps: `runs`: length and check value; `effects`: registers and pages too;
 * `steps`: every step in columns.
 */
export type Detail = 'runs' | 'effects' | 'steps';

/** Why `advance` came back. */
export type Advance =
	/** The step limit is reached; nothing was decided at that position yet. */
	| { readonly kind: 'limit' }
	/** An input is needed before the next decision. */
	| NeedInput
	/**
	 * Nothing can run before something comes from outside: input on one of `streams`, a signal, or (after `ns`) the next
	 * deadline; null = no deadline.
	 */
	| { readonly kind: 'idle'; readonly streams: readonly number[]; readonly ns: number | null }
	/** The container is frozen: somebody outside dumps, fills or thaws it. */
	| { readonly kind: 'frozen' }
	/** Every task is gone. */
	| { readonly kind: 'ended' };

/** What the processor of a state's machine answers. */
export function cpuPersona({ persona: { cpuid, userCs, userDs } }: MachineState): CpuPersona {
	return { cpuid, userCs, userDs };
}

export class Machine {
	readonly #cpu: LiveCpu;
	/** Whether the processor is somebody else's. */
	readonly #lent: boolean;
	#closed = false;
	readonly #sink: (event: MachineEvent) => void;
	readonly #detail: Detail;
	readonly #view: KernelView;
	readonly #live: LiveState;
	/** What of the state lives in the processor. */
	readonly #resident: Resident;
	#sleepers: Sleepers;
	#k = 0;
	/** Steps of the run that is being made. */
	#run = 0;
	/**
	 * Monotonic ns before which nothing is due but what the running task brings about; undefined = not known. Only events
	 * change it: while a task runs, its CPU time and the clock go on together.
	 */
	#due: number | undefined;

	/** @param k events at the position of `state` that are in it already */
	constructor(state: MachineState, detail: Detail, sink: (event: MachineEvent) => void, cpu?: LiveCpu, k = 0) {
		this.#k = k;
		this.#lent = cpu !== undefined;
		this.#cpu = cpu ?? takeProcessor(cpuPersona(state));
		this.#live = new LiveState(state);
		this.#resident = new Resident(this.#cpu, this.#live, detail === 'effects');
		this.#detail = detail;
		this.#sink = sink;
		this.#sleepers = new Sleepers(state);
		const machine = this;
		this.#view = {
			get state() {
				return machine.#state;
			},
			memory: {
				read: (mm, address, length) => this.#resident.read(mm, address, length),
				page: this.#resident.page,
				get fresh() {
					return machine.#cpu.memory.fresh;
				},
			},
			regs: (pid) => this.#resident.regs(pid),
			waiting: (key) => this.#sleepers.under(key),
		};
	}

	/** Gives the processor back. The machine cannot be used after it. */
	close(): void {
		assert(!this.#closed, 'a machine is closed once');
		this.#closed = true;
		if (!this.#lent) giveProcessor(cpuPersona(this.#state), this.#cpu);
	}

	/** To look at here and now; what leaves the machine is shared first. */
	get #state(): MachineState {
		return this.#live.current;
	}

	/** Machine steps retired. */
	get steps(): number {
		return this.#state.clock.steps;
	}

	/** Events since the last retired step. */
	get k(): number {
		return this.#k;
	}

	/** As `kernelState`, to look at here and now only: it changes while the machine runs. */
	get peek(): MachineState {
		return this.#state;
	}

	/** The kernel's part of the state; registers and memory of the running task may be older. */
	get kernelState(): MachineState {
		return this.#live.share();
	}

	/** Guest memory of a task as it is now: undefined where a byte is not mapped readable. */
	readMemory(pid: number, address: number, length: number): Uint8Array | undefined {
		const { mm } = this.#state.tasks[pid];
		return mm === 0 ? undefined : this.#resident.read(mm, address, length);
	}

	/** The machine as an immutable value. The run goes on as if it had not been taken. */
	snapshot(): MachineState {
		this.#resident.sync();
		return this.#live.share();
	}

	/** Closes the run that is being made, so that all that happened has left as events. */
	flush(): void {
		if (this.#run === 0) return;
		const steps = this.#run;
		const task = this.#resident.pid;
		const { entry } = this.#state.tasks[task];
		this.#run = 0;
		if (this.#detail === 'steps') {
			const columns = this.#cpu.takeSteps(task, this.steps - steps);
			assert(columns.count === steps, 'the columns hold the run');
			this.#sink({ kind: 'cpu/steps', task, columns, entry });
			return;
		}
		const check = this.#cpu.check();
		if (this.#detail === 'runs') {
			this.#sink({ kind: 'cpu/run', task, steps, check, entry });
			return;
		}
		this.#resident.sync();
		const effect = { cpu: this.#state.tasks[task].cpu, pages: this.#resident.takeSealed() };
		this.#sink({ kind: 'cpu/run', task, steps, check, entry, effect });
	}

	/** Takes what came from outside: an input, or what somebody does to a frozen container. */
	feed(event: KernelEvent): void {
		this.#commit([event]);
	}

	/** What thaws it and takes up calls that sleep, as the policy says. */
	thaw(policy: ThawPolicy): readonly KernelEvent[] {
		const events = decideThaw(this.snapshot(), policy);
		this.#commit(events);
		return events;
	}

	/**
	 * Runs and decides until `limit` machine steps are retired, an input is needed, or the end.
	 * @param decide also what is due at the limit is decided
	 * @param until looked at between decisions: true stops as the limit does
	 */
	advance(limit: number, decide = false, until?: () => boolean): Advance {
		for (;;) {
			if (this.#state.ended) return { kind: 'ended' };
			if (until?.()) return { kind: 'limit' };
			if (this.#state.freezer !== 'thawed') return { kind: 'frozen' };
			if (this.steps >= limit && !decide) return { kind: 'limit' };
			const next = this.#decide();
			if (next === 'decided') continue;
			if (next !== 'nothing') return next;
			const { current } = this.#state.scheduler;
			if (current !== 0 && this.#state.tasks[current].state === 'running') {
				if (this.steps >= limit) return { kind: 'limit' };
				const need = this.#execute(current, limit);
				if (need) return need;
				continue;
			}
			const idle = this.#idle();
			if (idle) return idle;
		}
	}

	/** Makes the next decision that is due at this position, if there is one. */
	#decide(): 'decided' | 'nothing' | NeedInput {
		const { scheduler, tasks } = this.#state;
		const pid = scheduler.current;
		const current = pid === 0 ? undefined : tasks[pid];
		if (current !== undefined && current.entry !== 'none') {
			this.#resident.note();
			return this.#settle((view) => decideEntry(view, pid));
		}
		if (this.#due === undefined || this.#due <= this.#now()) {
			const done = this.#decideDue(pid);
			if (done !== 'nothing') return done;
		}
		const events = decideSchedule(this.#state);
		if (events.length === 0) return 'nothing';
		this.#commit(events);
		return 'decided';
	}

	/** Decides what the running task did not bring about: wakes, timers, signals from elsewhere. */
	#decideDue(pid: number): 'decided' | 'nothing' | NeedInput {
		const { tasks } = this.#state;
		const woken = this.#sleepers.ready(this.#state);
		if (woken !== 0) return this.#settle((view) => decideResume(view, woken));
		const deadline = this.#sleepers.deadline(this.#state);
		if (deadline !== null && deadline <= this.#now()) {
			const done = this.#settle((view) => decideTimers(view, pid === 0 ? Number(Object.keys(tasks)[0]) : pid));
			assert(done !== 'nothing', 'a deadline that has come is acted on');
			return done;
		}
		const current = tasks[pid];
		if (current?.state === 'running' && this.#hasReason(current)) {
			const done = this.#settle((view) => decideSignals(view, pid));
			if (done !== 'nothing') return done;
		}
		this.#due = deadline ?? Number.POSITIVE_INFINITY;
		return 'nothing';
	}

	/** Whether the kernel may have something to do before a task runs in user mode. */
	#hasReason(task: Task): boolean {
		const { pending, stopSignal } = this.#state.groups[task.group];
		if (task.trace !== null && (task.trace.stop !== null || task.trace.interrupt)) return true;
		return task.pending.length > 0 || pending.length > 0 || stopSignal !== 0 || task.origAx >= 0 || task.savedMask !== null;
	}

	#settle(decide: (view: KernelView) => Decided): 'decided' | 'nothing' | NeedInput {
		let made = decide(this.#view);
		if (made.kind === 'module') made = decide(this.#answered(made));
		assert(made.kind !== 'module', 'the module is asked once');
		if (made.kind === 'need') return made;
		if (made.events.length === 0) return 'nothing';
		this.#commit(made.events, made.from);
		return 'decided';
	}

	/** The view with what the checkpoint module came to: it works on the whole state, as it is within the call. */
	#answered({ task, request, events }: NeedModule): KernelView {
		const module = serveModule(fold(this.snapshot(), events), task, request);
		return Object.create(this.#view, { module: { value: module } }) as KernelView;
	}

	/** Nothing can run: time jumps, or the outside is asked, or it is the end. */
	#idle(): Advance | null {
		const tasks = Object.values(this.#state.tasks);
		if (tasks.every((t) => t.state === 'zombie' || t.state === 'dead')) {
			this.#commit([{ kind: 'machine/end' }]);
			return null;
		}
		const deadline = this.#sleepers.deadline(this.#state);
		const ns = deadline === null ? null : deadline - this.#now();
		const streams: number[] = [];
		for (const task of tasks) {
			for (const on of task.state === 'sleeping' && task.wait ? task.wait.on : []) {
				if (on.kind === 'stream-readable' && !this.#state.streams[on.stream].eof) streams.push(on.stream);
			}
		}
		if (streams.length === 0 && ns !== null) {
			this.#commit([{ kind: 'clock/skip', ns }]);
			return null;
		}
		return { kind: 'idle', streams: [...new Set(streams)].sort((a, b) => a - b), ns };
	}

	#now(): number {
		const { persona, clock } = this.#state;
		return persona.bootNs + clock.steps * persona.nsPerStep + clock.skewNs;
	}

	/** Lets the processor run up to the next thing the kernel has to do. */
	#execute(pid: number, limit: number): NeedInput | undefined {
		if (this.#resident.pid !== pid) {
			this.flush();
			this.#resident.load(pid);
		}
		// The kernel may have written to more pages than there are.
		if (!this.#resident.hasRoom && this.#noMemory(pid, 0)) return undefined;
		const { scheduler, persona } = this.#state;
		let budget = Math.min(limit - this.steps, SLICE);
		if (scheduler.queue.length > 0) budget = Math.min(budget, scheduler.left);
		assert(this.#due !== undefined, 'what is due was decided');
		const now = this.#now();
		budget = Math.min(budget, Math.ceil((this.#due - now) / persona.nsPerStep));
		if (this.#detail === 'steps') budget = Math.min(budget, STEP_CHUNK - this.#run);
		const cpu = this.#cpu;
		this.#resident.runs();
		const stop = this.#detail === 'steps' ? cpu.record(budget, now * persona.tscPerNs) : cpu.run(budget, now * persona.tscPerNs);
		const { retired } = cpu;
		if (retired > 0) {
			this.#run += retired;
			this.#k = 0;
			this.#live.count(pid, retired, entryOf(stop, cpu.fault));
		}
		if (this.#detail === 'steps' && (this.#run >= STEP_CHUNK || (stop === Stop.BUDGET && retired < budget))) this.flush();
		if (stop !== Stop.FAULT && stop !== Stop.UNSUPPORTED) {
			assert(retired > 0 || this.#detail === 'steps', 'the processor makes progress');
			if (entryOf(stop, cpu.fault) !== 'none') this.flush();
			return undefined;
		}
		const fault = stop === Stop.UNSUPPORTED ? { vector: Vector.UD, error: 0, address: 0, bus: false } : cpu.fault;
		assert(fault !== undefined, 'a fault stop has a fault');
		const vector = fault.vector;
		if (vector === NO_MEMORY) return void this.#noMemory(pid, 1);
		if (retired > 0 && (vector === 3 || vector === 4) && this.#trapped(vector)) return undefined;
		const made = decideFault(this.#view, pid, fault, stop === Stop.UNSUPPORTED ? cpu.bytesAtEip() : null);
		assert(made.kind !== 'module', 'no fault asks the module');
		if (made.kind === 'need') return made;
		assert(made.events.length > 0, 'a fault is acted on');
		this.#commit(made.events, made.from);
		return undefined;
	}

	/** Ends a task that needs pages which are not there. False: they are there, the processor had to be told. */
	#noMemory(pid: number, wanted: number): boolean {
		const limit = memoryPages(this.#state);
		const used = this.#resident.countRoom(limit);
		if (used + wanted <= limit) return false;
		this.#settle((view) => decideNoMemory(view, pid, used));
		return true;
	}

	/** #BP and #OF are traps: the instruction retired, and the kernel acts at the position after it. */
	#trapped(vector: number): boolean {
		const pid = this.#resident.pid;
		const entry: Entry = vector === 3 ? 'bp' : 'of';
		this.#live.count(pid, 0, entry);
		this.flush();
		return true;
	}

	/** Decided events leave, and are applied to state and processor. */
	#commit(events: readonly KernelEvent[], from?: Folded): void {
		this.flush();
		for (const event of events) this.#sink(event);
		this.#k += events.length;
		const [first, second] = events;
		if (
			events.length === 2 &&
			first.kind === 'syscall/enter' &&
			second.kind === 'syscall/exit' &&
			first.task === this.#resident.pid &&
			!(second.result <= -512 && second.result >= -516)
		) {
			this.#resident.settle(first.task, first.regs, second.regs);
			return;
		}
		this.#due = undefined;
		if (this.#resident.apply(events, from)) this.#sleepers = new Sleepers(this.#state);
		else this.#sleepers.note(events, this.#state);
	}
}

function entryOf(stop: number, fault: Fault | undefined): Entry {
	if (stop === Stop.DEBUG && fault) return debugEntry(fault.error);
	return stop === Stop.INT80 ? 'int80' : stop === Stop.SYSENTER ? 'sysenter' : 'none';
}
