/** Positions: `N` is after N retired machine steps and before any event there; `N.k` is after k events at that step. */
export interface Position {
	readonly steps: number;
	readonly k: number;
}

/** Reads `N` or `N.k`; undefined when it is neither. */
export function parsePosition(text: string): Position | undefined {
	const m = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(text.replaceAll(/[,_](?=\d)/g, ''));
	return m ? { steps: Number(m[1]), k: Number(m[2] ?? 0) } : undefined;
}

export function formatPosition(p: Position): string {
	return p.k === 0 ? String(p.steps) : `${p.steps}.${p.k}`;
}

export function comparePositions(a: Position, b: Position): number {
	return a.steps - b.steps || a.k - b.k;
}
