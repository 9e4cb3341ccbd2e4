/** Memory calls: a long script against what Linux did with it, and by hand what a script cannot compare. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Errno } from '../../src/kernel/abi/errno.ts';
import { MADV, MAP, MCL, MREMAP, PROT, RLIMIT } from '../../src/kernel/abi/mm.ts';
import { fileRows } from '../../src/kernel/calls/files.ts';
import { memoryRows } from '../../src/kernel/calls/memory.ts';
import { Vm } from '../../src/reducers/state.ts';
import { FDS, memoryScript, WINDOW } from './memory-script.ts';
import { Program, started } from './program.ts';

const PAGE = 4096;
const RW = PROT.READ | PROT.WRITE;
const ANON = MAP.PRIVATE | MAP.ANONYMOUS;
const rows = [...memoryRows, ...fileRows];
const O_RDWR_CREAT = 0o102;

/** A program with a file of ten pages open three ways, as the native one has it. */
function withFile(): Program {
	const p = new Program(rows);
	const path = p.task.cpu.esp - PAGE;
	p.pokeText(path, '/tmp/f');
	for (const [i, flags] of [O_RDWR_CREAT, 0, 1].entries()) {
		const fd = p.call('open', path, flags, 0o644);
		if (i === 0) p.call('ftruncate', fd, 10 * PAGE);
		assert.is(p.call('dup2', fd, FDS[i]), FDS[i]);
		p.call('close', fd);
	}
	return p;
}

/** The window as /proc/self/maps shows it, neighbours joined: what Linux merges depends on its version. */
function maps(p: Program): string {
	const shown = p.mm.vmas
		.filter((v) => v.start >= WINDOW.from && v.end <= WINDOW.to)
		.map((v) => {
			const perms = `${v.flags & 1 ? 'r' : '-'}${v.flags & 2 ? 'w' : '-'}${v.flags & 4 ? 'x' : '-'}${v.flags & 0x80 ? 's' : 'p'}`;
			return `${v.start.toString(16)}-${v.end.toString(16)} ${perms} ${(v.pgoff * PAGE).toString(16)}`;
		});
	return joined(shown.join(' '));
}

function joined(text: string): string {
	const words = text.split(' ').filter((w) => w !== '');
	const list: [number, number, string, number][] = [];
	for (let i = 0; i < words.length; i += 3) {
		const [start, end] = words[i].split('-').map((w) => Number.parseInt(w, 16));
		const offset = Number.parseInt(words[i + 2], 16);
		const last = list.at(-1);
		const goesOn = last !== undefined && (last[3] + last[1] - last[0] === offset || (last[3] === 0 && offset === 0));
		if (last?.[1] === start && last[2] === words[i + 1] && goesOn) last[1] = end;
		else list.push([start, end, words[i + 1], offset]);
	}
	return list.map(([s, e, perms, offset]) => `${s.toString(16)}-${e.toString(16)} ${perms} ${offset.toString(16)}`).join(', ');
}

test('a script of 1500 calls has the results and mappings that Linux gave it', () => {
	const seed = 2008;
	const script = memoryScript(seed, 1500);
	const native = gunzipSync(readFileSync(new URL('memory.native.txt.gz', import.meta.url)))
		.toString('latin1')
		.trim()
		.split('\n');
	assert.is(native.length, script.length);
	const p = withFile();
	for (const [i, { nr, args }] of script.entries()) {
		const row = memoryRows.find((r) => r.nr === nr);
		const result = p.call(row?.name ?? '', ...args) >>> 0;
		const [wanted, ...rest] = native[i].split(' ');
		const call = `seed ${seed}, call ${i}: ${row?.name}(${args.map((a) => a.toString(16)).join(', ')})`;
		assert.is(`${result.toString(16)} ${maps(p)}`, `${wanted} ${joined(rest.join(' '))}`, call);
	}
});

