/**
 * The files of /proc that programs look at: of every process its executable, mappings, arguments, descriptors, state, threads.
 * Contents and listings are made when they are opened. The inodes here are virtual (id 0).
 */
import type { Inode, Mm, Task, Vma } from '../events/entities.ts';
import type { IpcClass } from '../events/ipc.ts';
import type { Tty } from '../events/tty.ts';
import { type MachineState, Vm } from '../reducers/state.ts';
import { isSegment } from '../reducers/vma.ts';
import { ipcId } from './abi/ipc.ts';
import { segmentOf } from './attachments.ts';
import type { Decision } from './decision.ts';
import { mappedPages } from './memory-rlimits.ts';
import { isNsLink, NS_LINKS, type NsLink, namespaceIno } from './namespaces.ts';
import { chainOf, numberIn, pidIn } from './pids.ts';
import { SYSVIPC_NAMES, sysvipc } from './procfs-ipc.ts';
import { mountInfo, mounts } from './procfs-mounts.ts';
import { descriptorInfo, limits, memoryStatus, statm } from './procfs-process.ts';
import { systemKind, systemNames, systemText } from './procfs-system.ts';
import { directoryPath, filePath, seenName, seenPath } from './seen-paths.ts';
import { SLAVE_MAJOR } from './tty/terminal.ts';

export type ProcNode =
	| { readonly kind: 'dir'; readonly inode: Inode }
	| { readonly kind: 'file'; readonly name: string; readonly inode: Inode }
	/** `target`: what it stands for; undefined: the name in /proc that inode.target is. */
	| { readonly kind: 'link'; readonly inode: Inode; readonly target: ProcTarget | undefined }
	/** A link of /proc/PID/ns: `inode` the link, `namespace` what it leads to. */
	| { readonly kind: 'namespace'; readonly inode: Inode; readonly namespace: Inode; readonly of: NamespaceLink };

/** An inode by its id, in a mount, with its path in its file system. */
interface ProcTarget {
	readonly mount: number;
	readonly inode: number;
	readonly path: string;
}

/** A task's namespace of a kind. */
export interface NamespaceLink {
	readonly pid: number;
	readonly link: NsLink;
}

const PROC_FILES = [
	'auxv',
	'cmdline',
	'comm',
	'environ',
	'limits',
	'maps',
	'mountinfo',
	'mounts',
	'stat',
	'statm',
	'status',
] as const;
export type ProcFile = (typeof PROC_FILES)[number];

function virtual(kind: Inode['kind'], mode: number, ino: number, target = ''): Inode {
	return {
		id: 0,
		ino,
		sb: 0,
		kind,
		mode,
		uid: 0,
		gid: 0,
		nlink: kind === 'dir' ? 2 : 1,
		rdev: 0,
		size: 0,
		atime: 0n,
		mtime: 0n,
		ctime: 0n,
		object: 0,
		channel: 0,
		target,
		entries: [],
		locks: [],
		parent: 0,
		lower: 'none',
		lowerPath: '',
		seals: 0,
	};
}

/** The top of a proc file system, which is an inode of the state. */
export function procRoot(id: number, sb: number): Inode {
	return { ...virtual('dir', 0o555, 1, '/proc'), id, parent: id, sb };
}

const FD_INFO = 'fdinfo';

/** Names of a process's directory. */
const PROC_NAMES: readonly string[] = [...PROC_FILES, 'cwd', 'exe', FD_INFO, 'fd', 'ns', 'root', 'task'].sort();

/** The pid namespace whose processes a proc file system shows. */
export function procNs(state: MachineState, sb: number): number {
	return state.supers[sb]?.pidNs ?? 0;
}

