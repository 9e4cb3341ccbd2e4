/** setns, sethostname, setdomainname, and opening /proc/PID/ns (kernel/nsproxy.c, kernel/sys.c, fs/nsfs.c of Linux 6.1). */
import type { NsProxy, Task } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { crossed } from '../mount-walk.ts';
import { topOf } from '../mounts.ts';
import {
	isOwn,
	mayBeBornIn,
	NAMESPACE_FLAG,
	NS_LINKS,
	type NsLink,
	namedNamespace,
	namespace,
	namespaceIno,
	OWN,
	type OwnKind,
	setNames,
	withNamespace,
} from '../namespaces.ts';
import { freeDescriptor, makeInode, openDescriptor } from '../open-file.ts';
import { processOf } from '../pidfds.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { directoryPath } from '../seen-paths.ts';
import { leaveUndoList } from '../semaphores.ts';
import { isAlive } from '../signal-queue.ts';
import { anonAt } from './anon.ts';
import { mayTrace } from './ptrace.ts';

/** Bytes of a name at most (__NEW_UTS_LEN). */
const NAME_MAX = 64;

const setName =
	(field: 'nodename' | 'domainname'): Handler =>
	(d, [pointer, length]) => {
		if (d.task.creds.euid !== 0) return -Errno.EPERM;
		if (length > NAME_MAX) return -Errno.EINVAL;
		const bytes = d.read(pointer, length);
		if (bytes === undefined) return -Errno.EFAULT;
		setNames(d, { [field]: String.fromCharCode(...bytes) });
		return 0;
	};

/** The caller changes to namespaces; its list of what semaphores get back is of the one it leaves. */
export function enterNamespaces(d: Decision, ns: NsProxy | null): void {
	if ((ns?.ipc ?? 0) !== (d.task.ns?.ipc ?? 0)) leaveUndoList(d, d.pid);
	d.emit({ kind: 'task/set', task: d.pid, fields: { ns } });
}

/** Whether another task has the caller's root and working directory, which then cannot change their namespace. */
function sharesFs(d: Decision): boolean {
	return Object.values(d.state.tasks).some((t) => t.fs === d.task.fs && t.pid !== d.pid);
}

/** Whoever enters a mount namespace stands at its top, and has its root there (mntns_install). */
function standAtTop(d: Decision): void {
	const top = topOf(d.state, namespaceIno(d.state, d.task, 'mnt'));
	if (top === undefined) {
		unsupported(d, 'entering a mount namespace without a root', Errno.EINVAL);
		return;
	}
	const { mount, inode } = crossed(d.state, top.id, d.state.inodes[top.root]);
	const cwdPath = directoryPath(d.state, inode) ?? '/';
	const fields = { cwd: inode.id, cwdMount: mount, cwdPath, root: inode.id, rootMount: mount };
	d.emit({ kind: 'fs/set', fs: d.task.fs, fields });
}

/** Every flag that setns knows with the descriptor of a process. */
const KNOWN = Object.values(NAMESPACE_FLAG).reduce((all, flag) => all | flag, 0);

function setnsOfProcess(d: Decision, target: Task | undefined, flags: number): number {
	if (flags === 0 || flags & ~KNOWN) return -Errno.EINVAL;
	if (target === undefined) return -Errno.ESRCH;
	if (!mayTrace(d, target)) return -Errno.EPERM;
	if (!isAlive(target)) return -Errno.ESRCH;
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	const wanted = OWN.filter((kind) => flags & NAMESPACE_FLAG[kind]);
	const others = wanted.reduce((left, kind) => left & ~NAMESPACE_FLAG[kind], flags);
	if (others !== 0) return unsupported(d, `setns 0x${others.toString(16)}`, Errno.EINVAL);
	if (flags & NAMESPACE_FLAG.pid && !mayBeBornIn(d, target.pidNs)) return -Errno.EINVAL;
	const of = (kind: OwnKind) => (kind === 'pid' ? target.pidNs : (target.ns?.[kind] ?? 0));
	if (flags & NAMESPACE_FLAG.mnt && sharesFs(d)) return -Errno.EINVAL;
	enterNamespaces(
		d,
		wanted.reduce<NsProxy | null>((ns, kind) => withNamespace(ns, kind, of(kind)), d.task.ns),
	);
	if (flags & NAMESPACE_FLAG.mnt) standAtTop(d);
	return 0;
}

const setns: Handler = (d, [fd, flags]) => {
	const found = anonAt(d, fd, 'ns');
	if (typeof found === 'number') return found;
	if (found === undefined) {
		const process = anonAt(d, fd, 'pidfd');
		return typeof process === 'object' ? setnsOfProcess(d, processOf(d.state, process), flags) : -Errno.EINVAL;
	}
	const { of, id } = found;
	if (flags !== 0 && flags !== NAMESPACE_FLAG[of]) return -Errno.EINVAL;
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	if (!isOwn(of)) return unsupported(d, `setns of ${of}`, Errno.EINVAL);
	if (of === 'mnt' && sharesFs(d)) return -Errno.EINVAL;
	// Of pid namespaces the container's is nobody's by name.
	const entered = of === 'pid' && found.pids === null ? 0 : id;
	if (of === 'pid' && !mayBeBornIn(d, entered)) return -Errno.EINVAL;
	enterNamespaces(d, withNamespace(d.task.ns, of, entered));
	if (of === 'mnt') standAtTop(d);
	return 0;
};

/** A descriptor of the namespace a task is in. -EACCES: it is not to be written. */
export function openNamespace(d: Decision, task: Task, link: NsLink, flags: number): number {
	if (!(flags & O.PATH) && ((flags & O.ACCMODE) !== O.RDONLY || flags & O.TRUNC)) return -Errno.EPERM;
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	const channel = namedNamespace(d, task, link);
	const inode = makeInode(d, 'anon', 0o444, null, { channel, nlink: 1 });
	return openDescriptor(d, inode, flags, `${NS_LINKS[link]}:[${namespace(d.state, channel).ino}]`);
}

export const namespaceRows: readonly SyscallRow[] = [
	{ nr: 74, name: 'sethostname', args: ['buf', 'size'], support: 'full', handler: setName('nodename') },
	{ nr: 121, name: 'setdomainname', args: ['buf', 'size'], support: 'full', handler: setName('domainname') },
	{ nr: 346, name: 'setns', args: ['fd', 'flags:clone'], support: 'partial', note: 'uts, ipc, mnt and pid', handler: setns },
];
