/** ptrace(2): attaching, letting go on, memory and registers of a tracee (kernel/ptrace.c, arch/x86/kernel/ptrace.c of Linux 6.1). */
import type { Task } from '../../events/entities.ts';
import { vmaAt } from '../../reducers/address-space.ts';
import { Vm } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { NT, PTRACE, PTRACE_OPTIONS, PtraceEvent } from '../abi/ptrace.ts';
import { decodeSiginfo, encodeSiginfo, SIGINFO_BYTES } from '../abi/siginfo.ts';
import { decodeSigset, encodeSigset, NSIG, Sig, UNBLOCKABLE } from '../abi/signal.ts';
import { USER_DESC, unpackDescriptor } from '../abi/user-desc.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { taskOf } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { isAlive, isTraced, kernelInfo, userInfo } from '../signal-queue.ts';
import { askToStop, postSignal } from '../signal-send.ts';
import { peekUser, pokeUser, registerSet, type Tracee, withStep } from '../tracee-regs.ts';
import { release, withoutStep } from '../tracees.ts';
import { notice, traced } from '../tracing.ts';
import { peekSiginfo, syscallInfo } from './ptrace-info.ts';
import { setTls, TLS_ENTRIES, TLS_MIN } from './segments.ts';

/** SUID_DUMP_USER: prctl(PR_SET_DUMPABLE, 1). */
const DUMPABLE = 1;

/** PTRACE_TRACEME: the parent traces the caller. */
function traceMe(d: Decision): number {
	const { task } = d;
	if (isTraced(task)) return -Errno.EPERM;
	const parent = d.state.tasks[task.ppid];
	// A parent outside the container could not see the stops.
	if (parent === undefined || !isAlive(parent)) return unsupported(d, 'ptrace by a parent outside', Errno.EPERM);
	d.emit({ kind: 'task/set', task: d.pid, fields: { trace: traced(parent.pid, false, 0) } });
	return 0;
}

/** __ptrace_may_access with the real ids: all ids of the tracee are the caller's, and it may be dumped; or the caller is root. */
export function mayTrace(d: Decision, target: Task): boolean {
	const { uid, gid, euid } = d.task.creds;
	if (euid === 0) return true;
	const t = target.creds;
	const same = [t.euid, t.suid, t.uid].every((id) => id === uid) && [t.egid, t.sgid, t.gid].every((id) => id === gid);
	return same && d.state.mms[target.mm]?.dumpable === DUMPABLE;
}

/** PTRACE_ATTACH and PTRACE_SEIZE. */
function attach(d: Decision, target: Task, seized: boolean, address: number, options: number): number {
	if (seized && (address !== 0 || options & ~PTRACE_OPTIONS)) return -Errno.EIO;
	if (target.group === d.task.group || !mayTrace(d, target)) return -Errno.EPERM;
	if (!isAlive(target) || isTraced(target)) return -Errno.EPERM;
	// One that was let go of in a stop it has not left yet leaves it as it would have.
	const trace = { ...traced(d.pid, seized, seized ? options : 0), stop: target.trace?.stop ?? null };
	d.emit({ kind: 'task/set', task: target.pid, fields: { trace } });
	if (!seized) postSignal(d, target.pid, false, kernelInfo(Sig.SIGSTOP));
	// A thread of a stopped group stands still for its tracer from now on (JOBCTL_TRAPPING).
	if (target.state === 'stopped') {
		const { stopSignal } = d.state.groups[target.group];
		const code = seized ? stopSignal | (PtraceEvent.STOP << 8) : stopSignal;
		const stop = { at: 'group', code, info: seized ? notice(d, stopSignal, code, target) : null, result: 0 } as const;
		d.emit({ kind: 'trace/stop', task: target.pid, trace: { ...trace, released: true, stop }, regs: {} });
	}
	return 0;
}