/** What stands at `names` in the proc of a pid namespace; undefined = nothing that this machine has. */
export function procNode(d: Decision, names: readonly string[], ns: number): ProcNode | undefined {
	const [process, name, fd, ...rest] = names;
	if (process === undefined) return undefined;
	if (name === undefined && process === 'self') {
		const own = numberIn(d.state, ns, d.task.tgid);
		return own === 0 ? undefined : link(String(own), 2, undefined);
	}
	if (process === SYSVIPC) return sysvipcNode(name, fd);
	if (process === 'mounts') return name === undefined ? link('self/mounts', 13, undefined) : undefined;
	const path = names.join('/');
	const system = systemKind(path);
	if (system === 'dir') return { kind: 'dir', inode: virtual('dir', 0o555, 9) };
	if (system === 'file') return { kind: 'file', name: path, inode: virtual('file', 0o444, 9) };
	const task = processNamed(d, process, ns);
	if (task === undefined) return undefined;
	if (name === undefined)
		return { kind: 'dir', inode: { ...virtual('dir', 0o555, 3), uid: task.creds.euid, gid: task.creds.egid } };
	if (name === 'task') return threadNode(d, task, fd, rest, ns);
	if (name === FD_INFO && rest.length === 0) return descriptorFile(d, task, fd, ns);
	if (name === 'fd' && rest.length === 0) return descriptor(d, task, fd);
	if (name === 'ns' && rest.length === 0) return namespaceLink(d, task, fd);
	if (fd !== undefined) return undefined;
	const fs = d.state.fsStructs[task.fs];
	if (name === 'cwd' && fs !== undefined) return placeLink(d, 4, { mount: fs.cwdMount, inode: fs.cwd, path: fs.cwdPath });
	if (name === 'root' && fs !== undefined) return placeLink(d, 4, { mount: fs.rootMount, inode: fs.root, path: '/' });
	const mm = d.state.mms[task.mm];
	if (name === 'exe') return mm === undefined || mm.exe === 0 ? undefined : executable(d, mm);
	const file = PROC_FILES.find((f) => f === name);
	if (file === undefined) return undefined;
	const mode = file === 'auxv' || file === 'environ' ? 0o400 : file === 'comm' ? 0o644 : 0o444;
	const inode = { ...virtual('file', mode, 6), uid: task.creds.euid, gid: task.creds.egid };
	return { kind: 'file', name: `${numberIn(d.state, ns, task.pid)}/${file}`, inode };
}

/** /proc/PID/task: its threads, each with what a process has. */
function threadNode(
	d: Decision,
	task: Task,
	name: string | undefined,
	rest: readonly string[],
	ns: number,
): ProcNode | undefined {
	if (name === undefined) return { kind: 'dir', inode: virtual('dir', 0o555, 16) };
	return threadNames(d, task, ns).includes(name) ? procNode(d, [name, ...rest], ns) : undefined;
}

function threadNames(d: Decision, task: Task, ns: number): readonly string[] {
	return d.state.groups[task.group].threads.map((pid) => String(numberIn(d.state, ns, pid)));
}

const SYSVIPC = 'sysvipc';

function sysvipcNode(name: string | undefined, below: string | undefined): ProcNode | undefined {
	if (name === undefined) return { kind: 'dir', inode: virtual('dir', 0o555, 9) };
	if (below !== undefined || !SYSVIPC_NAMES.includes(name)) return undefined;
	return { kind: 'file', name: `${SYSVIPC}/${name}`, inode: virtual('file', 0o444, 10) };
}

/** The task behind a name in the proc of a pid namespace: a number there, or the caller's own. */
function processNamed(d: Decision, name: string, ns: number): Task | undefined {
	if (name === 'self' || name === 'thread-self') {
		const own = name === 'self' ? d.task.tgid : d.pid;
		return numberIn(d.state, ns, own) === 0 ? undefined : d.state.tasks[own];
	}
	const task = /^[1-9][0-9]*$/.test(name) ? d.state.tasks[pidIn(d.state, ns, Number(name))] : undefined;
	return task === undefined || task.state === 'dead' ? undefined : task;
}

/** The names in a directory of the proc of a pid namespace, by its path there, sorted; undefined where there is none. */
export function procNames(d: Decision, path: string, ns: number): readonly string[] | undefined {
	const [, process, name, ...rest] = path.split('/');
	if (process === '') {
		const leaders = Object.values(d.state.tasks).filter((t) => t.pid === t.tgid && t.state !== 'dead');
		const numbers = leaders.map((t) => numberIn(d.state, ns, t.pid)).filter((nr) => nr !== 0);
		return [...numbers.map(String), ...systemNames(''), 'mounts', 'self', SYSVIPC, 'thread-self'].sort();
	}
	if (process === SYSVIPC) return name === undefined ? SYSVIPC_NAMES : undefined;
	const system = systemNames(path.slice(1));
	if (system.length > 0) return system;
	const task = processNamed(d, process, ns);
	if (task === undefined) return undefined;
	if (name === 'ns') return Object.keys(NS_LINKS).sort();
	if (name === 'task') return rest.length > 0 ? procNames(d, `/${rest.join('/')}`, ns) : threadNames(d, task, ns);
	return name === 'fd' || name === FD_INFO ? Object.keys(d.state.fdTables[task.fdTable]?.fds ?? {}).sort() : PROC_NAMES;
}

