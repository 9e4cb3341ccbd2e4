/** Guest programs in the machine: the native run's output and status, and a replay that is equal. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { waitStatusText } from '../../src/cli/render/status.ts';
import { NoOutside } from '../../src/replay/outside.ts';
import { record } from '../../src/replay/record.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { guestPath, readManifest } from '../guests/manifest.ts';

for (const guest of readManifest()) {
	test(`${guest.name}: ${guest.what}`, async () => {
		const path = `/guests/${guest.name}`;
		const outside = new NoOutside();
		const { bytes, end } = await record({
			path,
			program: readFileSync(guestPath(guest.name)),
			argv: [path, ...guest.args],
			env: Object.entries(guest.env ?? {}).map(([k, v]) => `${k}=${v}`),
			streams: [guest.stdin ? 'file' : 'null', 'pipe', 'pipe'],
			...(guest.stdin ? { stdin: Buffer.from(guest.stdin, 'latin1') } : {}),
			...(guest.module ? { checkpointModule: [] } : {}),
			outside,
			maxSteps: 120_000_000,
		});
		if (guest.native === true) {
			assert.is(outside.text(1), guest.stdout);
			const status = end.status === null ? 'still running' : waitStatusText(end.status & ~0x80);
			assert.is(status, guest.signal ? `killed by ${guest.signal}` : `exit ${guest.status}`);
		}
		if (guest.module) {
			assert.not.match(outside.text(1), /^FAIL/m);
			assert.ok((outside.text(1).match(/^ok /gm) ?? []).length >= 5);
			assert.is(end.status, 0);
		}
		assert.is(verify(new Trace(bytes)).mismatch, null);
	});
}

test.run();