/** Requests whose calls the tracer makes, and that end after one instruction. */
const EMULATING: readonly number[] = [PTRACE.SYSEMU, PTRACE.SYSEMU_SINGLESTEP];
const STEPPING: readonly number[] = [PTRACE.SINGLESTEP, PTRACE.SYSEMU_SINGLESTEP];

/** PTRACE_CONT, SYSCALL, SYSEMU, SINGLESTEP, SYSEMU_SINGLESTEP: the tracee goes on, with a signal if one is given (ptrace_resume). */
function goOn(d: Decision, task: Tracee, request: number, signo: number): number {
	if (signo > NSIG) return -Errno.EIO;
	const { trace, pid } = task;
	const made = STEPPING.includes(request) ? withStep(d, task) : undefined;
	const off = withoutStep(trace, d.view.regs(pid).eflags);
	const stop = trace.stop && { ...trace.stop, code: signo };
	const calls = { syscall: request === PTRACE.SYSCALL, emulate: EMULATING.includes(request) };
	const next = { ...(made?.trace ?? off.trace), ...calls, stop };
	d.emit({ kind: 'trace/resume', task: pid, trace: next, regs: made ? { eflags: made.eflags } : off.regs });
	return 0;
}

/** access_process_vm of a word with FOLL_FORCE: memory that is mapped, whatever its protection; undefined = -EIO. */
function peek(d: Decision, task: Task, address: number): number | undefined {
	const bytes = d.read(address, 4, d.state.mms[task.mm]);
	return bytes && viewOf(bytes).getUint32(0, true);
}

/** A private page that may not be written gets a copy; a shared one stays as it is. */
function poke(d: Decision, task: Task, address: number, value: number): number {
	const mm = d.state.mms[task.mm];
	for (const at of [address, (address + 3) >>> 0]) {
		const vma = vmaAt(mm, at);
		if (vma === undefined || (!(vma.flags & Vm.WRITE) && vma.flags & Vm.SHARED)) return -Errno.EIO;
	}
	if (!d.writable(address, 4, true, mm)) return -Errno.EIO;
	const bytes = new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]);
	d.emit({ kind: 'memory/write', mm: mm.id, address, bytes, force: true });
	return 0;
}

/** Writes a word to the tracer, or says that there is none. */
function give(d: Decision, pointer: number, value: number | undefined): number {
	if (value === undefined) return -Errno.EIO;
	return d.writeU32(pointer, value) ? 0 : -Errno.EFAULT;
}

/** A whole set of registers by an old request. */
function wholeSet(d: Decision, task: Tracee, type: number, pointer: number, sets: boolean): number {
	const set = registerSet(d, type);
	if (set === undefined) return -Errno.EIO;
	if (!sets) return d.write(pointer, set.get(d, task)) ? 0 : -Errno.EFAULT;
	const bytes = d.read(pointer, set.bytes);
	return bytes === undefined ? -Errno.EFAULT : set.set(d, task, bytes);
}

/** PTRACE_GETREGSET, SETREGSET: as much as the iovec has room for, whose length becomes what was moved. */
function partSet(d: Decision, task: Tracee, type: number, iovec: number, sets: boolean): number {
	const base = d.u32(iovec);
	const room = d.u32(iovec + 4);
	if (base === undefined || room === undefined) return -Errno.EFAULT;
	const set = registerSet(d, type);
	if (set === undefined || room % set.element !== 0) return -Errno.EINVAL;
	const length = Math.min(room, set.bytes);
	if (sets) {
		const bytes = d.read(base, length);
		if (bytes === undefined) return -Errno.EFAULT;
		const result = set.set(d, task, bytes);
		if (result !== 0) return result;
	} else if (!d.write(base, set.get(d, task).subarray(0, length))) return -Errno.EFAULT;
	return d.writeU32(iovec + 4, length) ? 0 : -Errno.EFAULT;
}

