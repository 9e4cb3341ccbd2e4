/** The process behind a stub: its registers, memory, mappings, single steps. One thread is followed; the others stand still. */
import type { CpuState, Descriptor } from '../../events/cpu.ts';
import { packDescriptor, parseUserDesc } from '../../kernel/abi/user-desc.ts';
import type { Client } from './client.ts';
import { type Mapping, parseMaps } from './maps.ts';
import { RemoteError, toHex } from './packets.ts';
import { decodeRegisters, type Layout, readLayout } from './registers.ts';

/** How a step ended. */
export type Stopped =
	| { readonly kind: 'stopped'; readonly signo: number }
	/** Wait status. */
	| { readonly kind: 'ended'; readonly status: number };

const SIGTRAP = 5;
const NR_GET_THREAD_AREA = 244;
/** TLS entries of the GDT: of an x86-64 and of an i386 kernel. */
const TLS_FIRST = [12, 6];
/** Signals whose number in the protocol (gdb/signals.def) is not Linux's, by the protocol's. */
const TO_LINUX: { readonly [gdb: number]: number } = {
	10: 7,
	16: 23,
	17: 19,
	18: 20,
	19: 18,
	20: 17,
	23: 29,
	30: 10,
	31: 12,
	32: 30,
};

export class RemoteProcess {
	readonly pid: number;
	readonly #client: Client;
	readonly #layout: Layout;
	readonly #thread: string;
	readonly #step: 'vCont' | 's';

	private constructor(client: Client, layout: Layout, thread: string, step: 'vCont' | 's') {
		this.#client = client;
		this.#layout = layout;
		this.#thread = thread;
		this.#step = step;
		this.pid = Number.parseInt(/^p?([0-9a-f]+)/i.exec(thread)?.[1] ?? '1', 16) || 1;
	}

	static async attach(client: Client): Promise<RemoteProcess> {
		const stop = await client.ask('?');
		if (!/^[TS]/.test(stop)) throw new RemoteError(`a stopped program wanted, the stub says ${stop.slice(0, 20) || 'nothing'}`);
		const current = /^QC(.+)$/.exec(await client.ask('qC'));
		const thread = /thread:([^;]+)/.exec(stop)?.[1] ?? current?.[1] ?? '0';
		await client.ask(`Hg${thread}`);
		// Only now: before a thread is chosen, gdbserver has no description.
		const xml = await client.transfer('features', 'target.xml');
		const layout = await readLayout(xml, (name) => client.transfer('features', name));
		const vCont = /;s/.test(await client.ask('vCont?'));
		if (!vCont) await client.ask(`Hc${thread}`);
		return new RemoteProcess(client, layout, thread, vCont ? 'vCont' : 's');
	}

	async registers(): Promise<{ readonly cpu: CpuState; readonly origAx: number | undefined }> {
		return decodeRegisters(this.#layout, await this.#client.ask('g'));
	}

	read(address: number, length: number): Promise<Uint8Array | undefined> {
		return this.#client.read(address, length);
	}

	/** A file of /proc/PID, where the stub can open files. */
	proc(name: string): Promise<string | undefined> {
		return this.#client.file(`/proc/${this.pid}/${name}`);
	}

	async maps(): Promise<readonly Mapping[] | undefined> {
		const text = await this.proc('maps');
		return text === undefined ? undefined : parseMaps(text);
	}

	async auxv(): Promise<number[]> {
		const text = await this.#client.transfer('auxv', '');
		const bytes = Buffer.from(text ?? '', 'latin1');
		return Array.from({ length: (bytes.length >> 3) * 2 }, (_, i) => bytes.readUInt32LE(4 * i));
	}

	/** One step, with a signal (the protocol's number) or without. */
	async step(signo = 0): Promise<Stopped> {
		const hex = signo.toString(16).padStart(2, '0');
		const vCont = `vCont;${signo ? `S${hex}` : 's'}:${this.#thread}`;
		const answer = await this.#client.ask(this.#step === 'vCont' ? vCont : signo ? `S${hex}` : 's', true);
		const number = Number.parseInt(answer.slice(1, 3), 16);
		switch (answer[0]) {
			case 'T':
			case 'S':
				return { kind: 'stopped', signo: number };
			case 'W':
				return { kind: 'ended', status: number << 8 };
			case 'X':
				return { kind: 'ended', status: linuxSignal(number) };
			default:
				throw new RemoteError(`a step was asked for, ${answer.slice(0, 20) || 'nothing'} came back`);
		}
	}

	/**
	 * TLS descriptors, which no packet tells: the process is made to call get_thread_area, and everything is put back. Undefined where that
	 * is not possible (a stub that does not write, a program inside a call).
	 */
	async tls(cpu: CpuState, origAx: number | undefined): Promise<readonly Descriptor[] | undefined> {
		const saved = await this.#client.ask('g');
		const code = await this.read(cpu.eip, 2);
		const buffer = ((cpu.esp - 512) & ~15) >>> 0;
		const area = await this.read(buffer, 16);
		if (
			(origAx !== undefined && origAx >= 0) ||
			code === undefined ||
			area === undefined ||
			!(await this.#write(cpu.eip, Uint8Array.of(0xcd, 0x80)))
		)
			return undefined;
		const found: Descriptor[] = [0, 1, 2].map(() => ({ a: 0, b: 0 }));
		try {
			for (const first of TLS_FIRST) {
				for (let i = 0; i < 3; i++) {
					const ask = new Uint8Array(16);
					new DataView(ask.buffer).setUint32(0, first + i, true);
					if (!(await this.#write(buffer, ask))) return undefined;
					const regs = this.#patched(saved, { eax: NR_GET_THREAD_AREA, ebx: buffer >>> 0, eip: cpu.eip, orig_eax: 0xffffffff });
					if ((await this.#client.ask(`G${regs}`)) !== 'OK') return undefined;
					const stop = await this.step();
					if (stop.kind !== 'stopped' || stop.signo !== SIGTRAP) return undefined;
					const { cpu: after } = await this.registers();
					const desc = (after.eax | 0) === 0 ? await this.read(buffer, 16) : undefined;
					if (!desc) continue;
					const parsed = parseUserDesc(desc);
					if (parsed.base !== 0 || parsed.limit !== 0) found[i] = packDescriptor(parsed, parsed.useable);
				}
				if (found.some((d) => d.b !== 0)) break;
			}
			return found;
		} finally {
			await this.#write(cpu.eip, code);
			await this.#write(buffer, area);
			await this.#client.ask(`G${saved}`);
		}
	}

	async #write(address: number, bytes: Uint8Array): Promise<boolean> {
		return (await this.#client.ask(`M${(address >>> 0).toString(16)},${bytes.length.toString(16)}:${toHex(bytes)}`)) === 'OK';
	}

	/** A `g` packet with some registers changed. */
	#patched(packet: string, values: { readonly [name: string]: number }): string {
		const bytes = Buffer.from(packet.replaceAll('x', '0'), 'hex');
		for (const [name, value] of Object.entries(values)) {
			const place = this.#layout.get(name);
			if (place) bytes.writeUInt32LE(value >>> 0, place.at);
		}
		return bytes.toString('hex');
	}

	/** Lets the program go on by itself. */
	async detach(): Promise<void> {
		await this.#client.ask('D').catch(() => {});
	}
}

/** Linux's number of a signal of the protocol. */
export function linuxSignal(gdb: number): number {
	return TO_LINUX[gdb] ?? gdb;
}
