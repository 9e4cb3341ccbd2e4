/** File calls where a script of random ones does not reach: streams, pipes that fill, the host root, listings, limits, /proc. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Errno } from '../../src/kernel/abi/errno.ts';
import { AT_FDCWD, O } from '../../src/kernel/abi/fcntl.ts';
import { ARENA_END, Files, type HostTree, Out, READ_ONLY } from './files-driver.ts';

const bytesOf = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
const words = (...n: number[]) => new Uint8Array(Int32Array.from(n).buffer);

/** Input for stdin, as the machine brings it to a sleeping task. */
function bring(f: Files, text: string, eof = false): void {
	f.apply({ kind: 'input/stream', stream: 0, bytes: bytesOf(text), eof, ns: 10 });
}

function pipe(f: Files, flags = 0): [number, number] {
	const fds = new Out(8);
	assert.is(f.call('pipe2', fds, flags), 0);
	const view = new DataView(f.bytes(fds).buffer);
	return [view.getInt32(0, true), view.getInt32(4, true)];
}

/** Names and positions after them of one getdents64. */
function list(f: Files, fd: number, size = 4096): [string, number][] {
	const out = new Out(size);
	const n = f.call('getdents64', fd, out, size);
	if (typeof n !== 'number' || n < 0) throw new Error(`getdents64: ${n}`);
	const bytes = f.bytes(out, n);
	const view = new DataView(bytes.buffer, bytes.byteOffset, n);
	const found: [string, number][] = [];
	for (let at = 0; at < n; at += view.getUint16(at + 16, true)) {
		const name = String.fromCharCode(...bytes.subarray(at + 19, bytes.indexOf(0, at + 19)));
		found.push([name, Number(view.getBigInt64(at + 8, true))]);
	}
	return found;
}

test('a read of stdin sleeps until input comes, takes what fits, and ends with the input', () => {
	const f = new Files();
	const out = new Out(4);
	assert.is(f.call('read', 0, out, 4), 'blocked');
	assert.is(f.resume(), 'blocked');
	bring(f, 'hello');
	assert.is(f.resume(), 4);
	assert.is(f.text(out), 'hell');
	assert.is(f.call('read', 0, out, 4), 1);
	assert.is(f.call('read', 0, out, 4), 'blocked');
	bring(f, '', true);
	assert.is(f.resume(), 0);
	assert.is(f.call('read', 0, out, 4), 0);
});

test('a bad buffer takes nothing of the input', () => {
	const f = new Files();
	bring(f, 'abc');
	assert.is(f.call('read', 0, READ_ONLY, 3), -Errno.EFAULT);
	assert.is(f.call('read', 0, ARENA_END - 2, 3), -Errno.EFAULT, 'a pipe gives whole parts only');
	assert.is(f.call('read', 0, 0xd0000000, 3), -Errno.EFAULT);
	assert.is(f.call('read', 0, 0x1000, -1), -Errno.EINVAL);
	const out = new Out(3);
	assert.is(f.call('read', 0, out, 3), 3);
	assert.is(f.text(out), 'abc');
	f.call('open', '/tmp/x', O.RDWR | O.CREAT, 0o600);
	f.call('write', 3, bytesOf('x'.repeat(5000)), 5000);
	f.call('lseek', 3, 0, 0);
	assert.is(f.call('read', 3, ARENA_END - 4096, 5000), 4096, 'up to the page that is not there');
	assert.is(f.call('write', 3, ARENA_END - 4096, 5000), 4096);
});

test('a read that may not wait asks once, then says EAGAIN', () => {
	const f = new Files();
	assert.is(f.call('fcntl64', 0, 4, O.NONBLOCK), 0);
	const out = new Out(4);
	assert.is(f.call('read', 0, out, 4), 'blocked');
	f.apply({ kind: 'input/none', ns: 1 });
	assert.is(f.resume(), -Errno.EAGAIN);
	assert.is(f.call('read', 0, out, 4), 'blocked');
	bring(f, 'xy');
	assert.is(f.resume(), 2);
});

