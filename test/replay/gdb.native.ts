/** Traces from hardware: gdbserver steps a native program, and the trace says what gdb itself sees. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { compile, dir, guest, replay } from '../cli/cli.ts';

function ok(words: readonly string[]): string {
	const ran = replay(words);
	assert.is(ran.status, 0, `${words.join(' ')}: ${ran.stderr}${ran.stdout}`);
	return ran.stdout;
}

/** gdbserver with a program, on a port of its choice. */
async function server(program: string): Promise<{ readonly child: ChildProcess; readonly port: number }> {
	const child = spawn('gdbserver', ['--once', '127.0.0.1:0', program], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
	const port = await new Promise<number>((resolve, reject) => {
		let text = '';
		child.stderr?.on('data', (data) => {
			text += data;
			const match = /Listening on port (\d+)/.exec(text);
			if (match) resolve(Number(match[1]));
		});
		child.on('error', reject);
		child.on('exit', () => reject(new Error(`gdbserver ended: ${text}`)));
	});
	return { child, port };
}

/** Records `steps` steps of a program into `name`; what the command said. */
async function record(program: string, steps: number, name: string): Promise<string> {
	const { child, port } = await server(program);
	try {
		const ran = replay(['record', '--from', `gdb://127.0.0.1:${port}`, '--max-steps', String(steps), '-o', name]);
		assert.is(ran.status, 0, ran.stderr);
		return ran.stderr;
	} finally {
		child.kill('SIGKILL');
	}
}

const REGISTERS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip'];

test('registers and memory are those that gdb sees after as many steps', async () => {
	const steps = 1500;
	await record(guest('crc32'), steps, 'crc.msgpack');
	ok(['run', 'crc.msgpack']);
	const commands = ['starti', `stepi ${steps}`, 'info registers', 'x/16xw $esp'].flatMap((c) => ['-ex', c]);
	// Both start the program without randomising its addresses; the environment of either moves its stack.
	const gdb = spawnSync('gdb', ['-batch', '-nx', ...commands, guest('crc32')], { cwd: dir, encoding: 'utf8', timeout: 60_000 });
	const wanted = new Map([...gdb.stdout.matchAll(/^(e\w\w)\s+0x([0-9a-f]+)/gm)].map((m) => [m[1], Number.parseInt(m[2], 16)]));
	const [task] = JSON.parse(ok(['state', 'crc.msgpack', '--at', String(steps), '--json'])).tasks;
	for (const name of REGISTERS.filter((r) => r !== 'esp' && r !== 'ebp')) assert.is(task.registers[name], wanted.get(name), name);
});

test('two recordings of one program are equal, and a window of steps is shown', async () => {
	await record(guest('crc32'), 2000, 'a.msgpack');
	await record(guest('crc32'), 2000, 'b.msgpack');
	assert.match(ok(['diff', 'a.msgpack', 'b.msgpack']), /^equal .*2,000 steps/);
	assert.match(ok(['dump', 'a.msgpack', '1000-1003']), /cpu\/step +080480/);
	assert.is(replay(['diff', 'a.msgpack@100', 'a.msgpack@101']).status, 1);
});

test('calls, signals and the end of a program are in the trace', async () => {
	await record(guest('signals_info'), 4000, 'signals.msgpack');
	ok(['run', 'signals.msgpack']);
	const calls = ok(['strace', 'signals.msgpack']);
	assert.match(calls, /^rt_sigaction\(/m);
	assert.match(calls, /^write\(1, "/m);
	assert.match(calls, /^--- SIGUSR1 /m);
	assert.match(calls, /^rt_sigreturn\(\)/m);
	assert.match(await record(guest('tiny'), 1000, 'tiny.msgpack'), /exit 7/);
	ok(['run', 'tiny.msgpack']);
});

test('a program with a C library, in whatever code it chose for this processor', async () => {
	const program = compile(
		'lines',
		'#include <stdio.h>\n#include <string.h>\nint main(void) { char t[99] = "a"; for (int i = 0; i < 9; i++) strcat(t, "bc"); printf("%s %zu\\n", t, strlen(t)); return 3; }',
	);
	await record(program, 6000, 'lines.msgpack');
	ok(['run', 'lines.msgpack']);
	const [task] = JSON.parse(ok(['state', 'lines.msgpack', '--at', '5900', '--json'])).tasks;
	assert.ok(task.registers.eip > 0x08000000);
	assert.match(ok(['state', 'lines.msgpack', '--at', '5900', 'maps']), /lines/);
});

test('mappings, a stack that grows, and a call that a signal interrupts, through whatever way in the C library takes', async () => {
	const source = `
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static volatile int hits;
static void on(int s) { hits++; }
int main(void) {
	signal(SIGALRM, on);
	char *p = mmap(0, 20000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 7, 8192);
	munmap(p + 8192, 4096);
	alarm(1);
	pause();
	volatile char big[200000];
	for (int i = 0; i < 200000; i += 4096) big[i] = 1;
	printf("%d %d\\n", hits, big[4096] + p[5]);
	return 9;
}`;
	assert.match(await record(compile('alarm', source), 100_000, 'alarm.msgpack'), /exit 9/);
	ok(['run', 'alarm.msgpack']);
	const calls = ok(['strace', 'alarm.msgpack']);
	assert.match(calls, /^munmap\(0x[0-9a-f]+, 4096\) += 0$/m);
	assert.match(calls, /^pause\(\) += \? ERESTARTNOHAND.*\n--- SIGALRM /m);
	assert.match(calls, /^write\(1, "1 8\\n", 4\) += 4$/m);
});

test('what cannot be reached or read is told in one line', () => {
	for (const [from, wanted] of [
		['gdb://127.0.0.1:1', /no stub at 127\.0\.0\.1:1: .*ECONNREFUSED/],
		['gdb://host', /gdb:\/\/HOST:PORT wanted/],
		['tcp://a:1', /gdb:\/\/HOST:PORT wanted/],
	] as const) {
		const ran = replay(['record', '--from', from, '-o', 'x.msgpack']);
		assert.is(ran.status, 125, from);
		assert.match(ran.stderr, wanted);
		assert.is(ran.stderr.trim().split('\n').length, 1);
	}
	assert.is(replay(['record', '--from', 'gdb://127.0.0.1:1']).status, 125);
});

test.run();
