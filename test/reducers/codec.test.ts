import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MachineEvent } from '../../src/events/event.ts';
import { decodeEvent, decodeState, encodeEvent, encodeState, ShapeError, writeEvent } from '../../src/reducers/codec.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { Packer } from '../../src/reducers/packer.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import { pack, unpack } from '../../src/replay/pack.ts';
import { DATA, page, richMachine, testMachine } from './machine.ts';
import { sampleEvents } from './samples.ts';

const through = (value: unknown) => unpack(pack(value));

test('the test machines keep the invariants', () => {
	assert.equal(checkInvariants(testMachine()), []);
	assert.equal(checkInvariants(richMachine()), []);
});

test('a state comes back as it was, bytes as plain Uint8Arrays of their own', () => {
	const state = richMachine();
	const packed = pack(encodeState(state));
	const back = decodeState(unpack(packed));
	packed.fill(0);
	assert.equal(back, state);
	assert.is(Object.getPrototypeOf(back.tasks[1].cpu.fx), Uint8Array.prototype);
});

test('the same bytes for the same state, whatever its history', () => {
	const state = richMachine();
	const again = { ...state, tasks: { 4: state.tasks[4], 2: state.tasks[2], 1: { ...state.tasks[1] } } };
	assert.equal(pack(encodeState(again)), pack(encodeState(state)));
});

test('a delta holds only what changed, and needs the state before', () => {
	const before = richMachine();
	const after = reduce(before, [
		{ kind: 'memory/write', mm: 1, address: DATA, bytes: new Uint8Array([9]), force: false },
		{ kind: 'mm/discard', mm: 2, start: DATA, end: DATA + 0x1000 },
		{ kind: 'inode/write', inode: 3, offset: 0, bytes: new Uint8Array([1]) },
	]);
	const full = pack(encodeState(after)).length;
	const delta = pack(encodeState(after, before));
	assert.ok(delta.length < full - 4 * 4096, `${delta.length} bytes against ${full}`);
	assert.equal(decodeState(unpack(delta), before), after);
	assert.throws(() => decodeState(unpack(delta)), /objects\[1\].base: pages in the previous state wanted/);
});

test('events come back as they were', () => {
	for (const event of sampleEvents()) assert.equal(decodeEvent(through(encodeEvent(event))), event, event.kind);
});

test('events are written as the bytes that packing what they are encoded to gives', () => {
	const out = new Packer();
	for (const event of sampleEvents()) {
		writeEvent(event, out);
		assert.equal(out.take(), new Uint8Array(pack(encodeEvent(event))), event.kind);
	}
});

test('any plain value is written as the packer packs it', () => {
	const out = new Packer();
	const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.integer({ min: -300, max: 300 }), fc.nat(0xffffffff));
	const leaf = fc.oneof(number, fc.boolean(), fc.constant(null), fc.string({ maxLength: 300 }), fc.string({ unit: 'binary' }));
	const wide = fc.oneof(leaf, fc.uint8Array({ maxLength: 400 }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }));
	const { value } = fc.letrec((tie) => ({
		value: fc.oneof({ maxDepth: 3 }, wide, fc.array(tie('value'), { maxLength: 20 }), fc.dictionary(fc.string(), tie('value'))),
	}));
	fc.assert(
		fc.property(value, (v) => {
			out.value(v);
			assert.equal(unpack(out.take()), unpack(new Uint8Array(pack(v))));
		}),
		{ seed: 3, numRuns: 1000 },
	);
	for (const length of [31, 32, 255, 256, 65535, 65536, 200_000]) {
		for (const v of ['x'.repeat(length), new Uint8Array(length), new Array(length).fill(7)]) {
			out.value(v);
			assert.equal(out.take(), new Uint8Array(pack(v)), String(length));
		}
	}
});

test('a table of signal actions tells those that are not the default, in order', () => {
	const event = sampleEvents().find((e) => e.kind === 'task/unshare' && e.sighand);
	const encoded = encodeEvent(event!) as { sighand: { actions: object[] } };
	const row = { signo: 10, handler: 1, flags: 2, restorer: 3, mask: 4n };
	const broken =
		(...actions: object[]) =>
		() =>
			decodeEvent({ ...encoded, sighand: { ...encoded.sighand, actions } });
	assert.throws(broken(row, row), /actions\[1\]: ascending signals wanted, 10 got/);
	assert.throws(
		broken({ ...row, handler: 0, flags: 0, restorer: 0, mask: 0n }),
		/actions\[0\]: an action that is not the default/,
	);
	assert.throws(broken({ ...row, signo: 65 }), /actions\[0\]\.signo: an integer 0\.\.64 wanted/);
});

