/**
 * Images changed in one place: whatever it is, a bisect names the object and the field, whether the image is refused, the run
 * differs, or nothing the program did depended on it.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readImage } from '../../../src/cpt/v2/framing.ts';
import type { ImageObject } from '../../../src/cpt/v2/image-object.ts';
import { bisect } from '../../../src/replay/bisect/bisect.ts';
import type { BisectReport } from '../../../src/replay/bisect/report.ts';
import { checkpoint, freezeAt } from '../../../src/replay/checkpoint.ts';
import { random, samples, seed } from '../../laws/traces.ts';

const SEED = seed();
/** Changes over all traces. */
const CHANGES = 204;
const all = samples();

interface Change {
	readonly object: ImageObject;
	/** What a report must name. */
	readonly field: string;
	readonly image: Uint8Array;
	readonly text: string;
}

/** Flips a bit anywhere, or gives a field another value. */
function change(bytes: Uint8Array, below: (n: number) => number): Change {
	const objects = readImage(bytes);
	const object = objects[below(objects.length)];
	const image = bytes.slice();
	let at: number;
	if (below(2) === 0) {
		const { offset, field } = object.struct.fields[below(object.struct.fields.length)];
		at = object.offset + offset + below(field.count ?? 1) * (field.isBytes ? 1 : field.width);
		for (let i = 0; i < (field.isBytes ? 1 : field.width); i++) image[at + i] = below(4) === 0 ? below(256) : image[at + i];
		if (image[at] === bytes[at]) image[at] ^= 1 + below(255);
	} else {
		const inHeader = object.payloadLength === 0 || below(4) > 0;
		at = object.offset + (inHeader ? below(object.headerLength) : object.headerLength + below(object.payloadLength));
		image[at] ^= 1 << below(8);
	}
	const { name, part } = object.partAt(at);
	return { object, field: part === 'field' ? name : part === 'payload' ? 'payload' : 'header', image, text: `${name} at ${at}` };
}

function names({ causes }: BisectReport, { object, field }: Change): boolean {
	return causes.some((c) => c.label === object.label && (c.field === field || c.field?.startsWith(`${field} `)));
}

const seen = { refused: 0, differs: 0, harmless: 0, equal: 0 };

for (const [i, { name, trace }] of all.entries()) {
	test(`${name}: a changed image is named`, () => {
		const next = random(SEED + i);
		const below = (n: number) => Math.floor(next() * n);
		for (let n = 0; n < CHANGES / all.length; n++) {
			const freeze = freezeAt(trace, { steps: below(trace.end?.steps ?? 1), k: 0 });
			if (freeze === undefined) continue;
			const made = change(checkpoint(freeze).bytes, below);
			const report = bisect(trace, freeze.at, { image: made.image, freeze });
			const what = `${made.object.label} ${made.text}, checkpoint at ${freeze.at.steps}.${freeze.at.k}, seed ${SEED}`;
			assert.ok(names(report, made), `${what}: ${report.verdict}, ${JSON.stringify(report.causes)}`);
			assert.is.not(report.verdict, 'equal', what);
			if (report.verdict === 'differs') assert.ok(report.first, `${what}: no first difference`);
			seen[report.verdict]++;
		}
	});
}

test('every outcome was there', () => {
	console.log(`note ${JSON.stringify(seen)}`);
	assert.ok(seen.refused > 20 && seen.differs > 5 && seen.harmless > 20, JSON.stringify(seen));
});

test.run();
