/**
 * futex for a single process: a waiter can only time out or be interrupted, a waker finds nobody. (kernel/futex of
 * Linux 6.1; waking others comes with trees.)
 */
import { vmaAt } from '../../reducers/address-space.ts';
import { Restart, Vm, type WaitOn } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { TIMESPEC32, TIMESPEC64, type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import type { Decision, Outcome } from '../decision.ts';
import { TASK_SIZE } from '../elf.ts';
import type { Handler, Resume, SyscallRow } from '../row.ts';

/** Operations (include/uapi/linux/futex.h). */
const OP = { WAIT: 0, WAKE: 1, REQUEUE: 3, CMP_REQUEUE: 4, WAIT_BITSET: 9, WAKE_BITSET: 10 } as const;
const PRIVATE = 128;
const CLOCK_REALTIME = 256;
const ANY = 0xffffffff;

/** get_futex_key: which word of memory it is, whatever it is mapped at. -EINVAL, -EFAULT. */
function futexKey(d: Decision, address: number, priv: boolean): { readonly object: number; readonly offset: number } | number {
	if (address % 4 !== 0) return -Errno.EINVAL;
	if (address > TASK_SIZE - 4) return -Errno.EFAULT;
	if (priv) return { object: d.mm.object, offset: address };
	const vma = vmaAt(d.mm, address);
	if (vma === undefined || !(vma.flags & Vm.READ)) return -Errno.EFAULT;
	if (!(vma.flags & Vm.SHARED)) return { object: d.mm.object, offset: address };
	return { object: vma.object, offset: vma.pgoff * 4096 + (address - vma.start) };
}

/**
 * FUTEX_WAIT until a monotonic deadline (null: for ever); also how restart_syscall goes on with a `futex` restart block,
 * whose args are [address, value, private 0|1, bitset].
 */
export function futexWait(
	d: Decision,
	args: readonly number[],
	deadline: number | null,
	restart: number,
	resume: Resume | null,
): Outcome {
	if (resume !== null)
		return resume.reason === 'ready' ? 0 : resume.reason === 'timeout' ? -Errno.ETIMEDOUT : resume.wait.restart;
	const [address, value, priv, bitset] = args;
	if (bitset === 0) return -Errno.EINVAL;
	const key = futexKey(d, address, priv !== 0);
	if (typeof key === 'number') return key;
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	if (word !== value) return -Errno.EAGAIN;
	const waits = Object.values(d.state.tasks).flatMap((t) => t.wait?.on ?? []);
	const order = 1 + Math.max(0, ...waits.map((on: WaitOn) => (on.kind === 'futex' ? on.order : 0)));
	const block = restart === Restart.BLOCK ? { call: 'futex', deadline, args } : null;
	return {
		kind: 'block',
		wait: { on: [{ kind: 'futex', ...key, bitset, order }], deadline, restart, signals: 0n },
		restartBlock: block,
	};
}

const futex =
	(format: TimeFormat): Handler =>
	(d, [address, opAndFlags, value, timeoutOrCount, , value3], resume) => {
		const op = opAndFlags & ~(PRIVATE | CLOCK_REALTIME);
		const priv = opAndFlags & PRIVATE;
		if (opAndFlags & CLOCK_REALTIME && op !== OP.WAIT_BITSET) return -Errno.ENOSYS;
		switch (op) {
			case OP.WAIT:
			case OP.WAIT_BITSET: {
				const wait = [address, value, priv ? 1 : 0, op === OP.WAIT ? ANY : value3];
				if (resume !== null) return futexWait(d, wait, null, Restart.SYS, resume);
				const deadline = timeoutOrCount === 0 ? null : readDeadline(d, timeoutOrCount, format, op, opAndFlags);
				if (deadline !== null && deadline < 0) return deadline;
				return futexWait(d, wait, deadline, deadline === null ? Restart.SYS : Restart.BLOCK, null);
			}
			case OP.WAKE:
			case OP.WAKE_BITSET: {
				if (op === OP.WAKE_BITSET && value3 === 0) return -Errno.EINVAL;
				const key = futexKey(d, address, priv !== 0);
				return typeof key === 'number' ? key : 0;
			}
			case OP.REQUEUE:
			case OP.CMP_REQUEUE: {
				if ((value | 0) < 0 || (timeoutOrCount | 0) < 0) return -Errno.EINVAL;
				const key = futexKey(d, address, priv !== 0);
				if (typeof key === 'number') return key;
				if (op === OP.REQUEUE) return 0;
				const word = d.u32(address);
				return word === undefined ? -Errno.EFAULT : word === value3 ? 0 : -Errno.EAGAIN;
			}
			default: {
				const { eip } = d.regs;
				const name = `futex operation ${op}`;
				d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name, eip, bytes: new Uint8Array(0) });
				return -Errno.ENOSYS;
			}
		}
	};

/** WAIT has a relative time, WAIT_BITSET a point of the monotonic or the realtime clock. Monotonic ns, or -errno. */
function readDeadline(d: Decision, pointer: number, format: TimeFormat, op: number, flags: number): number {
	const bytes = d.read(pointer, format.bytes);
	if (bytes === undefined) return -Errno.EFAULT;
	const time = format.decode(bytes);
	if (!validTime(time, format)) return -Errno.EINVAL;
	const ns = timeNs(time, format);
	if (op === OP.WAIT) return d.now + ns;
	return flags & CLOCK_REALTIME ? Math.max(0, ns - (Number(d.realNow) - d.now)) : ns;
}

const NOTE = 'one process: WAIT, WAKE, REQUEUE and their bitset forms; nobody else to wake';

export const futexRows: readonly SyscallRow[] = [
	{
		nr: 240,
		name: 'futex',
		args: ['addr', 'flags:futex', 'int', 'addr', 'addr', 'hex'],
		support: 'partial',
		note: NOTE,
		handler: futex(TIMESPEC32),
	},
	{
		nr: 422,
		name: 'futex_time64',
		args: ['addr', 'flags:futex', 'int', 'addr', 'addr', 'hex'],
		support: 'partial',
		note: NOTE,
		handler: futex(TIMESPEC64),
	},
];
