/** Recording: the guest's status, where the file goes, what the guest sees of the recorder's descriptors, words and signals. */
import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { positionIndependent } from '../kernel/program.ts';
import { bytes, compile, ended, exists, guest, noCompiler, path, replay, shell, start } from './cli.ts';

const hello = guest('hello');

test('--cpu says what instructions there are; a trace remembers it', () => {
	const run = (cpu: string, name: string) => replay(['record', '--cpu', cpu, '-o', `${cpu}.t`, '--', guest(name)]);
	assert.is(run('core2', 'xmm_signal').status, 0);
	assert.is(replay(['core2.t']).status, 0);
	const old = run('i686', 'xmm_signal');
	assert.is(old.status, 128 + 4, 'SIGILL');
	assert.match(old.stderr, /not supported: unknown opcode/);
	assert.is(replay(['i686.t']).status, 0);
	for (const name of ['core2.t', 'i686.t']) rmSync(path(name));
});

test('exits as the guest did, and every failure of ours is 125', () => {
	for (const [name, status] of [
		['tiny', 7],
		['hello', 1],
		['die_segv', 139],
		['die_fpe', 136],
	] as const) {
		assert.is(replay(['record', '-o', 's.t', '--', guest(name)]).status, status, name);
		assert.is(replay(['s.t']).status, 0, name);
	}
	rmSync(path('s.t'));
	mkdirSync(path('folder'));
	writeFileSync(path('text'), 'no program, but long enough to be taken for one, if nobody looked\n');
	for (const [name, line] of [
		['script', '#!/bin/none\n'],
		['folder/script', '#! /bin/none -x\n'],
		['folder/nameless', '#!  \n'],
		['folder/itself', '#!/itself'],
	])
		writeFileSync(path(name), line);
	writeFileSync(path('dynamic'), positionIndependent(0, '/lib/none'));
	for (const [words, message] of [
		[['record', '--', 'dynamic'], /dynamic: a dynamic program, whose loader is \/lib\/none: --root DIR gives it a file system/],
		[['record', '--root', '.', '--', '/dynamic'], /\/dynamic: a dynamic program, whose loader is \/lib\/none: \S+ has none/],
		[['record'], /missing required argument "prog"/],
		[['record', '--bogus', '--', hello], /unknown option "--bogus"/],
		[['--bogus', 'record', '--', hello], /unknown option "--bogus"/],
		[['record', '--seed', 'x', '--', hello], /--seed x: a whole number up to 4294967295 wanted/],
		[['record', '--cpu', 'x', '--', hello], /--cpu x: one of i686, pentium4, core2 wanted/],
		[['record', '--grain', 'x', '--', hello], /--grain x: "inputs" or "steps" wanted/],
		[['record', '--epoch', 'x', '--', hello], /--epoch x: seconds since 1970 or an ISO date wanted/],
		[['record', '--env', 'x', '--', hello], /--env x: NAME=VALUE wanted/],
		[['record', '--cwd', 'x', '--', hello], /--cwd x: an absolute path/],
		[['record', '--root', 'missing', '--', hello], /--root missing: no such directory/],
		[['record', '--root', 'text', '--', hello], /--root text: a directory wanted, a file got/],
		[['record', '--root', 'folder', '--', '/x'], /\/x: no such file below the root/],
		[['record', '--', 'missing'], /^replay: missing: no such file\n$/],
		[['record', '--', 'folder'], /folder: a program wanted, a directory got/],
		[['record', '--', '/dev/null'], /\/dev\/null: a program wanted, a device got/],
		[['record', '--', process.execPath], /ELF class at offset 0x4: wanted a 32-bit program, got a 64-bit one/],
		[['record', '--', 'text'], /text: ELF magic at offset 0x0: wanted 7f 45 4c 46, got 6e 6f 20 70/],
		[['record', '--', 'script'], /script: a script for \/bin\/none, and without --root DIR the guest has no file but the one/],
		[['record', '--root', 'folder', '--', '/script'], /\/script: its interpreter \/bin\/none: no such file below the root/],
		[['record', '--root', 'folder', '--', '/nameless'], /\/nameless: a script whose first line names no interpreter/],
		[['record', '--root', 'folder', '--', '/itself'], /\/itself: more than 5 scripts that name scripts/],
		[['record', '-o', 'missing/s.t', '--', hello], /-o missing\/s.t: no such directory/],
		[['record', '-o', 'folder', '--', hello], /-o folder: a file wanted, a directory got/],
		[['record', '-o', '', '--', hello], /-o: the name of a file wanted, nothing got/],
		[['record', '-o', hello, '--', hello], /the program to be recorded/],
	] as const) {
		const ran = replay(words);
		assert.is(ran.status, 125, `${words.join(' ')}: ${ran.stderr}`);
		assert.match(ran.stderr, message);
		assert.is(ran.stderr.split('\n').length, 2, `one line wanted: ${ran.stderr}`);
	}
	for (const name of ['s.t', 's.t.partial', 'hello.msgpack', 'text.msgpack.partial', 'null.msgpack.partial'])
		assert.not(exists(name), `${name} is left`);
});

