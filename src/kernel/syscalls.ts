/** The table of system calls: the rows of all files of calls, by number. */
import type { Persona } from '../events/persona.ts';
import { moduleRows } from './calls/checkpoint.ts';
import { directoryRows } from './calls/directories.ts';
import { fileRows } from './calls/files.ts';
import { identityRows } from './calls/identity.ts';
import { ipcRows } from './calls/ipc.ts';
import { memoryRows } from './calls/memory.ts';
import { miscRows } from './calls/misc.ts';
import { mountRows } from './calls/mount.ts';
import { namespaceRows } from './calls/namespaces.ts';
import { pidfdRows } from './calls/pidfd.ts';
import { pollRows } from './calls/poll.ts';
import { processRows } from './calls/process.ts';
import { processMemoryRows } from './calls/process-memory.ts';
import { ptraceRows } from './calls/ptrace.ts';
import { segmentRows } from './calls/segments.ts';
import { signalRows } from './calls/signals.ts';
import { timeRows } from './calls/time.ts';
import type { SyscallRow } from './row.ts';

/** Every row, by ascending number. */
export const SYSCALLS: readonly SyscallRow[] = [
	...directoryRows,
	...fileRows,
	...identityRows,
	...ipcRows,
	...memoryRows,
	...miscRows,
	...namespaceRows,
	...mountRows,
	...pidfdRows,
	...pollRows,
	...processMemoryRows,
	...processRows,
	...ptraceRows,
	...segmentRows,
	...signalRows,
	...timeRows,
].sort((a, b) => a.nr - b.nr);

const BY_NUMBER: readonly (SyscallRow | undefined)[] = (() => {
	const rows: (SyscallRow | undefined)[] = new Array(512).fill(undefined);
	for (const row of SYSCALLS) {
		if (rows[row.nr] !== undefined) throw new Error(`internal error: two rows for call ${row.nr}`);
		rows[row.nr] = row;
	}
	return rows;
})();

/** The row of a call, or undefined for a number without one. A loaded checkpoint module has two numbers for itself. */
export function syscallRow(nr: number, { checkpointModule }: Pick<Persona, 'checkpointModule'>): SyscallRow | undefined {
	return (checkpointModule && moduleRows.find((row) => row.nr === nr)) ?? BY_NUMBER[nr];
}
