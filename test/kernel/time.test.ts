/** Clocks, sleeping and interval timers: time is a function of steps and of waiting. The test machine: 10 ns a step. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Sa, Sig } from '../../src/kernel/abi/signal.ts';
import { encodeNs, TIMESPEC32, TIMESPEC64, TIMEVAL32, timeNs, validTime } from '../../src/kernel/abi/time.ts';
import { signalRows } from '../../src/kernel/calls/signals.ts';
import { timeRows } from '../../src/kernel/calls/time.ts';
import { type MachineState, Restart } from '../../src/reducers/state.ts';
import { Sleepers } from '../../src/replay/sleepers.ts';
import { ARGS, Driver, OUT } from './driver.ts';

const BOOT = 1_000_000_000;
const EPOCH_SEC = 1_225_000_000;
const HANDLER = 0x08048100;
const SEC = 1_000_000_000;
const TICK = 4_000_000;

const nextDeadline = (state: MachineState): number | null => new Sleepers(state).deadline(state);

function driver(): Driver {
	return new Driver([...signalRows, ...timeRows]);
}

/** Sends a signal as another program would. */
function post(d: Driver, signo: number): void {
	const info = { signo, errno: 0, code: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false };
	d.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: true, info }));
}

test('clocks grow with steps', () => {
	const d = driver();
	d.run(123);
	for (const [id, sec, nsec] of [
		[0, EPOCH_SEC, 1230],
		[1, 1, 1230],
		[2, 0, 1230],
		[3, 0, 1230],
		[4, 1, 1230],
		[5, EPOCH_SEC, 0],
		[6, 1, 0],
		[7, 1, 1230],
		[11, EPOCH_SEC, 1230],
		[-6, 0, 1230], // ~0 << 3 | 2: this process, scheduler time
		[-2, 0, 1230], // the same of this thread
	]) {
		assert.is(d.call('clock_gettime', id, OUT), 0, `clock ${id}`);
		assert.equal(d.words(OUT, 2), [sec, nsec], `clock ${id}`);
		assert.is(d.call('clock_gettime64', id, OUT), 0);
		assert.equal(d.words(OUT, 4), [sec, 0, nsec, 0], `clock ${id}`);
	}
	for (const id of [8, 9, 10, 12, 99, -5, -1, -99]) assert.is(d.call('clock_gettime', id, OUT), -22, `clock ${id}`);
	assert.is(d.call('clock_gettime', 0, 0x10), -14);
});

test('resolutions', () => {
	const d = driver();
	for (const [id, ns] of [
		[0, 1],
		[1, 1],
		[2, 1],
		[5, TICK],
		[6, TICK],
	]) {
		assert.is(d.call('clock_getres', id, OUT), 0);
		assert.equal(d.words(OUT, 2), [0, ns]);
	}
	assert.is(d.call('clock_getres', 1, 0), 0);
	assert.is(d.call('clock_getres', 99, 0), -22);
});

test('gettimeofday, time, times', () => {
	const d = driver();
	d.run(250_000_000);
	d.pokeWords(OUT, 7, 7, 7, 7);
	assert.is(d.call('gettimeofday', OUT, OUT + 8), 0);
	assert.equal(d.words(OUT, 4), [EPOCH_SEC + 2, 500_000, 0, 0]);
	assert.is(d.call('gettimeofday', 0, 0), 0);
	assert.is(d.call('gettimeofday', 0x10, 0), -14);
	assert.is(d.call('time', OUT), EPOCH_SEC + 2);
	assert.is(d.word(OUT), EPOCH_SEC + 2);
	assert.is(d.call('time', 0x10), -14);
	assert.is(d.call('times', OUT), 350);
	assert.equal(d.words(OUT, 4), [250, 0, 0, 0]);
});

test('setting the clock is for root', () => {
	const d = driver();
	d.pokeWords(ARGS, 5000, 250_000_000);
	assert.is(d.call('clock_settime', 0, ARGS), 0);
	d.call('clock_gettime', 0, OUT);
	assert.equal(d.words(OUT, 2), [5000, 250_000_000]);
	d.call('clock_gettime', 1, OUT);
	assert.equal(d.words(OUT, 2), [1, 0], 'the monotonic clock does not jump');
	assert.is(d.call('clock_settime', 1, ARGS), -22);
	assert.is(d.call('clock_settime', 1, 0x10), -22);
	assert.is(d.call('clock_settime', -6, 0x10), -14);
	assert.is(d.call('clock_settime', -6, ARGS), -1);
	d.state = { ...d.state, tasks: { 1: { ...d.task, creds: { ...d.task.creds, euid: 5 } } } };
	assert.is(d.call('clock_settime', 0, ARGS), -1);
	assert.is(d.call('settimeofday', ARGS, 0), -22, '250,000,000 µs are no fraction of a second');
	d.pokeWords(ARGS, 1, 2);
	assert.is(d.call('settimeofday', ARGS, 0), -1);
	assert.is(d.call('stime', ARGS), -1);
});

