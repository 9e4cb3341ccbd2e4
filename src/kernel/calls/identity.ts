/**
 * Calls about who a task is: process, group and session ids, users and groups, capabilities, the file mode mask.
 * Follows kernel/sys.c, groups.c, uid16.c and capability.c of Linux 6.1. A task has all capabilities while its effective
 * user is 0 and none otherwise.
 */
import type { Credentials } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import type { Decision } from '../decision.ts';
import { numberOf, pidOf, taskOrOwn } from '../pids.ts';
import type { ArgKind, Handler, SyscallRow } from '../row.ts';

/** "Leave as it is", also the one id that nobody may have. */
const KEEP = 0xffffffff;
/** What a 16-bit call shows for an id that does not fit. */
const OVERFLOW_ID = 65534;
const NGROUPS_MAX = 65536;

const id16 = (id: number): number => (id > 0xffff ? OVERFLOW_ID : id);
/** A 16-bit argument as a 32-bit one: -1 stays -1. */
const widen = (id: number): number => ((id & 0xffff) === 0xffff ? KEEP : id & 0xffff);
const privileged = (c: Credentials): boolean => c.euid === 0;

/** commit_creds: new effective ids make the address space undumpable and the task forget its parent-death signal. */
function setCreds(d: Decision, creds: Credentials): number {
	const old = d.task.creds;
	const changed = (['euid', 'egid', 'fsuid', 'fsgid'] as const).some((k) => creds[k] !== old[k]);
	d.emit({ kind: 'task/set', task: d.pid, fields: changed ? { creds, pdeathSignal: 0 } : { creds } });
	if (changed && d.mm.dumpable !== 0) d.emit({ kind: 'mm/set', mm: d.mm.id, fields: { dumpable: 0 } });
	return 0;
}

/** The three calls that set ids, for users or for groups: the fields' names are all that differs. */
interface Ids {
	readonly real: 'uid' | 'gid';
	readonly effective: 'euid' | 'egid';
	readonly saved: 'suid' | 'sgid';
	readonly fs: 'fsuid' | 'fsgid';
}
const USER: Ids = { real: 'uid', effective: 'euid', saved: 'suid', fs: 'fsuid' };
const GROUP: Ids = { real: 'gid', effective: 'egid', saved: 'sgid', fs: 'fsgid' };

function setId(d: Decision, k: Ids, id: number): number {
	const old = d.task.creds;
	if (id === KEEP) return -Errno.EINVAL;
	if (privileged(old)) return setCreds(d, { ...old, [k.real]: id, [k.saved]: id, [k.effective]: id, [k.fs]: id });
	if (id !== old[k.real] && id !== old[k.saved]) return -Errno.EPERM;
	return setCreds(d, { ...old, [k.effective]: id, [k.fs]: id });
}

function setRe(d: Decision, k: Ids, real: number, effective: number): number {
	const old = d.task.creds;
	const any = privileged(old);
	if (real !== KEEP && real !== old[k.real] && real !== old[k.effective] && !any) return -Errno.EPERM;
	const known = [old[k.real], old[k.effective], old[k.saved]];
	if (effective !== KEEP && !known.includes(effective) && !any) return -Errno.EPERM;
	const newReal = real === KEEP ? old[k.real] : real;
	const newEffective = effective === KEEP ? old[k.effective] : effective;
	const saves = real !== KEEP || (effective !== KEEP && effective !== old[k.real]);
	const saved = saves ? newEffective : old[k.saved];
	return setCreds(d, { ...old, [k.real]: newReal, [k.effective]: newEffective, [k.saved]: saved, [k.fs]: newEffective });
}

function setRes(d: Decision, k: Ids, wanted: readonly number[]): number {
	const old = d.task.creds;
	const known = [old[k.real], old[k.effective], old[k.saved]];
	if (!privileged(old) && wanted.some((id) => id !== KEEP && !known.includes(id))) return -Errno.EPERM;
	const [real, effective, saved] = wanted.map((id, i) => (id === KEEP ? known[i] : id));
	return setCreds(d, { ...old, [k.real]: real, [k.effective]: effective, [k.saved]: saved, [k.fs]: effective });
}

