/**
 * Namespaces (kernel/nsproxy.c, fs/nsfs.c of Linux 6.1): of UTS names, System V IPC, mounts and pids a task may have its own. A task
 * refers to one by the `Anon` that stands for it, or (0) is in the container's, which has an `Anon` only once somebody names it.
 */
import { type Anon, FIRST_OWN_INO, type NAMESPACES, type NsProxy, type PidNamespace, type Task } from '../events/entities.ts';
import type { Mount } from '../events/mounts.ts';
import type { MachineState } from '../reducers/state.ts';
import { CLONE } from './abi/clone.ts';
import { Errno } from './abi/errno.ts';
import type { Decision } from './decision.ts';
import { copyNamespace } from './mounts.ts';
import { chainOf, MAX_PID_NS_LEVEL } from './pids.ts';

export type Namespace = Anon & { readonly kind: 'ns' };
export type NamespaceKind = (typeof NAMESPACES)[number];

/** Inode numbers of the container's namespaces: those that the first ones of a kernel have (include/linux/proc_ns.h; mnt and net as they come). */
export const ROOT_INO: { readonly [kind in NamespaceKind]: number } = {
	time: 0xeffffffa,
	cgroup: 0xeffffffb,
	pid: 0xeffffffc,
	user: 0xeffffffd,
	uts: 0xeffffffe,
	ipc: 0xefffffff,
	mnt: 0xf0000000,
	net: 0xf0000001,
};

/** The flag of clone, unshare and setns for each kind. */
export const NAMESPACE_FLAG: { readonly [kind in NamespaceKind]: number } = {
	time: CLONE.NEWTIME,
	cgroup: CLONE.NEWCGROUP,
	pid: CLONE.NEWPID,
	user: CLONE.NEWUSER,
	uts: CLONE.NEWUTS,
	ipc: CLONE.NEWIPC,
	mnt: CLONE.NEWNS,
	net: CLONE.NEWNET,
};

/** Kinds that tasks may have of their own. */
export const OWN = ['uts', 'ipc', 'mnt', 'pid'] as const satisfies readonly (keyof NsProxy)[];
export type OwnKind = (typeof OWN)[number];
export const isOwn = (kind: NamespaceKind): kind is OwnKind => OWN.some((own) => own === kind);

/** Entries of /proc/PID/ns and the kind of namespace behind each; what is born may be in others than its parent. */
export const NS_LINKS = {
	cgroup: 'cgroup',
	ipc: 'ipc',
	mnt: 'mnt',
	net: 'net',
	pid: 'pid',
	pid_for_children: 'pid',
	time: 'time',
	time_for_children: 'time',
	user: 'user',
	uts: 'uts',
} as const satisfies { readonly [name: string]: NamespaceKind };
export type NsLink = keyof typeof NS_LINKS;
export const isNsLink = (name: string): name is NsLink => Object.hasOwn(NS_LINKS, name);

export function namespace(state: MachineState, id: number): Namespace {
	const found = state.anons[id];
	if (found?.kind !== 'ns') throw new Error(`internal error: anon ${id} is no namespace`);
	return found;
}

/** The namespace of a task that a link of /proc/PID/ns stands for; 0: the container's. */
function idOf({ ns, pidNs }: Task, link: NsLink): number {
	if (link === 'pid') return pidNs;
	const kind = NS_LINKS[link];
	return isOwn(kind) ? (ns?.[kind] ?? 0) : 0;
}

/** The namespace of a task; undefined: the container's, which nobody has named. */
function namespaceOf(state: MachineState, task: Task, link: NsLink): Namespace | undefined {
	const id = idOf(task, link);
	if (id !== 0) return namespace(state, id);
	const kind = NS_LINKS[link];
	return Object.values(state.anons).find((a): a is Namespace => a.kind === 'ns' && a.of === kind && a.ino === ROOT_INO[kind]);
}

/** Inode number of a task's namespace; 0: a pid namespace for children in which none was born yet. */
export function namespaceIno(state: MachineState, task: Task, link: NsLink): number {
	const found = namespaceOf(state, task, link);
	if (link === 'pid_for_children' && found?.pids?.init === 0) return 0;
	return found?.ino ?? ROOT_INO[NS_LINKS[link]];
}

/** The UTS names a task sees. */
export function utsNames(state: MachineState, task: Task): { readonly nodename: string; readonly domainname: string } {
	return namespaceOf(state, task, 'uts') ?? state.persona;
}

