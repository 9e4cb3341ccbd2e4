/** Where a frozen process is, in words. */
import { callName } from '../../kernel/abi/call-numbers.ts';
import type { MachineState, Task } from '../../reducers/state.ts';
import { shownBytes } from '../output.ts';
import { hex8 } from './items.ts';
import { type Names, namesByTask } from './names.ts';
import { statusText } from './status.ts';

/** `pid 2 "waiter" asleep in pause()`. */
export function taskText(task: Task, names: Names): string {
	return `pid ${task.pid} "${shownBytes(task.comm)}" ${standing(task, names)}`;
}

function standing(task: Task, names: Names): string {
	const { state, origAx, cpu } = task;
	if (state === 'sleeping') return `asleep in ${callName(origAx)}()`;
	if (state !== 'running') return statusText(task);
	return placeText(cpu.eip, names);
}

/** `at 080480ce main+46`. */
export function placeText(eip: number, names: Names): string {
	const name = names.of(eip);
	return `at ${hex8(eip)}${name === '' ? '' : ` ${name}`}`;
}

/** Every task of a container, joined. */
export function tasksText(state: MachineState): string {
	const names = namesByTask(state);
	return Object.values(state.tasks)
		.map((t) => taskText(t, names(t)))
		.join(', ');
}
