/** image show, lint, diff, decode, encode, and `diff` with images: output, exit statuses, one line for every hostile image. */
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { writeImage } from '../../src/cpt/v2/image-writer.ts';
import { smallImage } from '../cpt/images.ts';
import { bytes, dir, exists, path, replay } from './cli.ts';

copyFileSync(resolve('traces/signals.msgpack'), path('signals.msgpack'));
for (const at of ['3000', '5000']) replay(['checkpoint', 'signals.msgpack', '--at', at, '-o', `${at}.cpt`]);
writeFileSync(path('small.cpt'), writeImage(smallImage()));
const changed = Uint8Array.from(bytes('small.cpt'));
changed[4] = 3;
writeFileSync(path('broken.cpt'), changed);
writeFileSync(path('cut.cpt'), bytes('3000.cpt').subarray(0, 5000));
writeFileSync(path('empty.cpt'), '');

test('show: every object with its place and fields', () => {
	const { stdout, status } = replay(['image', 'show', '3000.cpt']);
	assert.is(status, 0);
	assert.match(stdout, /^0x00000000 {2}#0 HEAD {2}32 bytes\n/);
	assert.match(stdout, /\n0x00000020 {4}#1 TASK {2}296 bytes\n/);
	assert.match(stdout, /\n +cpt_comm = "nested_signals"\n/);
	assert.match(stdout, /\n0x[\da-f]{8} {8}#\d+ VMA {2}80 bytes\n/);
	assert.match(stdout, /\n +1 page, \d+ bytes not zero\n/);
	assert.match(stdout, /\n +fcw = 037f\n/);
	assert.is(replay(['image', 'show', 'small.cpt']).stdout.match(/^0x/gm)?.length, 16);
	assert.match(replay(['image', 'show', 'small.cpt', '--payload']).stdout, /08049000 {2}05 0c 13/);
});

test('show --json: numbers, offsets, parents, fields', () => {
	const { objects, whole } = JSON.parse(replay(['image', 'show', '3000.cpt', '--json']).stdout);
	assert.is(whole, true);
	assert.equal(Object.keys(objects[1]), ['number', 'name', 'offset', 'headerLength', 'length', 'parent', 'object', 'fields']);
	assert.is(objects[2].parent, 1);
	assert.is(objects[1].fields.cpt_pid, 2);
});

test('show --partial: what is whole, then the error', () => {
	const plain = replay(['image', 'show', 'cut.cpt']);
	assert.is(plain.stdout, '');
	assert.match(
		plain.stderr,
		/^replay: cut.cpt: #8 VMA cpt_page_num .*; 9 objects before it are whole \(image show --partial shows them\)\n$/,
	);
	const partial = replay(['image', 'show', 'cut.cpt', '--partial']);
	assert.is(partial.status, 2);
	assert.is(partial.stdout.match(/^0x/gm)?.length, 9);
	assert.match(partial.stderr, /^replay: cut.cpt: #8 VMA.*\n$/);
});

test('lint: 0 when nothing is suspicious, 1 with a line for each thing', () => {
	const clean = replay(['image', 'lint', '3000.cpt']);
	assert.equal([clean.status, clean.stdout], [0, '3000.cpt: nothing suspicious\n']);
	const { stdout, status } = replay(['image', 'lint', 'small.cpt']);
	assert.is(status, 1);
	assert.match(stdout, /^#3 VMA cpt_pgprot at byte 0x[\da-f]+: 0xa0 expected of these cpt_flags, 0x0 got$/m);
	const { warnings } = JSON.parse(replay(['image', 'lint', 'small.cpt', '--json']).stdout);
	assert.equal(Object.keys(warnings[0]), ['object', 'field', 'offset', 'text']);
});

test('diff: images, and an image against a fresh dump, named on their sides', () => {
	assert.is(replay(['image', 'diff', '3000.cpt', '3000.cpt']).stdout, 'equal  3000.cpt  3000.cpt\n');
	const two = replay(['image', 'diff', '3000.cpt', '5000.cpt']);
	assert.is(two.status, 1);
	assert.match(two.stdout, /^DIFFERS {2}3000.cpt {2}5000.cpt {2}\d+ differences\n {2}#\d+ /);
	assert.is(replay(['diff', '3000.cpt', '5000.cpt']).stdout, two.stdout);
	assert.is(replay(['diff', '3000.cpt', 'signals.msgpack@3000']).status, 0);
	const [ab, ba] = [
		['3000.cpt', 'signals.msgpack@5000'],
		['signals.msgpack@5000', '3000.cpt'],
	].map((words) => JSON.parse(replay(['diff', ...words, '--json']).stdout).differences);
	assert.ok(ab.length > 0);
	assert.equal(
		ab.map((d: { a: string; b: string }) => [d.a, d.b]),
		ba.map((d: { a: string; b: string }) => [d.b, d.a]),
	);
});

/** Words and what the one line on stderr says; all exit 2 and print nothing. */
const WRONG: readonly (readonly [words: readonly string[], message: RegExp])[] = [
	[['image'], /./],
	[['image', 'shw', '3000.cpt'], /unknown command "shw"/],
	[['image', 'show'], /missing required argument "image"/],
	[['image', 'show', 'none.cpt'], /^replay: none.cpt: no such file\n/],
	[['image', 'show', 'empty.cpt'], /^replay: empty.cpt: not a cpt image: the file is empty\n/],
	[['image', 'show', 'signals.msgpack'], /not a cpt image: a trace \(replay checkpoint makes an image of one\)/],
	[['image', 'show', 'broken.cpt'], /^replay: broken.cpt: #0 HEAD cpt_hdrlen at byte 0x4: want .*, got /],
	[['image', 'lint', 'broken.cpt'], /^replay: broken.cpt: #0 HEAD/],
	[['image', 'decode', 'broken.cpt'], /^replay: broken.cpt: #0 HEAD/],
	[['image', 'diff', 'broken.cpt', '3000.cpt'], /^replay: broken.cpt: #0 HEAD/],
	[['image', 'encode', '3000.cpt', '-o', 'x.cpt'], /^replay: 3000.cpt: .*JSON/],
	[['image', 'encode', '3000.json'], /"-o, --output <image>" not specified/],
	[['diff', '3000.cpt', 'signals.msgpack'], /beside the image 3000.cpt another, or TRACE@POS, wanted/],
];
for (const [words, line] of WRONG) {
	test(`replay ${words.join(' ')}: exit 2`, () => {
		const ran = replay(words);
		assert.is(ran.status, 2, ran.stderr);
		assert.is(ran.stdout, '');
		assert.match(ran.stderr, line);
		assert.is(exists('x.cpt'), false);
		if (words.length > 1) assert.is(ran.stderr.split('\n').length, 2, ran.stderr);
	});
}

test('decode writes stdout or a file, and encode makes the same bytes of every image here', () => {
	const images = readdirSync(dir).filter((n) => n.endsWith('.cpt') && !['broken.cpt', 'cut.cpt', 'empty.cpt'].includes(n));
	assert.ok(images.length >= 3);
	for (const name of images) {
		assert.is(replay(['image', 'decode', name, '-o', `${name}.json`]).status, 0);
		assert.ok(replay(['image', 'decode', name]).stdout === bytes(`${name}.json`).toString(), name);
		assert.is(replay(['image', 'encode', `${name}.json`, '-o', 'again.cpt2']).status, 0);
		assert.ok(bytes('again.cpt2').equals(bytes(name)), name);
	}
});

test('encode names what is wrong, and says when no restart would take the image', () => {
	const whole = JSON.parse(bytes('small.cpt.json').toString());
	whole.objects[1].fields.cpt_pid = 'two';
	writeFileSync(path('wrong.json'), JSON.stringify(whole));
	const wrong = replay(['image', 'encode', 'wrong.json', '-o', 'x.cpt']);
	assert.is(wrong.status, 2);
	assert.match(wrong.stderr, /^replay: wrong.json: object 1 TASK cpt_pid: a number .* wanted, "two" got\n$/);
	assert.is(exists('x.cpt'), false);
	whole.objects[1].fields.cpt_pid = 2;
	whole.objects[1].fields.cpt_type = 9;
	writeFileSync(path('odd.json'), JSON.stringify(whole));
	const odd = replay(['image', 'encode', 'odd.json', '-o', 'odd.cpt2']);
	assert.is(odd.status, 0);
	assert.match(odd.stderr, /written as it stands, but no restart will take it: #1 TASK cpt_type at byte 0x2c/);
});

test.run();
