/**
 * Hostile images at the restart: structure-aware and byte-wise damage to images of real runs. Each is refused in one line, or
 * becomes a state an ordinary process can be in, which then runs on without ever being more than a guest.
 */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError } from '../../src/cpt/error.ts';
import { readImage } from '../../src/cpt/v2/framing.ts';
import type { ImageObject } from '../../src/cpt/v2/image-object.ts';
import { type Piece, pieceOf, writeImage } from '../../src/cpt/v2/image-writer.ts';
import { RestartError } from '../../src/cpt/v2/progress.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { checkpoint, type Freeze, freezeAt } from '../../src/replay/checkpoint.ts';
import { Machine } from '../../src/replay/machine.ts';
import { restore } from '../../src/replay/restart.ts';
import { random, samples, seed } from '../laws/traces.ts';

const SEED = seed();
/** Steps that a restored machine is run: enough to go through the kernel and back. */
const STEPS = 3000;
/** Damaged images of each trace; more with RUNS in the environment. */
const RUNS = Number(process.env.RUNS ?? 60);

const tally = { refused: 0, restored: 0 };

/** One line that says where; or a state that is sound, and that can be run. */
function attempt(image: Uint8Array, { state }: Freeze): void {
	let restored: MachineState;
	try {
		restored = restore(image, { residual: state }).state;
	} catch (e) {
		if (!(e instanceof ImageError || e instanceof RestartError)) throw e;
		assert.ok(e.offset >= 0 && e.offset <= image.length && !e.message.includes('\n') && e.object !== '', e.message);
		tally.refused++;
		return;
	}
	tally.restored++;
	assert.equal(checkInvariants(restored), []);
	const machine = new Machine(restored, 'runs', () => {});
	machine.thaw('kernel');
	machine.advance(restored.clock.steps + STEPS);
	machine.flush();
	assert.equal(checkInvariants(machine.snapshot()), []);
	machine.close();
}

/** Damage to the structure: objects moved, doubled, left out, and fields set; lengths and counts stay those of the pieces. */
interface Edit {
	readonly kind: 'drop' | 'twice' | 'swap' | 'field' | 'byte';
	readonly at: number;
	readonly other: number;
	readonly value: bigint;
}

const anyEdit: fc.Arbitrary<Edit> = fc.record({
	kind: fc.constantFrom('field', 'field', 'field', 'field', 'byte', 'byte', 'drop', 'twice', 'swap'),
	at: fc.nat(),
	other: fc.nat(),
	value: fc.oneof(
		fc.bigInt(0n, 0xffffffffn),
		fc.constantFrom(0n, 1n, 2n, 4n, 16n, 0x1000n, 0xbffff000n, 0xc0000000n, 0xfffff000n, 0xffffffffn, 2n ** 63n),
	),
});

const HEADER = new Set(['cpt_len', 'cpt_hdrlen', 'cpt_type']);

function edited(objects: readonly ImageObject[], edits: readonly Edit[]): Uint8Array {
	const pieces: Piece[] = objects.map(pieceOf);
	const bytes: [number, number][] = [];
	for (const { kind, at, other, value } of edits) {
		const i = at % pieces.length;
		const j = other % pieces.length;
		if (kind === 'drop' && pieces.length > 2) pieces.splice(i, 1);
		else if (kind === 'twice') pieces.splice(j, 0, pieces[i]);
		else if (kind === 'swap') [pieces[i], pieces[j]] = [pieces[j], pieces[i]];
		else if (kind === 'field') pieces[i] = withField(pieces[i], other, value);
		else bytes.push([at, Number(value & 0xffn)]);
	}
	const image = writeImage(pieces);
	for (const [at, byte] of bytes) image[at % image.length] ^= byte;
	return image;
}

function withField(piece: Piece, other: number, value: bigint): Piece {
	const fields = piece.struct.fields.filter((f) => !f.field.isPad && !f.field.isBytes && !HEADER.has(f.name));
	const { name, field } = fields[other % fields.length];
	const one = field.width === 8 ? BigInt.asUintN(64, value) : Number(BigInt.asUintN(8 * field.width, value));
	const old = (piece.values as Readonly<Record<string, unknown>>)[name];
	const made = field.count === undefined ? one : (old as readonly unknown[]).with(other % field.count, one);
	return { ...piece, values: { ...piece.values, [name]: made } as Piece['values'] };
}

for (const [i, { name, trace }] of samples().entries()) {
	test(`${name}: damaged images are refused, or are an ordinary process`, () => {
		const next = random(SEED + i);
		const freezes = Array.from({ length: 4 }, () =>
			freezeAt(trace, { steps: Math.floor(next() * (trace.end?.steps ?? 1)), k: 0 }),
		).filter((freeze) => freeze !== undefined);
		const images = freezes.map((freeze) => readImage(checkpoint(freeze).bytes));
		fc.assert(
			fc.property(fc.nat(freezes.length - 1), fc.array(anyEdit, { minLength: 1, maxLength: 2 }), (n, edits) => {
				attempt(edited(images[n], edits), freezes[n]);
			}),
			{ seed: SEED, numRuns: RUNS, endOnFailure: false },
		);
	});
}

test('both outcomes were there', () => {
	console.log(`note ${JSON.stringify(tally)}`);
	assert.ok(tally.refused > 50 && tally.restored > 50, JSON.stringify(tally));
});

test.run();