test('output leaves as it is written', () => {
	const f = new Files();
	const iov = words(f.room(4), 2, f.room(4), 3);
	const view = new DataView(iov.buffer);
	f.poke(view.getUint32(0, true), bytesOf('ab'));
	f.poke(view.getUint32(8, true), bytesOf('cde'));
	assert.is(f.call('writev', 1, iov, 2), 5);
	const output = f.events.find((e) => e.kind === 'stream/output');
	assert.equal(output, { kind: 'stream/output', stream: 1, bytes: bytesOf('abcde') });
	assert.is(f.call('writev', 1, iov, 1025), -Errno.EINVAL);
	assert.is(f.call('write', 0, bytesOf('x'), 1), -Errno.EBADF);
	assert.is(f.call('write', 1, 0x10, 1), -Errno.EFAULT);
});

test('a pipe: whole small writes, EAGAIN, a long write in parts, EPIPE with SIGPIPE', () => {
	const f = new Files();
	const [r, w] = pipe(f);
	const out = new Out(65536);
	assert.is(f.call('fcntl64', w, 4, O.NONBLOCK), 0);
	const big = new Uint8Array(66000).fill(7);
	assert.is(f.call('write', w, big, 65000), 65000);
	assert.is(f.call('write', w, big, 4096), -Errno.EAGAIN, 'a small write goes in whole or not at all');
	assert.is(f.call('write', w, big, 5000), 536);
	assert.is(f.call('fcntl64', w, 4, 0), 0);
	assert.is(f.call('write', w, big, 66000), 'blocked');
	assert.is(f.resume(), 'blocked');
	// Only the one task could read; another process does, as it were.
	f.apply({ kind: 'pipe/read', pipe: 1, length: 65536 });
	assert.is(f.resume(), 'blocked');
	f.apply({ kind: 'pipe/read', pipe: 1, length: 65536 });
	assert.is(f.resume(), 66000);
	assert.is(f.call('read', r, out, 65536), 464);
	assert.is(f.call('read', r, out, 0), 0);
	assert.is(f.call('read', r, out, 1), 'blocked');
	f.apply({ kind: 'pipe/write', pipe: 1, bytes: bytesOf('z') });
	assert.is(f.resume(), 1);
	f.call('close', r);
	assert.is(f.call('write', w, big, 1), -Errno.EPIPE);
	const post = f.events.find((e) => e.kind === 'signal/post');
	assert.ok(post?.kind === 'signal/post' && post.info.signo === 13 && post.info.code === 0 && post.info.pid === f.pid);
});

test('a pipe ends with its last writer', () => {
	const f = new Files();
	const [r, w] = pipe(f);
	const again = f.call('dup', w) as number;
	f.call('write', w, bytesOf('q'), 1);
	f.call('close', w);
	const out = new Out(4);
	assert.is(f.call('read', r, out, 4), 1);
	assert.is(f.call('read', r, out, 4), 'blocked');
	f.apply({ kind: 'task/wake', task: f.pid, reason: 'ready' });
	f.call('close', again);
	assert.is(f.call('read', r, out, 4), 0);
});

const HOST: HostTree = {
	'etc/passwd': 'root:x:0:0\n',
	'etc/link': '-> passwd',
	'etc/loop': '-> loop',
	'usr/lib/': '',
	up: '-> ../../../etc/passwd',
	'data/a': 'aaa',
	'data/b': 'bbb',
	'data/c': 'ccc',
};