function setSiginfo(d: Decision, task: Tracee, pointer: number): number {
	const bytes = d.read(pointer, SIGINFO_BYTES);
	if (bytes === undefined) return -Errno.EFAULT;
	const { stop } = task.trace;
	if (stop === null || stop.info === null) return -Errno.EINVAL;
	const signo = viewOf(bytes).getInt32(0, true);
	if (signo < 1 || signo > NSIG) return -Errno.EINVAL;
	const info = decodeSiginfo(bytes, signo);
	d.emit({ kind: 'task/set', task: task.pid, fields: { trace: { ...task.trace, stop: { ...stop, info } } } });
	return 0;
}

function threadArea(d: Decision, task: Tracee, index: number, pointer: number, sets: boolean): number {
	const n = (index | 0) - TLS_MIN;
	if (index >>> 31 || n < 0 || n >= TLS_ENTRIES) return -Errno.EINVAL;
	if (!sets) return d.write(pointer, unpackDescriptor(index, task.tls[n] ?? { a: 0, b: 0 })) ? 0 : -Errno.EFAULT;
	const bytes = d.read(pointer, USER_DESC);
	return bytes === undefined ? -Errno.EFAULT : setTls(d, task.pid, index, bytes);
}

function setMask(d: Decision, task: Tracee, size: number, pointer: number): number {
	if (size !== 8) return -Errno.EINVAL;
	const bytes = d.read(pointer, size);
	if (bytes === undefined) return -Errno.EFAULT;
	d.emit({ kind: 'signal/mask', task: task.pid, blocked: decodeSigset(bytes) & ~UNBLOCKABLE, saved: task.savedMask });
	return 0;
}

/** PTRACE_LISTEN: a tracee that stands still without a signal does so until there is something new to tell. */
function listen(d: Decision, task: Tracee): number {
	const { trace, pid } = task;
	if (!trace.seized || trace.stop?.info == null || trace.stop.info.code >> 8 !== PtraceEvent.STOP) return -Errno.EIO;
	const listening = { ...trace, listening: true };
	if (trace.interrupt) askToStop(d, { ...task, trace: listening });
	else d.emit({ kind: 'task/set', task: pid, fields: { trace: listening } });
	return 0;
}

type Request = (d: Decision, task: Tracee, address: number, data: number) => number;

const peekText: Request = (d, task, address, data) => give(d, data, peek(d, task, address));
const resume =
	(request: number): Request =>
	(d, task, _address, data) =>
		goOn(d, task, request, data);
const setOptions: Request = (d, task, _address, data) => {
	if (data & ~PTRACE_OPTIONS) return -Errno.EINVAL;
	d.emit({ kind: 'task/set', task: task.pid, fields: { trace: { ...task.trace, options: data } } });
	return 0;
};
const regs =
	(type: number, sets: boolean): Request =>
	(d, task, _address, data) =>
		wholeSet(d, task, type, data, sets);

