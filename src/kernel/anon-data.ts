/** Reading and writing what stands behind descriptors without a name (fs/eventfd.c, fs/timerfd.c, fs/signalfd.c). */
import type { Anon, OpenFile, SigInfo, WaitOn } from '../events/entities.ts';
import { Restart } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { O } from './abi/fcntl.ts';
import { siginfoLayout } from './abi/siginfo.ts';
import { viewOf } from './abi/words.ts';
import type { Block, Decision } from './decision.ts';
import type { Source } from './file-data.ts';
import { EVENTFD_MAX } from './poll.ts';
import { takeSignal } from './signal-queue.ts';

const U64_MAX = 0xffffffffffffffffn;
/** struct signalfd_siginfo. */
const SIGNALFD_SIGINFO_BYTES = 128;

/** Sleeps until what `on` says is there. */
export function sleepFor(on: WaitOn): Block {
	return { kind: 'block', wait: { on: [on], deadline: null, restart: Restart.SYS, signals: 0n }, restartBlock: null };
}

/** EAGAIN, or a sleep. */
function later(file: OpenFile, on: WaitOn): number | Block {
	return file.flags & O.NONBLOCK ? -Errno.EAGAIN : sleepFor(on);
}

function u64(value: bigint): Uint8Array {
	return new Uint8Array(BigUint64Array.of(value).buffer);
}

/** What a read of `count` > 0 bytes would get. -errno: EINVAL (too small a buffer, nothing to read at all), EAGAIN. */
export function readAnon(d: Decision, file: OpenFile, anon: Anon, count: number): Source | Block | number {
	switch (anon.kind) {
		case 'eventfd': {
			if (count < 8) return -Errno.EINVAL;
			if (anon.count === 0n) return later(file, { kind: 'anon-readable', anon: anon.id });
			const taken = anon.semaphore ? 1n : anon.count;
			const wakes = { ...anon.wakes, write: anon.wakes.write + 1 };
			const take = () => d.emit({ kind: 'anon/set', anon: { ...anon, count: anon.count - taken, wakes } });
			return { bytes: u64(taken), take };
		}
		case 'timerfd': {
			if (count < 8) return -Errno.EINVAL;
			if (anon.ticks === 0) return later(file, { kind: 'anon-readable', anon: anon.id });
			return { bytes: u64(BigInt(anon.ticks)), take: () => d.emit({ kind: 'anon/set', anon: { ...anon, ticks: 0 } }) };
		}
		case 'signalfd': {
			const room = Math.floor(count / SIGNALFD_SIGINFO_BYTES);
			if (room === 0) return -Errno.EINVAL;
			const taken: SigInfo[] = [];
			while (taken.length < room) {
				const info = takeSignal(d, ~anon.mask & U64_MAX, true);
				if (info === null) break;
				taken.push(info);
			}
			if (taken.length === 0) return later(file, { kind: 'anon-readable', anon: anon.id });
			const bytes = new Uint8Array(taken.length * SIGNALFD_SIGINFO_BYTES);
			taken.forEach((info, i) => {
				bytes.set(signalfdInfo(info), i * SIGNALFD_SIGINFO_BYTES);
			});
			return { bytes, take: () => {} };
		}
		case 'epoll':
		case 'ns':
		case 'pidfd':
		case 'socket':
			return -Errno.EINVAL;
	}
}

/** struct signalfd_siginfo (fs/signalfd.c signalfd_copyinfo). */
function signalfdInfo(info: SigInfo): Uint8Array {
	const out = new Uint8Array(SIGNALFD_SIGINFO_BYTES);
	const view = viewOf(out);
	const { pid, uid, value, address, extra } = info;
	view.setUint32(0, info.signo, true);
	view.setInt32(4, info.errno, true);
	view.setInt32(8, info.code, true);
	const layout = siginfoLayout(info.signo, info.code);
	if (layout === 'kill' || layout === 'rt' || layout === 'child') {
		view.setUint32(12, pid, true);
		view.setUint32(16, uid, true);
	}
	if (layout === 'rt' || layout === 'timer') {
		view.setInt32(44, value, true);
		view.setBigUint64(48, BigInt(value >>> 0), true);
	}
	if (layout === 'timer') {
		view.setUint32(24, extra[0] ?? 0, true);
		view.setUint32(32, extra[1] ?? 0, true);
	}
	if (layout === 'poll') {
		view.setUint32(28, extra[0] ?? 0, true);
		view.setInt32(20, extra[1] ?? 0, true);
	}
	if (layout === 'child') {
		view.setInt32(40, extra[0] ?? 0, true);
		view.setBigUint64(56, BigInt((extra[1] ?? 0) >>> 0), true);
		view.setBigUint64(64, BigInt((extra[2] ?? 0) >>> 0), true);
	}
	if (layout === 'fault' || layout === 'sys') view.setBigUint64(72, BigInt(address), true);
	return out;
}

/** Bytes taken, or -errno: EINVAL, EAGAIN. Only an eventfd is written to. */
export function writeAnon(d: Decision, file: OpenFile, anon: Anon, bytes: Uint8Array): number | Block {
	if (anon.kind !== 'eventfd' || bytes.length < 8) return -Errno.EINVAL;
	const value = viewOf(bytes).getBigUint64(0, true);
	if (value === U64_MAX) return -Errno.EINVAL;
	if (value > EVENTFD_MAX - anon.count) {
		return later(file, { kind: 'anon-writable', anon: anon.id, bytes: Math.min(Number(value), Number.MAX_SAFE_INTEGER) });
	}
	const wakes = { ...anon.wakes, read: anon.wakes.read + 1 };
	d.emit({ kind: 'anon/set', anon: { ...anon, count: anon.count + value, wakes } });
	return 8;
}
