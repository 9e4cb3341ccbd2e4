/** Calls about time: clocks, sleeping, interval timers (kernel/time of Linux 6.1, i386 entry points). */
import type { ITimer } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import {
	encodeNs,
	Itimer,
	NSEC_PER_SEC,
	NSEC_PER_USEC,
	TICK_NSEC,
	TIMER_ABSTIME,
	TIMESPEC32,
	TIMESPEC64,
	TIMEVAL32,
	type TimeFormat,
	timeNs,
	USER_HZ,
	validTime,
} from '../abi/time.ts';
import { clockSource, isAlarm, isRealtime } from '../clocks.ts';
import type { Decision, Outcome } from '../decision.ts';
import type { Handler, Resume, SyscallRow } from '../row.ts';
import { DISARMED, groupCpuNs, type TimerName, timerClock } from '../timers.ts';
import { futexWait } from './futex.ts';
import { restartPoll } from './poll.ts';

/* ---- clocks ---- */

function clockGettime(d: Decision, id: number, at: number, format: TimeFormat): number {
	const clock = clockSource(d, id);
	if (clock === undefined) return -Errno.EINVAL;
	return d.write(at, encodeNs(clock.now(d), format)) ? 0 : -Errno.EFAULT;
}

function clockGetres(d: Decision, id: number, at: number, format: TimeFormat): number {
	const clock = clockSource(d, id);
	if (clock === undefined) return -Errno.EINVAL;
	return at === 0 || d.write(at, encodeNs(clock.resolution, format)) ? 0 : -Errno.EFAULT;
}

/** Sets realtime to `ns` since 1970; only root may. */
function setRealtime(d: Decision, ns: bigint): number {
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	d.emit({ kind: 'clock/set', realOffsetNs: d.state.clock.realOffsetNs + ns - d.realNow });
	return 0;
}

function clockSettime(d: Decision, id: number, at: number, format: TimeFormat): number {
	const clock = clockSource(d, id);
	if (id >= 0 && !clock?.settable) return -Errno.EINVAL;
	const raw = d.read(at, format.bytes);
	if (raw === undefined) return -Errno.EFAULT;
	if (id < 0) return clock === undefined ? -Errno.EINVAL : -Errno.EPERM;
	const time = format.decode(raw);
	if (!validTime(time, format)) return -Errno.EINVAL;
	return setRealtime(d, time.sec * BigInt(NSEC_PER_SEC) + BigInt(time.frac * format.unit));
}

function gettimeofday(d: Decision, tv: number, tz: number): number {
	if (tv !== 0 && !d.write(tv, encodeNs(d.realNow, TIMEVAL32))) return -Errno.EFAULT;
	// The kernel's time zone is UTC.
	return tz === 0 || d.write(tz, new Uint8Array(8)) ? 0 : -Errno.EFAULT;
}

function settimeofday(d: Decision, tv: number, tz: number): number {
	if (tz !== 0 && d.read(tz, 8) === undefined) return -Errno.EFAULT;
	if (tv === 0) return d.task.creds.euid === 0 ? 0 : -Errno.EPERM;
	const raw = d.read(tv, TIMEVAL32.bytes);
	if (raw === undefined) return -Errno.EFAULT;
	const time = TIMEVAL32.decode(raw);
	if (!validTime(time, TIMEVAL32)) return -Errno.EINVAL;
	return setRealtime(d, time.sec * BigInt(NSEC_PER_SEC) + BigInt(time.frac * NSEC_PER_USEC));
}

function time(d: Decision, at: number): number {
	const seconds = Number(BigInt.asIntN(32, d.realNow / BigInt(NSEC_PER_SEC)));
	return at === 0 || d.writeU32(at, seconds >>> 0) ? seconds : -Errno.EFAULT;
}

function stime(d: Decision, at: number): number {
	const seconds = d.u32(at);
	if (seconds === undefined) return -Errno.EFAULT;
	return setRealtime(d, BigInt(seconds | 0) * BigInt(NSEC_PER_SEC));
}

