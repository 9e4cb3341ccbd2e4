/** What goes beside the bytes of a message: open files and credentials (net/core/scm.c of Linux 6.1). */
import type { SocketCred } from '../events/entities.ts';
import { MSG, SCM, SOL_SOCKET } from './abi/anon.ts';
import { Errno } from './abi/errno.ts';
import { setWords, viewOf } from './abi/words.ts';
import type { Decision } from './decision.ts';
import { fileAt, freeDescriptor, setDescriptor } from './open-file.ts';
import { numberOf, pidOf } from './pids.ts';
import type { Beside } from './socket-receive.ts';

/** struct cmsghdr of i386: length, level, type. */
const HEADER = 12;
/** SCM_MAX_FD. */
const MAX_FILES = 253;
const aligned = (n: number): number => (n + 3) & ~3;

/** What a receiver is told where nobody said who sent it (overflowuid). */
const NOBODY: SocketCred = { pid: 0, uid: 65534, gid: 65534 };

/** The control messages of a sender (__scm_send). -errno: EINVAL EFAULT EBADF EPERM ESRCH */
export function readControl(
	d: Decision,
	at: number,
	length: number,
): { files: readonly number[]; cred: SocketCred | null } | number {
	const bytes = length === 0 ? new Uint8Array(0) : d.read(at, length);
	if (bytes === undefined) return -Errno.EFAULT;
	const view = viewOf(bytes);
	const files: number[] = [];
	let cred: SocketCred | null = null;
	for (let offset = 0; offset + HEADER <= length; ) {
		const size = view.getUint32(offset, true);
		if (size < HEADER || size > length - offset) return -Errno.EINVAL;
		const [level, type] = [view.getInt32(offset + 4, true), view.getInt32(offset + 8, true)];
		const words = Array.from({ length: (size - HEADER) >> 2 }, (_, i) => view.getInt32(offset + HEADER + 4 * i, true));
		offset += aligned(size);
		if (level !== SOL_SOCKET) continue;
		if (type === SCM.RIGHTS) {
			if (files.length + words.length > MAX_FILES) return -Errno.EINVAL;
			for (const fd of words) {
				const file = fileAt(d, fd);
				if (file === undefined) return -Errno.EBADF;
				files.push(file.id);
			}
		} else if (type === SCM.CREDENTIALS && size === HEADER + 12) {
			const [pid, uid, gid] = [pidOf(d, words[0]), words[1] >>> 0, words[2] >>> 0];
			const own = d.task.creds;
			const mine =
				pid === d.task.tgid && [own.uid, own.euid, own.suid].includes(uid) && [own.gid, own.egid, own.sgid].includes(gid);
			if (!mine && own.euid !== 0) return -Errno.EPERM;
			if (uid === 0xffffffff || gid === 0xffffffff) return -Errno.EINVAL;
			if (d.state.tasks[pid] === undefined) return -Errno.ESRCH;
			cred = { pid, uid, gid };
		} else return -Errno.EINVAL;
	}
	return { files, cred };
}

/**
 * Gives the receiver what came along, as far as it has room (scm_recv). @param passCred the receiver wants to know who sent it
 * @param length room for it, 0 without a place to put it
 * @returns bytes of control messages written, and the MSG_* to report
 */
export function giveControl(
	d: Decision,
	{ files, cred }: Beside,
	passCred: boolean,
	at: number,
	length: number,
	flags: number,
): { readonly used: number; readonly told: number } {
	let used = 0;
	let told = 0;
	if (at === 0) return { used, told: passCred || files.length > 0 ? MSG.CTRUNC : 0 };
	/** put_cmsg: cut to the room there is. */
	const put = (type: number, words: readonly number[]): void => {
		const size = Math.min(HEADER + words.length * 4, length - used);
		const bytes = new Uint8Array(HEADER + words.length * 4);
		setWords(viewOf(bytes), 0, [size, SOL_SOCKET, type, ...words]);
		d.write(at + used, bytes.subarray(0, size));
		used += size;
	};
	if (passCred) {
		const { pid, uid, gid } = cred ?? NOBODY;
		if (length < HEADER + 12) told |= MSG.CTRUNC;
		if (length >= HEADER) put(SCM.CREDENTIALS, [numberOf(d, pid), uid, gid]);
	}
	if (files.length === 0) return { used, told };
	const room = Math.max(0, (length - used - HEADER) >> 2);
	const fds: number[] = [];
	for (const file of files.slice(0, room)) {
		const fd = freeDescriptor(d);
		if (fd < 0) break;
		setDescriptor(d, fd, file, (flags & MSG.CMSG_CLOEXEC) !== 0);
		fds.push(fd);
	}
	if (fds.length > 0) put(SCM.RIGHTS, fds);
	if (fds.length < files.length) told |= MSG.CTRUNC;
	return { used, told };
}
