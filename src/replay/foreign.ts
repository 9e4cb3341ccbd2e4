/**
 * Somebody's own restart, put where ours is: whatever it throws is a refusal of the image, and errors of another copy of this
 * package are taken for what they are.
 */
import { ImageError } from '../cpt/error.ts';
import { DumpError, type Dumper } from '../cpt/v2/dump.ts';
import { RestartError } from '../cpt/v2/progress.ts';
import type { Restarter } from '../cpt/v2/restart.ts';
import type { RestoreEvent } from '../events/restore.ts';
import { decodeEvent, encodeEvent } from '../reducers/codec.ts';
import { checkReferences } from '../reducers/invariants.ts';
import { formatPath } from '../reducers/path.ts';
import { restoreState } from '../reducers/restore.ts';
import type { MachineState } from '../reducers/state.ts';

const EINVAL = 22;

/** A restarter whose failures are ImageError or RestartError, and whose events have the shape of restore events. */
export function foreign(restarter: Restarter): Restarter {
	return function* (image, context) {
		let last = 'RESTARTER before its first event';
		let offset = 0;
		try {
			for (const event of restarter(image, context)) {
				check(event);
				yield event;
				if (event.kind !== 'restore/object') continue;
				last = `RESTARTER after #${event.number} ${event.name}`;
				offset = event.offset;
			}
		} catch (error) {
			throw ours(error, { object: last, field: '', offset });
		}
	};
}

/** The machine that somebody's restore events make. @throws RestartError when it is none */
export function foreignState(base: MachineState, events: readonly RestoreEvent[]): MachineState {
	const at = { object: 'RESTARTER', field: '', offset: 0 };
	let state: MachineState;
	try {
		state = restoreState(base, events);
	} catch (error) {
		throw new RestartError(
			at,
			`its events do not fit each other: ${(error as Error).message.replace('internal error: ', '')}`,
			EINVAL,
		);
	}
	if (Object.keys(state.tasks).length === 0) throw new RestartError(at, 'it has no task', EINVAL);
	const [broken] = checkReferences(state);
	if (broken !== undefined)
		throw new RestartError({ ...at, field: formatPath(broken.path) }, `${broken.rule} wanted, ${String(broken.got)} got`, EINVAL);
	return state;
}

/** A dumper whose failures are DumpErrors. */
export function foreignDumper(dumper: Dumper): Dumper {
	return (state, rules) => {
		try {
			const { bytes } = dumper(state, rules);
			if (!(bytes instanceof Uint8Array)) throw new TypeError('{ bytes: Uint8Array } wanted');
			return { bytes };
		} catch (error) {
			if (error instanceof DumpError) throw error;
			throw new DumpError('DUMPER', (error as Error).message, EINVAL);
		}
	};
}

/** Not a restore event at all, or one with the wrong fields. */
function check(event: RestoreEvent): void {
	if (event?.kind !== 'restore/object' && event?.kind !== 'restore/end')
		throw new TypeError(`a restore/object or restore/end wanted, ${JSON.stringify((event as { kind?: unknown })?.kind)} got`);
	// Pages are many and have no inner shape: the reducer takes them as they are.
	if (event.kind === 'restore/object' && event.effect?.kind === 'pages') return;
	decodeEvent(encodeEvent(event));
}

/** What errors of another copy of this package may carry. */
interface Foreign {
	readonly object?: string;
	readonly field?: string;
	readonly offset?: number;
	readonly want?: string;
	readonly got?: string;
	readonly short?: boolean;
	readonly errno?: number;
}

function ours(error: unknown, at: { readonly object: string; readonly field: string; readonly offset: number }): Error {
	if (error instanceof ImageError || error instanceof RestartError) return error;
	if (!(error instanceof Error)) return new RestartError(at, String(error), EINVAL);
	const e = error as Error & Foreign;
	if (e.name === 'ImageError' && e.object !== undefined && e.want !== undefined)
		return new ImageError({
			offset: e.offset ?? 0,
			object: e.object,
			field: e.field ?? '',
			want: e.want,
			got: e.got ?? '',
			short: e.short ?? false,
		});
	if (e.name === 'RestartError' && e.object !== undefined) {
		const place = { object: e.object, field: e.field ?? '', offset: e.offset ?? 0 };
		const why = e.message.slice(e.message.indexOf(': ') + 2);
		return new RestartError(place, why, e.errno ?? EINVAL);
	}
	return new RestartError(at, `${e.name}: ${e.message}`, EINVAL);
}
