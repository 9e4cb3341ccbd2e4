/** What a program finds when it starts: mappings, stack, registers; execve again in the same task; the vDSO's page. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Errno } from '../../src/kernel/abi/errno.ts';
import { RLIMIT } from '../../src/kernel/abi/mm.ts';
import { directoryRows } from '../../src/kernel/calls/directories.ts';
import { fileRows } from '../../src/kernel/calls/files.ts';
import { identityRows } from '../../src/kernel/calls/identity.ts';
import { processRows } from '../../src/kernel/calls/process.ts';
import { ElfError } from '../../src/kernel/elf.ts';
import { mmapBase } from '../../src/kernel/exec.ts';
import { byteString } from '../../src/kernel/initial.ts';
import { drawBytes, seedPrng } from '../../src/kernel/random.ts';
import { VDSO_SYMBOLS, vdsoPage } from '../../src/kernel/vdso.ts';
import { Vm } from '../../src/reducers/state.ts';
import { guestBytes, PID, Program, positionIndependent, started } from './program.ts';

const rows = [...processRows, ...fileRows, ...directoryRows, ...identityRows];
const TOP = 0xc0000000;

/** auxv as it stands on the stack: pairs up to AT_NULL. */
function auxv(p: Program): Map<number, number> {
	let at = p.task.cpu.esp;
	const [argc] = p.words(at, 1);
	at += 4 * (argc + 2);
	while (p.words(at, 1)[0] !== 0) at += 4;
	const found = new Map<number, number>();
	for (at += 4; ; at += 8) {
		const [type, value] = p.words(at, 2);
		if (type === 0) return found;
		found.set(type, value);
	}
}

test('the stack holds argc, argv, envp and auxv as Linux leaves them', () => {
	const argv = ['prog', 'arg one', '', byteString('ü')];
	const env = ['A=1', 'LONG=x'];
	const p = new Program(rows, started({ argv, env }));
	const { esp } = p.task.cpu;
	assert.is(esp % 16, 0);
	const words = p.words(esp, 2 + argv.length + 1 + env.length);
	assert.is(words[0], 4);
	assert.equal(
		words.slice(1, 5).map((a) => p.text(a)),
		argv,
	);
	assert.is(words[5], 0);
	assert.equal(
		words.slice(6, 8).map((a) => p.text(a)),
		env,
	);
	const { mm } = p;
	assert.is(words[1], mm.argStart);
	assert.is(words[6], mm.envStart);
	assert.is(mm.envEnd, TOP - 4 - '/bin/tiny'.length - 1);
	assert.is(p.text(mm.envEnd), '/bin/tiny');
	const aux = auxv(p);
	// SYSINFO, SYSINFO_EHDR, MINSIGSTKSZ, HWCAP, PAGESZ, CLKTCK, PHDR … in the order of Linux 6.1.
	assert.equal([...aux.keys()], [32, 33, 51, 16, 6, 17, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 23, 25, 26, 31, 15]);
	assert.is(p.text(aux.get(15) ?? 0), 'i686');
	assert.is(aux.get(31), mm.envEnd);
	assert.is(aux.get(9), p.task.cpu.eip);
	assert.is(aux.get(33), mm.vdso);
	assert.is(aux.get(32), mm.vdso + VDSO_SYMBOLS.__kernel_vsyscall);
	assert.is(aux.get(16), 0x7888911, 'FPU TSC CX8 SEP CMOV CLFSH MMX FXSR SSE SSE2');
	assert.equal([...p.peek(aux.get(25) ?? 0, 16)], [...drawBytes(seedPrng(1), 16).bytes]);
	assert.equal([...p.peek(aux.get(3) ?? 0, 4)], [1, 0, 0, 0], 'AT_PHDR points at a PT_LOAD');
	assert.equal(mm.auxv.slice(0, 2), [32, aux.get(32)]);
});

