/**
 * Records a process that runs on hardware, through the stub of a debugger: every step's registers and written bytes, what the kernel did
 * in each call, as a trace of grain `steps`. Our processor runs each step beside it, only to know which bytes it writes; the values are
 * the process's own. Where ours does not have the instruction, known memory is compared instead.
 */
import { Stop } from '../../cpu/contract.ts';
import { createCpu } from '../../cpu/cpu.ts';
import { type CpuState, type Descriptor, GPR_NAMES, SEGMENT_NAMES, Vector } from '../../events/cpu.ts';
import type { Entry } from '../../events/entities.ts';
import type { KernelEvent } from '../../events/event.ts';
import { type StepColumns, type StepWrite, stepEvents } from '../../events/steps.ts';
import { AT } from '../../kernel/abi/auxv.ts';
import { packDescriptor, parseUserDesc } from '../../kernel/abi/user-desc.ts';
import type { PageLookup, Pager } from '../../reducers/pages.ts';
import { importPersona } from '../imported.ts';
import { StepBuilder } from './columns.ts';
import { type Mapping, mapEvents, mappingAt } from './maps.ts';
import { RemoteError } from './packets.ts';
import { linuxSignal, type RemoteProcess } from './process.ts';

const PAGE = 4096;
const OBJECT = 1;
const SIGTRAP = 5;
const NR_SET_THREAD_AREA = 243;
const SYSCALL = Uint8Array.of(0x0f, 0x05);
/** Steps of a frame at most. */
const FRAME = 4096;

/** What happened, in order. */
export type Happened =
	| { readonly kind: 'steps'; readonly columns: StepColumns; readonly entry: Entry }
	| { readonly kind: 'events'; readonly events: readonly KernelEvent[] };

export interface Observation {
	readonly cpu: CpuState;
	readonly origAx: number;
	readonly tls: readonly Descriptor[];
	readonly auxv: readonly number[];
	readonly maps: readonly Mapping[];
	/** Pages as they were when they were first touched, by linear page number. */
	readonly pages: ReadonlyMap<number, Uint8Array>;
	readonly happened: readonly Happened[];
	readonly steps: number;
	/** How it ended: a wait status, or the recorder's own limit. */
	readonly status: number | undefined;
}

/**
 * The machine's ids of the one process and its memory (see importProcess). The task is not called by its pid: two recordings of what
 * should be the same run can be compared.
 */
export const OBSERVED = { task: 2, mm: 1 } as const;

export interface ObserveOptions {
	readonly maxSteps: number;
	readonly onProgress?: (steps: number) => void;
}

/** Steps a process and keeps what it does. @throws RemoteError */
export async function observe(process: RemoteProcess, options: ObserveOptions): Promise<Observation> {
	const first = await process.registers();
	const tls = (await process.tls(first.cpu, first.origAx)) ?? [];
	const maps = await process.maps();
	const auxv = await process.auxv();
	const observer = new Observer(process, options, first.cpu, tls, maps);
	const status = await observer.run();
	return {
		cpu: first.cpu,
		origAx: first.origAx ?? -1,
		tls,
		auxv,
		maps: maps ?? observer.firstMaps(),
		pages: observer.pages,
		happened: observer.happened,
		steps: observer.steps,
		status,
	};
}

class Observer {
	readonly pages = new Map<number, Uint8Array>();
	readonly happened: Happened[] = [];
	steps = 0;
	readonly #process: RemoteProcess;
	readonly #options: ObserveOptions;
	readonly #cpu = createCpu(importPersona());
	readonly #builder = new StepBuilder();
	readonly #told: boolean;
	/** Pages our processor may use, as they were when last fetched. */
	readonly #known = new Map<number, Uint8Array>();
	#maps: readonly Mapping[];
	/** Mappings that were not there from the beginning: what lies in them comes with events. */
	readonly #late: { readonly start: number; readonly end: number }[] = [];
	#tls: readonly Descriptor[];
	#now: CpuState;
	#first = 0;