/** Clock ticks of 10 ms: user and system time of the group, of its children; the result is the ticks since boot. */
function times(d: Decision, at: number): number {
	const ticks = (ns: number): number => Math.floor(ns / (NSEC_PER_SEC / USER_HZ)) | 0;
	if (at !== 0) {
		const out = new Uint8Array(16);
		const view = new DataView(out.buffer);
		view.setInt32(0, ticks(groupCpuNs(d.state, d.task.group)), true);
		view.setInt32(8, ticks(d.group.childTimes.steps * d.state.persona.nsPerStep), true);
		if (!d.write(at, out)) return -Errno.EFAULT;
	}
	return ticks(d.now);
}

/* ---- sleeping ---- */

const REMAINING = { nanosleep: true, clock_nanosleep: true } as const;

/**
 * Sleeps until a monotonic time. Interrupted, a relative sleep leaves a restart block and writes what is left to `rem`
 * (0 = nowhere); an absolute one is made anew.
 */
function sleepUntil(
	d: Decision,
	call: keyof typeof REMAINING,
	deadline: number,
	rem: number | null,
	format: TimeFormat,
): Outcome {
	const wait = { on: [], deadline, restart: rem === null ? Restart.NOHAND : Restart.BLOCK, signals: 0n };
	if (deadline <= d.now) return 0;
	const restartBlock = rem === null ? null : { call, deadline, args: [rem, format === TIMESPEC64 ? 1 : 0] };
	return { kind: 'block', wait, restartBlock };
}

/** A sleep that was woken: over, or interrupted. */
function wokenSleep(d: Decision, resume: Resume, rem: number | null, format: TimeFormat): Outcome {
	const { deadline, restart } = resume.wait;
	if (resume.reason !== 'signal' || deadline === null) return 0;
	const left = deadline - d.now;
	if (left <= 0) return 0;
	if (rem !== null && rem !== 0 && !d.write(rem, encodeNs(left, format))) return -Errno.EFAULT;
	return restart;
}

function nanosleep(d: Decision, [request, rem]: readonly number[], resume: Resume | null): Outcome {
	if (resume !== null) return wokenSleep(d, resume, rem, TIMESPEC32);
	const raw = d.read(request, TIMESPEC32.bytes);
	if (raw === undefined) return -Errno.EFAULT;
	const wanted = TIMESPEC32.decode(raw);
	if (!validTime(wanted, TIMESPEC32)) return -Errno.EINVAL;
	return sleepUntil(d, 'nanosleep', d.now + timeNs(wanted, TIMESPEC32), rem, TIMESPEC32);
}

function clockNanosleep(d: Decision, args: readonly number[], resume: Resume | null, format: TimeFormat): Outcome {
	const [id, flags, request, rmtp] = args;
	const absolute = (flags & TIMER_ABSTIME) !== 0;
	const rem = absolute ? null : rmtp;
	if (resume !== null) return wokenSleep(d, resume, rem, format);
	const clock = clockSource(d, id | 0);
	if (clock === undefined && !isAlarm(id)) return -Errno.EINVAL;
	if (!clock?.sleeps) return -Errno.EOPNOTSUPP;
	const raw = d.read(request, format.bytes);
	if (raw === undefined) return -Errno.EFAULT;
	const wanted = format.decode(raw);
	if (!validTime(wanted, format)) return -Errno.EINVAL;
	if (!absolute) return sleepUntil(d, 'clock_nanosleep', d.now + timeNs(wanted, format), rem, format);
	const at = wanted.sec * BigInt(NSEC_PER_SEC) + BigInt(wanted.frac);
	const deadline = isRealtime(id | 0) ? d.now + Number(at - d.realNow) : Number(at);
	return sleepUntil(d, 'clock_nanosleep', deadline, null, format);
}

/** restart_syscall: goes on with the call that a stop or an ignored signal interrupted; EINTR when there is none. */
function restartSyscall(d: Decision, args: readonly number[], resume: Resume | null): Outcome {
	const block = d.task.restartBlock;
	if (block === null) return -Errno.EINTR;
	if (block.call in REMAINING && block.deadline !== null) {
		const [rem, wide] = block.args;
		const format = wide ? TIMESPEC64 : TIMESPEC32;
		if (resume !== null) return wokenSleep(d, resume, rem, format);
		return sleepUntil(d, block.call as keyof typeof REMAINING, block.deadline, rem, format);
	}
	const goOn = OTHER_CALLS[block.call];
	return goOn === undefined ? -Errno.EINTR : goOn(d, args, resume);
}

