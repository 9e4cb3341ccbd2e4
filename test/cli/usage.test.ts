/** First words, options, positions and files that are wrong: the exit status and one line that says what is. */
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, guest, path, replay } from './cli.ts';

const made = replay(['record', '-o', 't.msgpack', '--', guest('hello'), 'a']);
const STEPS = (JSON.parse(replay(['info', '--json', 't.msgpack']).stdout) as { end: { steps: number } }).end.steps;

/** Words, the status they mean, what the line on stderr says. */
const WRONG: readonly (readonly [words: readonly string[], status: number, message: RegExp])[] = [
	[['recrod'], 2, /^replay: no command "recrod"; did you mean "record"\?\n$/],
	[['zzzzzzzzz'], 2, /^replay: no command "zzzzzzzzz"; replay --help lists them\n$/],
	[['help', 'recrod'], 2, /did you mean "record"/],
	[['missing.msgpack'], 2, /^replay: missing.msgpack: no such file\n$/],
	[['./missing'], 2, /^replay: .\/missing: no such file\n$/],
	[['run', 'missing'], 2, /^replay: missing: no such file\n$/],
	[['.'], 2, /^replay: .: a trace wanted, a directory got\n$/],
	[['t.msgpack/x'], 2, /no such file/],
	[['--bogus'], 2, /unknown option "--bogus"/],
	[['run'], 2, /missing required argument "trace"/],
	[['t.msgpack', 'more'], 2, /^replay: run: 1 word wanted at most, 2 got\n$/],
	[['t.msgpack', '--until', '5x'], 2, /^replay: position "5x": N or N.k wanted/],
	[['t.msgpack', '--until', '99999999'], 2, /position 99999999 is past the end: the trace has [\d,]+ steps\n$/],
	[['t.msgpack', '--until', '5.3'], 2, /position 5.3: fewer events come after step 5\n$/],
	[['state', 't.msgpack'], 2, /"--at <pos>" not specified/],
	[['state', 't.msgpack', '--at', '-1'], 2, /position "-1": N, N.k, end or end-N wanted/],
	[['state', 't.msgpack', '--at', '1e3'], 2, /position "1e3"/],
	[['state', 't.msgpack', '--at', '99999999'], 2, /t.msgpack: position 99999999 is past the end/],
	[['state', 't.msgpack', '--at', '3.1'], 2, /position 3.1: fewer events/],
	[['state', 't.msgpack', '--at', '3', 'registers'], 2, /state registers: one of regs, maps, mem, fds, signals wanted/],
	[['state', 't.msgpack', '--at', '3', 'regs', 'x'], 2, /state regs: no more words wanted/],
	[['state', 't.msgpack', '--at', '3', 'mem'], 2, /state mem: ADDR LEN wanted/],
	[['state', 't.msgpack', '--at', '3', 'mem', 'xyz', '4'], 2, /ADDR "xyz": up to eight hexadecimal digits wanted/],
	[['state', 't.msgpack', '--at', '3', 'mem', '0', '4'], 2, /00000000, 4 bytes: not mapped at 00000000/],
	[['state', 't.msgpack', '--at', '3', 'mem', '8048000', '0'], 2, /LEN "0": 1 to 16,777,216 bytes wanted/],
	[['state', 't.msgpack', '--at', '3', 'mem', 'fffffff0', '17'], 2, /an end at most at 2\^32 wanted/],
	[['dump', 't.msgpack', '5-3'], 2, /range "5-3": it ends before it begins/],
	[['dump', 't.msgpack', '-5'], 2, /wanted/],
	[['dump', 't.msgpack', 'abc'], 2, /position "abc"/],
	[['dump', 't.msgpack', '1-2-3'], 2, /range "1-2-3"/],
	[['dump', 't.msgpack', '99999999'], 2, /past the end/],
	[['diff', 't.msgpack'], 2, /missing required argument "b"/],
	[['diff', 't.msgpack', 't.msgpack@3'], 2, /two traces or two TRACE@POS wanted, one of each got/],
	[['diff', 't.msgpack@1', 't.msgpack@99999999'], 2, /past the end/],
	[['info', 'empty'], 2, /^replay: empty: not a trace: the file is empty\n$/],
	[['info', 'text'], 2, /text: frame 0 at byte 0x0: not a trace/],
	[['run', guest('tiny')], 2, /not a trace: an ELF program/],
	[['run', 'huge'], 2, /payload of 1073741824 bytes wanted, \d+ got/],
	[['run', 'huger'], 2, /payload of 4294967295 bytes, at most \d+ wanted/],
	[['run', 'other'], 2, /not a trace/],
];

test('what is wrong is said in one line', () => {
	writeFileSync(path('empty'), '');
	writeFileSync(path('text'), 'a text\n');
	writeFileSync(path('other'), Uint8Array.of(0x83, 0xa1, 0x61, 1, 0xa1, 0x62, 2));
	for (const [name, length] of [
		['huge', [0x40, 0, 0, 0]],
		['huger', [255, 255, 255, 255]],
	] as const) {
		const trace = bytes('t.msgpack');
		trace.set(length, 9);
		writeFileSync(path(name), trace);
	}
	for (const [words, status, message] of WRONG) {
		const ran = replay(words);
		const name = words.join(' ');
		assert.is(ran.status, status, `${name}: ${ran.stderr}`);
		assert.match(ran.stderr, message, name);
		assert.is(ran.stderr.split('\n').length, 2, `${name}: one line wanted: ${ran.stderr}`);
		assert.is(ran.stdout, '', name);
	}
});

