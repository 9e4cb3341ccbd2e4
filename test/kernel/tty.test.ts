/** The line discipline against Linux's: random settings and bytes, recorded by tty.native.c. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { settle } from '../../src/kernel/abi/termios.ts';
import { inputLength, Line, readable } from '../../src/kernel/tty/line.ts';
import { blankTty } from '../../src/kernel/tty/terminal.ts';
import type { Tty } from '../../src/reducers/state.ts';

const EAGAIN = 11;
const lines = readFileSync(new URL('tty.native.txt', import.meta.url), 'latin1')
	.trimEnd()
	.split('\n');
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (b) => Number.parseInt(b, 16));
const hex = (b: Uint8Array) => Buffer.from(b).toString('hex');

test('settings, typing, writing and reading give what they give on Linux', () => {
	let tty: Tty = blankTty(1, 0);
	let want = 0;
	let compared = 0;
	const act = <T>(does: (line: Line) => T): T => {
		const line = new Line(tty);
		const result = does(line);
		tty = { ...tty, ...line.changes() };
		return result;
	};
	let began = 0;
	lines.forEach((text, i) => {
		const [what, arg = ''] = text.split(' ');
		const where = () => `line ${i + 1} of tty.native.txt\n${lines.slice(began, i + 1).join('\n')}`;
		switch (what) {
			case 'new':
				tty = { ...blankTty(1, 0), opened: true };
				began = i;
				return;
			case 'set': {
				const whole = tty.termios.slice();
				whole.set(bytes(arg));
				const termios = settle(whole, true);
				assert.is(hex(termios.slice(0, 36)), arg, where());
				act((line) => line.set(termios));
				tty = { ...tty, termios };
				return;
			}
			case 'type':
				act((line) => line.receive(bytes(arg)));
				return;
			case 'write': {
				const done = act((line) => line.write(bytes(arg)));
				const [, went] = lines[i + 1].split(' ');
				assert.is(done === 0 ? -EAGAIN : done, Number(went), where());
				return;
			}
			case 'shown':
				assert.is(hex(tty.output), arg, where());
				act((line) => line.takeOutput(tty.output.length));
				break;
			case 'count':
				assert.is(inputLength(tty), Number(arg), where());
				break;
			case 'want':
				want = Number(arg);
				return;
			case 'read': {
				const got = readable(tty, want);
				assert.is(got === null ? '-' : hex(got), arg, where());
				if (got !== null) act((line) => line.take(got.length));
				break;
			}
			default:
				return;
		}
		compared++;
	});
	assert.ok(compared > 2000, `${compared} comparisons`);
});

test.run();
