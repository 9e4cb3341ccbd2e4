/** A dynamic program below the host's own root: recorded, replayed, shown with its libraries' names, checkpointed, restarted. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dir, path, replay } from './cli.ts';

const SOURCE = `
#include <math.h>
#include <stdio.h>
int main(int argc, char **argv) {
	double sum = 0;
	for (int i = 1; i < 300; i++) sum += sin(i) / i;
	printf("%s %d %.12f\\n", argv[1], argc, sum);
	return 5;
}
`;
writeFileSync(path('sums.c'), SOURCE);
const gcc = spawnSync('gcc', ['-m32', '-O2', '-o', path('sums'), path('sums.c'), '-lm'], { encoding: 'utf8' });
assert.is(gcc.status, 0, gcc.stderr);
const native = spawnSync(path('sums'), ['word'], { encoding: 'utf8' });

test('a dynamic program gives what it gives natively, and everything works on its trace', () => {
	const recorded = replay(['record', '--root', '/', '-o', 't.msgpack', '--', path('sums'), 'word']);
	assert.is(recorded.stdout, native.stdout, recorded.stderr);
	assert.is(recorded.status, 5);
	assert.is(replay(['t.msgpack']).status, 0);
	const swept = replay(['sweep', 't.msgpack', '--sample', '100', '--seed', '1']);
	assert.is(swept.status, 0, swept.stdout);
	// Half of the steps before the last call are in sin
	const at = replay(['ps', 't.msgpack', '--at', 'end-20000']).stdout;
	assert.match(at, /sums at [0-9a-f]{8}|in sin|sin\+/, at);
});

test('its image restarts below the same root', () => {
	assert.is(replay(['checkpoint', 't.msgpack', '--at', 'end-20000', '-o', 't.img']).status, 0);
	const restarted = replay(['restart', 't.img', '--root', '/', '-o', 'r.msgpack']);
	assert.is(restarted.stdout, native.stdout, restarted.stderr);
	assert.is(restarted.status, 5);
	assert.is(replay(['r.msgpack']).status, 0);
});

test('the loader must be below the root', () => {
	const { status, stderr } = replay(['record', '--root', dir, '--', '/sums']);
	assert.is(status, 125);
	assert.match(stderr, /a dynamic program, whose loader is \/lib\/ld-linux.so.2: \S+ has none\n$/);
});

test.run();
