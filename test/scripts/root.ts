// The root the scripts run in: Debian's own static i386 busybox, bash and sash, downloaded and unpacked (nothing is installed)
// below test/scripts/build/, which git ignores, with data files that are made here; and native runs in copies of it (chroot).
import { spawn, spawnSync } from 'node:child_process';
import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_ENV } from '../../src/replay/record.ts';

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, 'build');

/** Debian packages (architecture i386), the program each brings, and its name in the root. */
const PACKAGES = [
	{ name: 'busybox-static', file: 'bin/busybox', as: 'busybox' },
	{ name: 'bash-static', file: 'bin/bash-static', as: 'bash' },
	{ name: 'sash', file: 'bin/sash', as: 'sash' },
];

/** How a command ended; `signal` is set when it was killed. */
export interface Ended {
	readonly stdout: Buffer;
	readonly stderr: string;
	readonly status: number | null;
	readonly signal: NodeJS.Signals | null;
	readonly ms: number;
}

/** Runs a command without stdin; it is killed after `timeoutMs`. */
export function run(command: readonly string[], timeoutMs: number, env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
	return new Promise((resolve, reject) => {
		const began = performance.now();
		const [program, ...args] = command;
		const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
		child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
		const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
		child.on('error', reject);
		child.on('close', (status, signal) => {
			clearTimeout(timer);
			const ms = performance.now() - began;
			resolve({ stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('latin1'), status, signal, ms });
		});
	});
}

function must(command: readonly string[], why: string, cwd = build): string {
	const [program, ...args] = command;
	const done = spawnSync(program, args, { cwd, encoding: 'utf8' });
	if (done.status === 0) return done.stdout;
	const words = `${done.stderr ?? ''}${done.error?.message ?? ''}`.trim();
	throw new Error(`${why}: ${command.join(' ')}: status ${done.status ?? done.signal}\n${words}`);
}

/** Downloads what is not there yet. @throws Error when the packages cannot be had: there is no run without them. */
function fetchPackages(): void {
	const debs = join(build, 'deb');
	mkdirSync(debs, { recursive: true });
	const missing = () =>
		PACKAGES.filter(({ name }) => !readdirSync(debs).some((f) => f.startsWith(`${name}_`) && f.endsWith('.deb')));
	if (missing().length === 0) return;
	const foreign = must(['dpkg', '--print-foreign-architectures'], 'the scripts need dpkg (Debian)');
	if (!foreign.split('\n').includes('i386')) must(['dpkg', '--add-architecture', 'i386'], 'adding the architecture needs root');
	const download = () => spawnSync('apt-get', ['download', '-qq', ...missing().map(({ name }) => `${name}:i386`)], { cwd: debs });
	if (download().status === 0 && missing().length === 0) return;
	must(['apt-get', 'update', '-qq'], 'the scripts need Debian’s packages');
	must(
		['apt-get', 'download', '-qq', ...missing().map(({ name }) => `${name}:i386`)],
		'the scripts need Debian’s packages',
		debs,
	);
}

/** The scripts' names, sorted. */
export function listScripts(): readonly string[] {
	return readdirSync(here)
		.filter((file) => /\.(sh|term)$/.test(file))
		.map((file) => file.replace(/\.\w+$/, ''))
		.sort();
}

/** The file of a script: `.sh` runs by itself, `.term` is what is typed to a shell in a pseudo-terminal (inside.c). */
function fileOf(script: string): string {
	return existsSync(join(here, `${script}.sh`)) ? `${script}.sh` : `${script}.term`;
}

/** Whether a script is typed: then what it shows has process ids in it. */
export function isTyped(script: string): boolean {
	return fileOf(script).endsWith('.term');
}

/** The command that runs a script in the root: what its first line says. */
export function commandOf(script: string): readonly string[] {
	const file = fileOf(script);
	const [first] = readFileSync(join(here, file), 'utf8').split('\n', 1);
	const words = first.slice(2).split(' ');
	return isTyped(script) ? ['/bin/inside', `/scripts/${file}`, ...words] : [...words, `/scripts/${file}`];
}

