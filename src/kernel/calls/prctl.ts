/** prctl(2): the kernel's knobs for a task (kernel/sys.c, security/commoncap.c, arch/x86 of Linux 6.1). */
import { TASK_NAME } from '../abi/clone.ts';
import { Errno } from '../abi/errno.ts';
import { ENUM_NAMES } from '../abi/names.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import type { Handler, SyscallRow } from '../row.ts';

const NSIG = 64;
const LAST_CAP = 40;
/** PR_MCE_KILL_DEFAULT. */
const MCE_DEFAULT = 2;
/** Operations of PR_CAP_AMBIENT. */
const AMBIENT = { IS_SET: 1, RAISE: 2, LOWER: 3, CLEAR_ALL: 4 } as const;

type PrctlHandler = (d: Decision, args: readonly number[]) => number;
const put = (d: Decision, pointer: number, value: number): number => (d.writeU32(pointer, value) ? 0 : -Errno.EFAULT);
const isRoot = (d: Decision): boolean => d.task.creds.euid === 0;
const none = (args: readonly number[]): boolean => args.every((a) => a === 0);

/** What handlers answer for what is not here: refused by name. */
const MISSING = -1000;
/** A setting that this machine has only as it is from the beginning, which is 0. */
const onlyZero = (value: number): number => (value === 0 ? 0 : MISSING);
const missing: PrctlHandler = () => MISSING;

