import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_SIZE } from '../../src/reducers/pages.ts';
import type { Vma } from '../../src/reducers/state.ts';
import { Vm } from '../../src/reducers/state.ts';
import { flagVmas, insertVma, mergeable, moveVmas, removeVmas, resizeVma, splitVmas, vmasIn } from '../../src/reducers/vma.ts';
import { vma } from './machine.ts';

/** The model: each page by itself, as text that says all that is mapped there. Undefined: nothing. */
const SIZE = 24;
type Model = (string | undefined)[];

function describe(v: Vma, page: number): string {
	return `${v.flags} ${v.object} ${v.object === 0 ? 0 : v.pgoff + page - v.start / PAGE_SIZE} ${v.inode} ${v.path}`;
}

function modelOf(vmas: readonly Vma[]): Model {
	const model: Model = new Array(SIZE).fill(undefined);
	for (const v of vmas) {
		for (let p = v.start / PAGE_SIZE; p < v.end / PAGE_SIZE; p++) {
			assert.is(model[p], undefined, 'no overlap');
			model[p] = describe(v, p);
		}
	}
	return model;
}

function wellFormed(vmas: readonly Vma[]): void {
	vmas.forEach((v, i) => {
		assert.ok(v.start < v.end && v.start % PAGE_SIZE === 0 && v.end % PAGE_SIZE === 0);
		if (i === 0) return;
		assert.ok(vmas[i - 1].end <= v.start, 'sorted');
		assert.not(mergeable(vmas[i - 1], v), 'mergeable neighbours are merged');
	});
}

type Op = {
	readonly op: 'map' | 'unmap' | 'flags' | 'move' | 'resize';
	readonly at: number;
	readonly pages: number;
	readonly to: number;
	readonly pick: number;
};

const FLAGS = [1, 3, 3, 3 | Vm.GROWSDOWN];
const OBJECTS = [0, 0, 7];

const op: fc.Arbitrary<Op> = fc.record({
	op: fc.constantFrom('map', 'map', 'unmap', 'flags', 'move', 'resize'),
	at: fc.nat(SIZE - 1),
	pages: fc.integer({ min: 1, max: 6 }),
	to: fc.nat(SIZE - 1),
	pick: fc.nat(999),
});

/** Applies an operation to the list and to the model; those that are not valid where they fall are left out. */
function apply(vmas: readonly Vma[], model: Model, { op, at, pages, to, pick }: Op): readonly Vma[] {
	const end = Math.min(at + pages, SIZE);
	const free = (from: number, until: number) => until <= SIZE && model.slice(from, until).every((p) => p === undefined);
	const bytes = (page: number) => page * PAGE_SIZE;
	switch (op) {
		case 'map': {
			if (!free(at, end)) return vmas;
			const object = OBJECTS[pick % 3];
			const v = vma(bytes(at), end - at, {
				flags: FLAGS[pick % 4],
				object,
				pgoff: object === 0 ? pick : at + (pick % 2),
				path: 'ab'[pick % 2],
			});
			for (let p = at; p < end; p++) model[p] = describe(v, p);
			return insertVma(vmas, v);
		}
		case 'unmap':
			model.fill(undefined, at, end);
			return removeVmas(vmas, bytes(at), bytes(end));
		case 'flags': {
			const set = pick % 2 === 0 ? Vm.WRITE : Vm.EXEC;
			for (let p = at; p < end; p++) {
				const [flags, ...rest] = model[p]?.split(' ') ?? [];
				if (flags !== undefined) model[p] = [(Number(flags) & ~Vm.READ) | set, ...rest].join(' ');
			}
			return flagVmas(vmas, bytes(at), bytes(end), Vm.READ, set);
		}
		case 'move': {
			const length = end - at;
			const apart = to + length <= at || end <= to;
			if (!apart || !free(to, to + length) || free(at, end)) return vmas;
			for (let p = 0; p < length; p++) {
				model[to + p] = model[at + p];
				model[at + p] = undefined;
			}
			return moveVmas(vmas, bytes(at), bytes(to), bytes(length));
		}
		case 'resize': {
			if (vmas.length === 0) return vmas;
			const v = vmas[pick % vmas.length];
			const from = v.start / PAGE_SIZE;
			const until = v.end / PAGE_SIZE;
			const newEnd = Math.min(to + pages, SIZE);
			const back = from - to;
			const others = model.map((p, i) => (i >= from && i < until ? undefined : p));
			if (others.slice(to, newEnd).some((p) => p !== undefined) || (v.object !== 0 && v.pgoff < back)) return vmas;
			model.fill(undefined, from, until);
			for (let p = to; p < newEnd; p++) model[p] = describe(v, p);
			return resizeVma(vmas, v.start, bytes(to), bytes(newEnd));
		}
	}
}

