/** A recording ends with its first process when nobody is left but those who stand still: it does not wait for the outside. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NoOutside } from '../../src/replay/outside.ts';
import { record } from '../../src/replay/record.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';

/** An outside that nothing is asked of. */
class Nobody extends NoOutside {
	override idle(): never {
		throw new Error('the recording waits');
	}
}

test('who is left behind is told, and the status is that of the first process', async () => {
	const told: string[] = [];
	const { end, bytes } = await record({
		path: '/left',
		program: readFileSync(new URL('bin/left', import.meta.url)),
		argv: ['/left'],
		streams: ['null', 'pipe', 'pipe'],
		outside: new Nobody(),
		onLeftBehind: (lines) => told.push(...lines),
	});
	assert.equal([end.end, end.status], ['idle', 3 << 8]);
	assert.equal(told, ['pid 3 left: stopped by signal 19']);
	assert.is(verify(new Trace(bytes)).mismatch, null);
});

test.run();
