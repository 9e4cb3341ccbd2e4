/**
 * Writes docs/syscalls.md, docs/events.md and docs/defects.md from the rows of the system calls, the catalogue of events and
 * that of restore defects: `npm run docs`. A test holds the files against what this would write.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { DEFECTS, type Defect } from '../src/cpt/defects/defects.ts';
import { CATALOGUE, type Field } from '../src/events/catalogue.ts';
import { moduleRows } from '../src/kernel/calls/checkpoint.ts';
import type { SyscallRow } from '../src/kernel/row.ts';
import { SYSCALLS } from '../src/kernel/syscalls.ts';

/** The table of system calls. */
export function syscallsText(): string {
	const rowOf = (r: SyscallRow) => `| ${r.nr} | \`${r.name}\` | ${r.support} | ${r.note ?? ''} |`;
	const rows = SYSCALLS.map(rowOf);
	const count = (level: string) => SYSCALLS.filter((r) => r.support === level).length;
	return `# System calls

${SYSCALLS.length} rows of the i386 table: ${count('full')} full, ${count('partial')} partial (the note says what is missing), ${count('none')} none.
A call of level \`none\`, and any number without a row, is an \`unsupported\` event in the trace and -ENOSYS to the guest.
Written by \`npm run docs\` from the rows in \`src/kernel/calls/\`.

| nr | call | support | note |
|---|---|---|---|
${rows.join('\n')}

## With the checkpoint module

\`record --checkpoint-module\`: these stand for the kernel's own calls of their numbers.

| nr | call | support | note |
|---|---|---|---|
${moduleRows.map(rowOf).join('\n')}
`;
}

function fieldText(name: string, field: Field): string {
	return typeof field === 'string' ? `${name}: ${field}` : `${name}: ${field[0]} (${field[1]})`;
}

/** The catalogue of events. */
export function eventsText(): string {
	const rows = Object.entries(CATALOGUE).map(([kind, row]) => {
		const fields = Object.entries(row.fields as Record<string, Field>).map(([name, field]) => fieldText(name, field));
		return `| \`${kind}\` | ${row.meaning} | ${fields.join(' · ')} |`;
	});
	return `# Events

Written by \`npm run docs\` from \`src/events/catalogue.ts\`.

| kind | meaning | fields |
|---|---|---|
${rows.join('\n')}
`;
}

const SECTIONS: readonly (readonly [where: Defect['where'], title: string])[] = [
	['dump', 'Dump of the v2 patches'],
	['format', 'What the v2 format leaves out'],
	['restart', 'Restart of the v2 patches'],
	['field', 'From the field'],
];

const cell = (text: string) => text.replaceAll('|', '\\|');

function defectText({ name, seen, who, what, cause, arg, needs, shows }: Defect): string {
	const where = who === '' ? seen : `${seen}, ${who}`;
	const spelled =
		arg === undefined ? `\`${name}\`` : `\`${name}=…\` (${arg.what}${arg.default === '' ? '' : `; ${arg.default}`})`;
	return `| ${[spelled, where, what, cause.text, needs === undefined ? (shows ?? '') : `needs ${needs}`].map(cell).join(' | ')} |`;
}

/** The catalogue of restore defects. */
export function defectsText(): string {
	const sections = SECTIONS.map(([where, title]) => {
		const rows = DEFECTS.filter((d) => d.where === where).map(defectText);
		return `## ${title}\n\n| name | seen, by | what happens | cause that a bisect names | shows in |\n|---|---|---|---|---|\n${rows.join('\n')}\n`;
	});
	const planted = DEFECTS.filter((d) => d.rules !== undefined).length;
	return `# Restore defects

${DEFECTS.length} defects that a checkpoint or a restart really had; ${planted} can be switched on (\`--defect NAME[=ARG]\`), the others say what they need.
Written by \`npm run docs\` from \`src/cpt/defects/\`. Patches are those of the v2 series of October 2008.

${sections.join('\n')}`;
}

if (process.argv[1]?.endsWith('docs.ts')) {
	mkdirSync('docs', { recursive: true });
	writeFileSync('docs/syscalls.md', syscallsText());
	writeFileSync('docs/events.md', eventsText());
	writeFileSync('docs/defects.md', defectsText());
}