test('nanosleep sleeps until its time has come', () => {
	const d = driver();
	d.pokeWords(ARGS, 2, 5);
	assert.is(d.call('nanosleep', ARGS, 0), Restart.BLOCK);
	assert.is(nextDeadline(d.state), BOOT + 2 * SEC + 5);
	assert.is(d.resume(), null);
	d.wait(2 * SEC + 4);
	assert.is(d.resume(), null);
	d.wait(1);
	assert.is(d.resume(), 'timeout');
	assert.is(d.regs.eax, 0);
	assert.is(nextDeadline(d.state), null);
	d.pokeWords(ARGS, 0, 0);
	assert.is(d.call('nanosleep', ARGS, 0), 0);
	d.pokeWords(ARGS, 0, SEC);
	assert.is(d.call('nanosleep', ARGS, 0), -22);
	d.pokeWords(ARGS, 0xffffffff, 0);
	assert.is(d.call('nanosleep', ARGS, 0), -22);
	assert.is(d.call('nanosleep', 0x10, 0), -14);
});

test('a handler cuts nanosleep short: EINTR, and what was left', () => {
	const d = driver();
	d.handle(Sig.SIGUSR1, HANDLER, Sa.RESTART);
	d.pokeWords(ARGS, 2, 0);
	d.call('nanosleep', ARGS, OUT);
	d.wait(SEC / 2);
	post(d, Sig.SIGUSR1);
	assert.is(d.resume(), 'signal');
	assert.is(d.regs.eip, HANDLER);
	assert.equal(d.words(OUT, 2), [1, 500_000_000]);
	d.return();
	assert.is(d.regs.eax | 0, -4);
	// A remaining time that cannot be written is EFAULT.
	d.call('nanosleep', ARGS, 0x10);
	post(d, Sig.SIGUSR1);
	d.resume();
	d.return();
	assert.is(d.regs.eax | 0, -14);
});

test('stopped and continued, nanosleep goes on through restart_syscall to the same time', () => {
	const d = driver();
	d.pokeWords(ARGS, 2, 0);
	d.call('nanosleep', ARGS, OUT);
	const { eip } = d.regs;
	d.wait(SEC);
	post(d, Sig.SIGSTOP);
	assert.is(d.resume(), 'signal');
	assert.is(d.task.state, 'stopped');
	d.decide((x) => x.emit({ kind: 'signal/default', task: 1, signo: Sig.SIGCONT, action: 'continue' }));
	d.timers();
	assert.equal([d.regs.eax, d.regs.eip], [0, eip - 2]);
	d.set({ eip: eip - 2 });
	assert.is(d.call('restart_syscall'), Restart.BLOCK);
	assert.is(d.task.wait?.deadline, BOOT + 2 * SEC);
	d.wait(SEC);
	assert.is(d.resume(), 'timeout');
	assert.is(d.regs.eax, 0);
	assert.is(d.call('restart_syscall'), -4, 'nothing to restart');
});

test('clock_nanosleep: relative, absolute on two clocks, refused clocks', () => {
	const d = driver();
	d.pokeWords(ARGS, 3, 0);
	d.call('clock_nanosleep', 1, 0, ARGS, OUT);
	assert.is(d.task.wait?.deadline, BOOT + 3 * SEC);
	d.wait(3 * SEC);
	d.resume();
	assert.is(d.call('clock_nanosleep', 1, 1, ARGS, OUT), 0, 'that time is over');
	d.pokeWords(ARGS, EPOCH_SEC + 10, 0);
	assert.is(d.call('clock_nanosleep', 0, 1, ARGS, OUT), Restart.NOHAND);
	assert.is(d.task.wait?.deadline, BOOT + 10 * SEC);
	d.wait(7 * SEC);
	d.resume();
	assert.is(d.call('clock_nanosleep', 4, 0, ARGS, OUT), -95);
	assert.is(d.call('clock_nanosleep', 2, 0, ARGS, OUT), -95);
	assert.is(d.call('clock_nanosleep', 8, 0, ARGS, OUT), -95);
	assert.is(d.call('clock_nanosleep', 99, 0, ARGS, OUT), -22);
	d.pokeWords(ARGS, 1, 0, 5, 0xffffffff);
	d.call('clock_nanosleep_time64', 7, 0, ARGS, OUT);
	assert.is(d.task.wait?.deadline, BOOT + 11 * SEC + 5, 'the padding of a 64-bit timespec is ignored');
});

