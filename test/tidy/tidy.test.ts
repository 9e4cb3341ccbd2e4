/** Rules of the house, read from the source: import direction, purity of the core, tests that run, sizes of files. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

function filesBelow(dir: string): string[] {
	return readdirSync(dir, { withFileTypes: true }).flatMap((e) => {
		const path = join(dir, e.name);
		return e.isDirectory() ? filesBelow(path) : path.endsWith('.ts') ? [path] : [];
	});
}

const sources = filesBelow('src').map((path) => ({ path: relative('src', path), text: readFileSync(path, 'utf8') }));
/** What each folder may import from, besides itself. */
const BELOW: Record<string, readonly string[]> = {
	events: [],
	reducers: ['events'],
	cpu: ['events', 'reducers'],
	kernel: ['events', 'reducers'],
	cpt: ['events', 'reducers'],
	replay: ['events', 'reducers', 'cpu', 'kernel', 'cpt'],
	cli: ['events', 'reducers', 'cpu', 'kernel', 'cpt', 'replay'],
};
const CORE = ['events', 'reducers', 'cpu', 'kernel', 'cpt'];
const IMPORT = /^import '([^'\n]+)';$|\bfrom '([^'\n]+)';$|\bimport\('([^'\n]+)'\)/gm;
const folderOf = (path: string) => path.split('/')[0];
const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

test('imports go down only', () => {
	const wrong: string[] = [];
	for (const { path, text } of sources) {
		const allowed = BELOW[folderOf(path)];
		if (allowed === undefined) continue;
		for (const [, one, two, three] of text.matchAll(IMPORT)) {
			const target = one ?? two ?? three;
			if (!target.startsWith('.')) continue;
			const to = folderOf(relative('.', join(dirname(path), target)));
			if (to !== folderOf(path) && !allowed.includes(to)) wrong.push(`${path} imports ${target}`);
		}
	}
	assert.equal(wrong, []);
});

test('the core is pure: no clock, randomness, I/O, async, locale', () => {
	const banned =
		/\b(Date\b|Math\.random|Math\.(sin|cos|tan|exp|log|log2|log10|pow|atan|atan2|cbrt|hypot)\b|performance\b|process\.|setTimeout|setInterval|setImmediate|queueMicrotask|async\b|await\b|Promise\b|localeCompare|toLocale\w+|Intl\b|crypto\b)/;
	const wrong: string[] = [];
	for (const { path, text } of sources) {
		if (!CORE.includes(folderOf(path))) continue;
		withoutComments(text)
			.split('\n')
			.forEach((line, i) => {
				const found = banned.exec(line.replace(/'(?:[^'\\]|\\.)*'/g, "''"));
				if (found) wrong.push(`${path}:${i + 1}: ${found[0]}`);
			});
		for (const [, one, two, three] of text.matchAll(IMPORT)) {
			const target = one ?? two ?? three;
			if (target.startsWith('.') || ['node:zlib', 'immer'].includes(target)) continue;
			wrong.push(`${path} imports ${target}`);
		}
	}
	assert.equal(wrong, []);
});

test('the core has no module-level mutable state', () => {
	const wrong: string[] = [];
	for (const { path, text } of sources) {
		if (!CORE.includes(folderOf(path))) continue;
		text.split('\n').forEach((line, i) => {
			if (/^(export )?(let|var) /.test(line)) wrong.push(`${path}:${i + 1}: ${line.trim()}`);
		});
	}
	assert.equal(wrong, []);
});

test('every test file calls .run()', () => {
	const silent = filesBelow('test').filter((path) => path.endsWith('.test.ts') && !/\.run\(\)/.test(readFileSync(path, 'utf8')));
	assert.equal(silent, []);
});

test('source files open with what they are', () => {
	const silent = sources.filter(({ text }) => !/^(\/\*\*|\/\/)/.test(text)).map(({ path }) => path);
	assert.equal(silent, []);
});

test('nothing is left undone in the source', () => {
	const left = sources.filter(({ text }) => /\b(TODO|FIXME|XXX)\b/.test(text)).map(({ path }) => path);
	assert.equal(left, []);
});

test.run();
