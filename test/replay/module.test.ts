/** The checkpoint module: images that guests write are those of `checkpoint`, what is planted in it shows, and no image breaks the machine. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DefectError } from '../../src/cpt/defects/defect.ts';
import type { MachineEvent } from '../../src/events/event.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { fold } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { checkpoint, freezeAt } from '../../src/replay/checkpoint.ts';
import { parseHeader } from '../../src/replay/header.ts';
import { moduleRules, serveModule } from '../../src/replay/module.ts';
import { NoOutside } from '../../src/replay/outside.ts';
import { record } from '../../src/replay/record.ts';
import { stateAt } from '../../src/replay/rerun.ts';
import { items } from '../../src/replay/timeline.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { guestPath } from '../guests/manifest.ts';
import { random, seed } from '../laws/traces.ts';

async function run(guest: string, checkpointModule: readonly string[] | null = []) {
	const outside = new NoOutside();
	const options = checkpointModule === null ? {} : { checkpointModule };
	const program = readFileSync(guestPath(guest));
	const { bytes, end } = await record({ path: `/guests/${guest}`, program, outside, maxSteps: 3_000_000, ...options });
	return { bytes, trace: new Trace(bytes), end, text: outside.text(1) };
}

/** The events of a kind, each with the position before it. */
function* eventsOf<K extends MachineEvent['kind']>(trace: Trace, kind: K) {
	for (const { at, event } of items(trace, 0, trace.end!.steps)) {
		if (event.kind === kind) yield { at, event: event as Extract<MachineEvent, { kind: K }> };
	}
}

/** The last bytes of a file there, by its path. */
function fileAt({ files, inodes, objects }: MachineState, path: string): Uint8Array {
	const file = Object.values(files).find((f) => f.path === path) ?? assert.unreachable(path);
	const { object, size } = inodes[(file as { inode: number }).inode];
	const bytes = new Uint8Array(Math.ceil(size / 4096) * 4096);
	for (const [index, page] of objects[object].pages.entries()) bytes.set(page, index * 4096);
	return bytes.subarray(0, size);
}

const child = await run('checkpoint_child');
const tree = await run('checkpoint_tree');

test('what a guest finds in its file is what `checkpoint` writes of the same state', () => {
	let images = 0;
	for (const { trace } of [child, tree]) {
		for (const { at, event } of eventsOf(trace, 'module/checkpoint')) {
			// Who dumps itself is inside the call, where no freeze takes hold.
			if (event.task === event.root) continue;
			const freeze = freezeAt(trace, { steps: at.steps, k: 0 });
			assert.ok(freeze);
			const wanted = checkpoint(freeze, {}, event.root);
			assert.is(event.length, wanted.bytes.length);
			assert.is(event.objects, wanted.objects.length);
			assert.ok(Buffer.from(fileAt(freeze.state, '/image')).equals(wanted.bytes), `the image of pid ${event.root}`);
			images++;
		}
	}
	assert.is(images, 3);
});

test('recorded twice it is the same file, and its replay makes the same events', async () => {
	assert.ok(Buffer.from((await run('checkpoint_tree')).bytes).equals(tree.bytes));
	assert.is(verify(tree.trace).mismatch, null);
	assert.equal(tree.trace.header.persona.checkpointModule, []);
	const kinds = [...eventsOf(tree.trace, 'restore/object'), ...eventsOf(tree.trace, 'checkpoint/object')];
	assert.equal(kinds, [], 'nothing that somebody outside does');
});

test('what the image cannot hold is named in the event', () => {
	const [{ event }] = eventsOf(tree.trace, 'module/checkpoint');
	assert.ok(
		event.left.some((one) => /^open descriptor .*3 of 3: pipe:/.test(one)),
		event.left.join('; '),
	);
	assert.ok(event.left.some((one) => one.startsWith('sleeping call 3')));
});

test('without the module the numbers are the kernel’s own', async () => {
	const { text, trace } = await run('checkpoint_child', null);
	assert.is(text, 'no checkpoint module\n');
	assert.is('checkpointModule' in trace.header.persona, false);
});

/** Defects, and the first line that is not as it should be. */
const PLANTED: readonly (readonly [defect: string, guest: 'checkpoint_child' | 'checkpoint_tree', line: string | undefined])[] = [
	['clean-pages-refused', 'checkpoint_child', 'FAIL dumped'],
	['fpu-never-used', 'checkpoint_child', 'FAIL restarted'],
	['used-math-mask', 'checkpoint_child', 'goes on: pid 1, sum 182c71d4, 4141 -2147483648'],
	['registers-on-self', 'checkpoint_child', 'it ended with b'],
	['never-woken', 'checkpoint_child', ''],
	['pid-not-restored', 'checkpoint_child', 'FAIL the child is there again, and alive'],
	['group-and-session-lost', 'checkpoint_child', 'goes on: leads its group 0, child of its parent 1, user 0'],
	['exit-signal-lost', 'checkpoint_child', 'FAIL the child is there again, and alive'],
	['syscall-code-leaks', 'checkpoint_child', 'pause ends with -514 after signal 0'],
	['mm-shared-on-restart', 'checkpoint_tree', ''],
	['tid-pointers-unset', 'checkpoint_tree', ''],
	['ldt-always-read', 'checkpoint_tree', 'FAIL restarted'],
	['unlocked-walk', 'checkpoint_tree', 'FAIL restarted'],
];

for (const [defect, guest, line] of PLANTED) {
	test(`${defect} shows in ${guest}`, async () => {
		const wanted = (guest === 'checkpoint_child' ? child : tree).text.split('\n');
		const { text, trace } = await run(guest, [defect]);
		const lines = text.split('\n');
		const first = lines.findIndex((l, i) => l !== wanted[i]);
		assert.is(lines[first], line);
		assert.is(verify(trace).mismatch, null);
	});
}

test('what no guest can show is refused, in a header too', () => {
	for (const defect of ['thaw-during-dump', 'signal-too-early', 'file-offset-split', 'signals-not-dumped', 'no-such'])
		assert.throws(
			() => moduleRules([defect]),
			(e: unknown) => e instanceof DefectError,
		);
	const { persona, ...rest } = tree.trace.header;
	assert.match(
		String(parseHeader({ ...rest, persona: { ...persona, checkpointModule: ['no-such'] } })),
		/checkpointModule.*a defect of the catalogue/,
	);
});

test('whatever stands in an image, a restart makes a machine that holds together, or none', () => {
	const next = random(seed());
	const said = { made: 0, refused: 0 };
	for (const { trace } of [child, tree]) {
		for (const { at, event } of eventsOf(trace, 'module/restart')) {
			if (event.result !== 0) continue;
			const state = stateAt(trace, { steps: at.steps, k: 0 })!;
			const image = fileAt(state, '/image');
			for (let i = 0; i < 120; i++) {
				const bytes = image.slice(0, i % 10 === 0 ? Math.floor(next() * image.length) : image.length);
				for (let n = 0; n <= i % 3; n++) bytes[Math.floor(next() * bytes.length)] ^= 1 << Math.floor(next() * 8);
				const { result, events, why } = serveModule(state, event.task, { kind: 'restart', image: bytes });
				assert.is(result === 0, why === '');
				if (result === 0)
					assert.equal(
						checkInvariants(fold(state, events)).map((v) => `${v.path.join('.')}: ${v.rule}`),
						[],
					);
				else assert.equal(events, []);
				said[result === 0 ? 'made' : 'refused']++;
			}
		}
	}
	assert.ok(said.made > 50 && said.refused > 50, JSON.stringify(said));
});

test.run();
