// Runs the test files, each in a process of its own, on all cores, and closes with `N passed, N failed`.
// A file that runs no test, a crash and a timeout are failures; so is a total below the floor.
// Usage: node scripts/test.mjs [--native] [PATTERN]   only files whose path contains PATTERN
// --native: the files *.native.ts instead of *.test.ts: they need gcc -m32, ptrace and gdb.
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/** Fewest tests a whole run must have. */
const native = process.argv.includes('--native');
const FLOOR = native ? 1 : 40;
const SUFFIX = native ? '.native.ts' : '.test.ts';
const TIMEOUT_MS = 15 * 60_000;

function testFiles(dir) {
	return readdirSync(dir, { withFileTypes: true })
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.flatMap((e) => (e.isDirectory() ? testFiles(join(dir, e.name)) : e.name.endsWith(SUFFIX) ? [join(dir, e.name)] : []));
}

const [pattern] = process.argv.slice(2).filter((a) => a !== '--native');
const files = testFiles('test').filter((f) => !pattern || f.includes(pattern));
const queue = [...files];
let passed = 0;
let failed = 0;

function run(file) {
	return new Promise((resolve) => {
		const started = Date.now();
		const child = spawn(process.execPath, ['--import', 'tsx', file], {
			env: { ...process.env, NO_COLOR: '1' },
			stdio: ['ignore', 'pipe', 'pipe'],
		});
		let out = '';
		child.stdout.on('data', (d) => (out += d));
		child.stderr.on('data', (d) => (out += d));
		const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
		child.on('close', (code, signal) => {
			clearTimeout(timer);
			const total = Number(/Total:\s+(\d+)/.exec(out)?.[1] ?? 0);
			const good = Number(/Passed:\s+(\d+)/.exec(out)?.[1] ?? 0);
			const bad = code === 0 && total > 0 && total === good ? 0 : Math.max(1, total - good);
			passed += good;
			failed += bad;
			const seconds = ((Date.now() - started) / 1000).toFixed(1);
			console.log(`${bad === 0 ? 'ok  ' : 'FAIL'}  ${file}  ${good} of ${total}  ${seconds} s`);
			if (bad > 0)
				console.log(
					`${out}\n${file}: exit ${code ?? signal}${total === 0 ? ', no test ran' : ''}\n  again: node --import tsx ${file}`,
				);
			else for (const line of out.split('\n')) if (/^(seed|skipped|note)\b/.test(line)) console.log(`        ${line}`);
			resolve();
		});
	});
}

async function worker() {
	for (let file = queue.shift(); file !== undefined; file = queue.shift()) await run(file);
}

await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
if (!pattern && passed < FLOOR) {
	console.log(`only ${passed} tests passed, at least ${FLOOR} wanted`);
	failed++;
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
