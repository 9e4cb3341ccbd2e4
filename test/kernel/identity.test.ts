/** Who a task is, and whom it may become. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Errno } from '../../src/kernel/abi/errno.ts';
import { identityRows } from '../../src/kernel/calls/identity.ts';
import type { Credentials } from '../../src/reducers/state.ts';
import { PID, Program, started } from './program.ts';

const KEEP = -1;
const root = (): Program => new Program(identityRows);
const user = (): Program => new Program(identityRows, started({ uid: 1000, gid: 100 }));
const uids = ({ uid, euid, suid, fsuid }: Credentials): number[] => [uid, euid, suid, fsuid];

test('ids of the first program', () => {
	const p = root();
	assert.is(p.call('getpid'), PID);
	assert.is(p.call('gettid'), PID);
	assert.is(p.call('getppid'), 0, 'its parent is outside the container');
	assert.is(p.call('getpgrp'), PID);
	assert.is(p.call('getsid', 0), PID);
	assert.is(p.call('getpgid', 99), -Errno.ESRCH);
	assert.is(p.call('setsid'), -Errno.EPERM, 'it leads its session');
	assert.is(p.call('setpgid', 0, 0), -Errno.EPERM);
	assert.is(p.call('setpgid', 0, -5), -Errno.EINVAL);
	assert.is(p.call('setpgid', 77, 0), -Errno.ESRCH);
});

test('setuid drops everything for root, and only the effective id for others', () => {
	const p = root();
	assert.is(p.call('setuid32', 1000), 0);
	assert.equal(uids(p.task.creds), [1000, 1000, 1000, 1000]);
	assert.is(p.mm.dumpable, 0);
	assert.is(p.call('setuid32', 0), -Errno.EPERM);
	assert.is(p.call('setuid32', KEEP), -Errno.EINVAL);

	const q = root();
	assert.is(q.call('setresuid32', 1000, 2000, 3000), 0);
	assert.is(q.call('setuid32', 3000), 0);
	assert.equal(uids(q.task.creds), [1000, 3000, 3000, 3000]);
	assert.is(q.call('setuid32', 2000), -Errno.EPERM);
});

test('setreuid moves the saved id as it should', () => {
	const p = user();
	assert.is(p.call('setreuid32', KEEP, 0), -Errno.EPERM);
	assert.is(p.call('setreuid32', KEEP, 1000), 0);
	assert.equal(uids(p.task.creds), [1000, 1000, 1000, 1000]);
	const q = root();
	assert.is(q.call('setreuid32', KEEP, 5), 0);
	assert.equal(uids(q.task.creds), [0, 5, 5, 5]);
	assert.is(q.call('setreuid32', 5, 0), 0, 'swapping real and effective is allowed');
	assert.equal(uids(q.task.creds), [5, 0, 0, 0]);
});

test('setresuid needs each id to be one of the three', () => {
	const p = root();
	assert.is(p.call('setresuid32', 1, 2, 3), 0);
	assert.is(p.call('setresuid32', 3, 1, 2), 0);
	assert.equal(uids(p.task.creds), [3, 1, 2, 1]);
	assert.is(p.call('setresuid32', 4, KEEP, KEEP), -Errno.EPERM);
	const at = p.task.cpu.esp - 64;
	assert.is(p.call('getresuid32', at, at + 4, at + 8), 0);
	assert.equal(p.words(at, 3), [3, 1, 2]);
	assert.is(p.call('getresuid32', at, 0xdead0000, at), -Errno.EFAULT);
});

test('setfsuid always answers the old id', () => {
	const p = root();
	assert.is(p.call('setfsuid32', 7), 0);
	assert.is(p.call('setfsuid32', KEEP), 7);
	assert.is(p.task.creds.fsuid, 7);
	const q = user();
	assert.is(q.call('setfsuid32', 7), 1000);
	assert.is(q.task.creds.fsuid, 1000);
});

test('16-bit forms: -1 stays -1, large ids show as 65534', () => {
	const p = root();
	assert.is(p.call('setreuid', 0xffff, 70), 0);
	assert.equal(uids(p.task.creds), [0, 70, 70, 70]);
	const q = root();
	assert.is(q.call('setgid32', 100_000), 0);
	assert.is(q.call('getgid'), 65534);
	assert.is(q.call('getegid32'), 100_000);
	const at = q.task.cpu.esp - 64;
	q.pokeWords(at, 0xffffffff, 0xffffffff);
	assert.is(q.call('getresgid', at, at + 2, at + 4), 0);
	assert.equal(q.words(at, 2), [0xfffefffe, 0xfffffffe]);
});

test('groups come back sorted; only root sets them', () => {
	const p = root();
	const at = p.task.cpu.esp - 64;
	p.pokeWords(at, 30, 10, 20);
	assert.is(p.call('setgroups32', 3, at), 0);
	assert.is(p.call('getgroups32', 0, 0), 3);
	assert.is(p.call('getgroups32', 2, at), -Errno.EINVAL);
	assert.is(p.call('getgroups32', -1, at), -Errno.EINVAL);
	assert.is(p.call('getgroups32', 3, at), 3);
	assert.equal(p.words(at, 3), [10, 20, 30]);
	assert.is(p.call('getgroups', 3, at), 3);
	assert.equal([...new Uint16Array(p.peek(at, 6).buffer)], [10, 20, 30]);
	assert.is(p.call('setgroups32', 65537, at), -Errno.EINVAL);
	assert.is(p.call('setgroups32', 3, 0xdead0000), -Errno.EFAULT);
	assert.is(user().call('setgroups32', 0, 0), -Errno.EPERM);
});

test('capabilities follow the effective user', () => {
	const p = root();
	const at = p.task.cpu.esp - 128;
	p.pokeWords(at, 0x20080522, 0);
	assert.is(p.call('capget', at, at + 16), 0);
	assert.equal(p.words(at + 16, 6), [0xffffffff, 0xffffffff, 0, 0x1ff, 0x1ff, 0]);
	assert.is(p.call('capset', at, at + 16), 0, 'what is already so');
	p.pokeWords(at + 16, 0, 0, 0);
	assert.is(p.call('capset', at, at + 16), -Errno.EPERM);
	assert.is(p.events[0]?.kind, 'unsupported');
	p.call('setresuid32', KEEP, 5, KEEP);
	assert.is(p.call('capget', at, at + 16), 0);
	assert.equal(p.words(at + 16, 2), [0, 0xffffffff]);
	p.pokeWords(at, 1, 0);
	assert.is(p.call('capget', at, 0), 0, 'asking for the version');
	assert.is(p.words(at, 1)[0], 0x20080522);
	p.pokeWords(at, 1, 0);
	assert.is(p.call('capget', at, at + 16), -Errno.EINVAL);
});

test('umask answers the old mask', () => {
	const p = root();
	assert.is(p.call('umask', 0o7077), 0o022);
	assert.is(p.call('umask', 0), 0o077);
});

test.run();
