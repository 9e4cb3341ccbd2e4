/** What a guest asked for and this machine does not have: names and how often. */
import type { Trace } from '../../replay/trace.ts';

export class Counts {
	readonly #counts = new Map<string, number>();

	add(name: string): void {
		this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
	}

	get any(): boolean {
		return this.#counts.size > 0;
	}

	/** `clone, socket × 3`; the first eight. */
	text(): string {
		const all = [...this.#counts].map(([name, n]) => (n === 1 ? name : `${name} × ${n}`));
		return all.slice(0, 8).join(', ') + (all.length > 8 ? ` and ${all.length - 8} more` : '');
	}

	json(): { readonly [name: string]: number } {
		return Object.fromEntries(this.#counts);
	}
}

/** Those of a trace, as its whole frames tell. */
export function unsupportedOf(trace: Trace): Counts {
	const counts = new Counts();
	for (const { events } of trace.eventFrames()) {
		for (const stored of events) {
			const { kind, name } = (stored ?? {}) as { readonly kind?: unknown; readonly name?: unknown };
			if (kind === 'unsupported') counts.add(String(name));
		}
	}
	return counts;
}
