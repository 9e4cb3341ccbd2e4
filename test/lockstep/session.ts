/**
 * Lockstep: T0 runs ahead, the tracer steps the native program behind it and compares. Only steps of the processor are compared;
 * what the kernel does is adopted.
 */
import { Stop } from '../../src/cpu/contract.ts';
import { type Fault, Vector } from '../../src/events/cpu.ts';
import type { StepColumns } from '../../src/events/steps.ts';
import { HWCAP_LEAF } from '../../src/kernel/abi/auxv.ts';
import { defaultPersona } from '../../src/kernel/persona.ts';
import { Guest } from './guest.ts';
import { type Started, startTraced } from './native.ts';
import { Answer, type Difference, End, type NativeSignal, readDifference, readSignal, readState } from './protocol.ts';
import { Sites } from './sites.ts';

/** Steps compared between two looks at the whole memory. */
const BATCH = 32768;
const SIGTRAP = 5;
const CLONE_VM = 0x100;
const CLONE_VFORK = 0x4000;
const NR_CLONE = 120;
const NR_MODIFY_LDT = 123;

/** Signals of Linux's i386 exceptions (arch/x86/kernel/traps.c). */
const SIGNAL_OF: { readonly [vector: number]: readonly number[] } = {
	[Vector.DE]: [8],
	[Vector.DB]: [SIGTRAP],
	[Vector.BP]: [SIGTRAP],
	[Vector.OF]: [11],
	[Vector.BR]: [11],
	[Vector.UD]: [4],
	[Vector.NM]: [11],
	[Vector.NP]: [7],
	[Vector.SS]: [7],
	[Vector.GP]: [11],
	[Vector.PF]: [11, 7],
	[Vector.MF]: [8],
	[Vector.AC]: [7],
	[Vector.XM]: [8],
};

/** What lockstep cannot follow, by name. */
export class NotFollowed extends Error {
	override readonly name = 'NotFollowed';
}

/** The first step that differed. */
export interface Divergence {
	/** Steps before it. */
	readonly step: number;
	/** Address and bytes of the instruction; of the window's last one when the step is not known. */
	readonly eip: number;
	readonly bytes: Uint8Array;
	/** First step at which it may have happened, when only a window is known. */
	readonly since?: number;
	readonly difference?: Difference;
	/** T0's write there, when written bytes differ. */
	readonly fault?: { readonly own: string; readonly native: string };
}

export interface Outcome {
	readonly steps: number;
	/** System calls, signals and program starts that were adopted. */
	readonly adopted: number;
	readonly divergence: Divergence | undefined;
	/** Wait status of the program, when it ended. */
	readonly status: number | undefined;
	readonly seconds: number;
}

export interface LockstepOptions {
	readonly program: string;
	readonly args: readonly string[];
	readonly maxSteps?: number;
	/** A byte that is compared after every step: the step that writes it natively, and not in T0, is found. */
	readonly watch?: number;
	readonly stdio?: ['inherit' | 'ignore', 'inherit' | 'pipe' | 'ignore', 'inherit' | 'pipe' | 'ignore'];
	readonly env?: NodeJS.ProcessEnv;
	/** Told now and then how far it is. */
	readonly onProgress?: (steps: number) => void;
	/** Told the tracer, before the first step. */
	readonly onStart?: (started: Started) => void;
	/** For tests: changes T0 when it has come to a step, and so must be seen. */
	readonly disturb?: { readonly step: number; readonly change: (guest: Guest) => void };
}

/** Runs a program both ways up to its end, the first difference, or `maxSteps`. */
export async function lockstep(options: LockstepOptions): Promise<Outcome> {
	const { cpuid } = defaultPersona();
	const hwcap = cpuid.find(([leaf]) => leaf === HWCAP_LEAF)?.[5] ?? 0;
	const started = startTraced(hwcap, options.program, options.args, {
		stdio: options.stdio ?? ['inherit', 'inherit', 'inherit'],
		...(options.env ? { env: options.env } : {}),
	});
	options.onStart?.(started);
	const closed = new Promise((resolve) => started.process.once('close', resolve));
	try {
		return await new Session(started, new Guest(cpuid), options).run();
	} finally {
		started.channel.quit();
		await closed;
	}
}

