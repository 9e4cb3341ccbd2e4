/** poll and select: what is ready, how long they sleep, what signals and masks do. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Errno } from '../../src/kernel/abi/errno.ts';
import { POLL } from '../../src/kernel/abi/poll.ts';
import { Restart } from '../../src/reducers/state.ts';
import { Files, Out } from './files-driver.ts';

const MS = 1e6;
const SIGUSR1 = 10;

/** An array of struct pollfd in guest memory. */
function pollfds(f: Files, ...fds: [fd: number, events: number][]): number {
	const at = f.room(fds.length * 8);
	const words = new Int16Array(fds.length * 4);
	const view = new DataView(words.buffer);
	fds.forEach(([fd, events], i) => {
		view.setInt32(i * 8, fd, true);
		view.setInt16(i * 8 + 4, events, true);
		view.setInt16(i * 8 + 6, 0x7777, true);
	});
	f.poke(at, new Uint8Array(words.buffer));
	return at;
}

function revents(f: Files, at: number, count: number): number[] {
	return Array.from({ length: count }, (_, i) => new DataView(f.peek(at + i * 8, 8).buffer).getUint16(6, true));
}

function words(...n: number[]): Uint8Array {
	return new Uint8Array(Uint32Array.from(n).buffer);
}

function pipe(f: Files): [number, number] {
	const fds = new Out(8);
	f.call('pipe', fds);
	const view = new DataView(f.bytes(fds).buffer);
	return [view.getInt32(0, true), view.getInt32(4, true)];
}

function now(f: Files): number {
	return f.state.persona.bootNs + f.state.clock.skewNs + f.state.clock.steps * f.state.persona.nsPerStep;
}

/** Time passes up to the sleeper's deadline. */
function expire(f: Files): number {
	const deadline = f.task.wait?.deadline;
	if (typeof deadline !== 'number') throw new Error('no deadline');
	const ns = deadline - now(f);
	f.apply({ kind: 'clock/skip', ns });
	return ns;
}

const info = { signo: SIGUSR1, errno: 0, code: 0, pid: 1, uid: 0, value: 0, address: 0, extra: [], forced: false };
/** A signal with a handler comes. */
function signal(f: Files): void {
	f.apply(
		{
			kind: 'signal/action',
			sighand: f.task.sighand,
			signo: SIGUSR1,
			action: { handler: 0x8048000, flags: 0, restorer: 0, mask: 0n },
		},
		{ kind: 'signal/post', task: f.pid, group: false, info },
	);
}

test('poll says what is ready at once: pipes, files, bad and negative descriptors', () => {
	const f = new Files();
	const [r, w] = pipe(f);
	const at = pollfds(f, [r, POLL.IN], [w, POLL.OUT | POLL.IN], [99, POLL.IN], [-1, POLL.IN]);
	assert.is(f.call('poll', at, 4, -1), 2);
	assert.equal(revents(f, at, 4), [0, POLL.OUT, POLL.NVAL, 0]);
	f.call('write', w, new Uint8Array([1]), 1);
	assert.is(f.call('poll', at, 1, -1), 1);
	assert.equal(revents(f, at, 1), [POLL.IN]);
	f.call('close', w);
	assert.is(f.call('poll', at, 1, 0), 1);
	assert.equal(revents(f, at, 1), [POLL.IN | POLL.HUP]);
	assert.is(f.call('poll', at, 5000, 0), -Errno.EINVAL);
	assert.is(f.call('poll', 0x10, 1, 0), -Errno.EFAULT);
});

test('poll sleeps until its time is over, not longer and not shorter', () => {
	const f = new Files();
	const [r] = pipe(f);
	const at = pollfds(f, [r, POLL.IN]);
	assert.is(f.call('poll', at, 1, 30), 'blocked');
	assert.is(f.resume(), 'blocked');
	assert.is(expire(f), 30 * MS);
	assert.is(f.resume(), 0);
	assert.equal(revents(f, at, 1), [0]);
	assert.is(f.call('poll', at, 0, 5), 'blocked', 'a poll of nothing is a sleep');
	expire(f);
	assert.is(f.resume(), 0);
	assert.is(f.call('poll', at, 1, -1), 'blocked');
	assert.is(f.task.wait?.deadline, null);
});

test('poll wakes when a pipe gets bytes, and a full pipe when it has room for a whole page', () => {
	const f = new Files();
	const [r, w] = pipe(f);
	const at = pollfds(f, [r, POLL.IN]);
	assert.is(f.call('poll', at, 1, 1000), 'blocked');
	f.apply({ kind: 'pipe/write', pipe: 1, bytes: new Uint8Array([1]) });
	assert.is(f.resume(), 1);
	f.apply({ kind: 'pipe/write', pipe: 1, bytes: new Uint8Array(65535) });
	const out = pollfds(f, [w, POLL.OUT]);
	assert.is(f.call('poll', out, 1, -1), 'blocked');
	f.apply({ kind: 'pipe/read', pipe: 1, length: 4095 });
	assert.is(f.resume(), 'blocked');
	f.apply({ kind: 'pipe/read', pipe: 1, length: 1 });
	assert.is(f.resume(), 1);
});