	constructor(
		process: RemoteProcess,
		options: ObserveOptions,
		cpu: CpuState,
		tls: readonly Descriptor[],
		maps: readonly Mapping[] | undefined,
	) {
		this.#process = process;
		this.#options = options;
		this.#now = cpu;
		this.#tls = tls;
		this.#told = maps !== undefined;
		this.#maps = maps ?? [];
		const pager: Pager = { lookup: (vpn) => this.#lookup(vpn) };
		this.#cpu.load(cpu, { tls, ldt: [] }, pager, false);
	}

	/** Where the stub does not tell mappings: a mapping around every page that was touched. */
	firstMaps(): readonly Mapping[] {
		const list: Mapping[] = [];
		for (const vpn of [...this.pages.keys()].sort((a, b) => a - b)) {
			const last = list.at(-1);
			const start = vpn * PAGE;
			if (last?.end === start) list[list.length - 1] = { ...last, end: start + PAGE };
			else list.push({ start, end: start + PAGE, access: 7, offset: 0, name: '' });
		}
		return list;
	}

	#lookup(vpn: number): PageLookup | undefined {
		const bytes = this.#known.get(vpn);
		return bytes && { access: 7, object: OBJECT, index: vpn, bytes, bus: false };
	}

	async run(): Promise<number | undefined> {
		let signo = 0;
		while (this.steps < this.#options.maxSteps) {
			const ended = signo === 0 ? await this.#step() : await this.#deliver(signo);
			if (typeof ended === 'object') {
				this.#flush('none');
				return ended.status;
			}
			signo = ended;
			if (this.#builder.count >= FRAME) this.#flush('none');
			if (this.steps % 1000 === 0) this.#options.onProgress?.(this.steps);
		}
		this.#flush('none');
		return undefined;
	}

	/** One step of both. The signal the process is stopped by (0: none), or its end. */
	async #step(): Promise<number | { readonly status: number }> {
		const before = this.#now;
		const own = await this.#ownStep();
		const stopped = await this.#process.step();
		if (stopped.kind === 'ended') return stopped;
		const { cpu: after } = await this.#process.registers();
		const entry = this.#entryOf(own);
		if (entry !== undefined) {
			await this.#call(own, entry, before, after);
			return stopped.signo === SIGTRAP ? 0 : stopped.signo;
		}
		if (stopped.signo !== SIGTRAP && after.eip === before.eip) {
			await this.#undo(own, before);
			return stopped.signo;
		}
		let again = own;
		if (own.missing !== undefined) {
			// The kernel gave it a page (a stack that grew): then the step can be made here too.
			if (await this.#fetch(own.missing, true)) again = await this.#ownStep();
		}
		const writes = again.done ? await this.#confirm(again.writes) : await this.#compare();
		const bytes = again.bytes.length > 0 ? again.bytes : await this.#instruction(before);
		this.#builder.push({ eip: before.eip, bytes, mask: again.mask, before, after, writes });
		this.steps++;
		this.#cpu.patch(after);
		this.#now = after;
		return stopped.signo === SIGTRAP ? 0 : stopped.signo;
	}

	/** How the step enters the kernel, if it does. `syscall`, which a 64-bit kernel's vDSO has, our processor does not know. */
	#entryOf(own: Own): 'int80' | 'sysenter' | 'syscall' | undefined {
		if (own.stop === Stop.INT80) return 'int80';
		if (own.stop === Stop.SYSENTER) return 'sysenter';
		if (own.stop !== Stop.UNSUPPORTED) return undefined;
		const [a, b] = this.#cpu.bytesAtEip();
		return a === 0x0f && b === 0x05 ? 'syscall' : undefined;
	}

	/** What our processor makes of the next step; pages it lacks are fetched. */
	async #ownStep(): Promise<Own> {
		for (;;) {
			const eip = this.#cpu.eip;
			if (!this.#known.has(eip >>> 12)) await this.#fetch(eip >>> 12);
			const stop = this.#cpu.record(1, this.steps);
			const columns = this.#cpu.takeSteps(1, this.steps);
			const { fault } = this.#cpu;
			if (columns.count === 1) {
				const [step] = stepEvents(columns);
				return { stop, done: true, mask: columns.mask[0], writes: step.writes, bytes: step.bytes.slice(), missing: undefined };
			}
			if (stop === Stop.FAULT && fault?.vector === Vector.PF) {
				const page = fault.address >>> 12;
				if (await this.#fetch(page)) continue;
				return { ...NOT_DONE, stop, missing: page };
			}
			return { ...NOT_DONE, stop };
		}
	}

	/** Takes a page of the process. `fresh`: it came into being with this step, and was zeros before. */
	async #fetch(page: number, fresh = false): Promise<boolean> {
		if (this.#known.has(page)) return false;
		const bytes = await this.#process.read(page * PAGE, PAGE);
		if (bytes === undefined) return false;
		// Being looked at makes a stack grow as well.
		if (this.#told && mappingAt(this.#maps, page * PAGE) === undefined) await this.#remap();
		const was = fresh ? new Uint8Array(PAGE) : bytes;
		this.#known.set(page, was);
		const late = this.#late.some((r) => r.start <= page * PAGE && page * PAGE < r.end);
		if (!late && !fresh) this.pages.set(page, was);
		else if (!fresh && was.some((b) => b !== 0)) this.#events([write(OBSERVED.mm, page * PAGE, was)]);
		this.#cpu.memory.flush(page * PAGE, (page + 1) * PAGE);
		return true;
	}

	/** The bytes at eip where our processor does not know how many they are: all that may belong to it. */
	async #instruction(cpu: CpuState): Promise<Uint8Array> {
		for (let n = 15; n > 0; n--) {
			const bytes = await this.#process.read(cpu.eip, n);
			if (bytes) return bytes;
		}
		throw new RemoteError(`no memory at eip ${cpu.eip.toString(16)}`);
	}

	/** The process's bytes where our processor wrote. */
	async #confirm(writes: readonly StepWrite[]): Promise<StepWrite[]> {
		const out: StepWrite[] = [];
		for (const { address, bytes } of writes) {
			const is = await this.#process.read(address, bytes.length);
			if (is === undefined) throw new RemoteError(`step ${this.steps} writes to ${address.toString(16)}, which cannot be read`);
			if (Buffer.compare(is, bytes) !== 0) this.#cpu.memory.write(address, is, true);
			out.push({ address, bytes: is });
		}
		return out;
	}