test('a broken field is named', () => {
	const event: MachineEvent = { kind: 'mm/unmap', mm: 1, start: 0, end: 4096 };
	const broken = (change: object) => () => decodeEvent({ ...(encodeEvent(event) as object), ...change });
	assert.throws(broken({ end: -1 }), 'mm/unmap.end: an integer 0..4294967296 wanted, -1 got');
	assert.throws(broken({ mm: 'x' }), /mm\/unmap\.mm: .* "x" got/);
	assert.throws(broken({ kind: 'toString' }), /kind: a kind of event wanted/);
	assert.throws(broken({ extra: 1 }), /mm\/unmap\.extra: no such field wanted, 1 got/);
	assert.throws(() => decodeEvent({ kind: 'mm/unmap', mm: 1, start: 0 }), /mm\/unmap\.end: a value wanted, nothing got/);
	for (const odd of [null, 3, [], 'x', new Uint8Array(4)])
		assert.throws(
			() => decodeEvent(odd),
			(e: Error) => e instanceof ShapeError,
		);
});

test('ids that refer to nothing are refused', () => {
	const state = richMachine();
	const broken = { ...state, files: { ...state.files, 2: { ...state.files[2], inode: 99 } } };
	assert.throws(() => decodeState(encodeState(broken)), /files\[2\]: an existing inode wanted, 99 got/);
});

/** Every place in a plain value, as a function that puts something else there. */
function* places(value: unknown, put: (v: unknown) => unknown): Generator<(v: unknown) => unknown> {
	yield put;
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++) yield* places(value[i], (v) => put(value.with(i, v)));
	} else if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
		for (const [k, inner] of Object.entries(value)) yield* places(inner, (v) => put({ ...value, [k]: v }));
	}
}

const ODD: readonly unknown[] = [null, undefined, -1, 1.5, 2 ** 60, Number.NaN, 'x', [], {}, 10n ** 30n, new Uint8Array(3), true];

test('hostile states and events: a ShapeError or a whole value, never anything else', () => {
	const values = [encodeState(richMachine()), ...sampleEvents().map(encodeEvent)];
	const decoders = [decodeState, ...sampleEvents().map(() => decodeEvent)] as ((v: unknown) => unknown)[];
	let refused = 0;
	values.forEach((value, i) => {
		const all = [...places(value, (v) => v)];
		const stride = Math.max(1, Math.floor(all.length / 300));
		for (let p = 0; p < all.length; p += stride) {
			for (const odd of ODD) {
				try {
					decoders[i](all[p](odd));
				} catch (error) {
					if (!(error instanceof ShapeError)) throw error;
					refused++;
				}
			}
		}
	});
	assert.ok(refused > 5000, `${refused} refused`);
});

test('arbitrary values are refused, and prototypes stay clean', () => {
	fc.assert(
		fc.property(
			fc.object({ key: fc.constantFrom('kind', '__proto__', 'constructor', 'tasks', 'mm'), withTypedArray: true }),
			(value) => {
				assert.throws(
					() => decodeState(value),
					(e: Error) => e instanceof ShapeError,
				);
				assert.throws(
					() => decodeEvent({ ...value, kind: '__proto__' }),
					(e: Error) => e instanceof ShapeError,
				);
			},
		),
		{ numRuns: 300 },
	);
	const evil = JSON.parse('{"kind":"clock/skip","ns":1,"__proto__":{"polluted":1}}');
	assert.throws(() => decodeEvent(evil), /no such field/);
	assert.is(({} as { polluted?: number }).polluted, undefined);
});

test('columns that do not fit together are refused', () => {
	const steps = sampleEvents().find((e) => e.kind === 'cpu/steps');
	if (steps?.kind !== 'cpu/steps') throw new Error('no sample');
	const { columns } = steps;
	const bad = (change: object) => () => decodeEvent(encodeEvent({ ...steps, columns: { ...columns, ...change } }));
	assert.not.throws(bad({}));
	assert.throws(bad({ count: columns.count + 1 }), /columns: site and mask/);
	assert.throws(bad({ site: columns.site.map(() => 99) }), /a site below/);
	assert.throws(bad({ words: columns.words.subarray(1) }), /columns: /);
	assert.throws(bad({ words: columns.words.map(() => 0xffffffff) }), /columns: /);
	assert.throws(bad({ mask: columns.mask.map(() => 0xffff) }), /columns: /);
	assert.throws(() => decodeEvent({ ...(encodeEvent(steps) as object), columns: page(1) }), /columns: an object wanted/);
});

test.run();
