/** What the commands show of a trace: every --json is JSON with the same facts, and the texts say what happened. */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, guest, noCompiler, path, replay, shell } from './cli.ts';

replay(['record', '-o', 't.msgpack', '--', guest('hello'), 'a']);
replay(['record', '-o', 'u.msgpack', '--', guest('hello'), 'b']);
const lines = (text: string) => text.trimEnd().split('\n');
const jsonLines = (text: string) => lines(text).map((line) => JSON.parse(line));

test('dump: an event a line', () => {
	const text = lines(replay(['dump', 't.msgpack']).stdout);
	const data = jsonLines(replay(['dump', 't.msgpack', '--json']).stdout);
	assert.is(text.length, data.length);
	assert.match(text[0], /^ {8}0 {2}2 {2}cpu\/run {8}\d+ steps, check [0-9a-f]{8}, ends with int80$/);
	assert.ok(text.some((l) => /stream\/output {2}stdout "hello, i386\\n"$/.test(l)));
	assert.is(text.at(-1)?.trim().split(/\s+/)[1], 'machine/end');
	for (const event of data) assert.type(event.position, 'number');
	const written = data.find((e) => e.kind === 'stream/output');
	assert.is(Buffer.from(written.bytes, 'hex').toString(), 'hello, i386\n');
});

test('dump with a range: every step with what it read and wrote', () => {
	const text = lines(replay(['dump', 't.msgpack', '0-3']).stdout);
	assert.equal(
		text.map((l) =>
			l
				.replace(/ {2,}/g, ' ')
				.replace(/bffff[0-9a-f]{3}/g, 'STACK')
				.trim(),
		),
		[
			'0 2 cpu/step 08048110 _start xor ebp, ebp ebp ← 00000000 [ZF PF]',
			'1 2 cpu/step 08048112 _start+2 mov eax, [esp] eax ← 00000002 read STACK:4',
			'2 2 cpu/step 08048115 _start+5 lea ecx, [esp+4] ecx ← STACK',
			'3 2 cpu/step 08048119 _start+9 lea edx, [esp+eax*4+8] edx ← STACK',
		],
	);
	const [step] = jsonLines(replay(['dump', 't.msgpack', '1', '--json']).stdout);
	assert.equal(step.registers, { eax: 2 });
	assert.is(step.eip, 0x8048112);
	// Addresses come from the registers as they are: what a pop reads is what the push before wrote.
	const all = lines(replay(['dump', 't.msgpack', '0-']).stdout);
	const push = all.findIndex((l) => / main +push ebp /.test(l));
	const at = /\[([0-9a-f]{8})\] ←/.exec(all[push])?.[1];
	assert.ok(all.slice(push).some((l) => / pop ebp /.test(l) && l.includes(`read ${at}:4`)));
	assert.is(
		all.filter((l) => l.includes('cpu/step')).length,
		JSON.parse(replay(['info', '--json', 't.msgpack']).stdout).end.steps,
	);
});

test('dump A.k-B.k: from the k-th event to the k-th event', () => {
	const data = jsonLines(replay(['dump', 't.msgpack', '--json']).stdout);
	const enter = data.find((e) => e.kind === 'syscall/enter');
	const part = replay(['dump', 't.msgpack', `${enter.position}.1-${enter.position}.2`, '--json']).stdout;
	assert.equal(
		jsonLines(part).map((e) => e.kind),
		['stream/output', 'syscall/exit'],
	);
	const one = jsonLines(replay(['dump', 't.msgpack', String(enter.position), '--json']).stdout);
	assert.equal(
		one.map((e) => e.kind),
		['syscall/enter', 'stream/output', 'syscall/exit', 'cpu/step'],
	);
});

test('state: every view as text and as JSON', () => {
	const at = ['state', 't.msgpack', '--at', '1'];
	assert.match(
		replay(at).stdout,
		/^pid 2 hello {2}step 1\n {2}eax [0-9a-f]{8} .* eip 08048112 _start\+2\n[\s\S]*eflags 00000246 \[PF ZF IF\]\n/,
	);
	assert.match(replay([...at, 'maps']).stdout, /08048000-08049000 r-xp 00000000 00:01 \d+ +\/.*hello\n/);
	assert.match(replay([...at, 'mem', '08048000', '8']).stdout, / {2}08048000 {2}7f 45 4c 46 01 01 01 00 .*\|\.ELF\.\.\.\.\|\n$/);
	assert.match(replay([...at, 'fds']).stdout, / 0 +char +r- .* \/dev\/null\n/);
	assert.match(replay([...at, 'signals']).stdout, /blocked {2}none\n {2}pending {2}none\n/);
	for (const view of [['regs'], ['maps'], ['fds'], ['signals'], ['mem', '8048000', '0x8']]) {
		const data = JSON.parse(replay([...at, ...view, '--json']).stdout);
		assert.is(data.position, 1);
		assert.is(data.tasks[0].pid, 2);
	}
	assert.is(JSON.parse(replay([...at, '--json']).stdout).tasks[0].registers.eip, 0x8048112);
	assert.is(JSON.parse(replay([...at, 'mem', '8048000', '4', '--json']).stdout).tasks[0].bytes, '7f454c46');
});

