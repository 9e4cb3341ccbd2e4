/** Making tasks: fork, vfork, clone, clone3, and unshare (kernel/fork.c of Linux 6.1). */
import type { Task, ThreadGroup } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { CLONE, SIGNAL_MASK } from '../abi/clone.ts';
import { Errno } from '../abi/errno.ts';
import { RLIMIT } from '../abi/mm.ts';
import { NSIG, SIG_IGN, Sig } from '../abi/signal.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { inCopies } from '../mounts.ts';
import { type Copies, emptyPids, newNamespaces, refusePidNamespace } from '../namespaces.ts';
import { freeDescriptor } from '../open-file.ts';
import { allocate, chainOf, enterNumbers, isInit, MAX_PID_NS_LEVEL, numberIn, numberOf, pidOf, pidsOf, taskOf } from '../pids.ts';
import type { Handler, Resume, SyscallRow } from '../row.ts';
import { inheritedPolicy } from '../schedule.ts';
import { leaveUndoList, needUndoList } from '../semaphores.ts';
import { isAlive, isTraced, kernelInfo } from '../signal-queue.ts';
import { DISARMED, NO_TIMES } from '../timers.ts';
import { withoutStep } from '../tracees.ts';
import { numberForTracer, PtraceEvent, stopForEvent, traced, wants } from '../tracing.ts';
import { enterNamespaces } from './namespaces.ts';
import { openPidfd } from './pidfd.ts';
import { tlsFrom } from './segments.ts';

/** What clone, clone3 and the others come to. */
interface Request {
	/** CLONE_* without the signal. u64: a number, bits up to 2^33. */
	readonly flags: number;
	readonly exitSignal: number;
	/** Stack pointer of the child; 0 = the parent's. */
	readonly stack: number;
	/** Where the descriptor of the child goes (CLONE_PIDFD). */
	readonly pidfd: number;
	/** Numbers it is to have, the innermost namespace's first (set_tid); none: the next that is free. */
	readonly setTid: readonly number[];
	/** Where the tid goes in the parent, in the child (also when it ends), and the descriptor of its TLS. */
	readonly parentTid: number;
	readonly childTid: number;
	readonly tls: number;
}

/** Namespaces that a container would have of its own. */
const NAMESPACES = CLONE.NEWNS | CLONE.NEWCGROUP | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWUSER | CLONE.NEWPID | CLONE.NEWNET;
/** Those that there are. */
const OWN_NAMESPACES = CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWNS | CLONE.NEWPID;
const otherNamespaces = (flags: number) => `new namespaces 0x${((flags & NAMESPACES & ~OWN_NAMESPACES) >>> 0).toString(16)}`;
const FORKNOEXEC = 0x40;
const SUPERPRIV = 0x100;

/** copy_process's checks of what goes with what. */
function refuse(d: Decision, { flags }: Request): number {
	const has = (bits: number) => (flags & bits) === bits;
	if (has(CLONE.NEWNS | CLONE.FS) || has(CLONE.NEWUSER | CLONE.FS)) return -Errno.EINVAL;
	if (has(CLONE.THREAD) && !has(CLONE.SIGHAND)) return -Errno.EINVAL;
	if (has(CLONE.SIGHAND) && !has(CLONE.VM)) return -Errno.EINVAL;
	if (has(CLONE.PARENT) && isInit(d.state, d.task)) return -Errno.EINVAL;
	const elsewhere = (d.task.ns?.pid ?? 0) !== d.task.pidNs;
	if (has(CLONE.THREAD) && (flags & (CLONE.NEWUSER | CLONE.NEWPID) || elsewhere)) return -Errno.EINVAL;
	if (flags & NAMESPACES && d.task.creds.euid !== 0) return -Errno.EPERM;
	if (has(CLONE.NEWIPC | CLONE.SYSVSEM)) return -Errno.EINVAL;
	if (flags & NAMESPACES & ~OWN_NAMESPACES) return unsupported(d, otherNamespaces(flags), Errno.EINVAL);
	const refused = has(CLONE.NEWPID) ? refusePidNamespace(d) : 0;
	if (refused !== 0) return refused;
	if (has(CLONE.PIDFD) && flags & (CLONE.THREAD | CLONE.DETACHED)) return -Errno.EINVAL;
	const { uid, euid } = d.task.creds;
	const limit = d.group.rlimits[RLIMIT.NPROC][0];
	if (uid !== 0 && euid !== 0) {
		const count = Object.values(d.state.tasks).filter((t) => t.creds.uid === uid && t.state !== 'dead').length;
		if (count >= limit) return -Errno.EAGAIN;
	}
	return 0;
}