function descriptorFile(d: Decision, task: Task, name: string | undefined, ns: number): ProcNode | undefined {
	if (descriptor(d, task, name) === undefined) return undefined;
	if (name === undefined) return { kind: 'dir', inode: virtual('dir', 0o500, 14) };
	return { kind: 'file', name: `${numberIn(d.state, ns, task.pid)}/${FD_INFO}/${name}`, inode: virtual('file', 0o400, 15) };
}

function descriptor(d: Decision, task: Task, name: string | undefined): ProcNode | undefined {
	if (name === undefined) return { kind: 'dir', inode: virtual('dir', 0o500, 7) };
	if (!/^(0|[1-9][0-9]*)$/.test(name)) return undefined;
	const entry = d.state.fdTables[task.fdTable]?.fds[Number(name)];
	if (entry === undefined) return undefined;
	return placeLink(d, 8, d.state.files[entry.file]);
}

/** A link to a place as the caller sees it. Directories are where they are now, whatever their path was. */
function placeLink(d: Decision, ino: number, { mount, inode, path }: ProcTarget): ProcNode {
	const target = d.state.inodes[inode];
	const now = target.kind === 'dir' ? (directoryPath(d.state, target) ?? path) : path;
	return link(seenPath(d, mount, now), ino, { mount, inode, path: now });
}

/** The link to a program. It is open in no mount: it is found in the first one that has its file system. */
function executable(d: Decision, { exe, exePath }: Mm): ProcNode {
	const { sb } = d.state.inodes[exe];
	const here = Object.values(d.state.mounts).find((m) => m.sb === sb && m.ns === namespaceIno(d.state, d.task, 'mnt'));
	return link(seenName(d, exePath), 5, {
		mount: here?.id ?? 0,
		inode: exe,
		path: filePath(d.state, d.state.inodes[exe]) ?? exePath,
	});
}

/** /proc/PID/ns and what is in it. A task that has ended is in none. */
function namespaceLink(d: Decision, task: Task, name: string | undefined): ProcNode | undefined {
	if (name === undefined) return { kind: 'dir', inode: virtual('dir', 0o511, 11) };
	if (!isNsLink(name) || task.mm === 0) return undefined;
	const ino = namespaceIno(d.state, task, name);
	if (ino === 0) return undefined;
	const inode = { ...virtual('symlink', 0o777, 12, `${NS_LINKS[name]}:[${ino}]`), size: 0 };
	return { kind: 'namespace', inode, namespace: virtual('file', 0o444, ino), of: { pid: task.pid, link: name } };
}

function link(path: string, ino: number, target: ProcTarget | undefined): ProcNode {
	return { kind: 'link', inode: { ...virtual('symlink', 0o777, ino, path), size: 64 }, target };
}

/** The contents of a file of /proc, as latin-1 bytes. @param name `PID/FILE`, as procNode gives it */
export function procContent(d: Decision, name: string, ns: number): Uint8Array {
	if (systemKind(name) === 'file') return latin1(systemText(d, name));
	const [pid, file, fd] = name.split('/');
	if (pid === SYSVIPC) return latin1(sysvipc(d, file as IpcClass));
	const task = d.state.tasks[pidIn(d.state, ns, Number(pid))];
	if (task === undefined) return new Uint8Array(0);
	if (file === FD_INFO) return latin1(descriptorInfo(d, task, Number(fd)));
	const mm: Mm | undefined = d.state.mms[task.mm];
	const memory = (from: number, to: number) => (mm && d.read(from, to - from, mm)) ?? new Uint8Array(0);
	switch (file as ProcFile) {
		case 'auxv':
			return new Uint8Array(Uint32Array.from(mm?.auxv ?? []).buffer);
		case 'cmdline':
			return memory(mm?.argStart ?? 0, mm?.argEnd ?? 0);
		case 'environ':
			return memory(mm?.envStart ?? 0, mm?.envEnd ?? 0);
		case 'comm':
			return latin1(`${task.comm}\n`);
		case 'maps':
			return latin1(mm === undefined ? '' : mm.vmas.map((vma) => mapsLine(d, mm, vma)).join(''));
		case 'mountinfo':
			return latin1(mountInfo(d.state, task));
		case 'mounts':
			return latin1(mounts(d.state, task));
		case 'stat':
			return latin1(stat(d, task, mm, ns));
		case 'limits':
			return latin1(limits(d, task));
		case 'statm':
			return latin1(statm(mm));
		case 'status':
			return latin1(status(d, task, mm, ns));
	}
}

