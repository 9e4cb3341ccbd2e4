// Bundles the command and the library into dist/. Runs at `npm ci` through `prepare`.
import { chmodSync } from 'node:fs';
import { build } from 'esbuild';

const require =
	"import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

const common = {
	bundle: true,
	platform: 'node',
	format: 'esm',
	target: 'node20',
	// These read files beside themselves.
	external: ['iced-x86', 'piscina', 'tsx'],
	logLevel: 'warning',
};
await build({
	...common,
	// Threads of `sweep` are started from a file beside the command.
	entryPoints: { replay: 'src/cli/main.ts', 'sweep-worker': 'src/cli/sweep-worker.ts' },
	outdir: 'dist',
	minifySyntax: true,
	banner: { js: `#!/usr/bin/env node\n${require}` },
});
await build({ ...common, entryPoints: { index: 'src/index.ts' }, outdir: 'dist', banner: { js: require } });
chmodSync('dist/replay.js', 0o755);
