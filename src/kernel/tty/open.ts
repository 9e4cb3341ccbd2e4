/** Opening terminals: /dev/ptmx, /dev/pts/N, /dev/tty (ptmx_open, tty_open of Linux 6.1). */
import type { Inode } from '../../events/entities.ts';
import type { Tty } from '../../events/tty.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import type { Decision } from '../decision.ts';
import { linkEntry } from '../entries.ts';
import { freeDescriptor, makeInode, openDescriptor } from '../open-file.ts';
import { takeByOpening } from './control.ts';
import { blankTty, freeIndex, PTMX_RDEV, SLAVE_MAJOR, slaveDirectory, slavePath, TTY_RDEV, terminalMount } from './terminal.ts';

/** Group `tty`, which slaves belong to, and their mode: as devpts is mounted (gid=5,mode=620). */
const TTY_GROUP = 5;
const SLAVE_MODE = 0o620;

/** An inode for one opening of a device: it looks like the device's. */
function openedAs(d: Decision, device: Inode, rdev: number, tty: number): Inode {
	const { ino, mode, uid, gid } = device;
	const inode = makeInode(d, 'tty', mode, null, { ino, rdev, channel: tty });
	if (uid !== inode.uid || gid !== inode.gid) d.emit({ kind: 'inode/set', inode: inode.id, fields: { uid, gid } });
	return inode;
}

/** Makes a pseudo-terminal: the descriptor is its master. */
export function openMaster(d: Decision, device: Inode, flags: number, path: string, mount: number): number {
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	const { id, index } = { id: d.state.next.tty, index: freeIndex(d.state) };
	d.emit({ kind: 'tty/new', tty: blankTty(id, index) });
	const dir = slaveDirectory(d);
	const fields = { rdev: (SLAVE_MAJOR << 8) | index, channel: id, sb: dir?.sb ?? 0 };
	const slave = makeInode(d, 'tty', SLAVE_MODE, null, fields);
	d.emit({ kind: 'inode/set', inode: slave.id, fields: { gid: TTY_GROUP } });
	if (dir !== undefined) linkEntry(d, dir.id, String(index), slave.id);
	return openDescriptor(d, openedAs(d, device, PTMX_RDEV, id), flags, path, mount);
}

/** -errno that keeps a slave from being opened, or 0. */
function refusal(d: Decision, tty: Tty | undefined): number {
	if (tty === undefined || tty.hungUp || tty.locked) return -Errno.EIO;
	return tty.exclusive && d.task.creds.euid !== 0 ? -Errno.EBUSY : 0;
}

/** What follows when a slave was opened. */
function opened(d: Decision, id: number, flags: number, controls: boolean): void {
	const tty = d.state.ttys[id];
	if (tty.streams.length === 0 && !tty.opened) d.emit({ kind: 'tty/set', tty: id, fields: { opened: true } });
	if (controls && !(flags & O.NOCTTY) && (flags & O.ACCMODE) !== O.WRONLY) takeByOpening(d, d.state.ttys[id]);
}

/** Opens a slave by its inode. */
export function openSlave(d: Decision, inode: Inode, flags: number, path: string, mount: number): number {
	const refused = refusal(d, d.state.ttys[inode.channel]);
	if (refused !== 0) return refused;
	const fd = openDescriptor(d, inode, flags, path, mount);
	if (fd >= 0) opened(d, inode.channel, flags, true);
	return fd;
}

/** Opens the controlling terminal. */
export function openControlling(d: Decision, device: Inode, flags: number, path: string, mount: number): number {
	const { tty: id } = d.group;
	const tty = d.state.ttys[id];
	if (tty === undefined) return -Errno.ENXIO;
	const refused = tty.streams.length > 0 ? 0 : refusal(d, { ...tty, locked: false });
	if (refused !== 0) return refused;
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	openDescriptor(d, openedAs(d, device, TTY_RDEV, id), flags, path, mount);
	opened(d, id, flags, false);
	return fd;
}

/** The inode of a slave, wherever its name is now. */
export function slaveInode(d: Decision, tty: Tty): Inode | undefined {
	return Object.values(d.state.inodes).find((i) => i.kind === 'tty' && i.channel === tty.id && i.rdev >>> 8 === SLAVE_MAJOR);
}

/** TIOCGPTPEER: opens the slave without its name. @param flags O_* */
export function openPeer(d: Decision, tty: Tty, flags: number): number {
	const inode = slaveInode(d, tty);
	return inode === undefined ? -Errno.EIO : openSlave(d, inode, flags, slavePath(tty), terminalMount(d)?.id ?? 0);
}
