/**
 * Time in the i386 system call interface: clock ids, interval timers, and the structs that carry times
 * (include/uapi/linux/time.h, time_types.h, timex.h). `32` structs have 32-bit seconds, `64` ones the Y2038-safe form.
 */
import type { Name } from './names.ts';
import { viewOf } from './words.ts';

export const NSEC_PER_SEC = 1_000_000_000;
export const NSEC_PER_USEC = 1000;
/** A timer tick at HZ=250, ns: resolution of the coarse clocks, and what CPU interval timers are rounded up by. */
export const TICK_NSEC = 4_000_000;
/** clock_t ticks per second (USER_HZ). */
export const USER_HZ = 100;
/** One of them, ns. */
export const CLOCK_TICK_NS = NSEC_PER_SEC / USER_HZ;

export const Clock = {
	CLOCK_REALTIME: 0,
	CLOCK_MONOTONIC: 1,
	CLOCK_PROCESS_CPUTIME_ID: 2,
	CLOCK_THREAD_CPUTIME_ID: 3,
	CLOCK_MONOTONIC_RAW: 4,
	CLOCK_REALTIME_COARSE: 5,
	CLOCK_MONOTONIC_COARSE: 6,
	CLOCK_BOOTTIME: 7,
	CLOCK_REALTIME_ALARM: 8,
	CLOCK_BOOTTIME_ALARM: 9,
	CLOCK_TAI: 11,
} as const;

/** Flag of clock_nanosleep and timer_settime. */
export const TIMER_ABSTIME = 1;

export const Itimer = { ITIMER_REAL: 0, ITIMER_VIRTUAL: 1, ITIMER_PROF: 2 } as const;

/** Tables of names for the argument kinds `flags:` and `enum:`. */
export const TIME_FLAGS: { readonly [table: string]: readonly Name[] } = { timer: [[TIMER_ABSTIME, 'TIMER_ABSTIME']] };
export const TIME_ENUMS: { readonly [table: string]: readonly Name[] } = {
	clock: Object.entries(Clock).map(([name, n]) => [n, name] as const),
	itimer: Object.entries(Itimer).map(([name, n]) => [n, name] as const),
};

/** A time as seconds and a fraction, both as the struct has them (signed). */
export interface Timespec {
	readonly sec: bigint;
	/** ns (timespec) or µs (timeval). */
	readonly frac: number;
}

/** How a struct of a time is laid out. */
export interface TimeFormat {
	readonly bytes: number;
	/** The fraction's unit, ns. */
	readonly unit: number;
	readonly decode: (bytes: Uint8Array, at?: number) => Timespec;
	readonly encode: (t: Timespec) => Uint8Array;
}

function format32(unit: number): TimeFormat {
	return {
		bytes: 8,
		unit,
		decode: (bytes, at = 0) => {
			const view = viewOf(bytes);
			return { sec: BigInt(view.getInt32(at, true)), frac: view.getInt32(at + 4, true) };
		},
		encode: (t) => {
			const out = new Uint8Array(8);
			const view = viewOf(out);
			view.setUint32(0, Number(BigInt.asUintN(32, t.sec)), true);
			view.setInt32(4, t.frac, true);
			return out;
		},
	};
}

/** struct old_timespec32. */
export const TIMESPEC32: TimeFormat = format32(1);
/** struct old_timeval32. */
export const TIMEVAL32: TimeFormat = format32(NSEC_PER_USEC);
/** struct __kernel_timespec: 64-bit seconds, 32-bit ns and 32 bits of padding, which is ignored and written as 0. */
export const TIMESPEC64: TimeFormat = {
	bytes: 16,
	unit: 1,
	decode: (bytes, at = 0) => {
		const view = viewOf(bytes);
		return { sec: view.getBigInt64(at, true), frac: view.getInt32(at + 8, true) };
	},
	encode: (t) => {
		const out = new Uint8Array(16);
		const view = viewOf(out);
		view.setBigInt64(0, BigInt.asIntN(64, t.sec), true);
		view.setInt32(8, t.frac, true);
		return out;
	},
};

/** Whether it is a time ≥ 0 with a fraction below one second (timespec64_valid, timeval_valid). */
export function validTime(t: Timespec, format: TimeFormat): boolean {
	return t.sec >= 0n && t.frac >= 0 && t.frac < NSEC_PER_SEC / format.unit;
}

/** ns of a valid time; exact up to 2^53, capped at KTIME_MAX. */
export function timeNs(t: Timespec, format: TimeFormat): number {
	return Math.min(Number(t.sec) * NSEC_PER_SEC + t.frac * format.unit, 2 ** 63);
}

/** Splits ns (≥ 0) for a struct of the format, rounding down. */
export function splitNs(ns: bigint, format: TimeFormat): Timespec {
	const perSec = BigInt(NSEC_PER_SEC);
	return { sec: ns / perSec, frac: Math.floor(Number(ns % perSec) / format.unit) };
}

/** A time in ns as the format's bytes. */
export function encodeNs(ns: number | bigint, format: TimeFormat): Uint8Array {
	return format.encode(splitNs(typeof ns === 'bigint' ? ns : BigInt(Math.floor(ns)), format));
}
