/** Calls about signals (kernel/signal.c, arch/x86/kernel/signal.c of Linux 6.1, i386 entry points). */
import type { SigAction, SigInfo, SigSet, Task } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { decodeSiginfo, encodeSiginfo, SIGINFO_BYTES } from '../abi/siginfo.ts';
import {
	Code,
	decodeOldSigaction,
	decodeSigaction,
	decodeSigset,
	decodeStack,
	encodeOldSigaction,
	encodeSigaction,
	encodeSigset,
	encodeStack,
	How,
	hasSignal,
	IGNORED_SIGNALS,
	NSIG,
	OLD_SIGACTION_BYTES,
	SA_KEPT,
	Sa,
	SIG_DFL,
	SIG_IGN,
	SIGACTION_BYTES,
	Sig,
	Ss,
	STACK_BYTES,
	sigmask,
	UNBLOCKABLE,
} from '../abi/signal.ts';
import { TIMESPEC32, TIMESPEC64, type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import { altStackFlags, changedAltStack, refuseAltStack } from '../altstack.ts';
import { type Block, type Decision, type Outcome, RETURNED } from '../decision.ts';
import { numberOf, pidOf, taskOf } from '../pids.ts';
import type { Resume, SyscallRow } from '../row.ts';
import { returnFromFrame, returnFromRtFrame } from '../sigframe.ts';
import { actionOf, pendingSet, setBlocked, takeSignal, userInfo } from '../signal-queue.ts';
import { flush, postSignal } from '../signal-send.ts';

const SIGSET_BYTES = 8;
const LOW = 0xffffffffn;

/** A wait that only a signal ends. */
function untilSignal(restart: number): Block {
	return { kind: 'block', wait: { on: [], deadline: null, restart, signals: 0n }, restartBlock: null };
}

/* ---- actions ---- */

/** do_sigaction: 0 or -EINVAL. A null `action` only asks. */
function setAction(d: Decision, signo: number, action: SigAction | null): number {
	if (signo < 1 || signo > NSIG || (action !== null && hasSignal(UNBLOCKABLE, signo))) return -Errno.EINVAL;
	if (action === null) return 0;
	// Flags that the kernel does not know are cleared, so that programs can find out.
	const kept = { ...action, flags: (action.flags & SA_KEPT) >>> 0, mask: action.mask & ~UNBLOCKABLE };
	d.emit({ kind: 'signal/action', sighand: d.task.sighand, signo, action: kept });
	const { handler } = kept;
	if (handler === SIG_IGN || (handler === SIG_DFL && hasSignal(IGNORED_SIGNALS, signo))) flush(d, d.pid, sigmask(signo));
	return 0;
}

interface ActionFormat {
	readonly bytes: number;
	readonly decode: (bytes: Uint8Array) => SigAction;
	readonly encode: (action: SigAction) => Uint8Array;
}
const NEW_ACTION: ActionFormat = { bytes: SIGACTION_BYTES, decode: decodeSigaction, encode: encodeSigaction };
const OLD_ACTION: ActionFormat = { bytes: OLD_SIGACTION_BYTES, decode: decodeOldSigaction, encode: encodeOldSigaction };

function sigactionCall(d: Decision, signo: number, act: number, old: number, format: ActionFormat): number {
	let action: SigAction | null = null;
	if (act !== 0) {
		const bytes = d.read(act, format.bytes);
		if (bytes === undefined) return -Errno.EFAULT;
		action = format.decode(bytes);
	}
	const before = signo >= 1 && signo <= NSIG ? actionOf(d.state, d.task, signo) : null;
	const result = setAction(d, signo, action);
	if (result === 0 && old !== 0 && before !== null && !d.write(old, format.encode(before))) return -Errno.EFAULT;
	return result;
}

/** signal(2): a handler that is reset when it runs and does not block its signal. */
function signalCall(d: Decision, signo: number, handler: number): number {
	const before = signo >= 1 && signo <= NSIG ? actionOf(d.state, d.task, signo).handler : 0;
	const action = { handler, flags: (Sa.RESETHAND | Sa.NODEFER) >>> 0, restorer: 0, mask: 0n };
	const result = setAction(d, signo | 0, action);
	return result === 0 ? before | 0 : result;
}

/* ---- masks ---- */

/** The mask after sigprocmask(how, set), or null for a bad `how`. */
function changedMask(blocked: SigSet, how: number, set: SigSet): SigSet | null {
	switch (how) {
		case How.SIG_BLOCK:
			return blocked | set;
		case How.SIG_UNBLOCK:
			return blocked & ~set;
		case How.SIG_SETMASK:
			return set;
		default:
			return null;
	}
}

function rtSigprocmask(d: Decision, [how, set, old, size]: readonly number[]): number {
	if (size !== SIGSET_BYTES) return -Errno.EINVAL;
	const before = d.task.blocked;
	if (set !== 0) {
		const bytes = d.read(set, SIGSET_BYTES);
		if (bytes === undefined) return -Errno.EFAULT;
		const blocked = changedMask(before, how, decodeSigset(bytes));
		if (blocked === null) return -Errno.EINVAL;
		setBlocked(d, blocked);
	}
	return old === 0 || d.write(old, encodeSigset(before)) ? 0 : -Errno.EFAULT;
}

/** The old call sees signals 1..32 and leaves the others as they are. */
function sigprocmask(d: Decision, [how, set, old]: readonly number[]): number {
	const before = d.task.blocked;
	if (set !== 0) {
		const word = d.u32(set);
		if (word === undefined) return -Errno.EFAULT;
		const blocked = changedMask(before, how, BigInt(word));
		if (blocked === null) return -Errno.EINVAL;
		setBlocked(d, how === How.SIG_SETMASK ? (before & ~LOW) | blocked : blocked);
	}
	return old === 0 || d.writeU32(old, Number(before & LOW)) ? 0 : -Errno.EFAULT;
}

function ssetmask(d: Decision, mask: number): number {
	const before = d.task.blocked;
	setBlocked(d, (before & ~LOW) | BigInt(mask));
	return Number(before & LOW) | 0;
}

function sigpending(d: Decision, set: number, size: number): number {
	if (size > SIGSET_BYTES) return -Errno.EINVAL;
	const pending = pendingSet(d.state, d.task) & d.task.blocked;
	return d.write(set, encodeSigset(pending).subarray(0, size)) ? 0 : -Errno.EFAULT;
}

/** Waits with another mask; the old one comes back with the handler's return, or at once when there is none. */
function suspend(d: Decision, set: SigSet): Outcome {
	setBlocked(d, set, d.task.blocked);
	return untilSignal(Restart.NOHAND);
}

function rtSigsuspend(d: Decision, [set, size]: readonly number[]): Outcome {
	if (size !== SIGSET_BYTES) return -Errno.EINVAL;
	const bytes = d.read(set, SIGSET_BYTES);
	return bytes === undefined ? -Errno.EFAULT : suspend(d, decodeSigset(bytes));
}

/* ---- waiting for a signal ---- */

/** rt_sigtimedwait: takes a pending signal of the set, blocked or not, or waits for one. */
function sigtimedwait(d: Decision, args: readonly number[], resume: Resume | null, format: TimeFormat): Outcome {
	const [set, info, timeout, size] = args;
	if (size !== SIGSET_BYTES) return -Errno.EINVAL;
	const bytes = d.read(set, SIGSET_BYTES);
	if (bytes === undefined) return -Errno.EFAULT;
	const these = decodeSigset(bytes) & ~UNBLOCKABLE;
	let ns: number | null = null;
	if (timeout !== 0 && resume === null) {
		const raw = d.read(timeout, format.bytes);
		if (raw === undefined) return -Errno.EFAULT;
		const time = format.decode(raw);
		if (!validTime(time, format)) return -Errno.EINVAL;
		ns = timeNs(time, format);
	}
	const taken = takeSignal(d, ~these & 0xffffffffffffffffn, true);
	if (taken !== null) return info === 0 || d.write(info, encodeSiginfo(taken)) ? taken.signo : -Errno.EFAULT;
	if (resume !== null) return resume.reason === 'signal' ? -Errno.EINTR : -Errno.EAGAIN;
	if (ns === 0) return -Errno.EAGAIN;
	// A signal ends the wait with EINTR whatever its handler says, so no restart code is ever seen.
	const deadline = ns === null ? null : d.now + ns;
	return { kind: 'block', wait: { on: [], deadline, restart: Restart.NOHAND, signals: these }, restartBlock: null };
}

/* ---- sending ---- */

/** kill_ok_by_cred, CAP_KILL being root's; SIGCONT may also be sent within a session. */
function mayKill(d: Decision, target: Task, signo: number): boolean {
	const { task, state } = d;
	if (task.group === target.group || task.creds.euid === 0) return true;
	const { uid, euid } = task.creds;
	const { suid, uid: targetUid } = target.creds;
	if (euid === suid || euid === targetUid || uid === suid || uid === targetUid) return true;
	return signo === Sig.SIGCONT && state.groups[task.group].session === state.groups[target.group].session;
}

/** Sends to a task after the checks; signal 0 only checks. */
export function send(d: Decision, target: Task, group: boolean, info: SigInfo): number {
	if (info.signo < 0 || info.signo > NSIG) return -Errno.EINVAL;
	if (!mayKill(d, target, info.signo)) return -Errno.EPERM;
	return info.signo === 0 ? 0 : postSignal(d, target.pid, group, info);
}

/** To the process with a thread of this number. */
function sendTo(d: Decision, nr: number, info: SigInfo): number {
	const target = taskOf(d, nr);
	return target === undefined || target.state === 'dead' ? -Errno.ESRCH : send(d, target, true, info);
}

/** Leaders of thread groups, in pid order. A dead one that was not reaped counts. */
function leaders(d: Decision, which: (task: Task) => boolean): Task[] {
	return Object.values(d.state.tasks).filter((t) => t.pid === t.tgid && t.state !== 'dead' && which(t));
}

function kill(d: Decision, pid: number, signo: number): number {
	const info = userInfo(d, signo);
	const { groups } = d.state;
	if (pid > 0) return sendTo(d, pid, info);
	if (pid === -0x80000000) return -Errno.ESRCH;
	// Everybody that the caller sees but its own group and its namespace's init; or a process group.
	const pgrp = pid === 0 ? d.group.pgrp : pidOf(d, -pid);
	const isAnyone = (t: Task) => numberOf(d, t.tgid) > 1 && t.group !== d.task.group;
	const targets = leaders(d, (t) => (pid === -1 ? isAnyone(t) : groups[t.group].pgrp === pgrp));
	if (targets.length === 0) return -Errno.ESRCH;
	const results = targets.map((t) => send(d, t, true, info));
	if (pid === -1) return results.findLast((r) => r !== -Errno.EPERM) ?? 0;
	return results.includes(0) ? 0 : results[results.length - 1];
}

/** tkill, tgkill: to one thread. `tgid` -1 = any group. */
function killThread(d: Decision, tgid: number, pid: number, signo: number, info?: SigInfo): number {
	if (pid <= 0 || (tgid <= 0 && tgid !== -1)) return -Errno.EINVAL;
	const target = taskOf(d, pid);
	if (target === undefined || target.state === 'dead') return -Errno.ESRCH;
	if (tgid !== -1 && numberOf(d, target.tgid) !== tgid) return -Errno.ESRCH;
	return send(d, target, false, info ?? userInfo(d, signo, Code.SI_TKILL));
}

/** The siginfo of rt_sigqueueinfo: read whole, and only to itself may a program pretend to be the kernel or kill(2). */
export function queuedInfo(d: Decision, own: boolean, signo: number, uinfo: number): SigInfo | number {
	const bytes = d.read(uinfo, SIGINFO_BYTES);
	if (bytes === undefined) return -Errno.EFAULT;
	const info = decodeSiginfo(bytes, signo);
	if ((info.code >= 0 || info.code === Code.SI_TKILL) && !own) return -Errno.EPERM;
	return info;
}

function sigqueueinfo(d: Decision, pid: number, signo: number, uinfo: number): number {
	const info = queuedInfo(d, pidOf(d, pid) === d.pid, signo, uinfo);
	return typeof info === 'number' ? info : sendTo(d, pid, info);
}

function tgsigqueueinfo(d: Decision, [tgid, pid, signo, uinfo]: readonly number[]): number {
	const bytes = d.read(uinfo, SIGINFO_BYTES);
	if (bytes === undefined) return -Errno.EFAULT;
	if ((tgid | 0) <= 0 || (pid | 0) <= 0) return -Errno.EINVAL;
	const info = queuedInfo(d, pidOf(d, pid) === d.pid, signo | 0, uinfo);
	return typeof info === 'number' ? info : killThread(d, tgid, pid, signo | 0, info);
}

/* ---- stacks and frames ---- */

function sigaltstack(d: Decision, ss: number, old: number): number {
	const before = d.task.altstack;
	const { esp } = d.regs;
	if (ss !== 0) {
		const bytes = d.read(ss, STACK_BYTES);
		if (bytes === undefined) return -Errno.EFAULT;
		const wanted = decodeStack(bytes);
		const refused = refuseAltStack(before, wanted, esp);
		if (refused !== null) return -Errno[refused];
		const altstack = changedAltStack(before, wanted, esp);
		if (altstack !== undefined) d.emit({ kind: 'task/set', task: d.pid, fields: { altstack } });
	}
	const flags = (altStackFlags(before, esp) | (before.flags & Ss.AUTODISARM)) >>> 0;
	return old === 0 || d.write(old, encodeStack({ ...before, flags })) ? 0 : -Errno.EFAULT;
}

/** Rows of calls about signals. */
export const signalRows: readonly SyscallRow[] = [
	{ nr: 29, name: 'pause', args: [], support: 'full', handler: () => untilSignal(Restart.NOHAND) },
	{ nr: 37, name: 'kill', args: ['pid', 'signal'], support: 'full', handler: (d, [pid, sig]) => kill(d, pid | 0, sig | 0) },
	{
		nr: 48,
		name: 'signal',
		args: ['signal', 'enum:handler'],
		result: 'hex',
		support: 'full',
		handler: (d, [sig, handler]) => signalCall(d, sig, handler),
	},
	{
		nr: 67,
		name: 'sigaction',
		args: ['signal', 'struct:old_sigaction', 'struct:old_sigaction-out'],
		support: 'full',
		handler: (d, [sig, act, old]) => sigactionCall(d, sig | 0, act, old, OLD_ACTION),
	},
	{ nr: 68, name: 'sgetmask', args: [], result: 'hex', support: 'full', handler: (d) => Number(d.task.blocked & LOW) | 0 },
	{ nr: 69, name: 'ssetmask', args: ['hex'], result: 'hex', support: 'full', handler: (d, [mask]) => ssetmask(d, mask) },
	{
		nr: 72,
		name: 'sigsuspend',
		args: ['int', 'int', 'hex'],
		support: 'full',
		handler: (d, args) => suspend(d, BigInt(args[2])),
	},
	{ nr: 73, name: 'sigpending', args: ['sigset-out'], support: 'full', handler: (d, [set]) => sigpending(d, set, 4) },
	{
		nr: 119,
		name: 'sigreturn',
		args: [],
		support: 'full',
		handler: (d) => {
			returnFromFrame(d);
			return RETURNED;
		},
	},
	{
		nr: 126,
		name: 'sigprocmask',
		args: ['enum:sigprocmask', 'sigset', 'sigset-out'],
		support: 'full',
		handler: sigprocmask,
	},
	{
		nr: 173,
		name: 'rt_sigreturn',
		args: [],
		support: 'full',
		handler: (d) => {
			returnFromRtFrame(d);
			return RETURNED;
		},
	},
	{
		nr: 174,
		name: 'rt_sigaction',
		args: ['signal', 'struct:sigaction', 'struct:sigaction-out', 'size'],
		support: 'full',
		handler: (d, [sig, act, old, size]) =>
			size === SIGSET_BYTES ? sigactionCall(d, sig | 0, act, old, NEW_ACTION) : -Errno.EINVAL,
	},
	{
		nr: 175,
		name: 'rt_sigprocmask',
		args: ['enum:sigprocmask', 'sigset', 'sigset-out', 'size'],
		support: 'full',
		handler: rtSigprocmask,
	},
	{
		nr: 176,
		name: 'rt_sigpending',
		args: ['sigset-out', 'size'],
		support: 'full',
		handler: (d, [set, size]) => sigpending(d, set, size),
	},
	{
		nr: 177,
		name: 'rt_sigtimedwait',
		args: ['sigset', 'struct:siginfo-out', 'struct:timespec', 'size'],
		support: 'full',
		handler: (d, args, resume) => sigtimedwait(d, args, resume, TIMESPEC32),
		onSignal: true,
	},
	{
		nr: 178,
		name: 'rt_sigqueueinfo',
		args: ['pid', 'signal', 'struct:siginfo'],
		support: 'full',
		handler: (d, [pid, sig, info]) => sigqueueinfo(d, pid | 0, sig | 0, info),
	},
	{ nr: 179, name: 'rt_sigsuspend', args: ['sigset', 'size'], support: 'full', handler: rtSigsuspend },
	{
		nr: 186,
		name: 'sigaltstack',
		args: ['struct:stack', 'struct:stack-out'],
		support: 'full',
		handler: (d, [ss, old]) => sigaltstack(d, ss, old),
	},
	{
		nr: 238,
		name: 'tkill',
		args: ['pid', 'signal'],
		support: 'full',
		handler: (d, [pid, sig]) => killThread(d, -1, pid | 0, sig | 0),
	},
	{
		nr: 270,
		name: 'tgkill',
		args: ['pid', 'pid', 'signal'],
		support: 'full',
		handler: (d, [tgid, pid, sig]) => ((tgid | 0) <= 0 ? -Errno.EINVAL : killThread(d, tgid, pid | 0, sig | 0)),
	},
	{
		nr: 335,
		name: 'rt_tgsigqueueinfo',
		args: ['pid', 'pid', 'signal', 'struct:siginfo'],
		support: 'full',
		handler: tgsigqueueinfo,
	},
	{
		nr: 421,
		name: 'rt_sigtimedwait_time64',
		args: ['sigset', 'struct:siginfo-out', 'struct:timespec64', 'size'],
		support: 'full',
		handler: (d, args, resume) => sigtimedwait(d, args, resume, TIMESPEC64),
		onSignal: true,
	},
];