test('mappings: the segments, the heap behind them, the vDSO below mmapBase, 132 KiB of stack', () => {
	const { mm } = new Program(rows, started({ guest: 'hello' }));
	const [first] = mm.vmas;
	assert.is(first.start, 0x08048000);
	assert.is(first.path, '/bin/hello');
	const stack = mm.vmas[mm.vmas.length - 1];
	assert.equal([stack.start, stack.end], [TOP - 0x21000, TOP]);
	assert.is(stack.flags & (Vm.GROWSDOWN | 7), Vm.GROWSDOWN | Vm.READ | Vm.WRITE);
	assert.is(mm.vdso, 0xb7fff000);
	assert.is(mm.mmapBase, 0xb8000000);
	const last = mm.vmas.findLast((v) => v.end <= 0x40000000);
	assert.is(mm.brk, last?.end, 'no randomisation: the heap begins right behind');
	assert.is(mm.brk, mm.startBrk);
});

test('mmapBase leaves the stack its limit, between 128 MiB and five sixths', () => {
	assert.is(mmapBase(8 << 20), 0xb8000000);
	assert.is(mmapBase(512 << 20), TOP - (512 << 20) - (1 << 20));
	assert.is(mmapBase(0xffffffff), TOP - 0x20000000 * 5);
});

test('the part of the last file page behind the data is zeros', () => {
	const p = new Program(rows, started({ guest: 'sort' }));
	for (const v of p.mm.vmas.filter((w) => w.inode !== 0 && w.flags & Vm.WRITE)) {
		const tail = p.mm.endData;
		if (tail >= v.end) continue;
		assert.ok(p.peek(tail, v.end - tail).every((b) => b === 0));
	}
});

test('registers are those of ELF_PLAT_INIT', () => {
	const { cpu } = new Program(rows).task;
	assert.equal([cpu.eax, cpu.ebx, cpu.ecx, cpu.edx, cpu.esi, cpu.edi, cpu.ebp, cpu.fs, cpu.gs], new Array(9).fill(0));
	assert.equal([cpu.cs, cpu.ds, cpu.es, cpu.ss, cpu.eflags], [0x73, 0x7b, 0x7b, 0x7b, 0x202]);
	assert.equal([...cpu.fx.subarray(0, 2), ...cpu.fx.subarray(24, 26)], [0x7f, 0x03, 0x80, 0x1f]);
	assert.is(cpu.fpuUsed, false);
});

test('the same options give the same state, another seed another AT_RANDOM', () => {
	const a = new Program(rows, started({ seed: 7 }));
	const b = new Program(rows, started({ seed: 7 }));
	const c = new Program(rows, started({ seed: 8 }));
	const random = (p: Program): number[] => [...p.peek(auxv(p).get(25) ?? 0, 16)];
	assert.equal(random(a), random(b));
	assert.not.equal(random(a), random(c));
});

test('a missing PT_GNU_STACK means READ_IMPLIES_EXEC; arguments that do not fit are refused', () => {
	const bytes = guestBytes('tiny');
	// PT_GNU_STACK is the second header: make it PT_NULL.
	bytes.set([0, 0, 0, 0], 52 + 32);
	const p = new Program(rows, started({ program: { path: '/bin/old', bytes } }));
	assert.is(p.task.personality, 0x400000);
	assert.ok((p.mm.vmas.at(-1)?.flags ?? 0) & Vm.EXEC);
	assert.throws(
		() => started({ argv: ['x'.repeat(200_000)] }),
		(e: unknown) => e instanceof ElfError,
	);
	assert.throws(
		() => started({ program: { path: '/x', bytes: new Uint8Array(10) } }),
		(e: unknown) => e instanceof ElfError,
	);
});

test('descriptors 0 to 2: a file, a terminal, nothing', () => {
	const stdin = { file: new TextEncoder().encode('input'), path: '/stdin' };
	const { state } = new Program(rows, started({ streams: [stdin, 'tty', 'closed'] }));
	const { fds } = state.fdTables[1];
	assert.equal(Object.keys(fds), ['0', '1']);
	const inode = state.inodes[state.files[fds[0].file].inode];
	assert.equal([inode.kind, inode.size], ['file', 5]);
	assert.is(state.inodes[state.files[fds[1].file].inode].kind, 'stream');
	assert.equal(state.ttys[state.groups[1].tty].streams, [1]);
});

