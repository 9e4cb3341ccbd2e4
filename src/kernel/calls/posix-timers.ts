/** POSIX timers: timer_create and its kin (kernel/time/posix-timers.c). */
import type { PosixTimer } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { Sig } from '../abi/signal.ts';
import { Clock, TIMER_ABSTIME, TIMESPEC32, TIMESPEC64, type TimeFormat } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import { cpuTimerClock } from '../clocks.ts';
import type { Decision } from '../decision.ts';
import { pidOf } from '../pids.ts';
import type { SyscallRow } from '../row.ts';
import { expirePosixTimers, posixTimerNow, SIGEV } from '../timers.ts';
import { expiryOf, readTimerSpec, timerSpec } from './anon.ts';

/** Clocks whose timers follow monotonic time. */
const CLOCKS: readonly number[] = [Clock.CLOCK_REALTIME, Clock.CLOCK_MONOTONIC, Clock.CLOCK_BOOTTIME, Clock.CLOCK_TAI];
const CPU_CLOCKS: readonly number[] = [Clock.CLOCK_PROCESS_CPUTIME_ID, Clock.CLOCK_THREAD_CPUTIME_ID];
/** Clocks that are there, but have no timers; those that would wake the machine have no device. */
const TIMELESS: readonly number[] = [
	Clock.CLOCK_MONOTONIC_RAW,
	Clock.CLOCK_REALTIME_COARSE,
	Clock.CLOCK_MONOTONIC_COARSE,
	Clock.CLOCK_REALTIME_ALARM,
	Clock.CLOCK_BOOTTIME_ALARM,
];
/** CLOCKFD: a clock that is a descriptor, in the low three bits of its id. */
const CLOCKFD = 3;
/** struct sigevent of i386: value, signo, notify, tid. */
const SIGEVENT_BYTES = 64;

function create(d: Decision, clock: number, event: number, at: number): number {
	if (TIMELESS.includes(clock) || (clock < 0 && (clock & 7) === CLOCKFD)) return -Errno.EOPNOTSUPP;
	const cpu = clock < 0 || CPU_CLOCKS.includes(clock);
	const counted = cpu ? cpuTimerClock(d, clock) : CLOCKS.includes(clock) ? clock : undefined;
	if (counted === undefined) return -Errno.EINVAL;
	const id = d.group.nextTimer;
	let wanted = { value: id, signo: Sig.SIGALRM as number, notify: SIGEV.SIGNAL as number, tid: 0 };
	if (event !== 0) {
		const raw = d.read(event, SIGEVENT_BYTES);
		if (raw === undefined) return -Errno.EFAULT;
		const view = viewOf(raw);
		wanted = {
			value: view.getInt32(0, true),
			signo: view.getInt32(4, true),
			notify: view.getInt32(8, true),
			tid: view.getInt32(12, true),
		};
		const { notify, signo, tid } = wanted;
		if (![SIGEV.SIGNAL, SIGEV.NONE, SIGEV.THREAD, SIGEV.SIGNAL | SIGEV.THREAD_ID].some((n) => n === notify)) return -Errno.EINVAL;
		if (notify !== SIGEV.NONE && (signo < 1 || signo > 64)) return -Errno.EINVAL;
		if (notify & SIGEV.THREAD_ID) {
			wanted.tid = pidOf(d, tid);
			if (!d.group.threads.includes(wanted.tid)) return -Errno.EINVAL;
		} else wanted.tid = 0;
		if (notify === SIGEV.NONE) wanted.signo = 0;
	}
	if (!d.writeU32(at, id)) return -Errno.EFAULT;
	const timer: PosixTimer = { id, clock: counted, ...wanted, expires: null, interval: 0, overrun: 0 };
	setTimers(d, [...d.group.timers, timer], id + 1);
	return 0;
}

function setTimers(d: Decision, timers: readonly PosixTimer[], nextTimer = d.group.nextTimer): void {
	const fields = nextTimer === d.group.nextTimer ? { timers } : { timers, nextTimer };
	d.emit({ kind: 'group/set', group: d.group.id, fields });
}

const find = (d: Decision, id: number) => d.group.timers.find((t) => t.id === id);

function settime(d: Decision, args: readonly number[], format: TimeFormat): number {
	const [id, flags, at, old] = args;
	if (at === 0) return -Errno.EINVAL;
	const spec = readTimerSpec(d, at, format);
	if (typeof spec === 'number') return spec;
	const timer = find(d, id);
	if (timer === undefined) return -Errno.EINVAL;
	const [interval, value] = spec;
	const now = posixTimerNow(d.state, timer.clock);
	if (now === null) return -Errno.ESRCH;
	const before = timerSpec(now, timer.expires, timer.interval, format);
	const absolute = (flags & TIMER_ABSTIME) !== 0;
	const expires = timer.clock < 0 ? cpuExpiry(now, value, absolute) : expiryOf(d, timer.clock, value, absolute);
	const set = { ...timer, expires, interval: value === 0 ? 0 : interval, overrun: 0 };
	setTimers(
		d,
		d.group.timers.map((t) => (t.id === id ? set : t)),
	);
	// Nobody may come to use the CPU time it has used already.
	if (timer.clock < 0) expirePosixTimers(d, d.group.id);
	return old === 0 || d.write(old, before) ? 0 : -Errno.EFAULT;
}

/** CPU ns at which a timer of CPU time fires; null: it is disarmed. */
function cpuExpiry(now: number, value: number, absolute: boolean): number | null {
	return value === 0 ? null : Math.min(absolute ? value : now + value, Number.MAX_SAFE_INTEGER);
}

function gettime(d: Decision, id: number, at: number, format: TimeFormat): number {
	const timer = find(d, id);
	if (timer === undefined) return -Errno.EINVAL;
	const now = posixTimerNow(d.state, timer.clock);
	// Of who is gone no time is left.
	return d.write(at, timerSpec(now ?? 0, now === null ? null : timer.expires, timer.interval, format)) ? 0 : -Errno.EFAULT;
}

function remove(d: Decision, id: number): number {
	if (find(d, id) === undefined) return -Errno.EINVAL;
	setTimers(
		d,
		d.group.timers.filter((t) => t.id !== id),
	);
	return 0;
}

const ABSOLUTE = 'an absolute time does not follow a clock that is set meanwhile';

export const posixTimerRows: readonly SyscallRow[] = [
	{
		nr: 259,
		name: 'timer_create',
		args: ['enum:clock', 'addr', 'int-out'],
		support: 'full',
		handler: (d, [clock, event, at]) => create(d, clock | 0, event, at),
	},
	...[[260, 'timer_settime', TIMESPEC32] as const, [409, 'timer_settime64', TIMESPEC64] as const].map(
		([nr, name, format]): SyscallRow => ({
			nr,
			name,
			args: ['int', 'flags:timer', 'addr', 'addr'],
			support: 'partial',
			note: ABSOLUTE,
			handler: (d, args) => settime(d, args, format),
		}),
	),
	...[[261, 'timer_gettime', TIMESPEC32] as const, [408, 'timer_gettime64', TIMESPEC64] as const].map(
		([nr, name, format]): SyscallRow => ({
			nr,
			name,
			args: ['int', 'addr'],
			support: 'full',
			handler: (d, [id, at]) => gettime(d, id, at, format),
		}),
	),
	{
		nr: 262,
		name: 'timer_getoverrun',
		args: ['int'],
		support: 'full',
		handler: (d, [id]) => find(d, id)?.overrun ?? -Errno.EINVAL,
	},
	{ nr: 263, name: 'timer_delete', args: ['int'], support: 'full', handler: (d, [id]) => remove(d, id) },
];
