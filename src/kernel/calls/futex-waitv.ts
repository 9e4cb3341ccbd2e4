/** futex_waitv(2): waits for the first of several futexes that is woken (kernel/futex/syscalls.c, waitwake.c of Linux 6.1). */
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { Clock, TIMESPEC64 } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Outcome } from '../decision.ts';
import { ANY, FUTEX_PRIVATE, futexKey } from '../futexes.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { futexDeadline } from './futex.ts';

/** FUTEX_32, a flag that each must have, and FUTEX_WAITV_MAX. */
const WORD_32 = 2;
const MOST = 128;
/** struct futex_waitv: u64 value, u64 address, u32 flags, u32 reserved. */
const BYTES = 24;

const futexWaitv: Handler = (d, [list, count, flags, timeout, clock], resume): Outcome => {
	if (resume !== null) {
		if (resume.reason === 'ready') return resume.wait.fired;
		return resume.reason === 'timeout' ? -Errno.ETIMEDOUT : resume.wait.restart;
	}
	if (flags !== 0 || count === 0 || count > MOST || list === 0) return -Errno.EINVAL;
	let deadline: number | null = null;
	if (timeout !== 0) {
		if (clock !== Clock.CLOCK_REALTIME && clock !== Clock.CLOCK_MONOTONIC) return -Errno.EINVAL;
		deadline = futexDeadline(d, timeout, TIMESPEC64, clock === Clock.CLOCK_REALTIME ? 'realtime' : 'monotonic');
		if (deadline < 0) return deadline;
	}
	const wanted: { readonly address: number; readonly value: number; readonly priv: boolean }[] = [];
	for (let i = 0; i < count; i++) {
		const bytes = d.read(list + i * BYTES, BYTES);
		if (bytes === undefined) return -Errno.EFAULT;
		const v = viewOf(bytes);
		const own = v.getUint32(16, true);
		if ((own & ~(WORD_32 | FUTEX_PRIVATE)) !== 0 || v.getUint32(20, true) !== 0 || !(own & WORD_32)) return -Errno.EINVAL;
		wanted.push({ value: v.getUint32(0, true), address: v.getUint32(8, true), priv: (own & FUTEX_PRIVATE) !== 0 });
	}
	const keys = [];
	for (const { address, priv } of wanted) {
		const key = futexKey(d, address, priv);
		if (typeof key === 'number') return key;
		keys.push(key);
	}
	for (const { address, value } of wanted) {
		const word = d.u32(address);
		if (word === undefined) return -Errno.EFAULT;
		if (word !== value) return -Errno.EAGAIN;
	}
	const on = keys.map((key) => ({ kind: 'futex' as const, ...key, bitset: ANY, owner: 0 }));
	return { kind: 'block', wait: { on, deadline, restart: Restart.SYS, signals: 0n }, restartBlock: null };
};

export const futexWaitvRow: SyscallRow = {
	nr: 449,
	name: 'futex_waitv',
	args: ['addr', 'uint', 'hex', 'struct:timespec64', 'enum:clock'],
	support: 'full',
	handler: futexWaitv,
};