test('execve replaces the address space, keeps the pid, closes what is marked, resets what exec resets', () => {
	const p = new Program(rows);
	const path = p.task.cpu.esp - 4096;
	p.pokeText(path, '/bin/tiny');
	p.pokeText(path + 32, 'other');
	p.pokeWords(path + 64, path + 32, 0);
	p.call('umask', 0o77);
	p.call('fcntl64', 1, 2, 1);
	p.call('prctl', 15, path + 32);
	const old = p.task.mm;
	assert.equal(p.decide('execve', path, path + 64, 0), { kind: 'returned' });
	assert.is(p.state.mms[old], undefined);
	assert.is.not(p.task.mm, old);
	assert.is(p.task.pid, PID);
	assert.is(p.task.comm, 'tiny');
	assert.is(p.text(p.words(p.task.cpu.esp + 4, 1)[0]), 'other');
	assert.equal(Object.keys(p.state.fdTables[1].fds), ['0', '2']);
	assert.is(p.mm.vdso, 0xb7fff000);
	assert.is(Object.values(p.state.objects).filter((o) => o.kind === 'vdso').length, 1);
});

test('errors of execve leave the program as it is', () => {
	const p = new Program(rows);
	const path = p.task.cpu.esp - 4096;
	const before = p.task.mm;
	const run = (name: string): unknown => {
		p.pokeText(path, name);
		return p.decide('execve', path, 0, 0);
	};
	assert.is(run('/missing'), -Errno.ENOENT);
	assert.is(run('/bin'), -Errno.EACCES);
	assert.is(run('/bin/tiny/x'), -Errno.ENOTDIR);
	assert.is(run('/dev/null'), -Errno.EACCES);
	assert.is(p.decide('execve', 0xdead0000, 0, 0), -Errno.EFAULT);
	p.pokeText(path, '/bin/tiny');
	assert.is(p.decide('execve', path, 0xdead0000, 0), -Errno.EFAULT);
	// A file without the x bit; then one that is no program.
	p.pokeText(path, '/tmp/f');
	const fd = p.call('open', path, 0o102, 0o644);
	assert.is(p.decide('execve', path, 0, 0), -Errno.EACCES);
	p.call('fchmod', fd, 0o755);
	p.poke(path + 64, new TextEncoder().encode('nothing'));
	p.call('write', fd, path + 64, 7);
	assert.is(p.decide('execve', path, 0, 0), -Errno.ETXTBSY);
	p.call('close', fd);
	assert.is(p.decide('execve', path, 0, 0), -Errno.ENOEXEC);
	assert.is(p.task.mm, before);
	assert.not(p.events.some((e) => e.kind === 'mm/new'));
});

test('a script runs its interpreter with the script as argument', () => {
	const p = new Program(rows);
	const path = p.task.cpu.esp - 4096;
	p.pokeText(path, '/tmp/s');
	const fd = p.call('open', path, 0o102, 0o755);
	const script = '#! /bin/tiny  -x y \nrest';
	p.poke(path + 64, new TextEncoder().encode(script));
	p.call('write', fd, path + 64, script.length);
	p.call('close', fd);
	p.pokeText(path + 128, 'two');
	p.pokeWords(path + 160, path, path + 128, 0);
	assert.equal(p.decide('execve', path, path + 160, 0), { kind: 'returned' });
	const pointers = p.words(p.task.cpu.esp, 5);
	assert.is(pointers[0], 4);
	assert.equal(
		pointers.slice(1).map((a) => p.text(a)),
		['/bin/tiny', '-x y', '/tmp/s', 'two'],
	);
	assert.is(p.task.comm, 's');
});

test('a dynamic program: its loader below mmapBase runs first, and is told where the program is', () => {
	const program = { path: '/bin/dynamic', bytes: positionIndependent(0x123, '/lib/loader') };
	const loader = { path: '/lib/loader', bytes: positionIndependent(0x321, '/lib/nobody-looks-at-it') };
	const p = new Program(rows, started({ program, loader }));
	const base = p.mm.mmapBase - 0x3000;
	assert.is(p.task.cpu.eip, base + 0x321);
	const values = auxv(p);
	assert.equal(
		[3, 5, 7, 9].map((tag) => values.get(tag)),
		[0x400034, 2, base, 0x400123],
		'PHDR, PHNUM, BASE, ENTRY',
	);
	assert.equal(
		p.mm.vmas
			.filter((v) => v.path !== '[stack]')
			.map((v) => [v.start, v.end, v.path])
			.slice(0, 5),
		[
			[0x400000, 0x401000, '/bin/dynamic'],
			[0x401000, 0x403000, ''],
			[base - 0x1000, base, '[vdso]'],
			[base, base + 0x1000, '/lib/loader'],
			[base + 0x1000, base + 0x3000, ''],
		],
	);
	assert.is(p.mm.brk, 0x403000);
	assert.throws(
		() => started({ program }),
		(e: unknown) => e instanceof ElfError && e.what === 'PT_INTERP',
	);
	const broken = { path: '/lib/loader', bytes: new Uint8Array(100) };
	assert.throws(
		() => started({ program, loader: broken }),
		(e: unknown) => e instanceof ElfError && e.what === 'ELF magic',
	);
});