test('a script is run by its interpreter, below the root, under its own name', () => {
	mkdirSync(path('scripts/bin'), { recursive: true });
	writeFileSync(path('scripts/bin/twice'), '#!/bin/guest  two words \n');
	writeFileSync(path('scripts/once'), '#!/bin/twice\n');
	copyFileSync(guest('exec_script'), path('scripts/bin/guest'));
	const ran = replay(['record', '--root', 'scripts', '-o', 'script.t', '--', './once', 'more']);
	assert.is(ran.stdout, 'as once\n1: two words\n2: /bin/twice\n3: ./once\n4: more\n', ran.stderr);
	assert.is(ran.status, 5);
	assert.is(replay(['script.t']).status, 0);
});

test('a file is replaced only when the recording is whole', () => {
	writeFileSync(path('old.t'), 'old');
	assert.is(replay(['record', '-o', 'old.t', '--', path('text')]).status, 125);
	assert.is(bytes('old.t').toString(), 'old');
	const limited = shell(`ulimit -f 1; $R record -o old.t -- ${hello} a > /dev/null`);
	assert.is(limited.status, 125, limited.stderr);
	assert.match(limited.stderr, /^replay: old.t: file too large\n$/i);
	assert.is(bytes('old.t').toString(), 'old');
	assert.not(exists('old.t.partial'));
	symlinkSync('old.t', path('link.t'));
	assert.is(replay(['record', '-o', 'link.t', '--', hello]).status, 1);
	assert.is(replay(['old.t']).status, 0);
	assert.is(replay(['record', '--', hello]).status, 1);
	assert.is(replay(['hello.msgpack']).status, 0);
	assert.is(shell(`$R record -o /dev/null -- ${hello} > /dev/null; test -c /dev/null`).status, 0);
});

test('twice the same bytes, whatever the environment', () => {
	for (const grain of ['inputs', 'steps']) {
		for (const name of ['one.t', 'two.t']) shell(`X=${name} $R record --grain ${grain} -o ${name} -- ${hello} > /dev/null`);
		assert.equal(bytes('one.t'), bytes('two.t'));
		assert.is(replay(['one.t']).status, 0);
	}
});

test('--json: the totals, on a line of stderr', () => {
	const ran = replay(['record', '--json', '-o', 'j.t', '--', guest('die_segv')]);
	const data = JSON.parse(ran.stderr.trimEnd().split('\n').at(-1) ?? '');
	assert.is(data.signal, 'SIGSEGV');
	assert.is(data.exit, null);
	assert.is(data.trace, 'j.t');
	assert.equal(data.unsupported, {});
});

test('--max-steps stops, and what there is replays', () => {
	const ran = replay(['record', '--max-steps', '100', '-o', 'm.t', '--', hello]);
	assert.is(ran.status, 0);
	assert.match(ran.stderr, /^replay: stopped after 100 steps: m.t\n$/);
	assert.is(replay(['m.t']).status, 0);
	assert.is(JSON.parse(replay(['m.t', '--json']).stdout).steps, 100);
});

test('words and variables reach the guest byte by byte', () => {
	const odd = "$(printf 'x\\377\\200y')";
	const ran = shell(`$R record -o 'odd name ü.t' -- ${hello} "${odd}" "$(printf 'new\\nline')" 'ü ☃' | od -An -c | tr -d ' \\n'`);
	assert.match(ran.stdout, /argv\[1\]=x377200y\\nargv\[2\]=new\\nlineargv|argv\[1\]=x377200y\\nargv\[2\]=new\\nline\\n/);
	assert.match(ran.stdout, /argv\[3\]=3032743423|argv\[3\]=303274342230203/);
	const again = replay(['odd name ü.t']);
	assert.is(again.status, 0);
	assert.is(again.stdout.split('\n').length, 4, again.stdout);
});

test('stdin: a file from where it stands, a pipe, /dev/null, none', () => {
	writeFileSync(path('in'), 'first\nsecond\n');
	const native = (line: string) => shell(line.replaceAll('REC', guest('lines'))).stdout;
	const rec = (line: string) => shell(line.replaceAll('REC', `$R record -o in.t -- ${guest('lines')}`)).stdout;
	for (const line of [
		'REC < in',
		'{ read l; REC; } < in',
		'cat in | REC',
		'(printf fi; sleep 0.3; printf "rst\\nx\\n") | REC',
		'REC < /dev/null',
	]) {
		const truth = native(line);
		assert.match(truth, /bytes/);
		// The last line tells how a read was cut up, which a pipe leaves to chance.
		assert.is(rec(line), truth, line);
		assert.is(replay(['in.t']).status, 0, line);
		assert.is(replay(['in.t', '--echo']).stdout, truth, line);
	}
	// Node opens /dev/null in place of a closed descriptor.
	assert.is(rec('REC <&-'), native('REC < /dev/null'));
	const folder = shell(`$R record -o dir.t -- ${hello} < .`);
	assert.is(folder.status, 125);
	assert.match(folder.stderr, /^replay: stdin: a file, a pipe or a terminal wanted, a directory got\n$/);
});

