/** Memory of other processes, and what processes have in common: process_vm_readv, process_vm_writev, kcmp (mm/process_vm_access.c, kernel/kcmp.c of Linux 6.1). */
import type { Mm, Task } from '../../events/entities.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import { Errno } from '../abi/errno.ts';
import { UIO_MAXIOV } from '../abi/fcntl.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import { taskOf } from '../pids.ts';
import type { SyscallRow } from '../row.ts';
import { type Buffer, gather, scatter, totalLength, userVector, writableLength } from '../user-buffers.ts';
import { mayTrace } from './ptrace.ts';

/** Places in another process: addresses are looked at when they are used. -errno: EINVAL EFAULT */
function remoteVector(d: Decision, at: number, count: number): readonly Buffer[] | number {
	if (count > UIO_MAXIOV) return -Errno.EINVAL;
	const raw = d.read(at, count * 8);
	if (raw === undefined) return -Errno.EFAULT;
	const word = (i: number) => viewOf(raw).getUint32(i * 4, true);
	const list = Array.from({ length: count }, (_, i) => ({ address: word(2 * i), length: word(2 * i + 1) }));
	return list.some(({ length }) => length >>> 31 !== 0) ? -Errno.EINVAL : list;
}

/** Parts of at most a page, up to so many bytes. */
function* pageParts(list: readonly Buffer[], limit: number): Generator<Buffer> {
	let left = limit;
	for (const { address, length } of list) {
		const end = address + Math.min(length, left);
		left -= end - address;
		for (let at = address; at < end; ) {
			const n = Math.min(PAGE_SIZE - (at % PAGE_SIZE), end - at);
			yield { address: at, length: n };
			at += n;
		}
	}
}

/** Bytes of another's memory up to the first page that cannot be read. */
function readRemote(d: Decision, mm: Mm, list: readonly Buffer[], limit: number): Uint8Array {
	const out = new Uint8Array(limit);
	let done = 0;
	for (const { address, length } of pageParts(list, limit)) {
		const bytes = d.read(address, length, mm);
		if (bytes === undefined) break;
		out.set(bytes, done);
		done += length;
	}
	return out.subarray(0, done);
}

/** Bytes into another's memory up to the first page that cannot be written. @returns how many */
function writeRemote(d: Decision, mm: Mm, list: readonly Buffer[], bytes: Uint8Array): number {
	let done = 0;
	for (const { address, length } of pageParts(list, bytes.length)) {
		if (!d.writable(address, length, false, mm)) break;
		d.emit({ kind: 'memory/write', mm: mm.id, address, bytes: bytes.slice(done, done + length), force: false });
		done += length;
	}
	return done;
}

function processMemory(d: Decision, args: readonly number[], writes: boolean): Outcome {
	const [pid, localAt, localCount, remoteAt, remoteCount, flags] = args;
	if (flags !== 0) return -Errno.EINVAL;
	const local = userVector(d, localAt, localCount);
	if (typeof local === 'number') return local;
	if (totalLength(local) === 0) return 0;
	const remote = remoteVector(d, remoteAt, remoteCount);
	if (typeof remote === 'number') return remote;
	if (totalLength(remote) === 0) return 0;
	const task = taskOf(d, pid);
	const mm = task === undefined ? undefined : d.state.mms[task.mm];
	if (task === undefined || mm === undefined) return -Errno.ESRCH;
	if (mm.id !== d.mm.id && !mayTrace(d, task)) return -Errno.EPERM;
	const limit = Math.min(totalLength(local), totalLength(remote));
	if (writes) {
		const bytes = gather(d, local)?.subarray(0, limit) ?? new Uint8Array(0);
		const done = writeRemote(d, mm, remote, bytes);
		return done > 0 ? done : -Errno.EFAULT;
	}
	const bytes = readRemote(d, mm, remote, limit);
	const n = writableLength(d, local, bytes.length);
	scatter(d, local, bytes.subarray(0, n));
	return n > 0 ? n : -Errno.EFAULT;
}

/** KCMP_*: what of two tasks is compared. */
const KCMP = { FILE: 0, VM: 1, FILES: 2, FS: 3, SIGHAND: 4, IO: 5, SYSVSEM: 6, EPOLL_TFD: 7 } as const;