/** setfsuid: always answers the old id. */
function setFs(d: Decision, k: Ids, id: number): number {
	const old = d.task.creds;
	const allowed = privileged(old) || [old[k.real], old[k.effective], old[k.saved], old[k.fs]].includes(id);
	if (id !== KEEP && id !== old[k.fs] && allowed) setCreds(d, { ...old, [k.fs]: id });
	return old[k.fs] | 0;
}

/** Writes ids as `size`-byte numbers, each to its own pointer. */
function putIds(d: Decision, pointers: readonly number[], ids: readonly number[], size: 2 | 4): number {
	for (const [i, pointer] of pointers.entries()) if (!d.write(pointer, idBytes([ids[i]], size))) return -Errno.EFAULT;
	return 0;
}

function idBytes(ids: readonly number[], size: 2 | 4): Uint8Array {
	const bytes = new Uint8Array(ids.length * size);
	const view = new DataView(bytes.buffer);
	for (const [i, id] of ids.entries()) {
		if (size === 4) view.setUint32(4 * i, id, true);
		else view.setUint16(2 * i, id16(id), true);
	}
	return bytes;
}

function getGroups(d: Decision, count: number, list: number, size: 2 | 4): number {
	const { groups } = d.task.creds;
	if ((count | 0) < 0) return -Errno.EINVAL;
	if (count === 0) return groups.length;
	if (groups.length > count) return -Errno.EINVAL;
	return d.write(list, idBytes(groups, size)) ? groups.length : -Errno.EFAULT;
}

function setGroups(d: Decision, count: number, list: number, size: 2 | 4): number {
	const { creds } = d.task;
	if (!privileged(creds)) return -Errno.EPERM;
	if (count > NGROUPS_MAX) return -Errno.EINVAL;
	const bytes = d.read(list, count * size);
	if (bytes === undefined) return -Errno.EFAULT;
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const groups = Array.from({ length: count }, (_, i) =>
		size === 4 ? view.getUint32(4 * i, true) : widen(view.getUint16(2 * i, true)),
	);
	if (groups.includes(KEEP)) return -Errno.EINVAL;
	return setCreds(d, { ...creds, groups: groups.sort((a, b) => a - b) });
}

/** The thread group of a pid argument (0: the caller's), or undefined. */
function groupOf(d: Decision, pid: number) {
	const task = taskOrOwn(d, pid);
	return task && d.state.groups[task.group];
}

const numberOrNobody = (d: Decision, pid: number | undefined) => (pid === undefined ? -Errno.ESRCH : numberOf(d, pid));

const setpgid: Handler = (d, [pidArg, pgidArg]) => {
	const pid = pidArg === 0 ? d.task.tgid : pidOf(d, pidArg);
	const pgid = pgidArg === 0 ? pid : pidOf(d, pgidArg);
	if ((pgidArg | 0) < 0) return -Errno.EINVAL;
	const target = d.state.tasks[pid];
	const own = d.group;
	if (target === undefined) return -Errno.ESRCH;
	if (target.tgid !== pid) return -Errno.EINVAL;
	if (target.tgid !== d.task.tgid && target.ppid !== d.task.tgid) return -Errno.ESRCH;
	const group = d.state.groups[target.group];
	if (target.tgid !== d.task.tgid) {
		if (group.session !== own.session) return -Errno.EPERM;
		if (!(target.flags & 0x40)) return -Errno.EACCES;
	}
	if (group.session === group.tgid) return -Errno.EPERM;
	if (pgid !== pid && !Object.values(d.state.groups).some((g) => g.pgrp === pgid && g.session === own.session))
		return -Errno.EPERM;
	if (group.pgrp !== pgid) d.emit({ kind: 'group/set', group: group.id, fields: { pgrp: pgid } });
	return 0;
};

const setsid: Handler = (d) => {
	const { id, tgid, session } = d.group;
	if (session === tgid || Object.values(d.state.groups).some((g) => g.pgrp === tgid)) return -Errno.EPERM;
	d.emit({ kind: 'group/set', group: id, fields: { session: tgid, pgrp: tgid, tty: 0, oldPgrp: 0 } });
	return numberOf(d, tgid);
};