test('output that cannot be written is said once, and is in the trace', () => {
	const ran = shell(`$R record -o full.t -- ${hello} a b > /dev/full`);
	assert.is(ran.status, 3);
	assert.match(ran.stderr, /^replay: descriptor 1: ENOSPC: .*; such output is in the trace only\n$/);
	assert.match(replay(['full.t', '--echo']).stdout, /^hello, i386\nargv\[1\] = a\n/);
});

if (shell('command -v script').status !== 0) console.log('skipped: script(1) is not installed');
else {
	test('a terminal', () => {
		const line = `{ sleep 1; printf 'typed\\n'; sleep 0.5; printf '\\004'; } | script -qec "$R record -o tty.t -- ${guest('lines')}" /dev/null`;
		assert.match(shell(line).stdout, /1: depyt\r\n/);
		assert.equal(JSON.parse(replay(['info', '--json', 'tty.t']).stdout).header.streams, ['tty', 'tty', 'tty']);
		assert.is(replay(['tty.t']).status, 0);
	});

	test('what the terminal sends goes to its foreground group, whichever that is', () => {
		for (const [key, status] of [
			['\\003', '2'],
			['\\032', '147f'],
		]) {
			const line = `{ sleep 2; printf '${key}'; sleep 1; printf '\\004'; } | script -qec "$R record -o job.t -- ${guest('tty_foreground')}" /dev/null`;
			const ran = shell(line);
			assert.match(ran.stdout, new RegExp(`ok in the foreground\r\nready\r\n[^\n]*the job: ${status}\r\n`));
			assert.is(replay(['job.t']).status, 0);
		}
	});
}

test('killed: FILE.partial is good up to its last whole frame', async () => {
	const { child } = await start(['record', '-o', 'killed.t', '--', guest('lines')], '');
	child.stdin?.write('line\n');
	for (let i = 0; !exists('killed.t.partial') || !replay(['killed.t.partial', '--echo']).stdout.includes('enil'); i++) {
		assert.ok(i < 40, 'the line is in the file while the guest waits for the next');
		await sleep(200);
	}
	child.kill('SIGKILL');
	await ended(child);
	assert.not(exists('killed.t'));
	const ran = replay(['killed.t.partial']);
	assert.is(ran.status, 2);
	assert.match(ran.stderr, /killed.t.partial: cut at frame \d+/);
	assert.match(ran.stdout, /pid 2 lines {2}sleeping/);
	assert.match(replay(['strace', 'killed.t.partial']).stdout, /read\(0, {1,2}<unfinished \.\.\.>\n$/);
});

if (noCompiler) console.log(`skipped: ${noCompiler}`);
else {
	compile(
		'waits',
		`#include <stdio.h>
#include <signal.h>
#include <unistd.h>
static volatile int n, last;
static void handler(int s) { n++; last = s; }
int main(int c, char **v) {
	signal(SIGUSR1, handler);
	printf("ready\\n");
	fflush(stdout);
	if (c > 1) { for (volatile unsigned x = 0; n == 0;) x++; printf("spun %d\\n", last); return 4; }
	while (n < 2) { pause(); printf("signal %d\\n", last); fflush(stdout); }
	return 3;
}
`,
	);
	test('signals sent to the recorder reach the guest', async () => {
		for (const [args, signals, status, text] of [
			[[], ['SIGUSR1', 'SIGUSR1'], 3, 'ready\nsignal 10\nsignal 10\n'],
			[['spin'], ['SIGUSR1'], 4, 'ready\nspun 10\n'],
			[[], ['SIGINT'], 130, 'ready\n'],
			[['spin'], ['SIGTERM'], 143, 'ready\n'],
		] as const) {
			const { child, output } = await start(['record', '-o', 'signals.t', '--', './waits', ...args], 'ready\n');
			for (const [i, signal] of signals.entries()) {
				child.kill(signal);
				for (let waited = 0; i + 1 < signals.length && !output().endsWith('signal 10\n'); waited++) {
					assert.ok(waited < 100, 'the signal arrives');
					await sleep(50);
				}
			}
			assert.is(await ended(child), status, signals.join(' '));
			assert.is(output(), text);
			assert.is(replay(['signals.t']).status, 0);
			assert.is(replay(['signals.t', '--echo']).stdout, text);
		}
	});

	test('a reader that goes away is SIGPIPE to the guest', () => {
		compile('endless', '#include <stdio.h>\nint main(void) { for (long i = 0;; i++) printf("%ld\\n", i); }\n');
		const ran = shell('{ $R record -o pipe.t -- ./endless; echo $? > status; } | head -1; cat status');
		assert.is(ran.stdout, '0\n141\n');
		assert.is(replay(['pipe.t']).status, 0);
	});

	test('a slow reader loses nothing', () => {
		compile('much', '#include <stdio.h>\nint main(void) { for (int i = 0; i < 30000; i++) printf("%d\\n", i); return 0; }\n');
		assert.is(shell('$R record -o much.t -- ./much | { sleep 1; cksum; }').stdout, shell('./much | cksum').stdout);
	});
}

test.run();