test('brk moves page by page, never below its start, and not into what is above', () => {
	const p = new Program(rows);
	const start = p.call('brk', 0) >>> 0;
	assert.is(start, p.mm.startBrk);
	assert.is(p.call('brk', start + 100) >>> 0, start + 100);
	assert.is(p.call('brk', start + 5 * PAGE) >>> 0, start + 5 * PAGE);
	const heap = p.mm.vmas.find((v) => v.start === start);
	assert.is(heap?.end, start + 5 * PAGE);
	assert.is(p.call('brk', start - 1) >>> 0, start + 5 * PAGE);
	assert.is(p.call('brk', 0xb8000000) >>> 0, start + 5 * PAGE, 'the vDSO is in the way');
	assert.is(p.call('mmap2', start + 8 * PAGE, PAGE, RW, ANON | MAP.FIXED, -1, 0) >>> 0, start + 8 * PAGE);
	assert.is(p.call('brk', start + 8 * PAGE) >>> 0, start + 5 * PAGE, 'one page stays free before a mapping');
	assert.is(p.call('brk', start + 7 * PAGE) >>> 0, start + 7 * PAGE);
	assert.is(p.call('brk', start) >>> 0, start);
	assert.not(p.mm.vmas.some((v) => v.start === start));
});

test('without a hint mappings go down from the vDSO, into the highest room that fits', () => {
	const p = new Program(rows);
	const top = p.mm.vdso;
	const a = p.call('mmap2', 0, 4 * PAGE, RW, ANON, -1, 0) >>> 0;
	const b = p.call('mmap2', 0, 2 * PAGE, PROT.READ, ANON, -1, 0) >>> 0;
	assert.equal([a, b], [top - 4 * PAGE, top - 6 * PAGE]);
	assert.is(p.call('munmap', a, PAGE), 0);
	assert.is(p.call('mmap2', 0, PAGE, RW, ANON, -1, 0) >>> 0, a);
	assert.is(p.call('mmap2', a, PAGE, RW, ANON, -1, 0) >>> 0, b - PAGE, 'a hint that is taken is no hint');
	assert.is(p.call('mmap2', 0x50000123, PAGE, RW, ANON, -1, 0) >>> 0, 0x50000000);
	assert.is(p.call('mmap2', 1, PAGE, RW, ANON, -1, 0) >>> 0, b - 2 * PAGE);
	assert.is(p.call('mmap2', 0, 0xb0000000, RW, ANON, -1, 0), -Errno.ENOMEM);
	const huge = p.call('mmap2', 0, 0x60000000, PROT.NONE, ANON, -1, 0) >>> 0;
	assert.ok(huge >= 0x10000 && huge + 0x60000000 <= 0x50000000 + 0x70000000);
});

test('errors of mmap that no script compares', () => {
	const p = withFile();
	assert.is(p.call('mmap2', 0x60000000, PAGE, RW, ANON | MAP.HUGETLB, -1, 0), -Errno.EINVAL);
	assert.is(p.call('mmap2', 0, 0xfffff001, RW, ANON, -1, 0), -Errno.ENOMEM);
	assert.is(p.call('mmap2', 0, 2 * PAGE, RW, MAP.PRIVATE, FDS[0], 0xffffffff), -Errno.EOVERFLOW);
	assert.is(p.call('mmap2', 0, PAGE, RW, MAP.PRIVATE, 0, 0), -Errno.ENODEV, '/dev/null');
	assert.is(p.call('mmap2', 0xc0000000, PAGE, RW, ANON | MAP.FIXED, -1, 0), -Errno.ENOMEM);
	assert.is(p.call('munmap', 0xc0000000, PAGE), -Errno.EINVAL);
	assert.is(p.call('mprotect', 0x08048000, 0xffffffff, RW), -Errno.ENOMEM);
	assert.is(p.call('madvise', 0x08048000, 0xffffffff, MADV.FREE), -Errno.EINVAL, 'a file is not freed');
	assert.is(p.call('mlock', 0x08048000, 0xffffffff), -Errno.ENOMEM);
});