test('the host root: each name is asked for once, contents when they are first read, and nothing goes back', () => {
	const f = new Files({ root: 'host' }, HOST);
	f.asked.length = 0;
	assert.is(f.call('open', '/etc/link', O.RDWR, 0), 3);
	assert.equal(f.asked, ['lookup /etc', 'lookup /etc/link', 'lookup /etc/passwd']);
	const out = new Out(100);
	assert.is(f.call('read', 3, out, 100), 11);
	assert.is(f.text(out, 11), 'root:x:0:0\n');
	assert.is(f.call('open', '/etc/nothing', 0, 0), -Errno.ENOENT);
	assert.is(f.call('open', '/etc/nothing', 0, 0), -Errno.ENOENT);
	assert.is(f.call('open', '/up', 0, 0), 4, 'a link that climbs stays below the root');
	assert.is(f.call('open', '/etc/loop', 0, 0), -Errno.ELOOP);
	assert.equal(f.asked.slice(3), ['content /etc/passwd', 'lookup /etc/nothing', 'lookup /up', 'lookup /etc/loop']);
	assert.is(f.call('write', 3, bytesOf('X'), 1), 1);
	assert.is(f.call('pread64', 4, out, 100, 0, 0), 12);
	assert.is(f.text(out, 12), 'root:x:0:0\nX');
	assert.is(f.call('unlink', '/etc/passwd'), 0);
	assert.is(f.call('open', '/etc/passwd', 0, 0), -Errno.ENOENT);
	assert.is(f.call('rename', '/usr/lib', '/usr/lob'), 0);
	assert.is(f.call('access', '/usr/lib', 0), -Errno.ENOENT);
});

test('a file that is truncated as it is opened is not read', () => {
	const f = new Files({ root: 'host' }, HOST);
	assert.is(f.call('open', '/data/a', O.WRONLY | O.TRUNC, 0), 3);
	assert.is(f.call('write', 3, bytesOf('new'), 3), 3);
	assert.not(f.asked.some((a) => a.startsWith('content')));
});

test('a directory of the host root: listed, sorted, with what was made and without what was removed', () => {
	const f = new Files({ root: 'host' }, HOST);
	f.call('unlink', '/data/b');
	f.call('open', '/data/bb', O.CREAT, 0o600);
	assert.is(f.call('rmdir', '/data'), -Errno.ENOTEMPTY);
	assert.is(f.call('open', '/data', O.DIRECTORY, 0), 4);
	const names = list(f, 4).map(([name]) => name);
	assert.equal(names, ['.', '..', 'a', 'bb', 'c']);
	assert.equal(f.asked.filter((a) => a === 'listing /data').length, 1);
	for (const name of ['a', 'bb', 'c']) assert.is(f.call('unlink', `/data/${name}`), 0);
	assert.is(f.call('rmdir', '/data'), 0);
	assert.is(f.call('access', '/data', 0), -Errno.ENOENT);
});

test('a listing in parts neither skips nor repeats a name while others come and go', () => {
	const f = new Files();
	f.call('mkdir', '/tmp/d', 0o755);
	for (const name of ['b', 'd', 'f', 'h']) f.call('mknod', `/tmp/d/${name}`, 0o644, 0);
	assert.is(f.call('open', '/tmp/d', 0, 0), 3);
	const seen: string[] = [];
	for (let step = 0; ; step++) {
		const part = list(f, 3, 24);
		if (part.length === 0) break;
		seen.push(part[0][0]);
		if (part[0][0] === 'd') {
			f.call('unlink', '/tmp/d/b');
			f.call('mknod', '/tmp/d/a', 0o644, 0);
			f.call('mknod', '/tmp/d/c', 0o644, 0);
			f.call('mknod', '/tmp/d/e', 0o644, 0);
			f.call('rename', '/tmp/d/a', '/tmp/d/0');
		}
		assert.ok(step < 20);
	}
	assert.equal(seen, ['.', '..', 'b', 'd', 'e', 'f', 'h']);
	assert.is(f.call('getdents64', 3, new Out(10), 10), 0);
	f.call('lseek', 3, 0, 0);
	assert.is(f.call('getdents64', 3, new Out(10), 10), -Errno.EINVAL);
	f.call('lseek', 3, 3, 0);
	assert.equal(list(f, 3)[0], ['c', 4]);
});

