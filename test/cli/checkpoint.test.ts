/** checkpoint, restart, bisect: what they print, their exit statuses, and commands that show a difference again. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bytes, exists, guest, path, type Ran, replay, shell } from './cli.ts';

for (const name of ['pause', 'sort', 'lines']) copyFileSync(resolve('traces', `${name}.msgpack`), path(`${name}.msgpack`));
const json = (ran: Ran) => JSON.parse(ran.stdout);
const made = replay(['checkpoint', 'pause.msgpack', '--at', '251.2', '-o', 'pause.cpt']);
mkdirSync(path('root/guests'), { recursive: true });
copyFileSync(guest('sort'), path('root/guests/sort'));

test('checkpoint says what was dumped', () => {
	assert.is(made.status, 0);
	assert.match(
		made.stdout,
		/^pause.cpt {2}step 251.2 · pid 2 "pause_window" asleep in pause\(\) · 12 objects, [\d,]+ bytes, v2\n$/,
	);
	assert.is(exists('pause.cpt.partial'), false);
	const report = json(replay(['checkpoint', 'pause.msgpack', '--at', '251.2', '-o', 'two.cpt', '--json']));
	assert.is(report.objects.length, 12);
	assert.is(report.bytes, bytes('two.cpt').length);
	assert.ok(bytes('two.cpt').equals(bytes('pause.cpt')));
});

test('what this state has and v2 cannot hold is named when it is dumped', () => {
	assert.is(
		made.stderr,
		'replay: v2 cannot hold, a restart borrows: 3 open descriptors, 2 signal actions, 1 timer, 1 sleeping call\n',
	);
	copyFileSync(resolve('traces', 'frozen-tree.msgpack'), path('tree.msgpack'));
	const { residual } = json(replay(['checkpoint', 'tree.msgpack', '--at', '3442', '-o', 'tree.cpt', '--json']));
	const named = Object.fromEntries(residual.map(({ what, each }: { what: string; each: string[] }) => [what, each]));
	assert.match(named['shared anonymous mapping'][0], /^b7ffe000-b7fff000 of 2$/);
	assert.is(named['shared anonymous mapping'].length > 1, true);
	assert.ok(named['open descriptor'].some((text: string) => /^3 of 2: .*letters$/.test(text)));
	assert.is(named.timer, undefined);
});

test('--trace keeps the events of the dump', () => {
	const ran = replay(['checkpoint', 'pause.msgpack', '--at', '251.2', '-o', 'k.cpt', '--trace', 'kept.msgpack']);
	assert.is(ran.status, 0);
	assert.is(replay(['kept.msgpack']).status, 0);
	const { stdout } = replay(['dump', 'kept.msgpack', '251-']);
	assert.is(stdout.match(/checkpoint\/object/g)?.length, 12);
	assert.match(stdout, /freezer\/set +state checkpointing/);
});

test('restart goes on as the original and exits as the guest', () => {
	const words = ['restart', 'pause.cpt', '--with-trace', 'pause.msgpack@251.2'];
	const ran = replay([...words, '-o', 'r.msgpack']);
	assert.is(ran.status, 0);
	assert.is(ran.stdout, replay(['pause.msgpack', '--echo']).stdout);
	assert.match(ran.stderr, /^replay: v2 cannot hold, borrowed from pause.msgpack@251.2: task signal state, .*machine\n$/);
	assert.is(replay(['r.msgpack']).status, 0);
	assert.match(replay(['dump', 'r.msgpack']).stdout, /restore\/object/);
	const told = JSON.parse(replay([...words, '--json']).stderr);
	assert.is(told.exit, 0);
	assert.is(told.objects, 12);
	assert.ok(told.residual.includes('task signal state'));
	const driven = replay([...words, '--inputs', 'recorded', '-o', 'd.msgpack']);
	assert.is(driven.stdout, ran.stdout);
	assert.ok(bytes('d.msgpack').equals(bytes('r.msgpack')));
});

test('with --root alone the files are enough for what needs no more', () => {
	assert.is(replay(['checkpoint', 'sort.msgpack', '--at', '400000', '-o', 'sort.cpt']).status, 0);
	const ran = replay(['restart', 'sort.cpt', '--root', 'root', '-o', 'fresh.msgpack']);
	assert.is(ran.status, 0);
	assert.is(ran.stdout, replay(['sort.msgpack', '--echo']).stdout);
	assert.match(ran.stderr, /as after exec, descriptors 0–2 of the caller, files of root: task signal state/);
	assert.is(replay(['fresh.msgpack']).status, 0);
});

test('stdin and signals reach a restarted guest live and are recorded', () => {
	const recorded = shell(`printf 'one\\ntwo\\n' | $R record -o in.msgpack -- ${guest('lines')}`);
	assert.is(recorded.status, 2, 'the guest exits with the number of lines');
	const { stdout } = shell('$R dump in.msgpack | grep -n -m1 input/stream');
	const at = /(\d+(\.\d+)?) {2}/.exec(stdout.slice(stdout.indexOf(':') + 1))![1];
	assert.is(replay(['checkpoint', 'in.msgpack', '--at', at, '-o', 'in.cpt']).status, 0);
	const live = replay(['restart', 'in.cpt', '--with-trace', `in.msgpack@${at}`, '-o', 'live.msgpack'], { text: 'x\nyy\nzzz\n' });
	assert.is.not(live.stdout, recorded.stdout);
	assert.match(live.stdout, /3 lines/);
	assert.is(live.status, 3);
	assert.is(replay(['live.msgpack', '--echo']).stdout, live.stdout);
	const driven = replay(['restart', 'in.cpt', '--with-trace', `in.msgpack@${at}`, '--inputs', 'recorded']);
	assert.is(driven.stdout, recorded.stdout);
});

test('bisect: equal', () => {
	const ran = replay(['bisect', 'pause.msgpack', '--at', '251.2']);
	assert.is(ran.status, 0);
	assert.match(ran.stdout, /^checkpoint {2}step 251.2 · pid 2 "pause_window" asleep in pause\(\)/);
	assert.match(ran.stdout, /\nverdict {5}EQUAL/);
	const report = json(replay(['bisect', 'pause.msgpack', '--at', '251.2', '--json']));
	assert.is(report.verdict, 'equal');
	assert.equal(report.see, []);
	assert.ok(report.borrowed.includes('task timers'));
});

test('bisect: an image changed by hand is named by object, field and byte, and can be seen again', () => {
	const image = Uint8Array.from(bytes('sort.cpt'));
	const view = new DataView(image.buffer);
	// ebp of the last object: nothing of it is checked.
	const regs = image.length - 120;
	view.setUint32(regs + 16 + 32 + 24, 0x1234, true);
	view.setUint32(regs + 16 + 32 + 28, 0x4321, true);
	writeFileSync(path('bad.cpt'), image);
	const ran = replay(['bisect', 'sort.msgpack', '--at', '400000', '--image', 'bad.cpt']);
	assert.is(ran.status, 1);
	const report = json(replay(['bisect', 'sort.msgpack', '--at', '400000', '--image', 'bad.cpt', '--json']));
	assert.is(report.verdict, 'differs');
	assert.ok(report.causes.length > 0);
	for (const cause of report.causes) {
		assert.is(cause.object, 'X86_REGS');
		assert.match(cause.field, /^cpt_(bp|ax)$/);
		assert.match(ran.stdout, new RegExp(`X86_REGS\\.${cause.field} .*byte 0x${cause.offset.toString(16)} · wanted `));
	}
	assert.match(ran.stdout, /\nverdict {5}DIFFERENT, first at step \d+/);
	assert.match(ran.stdout, /◀ expected: /);
	const seen = shell(report.see.map((c: string) => c.replace(/^replay/, '$R')).join(' > /dev/null &&\n'));
	const { restored } = report.first;
	if (restored !== null) assert.match(seen.stdout, new RegExp(`^ *${restored.position}\\b`, 'm'));
});

test('bisect: an image that is refused is compared with a fresh dump', () => {
	const image = Uint8Array.from(bytes('sort.cpt'));
	image[32 + 12] ^= 1;
	writeFileSync(path('type.cpt'), image);
	const ran = replay(['bisect', 'sort.msgpack', '--at', '400000', '--image', 'type.cpt']);
	assert.is(ran.status, 1);
	assert.match(ran.stdout, /\nverdict {5}REFUSED by the restart: #1 TASK cpt_type at byte 0x2c: want 0, got 1\n/);
	assert.match(ran.stdout, /TASK\.cpt_type/);
});

/** Words, the status they mean, what the one line on stderr says. */
const WRONG: readonly (readonly [words: readonly string[], status: number, message: RegExp])[] = [
	[['checkpoint', 'pause.msgpack', '-o', 'x.cpt'], 2, /"--at <pos>" not specified/],
	[['checkpoint', 'pause.msgpack', '--at', '5'], 2, /"-o, --output <image>" not specified/],
	[['checkpoint', 'pause.msgpack', '--at', '5x', '-o', 'x.cpt'], 2, /position "5x": N, N.k, end or end-N wanted/],
	[['checkpoint', 'pause.msgpack', '--at', '99999999', '-o', 'x.cpt'], 2, /position 99999999 is past the end/],
	[['checkpoint', 'pause.msgpack', '--at', '5', '-o', 'pause.msgpack'], 2, /that is pause.msgpack, the trace that is read/],
	[['checkpoint', 'pause.msgpack', '--at', '5', '-o', 'none/x.cpt'], 2, /-o none\/x.cpt: no such directory/],
	[['checkpoint', 'pause.msgpack', '--at', '12655.9', '-o', 'x.cpt'], 2, /fewer events come|past the end/],
	[['checkpoint', 'pause.cpt', '--at', '5', '-o', 'x.cpt'], 2, /pause.cpt: not a trace: a cpt image/],
	[['restart'], 125, /missing required argument "image"/],
	[['restart', 'pause.cpt'], 125, /one of --root DIR .* and --with-trace TRACE@POS/],
	[['restart', 'pause.cpt', '--root', 'root', '--with-trace', 'pause.msgpack@5'], 125, /one of --root DIR/],
	[['restart', 'pause.cpt', '--with-trace', 'pause.msgpack'], 125, /TRACE@POS wanted/],
	[['restart', 'pause.cpt', '--root', 'none'], 125, /--root none: a directory wanted/],
	[
		['restart', 'pause.cpt', '--root', 'root'],
		125,
		/#\d+ NAME payload at byte 0x[\da-f]+: no file \/guests\/pause_window below the root/,
	],
	[['restart', 'pause.cpt', '--root', 'root', '--inputs', 'recorded'], 125, /the trace that recorded them wanted/],
	[
		['restart', 'pause.cpt', '--with-trace', 'pause.msgpack@251.2', '--policy', 'best'],
		125,
		/--policy best: one of kernel, user, eintr wanted/,
	],
	[
		['restart', 'pause.cpt', '--with-trace', 'pause.msgpack@251.2', '--downtime', '-1'],
		125,
		/--downtime -1: a whole number of nanoseconds/,
	],
	[['restart', 'missing.cpt', '--root', 'root'], 125, /missing.cpt: no such file/],
	[['restart', 'pause.msgpack', '--root', 'root'], 125, /not a cpt image: a trace/],
	[['restart', guest('sort'), '--root', 'root'], 125, /not a cpt image: an ELF program/],
	[['bisect', 'pause.msgpack'], 2, /"--at <pos>" not specified/],
	[['bisect', 'pause.msgpack', '--at', '5', '--policy', 'x'], 2, /--policy x/],
	[['bisect', 'pause.msgpack', '--at', '5', '--image', 'none'], 2, /none: no such file/],
	[['bisect', 'pause.msgpack', '--at', '5', '--restarter', 'none.ts'], 2, /--restarter none.ts: no such file/],
	[['bisct', 'pause.msgpack'], 2, /no command "bisct"; did you mean "bisect"\?/],
];

for (const [words, status, line] of WRONG) {
	test(`replay ${words.join(' ')}: exit ${status}`, () => {
		const ran = replay(words);
		assert.is(ran.status, status, ran.stderr);
		assert.is(ran.stdout, '');
		assert.match(ran.stderr, line);
		assert.is(ran.stderr.split('\n').length, 2, ran.stderr);
		assert.is(exists('x.cpt'), false);
	});
}

test('the samples on disk are not touched', () => {
	assert.ok(bytes('pause.msgpack').equals(readFileSync(resolve('traces/pause.msgpack'))));
});

test.run();