/** The lowest number that no namespace has, nor a segment whose namespace is gone. */
function freeIno(state: MachineState): number {
	const used = new Set<number>();
	for (const anon of Object.values(state.anons)) if (anon.kind === 'ns') used.add(anon.ino);
	for (const { ns } of Object.values(state.ipcs)) used.add(ns);
	let ino = FIRST_OWN_INO;
	while (used.has(ino)) ino++;
	return ino;
}

/** Emits what stands for a namespace. @returns its id */
function makeNamespace(d: Decision, of: NamespaceKind, ino: number, pids: PidNamespace | null = null): number {
	const id = d.state.next.anon;
	const { nodename, domainname } = of === 'uts' ? utsNames(d.state, d.task) : { nodename: '', domainname: '' };
	d.emit({ kind: 'anon/new', anon: { id, kind: 'ns', of, ino, nodename, domainname, pids } });
	return id;
}

/** What stands for a task's namespace. @returns its id */
export function namedNamespace(d: Decision, task: Task, link: NsLink): number {
	const kind = NS_LINKS[link];
	return namespaceOf(d.state, task, link)?.id ?? makeNamespace(d, kind, ROOT_INO[kind]);
}

/** What is wrong with a pid namespace in the caller's (copy_pid_ns), or 0: EINVAL its children are born in another, ENOSPC it is too deep. */
export function refusePidNamespace({ state, task: { ns, pidNs } }: Decision): number {
	if ((ns?.pid ?? 0) !== pidNs) return -Errno.EINVAL;
	return chainOf(state, pidNs).length + 1 > MAX_PID_NS_LEVEL ? -Errno.ENOSPC : 0;
}

/** A pid namespace in the caller's, before anybody is born there. */
export function emptyPids({ task: { pidNs } }: Decision): PidNamespace {
	return { parent: pidNs, next: 1, init: 0, ended: false, numbers: [] };
}

/** Mounts of the caller's namespace, and their copies in a new one. */
export type Copies = ReadonlyMap<number, number>;

/**
 * The caller's namespaces with new ones where `flags` (CLONE_NEW*) says so: a new one of UTS begins with the caller's names, one of
 * mounts with copies of the caller's.
 */
export function newNamespaces(d: Decision, flags: number): { readonly ns: NsProxy | null; readonly copies: Copies } {
	let { ns } = d.task;
	let copies: Copies = new Map();
	for (const kind of OWN) {
		if (!(flags & NAMESPACE_FLAG[kind])) continue;
		const ino = freeIno(d.state);
		ns = withNamespace(ns, kind, makeNamespace(d, kind, ino, kind === 'pid' ? emptyPids(d) : null));
		if (kind === 'mnt') copies = copyNamespace(d, namespaceIno(d.state, d.task, 'mnt'), ino);
	}
	return { ns, copies };
}

/** Whether a mount is in the caller's namespace (check_mnt). */
export function isOurs(d: Decision, mount: Mount | undefined): mount is Mount {
	return mount !== undefined && mount.ns === namespaceIno(d.state, d.task, 'mnt');
}

/** Whether a process may have its children be born in a pid namespace: its own or one in it (pidns_install). */
export function mayBeBornIn({ state, task: { pidNs } }: Decision, id: number): boolean {
	return pidNs === 0 || chainOf(state, id).includes(pidNs);
}

/** `ns` with another namespace of a kind. */
export function withNamespace(ns: NsProxy | null, kind: OwnKind, id: number): NsProxy {
	return { uts: 0, ipc: 0, mnt: 0, pid: 0, ...ns, [kind]: id };
}

/** Sets names of the caller's UTS namespace. All that are in the container's refer to it from then on: it is as they left it. */
export function setNames(d: Decision, names: { readonly nodename?: string; readonly domainname?: string }): void {
	const id = namedNamespace(d, d.task, 'uts');
	const uts = namespace(d.state, id);
	d.emit({ kind: 'anon/set', anon: { ...uts, ...names } });
	if (uts.ino !== ROOT_INO.uts) return;
	for (const { pid, ns, mm } of Object.values(d.state.tasks)) {
		if (mm !== 0 && (ns?.uts ?? 0) === 0) d.emit({ kind: 'task/set', task: pid, fields: { ns: withNamespace(ns, 'uts', id) } });
	}
}
