/** Writing to files of /proc: the name of a thread of the caller's process (fs/proc/base.c comm_write). */
import type { OpenFile } from '../events/entities.ts';
import { TASK_NAME } from './abi/clone.ts';
import { Errno } from './abi/errno.ts';
import type { Decision } from './decision.ts';
import { truncateFile, writeFile } from './file-data.ts';
import { inodeOf } from './open-file.ts';
import { pidIn } from './pids.ts';
import { procContent, procNs } from './procfs.ts';

/** Whether a file of /proc, by its name there, may be written to. */
export function isWritableProc(name: string): boolean {
	return /^[0-9]+\/comm$/.test(name);
}

/** A write to an open file: bytes written or -errno; undefined where it is none of /proc. Its position does not move. */
export function writeProc(d: Decision, file: OpenFile, bytes: Uint8Array): number | undefined {
	const inode = inodeOf(d, file);
	if (inode.kind !== 'file' || d.state.supers[inode.sb]?.type !== 'proc') return undefined;
	const name = file.path.slice(1);
	const ns = procNs(d.state, inode.sb);
	const task = d.state.tasks[pidIn(d.state, ns, Number(name.split('/')[0]))];
	if (task?.group !== d.task.group) return -Errno.EINVAL;
	const text = bytes.subarray(0, TASK_NAME - 1);
	const end = text.indexOf(0);
	const comm = String.fromCharCode(...text.subarray(0, end < 0 ? text.length : end));
	d.emit({ kind: 'task/set', task: task.pid, fields: { comm } });
	// Who has it open reads the new name.
	truncateFile(d, inode, 0);
	writeFile(d, inode, 0, procContent(d, name, ns));
	return bytes.length;
}
