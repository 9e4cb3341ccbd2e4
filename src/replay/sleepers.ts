/**
 * Who of the sleeping tasks is to be looked at, and when the next deadline comes: an index over a state, kept by events, so that
 * no decision costs a walk over all tasks. It holds nothing the state does not: made anew from a state, it finds the same.
 */
import type { Anon, PosixTimer } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import { isAlive } from '../kernel/signal-queue.ts';
import { monotonicNs, nextCpuDeadline } from '../kernel/timers.ts';
import { ENDS, isReady, touchedKeys, waitKeys } from '../kernel/waits.ts';
import type { MachineState } from '../reducers/state.ts';
import { Heap } from './heap.ts';

/** A point of monotonic time at which a task wakes or a group's real-time timer fires. */
interface Deadline {
	readonly at: number;
	/** `timer`: a group's real-time interval timer; `posix`: one of its POSIX timers; `timerfd` by its own id. */
	readonly kind: 'task' | 'timer' | 'posix' | 'timerfd';
	readonly id: number;
}

/** A sleeper that could go on when it was looked at, with its place in the order of sleepers. */
interface Ready {
	readonly pid: number;
	readonly order: number;
}

export class Sleepers {
	/** Tasks by the keys they sleep under or slept under last, as they often do so again; and the keys of each. */
	readonly #byKey = new Map<string, Set<number>>();
	readonly #keys = new Map<number, readonly string[]>();
	/** Sleepers that an event may have made ready; some more than once. */
	readonly #touched: number[] = [];
	/** Those that were ready when they were looked at, who has slept longest first; and the place with which each stands there. */
	readonly #ready = new Heap<Ready>((a, b) => a.order < b.order || (a.order === b.order && a.pid < b.pid));
	readonly #places = new Map<number, number>();
	readonly #deadlines = new Heap<Deadline>((a, b) => a.at < b.at);
	/** What the ends of files depend on, as it was when the last events were noted. */
	#files: MachineState['files'];
	#inodes: MachineState['inodes'];

	/** Groups that have set POSIX timers of CPU time. */
	readonly #cpuTimers = new Set<number>();

	constructor(state: MachineState) {
		this.#files = state.files;
		this.#inodes = state.inodes;
		for (const task of Object.values(state.tasks)) {
			this.#enter(state, task.pid);
			this.#touched.push(task.pid);
		}
		for (const anon of Object.values(state.anons)) this.#arm(anon);
		for (const { id, itimers, timers } of Object.values(state.groups)) {
			this.#armPosix(id, timers);
			if (itimers.real.expires !== null) this.#deadlines.push({ at: itimers.real.expires, kind: 'timer', id });
		}
	}

	/** Sleepers under a key, and tasks that are awake and slept there last. */
	under(key: string): Iterable<number> {
		return this.#byKey.get(key) ?? [];
	}

	/** Takes note of events. `state` is the one after them. */
	note(events: readonly KernelEvent[], state: MachineState): void {
		const sameEnds = state.files === this.#files && state.inodes === this.#inodes;
		this.#files = state.files;
		this.#inodes = state.inodes;
		for (const e of events) {
			switch (e.kind) {
				case 'task/block':
				case 'task/wake':
				case 'task/exit':
				case 'task/stop':
				case 'trace/stop':
				case 'trace/resume':
				case 'wait/move':
				case 'signal/restart':
					this.#enter(state, e.task);
					break;
				case 'task/new':
					this.#enter(state, e.task);
					break;
				case 'task/reap':
					this.#leave(e.task);
					break;
				case 'task/rename':
					this.#leave(e.task);
					this.#enter(state, e.to);
					break;
				case 'timer/set':
				case 'timer/expire':
					if (e.which === 'real' && e.value.expires !== null)
						this.#deadlines.push({ at: e.value.expires, kind: 'timer', id: e.group });
					break;
				case 'anon/set':
					this.#arm(e.anon);
					break;
				case 'group/set':
					if (e.fields.timers !== undefined) this.#cpuTimers.delete(e.group);
					this.#armPosix(e.group, e.fields.timers ?? []);
					break;
				default:
			}
			for (const key of touchedKeys(state, e)) {
				if (key === ENDS && sameEnds) continue;
				for (const pid of this.under(key)) this.#touched.push(pid);
			}
		}
	}