test('lists stay sorted and merged, and map what the pages one by one would', () => {
	fc.assert(
		fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
			let vmas: readonly Vma[] = [];
			const model: Model = new Array(SIZE).fill(undefined);
			for (const each of ops) {
				const before = JSON.stringify(vmas);
				const next = apply(vmas, model, each);
				assert.is(JSON.stringify(vmas), before, 'the list given is not written');
				vmas = next;
				wellFormed(vmas);
				assert.equal(modelOf(vmas), model);
			}
		}),
		{ numRuns: 1000 },
	);
});

test('equal neighbours merge, others do not', () => {
	const merged = (a: Partial<Vma>, b: Partial<Vma>) => insertVma([vma(0, 1, a)], vma(PAGE_SIZE, 1, b)).length === 1;
	assert.ok(merged({}, {}));
	assert.ok(merged({ pgoff: 5 }, { pgoff: 9 }), 'the offset of anonymous memory does not count');
	assert.ok(merged({ object: 1, pgoff: 4 }, { object: 1, pgoff: 5 }));
	assert.not.ok(merged({ object: 1, pgoff: 4 }, { object: 1, pgoff: 6 }));
	assert.not.ok(merged({ flags: 1 }, { flags: 3 }));
	assert.not.ok(merged({ inode: 1 }, { inode: 2 }));
	assert.not.ok(merged({ path: '[heap]' }, {}));
	assert.not.ok(merged({ flags: 3 | Vm.GROWSDOWN }, { flags: 3 | Vm.GROWSDOWN }));
	assert.not.ok(merged({ object: 1, path: '[vdso]' }, { object: 1, pgoff: 1, path: '[vdso]' }));
	assert.is(insertVma([vma(0, 1), vma(2 * PAGE_SIZE, 1)], vma(PAGE_SIZE, 1)).length, 1, 'a filled hole');
});

test('parts of a file mapping keep their place in the file', () => {
	const list = [vma(0, 4, { object: 1, pgoff: 10 })];
	assert.equal(
		splitVmas(list, PAGE_SIZE).map((v) => v.pgoff),
		[10, 11],
	);
	assert.is(vmasIn(list, 2 * PAGE_SIZE, 3 * PAGE_SIZE)[0].pgoff, 12);
	assert.is(splitVmas(list, 0), list);
	assert.equal(
		resizeVma(list, 0, PAGE_SIZE, 5 * PAGE_SIZE).map((v) => [v.start, v.pgoff]),
		[[PAGE_SIZE, 11]],
	);
});

test('what cannot be is an assertion', () => {
	const list = [vma(0, 2), vma(0x10000, 1, { object: 1 })];
	assert.throws(() => insertVma(list, vma(PAGE_SIZE, 1)), /in the way/);
	assert.throws(() => resizeVma(list, 0, 0, 0x11000), /in the way/);
	assert.throws(() => resizeVma(list, PAGE_SIZE, 0, PAGE_SIZE), /no mapping begins/);
	assert.throws(() => resizeVma(list, 0x10000, 0xf000, 0x11000), /before its object/);
	assert.throws(() => removeVmas(list, 1, PAGE_SIZE), /page-aligned/);
	assert.throws(() => removeVmas(list, 0, 2 ** 32 + PAGE_SIZE), /within the address space/);
});

test.run();