/** The calling task is made twice. The child's first instruction is the one after the call, with result 0. */
function clone(d: Decision, request: Request): Outcome {
	const { flags } = request;
	const refused = refuse(d, request);
	if (refused !== 0) return refused;
	const parent = d.task;
	const tls = flags & CLONE.SETTLS ? tlsFrom(d, request.tls) : parent.tls;
	if (typeof tls === 'number') return tls;
	const around = chainOf(d.state, parent.ns?.pid ?? 0).map((id) => pidsOf(d.state, id));
	const numbers = allocate(d, flags & CLONE.NEWPID ? [emptyPids(d), ...around] : around, request.setTid);
	if (typeof numbers === 'number') return numbers;
	const { pid } = numbers;
	if (flags & CLONE.PIDFD && (freeDescriptor(d) < 0 || !d.writable(request.pidfd, 4))) {
		return freeDescriptor(d) < 0 ? -Errno.EMFILE : -Errno.EFAULT;
	}

	const { next } = d.state;
	const shares = (bit: number) => (flags & bit) !== 0;
	const mm = shares(CLONE.VM) ? parent.mm : next.mm;
	if (mm !== parent.mm) d.emit({ kind: 'mm/fork', mm, from: parent.mm, object: next.object });
	const thread = shares(CLONE.THREAD);
	const semUndo = shares(CLONE.SYSVSEM) ? needUndoList(d) : 0;
	const { ns, copies } = newNamespaces(d, flags);
	const pidNs = ns?.pid ?? 0;
	const own = { ...entitiesOf(d, flags, pid, thread, copies) };
	const value: Task = {
		...parent,
		...lineage(d, request, pid),
		pid,
		state: 'running',
		mm,
		fdTable: own.fdTable?.id ?? parent.fdTable,
		fs: own.fs?.id ?? parent.fs,
		sighand: own.sighand?.id ?? parent.sighand,
		group: own.group?.id ?? parent.group,
		cpu: { ...d.regs, eax: 0, esp: request.stack === 0 ? d.regs.esp : request.stack, debugreg: [0, 0, 0, 0, 0, 0, 0, 0] },
		tls,
		origAx: -1,
		entry: 'none',
		wait: null,
		restartBlock: null,
		savedMask: null,
		pending: [],
		// A new stack has no alternate one beside it (sas_ss_reset).
		altstack: shares(CLONE.VM) && !shares(CLONE.VFORK) ? { sp: 0, size: 0, flags: 2 } : parent.altstack,
		setTid: shares(CLONE.CHILD_SETTID) ? request.childTid : 0,
		clearTid: shares(CLONE.CHILD_CLEARTID) ? request.childTid : 0,
		robustList: 0,
		robustListLen: 0,
		rseq: shares(CLONE.VM) ? { address: 0, length: 0, signature: 0 } : parent.rseq,
		pdeathSignal: 0,
		vforkParent: shares(CLONE.VFORK) ? d.pid : 0,
		semUndo,
		ns,
		pidNs,
		exitStatus: 0,
		flags: ((parent.flags & ~SUPERPRIV) | FORKNOEXEC) >>> 0,
		times: { ...NO_TIMES, startNs: d.now },
		...inheritedPolicy(parent),
		timerSlack: { ns: parent.timerSlack.ns, initial: parent.timerSlack.ns },
	};
	const event = traceEvent(request);
	const shown = event !== undefined && wants(d.task, 1 << event);
	const placed = request.setTid.length > around.length + (flags & CLONE.NEWPID ? 1 : 0) ? { placed: true } : {};
	d.emit({ kind: 'task/new', task: pid, value: { ...value, ...tracedFrom(d, flags, shown, value.cpu) }, ...own, ...placed });
	enterNumbers(d, pidNs, numbers);
	const nr = numberOf(d, pid);
	if (flags & CLONE.PIDFD) d.writeU32(request.pidfd, openPidfd(d, value.group, 0));
	if (shares(CLONE.PARENT_SETTID)) d.writeU32(request.parentTid, nr);
	if (shares(CLONE.CHILD_SETTID)) writeTid(d, value, numberIn(d.state, pidNs, pid));
	if (shown) return stopForEvent(d, event, numberForTracer(d, pid), nr);
	return shares(CLONE.VFORK) ? untilProgram(pid, nr) : nr;
}

