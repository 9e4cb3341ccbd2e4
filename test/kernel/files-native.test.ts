/**
 * The file calls against a real kernel: scripts of random calls, answered by Linux (files.native.txt: each line a call and
 * what it answered) and by the model. `FILES_NATIVE=N` runs N new scripts natively (root, gcc -m32); with `FILES_STORE=1`
 * they become the stored ones.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Files, Out } from './files-driver.ts';
import { script } from './files-scripts.ts';

const STORE = new URL('./files.native.txt', import.meta.url);
/** Seed of the first new script. */
const SEED = Number(process.env.FILES_SEED ?? 1);

/** The model's answer to a line of a script, as files.native.c prints it. */
function answer(files: Files, line: string): string {
	const [nr, ...words] = line.split(' ');
	const kinds: [string, Out][] = [];
	const args = words.map((word) => {
		const out = (length: number) => {
			const o = new Out(length);
			kinds.push([word[0], o]);
			return o;
		};
		switch (word[0]) {
			case '=':
				return word.slice(1);
			case '<':
				return Uint8Array.from(Buffer.from(word.slice(1), 'hex'));
			case '*': {
				const bytes = Uint8Array.from(Buffer.from(word.slice(1), 'hex'));
				const o = out(bytes.length);
				o.address = files.room(bytes.length);
				files.poke(o.address, bytes);
				return o.address;
			}
			case '>':
			case '!':
				return out(Number(word.slice(1)));
			case 'S':
				return out(96);
			case 'D':
				return out(4096);
			default:
				return Number(word);
		}
	});
	const result = files.call(Number(nr), ...args);
	if (result === 'blocked') return 'blocked';
	let text = String(result);
	if (result < 0) return text;
	for (const [kind, out] of kinds) {
		const bytes = files.bytes(out);
		const view = new DataView(bytes.buffer, bytes.byteOffset);
		const hex = (n: number) => ` ${Buffer.from(bytes.subarray(0, n)).toString('hex')}`;
		if (kind === '>') text += hex(Math.min(result, out.length));
		else if (kind === '!' || kind === '*') text += hex(out.length);
		else if (kind === 'S') {
			const mode = view.getUint32(16, true);
			text += ` ${mode.toString(8)} ${view.getUint32(20, true)} ${view.getUint32(24, true)} ${view.getUint32(28, true)}`;
			if ((mode & 0o170000) !== 0o40000) text += ` ${view.getBigUint64(44, true)}`;
		} else text += names(bytes.subarray(0, result));
	}
	return text;
}

function names(bytes: Uint8Array): string {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	const found: string[] = [];
	for (let at = 0; at < bytes.length; at += view.getUint16(at + 16, true)) {
		const end = bytes.indexOf(0, at + 19);
		found.push(`${String.fromCharCode(...bytes.subarray(at + 19, end))}:${bytes[at + 18]}`);
	}
	return found
		.sort()
		.map((n) => ` ${n}`)
		.join('');
}

function kindOf(files: Files, fd: number): string | undefined {
	const entry = files.state.fdTables[files.task.fdTable].fds[fd];
	return entry === undefined ? undefined : files.state.inodes[files.state.files[entry.file].inode].kind;
}

/** Whether a descriptor is a directory's, somewhere after its start. */
function isAstray(files: Files, fd: number): boolean {
	const entry = files.state.fdTables[files.task.fdTable].fds[fd];
	return kindOf(files, fd) === 'dir' && (entry === undefined || files.state.files[entry.file].pos !== 0);
}

/** The descriptors of a poll. */
function polled(call: string): number[] {
	const bytes = Buffer.from(call.split(' ')[1].slice(1), 'hex');
	return [0, 8].map((at) => bytes.readInt32LE(at));
}

/** Runs a script in the model; says where it differs first. */
function compare(lines: readonly (readonly [call: string, native: string])[], name: string): void {
	const files = new Files({ cwd: '/w' });
	const { cwd, root } = files.state.fsStructs[files.task.fs];
	for (const inode of [cwd, root]) files.apply({ kind: 'inode/set', inode, fields: { mode: 0o777 } });
	for (const [i, [call, native]] of lines.entries()) {
		const got = answer(files, call).trimEnd();
		// Positions in a directory beyond its start are the file system's own: from there on listings may differ.
		if (/^(19|140) /.test(call) && isAstray(files, Number(call.split(' ')[1]))) return;
		// Linux remembers whether a named pipe ever had a writer: only then its end is a hang-up.
		if (got !== native && call.startsWith('168 ') && polled(call).some((fd) => kindOf(files, fd) === 'fifo')) continue;
		const before = () => lines.slice(0, i + 1).map((line) => `\n  ${line.join(' => ')}`);
		if (got !== native) assert.is(got, native, `script ${name}, line ${i}: ${call}${process.env.FILES_SHOW ? before() : ''}`);
	}
}

function native(scripts: readonly (readonly string[])[]): string[][] {
	const dir = mkdtempSync(join(tmpdir(), 'files-'));
	const program = join(dir, 'native');
	execFileSync('gcc', ['-m32', '-O1', '-static', '-o', program, fileURLToPath(new URL('./files.native.c', import.meta.url))]);
	const input = scripts.map((s) => `#\n${s.join('\n')}\n`).join('');
	const output = execFileSync(program, [dir], { input, encoding: 'latin1', maxBuffer: 1 << 28 });
	rmSync(dir, { recursive: true });
	return output
		.slice(2)
		.split('\n#\n')
		.map((s) => s.split('\n').map((line) => line.trimEnd()));
}

const stored = () =>
	readFileSync(STORE, 'latin1')
		.slice(2)
		.split('\n#\n')
		.map((s) =>
			s
				.trimEnd()
				.split('\n')
				.map((line) => line.split(' => ') as [string, string]),
		);

const fresh = Number(process.env.FILES_NATIVE ?? 0);
if (fresh > 0) {
	const scripts = Array.from({ length: fresh }, (_, i) => script(SEED + i));
	const answers = native(scripts);
	if (process.env.FILES_STORE) {
		const text = scripts.map((s, i) => `#\n${s.map((line, k) => `${line} => ${answers[i][k]}`).join('\n')}\n`).join('');
		writeFileSync(STORE, text, 'latin1');
	}
	for (const [i, s] of scripts.entries()) {
		test(`a new script, seed ${SEED + i}`, () => {
			const pairs = s.map((line, k) => [line, answers[i][k]] as const);
			compare(pairs, `with seed ${SEED + i}`);
		});
	}
} else {
	test('random scripts answer as Linux answered them', () => {
		const scripts = stored();
		assert.ok(scripts.length >= 20);
		for (const [i, lines] of scripts.entries()) compare(lines, `${i} of files.native.txt`);
	});
}

test.run();
