/** `defects [NAME]`: the catalogue of restore defects. */
import type { Defect } from '../../cpt/defects/defect.ts';
import { DEFECTS, findDefect } from '../../cpt/defects/defects.ts';
import { colour, Exit, json, print } from '../output.ts';

/** Headings of the table, by what a row's `where` says. */
const WHERE: Readonly<Record<Defect['where'], string>> = {
	dump: 'v2 patches, dump',
	format: 'v2 format: what it has no object for',
	restart: 'v2 patches, restart',
	field: 'from the field',
};

export function defectsCommand(name: string | undefined, options: { readonly json?: boolean }): number {
	const rows = name === undefined ? DEFECTS : [findDefect(name)];
	if (options.json) print(json(rows.map(plain)));
	else print(name === undefined ? table(rows) : full(rows[0]));
	return Exit.OK;
}

function seenBy({ seen, who }: Defect): string {
	return who === '' ? seen : `${seen}, ${who}`;
}

function table(rows: readonly Defect[]): string {
	const width = Math.max(...rows.map((d) => d.name.length));
	const lines: string[] = [];
	for (const [where, heading] of Object.entries(WHERE)) {
		const own = rows.filter((d) => d.where === where);
		if (own.length === 0) continue;
		lines.push(...(lines.length === 0 ? [] : ['']), colour.bold(heading));
		for (const d of own) {
			const needs = d.needs === undefined ? '' : ` · cannot be planted yet: needs ${d.needs}`;
			lines.push(`  ${colour.cyan(d.name.padEnd(width))}  ${d.what}`);
			lines.push(`  ${' '.repeat(width)}  ${colour.dim(`cause: ${d.cause.text} · seen in ${seenBy(d)}${needs}`)}`);
		}
	}
	return lines.join('\n');
}

function full(d: Defect): string {
	const { object, fields, part } = d.cause;
	const rows: readonly (readonly [string, string | undefined])[] = [
		['where', WHERE[d.where]],
		['seen', seenBy(d)],
		['what', d.what],
		['cause', d.cause.text],
		[
			'named',
			part ??
				(object === undefined ? undefined : fields === undefined ? object : fields.map((f) => `${object}.${f}`).join(' or ')),
		],
		['argument', d.arg && `${d.arg.what} (default ${d.arg.default})`],
		['shows in', d.shows],
		['needs', d.needs],
	];
	return [
		colour.bold(d.name),
		...rows.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(9)} ${text}`])),
	].join('\n');
}

function plain(d: Defect): object {
	const { name, where, seen, who, what, cause, needs, arg, shows } = d;
	return {
		name,
		where,
		seen,
		who,
		what,
		cause,
		needs: needs ?? null,
		argument: arg ?? null,
		shows: shows ?? null,
		plantable: d.rules !== undefined,
	};
}
