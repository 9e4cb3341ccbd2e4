import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CATALOGUE, groupOf } from '../../src/events/catalogue.ts';
import type { EventKind } from '../../src/events/event.ts';
import { encodeEvent } from '../../src/reducers/codec.ts';
import { EVENT_SHAPES } from '../../src/reducers/event-shapes.ts';
import { sampleEvents } from './samples.ts';

test('catalogue and shapes have the same kinds', () => {
	assert.equal(Object.keys(CATALOGUE), Object.keys(EVENT_SHAPES));
});

test('every field of every event has its row', () => {
	for (const event of sampleEvents()) {
		const { kind, ...fields } = encodeEvent(event) as { kind: EventKind };
		const rows = Object.keys(CATALOGUE[kind].fields);
		for (const field of Object.keys(fields)) assert.ok(rows.includes(field), `${kind}.${field}`);
	}
});

test('meanings are clauses of their own', () => {
	const meanings = Object.values(CATALOGUE).map((row) => row.meaning);
	assert.is(new Set(meanings).size, meanings.length);
	for (const meaning of meanings) assert.match(meaning, /^[a-z].*[^.]$/);
	assert.is(groupOf('cpu/fault'), 'task');
});

test.run();