/** The first of all tasks, by pid, that has something: an order of things that no internal number shows in. */
function firstWith(d: Decision, has: (task: Task) => number | undefined): number {
	for (const task of Object.values(d.state.tasks)) {
		const place = has(task);
		if (place !== undefined) return task.pid * 2 ** 21 + place;
	}
	return 0;
}

/** Two things by their numbers: 0 the same, else 1 or 2 by who has them first. */
function ordered(d: Decision, [a, b]: readonly [number, number], place: (task: Task, id: number) => number | undefined): number {
	if (a === b) return 0;
	const [x, y] = [a, b].map((id) => (id === 0 ? -1 : firstWith(d, (task) => place(task, id))));
	return x < y ? 1 : 2;
}

function fileOf(d: Decision, task: Task, fd: number): number {
	return d.state.fdTables[task.fdTable]?.fds[fd | 0]?.file ?? 0;
}

const filePlace =
	(d: Decision) =>
	(task: Task, id: number): number | undefined => {
		const fds = Object.entries(d.state.fdTables[task.fdTable]?.fds ?? {});
		const found = fds.find(([, { file }]) => file === id);
		return found === undefined ? undefined : Number(found[0]);
	};

/** The file that an epoll of a task looks at: struct kcmp_epoll_slot. -errno: EFAULT EBADF EINVAL ENOENT */
function epollTarget(d: Decision, task: Task, at: number): number {
	const raw = d.read(at, 12);
	if (raw === undefined) return -Errno.EFAULT;
	const [epollFd, fd, skip] = [0, 4, 8].map((o) => viewOf(raw).getUint32(o, true));
	const file = d.state.files[fileOf(d, task, epollFd)];
	if (file === undefined) return -Errno.EBADF;
	const inode = d.state.inodes[file.inode];
	const epoll = inode.kind === 'anon' ? d.state.anons[inode.channel] : undefined;
	if (epoll?.kind !== 'epoll') return -Errno.EINVAL;
	return epoll.items.filter((i) => i.fd === fd)[skip]?.file ?? -Errno.ENOENT;
}

function kcmp(d: Decision, [pid1, pid2, type, index1, index2]: readonly number[]): Outcome {
	const [one, two] = [taskOf(d, pid1), taskOf(d, pid2)];
	if (one === undefined || two === undefined) return -Errno.ESRCH;
	for (const task of [one, two]) if (task.group !== d.task.group && !mayTrace(d, task)) return -Errno.EPERM;
	const by = (field: 'mm' | 'fdTable' | 'fs' | 'sighand' | 'semUndo'): number =>
		ordered(d, [one[field], two[field]], (task, id) => (task[field] === id ? 0 : undefined));
	switch (type) {
		case KCMP.FILE: {
			const files = [fileOf(d, one, index1), fileOf(d, two, index2)] as const;
			return files.includes(0) ? -Errno.EBADF : ordered(d, files, filePlace(d));
		}
		case KCMP.VM:
			return by('mm');
		case KCMP.FILES:
			return by('fdTable');
		case KCMP.FS:
			return by('fs');
		case KCMP.SIGHAND:
			return by('sighand');
		case KCMP.IO:
			// Nobody has an I/O context of his own.
			return 0;
		case KCMP.SYSVSEM:
			return by('semUndo');
		case KCMP.EPOLL_TFD: {
			const file = fileOf(d, one, index1);
			if (file === 0) return -Errno.EBADF;
			const other = epollTarget(d, two, index2);
			return other < 0 ? other : ordered(d, [file, other], filePlace(d));
		}
		default:
			return -Errno.EINVAL;
	}
}

export const processMemoryRows: readonly SyscallRow[] = [
	{
		nr: 347,
		name: 'process_vm_readv',
		args: ['pid', 'addr', 'ulong', 'addr', 'ulong', 'ulong'],
		support: 'full',
		handler: (d, args) => processMemory(d, args, false),
	},
	{
		nr: 348,
		name: 'process_vm_writev',
		args: ['pid', 'iovec', 'ulong', 'addr', 'ulong', 'ulong'],
		support: 'full',
		handler: (d, args) => processMemory(d, args, true),
	},
	{
		nr: 349,
		name: 'kcmp',
		args: ['pid', 'pid', 'enum:kcmp', 'ulong', 'hex'],
		support: 'partial',
		note: 'which of two that differ is the greater one may change when who has it first ends',
		handler: kcmp,
	},
];