/** prctl options by number (include/uapi/linux/prctl.h); one that is not here is EINVAL. `args` are those after it. */
const PRCTL: { readonly [option: number]: PrctlHandler } = {
	// PR_SET_PDEATHSIG, PR_GET_PDEATHSIG
	1: (d, [signal]) => {
		if (signal > NSIG) return -Errno.EINVAL;
		d.emit({ kind: 'task/set', task: d.pid, fields: { pdeathSignal: signal } });
		return 0;
	},
	2: (d, [pointer]) => put(d, pointer, d.task.pdeathSignal),
	// PR_GET_DUMPABLE, PR_SET_DUMPABLE
	3: (d) => d.mm.dumpable,
	4: (d, [dumpable]) => {
		if (dumpable > 1) return -Errno.EINVAL;
		d.emit({ kind: 'mm/set', mm: d.mm.id, fields: { dumpable } });
		return 0;
	},
	// PR_GET_KEEPCAPS, PR_SET_KEEPCAPS
	7: () => 0,
	8: (_d, [keeps]) => (keeps > 1 ? -Errno.EINVAL : onlyZero(keeps)),
	// PR_GET_TIMING, PR_SET_TIMING: only the default
	13: () => 0,
	14: (_d, [timing]) => (timing === 0 ? 0 : -Errno.EINVAL),
	// PR_SET_NAME, PR_GET_NAME
	15: (d, [pointer]) => {
		const comm = d.cstring(pointer, TASK_NAME - 1);
		if (comm === undefined) return -Errno.EFAULT;
		const cut = comm ?? latin1(d.read(pointer, TASK_NAME - 1));
		d.emit({ kind: 'task/set', task: d.pid, fields: { comm: cut } });
		return 0;
	},
	16: (d, [pointer]) => {
		const name = new Uint8Array(TASK_NAME);
		for (let i = 0; i < d.task.comm.length; i++) name[i] = d.task.comm.charCodeAt(i);
		return d.write(pointer, name) ? 0 : -Errno.EFAULT;
	},
	// PR_GET_SECCOMP, PR_SET_SECCOMP
	21: () => 0,
	22: (_d, [mode]) => (mode === 0 ? -Errno.EINVAL : MISSING),
	// PR_CAPBSET_READ, PR_CAPBSET_DROP
	23: (_d, [cap]) => (cap <= LAST_CAP ? 1 : -Errno.EINVAL),
	24: (d, [cap]) => (!isRoot(d) ? -Errno.EPERM : cap > LAST_CAP ? -Errno.EINVAL : MISSING),
	// PR_GET_TSC, PR_SET_TSC: enabled
	25: (d, [pointer]) => put(d, pointer, 1),
	26: (_d, [mode]) => (mode === 1 ? 0 : mode === 2 ? MISSING : -Errno.EINVAL),
	// PR_GET_SECUREBITS, PR_SET_SECUREBITS
	27: () => 0,
	28: (d, [bits]) => (!isRoot(d) || bits > 0xff ? -Errno.EPERM : onlyZero(bits)),
	// PR_SET_TIMERSLACK, PR_GET_TIMERSLACK: kept and inherited; nothing here is late by it
	29: (d, [ns]) => {
		const { initial } = d.task.timerSlack;
		d.emit({ kind: 'task/set', task: d.pid, fields: { timerSlack: { ns: ns === 0 ? initial : ns, initial } } });
		return 0;
	},
	30: (d) => d.task.timerSlack.ns | 0,
	// PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE: there are none
	31: () => 0,
	32: () => 0,
	// PR_MCE_KILL, PR_MCE_KILL_GET
	33: (_d, [how, when, ...rest]) => {
		if (!none(rest) || how > 1 || (how === 0 ? when !== 0 : when > MCE_DEFAULT)) return -Errno.EINVAL;
		return how === 0 || when === MCE_DEFAULT ? 0 : MISSING;
	},
	34: (_d, args) => (none(args) ? MCE_DEFAULT : -Errno.EINVAL),
	// PR_SET_MM
	35: missing,
	// PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER
	36: (d, [on]) => {
		d.emit({ kind: 'group/set', group: d.task.group, fields: { subreaper: on !== 0 } });
		return 0;
	},
	37: (d, [pointer]) => put(d, pointer, d.group.subreaper ? 1 : 0),
	// PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS
	38: (d, [on, ...rest]) => {
		if (on !== 1 || !none(rest)) return -Errno.EINVAL;
		d.emit({ kind: 'task/set', task: d.pid, fields: { noNewPrivs: true } });
		return 0;
	},
	39: (d, args) => (!none(args) ? -Errno.EINVAL : d.task.noNewPrivs ? 1 : 0),
	// PR_GET_TID_ADDRESS
	40: (d, [pointer]) => put(d, pointer, d.task.clearTid),
	// PR_SET_THP_DISABLE, PR_GET_THP_DISABLE: there are no huge pages to be without
	41: (_d, [off, ...rest]) => (none(rest) ? onlyZero(off) : -Errno.EINVAL),
	42: (_d, args) => (none(args) ? 0 : -Errno.EINVAL),
	// PR_CAP_AMBIENT: none is inheritable, so none can be raised
	47: (_d, [op, cap, ...rest]) => {
		if (op === AMBIENT.CLEAR_ALL) return cap === 0 && none(rest) ? 0 : -Errno.EINVAL;
		if (cap > LAST_CAP || !none(rest)) return -Errno.EINVAL;
		if (op === AMBIENT.RAISE) return -Errno.EPERM;
		return op === AMBIENT.IS_SET || op === AMBIENT.LOWER ? 0 : -Errno.EINVAL;
	},
	// PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL
	52: missing,
	53: missing,
	// PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER
	57: (d, [on, ...rest]) => (!isRoot(d) ? -Errno.EPERM : on > 1 || !none(rest) ? -Errno.EINVAL : onlyZero(on)),
	58: (d, args) => (!isRoot(d) ? -Errno.EPERM : none(args) ? 0 : -Errno.EINVAL),
	// PR_SET_SYSCALL_USER_DISPATCH
	59: (_d, [on, ...rest]) => (on > 1 || (on === 0 && !none(rest)) ? -Errno.EINVAL : on === 0 ? 0 : MISSING),
};

function latin1(bytes: Uint8Array | undefined): string {
	let text = '';
	for (const b of bytes ?? []) text += String.fromCharCode(b);
	return text;
}

const prctl: Handler = (d, [option, ...rest]) => {
	const result = PRCTL[option]?.(d, rest.slice(0, 4)) ?? -Errno.EINVAL;
	if (result !== MISSING) return result;
	return unsupported(d, ENUM_NAMES.PR.find(([n]) => n === option)?.[1] ?? `prctl ${option}`, Errno.EINVAL);
};

export const prctlRow: SyscallRow = {
	nr: 172,
	name: 'prctl',
	args: ['enum:PR', 'hex', 'hex', 'hex', 'hex'],
	support: 'partial',
	note: 'capability sets, seccomp, SET_MM, speculation, dispatch to user space: the default only, else EINVAL',
	handler: prctl,
};