/** The parent of a vfork sleeps until its child, whose number it gets then, has a program of its own or ends. */
function untilProgram(pid: number, nr: number): Outcome {
	const on = [{ kind: 'vfork' as const, child: pid }];
	return {
		kind: 'block',
		wait: { on, deadline: null, restart: Restart.NOINTR, signals: 0n },
		restartBlock: { call: 'vfork', deadline: null, args: [nr] },
	};
}

/** A call goes on after PTRACE_EVENT_*: a vfork may have to wait for its child yet. */
export function afterEvent(d: Decision, result: number): Outcome {
	const child = taskOf(d, result);
	return child?.vforkParent === d.pid ? untilProgram(child.pid, result) : result;
}

/** Which event a new task is to its creator's tracer; undefined = none (CLONE_UNTRACED). */
function traceEvent({ flags, exitSignal }: Request): number | undefined {
	if (flags & CLONE.UNTRACED) return undefined;
	if (flags & CLONE.VFORK) return PtraceEvent.VFORK;
	return exitSignal === Sig.SIGCHLD ? PtraceEvent.FORK : PtraceEvent.CLONE;
}

/** A child of a traced task is traced, too, when its tracer wants to see it or the task asks for it: it begins with a stop. */
function tracedFrom(d: Decision, flags: number, shown: boolean, cpu: Task['cpu']): Partial<Task> {
	const { task } = d;
	const without = task.trace === null ? {} : { cpu: { ...cpu, ...withoutStep(task.trace, cpu.eflags).regs } };
	if (!isTraced(task) || !(shown || flags & CLONE.PTRACE)) return { ...without, trace: null };
	const { tracer, seized, options } = task.trace;
	const trace = { ...traced(tracer, seized, options), interrupt: seized };
	return { ...without, trace, pending: seized ? [] : [kernelInfo(Sig.SIGSTOP)] };
}

/** Whose child it is, and what its parent will be sent. */
function lineage(d: Decision, { flags, exitSignal }: Request, pid: number): Pick<Task, 'tgid' | 'ppid' | 'exitSignal'> {
	const { tgid, ppid } = d.task;
	if (flags & CLONE.THREAD) return { tgid, ppid, exitSignal: 0 };
	if (flags & CLONE.PARENT) return { tgid: pid, ppid, exitSignal: d.state.tasks[tgid].exitSignal };
	return { tgid: pid, ppid: tgid, exitSignal };
}

/** What the child does not share, copied. */
function entitiesOf(d: Decision, flags: number, pid: number, thread: boolean, copies: Copies) {
	const { state, task } = d;
	const { next } = state;
	const sighand = { ...state.sighands[task.sighand], id: next.sighand };
	const cleared = flags >= CLONE.CLEAR_SIGHAND;
	const actions = sighand.actions.map((a) => (a.handler === SIG_IGN ? a : { handler: 0, flags: 0, restorer: 0, mask: 0n }));
	return {
		...(flags & CLONE.FILES ? {} : { fdTable: { ...state.fdTables[task.fdTable], id: next.fdTable } }),
		...(flags & CLONE.FS ? {} : { fs: { ...inCopies(state.fsStructs[task.fs], copies), id: next.fs } }),
		...(flags & CLONE.SIGHAND ? {} : { sighand: cleared ? { ...sighand, actions } : sighand }),
		...(thread ? {} : { group: newGroup(d.group, next.group, pid) }),
	};
}

