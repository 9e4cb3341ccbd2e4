/** Core files without a debugger: what is written is read back, and whatever is broken in one is refused with its place. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CoreFormatError, decodeCore, narrow } from '../../src/kernel/core/read.ts';
import { CoreError, coreOf, encodeCore } from '../../src/kernel/core/write.ts';
import { foreignState, withFiles } from '../../src/kernel/foreign.ts';
import { defaultPersona } from '../../src/kernel/persona.ts';
import { readState } from '../../src/reducers/address-space.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { importProcess, recordImported } from '../../src/replay/imported.ts';
import { stateAt } from '../../src/replay/rerun.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { random } from '../laws/traces.ts';

const trace = new Trace(new Uint8Array(readFileSync('traces/sort.msgpack')));
const AT = 100_000;
const state = stateAt(trace, { steps: AT, k: 0 })!;
const PID = state.scheduler.current;
const core = coreOf(state, PID);
const bytes = encodeCore(core);
const program = { path: trace.header.path, bytes: trace.blob(trace.header.program) };

test('what is written is read back', () => {
	const back = decodeCore(bytes);
	assert.is(back.tgid, PID);
	assert.equal(back.threads[0].cpu, state.tasks[PID].cpu);
	assert.equal(back.files, core.files);
	assert.equal(
		back.segments.map(({ start, end, access }) => [start, end, access]),
		state.mms[state.tasks[PID].mm].vmas.map((v) => [v.start, v.end, v.flags & 7]),
	);
	for (const s of back.segments) {
		const wanted = readState(state, state.mms[state.tasks[PID].mm], s.start, s.end - s.start, 0);
		if (wanted) assert.ok(Buffer.compare(wanted, s.bytes) === 0, s.start.toString(16));
	}
	assert.is(back.fname, state.tasks[PID].comm);
});

test('threads come with their own registers', () => {
	const task = state.tasks[PID];
	const second = { ...task, pid: PID + 7, cpu: { ...task.cpu, eax: 0x12345678 } };
	const two = { ...state, tasks: { ...state.tasks, [second.pid]: second } };
	const back = decodeCore(encodeCore(coreOf(two, second.pid)));
	assert.equal(
		back.threads.map((t) => [t.pid, t.cpu.eax]),
		[
			[PID + 7, 0x12345678],
			[PID, task.cpu.eax],
		],
	);
	assert.is(back.tgid, PID);
});

test('an imported process goes on as the original does, up to its first call', () => {
	const at = stateAt(trace, { steps: 0, k: 0 })!;
	const made = importProcess(decodeCore(encodeCore(coreOf(at, PID))), program);
	assert.equal(checkInvariants(made.state), []);
	const run = recordImported(made, 1_000_000);
	assert.is(run.stopped, 'call');
	const again = new Trace(run.bytes);
	const checked = verify(again);
	assert.is(checked.mismatch, null);
	assert.is(checked.steps, run.end.steps);
	assert.ok(run.end.steps > 10);
	const original = stateAt(trace, { steps: run.end.steps, k: 0 })!;
	assert.equal(stateAt(again, { steps: run.end.steps, k: 0 })!.tasks[PID].cpu, original.tasks[PID].cpu);
	const events = [...again.eventFrames()].flatMap((f) => f.events as { kind: string; name?: string }[]);
	assert.match(events.at(-1)?.name ?? '', /^system call \d+ of an imported process/);
});

test('without --run a trace holds the state alone', () => {
	const again = new Trace(recordImported(importProcess(decodeCore(bytes), program)).bytes);
	assert.is(again.end?.steps, 0);
	const back = stateAt(again, { steps: 0, k: 0 })!;
	assert.equal(back.tasks[PID].cpu.eip, state.tasks[PID].cpu.eip);
	assert.is(back.freezer, 'frozen');
	assert.is(verify(again).mismatch, null);
});

test('what a core leaves out comes from the mapped files', () => {
	const file = new Uint8Array(8192).map((_, i) => i & 0xff);
	const files = [{ start: 0x10000, end: 0x12000, pgoff: 0, path: '/lib' }];
	const bare = { ...core, files, segments: [{ start: 0x10000, end: 0x11000, access: 5, bytes: new Uint8Array(0) }] };
	const { core: full } = withFiles(bare, () => file);
	assert.equal(full.segments[0].bytes, file.subarray(0, 4096));
	const untold = withFiles({ ...bare, segments: [] }, () => file);
	assert.equal(untold.core.segments, [{ start: 0x10000, end: 0x12000, access: 5, bytes: file }]);
	assert.equal(withFiles(bare, () => undefined).missing, ['/lib']);
});

test('selectors of a 64-bit kernel become those of an i386 one', () => {
	assert.equal(narrow({ cs: 0x23, ss: 0x2b, ds: 0x2b, es: 0x2b, fs: 0, gs: 0x63 }), {
		cs: 0x73,
		ss: 0x7b,
		ds: 0x7b,
		es: 0x7b,
		fs: 0,
		gs: 0x33,
	});
});

test('a task that is not there is refused', () => {
	assert.throws(
		() => coreOf(state, 99),
		(e: Error) => e instanceof CoreError && /pid 99: no such task/.test(e.message),
	);
});

test('a cut file is refused with its place, or is whole', () => {
	for (const length of [0, 10, 52, 60, 200, 400, 700, 4096, bytes.length - 1]) {
		assert.throws(
			() => decodeCore(bytes.subarray(0, length)),
			(e: Error) => e instanceof CoreFormatError,
			`${length} bytes`,
		);
	}
});

test('any changed byte of headers and notes gives a core or a refusal', () => {
	const next = random(4711);
	const end = core.segments.length * 32 + 84 + 1200;
	const options = { persona: defaultPersona(), seed: 1, program };
	for (let i = 0; i < 400; i++) {
		const changed = bytes.slice();
		for (let n = 0; n < 3; n++) changed[Math.floor(next() * end)] = Math.floor(next() * 256);
		try {
			const got = decodeCore(changed);
			if (got.segments.length < 100) foreignState(got, options);
		} catch (error) {
			assert.ok(error instanceof CoreFormatError, `seed 4711, case ${i}: ${(error as Error).stack}`);
		}
	}
});

test.run();