	/** What differs in known memory now: one write for each stretch. Our processor takes it over. */
	async #compare(): Promise<StepWrite[]> {
		const writes: StepWrite[] = [];
		for (const page of [...this.#known.keys()].sort((a, b) => a - b)) {
			const mapping = mappingAt(this.#maps, page * PAGE);
			if (this.#told && mapping !== undefined && (mapping.access & 2) === 0) continue;
			const was = this.#cpu.memory.read(page * PAGE, PAGE);
			const is = await this.#process.read(page * PAGE, PAGE);
			if (is === undefined || was === undefined) continue;
			let from = 0;
			let to = PAGE;
			while (from < PAGE && was[from] === is[from]) from++;
			if (from === PAGE) continue;
			while (was[to - 1] === is[to - 1]) to--;
			const bytes = is.slice(from, to);
			writes.push({ address: page * PAGE + from, bytes });
			this.#cpu.memory.write(page * PAGE + from, bytes, true);
		}
		return writes;
	}

	/** A step that did not happen: our processor goes back. */
	async #undo(own: Own, before: CpuState): Promise<void> {
		if (own.done) await this.#confirm(own.writes);
		this.#cpu.patch(before);
	}

	/** A system call: the step that enters, then what the kernel did. */
	async #call(own: Own, entry: 'int80' | 'sysenter' | 'syscall', before: CpuState, after: CpuState): Promise<void> {
		const bytes = own.done ? own.bytes : SYSCALL;
		const entered = { ...before, eip: (before.eip + bytes.length) >>> 0 };
		this.#builder.push({ eip: before.eip, bytes, mask: own.mask, before, after: entered, writes: [] });
		this.steps++;
		this.#flush(entry === 'int80' ? 'int80' : 'sysenter');
		const pid = OBSERVED.task;
		const { eax: nr, ebx, ecx, edx, esi, edi, ebp, esp } = before;
		// Behind the fast ways in, the vDSO has put ebp on the stack; for syscall, which takes ecx, it has that in ebp.
		const pushed = entry === 'int80' ? undefined : await this.#process.read(entry === 'syscall' ? esp : ebp, 4);
		const sixth = pushed ? new DataView(pushed.buffer).getUint32(0, true) : ebp;
		const args = [ebx, entry === 'syscall' ? ebp : ecx, edx, esi, edi, sixth];
		const enter: KernelEvent = { kind: 'syscall/enter', task: pid, nr, args, regs: {} };
		const result = after.eax | 0;
		const regs = changed(entered, after);
		const exit: KernelEvent = { kind: 'syscall/exit', task: pid, nr, result, regs: { ...regs, eax: after.eax } };
		const maps = await this.#mapChanges();
		const writes = (await this.#compare()).map(({ address, bytes }) => write(OBSERVED.mm, address, bytes));
		const tls = nr === NR_SET_THREAD_AREA && result === 0 ? await this.#newTls(ebx) : [];
		this.#events([enter, ...maps, ...writes, ...tls, exit], true);
		this.#take(after);
	}

	/** set_thread_area succeeded: its descriptor. */
	async #newTls(address: number): Promise<KernelEvent[]> {
		const bytes = await this.#process.read(address, 16);
		if (bytes === undefined) return [];
		const desc = parseUserDesc(bytes);
		const index = [12, 6].map((n) => desc.entryNumber - n).find((i) => i >= 0 && i < 3);
		if (index === undefined) return [];
		const empty = { a: 0, b: 0 };
		this.#tls = [0, 1, 2].map((i) => (i === index ? packDescriptor(desc, desc.useable) : (this.#tls[i] ?? empty)));
		this.#cpu.setTables({ tls: this.#tls, ldt: [] });
		return [{ kind: 'task/set', task: OBSERVED.task, fields: { tls: this.#tls } }];
	}

	/** Lets the process take a signal: it stands in its handler then, or is gone. */
	async #deliver(signo: number): Promise<number | { readonly status: number }> {
		const before = this.#now;
		const stopped = await this.#process.step(signo);
		if (stopped.kind === 'ended') return stopped;
		const { cpu: after } = await this.#process.registers();
		const maps = await this.#mapChanges();
		const writes = (await this.#compare()).map(({ address, bytes }) => write(OBSERVED.mm, address, bytes));
		const pid = OBSERVED.task;
		const deliver: KernelEvent = {
			kind: 'signal/deliver',
			task: pid,
			signo: linuxSignal(signo),
			handler: after.eip,
			frame: after.esp,
			blocked: 0n,
			altstack: { sp: 0, size: 0, flags: 0 },
			regs: changed(before, after),
		};
		this.#flush('none');
		this.#events([...maps, ...writes, deliver]);
		this.#take(after);
		return stopped.signo === SIGTRAP ? 0 : stopped.signo;
	}

	#take(cpu: CpuState): void {
		this.#cpu.patch(cpu);
		this.#now = cpu;
	}

	async #remap(): Promise<void> {
		this.#flush('none');
		this.#events(await this.#mapChanges());
	}

	/** Mappings are asked for again; pages that went are forgotten. */
	async #mapChanges(): Promise<readonly KernelEvent[]> {
		const now = this.#told ? await this.#process.maps() : undefined;
		if (now === undefined) return [];
		const events = mapEvents(OBSERVED.mm, this.#maps, now);
		this.#maps = now;
		for (const e of events) {
			if (e.kind === 'mm/unmap') this.#forget(e.start, e.end);
			if (e.kind === 'mm/map') this.#late.push({ start: e.vma.start, end: e.vma.end });
		}
		return events;
	}

	#forget(start: number, end: number): void {
		for (const page of [...this.#known.keys()]) {
			if (page * PAGE < start || page * PAGE >= end) continue;
			this.#known.delete(page);
			this.#cpu.memory.drop(OBJECT, page, page + 1);
		}
		this.#cpu.memory.flush(start, end);
	}

	#flush(entry: Entry): void {
		const columns = this.#builder.take(OBSERVED.task, this.#first);
		if (columns) this.happened.push({ kind: 'steps', columns, entry });
		this.#first = this.steps;
	}

