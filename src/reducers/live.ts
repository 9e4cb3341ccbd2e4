/**
 * What the live machine folds into its state between events, without immer: these run at every system call.
 * Each is the same function of the state as the event it stands for; the laws compare them.
 */
import type { CpuState } from '../events/cpu.ts';
import type { Entry } from '../events/entities.ts';
import type { PageEffect } from '../events/event.ts';
import { copyTask, patched, type Writable } from './draft.ts';
import type { MachineState, Task } from './state.ts';

/** The counters of a `cpu/run`: steps retired by a task, and how the last one entered the kernel. */
export function countSteps(state: MachineState, pid: number, steps: number, entry: Entry): MachineState {
	const { clock, tasks, scheduler } = state;
	const task = copyTask(tasks[pid]);
	task.entry = entry;
	task.times = { ...task.times, steps: task.times.steps + steps };
	return {
		...state,
		clock: { ...clock, steps: clock.steps + steps },
		tasks: { ...tasks, [pid]: task },
		scheduler: { ...scheduler, left: scheduler.left - steps },
	};
}

/** What syscall/enter does to a task. */
export function enterCall(state: MachineState, pid: number, nr: number, regs: Partial<CpuState>): MachineState {
	const task = copyTask(state.tasks[pid]);
	task.cpu = patched(task.cpu, regs);
	task.entry = 'none';
	task.origAx = nr;
	const tasks: Writable<MachineState['tasks']> = { ...state.tasks };
	tasks[pid] = task;
	return { ...state, tasks };
}

/** What a call that changed nothing but registers leaves: syscall/enter and syscall/exit taken together. */
export function settleCall(state: MachineState, pid: number): MachineState {
	const task = copyTask(state.tasks[pid]);
	settle(task);
	return { ...state, tasks: { ...state.tasks, [pid]: task } };
}

function settle(task: Writable<Task>): void {
	task.entry = 'none';
	task.origAx = -1;
	task.wait = null;
	task.restartBlock = null;
}

/** The effect of a `cpu/run`: registers at its end and the pages it dirtied. */
export function applyEffect(state: MachineState, pid: number, cpu: CpuState, pages: readonly PageEffect[]): MachineState {
	const task = copyTask(state.tasks[pid]);
	task.cpu = cpu;
	return { ...applyPages(state, pages), tasks: { ...state.tasks, [pid]: task } };
}

/** Pages that were written. */
export function applyPages(state: MachineState, pages: readonly PageEffect[]): MachineState {
	if (pages.length === 0) return state;
	const byObject = new Map<number, [number, Uint8Array][]>();
	for (const page of pages) {
		const list = byObject.get(page.object);
		if (list) list.push([page.index, page.bytes]);
		else byObject.set(page.object, [[page.index, page.bytes]]);
	}
	const objects: Record<number, MachineState['objects'][number]> = { ...state.objects };
	for (const [id, list] of byObject) objects[id] = { ...objects[id], pages: objects[id].pages.with(list) };
	return { ...state, objects };
}

/**
 * The state of a live machine, its own until it is shared: what was made since then, by counting or by folding events, nobody
 * else has, and counting writes to it in place.
 */
export class LiveState {
	#state: MachineState;
	/** What others may have: the state's parts are its own where they are not these. */
	#shared: Pick<MachineState, 'clock' | 'tasks' | 'scheduler'>;
	/** Whether the state itself is its own. */
	#own = false;
	/** The times of a task that counting made, if nothing was folded since: an event may have been given them. */
	#times: Task['times'] | undefined;

	constructor(state: MachineState) {
		this.#state = state;
		this.#shared = state;
	}

	/** The state to look at: its counters are valid up to the next change. */
	get current(): MachineState {
		return this.#state;
	}

	/** The state as a value: no more written to. */
	share(): MachineState {
		this.replace(this.#state);
		return this.#state;
	}

	/** Another state, which others may have. */
	replace(state: MachineState): void {
		const { clock, tasks, scheduler } = state;
		this.#shared = { clock, tasks, scheduler };
		this.#own = false;
		this.#times = undefined;
		this.#state = state;
	}

	/** A state made of the current one: what is new in it nobody else keeps, nor the current one. */
	become(state: MachineState): void {
		if (state !== this.#state) this.#own = true;
		this.#times = undefined;
		this.#state = state;
	}

	/** As `countSteps`. */
	count(pid: number, steps: number, entry: Entry): void {
		const task = this.#ownTask(pid);
		const state = this.#state as Writable<MachineState>;
		if (state.clock === this.#shared.clock) state.clock = { ...state.clock };
		if (state.scheduler === this.#shared.scheduler) state.scheduler = { ...state.scheduler };
		(state.clock as Writable<MachineState['clock']>).steps += steps;
		(state.scheduler as Writable<MachineState['scheduler']>).left -= steps;
		if (task.times !== this.#times) {
			task.times = { ...task.times };
			this.#times = task.times;
		}
		(task.times as Writable<Task['times']>).steps += steps;
		task.entry = entry;
	}

	/** Registers of a task that are newer than its entity's. */
	setRegisters(pid: number, cpu: CpuState): void {
		this.#ownTask(pid).cpu = cpu;
	}

	/** As `settleCall`. */
	settle(pid: number): void {
		settle(this.#ownTask(pid));
	}

	#ownTask(pid: number): Writable<Task> {
		if (!this.#own) {
			this.#state = { ...this.#state };
			this.#own = true;
		}
		const { tasks } = this.#shared;
		if (this.#state.tasks === tasks) (this.#state as Writable<MachineState>).tasks = { ...tasks };
		const task = this.#state.tasks[pid];
		if (task !== tasks[pid]) return task;
		const copy = copyTask(task);
		(this.#state.tasks as Writable<MachineState['tasks']>)[pid] = copy;
		return copy;
	}
}