const umask: Handler = (d, [mask]) => {
	const fs = d.state.fsStructs[d.task.fs];
	const wanted = mask & 0o777;
	if (wanted !== fs.umask) d.emit({ kind: 'fs/set', fs: fs.id, fields: { umask: wanted } });
	return fs.umask;
};

/** Capability numbers that Linux 6.1 knows: 0..40, in two words. */
const ALL_CAPS: readonly [number, number] = [0xffffffff, 0x1ff];
const CAP_VERSION_1 = 0x19980330;
const CAP_VERSION_2 = 0x20071026;
const CAP_VERSION_3 = 0x20080522;

/** Header of capget and capset: words per set, or -EINVAL after the kernel's own version was written back. */
function capabilityWords(d: Decision, header: number): number {
	const version = d.u32(header);
	if (version === undefined) return -Errno.EFAULT;
	if (version === CAP_VERSION_1) return 1;
	if (version === CAP_VERSION_2 || version === CAP_VERSION_3) return 2;
	return d.writeU32(header, CAP_VERSION_3) ? -Errno.EINVAL : -Errno.EFAULT;
}

/** effective, permitted, inheritable for each word. */
function capabilities(creds: Credentials, words: number): number[] {
	const permitted = creds.uid === 0 || creds.euid === 0 || creds.suid === 0;
	return ALL_CAPS.slice(0, words).flatMap((w) => [privileged(creds) ? w : 0, permitted ? w : 0, 0]);
}

const capget: Handler = (d, [header, data]) => {
	const words = capabilityWords(d, header);
	if (words < 0) return words === -Errno.EINVAL && data === 0 ? 0 : words;
	if (data === 0) return 0;
	const pid = d.u32(header + 4);
	if (pid === undefined) return -Errno.EFAULT;
	if ((pid | 0) < 0) return -Errno.EINVAL;
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	return d.write(data, idBytes(capabilities(task.creds, words), 4)) ? 0 : -Errno.EFAULT;
};

const capset: Handler = (d, [header, data]) => {
	const words = capabilityWords(d, header);
	if (words < 0) return words;
	const pid = d.u32(header + 4);
	const bytes = d.read(data, 12 * words);
	if (pid === undefined || bytes === undefined) return -Errno.EFAULT;
	if (pid !== 0 && pid !== numberOf(d, d.pid)) return -Errno.EPERM;
	const now = idBytes(capabilities(d.task.creds, words), 4);
	if (now.every((b, i) => b === bytes[i])) return 0;
	d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name: 'capability sets', eip: d.regs.eip, bytes });
	return -Errno.EPERM;
};

/** A call that answers a number of the state. */
const get = (nr: number, name: string, value: (d: Decision) => number): SyscallRow => ({
	nr,
	name,
	args: [],
	support: 'full',
	handler: (d) => value(d) | 0,
});
const row = (nr: number, name: string, args: readonly ArgKind[], handler: Handler): SyscallRow => ({
	nr,
	name,
	args,
	support: 'full',
	handler,
});

const UID: readonly ArgKind[] = ['uid'];
const UID2: readonly ArgKind[] = ['uid', 'uid'];
const UID3: readonly ArgKind[] = ['uid', 'uid', 'uid'];
const PTR3: readonly ArgKind[] = ['int-out', 'int-out', 'int-out'];