test('the oldest mmap takes its arguments from memory, its offset in bytes', () => {
	const p = withFile();
	const at = p.task.cpu.esp - 64;
	p.pokeWords(at, 0, PAGE, PROT.READ, MAP.PRIVATE, FDS[1], 3 * PAGE);
	const address = p.call('mmap', at) >>> 0;
	assert.is(p.mm.vmas.find((v) => v.start === address)?.pgoff, 3);
	p.pokeWords(at, 0, PAGE, PROT.READ, MAP.PRIVATE, FDS[1], 100);
	assert.is(p.call('mmap', at), -Errno.EINVAL);
	assert.is(p.call('mmap', 0xdead0000), -Errno.EFAULT);
});

test('limits: address space, data, locked memory', () => {
	const M = 1024 * 1024;
	const limits = { [RLIMIT.AS]: [4 * M, 4 * M], [RLIMIT.MEMLOCK]: [4 * PAGE, 4 * PAGE] } as const;
	const p = new Program(rows, started({ limits, uid: 1000 }));
	assert.is(p.call('mmap2', 0, 4 * M, PROT.NONE, ANON, -1, 0), -Errno.ENOMEM);
	const a = p.call('mmap2', 0, M, RW, ANON, -1, 0) >>> 0;
	assert.is(p.call('mlock', a, 4 * PAGE), 0);
	assert.is(p.call('mlock', a, 4 * PAGE), 0, 'what is locked already does not count again');
	assert.is(p.call('mlock', a + 4 * PAGE, PAGE), -Errno.ENOMEM);
	assert.is(p.call('mlockall', MCL.CURRENT), -Errno.ENOMEM);
	assert.is(p.call('mlockall', 8), -Errno.EINVAL);
	assert.is(p.call('mmap2', 0, PAGE, RW, ANON | MAP.LOCKED, -1, 0), -Errno.EAGAIN);
	assert.is(p.call('munlockall'), 0);
	assert.not(p.mm.vmas.some((v) => v.flags & Vm.LOCKED));
	assert.is(p.call('mmap2', 0, PAGE, RW, ANON | MAP.FIXED, -1, 0), -Errno.EPERM, 'the first pages are for root');

	const data = new Program(rows, started({ limits: { [RLIMIT.DATA]: [M, M] } }));
	const start = data.call('brk', 0) >>> 0;
	assert.is(data.call('brk', start + 2 * M) >>> 0, start);
	assert.is(data.call('mmap2', 0, 2 * M, RW, ANON, -1, 0), -Errno.ENOMEM);
	const readable = data.call('mmap2', 0, 2 * M, PROT.READ, ANON, -1, 0) >>> 0;
	assert.is(data.call('mprotect', readable, 2 * M, RW), -Errno.ENOMEM);
});

test('mlockall of the future locks what comes', () => {
	const p = new Program(rows);
	assert.is(p.call('mlockall', MCL.FUTURE), 0);
	const a = p.call('mmap2', 0, PAGE, RW, ANON, -1, 0) >>> 0;
	assert.ok((p.mm.vmas.find((v) => v.start === a)?.flags ?? 0) & Vm.LOCKED);
	assert.is(p.call('madvise', a, PAGE, MADV.DONTNEED), -Errno.EINVAL);
});

