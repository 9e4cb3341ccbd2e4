/** PTRACE_GET_SYSCALL_INFO and PTRACE_PEEKSIGINFO: what a tracee's call is, and what waits for it (kernel/ptrace.c of Linux 6.1). */
import { Errno } from '../abi/errno.ts';
import { SYSGOOD } from '../abi/ptrace.ts';
import { encodeSiginfo, SIGINFO_BYTES } from '../abi/siginfo.ts';
import { Sig } from '../abi/signal.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import type { Tracee } from '../tracee-regs.ts';

/** AUDIT_ARCH_I386. */
const ARCH = 0x40000003;
/** PTRACE_SYSCALL_INFO_*. */
const Op = { NONE: 0, ENTRY: 1, EXIT: 2 } as const;
/** struct ptrace_syscall_info: bytes of what every stop has, of an entry (number, six arguments), of an exit (result, whether it is an error). */
const BYTES = { [Op.NONE]: 24, [Op.ENTRY]: 80, [Op.EXIT]: 33 } as const;
/** Results that are errors: -4095 and above. */
const MAX_ERRNO = 4095;

function opOf({ trace }: Tracee): (typeof Op)[keyof typeof Op] {
	if (trace.stop?.info?.code !== (Sig.SIGTRAP | SYSGOOD)) return Op.NONE;
	return trace.stop.at === 'leave' ? Op.EXIT : Op.ENTRY;
}

/** @param size room at `pointer` @returns how many bytes there are to tell */
export function syscallInfo(d: Decision, task: Tracee, size: number, pointer: number): number {
	const regs = d.view.regs(task.pid);
	const op = opOf(task);
	const bytes = new Uint8Array(BYTES[Op.ENTRY]);
	const view = viewOf(bytes);
	const put = (at: number, word: number) => view.setBigUint64(at, BigInt(word >>> 0), true);
	view.setUint8(0, op);
	view.setUint32(4, ARCH, true);
	put(8, regs.eip);
	put(16, regs.esp);
	if (op === Op.ENTRY) {
		const { ebx, ecx, edx, esi, edi, ebp } = regs;
		[task.origAx, ebx, ecx, edx, esi, edi, ebp].forEach((word, i) => {
			put(24 + 8 * i, word);
		});
	} else if (op === Op.EXIT) {
		const failed = regs.eax >= 2 ** 32 - MAX_ERRNO;
		view.setBigInt64(24, BigInt(regs.eax | 0), true);
		view.setUint8(32, failed ? 1 : 0);
	}
	return d.write(pointer, bytes.subarray(0, Math.min(size, BYTES[op]))) ? BYTES[op] : -Errno.EFAULT;
}

const PEEK_SHARED = 1;

/** @param args struct ptrace_peeksiginfo_args: u64 off, u32 flags, s32 nr @returns how many were there from `off` on, `nr` at most */
export function peekSiginfo(d: Decision, task: Tracee, args: number, pointer: number): number {
	const bytes = d.read(args, 16);
	if (bytes === undefined) return -Errno.EFAULT;
	const view = viewOf(bytes);
	const from = Number(view.getBigUint64(0, true));
	const flags = view.getUint32(8, true);
	const wanted = view.getInt32(12, true);
	if (flags & ~PEEK_SHARED || wanted < 0) return -Errno.EINVAL;
	const queue = flags & PEEK_SHARED ? d.state.groups[task.group].pending : task.pending;
	const found = queue.slice(from, from + wanted);
	for (const [i, info] of found.entries())
		if (!d.write(pointer + i * SIGINFO_BYTES, encodeSiginfo(info))) return i === 0 ? -Errno.EFAULT : i;
	return found.length;
}