/** copy_signal: limits, process group, session and terminal go on; timers, pending signals and sums do not. */
export function newGroup(parent: ThreadGroup, id: number, pid: number): ThreadGroup {
	return {
		...parent,
		id,
		tgid: pid,
		threads: [pid],
		oldPgrp: 0,
		pending: [],
		itimers: { real: DISARMED, virtual: DISARMED, prof: DISARMED },
		timers: [],
		nextTimer: 0,
		groupExit: null,
		stopSignal: 0,
		report: 'none',
		threadTimes: NO_TIMES,
		childTimes: NO_TIMES,
		subreaper: false,
	};
}

/** schedule_tail: the child's own tid in its memory; nobody is told when it cannot be written. */
function writeTid(d: Decision, child: Task, tid: number): void {
	const mm = d.state.mms[child.mm];
	if (!d.writable(child.setTid, 4, false, mm)) return;
	const bytes = new Uint8Array([tid, tid >>> 8, tid >>> 16, tid >>> 24]);
	d.emit({ kind: 'memory/write', mm: mm.id, address: child.setTid, bytes, force: false });
}

/** A vfork that was woken: the child runs its own program, or is gone. */
function woken(d: Decision, resume: Resume | null): Outcome | null {
	if (resume === null) return null;
	if (resume.reason === 'signal') return resume.wait.restart;
	const nr = d.task.restartBlock?.args[0] ?? -Errno.EINVAL;
	if (!wants(d.task, 1 << PtraceEvent.VFORK_DONE)) return nr;
	return stopForEvent(d, PtraceEvent.VFORK_DONE, numberForTracer(d, pidOf(d, nr)), nr);
}

const PLAIN = { stack: 0, parentTid: 0, childTid: 0, tls: 0, pidfd: 0, setTid: [] };

const fork: Handler = (d) => clone(d, { ...PLAIN, flags: 0, exitSignal: 17 });
const vfork: Handler = (d, _args, resume) =>
	woken(d, resume) ?? clone(d, { ...PLAIN, flags: CLONE.VFORK | CLONE.VM, exitSignal: 17 });

/** CONFIG_CLONE_BACKWARDS: flags, stack, parent_tid, tls, child_tid. */
const cloneCall: Handler = (d, [flags, stack, parentTid, tls, childTid], resume) => {
	const exitSignal = flags & SIGNAL_MASK;
	const over = woken(d, resume);
	if (over !== null) return over;
	const both = CLONE.PIDFD | CLONE.PARENT_SETTID;
	// The descriptor goes where the tid would.
	if (flags & CLONE.PIDFD && (flags & both) === both) return -Errno.EINVAL;
	if (flags & CLONE.PIDFD && flags & CLONE.DETACHED) return -Errno.EINVAL;
	const bits = (flags & ~SIGNAL_MASK & ~CLONE.DETACHED) >>> 0;
	const signal = exitSignal > NSIG ? 0 : exitSignal;
	return clone(d, { flags: bits, exitSignal: signal, stack, parentTid, tls, childTid, pidfd: parentTid, setTid: [] });
};

/** Sizes of struct clone_args: the first version, and with what this kernel knows (set_tid, cgroup). */
const CLONE_ARGS_MIN = 64;
const CLONE_ARGS = 88;

const clone3: Handler = (d, [pointer, size], resume) => {
	const over = woken(d, resume);
	if (over !== null) return over;
	if (size > 4096) return -Errno.E2BIG;
	if (size < CLONE_ARGS_MIN) return -Errno.EINVAL;
	const bytes = d.read(pointer, size);
	if (bytes === undefined) return -Errno.EFAULT;
	if (bytes.subarray(CLONE_ARGS).some((b) => b !== 0)) return -Errno.E2BIG;
	const whole = new Uint8Array(CLONE_ARGS);
	whole.set(bytes.subarray(0, CLONE_ARGS));
	const view = new DataView(whole.buffer);
	const words = Array.from({ length: 11 }, (_, i) => view.getBigUint64(8 * i, true));
	const [flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTidAt, setTidSize] = words.map(Number);
	if (setTidSize > MAX_PID_NS_LEVEL || (setTidAt === 0) !== (setTidSize === 0)) return -Errno.EINVAL;
	const tids = d.read(setTidAt, setTidSize * 4);
	if (tids === undefined) return -Errno.EFAULT;
	const setTid = Array.from({ length: setTidSize }, (_, i) => viewOf(tids).getInt32(i * 4, true));
	const known = CLONE.CLEAR_SIGHAND + CLONE.CLEAR_SIGHAND - 1;
	if (flags > known || flags & (SIGNAL_MASK | CLONE.DETACHED)) return -Errno.EINVAL;
	if (exitSignal > NSIG || (flags & (CLONE.THREAD | CLONE.PARENT) && exitSignal !== 0)) return -Errno.EINVAL;
	if (flags >= CLONE.CLEAR_SIGHAND && flags & CLONE.SIGHAND) return -Errno.EINVAL;
	if ((stack === 0) !== (stackSize === 0)) return -Errno.EINVAL;
	return clone(d, { flags, exitSignal, stack: stack + stackSize, parentTid, tls, childTid, pidfd, setTid });
};

