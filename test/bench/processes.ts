/**
 * `node --import tsx test/bench/processes.ts [ROW...]`: what processes cost, bundled as dist/ is, since that is what users run.
 * `--keep FILE` leaves the bundle there, for a profiler.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { guestPath } from '../guests/manifest.ts';

const require =
	"import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";
const args = process.argv.slice(2);
const keep = args[0] === '--keep' ? args.splice(0, 2)[1] : undefined;
const directory = mkdtempSync(join(tmpdir(), 'bench-processes-'));
const bundle = keep ?? join(directory, 'rows.mjs');
try {
	buildSync({
		entryPoints: [fileURLToPath(new URL('./process-rows.ts', import.meta.url))],
		outfile: bundle,
		bundle: true,
		platform: 'node',
		format: 'esm',
		target: 'node20',
		minifySyntax: true,
		external: ['iced-x86', 'piscina', 'tsx'],
		logLevel: 'warning',
		banner: { js: require },
	});
	execFileSync(process.execPath, [bundle, guestPath('bench_processes'), ...args], { stdio: 'inherit' });
} finally {
	rmSync(directory, { recursive: true });
}
