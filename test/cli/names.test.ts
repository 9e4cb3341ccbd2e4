import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Names } from '../../src/cli/render/names.ts';
import { symbols } from '../../src/kernel/elf.ts';
import { guestPath } from '../guests/manifest.ts';

const bytes = readFileSync(guestPath('hello'));

test('an address of a moved file without a symbol is told from the file’s start', () => {
	const names = new Names([
		{ base: 0x400000, bytes: () => new Uint8Array(bytes), ranges: [[0x40_0000, 0x9000_0000]], label: 'lib.so' },
	]);
	assert.is(names.of(0x40_0010), 'lib.so+0x10');
	assert.is(names.of(0x9000_0000), '', 'elsewhere it has no name');
	const known = symbols(new Uint8Array(bytes)).find((s) => s.size > 4)!;
	assert.match(names.of(0x40_0000 + known.address + 1), /^[^+]+\+1$/, 'a symbol comes first');
});

test('without a label an address has its symbol or nothing', () => {
	const names = new Names([{ base: 0, bytes: () => new Uint8Array(bytes) }]);
	assert.is(names.of(0x10), '');
});

test.run();