	/** The sleeper that goes on next: of those that may, who has slept longest; 0 = none. */
	ready(state: MachineState): number {
		const now = monotonicNs(state);
		for (let next = this.#next(state); next !== undefined && next.at <= now && next.kind === 'task'; next = this.#next(state)) {
			this.#touched.push(next.id);
			this.#deadlines.pop();
		}
		if (this.#touched.length > 0) this.#sort(state);
		for (let first = this.#ready.first; first !== undefined; first = this.#ready.first) {
			const { pid, order } = first;
			const task = state.tasks[pid];
			if (task?.wait?.order === order && isReady(state, task) !== null) return pid;
			// It went on, or somebody else was faster.
			this.#ready.pop();
			if (this.#places.get(pid) === order) this.#places.delete(pid);
		}
		return 0;
	}

	/** Looks at those that were touched. */
	#sort(state: MachineState): void {
		for (const pid of this.#touched) {
			const task = state.tasks[pid];
			const order = task?.wait?.order ?? 0;
			if (task === undefined || this.#places.get(pid) === order || isReady(state, task) === null) continue;
			this.#places.set(pid, order);
			this.#ready.push({ pid, order });
		}
		this.#touched.length = 0;
	}

	/** Monotonic ns of the next thing that time does while nothing else happens; null = nothing. */
	deadline(state: MachineState): number | null {
		const cpu = nextCpuDeadline(state, this.#cpuTimers);
		const next = this.#next(state)?.at ?? null;
		return cpu === null || (next !== null && next < cpu) ? next : cpu;
	}

	#arm(anon: Anon): void {
		if (anon.kind === 'timerfd' && anon.expires !== null)
			this.#deadlines.push({ at: anon.expires, kind: 'timerfd', id: anon.id });
	}

	#armPosix(group: number, timers: readonly PosixTimer[]): void {
		for (const { clock, expires } of timers) {
			if (expires !== null && clock >= 0) this.#deadlines.push({ at: expires, kind: 'posix', id: group });
		}
		if (timers.some(({ clock, expires }) => expires !== null && clock < 0)) this.#cpuTimers.add(group);
	}

	#enter(state: MachineState, pid: number): void {
		const task = state.tasks[pid];
		if (task?.state !== 'sleeping') {
			if (task === undefined || !isAlive(task)) this.#leave(pid);
			return;
		}
		const keys = waitKeys(task);
		const known = this.#keys.get(pid);
		const same = known?.length === keys.length && keys.every((key, i) => key === known[i]);
		if (!same) this.#leave(pid);
		this.#keys.set(pid, keys);
		for (const key of same ? [] : keys) {
			const there = this.#byKey.get(key);
			if (there) there.add(pid);
			else this.#byKey.set(key, new Set([pid]));
		}
		if (task.wait !== null && task.wait.deadline !== null)
			this.#deadlines.push({ at: task.wait.deadline, kind: 'task', id: pid });
		// What it waits for may be there already, or a signal may be.
		this.#touched.push(pid);
	}

	#leave(pid: number): void {
		for (const key of this.#keys.get(pid) ?? []) {
			const there = this.#byKey.get(key);
			there?.delete(pid);
			if (there?.size === 0) this.#byKey.delete(key);
		}
		this.#keys.delete(pid);
	}

	/** The first deadline that still holds. */
	#next(state: MachineState): Deadline | undefined {
		for (let first = this.#deadlines.first; first !== undefined; first = this.#deadlines.first) {
			const { kind, id, at } = first;
			if (isDue(state, kind, id, at)) return first;
			this.#deadlines.pop();
		}
		return undefined;
	}
}

/** Whether a deadline is still the state's. */
function isDue(state: MachineState, kind: Deadline['kind'], id: number, at: number): boolean {
	switch (kind) {
		case 'task':
			return state.tasks[id]?.state === 'sleeping' && state.tasks[id].wait?.deadline === at;
		case 'timer':
			return state.groups[id]?.itimers.real.expires === at;
		case 'posix':
			return state.groups[id]?.timers.some((t) => t.clock >= 0 && t.expires === at) ?? false;
		case 'timerfd': {
			const anon = state.anons[id];
			return anon?.kind === 'timerfd' && anon.expires === at;
		}
	}
}
