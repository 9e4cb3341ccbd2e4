/** defects, --defect and --restarter on the command line; the commands a report gives show it again. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFECTS } from '../../src/cpt/defects/defects.ts';
import { dir, path, type Ran, replay, shell } from './cli.ts';
import { installLibrary } from './library.ts';

await installLibrary(dir);
for (const name of ['window', 'sort', 'tls', 'frozen-tree', 'pause'])
	copyFileSync(resolve('traces', `${name}.msgpack`), path(`${name}.msgpack`));
mkdirSync(path('examples'));
const example = readFileSync('examples/restarter.ts', 'utf8');
writeFileSync(path('examples/restarter.ts'), example);
writeFileSync(path('examples/mistake.ts'), example.replace("object.num('cpt_di')", "object.num('cpt_si')"));
const json = (ran: Ran) => JSON.parse(ran.stdout);

test('the table has every row of the catalogue', () => {
	const { stdout, status } = replay(['defects']);
	assert.is(status, 0);
	for (const d of DEFECTS) assert.ok(stdout.includes(`  ${d.name} `) && stdout.includes(d.cause.text), d.name);
	const rows = json(replay(['defects', '--json']));
	assert.is(rows.length, DEFECTS.length);
	assert.equal(Object.keys(rows[0]), [
		'name',
		'where',
		'seen',
		'who',
		'what',
		'cause',
		'needs',
		'argument',
		'shows',
		'plantable',
	]);
	const one = replay(['defects', 'pause-window']);
	assert.match(one.stdout, /^pause-window\n {2}where {5}v2 patches, restart\n/);
	assert.match(replay(['defects', 'pause-windw']).stderr, /no defect pause-windw; did you mean pause-window\?/);
});

test('the pause window: named, its effect told, and seen again by the commands of the report', () => {
	const words = ['bisect', 'window.msgpack', '--at', '102.3', '--defect', 'pause-window'];
	const { stdout, status } = replay(words);
	assert.is(status, 1);
	assert.match(stdout, /\nplanted {5}pause-window\n/);
	assert.match(stdout, /\n {12}restart policy {2}wanted kernel, got user\n/);
	assert.match(stdout, /\n {12}restored: sleeps for ever from step 113 on/);
	const report = json(replay([...words, '--json']));
	assert.equal(report.outcome, { original: { kind: 'ended', status: 0, steps: 738 }, restored: { kind: 'asleep', steps: 113 } });
	const seen = shell(report.see.map((c: string) => c.replace(/^replay/, '$R')).join(' && '));
	assert.is(seen.status, 0, seen.stderr);
	assert.match(seen.stderr, /stopped after step 113: the guest sleeps, and nothing recorded wakes it/);
	assert.match(seen.stdout, /112\.\d+ {2}2 {2}task\/block +nr pause|113\.\d+ {2}2 {2}task\/block +nr pause/);
	assert.is(replay(['bisect', 'window.msgpack', '--at', '102.3']).status, 0);
});

test('rows say whose they are where there are several tasks, and only there', () => {
	const tree = replay(['bisect', 'frozen-tree.msgpack', '--at', '5000', '--defect', 'exit-signal-lost']).stdout;
	assert.match(tree, /\n +\d+(\.\d+)? pid \d+ +\S.* {3}pid \d+ +\S.*◀ expected:/);
	const one = replay(['bisect', 'window.msgpack', '--at', '102.3', '--defect', 'pause-window']).stdout;
	assert.not.match(one, /pid \d+ .*◀/);
});

test('a declared policy that changes nothing is equal, and not said to be the same bytes', () => {
	const equal = replay(['bisect', 'pause.msgpack', '--at', '251.2', '--policy', 'user']);
	assert.is(equal.status, 0);
	assert.match(equal.stdout, /\nverdict {5}EQUAL: .*with policy user it did the same to its end, after [\d,]+ equal steps/);
	assert.not.match(equal.stdout, /byte for byte/);
});

test('a defect of the dump and one of the restart are in the image and in the run', () => {
	const tls = replay(['checkpoint', 'tls.msgpack', '--at', '9000', '-o', 'tls.cpt', '--defect', 'padding-leaks']);
	assert.is(tls.status, 0);
	assert.is(replay(['image', 'lint', 'tls.cpt']).status, 1);
	assert.match(replay(['image', 'lint', 'tls.cpt']).stdout, /padding that is not zero/);
	const harmless = replay(['bisect', 'tls.msgpack', '--at', '9000', '--defect', 'padding-leaks']);
	assert.is(harmless.status, 1);
	assert.match(harmless.stdout, /\nverdict {5}HARMLESS: the image differs/);
	const two = json(
		replay(['bisect', 'tls.msgpack', '--at', '9000', '--defect', 'padding-leaks', '--defect', 'times-not-restored', '--json']),
	);
	assert.equal(two.defects, ['padding-leaks', 'times-not-restored']);
});

test('a sweep with a defect groups by its cause', () => {
	const ran = replay(['sweep', 'window.msgpack', '--events', '--defect', 'pause-window', '--json']);
	assert.is(ran.status, 1);
	const { groups } = json(ran);
	assert.is(groups.length, 1);
	assert.equal(groups[0].causes, ['restart policy']);
	assert.match(groups[0].see, /^replay bisect window.msgpack --at 102\.3 --defect pause-window$/);
});

test('a restart in TypeScript: the example does the same, its variant with a mistake is found out', () => {
	const good = replay(['bisect', 'sort.msgpack', '--at', '400000', '--restarter', 'examples/restarter.ts']);
	assert.is(good.status, 0, good.stderr);
	const words = ['sort.msgpack', '--restarter', 'examples/mistake.ts'];
	const bad = replay(['bisect', ...words, '--at', '400000']);
	assert.is(bad.status, 1);
	assert.match(bad.stdout, /\n {12}X86_REGS\.cpt_di {2}pid 2 · object 14 · byte 0x[\da-f]+ · wanted 8, got 0x80497b4\n/);
	assert.match(bad.stdout, /--restarter examples\/mistake.ts -o sort-restored.msgpack/);
	const swept = replay(['sweep', ...words, '--every', '50000', '--from', '400000', '--to', '700000', '--jobs', '2']);
	assert.is(swept.status, 1);
	assert.match(swept.stdout, /\ndiffers +\d+ {2}X86_REGS\.cpt_di\n/);
});

type Wrong = readonly [words: readonly string[], status: number, message: RegExp];
const WRONG: readonly Wrong[] = [
	[['bisect', 'sort.msgpack', '--at', '5', '--defect', 'nothing-such'], 2, /--defect: no defect nothing-such/],
	[['bisect', 'sort.msgpack', '--at', '5', '--defect', 'pause-window=3'], 2, /pause-window takes no argument/],
	[['checkpoint', 'sort.msgpack', '--at', '5', '-o', 'x.cpt', '--defect', ''], 2, /no defect/],
	...DEFECTS.filter((d) => d.rules === undefined)
		.slice(0, 1)
		.map(
			({ name }): Wrong => [
				['restart', 'tls.cpt', '--with-trace', 'tls.msgpack@9000', '--defect', name],
				125,
				/cannot be switched on: it needs/,
			],
		),
	[['sweep', 'sort.msgpack', '--defect', 'x'], 2, /no defect x/],
	[['defects', 'x', 'y'], 2, /defects: 1 word wanted at most, 2 got/],
];
for (const [words, status, line] of WRONG) {
	test(`replay ${words.join(' ')}: exit ${status}`, () => {
		const ran = replay(words);
		assert.is(ran.status, status, ran.stderr);
		assert.is(ran.stdout, '');
		assert.match(ran.stderr, line);
		assert.is(ran.stderr.split('\n').length, 2, ran.stderr);
	});
}

test.run();
