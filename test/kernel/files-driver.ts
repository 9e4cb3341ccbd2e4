/**
 * File calls without a processor: a machine as it is after exec, some memory for arguments, and a call interface that takes
 * texts, bytes and buffers. A host root of plain objects answers what the kernel asks for.
 */
import { readFileSync } from 'node:fs';
import { assert } from '../../src/events/assert.ts';
import type { KernelEvent } from '../../src/events/event.ts';
import type { HostMeta, InputEvent, InputRequest } from '../../src/events/input.ts';
import { directoryRows } from '../../src/kernel/calls/directories.ts';
import { fileRows } from '../../src/kernel/calls/files.ts';
import { identityRows } from '../../src/kernel/calls/identity.ts';
import { pollRows } from '../../src/kernel/calls/poll.ts';
import { Decision, isNeed, type Outcome } from '../../src/kernel/decision.ts';
import { createInitialState, type InitialOptions } from '../../src/kernel/initial.ts';
import { defaultPersona } from '../../src/kernel/persona.ts';
import type { Resume, SyscallRow } from '../../src/kernel/row.ts';
import { isReady, scanWaiting } from '../../src/kernel/waits.ts';
import { readState } from '../../src/reducers/address-space.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { Vm } from '../../src/reducers/state.ts';

const ROWS: ReadonlyMap<string, SyscallRow> = new Map(
	[...fileRows, ...directoryRows, ...pollRows, ...identityRows].map((r) => [r.name, r]),
);
const BY_NUMBER: ReadonlyMap<number, SyscallRow> = new Map([...ROWS.values()].map((r) => [r.nr, r]));

/** Memory for arguments: readable, writable, 4 MiB; what lies after it is not mapped. */
export const ARENA = 0x40000000;
export const ARENA_END = ARENA + 0x400000;
/** A page that may be read only. */
export const READ_ONLY = 0x50000000;

/** The state's invariants are checked after every so many calls. */
const CHECKED = 5;

/** A host root: absolute paths without the leading slash → contents; a trailing slash makes a directory; `-> x` a link. */
export type HostTree = { readonly [path: string]: string };

/** A buffer that the call fills. */
export class Out {
	readonly length: number;
	address = 0;
	constructor(length: number) {
		this.length = length;
	}
}

export type Arg = number | string | Uint8Array | Out;

export class Files {
	state: MachineState;
	readonly pid: number;
	readonly host: HostTree;
	/** Events of the last decision. */
	events: readonly KernelEvent[] = [];
	/** Inputs that were asked for, as `lookup /etc/passwd`. */
	readonly asked: string[] = [];
	#at = ARENA;
	#calls = 0;

	constructor(options: Partial<InitialOptions> = {}, host: HostTree = {}) {
		const program = { path: '/bin/tiny', bytes: readFileSync(new URL('../guests/bin/tiny', import.meta.url)) };
		const { state } = createInitialState({
			persona: defaultPersona(),
			seed: 1,
			program: { ...program, bytes: new Uint8Array(program.bytes) },
			argv: ['tiny', 'x'],
			env: ['A=b'],
			root: 'empty',
			streams: ['pipe', 'pipe', 'pipe'],
			...options,
		});
		this.host = host;
		this.pid = Number(Object.keys(state.tasks)[0]);
		const vma = { flags: Vm.READ | Vm.WRITE, object: 0, pgoff: 0, inode: 0, path: '' };
		const mm = state.tasks[this.pid].mm;
		this.state = reduce(state, [
			{ kind: 'mm/map', mm, vma: { ...vma, start: ARENA, end: ARENA_END } },
			{ kind: 'mm/map', mm, vma: { ...vma, flags: Vm.READ, start: READ_ONLY, end: READ_ONLY + 4096 } },
		]);
	}

	get task() {
		return this.state.tasks[this.pid];
	}

	apply(...events: KernelEvent[]): void {
		this.state = reduce(this.state, events);
	}

	peek(address: number, length: number): Uint8Array {
		const bytes = readState(this.state, this.state.mms[this.task.mm], address, length);
		assert(bytes !== undefined, 'mapped');
		return bytes;
	}

	poke(address: number, bytes: Uint8Array): void {
		this.apply({ kind: 'memory/write', mm: this.task.mm, address, bytes, force: false });
	}

	/** Room in the arena. */
	room(length: number): number {
		if (this.#at + length + 16 > ARENA_END) this.#at = ARENA;
		const at = this.#at;
		this.#at += (length + 31) & ~15;
		return at;
	}

	#place(arg: Arg): number {
		if (typeof arg === 'number') return arg >>> 0;
		if (arg instanceof Out) {
			arg.address = this.room(arg.length);
			return arg.address;
		}
		const bytes = typeof arg === 'string' ? Uint8Array.from(`${arg}\0`, (c) => c.charCodeAt(0)) : arg;
		const at = this.room(bytes.length);
		this.poke(at, bytes);
		return at;
	}

