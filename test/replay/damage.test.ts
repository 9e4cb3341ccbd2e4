/** Hostile and broken traces: bits flipped, bytes cut, frames replaced. Never a crash, a hang or a wrong "ok". */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFrame, type FrameKind, readFrames, TraceError } from '../../src/events/trace/format.ts';
import { pack, unpack } from '../../src/replay/pack.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { random, samples, seed } from '../laws/traces.ts';

const SEED = seed();
/** Traces short enough to be verified hundreds of times. */
const small = samples().filter(({ trace }) => (trace.end?.steps ?? 0) < 20_000);

/** What a user would be told of these bytes: 'ok' only when everything was verified. */
function outcome(bytes: Uint8Array): 'ok' | 'damaged' | 'differs' | 'refused' {
	try {
		const trace = new Trace(bytes);
		const result = verify(trace);
		return result.mismatch ? 'differs' : result.damage ? 'damaged' : 'ok';
	} catch (error) {
		if (error instanceof TraceError) return 'refused';
		throw error;
	}
}

for (const { name, bytes } of small) {
	test(`${name}: a flipped bit is never ok`, () => {
		const next = random(SEED);
		for (let i = 0; i < 25; i++) {
			const at = Math.floor(next() * bytes.length);
			const bit = Math.floor(next() * 8);
			const broken = bytes.slice();
			broken[at] ^= 1 << bit;
			assert.is.not(outcome(broken), 'ok', `bit ${bit} of byte ${at}`);
		}
	});

	test(`${name}: a cut file is good up to its last whole frame`, () => {
		const next = random(SEED + 1);
		const { frames } = readFrames(bytes);
		for (let i = 0; i < 12; i++) {
			const length = Math.floor(next() * bytes.length);
			const got = outcome(bytes.slice(0, length));
			const whole = frames.filter((f) => f.end <= length).length;
			assert.is(got, whole === 0 ? 'refused' : got === 'refused' ? 'refused' : 'damaged', `cut at ${length}`);
		}
		// Without the contents that the header names nothing can run: that is refused.
		const first = frames.findIndex((f) => f.kind === 'E' || f.kind === 'S');
		for (const frame of frames.slice(first + 1))
			assert.is(outcome(bytes.slice(0, frame.offset)), 'damaged', `cut at frame ${frame.offset}`);
	});

	test(`${name}: frames with right check values and wrong contents are never ok`, () => {
		const next = random(SEED + 2);
		const { frames } = readFrames(bytes);
		for (let i = 0; i < 25; i++) {
			const victim = Math.floor(next() * frames.length);
			const payload = frames[victim].payload.slice();
			if (payload.length === 0) continue;
			const at = Math.floor(next() * payload.length);
			payload[at] ^= 1 << Math.floor(next() * 8);
			// An index says where frames are for those who want to skip; replay does not use it.
			if (frames[victim].kind === 'I') continue;
			const parts = frames.map((f, n) => encodeFrame(f.kind as FrameKind, n === victim ? payload : f.payload));
			const got = outcome(Buffer.concat(parts));
			const harmless = got === 'ok' && sameMeaning(frames[victim].kind, frames[victim].payload, payload);
			assert.ok(got !== 'ok' || harmless, `byte ${at} of frame ${victim} (${frames[victim].kind})`);
		}
	});
}

test('a wrong position of an input from outside is a difference', () => {
	const { bytes } = samples().find(({ name }) => name === 'window.msgpack')!;
	const { frames } = readFrames(bytes);
	const first = frames.findIndex((f) => f.kind === 'E');
	for (let at = 0; at < 8; at++) {
		const payload = frames[first].payload.slice();
		payload[at] ^= 1;
		const parts = frames.map((f, n) => encodeFrame(f.kind as FrameKind, n === first ? payload : f.payload));
		assert.is.not(outcome(Buffer.concat(parts)), 'ok', `byte ${at}`);
	}
});

/** Deflated data has bytes that mean nothing, and a header's text may change without changing the run. */
function sameMeaning(kind: string, a: Uint8Array, b: Uint8Array): boolean {
	try {
		const [x, y] = [unpack(a), unpack(b)] as Record<string, unknown>[];
		if (kind === 'H') return x.writer !== y.writer;
		return kind === 'B' || kind === 'K' || kind === 'S';
	} catch {
		return false;
	}
}

test('foreign files are refused in one line', () => {
	for (const bytes of [
		new Uint8Array(0),
		Buffer.from('hello'),
		Buffer.from('\x7fELF\x01\x01\x01'),
		pack({ a: 1 }),
		new Uint8Array(4096),
	]) {
		try {
			new Trace(bytes);
			assert.unreachable('not a trace');
		} catch (error) {
			assert.instance(error, TraceError);
			assert.not.match((error as Error).message, '\n');
		}
	}
});

test.run();
