/**
 * Writes docs/syscalls.md and docs/events.md from the rows of the system calls and the catalogue of events:
 * `npm run docs`. A test holds the files against what this would write.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { CATALOGUE, type Field } from '../src/events/catalogue.ts';
import { SYSCALLS } from '../src/kernel/syscalls.ts';

/** The table of system calls. */
export function syscallsText(): string {
	const rows = SYSCALLS.map((r) => `| ${r.nr} | \`${r.name}\` | ${r.support} | ${r.note ?? ''} |`);
	const count = (level: string) => SYSCALLS.filter((r) => r.support === level).length;
	return `# System calls

${SYSCALLS.length} rows of the i386 table: ${count('full')} full, ${count('partial')} partial (the note says what is missing), ${count('none')} none.
A call of level \`none\`, and any number without a row, is an \`unsupported\` event in the trace and -ENOSYS to the guest.
Written by \`npm run docs\` from the rows in \`src/kernel/calls/\`.

| nr | call | support | note |
|---|---|---|---|
${rows.join('\n')}
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

if (process.argv[1]?.endsWith('docs.ts')) {
	mkdirSync('docs', { recursive: true });
	writeFileSync('docs/syscalls.md', syscallsText());
	writeFileSync('docs/events.md', eventsText());
}