test('alarm: SIGALRM from the kernel, the rest of the previous one rounded', () => {
	const d = driver();
	d.handle(Sig.SIGALRM, HANDLER, Sa.SIGINFO);
	assert.is(d.call('alarm', 10), 0);
	d.run(50_000_001);
	assert.is(d.call('alarm', 1), 9, '9.49 s were left');
	d.run(1);
	assert.is(d.call('alarm', 2), 1);
	assert.is(nextDeadline(d.state), BOOT + 500_000_020 + 2 * SEC);
	d.call('pause');
	d.wait(2 * SEC);
	assert.is(d.resume(), 'signal');
	assert.is(d.regs.eip, HANDLER);
	assert.equal(d.words(d.regs.esp + 16, 4), [Sig.SIGALRM, 0, 0x80, 0]);
	assert.is(nextDeadline(d.state), null);
	d.call('alarm', 0xffffffff);
	assert.is(d.call('alarm', 0), 0x7fffffff);
	assert.is(nextDeadline(d.state), null);
});

test('an interval timer stays on its grid and its signal does not pile up', () => {
	const d = driver();
	d.handle(Sig.SIGALRM, HANDLER);
	d.pokeWords(ARGS, 0, 300, 0, 1000);
	assert.is(d.call('setitimer', 0, ARGS, OUT), 0);
	assert.equal(d.words(OUT, 4), [0, 0, 0, 0]);
	d.run(100_050);
	d.timers();
	assert.is(nextDeadline(d.state), BOOT + 1_300_000);
	d.run(100_000);
	d.timers();
	assert.equal(d.kinds, ['timer/expire', 'signal/post'], 'blocked in its handler');
	d.run(100_000);
	d.timers();
	assert.equal(d.kinds, ['timer/expire'], 'still pending');
	assert.is(nextDeadline(d.state), BOOT + 3_100_000);
	assert.is(d.call('getitimer', 0, OUT), 0);
	assert.equal(d.words(OUT, 4), [0, 300, 0, 99]);
	d.pokeWords(ARGS, 0, 0, 0, 0);
	d.call('setitimer', 0, ARGS, OUT);
	assert.equal(d.words(OUT, 4), [0, 300, 0, 99]);
	assert.is(nextDeadline(d.state), null);
	assert.is(d.call('setitimer', 3, ARGS, OUT), -22);
	d.pokeWords(ARGS, 0, 1_000_000, 0, 0);
	assert.is(d.call('setitimer', 0, ARGS, OUT), -22);
	assert.is(d.call('setitimer', 0, 0x10, OUT), -14);
	assert.is(d.call('setitimer', 0, 0, 0), 0);
});

test('CPU timers count steps, not waiting', () => {
	for (const [which, signo] of [
		[1, Sig.SIGVTALRM],
		[2, Sig.SIGPROF],
	]) {
		const d = driver();
		d.run(10);
		d.pokeWords(ARGS, 0, 0, 0, 1000);
		assert.is(d.call('setitimer', which, ARGS, 0), 0);
		assert.is(nextDeadline(d.state), BOOT + 100 + 1_000_000 + TICK);
		d.wait(SEC);
		assert.is(nextDeadline(d.state), BOOT + SEC + 100 + 1_000_000 + TICK);
		d.run(500_000);
		d.timers();
		assert.is(d.task.exitStatus, signo);
	}
	// Asleep, nothing will ever reach it.
	const d = driver();
	d.pokeWords(ARGS, 0, 0, 0, 1000);
	d.call('setitimer', 1, ARGS, 0);
	d.call('pause');
	assert.is(nextDeadline(d.state), null);
});

test('structs of time', () => {
	assert.equal(TIMESPEC32.decode(TIMESPEC32.encode({ sec: -1n, frac: 5 })), { sec: -1n, frac: 5 });
	assert.equal(TIMESPEC64.decode(TIMESPEC64.encode({ sec: 2n ** 40n, frac: 5 })), { sec: 2n ** 40n, frac: 5 });
	assert.is(timeNs({ sec: 1n, frac: 3 }, TIMEVAL32), SEC + 3000);
	assert.is(validTime({ sec: 0n, frac: 1_000_000 }, TIMEVAL32), false);
	assert.is(validTime({ sec: 0n, frac: 1_000_000 }, TIMESPEC32), true);
	assert.is(validTime({ sec: -1n, frac: 0 }, TIMESPEC32), false);
	assert.equal([...encodeNs(1999, TIMEVAL32)], [0, 0, 0, 0, 1, 0, 0, 0]);
});

test('what is not there says so', () => {
	const d = driver();
	for (const row of [...signalRows, ...timeRows])
		if (row.support === 'none') assert.is(row.handler(new Proxy({}, {}) as never, [], null), -38, row.name);
	assert.is(d.call('adjtimex'), -38);
});

test.run();
