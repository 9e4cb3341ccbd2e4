/**
 * The calls of System V IPC: each by itself, and all of them through ipc(2) (ipc/syscall.c of Linux 6.1), whose structs are the old
 * ones unless a command has IPC_64 set.
 */
import { Errno } from '../abi/errno.ts';
import { IPC_64 } from '../abi/ipc.ts';
import { TIMESPEC32, TIMESPEC64 } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { msgctl, msgget, msgrcv, msgsnd } from './msg.ts';
import { semctl, semget, semtimedop } from './sem.ts';
import { shmat, shmctl, shmdt, shmget } from './shm.ts';

/** Calls of ipc(2) by number (include/uapi/linux/ipc.h); the version is in the high half. */
export const IPC_CALLS = {
	SEMOP: 1,
	SEMGET: 2,
	SEMCTL: 3,
	SEMTIMEDOP: 4,
	MSGSND: 11,
	MSGRCV: 12,
	MSGGET: 13,
	MSGCTL: 14,
	SHMAT: 21,
	SHMDT: 22,
	SHMGET: 23,
	SHMCTL: 24,
} as const;

const isWide = (command: number): boolean => (command & IPC_64) !== 0;

const ipc: Handler = (d, [call, first, second, third, pointer, fifth], resume) => {
	const version = call >>> 16;
	switch (call & 0xffff) {
		case IPC_CALLS.SEMOP:
			return semtimedop(d, first, pointer, second, null, resume);
		case IPC_CALLS.SEMTIMEDOP:
			return semtimedop(d, first, pointer, second, { at: fifth, format: TIMESPEC32 }, resume);
		case IPC_CALLS.SEMGET:
			return semget(d, first, second, third);
		case IPC_CALLS.SEMCTL: {
			if (pointer === 0) return -Errno.EINVAL;
			const arg = d.u32(pointer);
			return arg === undefined ? -Errno.EFAULT : semctl(d, first, second, third & ~IPC_64, arg, isWide(third));
		}
		case IPC_CALLS.MSGSND:
			return msgsnd(d, first, pointer, second, third, resume);
		case IPC_CALLS.MSGRCV: {
			if (version !== 0 || resume !== null) return msgrcv(d, first, pointer, second, fifth, third, resume);
			// The first version has the buffer and the type behind a pointer (struct ipc_kludge).
			if (pointer === 0) return -Errno.EINVAL;
			const words = d.read(pointer, 8);
			if (words === undefined) return -Errno.EFAULT;
			return msgrcv(d, first, viewOf(words).getUint32(0, true), second, viewOf(words).getUint32(4, true), third, null);
		}
		case IPC_CALLS.MSGGET:
			return msgget(d, first, second);
		case IPC_CALLS.MSGCTL:
			return msgctl(d, first, second & ~IPC_64, pointer, isWide(second));
		case IPC_CALLS.SHMAT:
			return version === 1 ? -Errno.EINVAL : attachAndTell(d, first, pointer, second, third);
		case IPC_CALLS.SHMDT:
			return shmdt(d, pointer);
		case IPC_CALLS.SHMGET:
			return shmget(d, first, second, third);
		case IPC_CALLS.SHMCTL:
			return shmctl(d, first, second & ~IPC_64, pointer, isWide(second));
		default:
			return -Errno.ENOSYS;
	}
};

/** ipc(SHMAT) has the address written where its third argument says: it stays attached even when that fails. */
function attachAndTell(d: Decision, id: number, address: number, flags: number, to: number): Outcome {
	const at = shmat(d, id, address, flags);
	// As an error, like every result of the last page of addresses.
	if (at < 0 && at > -4096) return at;
	return d.writeU32(to, at >>> 0) ? 0 : -Errno.EFAULT;
}

const HUGE = 'no huge pages; a page that was only read does not count as resident';

export const ipcRows: readonly SyscallRow[] = [
	{
		nr: 117,
		name: 'ipc',
		args: ['uint', 'hex', 'hex', 'hex', 'hex', 'hex'],
		support: 'partial',
		note: 'what the calls it stands for do',
		onSignal: true,
		handler: ipc,
	},
	{
		nr: 393,
		name: 'semget',
		args: ['hex', 'int', 'flags:ipc_get'],
		support: 'full',
		handler: (d, [key, count, flags]) => semget(d, key, count, flags),
	},
	{
		nr: 394,
		name: 'semctl',
		args: ['int', 'int', 'enum:sem_cmd', 'hex'],
		support: 'full',
		handler: (d, [id, num, command, arg]) => semctl(d, id, num, command, arg, true),
	},
	{
		nr: 395,
		name: 'shmget',
		args: ['hex', 'size', 'flags:shm_get'],
		support: 'partial',
		note: HUGE,
		handler: (d, [key, size, flags]) => shmget(d, key, size, flags),
	},
	{
		nr: 396,
		name: 'shmctl',
		args: ['int', 'enum:shm_cmd', 'addr'],
		support: 'partial',
		note: HUGE,
		handler: (d, [id, command, at]) => shmctl(d, id, command, at, true),
	},
	{
		nr: 397,
		name: 'shmat',
		args: ['int', 'addr', 'flags:shm_at'],
		result: 'addr',
		support: 'full',
		handler: (d, [id, address, flags]) => shmat(d, id, address, flags),
	},
	{ nr: 398, name: 'shmdt', args: ['addr'], support: 'full', handler: (d, [address]) => shmdt(d, address) },
	{
		nr: 399,
		name: 'msgget',
		args: ['hex', 'flags:ipc_get'],
		support: 'full',
		handler: (d, [key, flags]) => msgget(d, key, flags),
	},
	{
		nr: 400,
		name: 'msgsnd',
		args: ['int', 'addr', 'size', 'flags:msg_flag'],
		support: 'full',
		onSignal: true,
		handler: (d, [id, at, size, flags], resume) => msgsnd(d, id, at, size, flags, resume),
	},
	{
		nr: 401,
		name: 'msgrcv',
		args: ['int', 'addr', 'size', 'long', 'flags:msg_flag'],
		support: 'full',
		onSignal: true,
		handler: (d, [id, at, size, type, flags], resume) => msgrcv(d, id, at, size, type, flags, resume),
	},
	{
		nr: 402,
		name: 'msgctl',
		args: ['int', 'enum:msg_cmd', 'addr'],
		support: 'full',
		handler: (d, [id, command, at]) => msgctl(d, id, command, at, true),
	},
	{
		nr: 420,
		name: 'semtimedop_time64',
		args: ['int', 'addr', 'size', 'addr'],
		support: 'full',
		onSignal: true,
		handler: (d, [id, at, count, timeout], resume) => semtimedop(d, id, at, count, { at: timeout, format: TIMESPEC64 }, resume),
	},
];
