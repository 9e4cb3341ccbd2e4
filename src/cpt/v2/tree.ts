/** The tree that an image is of: who comes after whom in the stream, and whose memory stands with which task. */
import type { MachineState, Task } from '../../reducers/state.ts';

/** Root of the tree: the task with the lowest pid. */
export function rootPid(state: MachineState): number {
	return Number(Object.keys(state.tasks)[0] ?? 0);
}

/**
 * The address space that stands in the image behind a process's first thread; 0 = none. A first thread that has ended has let
 * go of it: while others live, the process's is theirs (as the shipped dump borrows it from one of them).
 */
export function memoryOf({ tasks, groups }: MachineState, task: Task): number {
	if (task.tgid !== task.pid || task.mm !== 0) return task.mm;
	return groups[task.group].threads.map((pid) => tasks[pid]?.mm ?? 0).find((mm) => mm !== 0) ?? 0;
}

/**
 * The tasks that follow a task in the stream: threads of its process in the order in which they came, then its children in
 * that of their pids. A task whose parent is outside the container follows the root.
 */
export function below(state: MachineState, task: Task): readonly Task[] {
	if (task.tgid !== task.pid) return [];
	const { tasks } = state;
	const threads = state.groups[task.group].threads.filter((pid) => pid !== task.pid).map((pid) => tasks[pid]);
	const root = rootPid(state);
	const isBelow = (t: Task) => t.ppid === task.pid || (task.pid === root && t.pid !== root && tasks[t.ppid] === undefined);
	return [...threads, ...Object.values(tasks).filter((t) => t.tgid === t.pid && isBelow(t))];
}

/** The tasks of a tree whose dump succeeds, root first, as they are dumped. */
export function dumpOrder(state: MachineState, pid = rootPid(state)): readonly Task[] {
	const task = state.tasks[pid];
	return [task, ...below(state, task).flatMap((t) => dumpOrder(state, t.pid))];
}

/** The state with the tasks of a tree alone, and the pipes that they have ends of. */
export function subtree(state: MachineState, root: number): MachineState {
	const tasks = Object.fromEntries(dumpOrder(state, root).map((t) => [t.pid, t]));
	const channels = new Set<number>();
	for (const { fdTable } of Object.values(tasks)) {
		for (const { file } of Object.values(state.fdTables[fdTable]?.fds ?? {})) {
			const inode = state.inodes[state.files[file].inode];
			if (inode.kind === 'fifo') channels.add(inode.channel);
		}
	}
	const pipes = Object.fromEntries(Object.entries(state.pipes).filter(([id]) => channels.has(Number(id))));
	return { ...state, tasks, pipes };
}