/** Makes the root anew, the same every time, and gives its path. */
export function makeRoot(): string {
	fetchPackages();
	const unpacked = join(build, 'unpacked');
	for (const file of readdirSync(join(build, 'deb')).filter((f) => f.endsWith('.deb')))
		must(['dpkg', '-x', join(build, 'deb', file), unpacked], `unpacking ${file}`);
	const root = join(build, 'root');
	rmSync(root, { recursive: true, force: true });
	for (const dir of ['bin', 'data', 'dev', 'scripts', 'tmp']) mkdirSync(join(root, dir), { recursive: true });
	for (const { file, as } of PACKAGES) copyFileSync(join(unpacked, file), join(root, 'bin', as));
	const applets = must([join(root, 'bin/busybox'), '--list'], 'this kernel must run 32-bit programs').split('\n');
	for (const applet of applets)
		if (applet !== '' && !existsSync(join(root, 'bin', applet))) symlinkSync('busybox', join(root, 'bin', applet));
	for (const script of listScripts()) {
		copyFileSync(join(here, fileOf(script)), join(root, 'scripts', fileOf(script)));
		chmodSync(join(root, 'scripts', fileOf(script)), 0o755);
	}
	const inside = ['-m32', '-static', '-O1', '-o', join(root, 'bin/inside'), join(here, 'inside.c'), '-lutil'];
	must(['gcc', ...inside], 'terminals need gcc with -m32');
	writeData(join(root, 'data'));
	must(['find', root, '-exec', 'touch', '-h', '-d', '@1000000000', '{}', '+'], 'setting the times of the root');
	return root;
}

/** Words, a table, a log and a tree of files: whatever the scripts work on, from a small generator. */
function writeData(dir: string): void {
	let seed = 12345;
	const pick = (n: number) => {
		seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
		return (seed >>> 8) % n;
	};
	const nouns = [
		'alpha',
		'beta',
		'gamma',
		'delta',
		'epsilon',
		'zeta',
		'azure',
		'quaint',
		'heron',
		'lantern',
		'mountain',
		'oxide',
	];
	const lines = (n: number, line: (i: number) => string) => `${Array.from({ length: n }, (_, i) => line(i)).join('\n')}\n`;
	const word = () => nouns[pick(nouns.length)];
	writeFileSync(
		join(dir, 'words.txt'),
		lines(120, () => word() + ['', 's', 'ly', ''][pick(4)]),
	);
	const groups = ['north', 'south', 'east', 'west'];
	writeFileSync(
		join(dir, 'table.csv'),
		`name,group,value\n${lines(60, (i) => `${word()}${i},${groups[pick(4)]},${pick(1000)}`)}`,
	);
	const levels = ['INFO', 'WARN', 'ERROR'];
	const faults = ['disk full', 'disk slow', 'link down', 'timed out'];
	writeFileSync(
		join(dir, 'log.txt'),
		lines(90, () => `${levels[pick(3)]} ${word()}: ${faults[pick(4)]}`),
	);
	for (const sub of ['a', 'b', 'b/deep']) mkdirSync(join(dir, 'tree', sub), { recursive: true });
	for (const [name, n] of [
		['a/one.txt', 30],
		['a/two.txt', 3],
		['b/three.txt', 200],
		['b/deep/four.txt', 1],
	] as const)
		writeFileSync(join(dir, 'tree', name), lines(n, word));
	writeFileSync(join(dir, 'tree/b/empty'), '');
}

/** Runs a script natively in `scratch`, a copy of the root that it may change. */
export async function runNatively(root: string, script: string, scratch: string, timeoutMs: number): Promise<Ended> {
	must(['cp', '-a', root, scratch], 'copying the root');
	for (const [name, minor] of [
		['null', 3],
		['zero', 5],
		['urandom', 9],
	] as const)
		must(['mknod', '-m', '666', join(scratch, 'dev', name), 'c', '1', `${minor}`], 'the native runs need root');
	must(['mknod', '-m', '666', join(scratch, 'dev', 'tty'), 'c', '5', '0'], 'the native runs need root');
	symlinkSync('pts/ptmx', join(scratch, 'dev', 'ptmx'));
	mkdirSync(join(scratch, 'dev', 'pts'));
	for (const [name, target] of Object.entries({ fd: '', stdin: '/0', stdout: '/1', stderr: '/2' }))
		symlinkSync(`/proc/self/fd${target}`, join(scratch, 'dev', name));
	mkdirSync(join(scratch, 'proc'));
	// In a mount namespace of its own /proc goes with the script, and terminals are numbered from 0.
	const pts = 'mount -t devpts -o newinstance,ptmxmode=666 devpts "$0/dev/pts"';
	// The root is a mount, as the machine's is.
	const bound = 'mount --bind "$0" "$0"';
	const inside = `${bound} && mount -t proc proc "$0/proc" && ${pts} && exec chroot "$0" "$@"`;
	const command = ['unshare', '-m', 'sh', '-c', inside, scratch, ...commandOf(script)];
	const ended = await run(command, timeoutMs, environment());
	rmSync(scratch, { recursive: true, force: true });
	return ended;
}

/** The environment of every guest, for a native process. */
function environment(): NodeJS.ProcessEnv {
	return Object.fromEntries(
		DEFAULT_ENV.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
	);
}
