/** fcntl, fcntl64, flock: flags of descriptors and open files, locks, owners, sizes of pipes (fs/fcntl.c, fs/locks.c). */
import type { OpenFile, Vma } from '../../events/entities.ts';
import { Vm } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { F, FD_CLOEXEC, LOCK_TYPE, O, SEAL } from '../abi/fcntl.ts';
import type { Decision, Outcome } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { descriptorLimit, fileAt, inodeOf, isMemfd, mayWrite, setDescriptor } from '../open-file.ts';
import { fsIds, owns } from '../permissions.ts';
import { numberOf, pidOf } from '../pids.ts';
import type { Resume, SyscallRow } from '../row.ts';
import { flock, recordLock } from './file-locks.ts';
import { duplicate } from './files-open.ts';

/** Flags F_SETFL changes. */
const SETFL = O.APPEND | O.NONBLOCK | O.ASYNC | O.DIRECT | O.NOATIME;
/** Commands that an O_PATH descriptor serves. */
const PATH_COMMANDS: readonly number[] = [F.DUPFD, F.DUPFD_CLOEXEC, F.GETFD, F.SETFD, F.GETFL];

function fcntl(d: Decision, fd: number, command: number, arg: number, wide: boolean, resume: Resume | null): Outcome {
	const file = fileAt(d, fd);
	if (file === undefined || (file.flags & O.PATH && !PATH_COMMANDS.includes(command))) return -Errno.EBADF;
	switch (command) {
		case F.DUPFD:
		case F.DUPFD_CLOEXEC:
			if (arg >= descriptorLimit(d)) return -Errno.EINVAL;
			return duplicate(d, fd, arg, command === F.DUPFD_CLOEXEC);
		case F.GETFD:
			return d.state.fdTables[d.task.fdTable].fds[fd | 0].cloexec ? FD_CLOEXEC : 0;
		case F.SETFD:
			setDescriptor(d, fd | 0, file.id, (arg & FD_CLOEXEC) !== 0);
			return 0;
		case F.GETFL:
			return file.flags;
		case F.SETFL:
			return setFlags(d, file, arg);
		case F.GETLK:
		case F.SETLK:
		case F.SETLKW:
			return recordLock(d, file, { command, kind: 'posix', address: arg, wide: false }, resume);
		case F.GETLK64:
		case F.SETLK64:
		case F.SETLKW64:
			return wide ? recordLock(d, file, { command, kind: 'posix', address: arg, wide }, resume) : -Errno.EINVAL;
		case F.OFD_GETLK:
		case F.OFD_SETLK:
		case F.OFD_SETLKW:
			return wide ? recordLock(d, file, { command, kind: 'ofd', address: arg, wide }, resume) : -Errno.EINVAL;
		case F.SETOWN:
		case F.GETOWN:
		case F.SETOWN_EX:
		case F.GETOWN_EX:
		case F.SETSIG:
		case F.GETSIG:
			return owner(d, file, command, arg);
		case F.GETLEASE:
			return LOCK_TYPE.UNLCK;
		case F.SETLEASE:
		case F.NOTIFY:
			return unsupported(d, 'leases and directory notes of fcntl', Errno.EINVAL);
		case F.SETPIPE_SZ:
		case F.GETPIPE_SZ:
			return pipeSize(d, file, command, arg);
		case F.GET_SEALS:
			return isMemfd(file) ? inodeOf(d, file).seals : -Errno.EINVAL;
		case F.ADD_SEALS:
			return addSeals(d, file, arg);
		default:
			return -Errno.EINVAL;
	}
}

/** memfd_add_seals. -errno: EPERM EINVAL EBUSY (somebody may write to it through a mapping) */
function addSeals(d: Decision, file: OpenFile, seals: number): number {
	if (!mayWrite(file)) return -Errno.EPERM;
	if (seals & ~(SEAL.SEAL | SEAL.SHRINK | SEAL.GROW | SEAL.WRITE | SEAL.FUTURE_WRITE)) return -Errno.EINVAL;
	if (!isMemfd(file)) return -Errno.EINVAL;
	const { id, object, seals: before } = inodeOf(d, file);
	if (before & SEAL.SEAL) return -Errno.EPERM;
	const writes = (v: Vma) => v.object === object && (v.flags & Vm.SHARED) !== 0 && (v.flags & Vm.MAYWRITE) !== 0;
	if (seals & SEAL.WRITE && !(before & SEAL.WRITE) && Object.values(d.state.mms).some((mm) => mm.vmas.some(writes)))
		return -Errno.EBUSY;
	d.emit({ kind: 'inode/set', inode: id, fields: { seals: before | seals } });
	return 0;
}