	/** Bytes of a buffer that a call filled. */
	bytes(out: Out, length = out.length): Uint8Array {
		return this.peek(out.address, length);
	}

	text(out: Out, length = out.length): string {
		return String.fromCharCode(...this.bytes(out, length));
	}

	/** Makes a call; 'blocked' when it sleeps. */
	call(which: string | number, ...args: Arg[]): number | 'blocked' {
		const row = typeof which === 'string' ? ROWS.get(which) : BY_NUMBER.get(which);
		assert(row !== undefined, `a row of ${which}`);
		const [ebx = 0, ecx = 0, edx = 0, esi = 0, edi = 0, ebp = 0] = args.map((a) => this.#place(a));
		const regs = { eax: row.nr, ebx, ecx, edx, esi, edi, ebp };
		const task = { ...this.task, cpu: { ...this.task.cpu, ...regs } };
		this.state = { ...this.state, tasks: { ...this.state.tasks, [this.pid]: task } };
		return this.#decide(row, [ebx, ecx, edx, esi, edi, ebp], null);
	}

	/** Goes on with a call that sleeps, when it may. */
	resume(): number | 'blocked' {
		const reason = isReady(this.state, this.task);
		const { wait, origAx } = this.task;
		if (reason === null || wait === null) return 'blocked';
		const row = BY_NUMBER.get(origAx);
		assert(row !== undefined, 'the row it sleeps in');
		const { ebx, ecx, edx, esi, edi, ebp } = this.task.cpu;
		return this.#decide(row, [ebx, ecx, edx, esi, edi, ebp], { reason, wait });
	}

	#decide(row: SyscallRow, args: readonly number[], resume: Resume | null): number | 'blocked' {
		for (;;) {
			const { state } = this;
			const read = (mm: number, address: number, length: number) => readState(state, state.mms[mm], address, length);
			const d = new Decision(
				{
					state,
					memory: { read, page: () => undefined },
					regs: (pid) => state.tasks[pid].cpu,
					waiting: (key) => scanWaiting(state, key),
				},
				this.pid,
			);
			if (resume) d.emit({ kind: 'task/wake', task: this.pid, reason: resume.reason });
			else d.emit({ kind: 'syscall/enter', task: this.pid, nr: row.nr, args, regs: {} });
			const asked = resume?.reason !== 'signal' || row.onSignal;
			const outcome: Outcome = asked ? row.handler(d, args, resume) : (resume?.wait.restart ?? 0);
			if (isNeed(outcome)) {
				this.apply(this.#answer(outcome.request));
				continue;
			}
			const result = this.#finish(d, row, outcome);
			this.events = d.events;
			this.state = d.whole;
			const broken = ++this.#calls % CHECKED === 0 ? checkInvariants(this.state) : [];
			assert(broken.length === 0, `${row.name}: ${JSON.stringify(broken)}`);
			return result;
		}
	}

	#finish(d: Decision, row: SyscallRow, outcome: Outcome): number | 'blocked' {
		if (typeof outcome === 'number') {
			d.emit({ kind: 'syscall/exit', task: this.pid, nr: row.nr, result: outcome, regs: { eax: outcome >>> 0 } });
			return outcome;
		}
		assert(outcome.kind === 'block', 'a result or a wait');
		const { restartBlock } = outcome;
		const wait = { ...outcome.wait, order: d.state.scheduler.order, fired: -1 };
		d.emit({ kind: 'task/block', task: this.pid, nr: row.nr, wait, restartBlock, regs: { eax: wait.restart >>> 0 } });
		return 'blocked';
	}

	#answer(request: InputRequest): InputEvent {
		this.asked.push(`${request.kind} ${request.path}`);
		const path = request.path.replace(/^\//, '');
		switch (request.kind) {
			case 'content':
				return { kind: 'input/content', inode: request.inode, bytes: Uint8Array.from(this.host[path], (c) => c.charCodeAt(0)) };
			case 'listing': {
				const below = Object.keys(this.host).filter((p) => p.startsWith(path === '' ? '' : `${path}/`) && p !== `${path}/`);
				const names = below.map((p) => p.slice(path === '' ? 0 : path.length + 1).split('/')[0]);
				return { kind: 'input/listing', dir: request.dir, names: [...new Set(names)].sort() };
			}
			case 'lookup':
				return { kind: 'input/lookup', dir: request.dir, name: request.name, found: this.#meta(path) };
		}
	}

	#meta(path: string): HostMeta | null {
		const meta = { mode: 0o644, uid: 0, gid: 0, nlink: 1, rdev: 0, mtime: 5n, target: '' };
		const content = this.host[path];
		if (content?.startsWith('-> '))
			return { ...meta, kind: 'symlink', mode: 0o777, size: content.length - 3, target: content.slice(3) };
		if (content !== undefined) return { ...meta, kind: 'file', size: content.length };
		if (!Object.keys(this.host).some((p) => p.startsWith(`${path}/`))) return null;
		return { ...meta, kind: 'dir', mode: 0o755, nlink: 2, size: 4096 };
	}
}
