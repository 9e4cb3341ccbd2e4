/** A heap: the least first. Entries that no longer hold may stay; who takes one up looks whether it does. */
export class Heap<T> {
	readonly #entries: T[] = [];
	readonly #before: (a: T, b: T) => boolean;

	/** @param before whether one comes before another; the same for two means that either may */
	constructor(before: (a: T, b: T) => boolean) {
		this.#before = before;
	}

	/** The least; undefined when there is none. */
	get first(): T | undefined {
		return this.#entries[0];
	}

	push(entry: T): void {
		const heap = this.#entries;
		let i = heap.push(entry) - 1;
		for (let up = (i - 1) >> 1; i > 0 && this.#before(entry, heap[up]); up = (i - 1) >> 1) {
			heap[i] = heap[up];
			i = up;
		}
		heap[i] = entry;
	}

	/** Takes the least out. */
	pop(): void {
		const heap = this.#entries;
		const last = heap.pop();
		if (last === undefined || heap.length === 0) return;
		let i = 0;
		for (let down = 1; down < heap.length; down = 2 * i + 1) {
			if (down + 1 < heap.length && this.#before(heap[down + 1], heap[down])) down++;
			if (!this.#before(heap[down], last)) break;
			heap[i] = heap[down];
			i = down;
		}
		heap[i] = last;
	}
}