test('diff: traces, then states', () => {
	assert.is(replay(['diff', 't.msgpack', 't.msgpack']).status, 0);
	assert.is(JSON.parse(replay(['diff', '--json', 't.msgpack', 't.msgpack']).stdout).equal, true);
	const ran = replay(['diff', 't.msgpack', 'u.msgpack']);
	assert.is(ran.status, 1);
	assert.match(ran.stdout, /^DIFFERS {2}first after \d+ equal steps, at \d+\n/);
	assert.is(ran.stdout.match(/▶/g)?.length, 2);
	const data = JSON.parse(replay(['diff', '--json', 't.msgpack', 'u.msgpack']).stdout);
	// The first thing that differs is the letter that print() reads.
	assert.is(data.difference.a.event.registers.eax & 0xff, 0x61);
	assert.is(data.difference.b.event.registers.eax & 0xff, 0x62);
	assert.is(replay(['diff', 't.msgpack@5', 't.msgpack@5']).status, 0);
	const states = replay(['diff', 't.msgpack@0', 't.msgpack@1']);
	assert.is(states.status, 1);
	assert.match(states.stdout, /tasks\[2\]\.cpu\.eip +134512\d+ \(0x8048110\) {2}134512\d+ \(0x8048112\)/);
	assert.is(JSON.parse(replay(['diff', '--json', 't.msgpack@0', 't.msgpack@1']).stdout).equal, false);
});

test('info', () => {
	const data = JSON.parse(replay(['info', '--json', 't.msgpack']).stdout);
	assert.is(data.end.end, 'ended');
	assert.is(data.damage, null);
	assert.is(data.header.argv[1], 'a');
	assert.match(replay(['info', 't.msgpack']).stdout, /^trace {6}t.msgpack {2}[\d,]+ bytes, grain inputs/);
});

test('strace: calls, the exit, and --json with the same', () => {
	assert.equal(lines(replay(['strace', 't.msgpack']).stdout).slice(1), [
		'write(1, "hello, i386\\n", 12)           = 12',
		'write(1, "argv[1] = a\\n", 12)           = 12',
		'write(1, "ok argv ends with a null pointer"..., 33) = 33',
		'exit_group(2)                           = ?',
		'+++ exited with 2 +++',
	]);
	const data = jsonLines(replay(['strace', 't.msgpack', '--json']).stdout);
	assert.equal(
		data.map((d) => d.call ?? d.exit),
		['write', 'write', 'write', 'exit_group', 2],
	);
	assert.is(data[3].result, null);
});

test('a reader that goes away ends the command quietly; a full disk does not', () => {
	const ran = shell('$R dump t.msgpack 0- | head -1; $R state t.msgpack --at 0 mem 08048000 4096 | head -1');
	assert.is(ran.status, 0);
	assert.is(ran.stderr, '');
	assert.is(lines(ran.stdout).length, 2);
	const full = shell('$R dump t.msgpack 0- > /dev/full');
	assert.is(full.status, 2);
	assert.match(full.stderr, /^replay: stdout: no space left on device\n$/);
});

/** Guests whose calls have no clock or pid in them that a mask would not hide. */
const STRACED = [
	'hello',
	'files',
	'dups',
	'mmap_file',
	'masks',
	'sigframe',
	'faults',
	'ids',
	'sigaltstack',
	'mprotect',
	'munmap_holes',
	'shm_basic',
	'sem_ops',
	'msg_types',
];
const noStrace = spawnSync('strace', ['-V'], { encoding: 'utf8' });
const version = /version (\d+)\.(\d+)/.exec(noStrace.stdout ?? '');