test('the status of what is right', () => {
	assert.is(made.status, 2, made.stderr);
	assert.is(made.stderr, '');
	for (const words of [
		['t.msgpack'],
		['run', 't.msgpack'],
		['--until', '5', 't.msgpack'],
		['--', 't.msgpack'],
		['t.msgpack', '--json'],
		['--help'],
		['help', 'dump'],
		['record', '--help'],
		['--version'],
	])
		assert.is(replay(words).status, 0, words.join(' '));
	const bare = replay([]);
	assert.is(bare.status, 2);
	assert.match(bare.stderr, /^Usage: replay/);
	assert.is(bare.stdout, '');
});

test('a verb is a verb though a file has its name', () => {
	writeFileSync(path('info'), bytes('t.msgpack'));
	assert.match(replay(['info']).stderr, /missing required argument/);
	assert.is(replay(['./info']).status, 0);
});

test('replay says what it verified', () => {
	const { stdout } = replay(['t.msgpack']);
	assert.match(stdout, new RegExp(`replayed +${STEPS.toLocaleString('en')} steps · \\d+ events · 1 digest, all equal`));
	assert.match(stdout, /tasks +pid 2 hello {2}exit 2 /);
	assert.is(replay(['t.msgpack', '--echo']).stdout, made.stdout);
	const part = JSON.parse(replay(['t.msgpack', '--until', '10', '--json']).stdout);
	assert.is(part.steps, 10);
	assert.is(part.equal, true);
	assert.equal(part.tasks[0].exit, null);
});

test('--until N.k shows the output up to the event', () => {
	const events = replay(['dump', '--json', 't.msgpack'])
		.stdout.trim()
		.split('\n')
		.map((line) => JSON.parse(line));
	const first = events.find((e) => e.kind === 'stream/output');
	assert.is(replay(['t.msgpack', '--echo', '--until', `${first.position}.${first.k}`]).stdout, '');
	assert.is(replay(['t.msgpack', '--echo', '--until', `${first.position}.${first.k + 1}`]).stdout, 'hello, i386\n');
});

test('a cut trace is verified up to its last whole frame, and every command says so', () => {
	const whole = bytes('t.msgpack');
	const frames = JSON.parse(replay(['info', '--json', 't.msgpack']).stdout).frames as { kind: string; bytes: number }[];
	const sizes = Object.fromEntries(frames.map((f) => [f.kind, f.bytes]));
	const events = sizes.header + sizes.contents + sizes.events;
	for (const [name, length, steps] of [
		['cut-events', events - 1, 0],
		['cut-digest', events + 3, STEPS],
		['cut-index', whole.length - 1, STEPS],
	] as const) {
		writeFileSync(path(name), whole.subarray(0, length));
		for (const words of [[name], ['dump', name], ['strace', name], ['info', name], ['state', name, '--at', '0']]) {
			const ran = replay(words);
			assert.is(ran.status, 2, words.join(' '));
			assert.match(
				ran.stderr,
				new RegExp(`^replay: ${name}: cut at frame \\d, byte 0x[0-9a-f]+: .*; \\d whole frames before it\n$`),
			);
		}
		assert.is(JSON.parse(replay([name, '--json']).stdout).steps, steps, name);
		assert.is(replay(['diff', name, 't.msgpack']).status, 2);
	}
	// The events after the last step are there too.
	assert.match(replay(['strace', 'cut-digest']).stdout, /\+\+\+ exited with 2 \+\+\+\n$/);
	assert.is(replay(['dump', 'cut-digest']).stdout, replay(['dump', 't.msgpack']).stdout);
	assert.match(replay(['state', 'cut-events', '--at', '1']).stderr, /past the end: the whole frames hold 0 steps/);
});

test('a changed trace with right check values differs', async () => {
	const { encodeFrame, readFrames } = await import('../../src/events/trace/format.ts');
	const { frames } = readFrames(bytes('t.msgpack'));
	const forged = frames.map(({ kind, payload }) => {
		const text = Buffer.from(payload);
		const at = kind === 'E' ? text.indexOf('hello, i386') : -1;
		if (at >= 0) text[at] = 0x4a;
		return encodeFrame(kind, text);
	});
	writeFileSync(path('forged'), Buffer.concat(forged));
	const ran = replay(['forged']);
	assert.is(ran.status, 1, ran.stderr);
	assert.match(ran.stdout, /replayed +DIFFERS in frame \d, which begins at step 0: event\n +recorded .*\n +replayed /);
	assert.is(JSON.parse(replay(['forged', '--json']).stdout).equal, false);
	assert.is(replay(['forged', '--echo']).status, 1);
});

test.run();