/** unshare(2): descriptors and directories of one's own; a thread cannot leave its group. */
const unshare: Handler = (d, [flags]) => {
	const known = CLONE.FILES | CLONE.FS | CLONE.SIGHAND | CLONE.VM | CLONE.THREAD | CLONE.SYSVSEM | NAMESPACES | CLONE.NEWTIME;
	if (flags & ~known) return -Errno.EINVAL;
	const alone = d.group.threads.filter((pid) => isAlive(d.state.tasks[pid])).length === 1;
	if (flags & (CLONE.THREAD | CLONE.SIGHAND | CLONE.VM) && !alone) return -Errno.EINVAL;
	const { task, state } = d;
	if (flags & CLONE.VM && Object.values(state.tasks).some((t) => t.mm === task.mm && t.pid !== task.pid)) return -Errno.EINVAL;
	const spaces = flags & (NAMESPACES | CLONE.NEWTIME);
	if (spaces && task.creds.euid !== 0) return -Errno.EPERM;
	if (spaces & ~OWN_NAMESPACES) return unsupported(d, otherNamespaces(flags), Errno.EINVAL);
	const refused = flags & CLONE.NEWPID ? refusePidNamespace(d) : 0;
	if (refused !== 0) return refused;
	const shared = (field: 'fdTable' | 'fs') =>
		Object.values(state.tasks).some((t) => t[field] === task[field] && t.pid !== task.pid);
	const { ns, copies } = newNamespaces(d, flags);
	const fs = inCopies(state.fsStructs[task.fs], copies);
	const ownFs = (flags & (CLONE.FS | CLONE.NEWNS)) !== 0 && shared('fs');
	const own = {
		...(flags & CLONE.FILES && shared('fdTable') ? { fdTable: { ...state.fdTables[task.fdTable], id: state.next.fdTable } } : {}),
		...(ownFs ? { fs: { ...fs, id: state.next.fs } } : {}),
	};
	if (flags & CLONE.SYSVSEM) leaveUndoList(d, d.pid);
	if (spaces) enterNamespaces(d, ns);
	if (flags & CLONE.NEWNS && !ownFs)
		d.emit({ kind: 'fs/set', fs: fs.id, fields: { cwdMount: fs.cwdMount, rootMount: fs.rootMount } });
	if (Object.keys(own).length > 0) d.emit({ kind: 'task/unshare', task: d.pid, ...own });
	return 0;
};

const NO_NAMESPACES = 'of new namespaces only uts, ipc, mnt and pid';

export const cloneRows: readonly SyscallRow[] = [
	{ nr: 2, name: 'fork', args: [], support: 'full', handler: fork },
	{
		nr: 120,
		name: 'clone',
		args: ['flags:clone', 'addr', 'addr', 'addr', 'addr'],
		support: 'partial',
		note: NO_NAMESPACES,
		handler: cloneCall,
	},
	{ nr: 190, name: 'vfork', args: [], support: 'full', handler: vfork },
	{ nr: 310, name: 'unshare', args: ['flags:clone'], support: 'partial', note: NO_NAMESPACES, handler: unshare },
	{
		nr: 435,
		name: 'clone3',
		args: ['addr', 'size'],
		support: 'partial',
		note: `${NO_NAMESPACES}, no cgroup`,
		handler: clone3,
	},
];