test('pages move with mremap and go with munmap, MADV_DONTNEED and a smaller brk', () => {
	const p = new Program(rows);
	const a = p.call('mmap2', 0, 2 * PAGE, RW, ANON, -1, 0) >>> 0;
	p.poke(a + PAGE, [1, 2, 3]);
	const wall = p.call('mmap2', a - PAGE, PAGE, RW, ANON | MAP.FIXED, -1, 0) >>> 0;
	assert.is(wall, a - PAGE);
	assert.is(p.call('mremap', a, 2 * PAGE, 3 * PAGE, 0), -Errno.ENOMEM, 'the vDSO is above');
	const b = p.call('mremap', a, 2 * PAGE, 3 * PAGE, MREMAP.MAYMOVE) >>> 0;
	assert.is.not(b, a);
	assert.equal([...p.peek(b + PAGE, 3)], [1, 2, 3]);
	assert.equal([...p.peek(b + 2 * PAGE, 1)], [0]);
	assert.is(p.call('madvise', b, 3 * PAGE, MADV.DONTNEED), 0);
	assert.equal([...p.peek(b + PAGE, 3)], [0, 0, 0]);
	p.poke(b, [4]);
	assert.is(p.call('madvise', b, 0xffffffff, MADV.DONTNEED), -Errno.EINVAL, 'a length that wraps');
	const c = p.call('mremap', b, 3 * PAGE, 3 * PAGE, MREMAP.MAYMOVE | MREMAP.DONTUNMAP) >>> 0;
	assert.equal([p.peek(c, 1)[0], p.peek(b, 1)[0]], [4, 0], 'the page went, an empty mapping stays');
	assert.is(p.call('mremap', p.mm.vdso, PAGE, 2 * PAGE, MREMAP.MAYMOVE), -Errno.EFAULT, 'the vDSO does not grow');
});

test('shared anonymous memory is an object of its own; private file pages are copied on write', () => {
	const p = withFile();
	const a = p.call('mmap2', 0, 2 * PAGE, RW, MAP.SHARED | MAP.ANONYMOUS, -1, 0) >>> 0;
	p.poke(a, [7]);
	const object = p.mm.vmas.find((v) => v.start === a)?.object ?? 0;
	assert.is(p.state.objects[object].kind, 'shared');
	const copy = p.call('mremap', a, 0, PAGE, MREMAP.MAYMOVE) >>> 0;
	assert.equal([...p.peek(copy, 1)], [7], 'an old size of 0 maps it twice');
	p.poke(copy, [8]);
	assert.equal([...p.peek(a, 1)], [8]);
	assert.is(p.call('munmap', a, 2 * PAGE), 0);
	assert.ok(p.state.objects[object]);
	assert.is(p.call('munmap', copy, PAGE), 0);
	assert.is(p.state.objects[object], undefined);

	const f = p.call('mmap2', 0, PAGE, RW, MAP.PRIVATE, FDS[1], 0) >>> 0;
	const g = p.call('mmap2', 0, PAGE, RW, MAP.SHARED, FDS[0], 0) >>> 0;
	p.poke(g, [5]);
	assert.equal([...p.peek(f, 1)], [5]);
	p.poke(f, [6]);
	assert.equal([...p.peek(g, 1)], [5]);
	assert.is(p.call('mprotect', p.call('mmap2', 0, PAGE, PROT.READ, MAP.SHARED, FDS[1], 0), PAGE, RW), -Errno.EACCES);
});

test('READ_IMPLIES_EXEC makes readable mappings executable', () => {
	const state = started();
	const tasks = { 2: { ...state.tasks[2], personality: 0x400000 } };
	const p = new Program(rows, { ...state, tasks });
	const a = p.call('mmap2', 0, PAGE, PROT.READ, ANON, -1, 0) >>> 0;
	assert.is((p.mm.vmas.find((v) => v.start === a)?.flags ?? 0) & 7, Vm.READ | Vm.EXEC);
	assert.is(p.call('mprotect', a, PAGE, PROT.WRITE), 0);
	assert.is((p.mm.vmas.find((v) => v.start === a)?.flags ?? 0) & 7, Vm.WRITE);
	const start = p.call('brk', 0) >>> 0;
	p.call('brk', start + PAGE);
	assert.is((p.mm.vmas.find((v) => v.start === start)?.flags ?? 0) & 7, 7);
});

test.run();