	/** Events behind the steps so far. `flushed`: they are in a frame already. */
	#events(events: readonly KernelEvent[], flushed = false): void {
		if (events.length === 0) return;
		if (!flushed) this.#flush('none');
		this.happened.push({ kind: 'events', events });
	}
}

/** A step as our processor made it; `done`: it did. */
interface Own {
	readonly stop: number;
	readonly done: boolean;
	readonly mask: number;
	readonly writes: readonly StepWrite[];
	readonly bytes: Uint8Array;
	/** The page it lacks. */
	readonly missing: number | undefined;
}

const NOT_DONE: Own = { stop: 0, done: false, mask: 0, writes: [], bytes: new Uint8Array(0), missing: undefined };

function write(mm: number, address: number, bytes: Uint8Array): KernelEvent {
	return { kind: 'memory/write', mm, address, bytes, force: true };
}

/** The registers that differ. */
function changed(before: CpuState, after: CpuState): Partial<CpuState> {
	const out: { -readonly [K in keyof CpuState]?: CpuState[K] } = {};
	for (const name of [...GPR_NAMES, ...SEGMENT_NAMES, 'eip', 'eflags'] as const)
		if (before[name] !== after[name]) out[name] = after[name];
	if (Buffer.compare(before.fx, after.fx) !== 0) out.fx = after.fx;
	return out;
}

/** The file that holds the entry point. */
export function programOf(observation: Pick<Observation, 'auxv' | 'maps'>): string {
	const at = observation.auxv.findIndex((n, i) => i % 2 === 0 && n === AT.ENTRY);
	const name = at < 0 ? '' : (mappingAt(observation.maps, observation.auxv[at + 1])?.name ?? '');
	return name.startsWith('/') ? name : '/program';
}
