/** The catalogue of restore defects, and how some of it is switched on. */
import { joinRules, type Rules } from '../rules.ts';
import { type Defect, DefectError } from './defect.ts';
import { DUMP_DEFECTS } from './dump.ts';
import { FIELD_DEFECTS } from './field.ts';
import { RESTART_DEFECTS } from './restart.ts';

export { type Defect, type DefectCause, DefectError } from './defect.ts';

/** Every defect: of the dump and the format, of the restart, from the field. */
export const DEFECTS: readonly Defect[] = [...DUMP_DEFECTS, ...RESTART_DEFECTS, ...FIELD_DEFECTS];

/** A defect by its name. @throws DefectError that says which it might have been */
export function findDefect(name: string): Defect {
	const found = DEFECTS.find((d) => d.name === name);
	if (found !== undefined) return found;
	const near = nearest(name);
	throw new DefectError(`no defect ${name}${near === undefined ? '; `defects` lists them' : `; did you mean ${near}?`}`);
}

/** What is switched on: the rules of all, and their names with arguments as they were given. */
export interface Planted {
	readonly rules: Rules;
	readonly names: readonly string[];
}

/** Switches defects on, each `NAME` or `NAME=ARG`. @throws DefectError */
export function plant(specs: readonly string[]): Planted {
	const all = specs.map((spec) => {
		const at = spec.indexOf('=');
		const defect = findDefect(at < 0 ? spec : spec.slice(0, at));
		return rulesOf(defect, at < 0 ? undefined : spec.slice(at + 1));
	});
	return { rules: joinRules(all), names: specs };
}

function rulesOf({ name, rules, needs, arg }: Defect, given: string | undefined): Rules {
	if (rules === undefined) throw new DefectError(`${name} cannot be switched on: it needs ${needs}`);
	if (given !== undefined && arg === undefined) throw new DefectError(`${name} takes no argument`);
	try {
		return rules(given ?? arg?.default ?? '');
	} catch (error) {
		if (!(error instanceof DefectError)) throw error;
		throw new DefectError(`${name}=${given}: ${error.message}`);
	}
}

/** The name that takes the fewest changes, when they are few; or the only one that the text is part of. */
function nearest(text: string): string | undefined {
	const parts = DEFECTS.filter((d) => text !== '' && d.name.includes(text));
	if (parts.length === 1) return parts[0].name;
	const ranked = DEFECTS.map(({ name }) => ({ name, distance: distance(text, name) })).sort((a, b) => a.distance - b.distance);
	return ranked[0].distance <= Math.max(2, text.length / 3) ? ranked[0].name : undefined;
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++)
			next.push(Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
		row = next;
	}
	return row[b.length];
}