type Ended = { readonly divergence?: Divergence; readonly status?: number };

class Session {
	readonly #channel: Started['channel'];
	readonly #guest: Guest;
	readonly #options: LockstepOptions;
	readonly #sites = new Sites();
	#steps = 0;
	#adopted = 0;

	constructor(started: Started, guest: Guest, options: LockstepOptions) {
		this.#channel = started.channel;
		this.#guest = guest;
		this.#options = options;
	}

	async run(): Promise<Outcome> {
		const start = performance.now();
		const { maxSteps = Number.POSITIVE_INFINITY } = this.#options;
		let ended = await this.#adopt();
		if (this.#options.watch !== undefined) this.#channel.watch(this.#options.watch);
		while (ended === undefined && this.#steps < maxSteps) {
			ended = await this.#batch(maxSteps - this.#steps);
			this.#options.onProgress?.(this.#steps);
		}
		return {
			steps: this.#steps,
			adopted: this.#adopted,
			divergence: ended?.divergence,
			status: ended?.status,
			seconds: (performance.now() - start) / 1000,
		};
	}

	/** The next answer, when the kernel had the program. */
	async #adopt(): Promise<Ended | undefined> {
		const { kind, body } = await this.#channel.answer();
		if (kind === Answer.EXIT) return { status: body.word() };
		if (kind === Answer.ERROR) throw new NotFollowed(rest(body));
		if (kind !== Answer.STATE) throw new Error(`a state wanted, answer ${kind} got`);
		this.#guest.adopt(readState(body));
		this.#adopted++;
		return undefined;
	}

