/**
 * The layout of the image's structs as a C compiler has it: prints a C program from our declarations, and compares.
 * `node --import tsx test/cpt/layout.ts` writes layout.c, builds and runs it with `gcc -m32` and `gcc -m64`, and stores what
 * it prints in layout-m32.txt and layout-m64.txt.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FieldValue } from '../../src/cpt/field.ts';
import { type Struct, TAIL } from '../../src/cpt/struct.ts';
import { STRUCTS } from '../../src/cpt/v2/objects.ts';

export const MODES = ['-m32', '-m64'] as const;
export type Mode = (typeof MODES)[number];

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const tableOf = (mode: Mode) => pathOf(`layout${mode}.txt`);

/** A field whose elements are given as a number: which number the C program puts there, before it is cut to the width. */
const FACTOR = 0x9e3779b97f4a7c15n;
const pattern = (n: number) => (BigInt(n) * FACTOR) & 0xffffffffffffffffn;

/** The values the C program stores: element after element, the pattern of its number from 1 on, cut to its width. */
export function patternValues(struct: Struct): Readonly<Record<string, FieldValue>> {
	let n = 0;
	const rows = struct.fields.map(({ name, field }) => {
		const view = new DataView(new ArrayBuffer(field.size));
		for (let i = 0; i < (field.count ?? 1) && name !== TAIL; i++) {
			const value = pattern(++n);
			for (let byte = 0; byte < field.width; byte++)
				view.setUint8(i * field.width + byte, Number((value >> BigInt(8 * byte)) & 0xffn));
		}
		return [name, field.read(view, 0)] as const;
	});
	return Object.fromEntries(rows);
}

/** The program: each struct with its size, the offset and size of every field, and the bytes of one with known values. */
export function layoutSource(): string {
	const members = (struct: Struct) => struct.fields.filter((f) => f.name !== TAIL);
	const declaration = (struct: Struct) =>
		[
			`struct ${struct.name} {`,
			...members(struct).map(
				({ name, field }) => `\t${field.cType} ${name}${field.count === undefined ? '' : `[${field.count}]`};`,
			),
			'} __attribute__((aligned(8)));',
		].join('\n');
	const rows = (struct: Struct) => {
		const { name } = struct;
		let n = 0;
		const stores = members(struct).flatMap((f) =>
			Array.from({ length: f.field.count ?? 1 }, (_, i) => {
				const at = f.field.count === undefined ? '' : `[${i}]`;
				return `\t\ts.${f.name}${at} = (${f.field.cType})(${++n} * FACTOR);`;
			}),
		);
		return [
			'\t{',
			`\t\tstruct ${name} s;`,
			'\t\tmemset(&s, 0, sizeof s);',
			`\t\tprintf("${name} %u\\n", (unsigned)sizeof s);`,
			...members(struct).map(
				(f) =>
					`\t\tprintf("${name}.${f.name} %u %u\\n", (unsigned)offsetof(struct ${name}, ${f.name}), (unsigned)sizeof s.${f.name});`,
			),
			...stores,
			`\t\tdump("${name}", &s, sizeof s);`,
			'\t}',
		].join('\n');
	};
	return `/* Written from the declarations in src/cpt/v2/objects.ts by layout.ts: what a C compiler makes of them. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define FACTOR 0x${FACTOR.toString(16)}ULL

${STRUCTS.map((s) => declaration(s)).join('\n\n')}

static void dump(const char *name, const void *start, size_t size)
{
	const unsigned char *byte = start;
	printf("%s =", name);
	for (size_t i = 0; i < size; i++) printf("%s%02x", i % 8 ? "" : " ", byte[i]);
	printf("\\n");
}

int main(void)
{
${STRUCTS.map((s) => rows(s)).join('\n')}
	return 0;
}
`;
}

/** What the declarations say the program prints. */
export function expectedLayout(): string {
	const lines = STRUCTS.flatMap((struct: Struct) => {
		const hex = Buffer.from(struct.encode(patternValues(struct))).toString('hex');
		return [
			`${struct.name} ${struct.size}`,
			...struct.fields.filter((f) => f.name !== TAIL).map((f) => `${struct.name}.${f.name} ${f.offset} ${f.field.size}`),
			`${struct.name} = ${hex.match(/.{16}/g)!.join(' ')}`,
		];
	});
	return `${lines.join('\n')}\n`;
}

/** What the program prints when it is built with `mode` here. */
export function compiledLayout(mode: Mode): string {
	const dir = mkdtempSync(join(tmpdir(), 'layout-'));
	try {
		writeFileSync(join(dir, 'layout.c'), layoutSource());
		execFileSync('gcc', [mode, '-std=gnu11', '-Wall', '-Werror', '-o', join(dir, 'layout'), join(dir, 'layout.c')], {
			stdio: 'pipe',
		});
		return execFileSync(join(dir, 'layout'), { encoding: 'utf8' });
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
}

/** The committed program and what it printed; the first line of a table says how it was made. */
export const storedSource = (): string => readFileSync(pathOf('layout.c'), 'utf8');
export const madeBy = (mode: Mode): string => `# gcc ${mode} -o layout layout.c && ./layout\n`;
export const storedLayout = (mode: Mode): string => readFileSync(tableOf(mode), 'utf8');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	writeFileSync(pathOf('layout.c'), layoutSource());
	for (const mode of MODES) writeFileSync(tableOf(mode), madeBy(mode) + compiledLayout(mode));
}
