/** /proc/sysvipc: a line for each object of the reader's ipc namespace (sysvipc_*_proc_show of Linux 6.1, with a 32-bit kernel's columns). */
import { IPC_CLASSES, type IpcClass, type IpcObject } from '../events/ipc.ts';
import { bytesIn, ipcId } from './abi/ipc.ts';
import { attachments } from './attachments.ts';
import { residentPages } from './calls/shm.ts';
import type { Decision } from './decision.ts';
import { ipcNs, objectsOf } from './ipc.ts';

/** Names in the directory, sorted. */
export const SYSVIPC_NAMES: readonly string[] = [...IPC_CLASSES].sort();

const HEADS: { readonly [of in IpcClass]: string } = {
	shm: `       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime        rss       swap`,
	sem: '       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime',
	msg: '       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime',
};

const right = (value: number, width: number): string => String(value).padStart(width);
const tens = (...values: readonly number[]): string => values.map((v) => right(v, 10)).join(' ');

/** key, id, mode; user and group ids. */
const head = (o: IpcObject): string => `${right(o.key, 10)} ${right(ipcId(o), 10)}  ${o.mode.toString(8).padStart(4)}`;
const owners = (o: IpcObject): string => [o.uid, o.gid, o.cuid, o.cgid].map((id) => right(id, 5)).join(' ');

function line(d: Decision, o: IpcObject): string {
	switch (o.kind) {
		case 'shm': {
			const pids = `${right(o.cpid, 5)} ${right(o.lpid, 5)}  ${right(attachments(d.state, o), 5)}`;
			return `${head(o)} ${right(o.size, 10)} ${pids} ${owners(o)} ${tens(o.atime, o.dtime, o.ctime, residentPages(d, o) * 4096, 0)}`;
		}
		case 'sem':
			return `${head(o)} ${right(o.sems.length, 10)} ${owners(o)} ${tens(o.otime, o.ctime)}`;
		case 'msg': {
			const pids = `${right(o.lspid, 5)} ${right(o.lrpid, 5)}`;
			return `${head(o)}  ${tens(bytesIn(o), o.messages.length)} ${pids} ${owners(o)} ${tens(o.stime, o.rtime, o.ctime)}`;
		}
	}
}

/** The contents of /proc/sysvipc/`of`. */
export function sysvipc(d: Decision, of: IpcClass): string {
	const lines = objectsOf(d.state, of, ipcNs(d)).map((o: IpcObject) => `${line(d, o)}\n`);
	return `${HEADS[of]}\n${lines.join('')}`;
}
