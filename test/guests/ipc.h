/* What the guests about System V IPC share: the direct calls, ipc(2), the structs of i386. */
#pragma once
#include "procs.h"

enum {
	NR_ipc = 117, NR_semget = 393, NR_semctl, NR_shmget, NR_shmctl, NR_shmat, NR_shmdt, NR_msgget, NR_msgsnd, NR_msgrcv, NR_msgctl,
	NR_semtimedop = 420,
	IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000, IPC_RMID = 0, IPC_SET, IPC_STAT, IPC_INFO, IPC_64 = 0x100,
	SHM_RDONLY = 010000, SHM_RND = 020000, SHM_REMAP = 040000, SHM_EXEC = 0100000, SHM_DEST = 01000, SHM_LOCKED = 02000,
	SHM_LOCK = 11, SHM_UNLOCK, SHM_STAT, SHM_INFO,
	SEM_UNDO = 0x1000, GETPID = 11, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_STAT, SEM_INFO,
	MSG_NOERROR = 010000, MSG_EXCEPT = 020000, MSG_COPY = 040000, MSG_STAT = 11, MSG_INFO,
	SEMOP = 1, SEMGET, SEMCTL, SEMTIMEDOP, MSGSND = 11, MSGRCV, MSGGET, MSGCTL, SHMAT = 21, SHMDT, SHMGET, SHMCTL,
	E2BIG = 7, EFBIG = 27, ENOSPC = 28, ERANGE = 34, ENOMSG = 42, EIDRM = 43,
};
struct perm { int key; u32 uid, gid, cuid, cgid; u16 mode, pad; u16 seq, pad2; u32 unused[2]; };
struct shmid { struct perm perm; u32 size, atime, atimeHigh, dtime, dtimeHigh, ctime, ctimeHigh; int cpid, lpid; u32 attached, unused[2]; };
struct semid { struct perm perm; u32 otime, otimeHigh, ctime, ctimeHigh, count, unused[2]; };
struct msqid { struct perm perm; u32 stime, stimeHigh, rtime, rtimeHigh, ctime, ctimeHigh, bytes, count, qbytes; int lspid, lrpid; u32 unused[2]; };
struct sembuf { u16 num; short op; u16 flags; };

/* a key that nobody else has */
static inline int own_key(void) { return 0x5e000000 + sys(NR_getpid); }

static inline int semop(int id, u16 num, short op, u16 flags)
{
	struct sembuf one = { num, op, flags };
	return sys(NR_semtimedop, id, &one, 1, 0);
}
static inline int value(int id, int num) { return sys(NR_semctl, id, num, GETVAL, 0); }
static inline void settle(int (*done)(int), int id) { while (!done(id)) pause_ms(1); }
