/* A segment of shared memory is made, found by its key, attached in several ways, looked at, detached and removed. */
#include "ipc.h"

static u8 *at;
static void write_there(void) { at[0] = 1; }
static int attached(int id)
{
	struct shmid s;
	return sys(NR_shmctl, id, IPC_STAT, &s) == 0 ? (int)s.attached : -1;
}
int main(void)
{
	int key = own_key();
	say("no such key", sys(NR_shmget, key, 5000, 0600));
	int id = sys(NR_shmget, key, 5000, IPC_CREAT | IPC_EXCL | 0600);
	check("made", id >= 0);
	check("found", sys(NR_shmget, key, 0, 0) == id);
	check("found with its size", sys(NR_shmget, key, 5000, IPC_CREAT) == id);
	say("bigger", sys(NR_shmget, key, 5001, 0));
	say("exclusive", sys(NR_shmget, key, 5000, IPC_CREAT | IPC_EXCL | 0600));
	say("size 0", sys(NR_shmget, 0, 0, 0600));
	struct shmid s;
	say("stat", sys(NR_shmctl, id, IPC_STAT, &s));
	print("size %u attached %u mode %x atime %d dtime %d lpid %d\n", s.size, s.attached, s.perm.mode, s.atime != 0, s.dtime != 0, s.lpid);
	check("key", s.perm.key == key);
	check("creator", s.cpid == sys(NR_getpid) && s.ctime != 0);

	at = (u8 *)sys(NR_shmat, id, 0, 0);
	check("attached", !is_error(at));
	check("zeros", at[0] == 0 && at[8191] == 0);
	at[0] = 7;
	at[8191] = 8;
	u8 *again = (u8 *)sys(NR_shmat, id, 0, SHM_RDONLY);
	check("another place", again != at && again[0] == 7 && again[8191] == 8);
	at[1] = 9;
	check("the same memory", again[1] == 9);
	say("count", attached(id));
	sys(NR_shmctl, id, IPC_STAT, &s);
	check("who and when", s.lpid == sys(NR_getpid) && s.atime != 0 && s.dtime == 0);
	u8 *writable = at;
	at = again;
	say("write to it", try(write_there));
	say("make it writable", sys(NR_mprotect, again, PAGE, PROT_RW));
	say("unaligned", sys(NR_shmat, id, writable + 100, 0));
	say("taken", sys(NR_shmat, id, writable, 0));
	say("taken, rounded", sys(NR_shmat, id, writable + 100, SHM_RND));
	say("remap nowhere", sys(NR_shmat, id, 0, SHM_REMAP));
	check("remap", (u8 *)sys(NR_shmat, id, again + 5, SHM_REMAP | SHM_RND) == again);
	again[2] = 3;
	check("writable now", writable[2] == 3);
	say("count", attached(id));
	u8 *code = (u8 *)sys(NR_shmat, id, 0, SHM_EXEC);
	code[0] = 0xc3;
	((void (*)(void))code)();
	say("executed, count", attached(id));
	say("detach", sys(NR_shmdt, code));
	say("detach again", sys(NR_shmdt, code));
	say("detach between", sys(NR_shmdt, writable + PAGE));
	say("detach unaligned", sys(NR_shmdt, writable + 1));
	say("detach", sys(NR_shmdt, writable));
	say("count", attached(id));
	sys(NR_shmctl, id, IPC_STAT, &s);
	check("left", s.dtime != 0);
	check("a call reads from it", sys(NR_write, -1, again, 3) == -EBADF);
	int pipe[2];
	sys(NR_pipe, pipe);
	sys(NR_write, pipe[1], "from a pipe", 11);
	say("and writes to it", sys(NR_read, pipe[0], again + 100, 11));
	check("there", memcmp(again + 100, "from a pipe", 11) == 0);

	s.perm.mode = 0640;
	s.perm.uid = 5;
	say("set", sys(NR_shmctl, id, IPC_SET, &s));
	sys(NR_shmctl, id, IPC_STAT, &s);
	print("mode %x uid %u cuid %u\n", s.perm.mode, s.perm.uid, s.perm.cuid);
	s.perm.uid = -1;
	say("set nobody", sys(NR_shmctl, id, IPC_SET, &s));
	say("lock", sys(NR_shmctl, id, SHM_LOCK, 0));
	sys(NR_shmctl, id, IPC_STAT, &s);
	print("mode %x\n", s.perm.mode);
	say("unlock", sys(NR_shmctl, id, SHM_UNLOCK, 0));
	say("bad command", sys(NR_shmctl, id, 77, 0));
	say("bad address", sys(NR_shmctl, id, IPC_STAT, 16));
	say("bad id", sys(NR_shmctl, -1, IPC_STAT, &s));
	check("by slot", sys(NR_shmctl, id & 0x7fff, SHM_STAT, &s) == id);
	u32 info[6];
	check("info", sys(NR_shmctl, 0, SHM_INFO, info) >= (id & 0x7fff) && info[0] >= 1);
	say("remove", sys(NR_shmctl, id, IPC_RMID, 0));
	say("gone with the last", sys(NR_shmdt, again));
	say("stat", sys(NR_shmctl, id, IPC_STAT, &s));
	say("attach", sys(NR_shmat, id, 0, 0));
	return 0;
}
