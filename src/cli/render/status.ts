/** What became of a task, in words. */
import type { Task } from '../../events/entities.ts';
import { signalName } from '../../kernel/abi/signal.ts';

/** `exit 0`, `killed by SIGSEGV`, `sleeping`, … */
export function statusText(task: Task): string {
	if (task.state === 'zombie' || task.state === 'dead') return waitStatusText(task.exitStatus);
	return task.state;
}

/** A wait status as wait4 shows it. */
export function waitStatusText(status: number): string {
	const signal = status & 0x7f;
	if (signal === 0) return `exit ${(status >> 8) & 0xff}`;
	return `killed by ${signalName(signal)}${status & 0x80 ? ' (core dumped)' : ''}`;
}

/** The exit status a shell would show: the code, or 128 + signal. */
export function shellStatus(status: number): number {
	const signal = status & 0x7f;
	return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

/** The same as plain values: `exit` the code, `signal` the name; both null while it lives. */
export function exitJson(status: number | null): { readonly exit: number | null; readonly signal: string | null } {
	const signal = status === null ? 0 : status & 0x7f;
	return { exit: status === null || signal ? null : (status >> 8) & 0xff, signal: signal ? signalName(signal) : null };
}