test('RLIMIT_FSIZE cuts a write and then forbids it with SIGXFSZ; RLIMIT_NOFILE stops descriptors', () => {
	const f = new Files({ limits: { 1: [10, 100], 7: [4, 4] } });
	assert.is(f.call('open', '/tmp/x', O.RDWR | O.CREAT, 0o600), 3);
	assert.is(f.call('open', '/tmp/x', O.RDWR, 0), -Errno.EMFILE);
	assert.is(f.call('dup2', 3, 4), -Errno.EBADF);
	assert.is(f.call('fcntl64', 3, 0, 4), -Errno.EINVAL);
	assert.is(f.call('pipe', new Out(8)), -Errno.EMFILE);
	assert.is(f.call('write', 3, bytesOf('123456789abcdef'), 15), 10);
	assert.is(f.call('write', 3, bytesOf('1'), 1), -Errno.EFBIG);
	assert.ok(f.events.some((e) => e.kind === 'signal/post' && e.info.signo === 25));
	assert.is(f.call('ftruncate', 3, 11), -Errno.EFBIG);
});

test('O_APPEND writes at the end wherever the position is; a file without O_LARGEFILE ends at 2 GiB', () => {
	const f = new Files();
	f.call('open', '/tmp/x', O.RDWR | O.CREAT | O.APPEND, 0o600);
	f.call('write', 3, bytesOf('abc'), 3);
	f.call('lseek', 3, 0, 0);
	f.call('write', 3, bytesOf('d'), 1);
	assert.is(f.call('lseek', 3, 0, 1), 4);
	f.call('fcntl64', 3, 4, 0);
	assert.is(f.call('pwrite64', 3, bytesOf('xyz'), 3, 0x7ffffffe, 0), 1);
	assert.is(f.call('pwrite64', 3, bytesOf('xyz'), 3, 0x7fffffff, 0), -Errno.EFBIG);
	const out = new Out(3);
	assert.is(f.call('pread64', 3, out, 3, 0x7ffffffd, 0), 2);
	assert.equal([...f.bytes(out, 2)], [0, 'x'.charCodeAt(0)]);
});

test('an unlinked file lives while it is open, and its pages go with it', () => {
	const f = new Files();
	const before = Object.keys(f.state.objects).length;
	f.call('open', '/tmp/x', O.RDWR | O.CREAT, 0o600);
	f.call('write', 3, bytesOf('abc'), 3);
	f.call('unlink', '/tmp/x');
	const out = new Out(3);
	assert.is(f.call('pread64', 3, out, 3, 0, 0), 3);
	assert.is(f.call('linkat', AT_FDCWD, '/proc/self/fd/3', AT_FDCWD, '/tmp/y', 0x400), -Errno.ENOENT);
	f.call('close', 3);
	assert.is(Object.keys(f.state.objects).length, before);
	assert.is(f.call('open', '/tmp', 0o20200002, 0o600), 3, 'O_TMPFILE');
	f.call('write', 3, bytesOf('abc'), 3);
	assert.is(f.call('linkat', AT_FDCWD, '/proc/self/fd/3', AT_FDCWD, '/tmp/y', 0x400), 0);
	f.call('close', 3);
	assert.is(f.call('open', '/tmp/y', 0, 0), 3);
});

test('getcwd follows the directory, not its old name', () => {
	const f = new Files();
	const out = new Out(100);
	f.call('mkdir', '/tmp/a', 0o755);
	f.call('mkdir', '/tmp/a/b', 0o755);
	f.call('chdir', '/tmp/a/b');
	f.call('rename', '/tmp/a', '/tmp/z');
	assert.is(f.call('getcwd', out, 100), 9);
	assert.is(f.text(out, 9), '/tmp/z/b\0');
	assert.is(f.call('getcwd', out, 8), -Errno.ERANGE);
	assert.is(f.call('rmdir', '/tmp/z/b'), 0);
	assert.is(f.call('getcwd', out, 100), -Errno.ENOENT);
	assert.is(f.call('open', 'new', O.CREAT, 0o600), -Errno.ENOENT);
	assert.is(f.call('chdir', '..'), 0);
	assert.is(f.call('getcwd', out, 100), 7);
});

