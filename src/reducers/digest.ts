/**
 * Digests: 64 bits over the canonical form, so that states a guest could not tell apart have the same and others, but for a
 * chance of 2^-64, do not. What did not change since the last digest (an entity, a page, a stretch of 1,024 pages) is
 * known again by its identity, and costs a look-up: values of a state are never written, so identity is enough.
 */
import { PAGE_SIZE } from '../events/pages.ts';
import { vmaAt } from './address-space.ts';
import { privateOwners } from './canonical.ts';
import { REF_KINDS, type Ref, shapeOf, tableOf, walkEntities } from './entities.ts';
import type { Pages } from './pages.ts';
import type { RefKind, Shape, Sink } from './shape.ts';
import * as s from './shapes.ts';
import type { MachineState, MemoryObject, Mm } from './state.ts';

/** 64-bit hash of bytes. The bytes may be written to after the call. */
export type Hash64 = (bytes: Uint8Array, seed?: bigint) => bigint;

/** To be raised when the digest of an unchanged state changes. */
const DIGEST_VERSION = 1;

const LEAF_PAGES = 1024;

interface EntityDigest {
	readonly hash: bigint;
	readonly refs: readonly Ref[];
}

interface LeafDigest {
	/** Over the pages that are not zeros; 0n if there is none. */
	readonly hash: bigint;
	/** Which pages are all zeros. */
	readonly zeros: readonly number[];
}

/** A growing buffer that a digest is taken of. Ids go to `refs`: their numbers are not known yet. */
class Buffer64 implements Sink {
	refs: Ref[] = [];
	#bytes = new Uint8Array(4096);
	#view = new DataView(this.#bytes.buffer);
	#length = 0;

	number(value: number): void {
		this.#room(8);
		this.#view.setFloat64(this.#length, value, true);
		this.#length += 8;
	}

	big(value: bigint): void {
		this.number(value < 0n ? 1 : 0);
		this.hash(BigInt.asUintN(64, value));
	}

	hash(value: bigint): void {
		this.#room(8);
		this.#view.setBigUint64(this.#length, value, true);
		this.#length += 8;
	}

	text(value: string): void {
		this.number(value.length);
		this.#room(value.length * 2);
		for (let i = 0; i < value.length; i++, this.#length += 2) this.#view.setUint16(this.#length, value.charCodeAt(i), true);
	}

	bytes(value: Uint8Array): void {
		this.number(value.length);
		this.#room(value.length);
		this.#bytes.set(value, this.#length);
		this.#length += value.length;
	}

	/** The place is marked with a value that no number has; the id itself is for later. */
	ref(kind: RefKind, id: number): void {
		this.number(Number.NEGATIVE_INFINITY);
		this.refs.push({ kind, id });
	}

	/** Pages are digested beside the entity that holds them. */
	pages(): void {}

	take(): Uint8Array {
		const taken = this.#bytes.subarray(0, this.#length);
		this.#length = 0;
		return taken;
	}

	#room(more: number): void {
		if (this.#length + more <= this.#bytes.length) return;
		const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
		grown.set(this.#bytes.subarray(0, this.#length));
		this.#bytes = grown;
		this.#view = new DataView(grown.buffer);
	}
}

/** A function that digests states, and remembers what it saw. */
export function createDigester(hash64: Hash64): (state: MachineState) => bigint {
	const entities = new WeakMap<object, EntityDigest>();
	const leaves = new WeakMap<object, LeafDigest>();
	const pages = new WeakMap<Uint8Array, bigint>();
	const part = new Buffer64();
	const zero = hash64(new Uint8Array(PAGE_SIZE));

	function entityDigest<T extends object>(shape: Shape<T>, value: T): EntityDigest {
		let known = entities.get(value);
		if (known === undefined) {
			part.refs = [];
			shape.put(value, part);
			known = { hash: hash64(part.take()), refs: part.refs };
			entities.set(value, known);
		}
		return known;
	}

	function leafDigest(leaf: readonly (Uint8Array | undefined)[]): LeafDigest {
		let known = leaves.get(leaf);
		if (known !== undefined) return known;
		const zeros: number[] = [];
		let some = false;
		for (let i = 0; i < leaf.length; i++) {
			const page = leaf[i];
			if (page === undefined) continue;
			let hash = pages.get(page);
			if (hash === undefined) {
				hash = hash64(page);
				pages.set(page, hash);
			}
			if (hash === zero) {
				zeros.push(i);
				continue;
			}
			some = true;
			part.number(i);
			part.hash(hash);
		}
		known = { hash: some ? hash64(part.take()) : 0n, zeros };
		leaves.set(leaf, known);
		return known;
	}

	/** @param owner of the private pages: a page of zeros over a file's page is one, elsewhere it is the same as none. */
	function putPages(out: Buffer64, { leaves: table }: Pages, owner: Mm | undefined): void {
		for (const key of Object.keys(table).map(Number)) {
			const { hash, zeros } = leafDigest(table[key]);
			if (hash !== 0n) {
				out.number(key);
				out.hash(hash);
			}
			if (owner === undefined) continue;
			for (const i of zeros) {
				const index = key * LEAF_PAGES + i;
				if (hidesSomething(owner, index)) out.number(-1 - index);
			}
		}
		out.number(Number.POSITIVE_INFINITY);
	}

	return (state) => {
		const out = new Buffer64();
		const owners = privateOwners(state.mms);
		const missing: EntityDigest = { hash: 0n, refs: [] };
		const digestOf = (kind: RefKind, id: number): EntityDigest => {
			const entity = tableOf(state, kind)[id];
			return entity === undefined ? missing : entityDigest(shapeOf(kind), entity);
		};
		const { persona, clock, next, scheduler, prng, freezer, ended, streams } = state;
		out.number(DIGEST_VERSION);
		out.hash(entityDigest(s.persona, persona).hash);
		s.clock.put(clock, out);
		out.number(next.pid);
		out.number(next.ino);
		s.scheduler.put(scheduler, out);
		s.prng.put(prng, out);
		s.freezer.put(freezer, out);
		out.number(ended ? 1 : 0);
		for (const stream of Object.values(streams)) {
			out.number(stream.id);
			out.hash(entityDigest(s.stream, stream).hash);
		}
		walkEntities(
			state,
			{ task: (pid) => entityDigest(s.task, state.tasks[pid]).refs, entity: (kind, id) => digestOf(kind, id).refs },
			{
				task(pid, numbers) {
					out.number(pid);
					out.hash(entityDigest(s.task, state.tasks[pid]).hash);
					for (const n of numbers) out.number(n);
				},
				entity(kind, id, _number, numbers) {
					out.number(-1 - REF_KINDS.indexOf(kind));
					out.hash(digestOf(kind, id).hash);
					for (const n of numbers) out.number(n);
					if (kind !== 'object') return;
					const object: MemoryObject | undefined = state.objects[id];
					if (object !== undefined) putPages(out, object.pages, owners.get(id));
				},
			},
		);
		return hash64(out.take());
	};
}

/** Whether a private page of an address space hides the page of a file or another object. */
export function hidesSomething(mm: Mm, vpn: number): boolean {
	return (vmaAt(mm, vpn * PAGE_SIZE)?.object ?? 0) !== 0;
}
