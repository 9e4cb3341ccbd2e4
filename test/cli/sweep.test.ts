/** sweep: many positions, on threads and on one, grouped by cause; a restarter with a mistake is found out. */
import { copyFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { path, type Ran, replay } from './cli.ts';

for (const name of ['tls', 'signals']) copyFileSync(resolve('traces', `${name}.msgpack`), path(`${name}.msgpack`));
const json = (ran: Ran) => JSON.parse(ran.stdout);
/** A restart that answers nothing of the image. */
writeFileSync(path('nothing.mjs'), 'export default function* () {}\n');
writeFileSync(path('throws.mjs'), 'export default function* () { throw new Error("not today"); }\n');
writeFileSync(path('none.mjs'), 'export const other = 1;\n');
writeFileSync(path('syntax.ts'), 'export default function* ( {}\n');

test('every event of a trace is equal, on two threads as on one', () => {
	const two = replay(['sweep', 'tls.msgpack', '--events', '--jobs', '2', '--json']);
	assert.is(two.status, 0, two.stderr);
	const one = json(replay(['sweep', 'tls.msgpack', '--events', '--jobs', '1', '--json']));
	const both = json(two);
	assert.is(both.threads, 2);
	assert.is(both.unequal, 0);
	assert.is(both.equal, both.freezes);
	assert.ok(both.freezes > 50 && both.positions > both.freezes);
	for (const name of ['positions', 'ended', 'objects'] as const) {
		// A freeze at which two stretches meet is made by both.
		assert.ok(Math.abs(both[name] - one[name]) <= (name === 'objects' ? 20 : 1), name);
	}
	assert.ok(both.tally.restored > 50 && both.tally.borrowed['task signal state'] > 100);
});

test('the screen', () => {
	const { stdout, status } = replay(['sweep', 'signals.msgpack', '--every', '500', '--from', '1000', '--to', '5000']);
	assert.is(status, 0);
	assert.match(
		stdout,
		/^signals.msgpack 9 positions · 9 freezes\nequal {7}9\nimages {6}\d+ objects, [\d,]+ bytes\nrestored {4}\d+ values and \d+ pages of a state come from its image\nborrowed {4}[\d,]+ values: .*\ntime {8}[\d.]+ s · [\d.]+ ms a freeze · 1 thread\n$/,
	);
});

test('a sample depends on its seed alone', () => {
	const positions = (seed: string) => json(replay(['sweep', 'tls.msgpack', '--sample', '5', '--seed', seed, '--json'])).bytes;
	assert.is(positions('3'), positions('3'));
});

test('a policy that goes back to user mode differs where a call slept, and is named', () => {
	copyFileSync(resolve('traces/pause.msgpack'), path('pause.msgpack'));
	const ran = replay(['sweep', 'pause.msgpack', '--events', '--to', '260', '--policy', 'eintr', '--json']);
	assert.is(ran.status, 1);
	const report = json(ran);
	const group = report.groups.find((g: { causes: string[] }) => g.causes.includes('restart policy'));
	assert.ok(group);
	assert.match(group.see, /^replay bisect pause.msgpack --at 251\.\d+ --policy eintr$/);
	const again = replay(group.see.split(' ').slice(1));
	assert.is(again.status, 1);
	assert.match(again.stdout, /restart policy {2}wanted kernel, got eintr/);
});

test("somebody's restart that does nothing, or throws", () => {
	const nothing = json(replay(['sweep', 'tls.msgpack', '--every', '5000', '--restarter', 'nothing.mjs', '--json']));
	assert.ok(nothing.unequal === nothing.freezes && nothing.unequal > 0);
	const throws = replay(['sweep', 'tls.msgpack', '--every', '5000', '--restarter', 'throws.mjs']);
	assert.is(throws.status, 1);
	assert.match(throws.stdout, /\nrefused +\d+ {2}RESTARTER before its first event at byte 0x0: Error: not today\n/);
});

/** Words and what the one line on stderr says; all exit 2. */
const WRONG: readonly (readonly [words: readonly string[], message: RegExp])[] = [
	[['sweep'], /missing required argument "trace"/],
	[['sweep', 'none.msgpack'], /none.msgpack: no such file/],
	[['sweep', 'tls.msgpack', '--every', '0'], /--every 0: a whole number, 1 to /],
	[['sweep', 'tls.msgpack', '--every', '5', '--events'], /one of --every N and --events wanted/],
	[['sweep', 'tls.msgpack', '--seed', '5'], /--seed: --sample N or --events N wanted beside it/],
	[['sweep', 'tls.msgpack', '--sample', 'x'], /--sample x/],
	[['sweep', 'tls.msgpack', '--from', '9999999'], /no position of it is between --from and --to/],
	[['sweep', 'tls.msgpack', '--from', 'x'], /position "x"/],
	[['sweep', 'tls.msgpack', '--restarter', 'none.mjs'], /--restarter none.mjs: a function as default export wanted/],
	[['sweep', 'tls.msgpack', '--restarter', 'syntax.ts'], /--restarter syntax.ts: /],
	[['swep', 'tls.msgpack'], /did you mean "sweep"/],
];
for (const [words, line] of WRONG) {
	test(`replay ${words.join(' ')}: exit 2`, () => {
		const ran = replay(words);
		assert.is(ran.status, 2, ran.stderr);
		assert.is(ran.stdout, '');
		assert.match(ran.stderr, line);
		assert.is(ran.stderr.split('\n').length, 2, ran.stderr);
	});
}

test.run();