	async #batch(limit: number): Promise<Ended | undefined> {
		const { cpu } = this.#guest;
		const { disturb } = this.#options;
		let budget = Math.min(limit, BATCH);
		if (disturb !== undefined && disturb.step >= this.#steps) {
			if (disturb.step === this.#steps) disturb.change(this.#guest);
			else budget = Math.min(budget, disturb.step - this.#steps);
		}
		const stop = cpu.record(budget, this.#steps);
		const { fault } = cpu;
		const columns = cpu.takeSteps(1, this.#steps);
		const trap = stop === Stop.FAULT && columns.count > 0 && (fault?.vector === Vector.BP || fault?.vector === Vector.OF);
		if (stop === Stop.SYSENTER) throw new NotFollowed('sysenter: the host returns from it elsewhere');
		if (stop === Stop.DEBUG) throw new NotFollowed('the program sets TF, and so does the tracer');
		if (stop === Stop.FAULT && fault?.vector === Vector.PF && this.#guest.grow(fault.address)) {
			return columns.count > 0 ? this.#compare(columns, End.NONE) : undefined;
		}
		if (stop === Stop.FAULT || stop === Stop.UNSUPPORTED) {
			const met = stop === Stop.FAULT ? fault : { vector: Vector.UD, error: 0, address: 0, bus: false };
			return this.#compare(columns, trap ? End.TRAP : End.FAULT, met);
		}
		if (columns.count === 0) return undefined;
		return this.#compare(columns, stop === Stop.INT80 ? End.CALL : End.NONE);
	}

	/** Lets the tracer compare a batch. */
	async #compare(columns: StepColumns, end: number, fault?: Fault): Promise<Ended | undefined> {
		const call = end === End.CALL ? this.#call() : undefined;
		this.#channel.batch(columns, this.#sites.bits(columns), end);
		const { kind, body } = await this.#channel.answer();
		switch (kind) {
			case Answer.OK:
				this.#steps += columns.count;
				this.#guest.verified();
				return undefined;
			case Answer.STATE: {
				this.#steps += columns.count;
				this.#adopted++;
				const state = readState(body);
				this.#guest.adopt(state);
				if (call?.ldt && (state.registers.gprs[0] | 0) === 0) this.#guest.setLdt(call.ldt, call.old);
				return undefined;
			}
			case Answer.EXIT:
				this.#steps += columns.count;
				return { status: body.word() };
			case Answer.DIFFERENT: {
				const difference = readDifference(body);
				return { divergence: { ...this.#place(columns, difference.step), difference } };
			}
			case Answer.SIGNAL:
				return this.#signal(columns, readSignal(body));
			case Answer.FAULT:
				return this.#fault(columns, readSignal(body), end, fault);
			case Answer.ERROR:
				throw new NotFollowed(rest(body));
			default:
				throw new Error(`answer ${kind} got`);
		}
	}

	/** Looks at a call before it is made: what cannot be followed, and what only its arguments tell. */
	#call(): { readonly ldt: Uint8Array | undefined; readonly old: boolean } {
		const { cpu } = this.#guest;
		const [eax, ecx, edx, ebx] = [0, 1, 2, 3].map((r) => cpu.gpr(r));
		if (eax === NR_CLONE && ebx & CLONE_VM && !(ebx & CLONE_VFORK))
			throw new NotFollowed('clone(CLONE_VM): one task is followed');
		const ldt = eax === NR_MODIFY_LDT && (ebx === 1 || ebx === 0x11) && edx === 16 ? cpu.memory.read(ecx, 16) : undefined;
		return { ldt, old: ebx === 1 };
	}

	/** A signal from elsewhere arrived before step `signal.step`, which T0 has run past: back, up to it, and its delivery adopted. */
	async #signal(columns: StepColumns, signal: NativeSignal): Promise<Ended | undefined> {
		const faulted = signal.code > 0 && signal.signo !== SIGTRAP && Object.values(SIGNAL_OF).some((s) => s.includes(signal.signo));
		if (faulted) {
			const native = `signal ${signal.signo} at ${hex8(signal.address)}`;
			return { divergence: { ...this.#place(columns, signal.step), fault: { own: 'retired', native } } };
		}
		const { cpu } = this.#guest;
		this.#guest.back();
		for (let left = signal.step; left > 0; ) {
			cpu.record(left, this.#steps);
			left -= cpu.takeSteps(1, 0).count;
		}
		this.#steps += signal.step;
		this.#guest.verified();
		this.#channel.signal(signal.signo);
		return this.#adopt();
	}

	/** T0 met a fault, the program was stopped by a signal: the same one? */
	async #fault(columns: StepColumns, signal: NativeSignal, end: number, fault: Fault | undefined): Promise<Ended | undefined> {
		if (fault === undefined) throw new Error('a signal where no fault is');
		const signals = SIGNAL_OF[fault.vector] ?? [];
		const place = fault.vector !== Vector.PF || fault.address === signal.address;
		if (!signals.includes(signal.signo) || !place || this.#guest.cpu.eip !== signal.registers.eip) {
			const own = `vector ${fault.vector}${fault.vector === Vector.PF ? ` at ${hex8(fault.address)}` : ''}, eip ${hex8(this.#guest.cpu.eip)}`;
			const native = `signal ${signal.signo} at ${hex8(signal.address)}, eip ${hex8(signal.registers.eip)}`;
			const at = this.#place(columns, end === End.TRAP ? columns.count - 1 : columns.count);
			return { divergence: { ...at, fault: { own, native } } };
		}
		this.#steps += columns.count;
		this.#guest.verified();
		this.#channel.signal(signal.signo);
		return this.#adopt();
	}

	/** Where step `i` of a batch stands; behind its end: the instruction that T0 faulted at. */
	#place(columns: StepColumns, i: number): Omit<Divergence, 'difference' | 'fault'> {
		const { site, siteEip, siteLength, siteBytes, count } = columns;
		if (i < 0 || i >= count) {
			const { cpu } = this.#guest;
			return { step: this.#steps + count, eip: cpu.eip, bytes: cpu.bytesAtEip() };
		}
		const s = site[i];
		return { step: this.#steps + i, eip: siteEip[s], bytes: siteBytes.slice(s * 16, s * 16 + siteLength[s]), since: this.#steps };
	}
}

function rest(body: { bytes(n: number): Uint8Array }): string {
	return Buffer.from(body.bytes(Number.MAX_SAFE_INTEGER)).toString('utf8');
}

function hex8(n: number): string {
	return (n >>> 0).toString(16).padStart(8, '0');
}