test('terminals: TCGETS, TCSETS, the window; anything else is ENOTTY', () => {
	const f = new Files({ streams: ['tty', 'tty', 'pipe'] });
	const out = new Out(36);
	assert.is(f.call('ioctl', 1, 0x5401, out), 0);
	const before = f.bytes(out);
	assert.equal([...before.subarray(0, 4)], [0, 5, 0, 0]);
	const raw = before.slice();
	raw[12] &= ~2;
	assert.is(f.call('ioctl', 0, 0x5402, raw), 0);
	assert.is(f.call('ioctl', 0, 0x5401, out), 0);
	assert.equal(f.bytes(out), raw);
	const size = new Out(8);
	assert.is(f.call('ioctl', 1, 0x5413, size), 0);
	assert.equal([...f.bytes(size)], [24, 0, 80, 0, 0, 0, 0, 0]);
	assert.is(f.call('ioctl', 2, 0x5401, out), -Errno.ENOTTY);
	assert.is(f.call('ioctl', 9, 0x5401, out), -Errno.EBADF);
	assert.is(f.call('ioctl', 1, 0x5401, 0x10), -Errno.EFAULT);
	f.call('open', '/dev/tty', O.RDWR, 0);
	assert.is(f.call('write', 3, bytesOf('t'), 1), 1);
	assert.ok(f.events.some((e) => e.kind === 'stream/output' && e.stream === 0));
});

test('/proc tells the program about itself', () => {
	const f = new Files();
	const out = new Out(4000);
	assert.is(f.call('readlink', '/proc/self/exe', out, 100), 9);
	assert.is(f.text(out, 9), '/bin/tiny');
	assert.is(f.call('readlink', '/proc/self/exe', out, 4), 4);
	assert.is(f.call('open', '/proc/self/cmdline', 0, 0), 3);
	assert.is(f.call('read', 3, out, 4000), 7);
	assert.is(f.text(out, 7), 'tiny\0x\0');
	assert.is(f.call('open', '/proc/self/maps', 0, 0), 4);
	const n = f.call('read', 4, out, 4000) as number;
	const lines = f.text(out, n).trimEnd().split('\n');
	assert.is(lines.length, f.state.mms[f.task.mm].vmas.length);
	assert.match(lines[0], /^[0-9a-f]{8}-[0-9a-f]{8} r[-w][-x]p [0-9a-f]{8} 08:01 \d+ {1,}\/bin\/tiny$/);
	assert.ok(lines.some((l) => l.endsWith(' [stack]')));
	assert.is(f.call('open', '/proc/self/nothing', 0, 0), -Errno.ENOENT);
	assert.is(f.call('open', '/proc/nothing', 0, 0), -Errno.ENOENT);
	assert.is(f.call('open', '/proc/self/maps', O.RDWR, 0), -Errno.EACCES);
	assert.is(f.call('unlink', '/proc/self/maps'), -Errno.EPERM);
});

test('devices', () => {
	const f = new Files();
	const out = new Out(8);
	for (const [i, name] of ['null', 'zero', 'full', 'urandom'].entries())
		assert.is(f.call('open', `/dev/${name}`, O.RDWR, 0), 3 + i);
	assert.is(f.call('read', 3, out, 8), 0);
	assert.is(f.call('read', 4, out, 8), 8);
	assert.is(f.call('write', 5, bytesOf('x'), 1), -Errno.ENOSPC);
	assert.is(f.call('read', 6, out, 8), 8);
	const first = [...f.bytes(out)];
	assert.is(f.call('read', 6, out, 8), 8);
	assert.not.equal([...f.bytes(out)], first);
	assert.is(f.call('open', '/dev/tty', O.RDWR, 0), -Errno.ENXIO);
});

test.run();
