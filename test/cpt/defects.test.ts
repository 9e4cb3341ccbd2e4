/** A restart with a defect planted, given any image: a machine, or a typed error. A defect is no excuse for a crash of ours. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFECTS, DefectError, plant } from '../../src/cpt/defects/defects.ts';
import { ImageError } from '../../src/cpt/error.ts';
import { DumpError } from '../../src/cpt/v2/dump.ts';
import { RestartError } from '../../src/cpt/v2/progress.ts';
import { checkpoint, type Freeze, freezeAt } from '../../src/replay/checkpoint.ts';
import { restore } from '../../src/replay/restart.ts';
import { random, seed } from '../laws/traces.ts';
import { mark, positionOf, run } from '../replay/bisect/frozen.ts';

const SEED = seed();
/** Broken images for each defect and guest. */
const IMAGES = 20;

/** What the defect makes of a dump, and of it the image in which it shows; undefined where it cannot. */
function imageOf(freeze: Freeze, name: string): Uint8Array | undefined {
	const { rules } = plant([name]);
	try {
		const { bytes } = checkpoint(freeze, rules);
		return rules.premise ? rules.premise(bytes) : bytes;
	} catch (error) {
		if (error instanceof DumpError || error instanceof DefectError) return undefined;
		throw error;
	}
}

for (const guest of ['frozen', 'frozen_files']) {
	test(`${guest}: every planted restart of broken images`, async () => {
		const made = await run(guest);
		const freeze = freezeAt(made.trace, positionOf(made, mark(1)))!;
		const next = random(SEED);
		const below = (n: number) => Math.floor(next() * n);
		let [taken, refused] = [0, 0];
		for (const { name } of DEFECTS.filter((d) => d.rules !== undefined)) {
			const image = imageOf(freeze, name);
			if (image === undefined) continue;
			const { rules } = plant([name]);
			for (let i = 0; i < IMAGES; i++) {
				const broken = image.slice();
				for (let n = 1 + below(3); n > 0; n--) {
					const at = below(2) === 0 ? below(broken.length) : below(Math.min(broken.length, 1200));
					broken[at] = below(256);
				}
				try {
					restore(broken, { residual: freeze.state, rules });
					taken++;
				} catch (error) {
					const typed = error instanceof ImageError || error instanceof RestartError || error instanceof DefectError;
					assert.ok(typed, `${name}, image ${i}, seed ${SEED}: ${(error as Error).stack}`);
					refused++;
				}
			}
		}
		assert.ok(taken > 100 && refused > 100, `${taken} taken, ${refused} refused`);
	});
}

test.run();
