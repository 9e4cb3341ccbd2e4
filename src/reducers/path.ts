/** Paths into a state or an event, as differences and errors name them: `tasks[1].cpu.eip`. */

export type Path = readonly (string | number)[];

/** `tasks[1].cpu.eip`, `mms[1].vmas[3].flags`, `memory[1].08049000+12`. */
export function formatPath(path: Path): string {
	let text = '';
	for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
	return text;
}