/** Addresses, pids and what differs by the machine alone. */
function masked(text: string): string[] {
	return text
		.replace(/^\[ Process.*\n/gm, '')
		.replace(/0x[0-9a-f]{5,}/g, 'ADDR')
		.replace(/^execve\(.*/gm, 'execve')
		.replace(/^(getpid|gettid|getpgrp|getppid|set_tid_address)\((.*)\) += .*/gm, '$1($2)')
		.replace(/^(t?g?kill|rt_sigqueueinfo|prlimit64)\(\d+(, \d+)?/gm, '$1(PID')
		.replace(/si_pid=\d+/g, 'si_pid=PID')
		.replace(/^(uname|ugetrlimit|getrlimit|setrlimit|prlimit64)\(.*/gm, '$1')
		.replace(/^((shm|sem|msg)(ctl|at|snd|rcv|timedop_time64)\()\d+/gm, '$1ID')
		.replace(/^((shm|sem|msg)get\(.*|semctl.*GETPID.*|.*(_STAT|_INFO), .*) = \d+$/gm, '$1 = ID')
		.replace(/(_INFO, \{).*\}/g, '$1}')
		.replace(/(_[cls]?[sr]?pid|key|_[a-z]time)=[1-9]\d*/g, '$1=N')
		.replace(/ +/g, ' ')
		.trimEnd()
		.split('\n');
}

if (version) {
	test('strace: what the real one prints of the same program', () => {
		const different: string[] = [];
		let compared = 0;
		for (const name of STRACED) {
			// Output goes to a file natively as it does here.
			const native = shell(`env -i strace -o ${name}.strace ${guest(name)} > ${name}.out < /dev/null`);
			if (native.status !== 0 && native.status === null) throw new Error(native.stderr);
			const truth = masked(shell(`cat ${name}.strace`).stdout);
			shell(`$R record -o ${name}.t -- ${guest(name)} > ${name}.out < /dev/null`);
			const ours = masked(replay(['strace', `${name}.t`]).stdout);
			compared += truth.length;
			truth.forEach((line, i) => {
				if (line !== ours[i]) different.push(`${name}: ${line}   ours: ${ours[i]}`);
			});
		}
		assert.ok(compared > 700, `only ${compared} lines compared`);
		assert.equal(different, []);
	});
} else console.log('skipped: strace is not installed');

if (noCompiler) console.log(`skipped: ${noCompiler}`);
else {
	test('symbols of a static-pie program are found where it is loaded', () => {
		const made = spawnSync('gcc', ['-m32', '-static-pie', '-fPIE', '-O1', '-o', path('pie'), '-x', 'c', '-'], {
			input:
				'#include <stdio.h>\n__attribute__((noinline)) int triple(int x) { return x * 3; }\nint main(int c, char **v) { printf("%d\\n", triple(c)); return 0; }\n',
		});
		if (made.status !== 0) {
			console.log('skipped: gcc -static-pie does not work here');
			return;
		}
		assert.is(replay(['record', '-o', 'pie.t', '--', './pie']).stdout, '3\n');
		const dump = replay(['dump', 'pie.t', '0-']).stdout;
		assert.match(dump, /cpu\/step {7}b7[0-9a-f]{6} {2}_start {18} {2}xor ebp, ebp/);
		assert.match(dump, / call b7[0-9a-f]{6} triple /);
		assert.match(dump, /\[vdso\]\+\d+ /);
	});

	test('an unsupported call is named everywhere', () => {
		compile(
			'ring',
			'#include <stdio.h>\n#include <unistd.h>\n#include <errno.h>\nint main(void) { long r = syscall(425, 1, 0); printf("%ld %d\\n", r, errno); return 0; }\n',
		);
		const ran = replay(['record', '-o', 'ring.t', '--', './ring']);
		assert.is(ran.stdout, '-1 38\n');
		assert.is(ran.stderr, 'replay: the guest asked for what is not supported: io_uring_setup\n');
		assert.match(replay(['ring.t']).stdout, /\nunsupported +io_uring_setup\n/);
		assert.match(replay(['dump', 'ring.t']).stdout, /unsupported +what syscall {2}name io_uring_setup/);
		assert.match(replay(['strace', 'ring.t']).stdout, /^io_uring_setup\(.*\) += -1 ENOSYS \(Function not implemented\)$/m);
		assert.equal(JSON.parse(replay(['ring.t', '--json']).stdout).unsupported, { io_uring_setup: 1 });
		const strict = replay(['record', '--strict', '-o', 'strict.t', '--', './ring']);
		assert.is(strict.status, 125);
		assert.is(strict.stdout, '');
		assert.match(
			strict.stderr,
			/^replay: unsupported call: io_uring_setup, of pid 2 "ring" at step [\d,]+, eip [0-9a-f]{8}; strict\.t holds .*\n$/,
		);
		assert.is(replay(['strict.t']).status, 0);
	});
}

test.run();
