/** The documents that are written from tables are as the tables are; the README's differential test runs. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { defectsText, eventsText, syscallsText } from '../../scripts/docs.ts';

test('docs/syscalls.md, docs/events.md and docs/defects.md are current (npm run docs)', () => {
	assert.is(readFileSync('docs/syscalls.md', 'utf8'), syscallsText());
	assert.is(readFileSync('docs/events.md', 'utf8'), eventsText());
	assert.is(readFileSync('docs/defects.md', 'utf8'), defectsText());
});

test("the README's differential test is the one that runs in the suite", () => {
	const example = readFileSync('test/replay/differential.test.ts', 'utf8');
	const inReadme = /```ts\n(\/\/ differential[\s\S]*?)```/.exec(readFileSync('README.md', 'utf8'));
	assert.ok(inReadme, 'the README shows it');
	const squeeze = (text: string) =>
		text
			.replace(/'cpt-replay'/g, "'../../src/index.ts'")
			.replace(/\s+/g, ' ')
			.trim();
	assert.ok(squeeze(example).includes(squeeze(inReadme[1])), 'README and test differ');
});

test.run();