/** The 32-bit and the old 16-bit form of each call about ids. */
const idRows = (): readonly SyscallRow[] => [
	get(24, 'getuid', (d) => id16(d.task.creds.uid)),
	get(47, 'getgid', (d) => id16(d.task.creds.gid)),
	get(49, 'geteuid', (d) => id16(d.task.creds.euid)),
	get(50, 'getegid', (d) => id16(d.task.creds.egid)),
	get(199, 'getuid32', (d) => d.task.creds.uid),
	get(200, 'getgid32', (d) => d.task.creds.gid),
	get(201, 'geteuid32', (d) => d.task.creds.euid),
	get(202, 'getegid32', (d) => d.task.creds.egid),
	row(23, 'setuid', UID, (d, [id]) => setId(d, USER, widen(id))),
	row(46, 'setgid', UID, (d, [id]) => setId(d, GROUP, widen(id))),
	row(213, 'setuid32', UID, (d, [id]) => setId(d, USER, id)),
	row(214, 'setgid32', UID, (d, [id]) => setId(d, GROUP, id)),
	row(70, 'setreuid', UID2, (d, [r, e]) => setRe(d, USER, widen(r), widen(e))),
	row(71, 'setregid', UID2, (d, [r, e]) => setRe(d, GROUP, widen(r), widen(e))),
	row(203, 'setreuid32', UID2, (d, [r, e]) => setRe(d, USER, r, e)),
	row(204, 'setregid32', UID2, (d, [r, e]) => setRe(d, GROUP, r, e)),
	row(164, 'setresuid', UID3, (d, [r, e, s]) => setRes(d, USER, [r, e, s].map(widen))),
	row(170, 'setresgid', UID3, (d, [r, e, s]) => setRes(d, GROUP, [r, e, s].map(widen))),
	row(208, 'setresuid32', UID3, (d, [r, e, s]) => setRes(d, USER, [r, e, s])),
	row(210, 'setresgid32', UID3, (d, [r, e, s]) => setRes(d, GROUP, [r, e, s])),
	row(165, 'getresuid', PTR3, (d, args) => getRes(d, USER, args, 2)),
	row(171, 'getresgid', PTR3, (d, args) => getRes(d, GROUP, args, 2)),
	row(209, 'getresuid32', PTR3, (d, args) => getRes(d, USER, args, 4)),
	row(211, 'getresgid32', PTR3, (d, args) => getRes(d, GROUP, args, 4)),
	row(138, 'setfsuid', UID, (d, [id]) => id16(setFs(d, USER, widen(id)))),
	row(139, 'setfsgid', UID, (d, [id]) => id16(setFs(d, GROUP, widen(id)))),
	row(215, 'setfsuid32', UID, (d, [id]) => setFs(d, USER, id)),
	row(216, 'setfsgid32', UID, (d, [id]) => setFs(d, GROUP, id)),
	row(80, 'getgroups', ['int', 'addr'], (d, [n, list]) => getGroups(d, n, list, 2)),
	row(81, 'setgroups', ['int', 'addr'], (d, [n, list]) => setGroups(d, n, list, 2)),
	row(205, 'getgroups32', ['int', 'addr'], (d, [n, list]) => getGroups(d, n, list, 4)),
	row(206, 'setgroups32', ['int', 'addr'], (d, [n, list]) => setGroups(d, n, list, 4)),
];

function getRes(d: Decision, k: Ids, args: readonly number[], size: 2 | 4): number {
	const { creds } = d.task;
	return putIds(d, args.slice(0, 3), [creds[k.real], creds[k.effective], creds[k.saved]], size);
}

export const identityRows: readonly SyscallRow[] = [
	...idRows(),
	get(20, 'getpid', (d) => numberOf(d, d.task.tgid)),
	get(64, 'getppid', (d) => numberOf(d, d.task.ppid)),
	get(65, 'getpgrp', (d) => numberOf(d, d.group.pgrp)),
	get(224, 'gettid', (d) => numberOf(d, d.pid)),
	row(57, 'setpgid', ['pid', 'pid'], setpgid),
	row(60, 'umask', ['mode'], umask),
	row(66, 'setsid', [], setsid),
	row(132, 'getpgid', ['pid'], (d, [pid]) => numberOrNobody(d, groupOf(d, pid)?.pgrp)),
	row(147, 'getsid', ['pid'], (d, [pid]) => numberOrNobody(d, groupOf(d, pid)?.session)),
	{
		nr: 184,
		name: 'capget',
		args: ['addr', 'addr'],
		support: 'partial',
		note: 'all or none, by effective user',
		handler: capget,
	},
	{
		nr: 185,
		name: 'capset',
		args: ['addr', 'addr'],
		support: 'partial',
		note: 'only to what the sets are already',
		handler: capset,
	},
];