test('poll of stdin: even one that does not wait asks whether something came', () => {
	const f = new Files();
	const at = pollfds(f, [0, POLL.IN], [1, POLL.OUT]);
	assert.is(f.call('poll', at, 2, -1), 'blocked');
	assert.is(expire(f), 1);
	assert.is(f.resume(), 1);
	assert.equal(revents(f, at, 2), [0, POLL.OUT]);
	assert.is(f.call('poll', at, 1, 0), 'blocked');
	f.apply({ kind: 'input/none', ns: 1 });
	assert.is(f.resume(), 0);
	assert.is(f.call('poll', at, 1, 7), 'blocked');
	f.apply({ kind: 'input/stream', stream: 0, bytes: new Uint8Array([65]), eof: true, ns: 5 });
	assert.is(f.resume(), 1);
	assert.equal(revents(f, at, 1), [POLL.IN | POLL.HUP]);
	assert.is(f.call('poll', at, 1, 7), 1);
});

test('a signal ends poll with a restart block that keeps the deadline', () => {
	const f = new Files();
	const [r] = pipe(f);
	const at = pollfds(f, [r, POLL.IN]);
	assert.is(f.call('poll', at, 1, 50), 'blocked');
	const deadline = now(f) + 50 * MS;
	f.apply({ kind: 'clock/skip', ns: 20 * MS });
	signal(f);
	assert.is(f.resume(), Restart.BLOCK);
	assert.equal(f.task.restartBlock, { call: 'poll', deadline, args: [at, 1] });
});

test('select: three sets, the count of bits, and what is left of the time', () => {
	const f = new Files();
	const [r, w] = pipe(f);
	const sets = () => [words(1 << r), words(1 << w), words(1 << r)] as const;
	const place = (bytes: Uint8Array) => {
		const at = f.room(bytes.length);
		f.poke(at, bytes);
		return at;
	};
	let [i, o, x] = sets().map(place);
	const tv = place(words(2, 0));
	assert.is(f.call('_newselect', w + 1, i, o, x, tv), 1);
	assert.equal([f.peek(i, 4), f.peek(o, 4), f.peek(x, 4)], [words(0), words(1 << w), words(0)]);
	assert.equal(f.peek(tv, 8), words(2, 0));
	[i, o, x] = sets().map(place);
	assert.is(f.call('_newselect', w + 1, i, 0, x, tv), 'blocked');
	f.apply({ kind: 'clock/skip', ns: 1500 * MS });
	f.apply({ kind: 'pipe/write', pipe: 1, bytes: new Uint8Array([1]) });
	assert.is(f.resume(), 1);
	assert.equal(f.peek(tv, 8), words(0, 500000));
	assert.equal([f.peek(i, 4), f.peek(x, 4)], [words(1 << r), words(0)]);
	f.call('close', r);
	assert.is(f.call('_newselect', w + 1, place(words(1 << r)), 0, 0, tv), -Errno.EBADF);
	assert.is(f.call('_newselect', -1, 0, 0, 0, tv), -Errno.EINVAL);
	assert.is(f.call('_newselect', 0, 0, 0, 0, place(words(0, -1))), -Errno.EINVAL);
	assert.is(f.call('select', place(words(w + 1, 0, place(words(1 << w)), 0, 0))), 1, 'the call of old: EPIPE makes it writable');
});

test('select ended by a signal: no sets, the time that is left', () => {
	const f = new Files();
	const [r] = pipe(f);
	const i = f.room(4);
	const tv = f.room(8);
	f.poke(i, words(1 << r));
	f.poke(tv, words(3, 0));
	assert.is(f.call('_newselect', r + 1, i, 0, 0, tv), 'blocked');
	f.apply({ kind: 'clock/skip', ns: 1000 * MS });
	signal(f);
	assert.is(f.resume(), Restart.NOHAND);
	assert.equal(f.peek(tv, 8), words(2, 0));
	assert.equal(f.peek(i, 4), words(1 << r));
});

test('ppoll: the mask holds while it sleeps and comes back, but not before a handler ran', () => {
	const f = new Files();
	const [r] = pipe(f);
	const at = pollfds(f, [r, POLL.IN]);
	const usr1 = 1n << BigInt(SIGUSR1 - 1);
	f.apply({ kind: 'signal/mask', task: f.pid, blocked: usr1, saved: null });
	const ts = f.room(8);
	const none = f.room(8);
	f.poke(none, words(0, 0));
	f.poke(ts, words(1, 0));
	assert.is(f.call('ppoll', at, 1, ts, none, 8), 'blocked');
	assert.is(f.task.blocked, 0n);
	assert.is(f.task.savedMask, usr1);
	expire(f);
	assert.is(f.resume(), 0);
	assert.is(f.task.blocked, usr1);
	assert.is(f.task.savedMask, null);
	assert.equal(f.peek(ts, 8), words(0, 0));
	// A signal that the mask lets in was pending: even without waiting.
	signal(f);
	f.poke(ts, words(0, 0));
	assert.is(f.call('ppoll', at, 1, ts, none, 8), Restart.NOHAND);
	assert.is(f.task.blocked, 0n);
	assert.is(f.task.savedMask, usr1, 'still to come back, after the handler');
	assert.is(f.call('ppoll', at, 1, ts, none, 4), -Errno.EINVAL);
	f.poke(ts, words(0, 1e9));
	assert.is(f.call('ppoll', at, 1, ts, none, 8), -Errno.EINVAL);
});

test.run();
