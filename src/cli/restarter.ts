/** `--restarter MODULE`: a TypeScript or JavaScript file that makes restore events of an image. */
import * as fs from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Restarter } from '../cpt/v2/restart.ts';
import { foreign } from '../replay/foreign.ts';
import { CliError } from './output.ts';

/** The module's default export, or its export `restart`. */
export async function loadRestarter(path: string): Promise<Restarter> {
	if (!fs.existsSync(path)) throw new CliError(`--restarter ${path}: no such file`);
	const url = pathToFileURL(resolve(path)).href;
	let module: { readonly default?: unknown; readonly restart?: unknown };
	try {
		module = /\.[cm]?tsx?$/.test(path) ? await (await import('tsx/esm/api')).tsImport(url, import.meta.url) : await import(url);
	} catch (error) {
		throw new CliError(`--restarter ${path}: ${(error as Error).message}`);
	}
	const found = module.default ?? module.restart;
	if (typeof found !== 'function')
		throw new CliError(
			`--restarter ${path}: a function as default export wanted: (image, context) => restore events (examples/restarter.ts is one)`,
		);
	return foreign(found as Restarter);
}
