/** Locks on files: those of fcntl, of a process or of an open file, and flock's (fs/locks.c of Linux 6.1). */
import type { FileLock, Inode, OpenFile } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { F, LOCK_TYPE, O, SEEK } from '../abi/fcntl.ts';
import type { Decision, Outcome } from '../decision.ts';
import { conflicting, withLock, withoutLock } from '../locks.ts';
import { fileAt, inodeOf, mayRead, mayWrite } from '../open-file.ts';
import { numberOf } from '../pids.ts';
import type { Resume } from '../row.ts';

/** A command of fcntl about locks: struct flock at `address`, or (`wide`) struct flock64. */
interface Request {
	readonly command: number;
	readonly kind: 'posix' | 'ofd';
	readonly address: number;
	readonly wide: boolean;
}

const ASKS: readonly number[] = [F.GETLK, F.GETLK64, F.OFD_GETLK];
const WAITS: readonly number[] = [F.SETLKW, F.SETLKW64, F.OFD_SETLKW];
/** End of a lock that goes on to the end of the file, wherever that is. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;

/** F_GETLK, F_SETLK, F_SETLKW in all their forms. The range and the file are checked as flock_to_posix_lock does. */
export function recordLock(d: Decision, file: OpenFile, request: Request, resume: Resume | null): Outcome {
	const { command, kind, address, wide } = request;
	const raw = d.read(address, wide ? 24 : 16);
	if (raw === undefined) return -Errno.EFAULT;
	const v = new DataView(raw.buffer, raw.byteOffset);
	const type = v.getInt16(0, true);
	const whence = v.getInt16(2, true);
	const start = wide ? Number(v.getBigInt64(4, true)) : v.getInt32(4, true);
	const length = wide ? Number(v.getBigInt64(12, true)) : v.getInt32(8, true);
	const asks = ASKS.includes(command);
	if (asks && type !== LOCK_TYPE.RDLCK && type !== LOCK_TYPE.WRLCK) return -Errno.EINVAL;
	if (kind === 'ofd' && v.getInt32(wide ? 20 : 12, true) !== 0) return -Errno.EINVAL;
	if (whence !== SEEK.SET && whence !== SEEK.CUR && whence !== SEEK.END) return -Errno.EINVAL;
	const inode = inodeOf(d, file);
	const base = whence === SEEK.SET ? 0 : whence === SEEK.CUR ? file.pos : inode.size;
	const from = base + start + Math.min(0, length);
	if (base + start < 0 || from < 0) return -Errno.EINVAL;
	if (type !== LOCK_TYPE.RDLCK && type !== LOCK_TYPE.WRLCK && type !== LOCK_TYPE.UNLCK) return -Errno.EINVAL;
	const end = length === 0 ? TO_THE_END : length > 0 ? base + start + length : base + start;
	const owner = kind === 'posix' ? { table: d.task.fdTable, file: 0, pid: d.task.tgid } : { table: 0, file: file.id, pid: -1 };
	const lock: FileLock = { kind, write: type === LOCK_TYPE.WRLCK, start: from, end, ...owner };
	if (asks) return tellConflict(d, inode, lock, address, wide);
	if (type === LOCK_TYPE.RDLCK && !mayRead(file)) return -Errno.EBADF;
	if (type === LOCK_TYPE.WRLCK && !mayWrite(file)) return -Errno.EBADF;
	if (type === LOCK_TYPE.UNLCK) return setLocks(d, inode, withoutLock(inode.locks, lock));
	return take(d, inode, lock, WAITS.includes(command), resume);
}

function setLocks(d: Decision, inode: Inode, locks: readonly FileLock[]): number {
	if (locks.length !== inode.locks.length || locks.some((l, i) => l !== inode.locks[i])) {
		d.emit({ kind: 'inode/lock', inode: inode.id, locks });
	}
	return 0;
}

