/** Keyframes: in traces long enough to have them, what they hold, how big they are, and what they are good for. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFrame, FrameKind, readFrames } from '../../src/events/trace/format.ts';
import { createDigester } from '../../src/reducers/digest.ts';
import { hash64 } from '../../src/replay/hash.ts';
import { pack, unpack } from '../../src/replay/pack.ts';
import { record } from '../../src/replay/record.ts';
import { Rerun, stateAt } from '../../src/replay/rerun.ts';
import { Trace } from '../../src/replay/trace.ts';
import { FULL_EVERY, KEYFRAME_STEPS } from '../../src/replay/trace-writer.ts';
import { verify } from '../../src/replay/verify.ts';
import { random } from '../laws/traces.ts';

const BASE = 0x08048000;
/** inc dword [BASE + 0x1000 + (ecx & 0xffc)] · inc ecx · jmp: writes a page for ever. */
const CODE = [0x89, 0xc8, 0x25, 0xfc, 0x0f, 0, 0, 0xff, 0x80, 0, 0x90, 4, 8, 0x41, 0xeb, 0xf0];

/** A program of one writable segment of two pages. */
function program(): Uint8Array {
	const bytes = new Uint8Array(84 + CODE.length);
	bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
	bytes.set(CODE, 84);
	const view = new DataView(bytes.buffer);
	view.setUint32(16, 2 | (3 << 16), true);
	for (const [at, value] of [
		[24, BASE + 84],
		[28, 52],
		[52, 1],
		[60, BASE],
		[68, bytes.length],
		[72, 0x2000],
		[76, 7],
		[80, 0x1000],
	]) {
		view.setUint32(at, value, true);
	}
	view.setUint16(42, 32, true);
	view.setUint16(44, 1, true);
	return bytes;
}

const noise = random(1);
const STDIN = Uint8Array.from({ length: 1 << 20 }, () => noise() * 256);
/** One keyframe more than lie between two that are told against the first state. */
const STEPS = KEYFRAME_STEPS * (FULL_EVERY + 2);
const { bytes, state } = await record({
	path: '/loop',
	program: program(),
	streams: ['file', 'pipe', 'pipe'],
	stdin: STDIN,
	maxSteps: STEPS,
});
const trace = new Trace(bytes);
const keyframes = trace.frames.flatMap((frame, i) => (frame.kind === FrameKind.KEYFRAME ? [i] : []));

test('they come at their places, each with the state of its digest', () => {
	assert.is(keyframes.length, FULL_EVERY + 2);
	assert.equal(
		keyframes.map((i) => trace.body(i).full),
		keyframes.map((_, n) => n % FULL_EVERY === 0),
	);
	const digest = createDigester(hash64);
	for (const i of [...keyframes, ...keyframes.toReversed()]) {
		const { at, digest: wanted } = trace.mark(i);
		assert.is(digest(trace.keyframe(i)), wanted, `keyframe at ${at}`);
		assert.is(digest(new Trace(bytes).keyframe(i)), wanted, `keyframe at ${at}, alone`);
	}
});

test('contents that the header names are in none of them', () => {
	for (const i of keyframes) assert.ok(trace.frames[i].payload.length < 20_000, `${trace.frames[i].payload.length} bytes`);
});

test('a run from any of them is the recorded one', () => {
	const digest = createDigester(hash64);
	for (const i of keyframes.slice(-2)) {
		const run = new Rerun(trace, trace.keyframe(i), 'runs', () => {});
		run.advance(Number.POSITIVE_INFINITY);
		assert.is(run.machine.steps, STEPS);
		assert.is(digest(run.machine.snapshot()), digest(state));
	}
	const at = STEPS - 1_234_567;
	assert.is(stateAt(trace, { steps: at, k: 0 })?.clock.steps, at);
});

test('one that holds another state is found, and one without those before it is refused', () => {
	const { frames } = readFrames(bytes);
	const broken = (index: number, change: (body: Record<string, unknown>) => void) =>
		Buffer.concat(
			frames.map((f, i) => {
				if (i !== index) return encodeFrame(f.kind as FrameKind, f.payload);
				const body = unpack(f.payload) as Record<string, unknown>;
				change(body);
				return encodeFrame(f.kind as FrameKind, pack(body));
			}),
		);
	const other = trace.body(keyframes[3]);
	const swapped = new Trace(broken(keyframes[2], (body) => Object.assign(body, { size: other.size, deflate: other.deflate })));
	assert.is(verify(swapped, { until: { steps: Number(trace.body(keyframes[3]).at), k: 0 } }).mismatch?.frame, keyframes[2]);
	const orphan = new Trace(broken(keyframes[0], (body) => Object.assign(body, { full: false })));
	assert.throws(() => orphan.keyframe(keyframes[1]), /frame \d+ .*a keyframe wanted that a delta can follow/);
});

test.run();