test('execve of a dynamic program looks its loader up', () => {
	const p = new Program(rows);
	const path = p.task.cpu.esp - 8192;
	const write = (name: string, bytes: Uint8Array, mode: number) => {
		p.pokeText(path, name);
		const fd = p.call('open', path, 0o102, mode);
		p.poke(path + 64, bytes);
		assert.is(p.call('write', fd, path + 64, bytes.length), bytes.length);
		p.call('close', fd);
	};
	write('/tmp/p', positionIndependent(0x123, '/tmp/l'), 0o755);
	const run = () => {
		p.pokeText(path, '/tmp/p');
		return p.decide('execve', path, 0, 0);
	};
	assert.is(run(), -Errno.ENOENT);
	write('/tmp/l', new Uint8Array(100), 0o644);
	assert.is(run(), -Errno.EACCES);
	p.pokeText(path, '/tmp/l');
	p.call('chmod', path, 0o755);
	assert.is(run(), -Errno.ELIBBAD);
	write('/tmp/l', positionIndependent(0x321), 0o755);
	assert.is(typeof run(), 'object');
	assert.is(p.task.cpu.eip, p.mm.mmapBase - 0x3000 + 0x321);
});

test('the vDSO: entry, landing behind an int 0x80, trampolines', () => {
	const page = vdsoPage();
	assert.equal([...page.subarray(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
	const { landing, __kernel_vsyscall: entry, __kernel_sigreturn: plain, __kernel_rt_sigreturn: rt } = VDSO_SYMBOLS;
	assert.equal([...page.subarray(entry, landing)], [0x51, 0x52, 0x55, 0x89, 0xe5, 0x0f, 0x34, 0xcd, 0x80]);
	assert.equal([...page.subarray(landing, landing + 4)], [0x5d, 0x5a, 0x59, 0xc3]);
	assert.equal([...page.subarray(plain, plain + 8)], [0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80]);
	assert.equal([...page.subarray(rt, rt + 7)], [0xb8, 173, 0, 0, 0, 0xcd, 0x80]);
});

test('with a host root all but the program, /dev and /proc is still to be asked for', () => {
	const p = new Program(rows, started({ root: 'host', program: { path: '/usr/bin/tiny', bytes: guestBytes('tiny') } }));
	const root = p.state.inodes[1];
	assert.equal([root.lower, root.lowerPath], ['partial', '/']);
	assert.equal(
		root.entries.map((e) => e.name),
		['dev', 'proc', 'usr'],
	);
	const usr = p.state.inodes[root.entries[2].inode];
	assert.equal([usr.lower, usr.lowerPath], ['partial', '/usr']);
	const path = p.task.cpu.esp - 4096;
	p.pokeText(path, '/usr/lib/x');
	assert.equal(p.decide('open', path, 0, 0), {
		kind: 'need',
		request: { kind: 'lookup', dir: usr.id, name: 'lib', path: '/usr/lib' },
	});
	p.pokeText(path, '/dev/nothing');
	assert.is(p.decide('open', path, 0, 0), -Errno.ENOENT);
	p.pokeText(path, '/usr/bin/tiny');
	assert.equal(p.decide('execve', path, 0, 0), { kind: 'returned' });
});

test('limits given at the start are the program’s', () => {
	const { state } = new Program(rows, started({ limits: { [RLIMIT.STACK]: [256 << 20, 256 << 20] } }));
	assert.equal(state.groups[1].rlimits[RLIMIT.STACK], [256 << 20, 256 << 20]);
	assert.is(state.mms[1].mmapBase, TOP - (257 << 20));
});

test.run();