/** Sets a lock, or waits for it. -EAGAIN, -EDEADLK: who holds it waits, directly or through others, for the caller. */
function take(d: Decision, inode: Inode, lock: FileLock, waits: boolean, resume: Resume | null): Outcome {
	const other = conflicting(inode.locks, lock);
	if (other === undefined) return setLocks(d, inode, withLock(inode.locks, lock));
	if (!waits) return -Errno.EAGAIN;
	if (resume?.reason === 'signal') return resume.wait.restart;
	if (lock.kind === 'posix' && waitsFor(d, other, lock.table)) return -Errno.EDEADLK;
	const on = [{ kind: 'lock' as const, inode: inode.id, lock }];
	return { kind: 'block', wait: { on, deadline: null, restart: Restart.SYS, signals: 0n }, restartBlock: null };
}

/** posix_locks_deadlock: follows who waits for whom among the owners of record locks. */
function waitsFor(d: Decision, held: FileLock, table: number): boolean {
	let owner = held.table;
	for (let n = 0; n < 10 && owner !== 0; n++) {
		if (owner === table) return true;
		const sleeper = Object.values(d.state.tasks).find((t) => t.fdTable === owner && t.wait?.on.some((on) => on.kind === 'lock'));
		const on = sleeper?.wait?.on.find((w) => w.kind === 'lock');
		const next = on?.kind === 'lock' ? conflicting(d.state.inodes[on.inode].locks, on.lock) : undefined;
		owner = next?.table ?? 0;
	}
	return false;
}

/** F_GETLK: the lock that stands in the way, or F_UNLCK and the rest as it was. */
function tellConflict(d: Decision, inode: Inode, lock: FileLock, address: number, wide: boolean): number {
	const other = conflicting(inode.locks, lock);
	if (other === undefined) return d.write(address, new Uint8Array(Uint16Array.of(LOCK_TYPE.UNLCK).buffer)) ? 0 : -Errno.EFAULT;
	const bytes = new Uint8Array(wide ? 24 : 16);
	const v = new DataView(bytes.buffer);
	v.setInt16(0, other.write ? LOCK_TYPE.WRLCK : LOCK_TYPE.RDLCK, true);
	v.setInt16(2, SEEK.SET, true);
	const length = other.end === TO_THE_END ? 0 : other.end - other.start;
	if (wide) {
		v.setBigInt64(4, BigInt(other.start), true);
		v.setBigInt64(12, BigInt(length), true);
	} else {
		if (other.start > 0x7fffffff || length > 0x7fffffff) return -Errno.EOVERFLOW;
		v.setInt32(4, other.start, true);
		v.setInt32(8, length, true);
	}
	v.setInt32(wide ? 20 : 12, other.pid > 0 ? numberOf(d, other.pid) : other.pid, true);
	return d.write(address, bytes) ? 0 : -Errno.EFAULT;
}

/** LOCK_SH 1, LOCK_EX 2, LOCK_NB 4, LOCK_UN 8. */
const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const;

/** flock(2): a lock of the open file on the whole file. Another kind replaces the one it has, and is waited for without it. */
export function flock(d: Decision, fd: number, operation: number, resume: Resume | null): Outcome {
	const file = fileAt(d, fd);
	const kind = operation & ~LOCK.NB;
	if (kind !== LOCK.SH && kind !== LOCK.EX && kind !== LOCK.UN) return -Errno.EINVAL;
	if (file === undefined || file.flags & O.PATH) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	const write = kind === LOCK.EX;
	const lock: FileLock = { kind: 'flock', write, start: 0, end: TO_THE_END, table: 0, file: file.id, pid: d.task.tgid };
	if (kind === LOCK.UN) return setLocks(d, inode, withoutLock(inode.locks, lock));
	if (inode.locks.some((l) => l.kind === 'flock' && l.file === file.id && l.write === write)) return 0;
	setLocks(d, inode, withoutLock(inode.locks, lock));
	return take(d, d.state.inodes[inode.id], lock, (operation & LOCK.NB) === 0, resume);
}