function setFlags(d: Decision, file: OpenFile, arg: number): number {
	if (arg & O.ASYNC) return unsupported(d, 'O_ASYNC', Errno.EINVAL);
	if (arg & O.NOATIME && !(file.flags & O.NOATIME) && !owns(fsIds(d.task.creds), inodeOf(d, file))) return -Errno.EPERM;
	if (arg & O.DIRECT && inodeOf(d, file).kind !== 'file' && inodeOf(d, file).kind !== 'fifo') return -Errno.EINVAL;
	const flags = (file.flags & ~SETFL) | (arg & SETFL);
	if (flags !== file.flags) d.emit({ kind: 'file/set', file: file.id, fields: { flags } });
	return 0;
}

/** Who is told of input: kept, though this machine sends no SIGIO. F_OWNER_TID 0, F_OWNER_PID 1, F_OWNER_PGRP 2. */
function owner(d: Decision, file: OpenFile, command: number, arg: number): number {
	const set = (fields: { owner?: number; signal?: number }) => {
		d.emit({ kind: 'file/set', file: file.id, fields });
		return 0;
	};
	/** A number of a process, or (negative) of a process group. */
	const setOwner = (nr: number) => {
		const pid = Math.sign(nr) * pidOf(d, Math.abs(nr));
		return nr === 0 || isKnown(d, pid) ? set({ owner: pid }) : -Errno.ESRCH;
	};
	switch (command) {
		case F.SETOWN:
			return arg === 0x80000000 ? -Errno.EINVAL : setOwner(arg | 0);
		case F.GETOWN:
			return Math.sign(file.owner) * numberOf(d, Math.abs(file.owner));
		case F.SETSIG:
			return arg > 64 ? -Errno.EINVAL : set({ signal: arg });
		case F.GETSIG:
			return file.signal;
		case F.GETOWN_EX: {
			const pair = Int32Array.of(file.owner < 0 ? 2 : 1, numberOf(d, Math.abs(file.owner)));
			return d.write(arg, new Uint8Array(pair.buffer)) ? 0 : -Errno.EFAULT;
		}
		default: {
			const raw = d.read(arg, 8);
			if (raw === undefined) return -Errno.EFAULT;
			const v = new DataView(raw.buffer, raw.byteOffset);
			const type = v.getInt32(0, true);
			const nr = v.getInt32(4, true);
			return type < 0 || type > 2 ? -Errno.EINVAL : setOwner(type === 2 ? -nr : nr);
		}
	}
}

function isKnown(d: Decision, pid: number): boolean {
	return d.state.tasks[pid] !== undefined || Object.values(d.state.groups).some((g) => g.pgrp === -pid);
}

/** Largest pipe that one without privileges may ask for (fs.pipe-max-size). */
const PIPE_MAX = 1024 * 1024;

function pipeSize(d: Decision, file: OpenFile, command: number, arg: number): number {
	const inode = inodeOf(d, file);
	if (inode.kind !== 'fifo') return -Errno.EBADF;
	const pipe = d.state.pipes[inode.channel];
	if (command === F.GETPIPE_SZ) return pipe.capacity;
	// Whole pages, a power of two of them.
	let capacity = 4096;
	while (capacity < arg && capacity < 2 ** 31) capacity *= 2;
	if (arg > 2 ** 31) return -Errno.EINVAL;
	if (capacity > PIPE_MAX && d.task.creds.euid !== 0) return -Errno.EPERM;
	if (pipe.data.length > capacity) return -Errno.EBUSY;
	if (capacity !== pipe.capacity) d.emit({ kind: 'pipe/set', pipe: pipe.id, fields: { capacity } });
	return capacity;
}

export const fcntlRows: readonly SyscallRow[] = [
	{
		nr: 55,
		name: 'fcntl',
		args: ['fd', 'enum:fcntl', 'hex'],
		support: 'partial',
		note: 'no O_ASYNC, leases',
		handler: (d, [fd, command, arg], resume) => fcntl(d, fd, command, arg, false, resume),
	},
	{
		nr: 221,
		name: 'fcntl64',
		args: ['fd', 'enum:fcntl', 'hex'],
		support: 'partial',
		note: 'as fcntl',
		handler: (d, [fd, command, arg], resume) => fcntl(d, fd, command, arg, true, resume),
	},
	{
		nr: 143,
		name: 'flock',
		args: ['fd', 'flags:flock'],
		support: 'full',
		handler: (d, [fd, operation], resume) => flock(d, fd, operation, resume),
	},
];
