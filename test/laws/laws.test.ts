/** Every trace in traces/ goes through every law. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MachineEvent } from '../../src/events/event.ts';
import { decodeEvent, decodeState, encodeEvent, encodeState } from '../../src/reducers/codec.ts';
import { diffStates, formatPath } from '../../src/reducers/diff.ts';
import { createDigester } from '../../src/reducers/digest.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { bootTrace } from '../../src/replay/boot.ts';
import { hash64 } from '../../src/replay/hash.ts';
import { pack, unpack } from '../../src/replay/pack.ts';
import { record } from '../../src/replay/record.ts';
import { Rerun, stateAt } from '../../src/replay/rerun.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { mutateLeaves } from './leaves.ts';
import { MAX_STEPS, random, samples, seed } from './traces.ts';

const digest = createDigester(hash64);
const all = samples();
const SEED = seed();

/** Fails with the first differing paths. */
function same(a: MachineState, b: MachineState, what: string): void {
	const found = diffStates(a, b, { limit: 5 });
	assert.equal(
		found.map((d) => formatPath(d.path)),
		[],
		what,
	);
	assert.is(digest(a), digest(b), `${what}: equal states have equal digests`);
}

/** All events of a trace, at a level of detail, and the state at its end. */
function eventsOf(trace: Trace, detail: 'effects' | 'steps'): { readonly events: MachineEvent[]; readonly end: MachineState } {
	const events: MachineEvent[] = [];
	const run = Rerun.fromStart(trace, detail, (e) => events.push(e));
	run.advance(Number.POSITIVE_INFINITY);
	run.machine.flush();
	return { events, end: run.machine.snapshot() };
}

/** Seeded positions inside a trace. */
function positions(trace: Trace, count: number, salt: number): number[] {
	const next = random(SEED + salt);
	const end = trace.end?.steps ?? 0;
	return Array.from({ length: count }, () => Math.floor(next() * end)).sort((a, b) => a - b);
}

test('there are samples, none longer than the limit', () => {
	assert.ok(all.length >= 5);
	for (const { name, trace } of all) assert.ok((trace.end?.steps ?? Number.POSITIVE_INFINITY) <= MAX_STEPS, name);
});

for (const { name, bytes, trace } of all) {
	test(`${name}: replay reproduces every digest and every event`, () => {
		const result = verify(trace);
		assert.is(result.mismatch, null);
		assert.is(result.damage, null);
		assert.ok(result.digests >= 1);
	});

	test(`${name}: reducing single steps gives the snapshot`, () => {
		const { events, end } = eventsOf(trace, 'steps');
		let state = bootTrace(trace);
		for (const event of events) state = reduce(state, [event]);
		same(state, end, 'fold of steps');
	});

	test(`${name}: a batch reduces to what its events reduce to one by one`, () => {
		const { events, end } = eventsOf(trace, 'effects');
		const first = bootTrace(trace);
		same(reduce(first, events), end, 'one batch');
		let state = first;
		for (const event of events) state = reduce(state, [event]);
		same(state, end, 'one by one');
	});

	test(`${name}: events and states survive encoding`, () => {
		const { events, end } = eventsOf(trace, 'effects');
		for (const event of events)
			assert.equal(encodeEvent(decodeEvent(unpack(pack(encodeEvent(event))))), encodeEvent(event), event.kind);
		same(decodeState(unpack(pack(encodeState(end)))), end, 'last state');
		const early = stateAt(trace, { steps: positions(trace, 1, 5)[0], k: 0 })!;
		same(decodeState(unpack(pack(encodeState(end, early))), early), end, 'delta');
	});

	test(`${name}: a snapshot loaded again runs on in the same way`, () => {
		const { end } = eventsOf(trace, 'effects');
		for (const at of positions(trace, 12, 1)) {
			const state = stateAt(trace, { steps: at, k: 0 })!;
			assert.equal(checkInvariants(state), [], `invariants at ${at}`);
			const run = new Rerun(trace, state, 'runs', () => {});
			run.advance(Number.POSITIVE_INFINITY);
			same(run.machine.snapshot(), end, `from step ${at}`);
		}
	});

	test(`${name}: stopping anywhere changes nothing`, () => {
		const run = Rerun.fromStart(trace, 'runs', () => {});
		for (const at of positions(trace, 40, 2)) {
			run.advance(at);
			run.machine.snapshot();
		}
		run.advance(Number.POSITIVE_INFINITY);
		same(run.machine.snapshot(), eventsOf(trace, 'effects').end, 'end');
	});

	test(`${name}: a changed leaf is seen by digest and diff`, () => {
		const at = positions(trace, 1, 3)[0];
		const state = stateAt(trace, { steps: at, k: 0 })!;
		const before = digest(state);
		let seen = 0;
		for (const { path, what, state: other, excluded } of mutateLeaves(state, SEED, 3)) {
			const where = `${formatPath(path)}: ${what}, at step ${at}`;
			assert.is(digest(other) !== before, !excluded, `digest, ${where}`);
			assert.is(diffStates(state, other, { limit: 1 }).length > 0, !excluded, `diff, ${where}`);
			seen++;
		}
		assert.ok(seen > 100);
	});

	if (trace.inputs().length === 0 && trace.header.grain === 'inputs') {
		test(`${name}: recording twice gives the same frames`, async () => {
			const { header } = trace;
			const text = (s: string) => Buffer.from(s, 'latin1').toString();
			const again = await record({
				path: text(header.path),
				program: trace.blob(header.program),
				argv: header.argv.map(text),
				env: header.env.map(text),
				cwd: text(header.cwd),
				seed: header.seed,
				epochNs: header.persona.epochNs,
				streams: header.streams,
				...(header.persona.checkpointModule ? { checkpointModule: header.persona.checkpointModule } : {}),
				...(header.stdin === null ? {} : { stdin: trace.blob(header.stdin) }),
			});
			const twice = await record({
				path: text(header.path),
				program: trace.blob(header.program),
				argv: header.argv.map(text),
				env: header.env.map(text),
				cwd: text(header.cwd),
				seed: header.seed,
				epochNs: header.persona.epochNs,
				streams: header.streams,
				...(header.persona.checkpointModule ? { checkpointModule: header.persona.checkpointModule } : {}),
				...(header.stdin === null ? {} : { stdin: trace.blob(header.stdin) }),
			});
			assert.is(Buffer.compare(again.bytes, twice.bytes), 0, 'two recordings');
			assert.is(verify(new Trace(again.bytes)).mismatch, null);
			assert.equal(new Trace(again.bytes).end, new Trace(bytes).end, 'the committed one');
		});
	}
}

test.run();