/** Requests about a tracee that stands still. */
const REQUESTS: ReadonlyMap<number, Request> = new Map<number, Request>([
	[PTRACE.PEEKTEXT, peekText],
	[PTRACE.PEEKDATA, peekText],
	[PTRACE.PEEKUSER, (d, task, address, data) => give(d, data, peekUser(d, task, address))],
	[PTRACE.POKETEXT, poke],
	[PTRACE.POKEDATA, poke],
	[PTRACE.POKEUSER, pokeUser],
	[PTRACE.CONT, resume(PTRACE.CONT)],
	[PTRACE.SYSCALL, resume(PTRACE.SYSCALL)],
	[PTRACE.SINGLESTEP, resume(PTRACE.SINGLESTEP)],
	[PTRACE.SYSEMU, resume(PTRACE.SYSEMU)],
	[PTRACE.SYSEMU_SINGLESTEP, resume(PTRACE.SYSEMU_SINGLESTEP)],
	[PTRACE.LISTEN, listen],
	[PTRACE.GETREGS, regs(NT.PRSTATUS, false)],
	[PTRACE.SETREGS, regs(NT.PRSTATUS, true)],
	[PTRACE.GETFPREGS, regs(NT.PRFPREG, false)],
	[PTRACE.SETFPREGS, regs(NT.PRFPREG, true)],
	[PTRACE.GETFPXREGS, regs(NT.PRXFPREG, false)],
	[PTRACE.SETFPXREGS, regs(NT.PRXFPREG, true)],
	[
		PTRACE.DETACH,
		(d, task, _address, data) => {
			if (data > NSIG) return -Errno.EIO;
			release(d, task.pid, data);
			return 0;
		},
	],
	[PTRACE.OLDSETOPTIONS, setOptions],
	[PTRACE.SETOPTIONS, setOptions],
	[PTRACE.GET_THREAD_AREA, (d, task, address, data) => threadArea(d, task, address, data, false)],
	[PTRACE.SET_THREAD_AREA, (d, task, address, data) => threadArea(d, task, address, data, true)],
	[PTRACE.GETEVENTMSG, (d, task, _address, data) => (d.writeU32(data, task.trace.message) ? 0 : -Errno.EFAULT)],
	[
		PTRACE.GETSIGINFO,
		(d, task, _address, data) => {
			const info = task.trace.stop?.info ?? null;
			if (info === null) return -Errno.EINVAL;
			return d.write(data, encodeSiginfo(info)) ? 0 : -Errno.EFAULT;
		},
	],
	[PTRACE.SETSIGINFO, (d, task, _address, data) => setSiginfo(d, task, data)],
	[PTRACE.GETREGSET, (d, task, address, data) => partSet(d, task, address, data, false)],
	[PTRACE.SETREGSET, (d, task, address, data) => partSet(d, task, address, data, true)],
	[
		PTRACE.GETSIGMASK,
		(d, task, address, data) => {
			if (address !== 8) return -Errno.EINVAL;
			return d.write(data, encodeSigset(task.savedMask ?? task.blocked)) ? 0 : -Errno.EFAULT;
		},
	],
	[PTRACE.SETSIGMASK, setMask],
	[PTRACE.PEEKSIGINFO, peekSiginfo],
	[PTRACE.GET_SYSCALL_INFO, syscallInfo],
]);

/** Requests that are said aloud to be missing. */
function missing(d: Decision, request: number): number {
	const known = Object.entries(PTRACE).find(([, nr]) => nr === request)?.[0];
	return known === undefined ? -Errno.EIO : unsupported(d, `PTRACE_${known}`, Errno.EIO);
}

const ptrace: Handler = (d, [request, nr, address, data]) => {
	if (request === PTRACE.TRACEME) return traceMe(d);
	const target = taskOf(d, nr);
	if (target === undefined) return -Errno.ESRCH;
	const { pid } = target;
	if (request === PTRACE.ATTACH) return attach(d, target, false, address, data);
	if (request === PTRACE.SEIZE) return attach(d, target, true, address, data);
	if (!isTraced(target) || target.trace.tracer !== d.pid) return -Errno.ESRCH;
	if (request === PTRACE.KILL) {
		postSignal(d, pid, false, userInfo(d, Sig.SIGKILL));
		return 0;
	}
	if (request === PTRACE.INTERRUPT) {
		if (!target.trace.seized) return -Errno.EIO;
		if (isAlive(target)) askToStop(d, target);
		return 0;
	}
	if (target.state !== 'traced' || target.trace.listening) return -Errno.ESRCH;
	const handler = REQUESTS.get(request);
	return handler === undefined ? missing(d, request) : handler(d, target, address, data);
};

export const ptraceRows: readonly SyscallRow[] = [
	{
		nr: 26,
		name: 'ptrace',
		args: ['enum:PTRACE', 'pid', 'hex', 'hex'],
		support: 'partial',
		note: 'no SINGLEBLOCK, no seccomp; a parent outside the machine cannot trace',
		handler: ptrace,
	},
];
