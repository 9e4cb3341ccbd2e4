/** The end of a task, limits, scheduling, futexes, prctl, and what the machine says about itself. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { callName, callNumber } from '../../src/kernel/abi/call-numbers.ts';
import { Errno, errnoMessage, errnoName } from '../../src/kernel/abi/errno.ts';
import { identityRows } from '../../src/kernel/calls/identity.ts';
import { miscRows } from '../../src/kernel/calls/misc.ts';
import { processRows } from '../../src/kernel/calls/process.ts';
import { wantedText } from '../../src/kernel/deadlock.ts';
import { Restart } from '../../src/reducers/state.ts';
import { PID, Program, started } from './program.ts';

const rows = [...processRows, ...miscRows, ...identityRows];
const program = (options: Parameters<typeof started>[0] = {}): { p: Program; at: number } => {
	const p = new Program(rows, started(options));
	return { p, at: p.task.cpu.esp - 4096 };
};
const BAD = 0xdead0000;

test('exit ends the group with its low byte, and the address space goes', () => {
	const { p } = program();
	const mm = p.task.mm;
	assert.equal(p.decide('exit_group', 0x1234), { kind: 'returned' });
	assert.is(p.task.exitStatus, 0x3400);
	assert.ok(p.task.state === 'zombie' || p.task.state === 'dead');
	assert.is(p.state.mms[mm], undefined);
});

test('there are no children to wait for', () => {
	const { p } = program();
	assert.is(p.call('wait4', -1, 0, 0, 0), -Errno.ECHILD);
	assert.is(p.call('wait4', -1, 0, 0x100, 0), -Errno.EINVAL);
	assert.is(p.call('wait4', 0x80000000, 0, 0, 0), -Errno.ESRCH);
	assert.is(p.call('waitid', 0, 0, 0, 4), -Errno.ECHILD);
	assert.is(p.call('waitid', 0, 0, 0, 1), -Errno.EINVAL);
});

test('clone: what its flags may not ask for', () => {
	const { p, at } = program();
	const [VM, SIGHAND, THREAD, FS, NEWNS] = [0x100, 0x800, 0x10000, 0x200, 0x20000];
	for (const flags of [SIGHAND, THREAD | VM, NEWNS | FS]) assert.is(p.call('clone', flags, 0, 0, 0, 0), -Errno.EINVAL);
	assert.is(p.call('clone3', at, 32), -Errno.EINVAL);
	assert.is(p.call('clone3', 0, 64), -Errno.EFAULT);
	assert.is(p.call('clone3', at, 5000), -Errno.E2BIG);
	const pid = p.call('fork');
	assert.is(pid, p.state.next.pid - 1);
	assert.equal(p.state.scheduler.queue, [pid]);
	assert.equal(
		p.events.map((e) => e.kind),
		['mm/fork', 'task/new'],
	);
});

test('resource limits in their three widths', () => {
	const { p, at } = program({ uid: 1000 });
	assert.is(p.call('ugetrlimit', 3, at), 0);
	assert.equal(p.words(at, 2), [8 << 20, 0xffffffff]);
	assert.is(p.call('getrlimit', 3, at), 0);
	assert.equal(p.words(at, 2), [8 << 20, 0x7fffffff]);
	assert.is(p.call('prlimit64', 0, 3, 0, at), 0);
	assert.equal(p.words(at, 4), [8 << 20, 0, 0xffffffff, 0xffffffff]);
	p.pokeWords(at, 100, 50);
	assert.is(p.call('setrlimit', 7, at), -Errno.EINVAL);
	p.pokeWords(at, 100, 5000);
	assert.is(p.call('setrlimit', 7, at), -Errno.EPERM, 'only root raises the hard limit');
	p.pokeWords(at, 100, 200);
	assert.is(p.call('setrlimit', 7, at), 0);
	p.pokeWords(at, 7, 1, 7, 0);
	assert.is(p.call('prlimit64', 0, 7, at, at + 16), -Errno.EINVAL);
	p.pokeWords(at, 7, 0, 200, 0);
	assert.is(p.call('prlimit64', PID, 7, at, at + 16), 0);
	assert.equal(p.words(at + 16, 4), [100, 0, 200, 0]);
	assert.equal(p.state.groups[1].rlimits[7], [7, 200]);
	assert.is(p.call('prlimit64', 99, 7, 0, at), -Errno.ESRCH);
	assert.is(p.call('ugetrlimit', 16, at), -Errno.EINVAL);
	assert.is(p.call('ugetrlimit', 3, BAD), -Errno.EFAULT);
	assert.is(p.call('setrlimit', 3, BAD), -Errno.EFAULT);
	const root = program();
	root.p.pokeWords(root.at, 100, 2_000_000);
	assert.is(root.p.call('setrlimit', 7, root.at), -Errno.EPERM, 'above nr_open');
});

test('nice values', () => {
	const { p } = program({ uid: 1000 });
	assert.is(p.call('getpriority', 0, 0), 20);
	assert.is(p.call('nice', 5), 0);
	assert.is(p.call('getpriority', 0, PID), 15);
	assert.is(p.call('nice', -1), -Errno.EPERM);
	assert.is(p.call('setpriority', 0, 0, 0), -Errno.EACCES);
	assert.is(p.call('setpriority', 0, 0, 100), 0);
	assert.is(p.call('getpriority', 2, 0), 1);
	assert.is(p.call('getpriority', 0, 99), -Errno.ESRCH);
	assert.is(p.call('getpriority', 3, 0), -Errno.EINVAL);
});

test('one processor, and who may be scheduled how', () => {
	const { p, at } = program();
	assert.is(p.call('sched_getaffinity', 0, 128, at), 4);
	assert.equal(p.words(at, 1), [1]);
	assert.is(p.call('sched_getaffinity', 0, 3, at), -Errno.EINVAL);
	p.pokeWords(at, 2);
	assert.is(p.call('sched_setaffinity', 0, 4, at), -Errno.EINVAL);
	p.pokeWords(at, 3);
	assert.is(p.call('sched_setaffinity', 0, 4, at), 0);
	p.pokeWords(at, 0);
	assert.is(p.call('sched_setscheduler', 0, 0, at), 0);
	p.pokeWords(at, 10);
	assert.is(p.call('sched_setscheduler', 0, 0, at), -Errno.EINVAL);
	assert.is(p.call('sched_setscheduler', 0, 1, at), 0);
	assert.is(p.task.sched.priority, 10);
	assert.is(p.call('sched_get_priority_max', 1), 99);
	assert.is(p.call('sched_get_priority_min', 7), -Errno.EINVAL);
	assert.is(p.call('sched_yield'), 0);
});

test('who is not root is scheduled as his limits say', () => {
	const { p, at } = program({ limits: { 13: [15, 15], 14: [10, 20] } });
	const set = (policy: number, priority: number) => {
		p.pokeWords(at, priority);
		return p.call('sched_setscheduler', 0, policy, at);
	};
	assert.is(p.call('setpriority', 0, 0, 10), 0);
	assert.is(set(5, 0), 0, 'IDLE');
	assert.is(p.call('setuid32', 1000), 0);
	assert.is(set(1, 11), -Errno.EPERM);
	assert.is(set(1, 10), 0);
	p.pokeWords(at, 0, 20);
	assert.is(p.call('setrlimit', 14, at), 0);
	assert.is(set(1, 9), 0, 'down');
	assert.is(set(1, 10), -Errno.EPERM, 'not up again');
	assert.is(set(2, 9), -Errno.EPERM, 'no other one');
	assert.is(set(0, 0), 0);
	const attr = (nice: number) => {
		p.pokeWords(at, 48, 0, 0, 0, nice, 0, 0, 0, 0, 0, 0, 0);
		return p.call('sched_setattr', 0, at, 0);
	};
	assert.is(attr(5), 0);
	assert.is(p.task.nice, 5);
	assert.is(attr(4), -Errno.EPERM);
	assert.is(set(0x40000000, 0), 0);
	assert.is(set(0, 0), -Errno.EPERM, 'reset on fork is for good');
});

test('SCHED_DEADLINE and util clamps are refused by name', () => {
	const { p, at } = program();
	p.pokeWords(at, 48, 6, 0, 0, 0, 0, 1_000_000, 0, 2_000_000, 0, 4_000_000, 0);
	assert.is(p.call('sched_setattr', 0, at, 0), -Errno.EBUSY);
	assert.equal(
		p.events.map((e) => e.kind === 'unsupported' && e.name),
		['SCHED_DEADLINE'],
	);
	p.pokeWords(at, 56, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0);
	assert.is(p.call('sched_setattr', 0, at, 0), -Errno.EOPNOTSUPP);
	p.pokeWords(at, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0);
	assert.is(p.call('sched_setattr', 0, at, 0), -Errno.E2BIG);
	assert.equal(p.words(at, 1), [56]);
});

test('futex: a changed word is EAGAIN, an unchanged one sleeps till the deadline', () => {
	const { p, at } = program();
	p.pokeWords(at, 5);
	assert.is(p.call('futex', at, 0, 4, 0), -Errno.EAGAIN);
	assert.is(p.call('futex', at + 1, 0, 4, 0), -Errno.EINVAL);
	assert.is(p.call('futex', BAD, 128, 4, 0), -Errno.EFAULT);
	assert.is(p.call('futex', at, 1 | 128, 1), 0, 'nobody to wake');
	assert.is(p.call('futex', at, 9, 5, 0, 0, 0), -Errno.EINVAL, 'no bits');
	assert.is(p.call('futex', at, 4, 1, 1, at + 8, 6), -Errno.EAGAIN);
	p.pokeWords(at + 16, 1, 500);
	const block = p.decide('futex', at, 128, 5, at + 16);
	assert.is(typeof block, 'object');
	if (typeof block !== 'object' || block.kind !== 'block') throw new Error('it sleeps');
	assert.is(block.wait.deadline, p.state.persona.bootNs + 1_000_000_500);
	assert.is(block.wait.restart, Restart.BLOCK);
	assert.is(block.restartBlock?.call, 'futex');
	p.pokeWords(at + 16, 1, 1_000_000_000);
	assert.is(p.call('futex', at, 0, 5, at + 16), -Errno.EINVAL);
	const forever = p.decide('futex', at, 0, 5, 0);
	assert.is(typeof forever === 'object' && forever.kind === 'block' && forever.wait.restart, Restart.SYS);
	const futex = rows.find((r) => r.name === 'futex');
	assert.ok(futex);
	assert.is(p.call('futex', at, 2, 0, 0), -Errno.ENOSYS, 'FUTEX_FD');
	assert.is(p.call('futex', at, 1 | 256, 1), -Errno.ENOSYS, 'a clock for what has no time');
	assert.is(p.call('futex', at, 256, 5, BAD), -Errno.EFAULT, 'the time is read first');
	const requeue = p.decide('futex', at, 11 | 128, 5, 0, at + 8);
	if (typeof requeue !== 'object' || requeue.kind !== 'block') throw new Error('it sleeps');
	const wait = { ...requeue.wait, order: 1, fired: -1 };
	const hex = (n: number) => `0x${n.toString(16)}`;
	assert.is(wantedText(p.state, { ...p.task, wait }), `a futex at ${hex(at)}, then the lock at ${hex(at + 8)}`);
});

test('prctl: names, dumpable, no_new_privs; the rest is EINVAL', () => {
	const { p, at } = program();
	p.pokeText(at, 'a name longer than fifteen');
	assert.is(p.call('prctl', 15, at), 0);
	assert.is(p.task.comm, 'a name longer t');
	assert.is(p.call('prctl', 16, at + 64), 0);
	assert.is(p.text(at + 64), 'a name longer t');
	assert.is(p.call('prctl', 15, BAD), -Errno.EFAULT);
	assert.is(p.call('prctl', 3), 1);
	assert.is(p.call('prctl', 4, 2), -Errno.EINVAL);
	assert.is(p.call('prctl', 4, 0), 0);
	assert.is(p.call('prctl', 38, 1, 0, 0, 0), 0);
	assert.is(p.call('prctl', 38, 1, 1, 0, 0), -Errno.EINVAL);
	assert.is(p.call('prctl', 39, 0, 0, 0, 0), 1);
	assert.is(p.call('prctl', 1, 65), -Errno.EINVAL);
	assert.is(p.call('prctl', 1, 9), 0);
	assert.is(p.call('prctl', 2, at), 0);
	assert.equal(p.words(at, 1), [9]);
	assert.is(p.call('prctl', 12345), -Errno.EINVAL);
	assert.not.ok(p.events.some((e) => e.kind === 'unsupported'));
	assert.is(p.call('prctl', 8, 1), -Errno.EINVAL);
	assert.equal(
		p.events.map((e) => e.kind === 'unsupported' && e.name),
		['PR_SET_KEEPCAPS'],
		'what is not here is named',
	);
	assert.is(p.call('arch_prctl', 0x3001, 0), -Errno.EINVAL);
	assert.is(p.call('rseq', at, 32, 0, 0), -Errno.ENOSYS);
});

test('thread bookkeeping', () => {
	const { p, at } = program();
	assert.is(p.call('set_tid_address', at), PID);
	assert.is(p.task.clearTid, at);
	assert.is(p.call('set_robust_list', at, 11), -Errno.EINVAL);
	assert.is(p.call('set_robust_list', at + 100, 12), 0);
	assert.is(p.call('get_robust_list', 0, at, at + 4), 0);
	assert.equal(p.words(at, 2), [at + 100, 12]);
	assert.is(p.call('personality', 0xffffffff), 0);
	assert.is(p.call('personality', 0x0040000), 0);
	assert.is(p.call('personality', 0xffffffff), 0x0040000);
});

test('usage: steps are user time', () => {
	const { p, at } = program();
	const times = { ...p.task.times, steps: 2_500_000_000, nvcsw: 3 };
	p.state = { ...p.state, tasks: { [PID]: { ...p.task, times } } };
	assert.is(p.call('getrusage', 0, at), 0);
	assert.equal(p.words(at, 4), [2, 500_000, 0, 0]);
	assert.is(p.words(at + 64, 1)[0], 3);
	assert.is(p.call('getrusage', -1, at), 0);
	assert.equal(p.words(at, 2), [0, 0]);
	assert.is(p.call('getrusage', 5, at), -Errno.EINVAL);
});

test('the machine about itself', () => {
	const { p, at } = program();
	assert.is(p.call('uname', at), 0);
	assert.equal([p.text(at), p.text(at + 130), p.text(at + 260)], ['Linux', '6.1.0-cpt', 'i686']);
	assert.is(p.call('uname', BAD), -Errno.EFAULT);
	assert.is(p.call('oldolduname', at), 0);
	assert.is(p.text(at + 18), '6.1.0-cp', 'nine bytes with the NUL');
	assert.is(p.call('sysinfo', at), 0);
	assert.equal(p.words(at, 1), [100]);
	assert.equal(p.words(at + 52, 1), [1]);
	assert.is(p.call('getcpu', at, at + 4, 0), 0);
	assert.is(p.call('membarrier', 0, 0), 1);
	assert.is(p.call('membarrier', 8, 0), -Errno.EINVAL);
	assert.is(p.call('syslog', 3, at, 10), -Errno.EPERM);
});

test('getrandom draws from the seed', () => {
	const a = program();
	const b = program();
	assert.is(a.p.call('getrandom', a.at, 16, 0), 16);
	assert.is(b.p.call('getrandom', b.at, 16, 1), 16);
	assert.equal(a.p.words(a.at, 4), b.p.words(b.at, 4));
	assert.is(a.p.call('getrandom', a.at + 16, 16, 0), 16);
	assert.not.equal(a.p.words(a.at, 4), a.p.words(a.at + 16, 4));
	assert.is(a.p.call('getrandom', a.at, 16, 8), -Errno.EINVAL);
	assert.is(a.p.call('getrandom', a.at, 16, 6), -Errno.EINVAL);
	const { prng } = a.p.state;
	assert.is(a.p.call('getrandom', BAD, 16, 0), -Errno.EFAULT);
	assert.equal(a.p.state.prng, prng, 'a failed call draws nothing');
});

test('numbers have names', () => {
	assert.is(callName(4), 'write');
	assert.is(callName(252), 'exit_group');
	assert.is(callName(422), 'futex_time64');
	assert.is(callName(223), 'syscall_0xdf');
	assert.is(callName(0xffffffff), 'syscall_0xffffffff');
	assert.is(callNumber('mmap2'), 192);
	assert.is(callNumber('-'), undefined);
	assert.is(errnoName(95), 'EOPNOTSUPP');
	assert.is(errnoName(11), 'EAGAIN');
	assert.is(errnoMessage(2), 'No such file or directory');
	assert.is(errnoMessage(999), 'Unknown error 999');
});

test.run();
