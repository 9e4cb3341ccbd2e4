/** What the commands show of several tasks: strace -f, ps. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { guest, path, replay, shell } from './cli.ts';

const lines = (text: string) => text.trimEnd().split('\n');

/** Guests of several tasks whose calls come in one order for each task, whoever runs first. */
const STRACED = ['fork_files', 'fork_memory', 'fork_wait', 'pipe_block', 'pipe_pingpong', 'vfork_share', 'zombie'];

/**
 * Calls and ends of each task, the first one's first; broken off calls are whole again. A line without a pid is
 * of the only task that is left.
 */
function byTask(text: string): string[][] {
	const tasks = new Map<number, string[]>();
	const open = new Map<number, string>();
	const alive = new Set<number>();
	for (const line of lines(text)) {
		const m = /^(?:\[pid +(\d+)\]|(\d+)) +(.*)$/.exec(line);
		const pid = m ? Number(m[1] ?? m[2]) : ([...alive][0] ?? 2);
		alive.add(pid);
		let said = m?.[3] ?? line;
		if (/^\+\+\+ /.test(said)) alive.delete(pid);
		if (/^--- SIGCHLD/.test(said)) continue;
		const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(said);
		if (resumed) {
			assert.ok(open.has(pid), `nothing to resume: ${line}`);
			said = open.get(pid) + resumed[1];
			open.delete(pid);
		}
		const broken = /^(.*) <unfinished \.\.\.>$/.exec(said);
		if (broken) {
			assert.not(open.has(pid), `two calls at once: ${line}`);
			open.set(pid, broken[1]);
			continue;
		}
		tasks.set(pid, [...(tasks.get(pid) ?? []), masked(said)]);
	}
	assert.equal([...open], [], 'calls that never came back');
	// Which child of several came first is the scheduler's business.
	const [first, ...others] = [...tasks].sort(([a], [b]) => a - b).map(([, said]) => said);
	return [first, ...others.sort((a, b) => (a.join('\n') < b.join('\n') ? -1 : 1))];
}

