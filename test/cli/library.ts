/** The package as somebody has it who installed it: bundled into node_modules/cpt-replay below a folder of the tests. */
import { lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

export async function installLibrary(dir: string): Promise<void> {
	const modules = join(dir, 'node_modules');
	// A link to this repository's modules becomes a folder of links, so that one can be added.
	if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(modules);
	mkdirSync(modules, { recursive: true });
	for (const name of readdirSync('node_modules'))
		if (name !== 'cpt-replay') symlinkSync(resolve('node_modules', name), join(modules, name));
	writeFileSync(join(dir, 'package.json'), JSON.stringify({ type: 'module' }));
	const home = join(modules, 'cpt-replay');
	mkdirSync(home);
	writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'cpt-replay', type: 'module', exports: './index.js' }));
	await build({
		entryPoints: { index: 'src/index.ts' },
		outdir: home,
		bundle: true,
		platform: 'node',
		format: 'esm',
		target: 'node20',
		external: ['iced-x86', 'piscina', 'tsx'],
		logLevel: 'warning',
		banner: { js: "import { createRequire as cr } from 'node:module'; const require = cr(import.meta.url);" },
	});
}
