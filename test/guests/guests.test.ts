// The guest programs as files: every binary has a source, a manifest entry and symbols, and is what build.sh makes.
// What they do is tried by test/workloads/run.ts (in the machine) and by `npm run guests` (natively).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hasGcc32 } from '../workloads/native.ts';
import { guestPath, readManifest } from './manifest.ts';

const here = dirname(fileURLToPath(import.meta.url));
const guests = readManifest();
const names = guests.map((guest) => guest.name);

/** The compiler whose output is committed; another one makes other bytes. */
const COMPILER = '12.2.0';

test('sources, binaries and manifest name the same programs', () => {
	const binaries = readdirSync(join(here, 'bin')).sort();
	const sources = readdirSync(here)
		.filter((file) => /\.[cS]$/.test(file) && file !== 'lib.c' && file !== 'start.S')
		.map((file) => file.slice(0, -2))
		.sort();
	assert.equal(binaries, sources);
	assert.equal(names, binaries);
	assert.ok(names.length >= 50);
});

test('binaries are small static i386 programs with symbols', () => {
	for (const name of names) {
		const bytes = readFileSync(guestPath(name));
		assert.is(bytes.toString('latin1', 0, 7), '\x7fELF\x01\x01\x01', name);
		assert.is(bytes.readUInt16LE(16), 2, `${name} is an executable`);
		assert.is(bytes.readUInt16LE(18), 3, `${name} is for the 386`);
		assert.ok(bytes.includes('_start\0'), `${name} has symbols`);
		assert.not(bytes.includes('.interp\0'), `${name} is static`);
		assert.ok(bytes.length < 16384, `${name} has ${bytes.length} bytes`);
	}
});

test('every expectation is an exit status or a signal, and no check failed', () => {
	for (const guest of guests) {
		assert.is((guest.status === undefined) !== (guest.signal === undefined), true, guest.name);
		assert.not.match(guest.stdout, /^FAIL/m, guest.name);
		assert.ok(guest.what.length > 20, guest.name);
	}
});

test('build.sh makes the committed binaries again, byte for byte', () => {
	const version = spawnSync('gcc', ['-dumpfullversion'], { encoding: 'utf8' }).stdout?.trim();
	if (version !== COMPILER || !hasGcc32()) {
		console.log(`  skipped: needs gcc ${COMPILER} with -m32, here is ${version ? `gcc ${version}` : 'no gcc'}`);
		return;
	}
	const dir = mkdtempSync(join(tmpdir(), 'guests-'));
	try {
		execFileSync(join(here, 'build.sh'), [dir], { stdio: 'pipe' });
		for (const name of names) assert.ok(readFileSync(join(dir, name)).equals(readFileSync(guestPath(name))), `${name} differs`);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
});

test.run();