const restartFutex: Handler = (d, _args, resume) => {
	const block = d.task.restartBlock;
	return block === null ? -Errno.EINTR : futexWait(d, block.args, block.deadline, Restart.BLOCK, resume);
};

/** Calls of other files that leave a restart block, by the name in it. They find their arguments in the task's block. */
const OTHER_CALLS: { readonly [call: string]: Handler } = { poll: restartPoll, futex: restartFutex };

/* ---- interval timers ---- */

const WHICH: { readonly [n: number]: TimerName } = {
	[Itimer.ITIMER_REAL]: 'real',
	[Itimer.ITIMER_VIRTUAL]: 'virtual',
	[Itimer.ITIMER_PROF]: 'prof',
};

/** ns until a timer fires, 0 when it is disarmed; never 0 for an armed one (itimer_get_remtime). */
function remaining(d: Decision, which: TimerName): number {
	const { expires } = d.group.itimers[which];
	if (expires === null) return 0;
	const left = expires - timerClock(d.state, d.task.group, which);
	return left > 0 ? left : which === 'real' ? NSEC_PER_USEC : TICK_NSEC;
}

function arm(d: Decision, which: TimerName, value: number, interval: number): void {
	const group = d.task.group;
	// CPU timers are looked at when a tick comes, so Linux adds one lest they fire too early.
	const ns = which === 'real' ? value : value + TICK_NSEC;
	const armed: ITimer =
		value === 0
			? { ...DISARMED, interval: which === 'real' ? 0 : interval }
			: { expires: timerClock(d.state, group, which) + ns, interval };
	const old = d.group.itimers[which];
	if (old.expires !== armed.expires || old.interval !== armed.interval) d.emit({ kind: 'timer/set', group, which, value: armed });
}

/** struct itimerval: interval, then value. */
function encodeItimer(interval: number, value: number): Uint8Array {
	const out = new Uint8Array(16);
	out.set(encodeNs(interval, TIMEVAL32), 0);
	out.set(encodeNs(value, TIMEVAL32), 8);
	return out;
}

function getitimer(d: Decision, n: number, at: number): number {
	const which = WHICH[n];
	if (which === undefined) return -Errno.EINVAL;
	return d.write(at, encodeItimer(d.group.itimers[which].interval, remaining(d, which))) ? 0 : -Errno.EFAULT;
}

function setitimer(d: Decision, n: number, at: number, old: number): number {
	let value = 0;
	let interval = 0;
	// A null pointer disarms: a mistake of old programs that Linux still forgives.
	if (at !== 0) {
		const raw = d.read(at, 16);
		if (raw === undefined) return -Errno.EFAULT;
		const times = [TIMEVAL32.decode(raw, 0), TIMEVAL32.decode(raw, 8)];
		if (times.some((t) => !validTime(t, TIMEVAL32))) return -Errno.EINVAL;
		[interval, value] = times.map((t) => timeNs(t, TIMEVAL32));
	}
	const which = WHICH[n];
	if (which === undefined) return -Errno.EINVAL;
	const before = encodeItimer(d.group.itimers[which].interval, remaining(d, which));
	arm(d, which, value, interval);
	return old === 0 || d.write(old, before) ? 0 : -Errno.EFAULT;
}

/** Seconds that were left of the previous alarm, rounded to the nearest but never to 0. */
function alarm(d: Decision, seconds: number): number {
	const left = remaining(d, 'real');
	arm(d, 'real', Math.min(seconds, 0x7fffffff) * NSEC_PER_SEC, 0);
	const whole = Math.floor(left / NSEC_PER_SEC);
	const rest = left - whole * NSEC_PER_SEC;
	return (whole === 0 && rest > 0) || rest >= NSEC_PER_SEC / 2 ? whole + 1 : whole;
}

/* ---- rows ---- */

function notHere(): number {
	return -Errno.ENOSYS;
}

function missing(nr: number, name: string, args: SyscallRow['args']): SyscallRow {
	return { nr, name, args, support: 'none', handler: notHere };
}

