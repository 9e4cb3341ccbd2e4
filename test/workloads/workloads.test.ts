// The workloads, and a few guests, through the bundled command line: recorded output and status equal the native ones, replay
// ends with 0. The same as run.ts, one test a program. Workloads are skipped, with the reason, where gcc -m32 is missing.
// All guests run in the same process in test/replay/guests.test.ts.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hasGcc32 } from './native.ts';
import { type Case, cli, guestCases, tryCase, workloadCases } from './run.ts';

const dir = mkdtempSync(join(tmpdir(), 'workloads-'));

test('the bundled command line is there', () => {
	assert.ok(existsSync(cli), `${cli} is missing: npm run build`);
});

function testCase(one: Case): void {
	test(one.name, () => {
		const { problem } = tryCase(one, dir, false);
		assert.is(problem, undefined, `${problem}\n  again: node --import tsx test/workloads/run.ts --only ${one.name} --verbose`);
	});
}

/** Guests that show what only the command does: arguments, environment, stdin, exit status, death by signal. */
const GUESTS = ['hello', 'auxv', 'lines', 'tiny', 'die_kill', 'readlink_exe'];

for (const one of guestCases()) if (GUESTS.includes(one.name)) testCase(one);
if (hasGcc32()) for (const one of workloadCases(join(dir, 'bin'), () => true)) testCase(one);
else console.log('workloads skipped: gcc -m32 -static does not work here (Debian: apt install gcc-multilib)');

test.after(() => rmSync(dir, { recursive: true, force: true }));
test.run();