/** Addresses, pids and what differs by the machine alone. */
function masked(line: string): string {
	return line
		.replace(/0x[0-9a-f]{5,}/g, 'ADDR')
		.replace(/^execve\(.*/, 'execve')
		.replace(
			/^(v?fork|clone3?|wait4|waitpid|gettid|getpid|getppid|getpgrp|getpgid|set_tid_address)\((.*?)\) += \d+$/,
			'$1($2) = PID',
		)
		.replace(/^(t?g?kill|wait4|waitpid|getpgid)\((-?)\d+/, '$1($2PID')
		.replace(/^waitid\(P_PID, \d+/, 'waitid(P_PID, PID')
		.replace(/parent_tid=\[\d+\]/, 'parent_tid=[PID]')
		.replace(/si_pid=\d+/g, 'si_pid=PID')
		.replace(/ +/g, ' ');
}

const noStrace = spawnSync('strace', ['-V'], { encoding: 'utf8' });
if (noStrace.status === 0) {
	test('strace: each task does what the real strace -f shows of it', () => {
		let compared = 0;
		for (const name of process.env.G?.split(' ') ?? STRACED) {
			const native = shell(`env -i strace -f -o ${name}.strace ${guest(name)} > ${name}.out < /dev/null; cat ${name}.strace`);
			const truth = byTask(native.stdout);
			shell(`$R record -o ${name}.t -- ${guest(name)} > ${name}.out < /dev/null`);
			const ours = byTask(replay(['strace', `${name}.t`]).stdout);
			assert.ok(truth.length > 1, `${name}: one task only`);
			assert.equal(ours, truth, name);
			compared += truth.length;
		}
		assert.ok(compared >= 14, `only ${compared} tasks compared`);
	});
} else console.log('skipped: strace is not installed');

/** Where a call of a trace is entered: the `n`-th of that name by a task. */
function callAt(trace: string, call: string, pid: number): number {
	const data = lines(replay(['strace', '--json', trace]).stdout).map((line) => JSON.parse(line));
	return data.find((d) => d.call === call && d.pid === pid).position;
}

test('strace: a call that was broken off, and whose line it is', () => {
	replay(['record', '-o', 'z.t', '--', guest('zombie')]);
	assert.equal(lines(replay(['strace', 'z.t']).stdout).slice(1, 7), [
		'fork()                                  = 3',
		'[pid     2] waitid(P_PID, 3,  <unfinished ...>',
		'[pid     3] exit_group(1)               = ?',
		'[pid     3] +++ exited with 1 +++',
		'<... waitid resumed>{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=3, si_uid=0, si_status=1, si_utime=0, si_stime=0}, WEXITED|WNOWAIT, NULL) = 0',
		'kill(3, SIGTERM)                        = 0',
	]);
});

test('ps: the tree, what each does, what a sleeper waits for', () => {
	replay(['record', '-o', 'z.t', '--', guest('zombie')]);
	const asleep = String(callAt('z.t', 'exit_group', 3));
	const [head, columns, parent, child] = lines(replay(['ps', 'z.t', '--at', asleep]).stdout);
	assert.is(head, `step ${asleep} · 2 tasks`);
	assert.match(columns, /^PID {2}PPID {2}PGRP {2}SID {2}STATE {5}STEPS {2}COMMAND +DOES$/);
	assert.match(parent, /^ {2}2 {5}0 {5}2 {4}2 {2}sleeping +\d+ {2}\S+\/zombie +waitid waits for its child 3$/);
	assert.match(child, /^ {2}3 {5}2 {5}2 {4}2 {2}running +\d+ {2}└ \S+\/zomb\S+ +at [0-9a-f]{8} \w+\+\d+$/);
	const ended = String(callAt('z.t', 'kill', 2));
	assert.match(replay(['ps', 'z.t', '--at', ended]).stdout, /zombie +\d+ {2}└ \[zombie\] +exit 1, not waited for yet$/m);
	const data = JSON.parse(replay(['ps', 'z.t', '--at', ended, '--json']).stdout);
	assert.equal(
		data.tasks.map((t: { pid: number; ppid: number; pgrp: number; session: number; depth: number; exit: number | null }) => [
			t.pid,
			t.ppid,
			t.pgrp,
			t.session,
			t.depth,
			t.exit,
		]),
		[
			[2, 0, 2, 2, 0, null],
			[3, 2, 2, 2, 1, 1],
		],
	);
	assert.match(data.tasks[0].args[0], /\/zombie$/);
	assert.is(replay(['ps', 'z.t', '--at', '999999']).status, 2);
});

test('ps: threads have a column of their own; somebody stopped says by what; sleep says how long', () => {
	replay(['record', '-o', 'j.t', '--', guest('thread_join')]);
	const started = JSON.parse(replay(['ps', 'j.t', '--json', '--at', String(callAt('j.t', 'futex', 2))]).stdout);
	const threads = started.tasks.filter((t: { tid: number; pid: number }) => t.tid !== t.pid);
	assert.ok(threads.length >= 2);
	assert.ok(threads.every((t: { pid: number; depth: number }) => t.pid === 2 && t.depth === 1));
	const text = replay(['ps', 'j.t', '--at', String(callAt('j.t', 'futex', 2))]).stdout;
	assert.match(text, /^PID {2}TID {2}PPID/m);
	assert.match(text, /└ \{thread_join\}/);
	replay(['record', '-o', 's.t', '--', guest('stop_continue')]);
	assert.match(replay(['ps', 's.t', '--at', String(callAt('s.t', 'waitpid', 2))]).stdout, /stopped +\d+ {2}└ .* by SIGSTOP$/m);
	const kill = callAt('s.t', 'kill', 2);
	assert.match(replay(['ps', 's.t', '--at', String(kill)]).stdout, /nanosleep waits for (?:0\.9\d*|1(?:\.0\d*)?) s to pass$/m);
});

test('replay lists every task with how it ended', () => {
	replay(['record', '-o', 'all.t', '--', guest('zombie')]);
	const made = replay(['all.t']);
	assert.is(made.status, 0);
	assert.match(made.stdout, /^tasks +pid 2 zombie {2}exit 0 .*\n +pid 3 zombie {2}exit \d+ /m);
});

test('a position may be counted from the end', () => {
	assert.is(replay(['record', '-o', 'end.t', '--', guest('zombie')]).status, 0);
	const text = (at: string) => replay(['ps', 'end.t', '--at', at]).stdout.split('\n')[0];
	const steps = Number(/^step (\d+)/.exec(text('end'))?.[1]);
	assert.ok(steps > 100);
	assert.match(text('end-100'), new RegExp(`^step ${steps - 100} `));
	for (const [at, message] of [
		[`end-${steps + 1}`, /end-\d+: the trace has [\d,]+ steps/],
		['end+1', /position "end\+1": N, N.k, end or end-N wanted/],
	] as const) {
		const { status, stderr } = replay(['bisect', 'end.t', '--at', at]);
		assert.is(status, 2);
		assert.match(stderr, message);
	}
	rmSync(path('end.t'));
});

test('a guest that executes what it does not have is told of --root', () => {
	const { stderr } = replay(['record', '-o', 'missing.t', '--', guest('exec_missing')]);
	assert.match(stderr, /the guest executed what is not there: \/nowhere\/sh × 2, \/nowhere\/.+; without --root DIR/);
	rmSync(path('missing.t'));
});

test.run();