/** State of a task as /proc shows it (fs/proc/array.c task_state_array). */
function stateOf(d: Decision, task: Task): readonly [letter: string, text: string] {
	if (task.pid === d.pid) return ['R', 'R (running)'];
	switch (task.state) {
		case 'running':
			return ['R', 'R (running)'];
		case 'sleeping':
			return ['S', 'S (sleeping)'];
		case 'stopped':
			return ['T', 'T (stopped)'];
		case 'traced':
			return ['t', 't (tracing stop)'];
		case 'zombie':
			return ['Z', 'Z (zombie)'];
		case 'dead':
			return ['X', 'X (dead)'];
	}
}

function latin1(text: string): Uint8Array {
	return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

const hex = (n: number, width: number) => n.toString(16).padStart(width, '0');

const DELETED = ' (deleted)';

/** A line of /proc/PID/maps (fs/proc/task_mmu.c show_map_vma): the name begins in column 49 on a 32-bit kernel. */
function mapsLine(d: Decision, mm: Mm, vma: Vma): string {
	const f = vma.flags;
	const rights = `${f & Vm.READ ? 'r' : '-'}${f & Vm.WRITE ? 'w' : '-'}${f & Vm.EXEC ? 'x' : '-'}${f & Vm.MAYSHARE ? 's' : 'p'}`;
	const inode = vma.inode === 0 ? undefined : d.state.inodes[vma.inode];
	const segment = isSegment(vma) ? segmentOf(d.state, vma.object) : undefined;
	const offset = inode === undefined && segment === undefined ? 0 : vma.pgoff * 4096;
	const file = inode ? `08:01 ${inode.ino}` : segment ? `00:01 ${ipcId(segment)}` : '00:00 0';
	const head = `${hex(vma.start, 8)}-${hex(vma.end, 8)} ${rights} ${hex(offset, 8)} ${file}`;
	let name = segment || (inode?.nlink === 0 && !vma.path.endsWith(DELETED)) ? vma.path + DELETED : vma.path;
	name = seenName(d, name);
	if (name === '' && mm.vdso !== 0 && vma.start === mm.vdso) name = '[vdso]';
	else if (name === '' && vma.start <= mm.brk && vma.end >= mm.startBrk) name = '[heap]';
	else if (name === '' && vma.start <= mm.startStack && vma.end >= mm.startStack) name = '[stack]';
	return name === '' ? `${head}\n` : `${head.padEnd(48)} ${name}\n`;
}

/** /proc/PID/stat: identity, state, group; counters of time and memory that this machine does not keep are 0. */
function stat(d: Decision, task: Task, mm: Mm | undefined, ns: number): string {
	const numberOf = (pid: number) => numberIn(d.state, ns, pid);
	const group = d.state.groups[task.group];
	const tty: Tty | undefined = d.state.ttys[group.tty];
	const regs = task.pid === d.pid ? d.regs : d.view.regs(task.pid);
	const pages = mm === undefined ? 0 : mappedPages(mm, () => true);
	const fields = [
		numberOf(task.pid),
		`(${task.comm})`,
		stateOf(d, task)[0],
		numberOf(task.ppid),
		numberOf(group.pgrp),
		numberOf(group.session),
		tty === undefined ? 0 : (SLAVE_MAJOR << 8) | tty.index,
	];
	const counters = [
		tty === undefined ? -1 : numberOf(tty.pgrp),
		0x400000,
		task.times.minFlt,
		0,
		task.times.majFlt,
		0,
		0,
		0,
		0,
		0,
	];
	const life = [
		task.sched.priority > 0 ? -1 - task.sched.priority : 20 + task.nice,
		task.nice,
		group.threads.length,
		0,
		Math.floor(task.times.startNs / 1e7),
		pages * 4096,
		pages,
		group.rlimits[5][0],
	];
	const code = [
		mm?.startCode ?? 0,
		mm?.endCode ?? 0,
		mm?.startStack ?? 0,
		regs.esp,
		regs.eip,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		task.exitSignal,
		0,
		task.sched.priority,
		task.sched.policy,
	];
	const m = mm ?? { startData: 0, endData: 0, startBrk: 0, argStart: 0, argEnd: 0, envStart: 0, envEnd: 0 };
	const rest = [0, 0, 0, m.startData, m.endData, m.startBrk, m.argStart, m.argEnd, m.envStart, m.envEnd, 0];
	return `${[...fields, ...counters, ...life, ...code, ...rest].join(' ')}\n`;
}

/** Descriptors there is room for: a power of 2, 64 at least. */
const tableSize = (fds: readonly string[]): number => {
	let size = 64;
	while (size <= Math.max(0, ...fds.map(Number))) size *= 2;
	return size;
};

const ALL_CAPABILITIES = (1n << 41n) - 1n;

/** Its numbers in the namespace that the proc shows, and in each from there to its own. */
function namespaceStatus(state: MachineState, task: Task, ns: number): [string, string][] {
	const { pgrp, session } = state.groups[task.group];
	const chain = [...chainOf(state, task.pidNs), 0];
	const shown = chain.slice(0, chain.indexOf(ns) + 1).reverse();
	const row = (name: string, pid: number): [string, string] => [name, shown.map((id) => numberIn(state, id, pid)).join('\t')];
	return [row('NStgid', task.tgid), row('NSpid', task.pid), row('NSpgid', pgrp), row('NSsid', session)];
}

function status(d: Decision, task: Task, mm: Mm | undefined, ns: number): string {
	const { state } = d;
	const numberOf = (pid: number) => String(numberIn(state, ns, pid));
	const group = state.groups[task.group];
	const c = task.creds;
	const set = (s: bigint) => s.toString(16).padStart(16, '0');
	const pending = (list: readonly { readonly signo: number }[]) => list.reduce((s, i) => s | (1n << BigInt(i.signo - 1)), 0n);
	const actions = state.sighands[task.sighand].actions;
	const sigs = (test: (handler: number) => boolean) =>
		actions.reduce((s, a, n) => (n > 0 && test(a.handler) ? s | (1n << BigInt(n - 1)) : s), 0n);
	const lines: [string, string][] = [
		['Name', task.comm],
		['Umask', `0${(state.fsStructs[task.fs]?.umask ?? 0).toString(8).padStart(3, '0')}`],
		['State', stateOf(d, task)[1]],
		['Tgid', numberOf(task.tgid)],
		['Pid', numberOf(task.pid)],
		['PPid', numberOf(task.ppid)],
		['TracerPid', numberOf(task.trace?.tracer ?? 0)],
		['Uid', [c.uid, c.euid, c.suid, c.fsuid].join('\t')],
		['Gid', [c.gid, c.egid, c.sgid, c.fsgid].join('\t')],
		['FDSize', String(tableSize(Object.keys(state.fdTables[task.fdTable]?.fds ?? {})))],
		['Groups', `${c.groups.join(' ')} `],
		...namespaceStatus(state, task, ns),
		...(mm === undefined ? [] : memoryStatus(mm)),
		['Threads', String(group.threads.length)],
		['SigPnd', set(pending(task.pending))],
		['ShdPnd', set(pending(group.pending))],
		['SigBlk', set(task.blocked)],
		['SigIgn', set(sigs((h) => h === 1))],
		['SigCgt', set(sigs((h) => h > 1))],
		['CapInh', set(0n)],
		['CapPrm', set(c.euid === 0 ? ALL_CAPABILITIES : 0n)],
		['CapEff', set(c.euid === 0 ? ALL_CAPABILITIES : 0n)],
		['CapBnd', set(ALL_CAPABILITIES)],
		['CapAmb', set(0n)],
		['NoNewPrivs', task.noNewPrivs ? '1' : '0'],
		['Seccomp', '0'],
		['Cpus_allowed', '1'],
		['Cpus_allowed_list', '0'],
		['voluntary_ctxt_switches', String(task.times.nvcsw)],
		['nonvoluntary_ctxt_switches', String(task.times.nivcsw)],
	];
	return lines.map(([k, v]) => `${k}:\t${v}\n`).join('');
}