/** Rows of calls about time. */
export const timeRows: readonly SyscallRow[] = [
	{
		nr: 0,
		name: 'restart_syscall',
		args: [],
		support: 'full',
		handler: restartSyscall,
		onSignal: true,
	},
	{ nr: 13, name: 'time', args: ['int-out'], support: 'full', handler: (d, [at]) => time(d, at) },
	{ nr: 25, name: 'stime', args: ['addr'], support: 'full', note: 'for root; else EPERM', handler: (d, [at]) => stime(d, at) },
	{ nr: 27, name: 'alarm', args: ['uint'], support: 'full', handler: (d, [seconds]) => alarm(d, seconds) },
	{ nr: 43, name: 'times', args: ['struct:tms-out'], support: 'full', handler: (d, [at]) => times(d, at) },
	{
		nr: 78,
		name: 'gettimeofday',
		args: ['struct:timeval-out', 'struct:timezone-out'],
		support: 'full',
		handler: (d, [tv, tz]) => gettimeofday(d, tv, tz),
	},
	{
		nr: 79,
		name: 'settimeofday',
		args: ['struct:timeval', 'struct:timezone'],
		support: 'partial',
		note: 'for root, else EPERM; the time zone is not kept',
		handler: (d, [tv, tz]) => settimeofday(d, tv, tz),
	},
	{
		nr: 104,
		name: 'setitimer',
		args: ['enum:itimer', 'struct:itimerval', 'struct:itimerval-out'],
		support: 'full',
		handler: (d, [which, value, old]) => setitimer(d, which, value, old),
	},
	{
		nr: 105,
		name: 'getitimer',
		args: ['enum:itimer', 'struct:itimerval-out'],
		support: 'full',
		handler: (d, [which, at]) => getitimer(d, which, at),
	},
	missing(124, 'adjtimex', ['addr']),
	{
		nr: 162,
		name: 'nanosleep',
		args: ['struct:timespec', 'struct:timespec-out'],
		support: 'full',
		handler: nanosleep,
		onSignal: true,
	},
	{
		nr: 264,
		name: 'clock_settime',
		args: ['enum:clock', 'struct:timespec'],
		support: 'full',
		note: 'CLOCK_REALTIME for root; else EPERM',
		handler: (d, [id, at]) => clockSettime(d, id | 0, at, TIMESPEC32),
	},
	{
		nr: 265,
		name: 'clock_gettime',
		args: ['enum:clock', 'struct:timespec-out'],
		support: 'full',
		handler: (d, [id, at]) => clockGettime(d, id | 0, at, TIMESPEC32),
	},
	{
		nr: 266,
		name: 'clock_getres',
		args: ['enum:clock', 'struct:timespec-out'],
		support: 'full',
		handler: (d, [id, at]) => clockGetres(d, id | 0, at, TIMESPEC32),
	},
	{
		nr: 267,
		name: 'clock_nanosleep',
		args: ['enum:clock', 'flags:timer', 'struct:timespec', 'struct:timespec-out'],
		support: 'partial',
		note: 'CPU-time clocks: EOPNOTSUPP',
		handler: (d, args, resume) => clockNanosleep(d, args, resume, TIMESPEC32),
		onSignal: true,
	},
	missing(343, 'clock_adjtime', ['enum:clock', 'addr']),
	{
		nr: 403,
		name: 'clock_gettime64',
		args: ['enum:clock', 'struct:timespec64-out'],
		support: 'full',
		handler: (d, [id, at]) => clockGettime(d, id | 0, at, TIMESPEC64),
	},
	{
		nr: 404,
		name: 'clock_settime64',
		args: ['enum:clock', 'struct:timespec64'],
		support: 'full',
		note: 'CLOCK_REALTIME for root; else EPERM',
		handler: (d, [id, at]) => clockSettime(d, id | 0, at, TIMESPEC64),
	},
	missing(405, 'clock_adjtime64', ['enum:clock', 'addr']),
	{
		nr: 406,
		name: 'clock_getres_time64',
		args: ['enum:clock', 'struct:timespec64-out'],
		support: 'full',
		handler: (d, [id, at]) => clockGetres(d, id | 0, at, TIMESPEC64),
	},
	{
		nr: 407,
		name: 'clock_nanosleep_time64',
		args: ['enum:clock', 'flags:timer', 'struct:timespec64', 'struct:timespec64-out'],
		support: 'partial',
		note: 'CPU-time clocks: EOPNOTSUPP',
		handler: (d, args, resume) => clockNanosleep(d, args, resume, TIMESPEC64),
		onSignal: true,
	},
];
