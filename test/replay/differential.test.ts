/** The differential test that the README shows: two runs of one program, compared step by step. */
// differential test: does the program do the same when only the seed differs?
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTrace, record, stepEvents } from '../../src/index.ts';

test('the seed changes nothing that sort does', async () => {
	const program = readFileSync('test/guests/bin/sort');
	const one = openTrace((await record({ path: '/sort', program, seed: 1 })).bytes);
	const two = openTrace((await record({ path: '/sort', program, seed: 2 })).bytes);
	assert.is(one.compare(two).difference, null);
	assert.is(one.verify().mismatch, null);
	const [step] = stepEvents([...one.steps(1000, 1001)][0]);
	assert.is(step.next, one.stateAt(1001)?.tasks[2].cpu.eip);
});

test.run();
