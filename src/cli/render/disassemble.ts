/** Instructions in words, by iced-x86 (loaded when first needed), and the names of addresses from a program's symbols. */
import { createRequire } from 'node:module';
import type * as Iced from 'iced-x86';
import type { Names } from './names.ts';

/** Memory that an instruction reads or writes, as operands: the address is computed from the registers before it. */
export interface Access {
	readonly address: number;
	readonly size: number;
	readonly reads: boolean;
	readonly writes: boolean;
}

/** Registers and segment bases before a step, for addresses. */
export interface AddressContext {
	/** By encoding, u32. */
	readonly gprs: readonly number[];
	/** Base of es, cs, ss, ds, fs, gs. */
	readonly bases: readonly number[];
}

export class Disassembler {
	readonly #iced: typeof Iced;
	readonly #formatter: Iced.Formatter;
	readonly #info: Iced.InstructionInfoFactory;
	readonly #known = new Map<number, Looked>();

	constructor() {
		this.#iced = createRequire(import.meta.url)('iced-x86') as typeof Iced;
		this.#formatter = new this.#iced.Formatter(this.#iced.FormatterSyntax.Nasm);
		Object.assign(this.#formatter, {
			spaceAfterOperandSeparator: true,
			hexPrefix: '0x',
			hexSuffix: '',
			uppercaseHex: false,
			smallHexNumbersInDecimal: true,
			showBranchSize: false,
			branchLeadingZeros: true,
			displacementLeadingZeros: false,
		});
		this.#info = new this.#iced.InstructionInfoFactory();
	}

	/** One line; branch targets get their symbol. */
	text(bytes: Uint8Array, eip: number, names: Names): string {
		const { text, target } = this.#at(bytes, eip);
		const name = target === undefined ? '' : names.of(target);
		return name ? `${text} ${name}` : text;
	}

	/** Memory the instruction uses, as far as operands tell (of a string instruction: one iteration). */
	accesses(bytes: Uint8Array, eip: number, context: AddressContext): Access[] {
		return this.#at(bytes, eip).operands.map(({ segment, base, index, scale, displacement, wrap, size, reads, writes }) => {
			const offset = (base(context.gprs) + index(context.gprs) * scale + displacement) & wrap;
			return { address: ((context.bases[segment] ?? 0) + offset) >>> 0, size, reads, writes };
		});
	}

	/** An instruction is looked at once, as long as its bytes stay what they are. */
	#at(bytes: Uint8Array, eip: number): Looked {
		const known = this.#known.get(eip);
		if (known !== undefined && same(known.bytes, bytes)) return known;
		const { Decoder, DecoderOptions } = this.#iced;
		const decoder = new Decoder(32, bytes, DecoderOptions.None);
		decoder.ip = BigInt(eip);
		const instruction = decoder.decode();
		decoder.free();
		const branch = instruction.isJccShortOrNear || instruction.isCallNear || instruction.isJmpShortOrNear;
		const line = this.#formatter.format(instruction).replace(/\s+/, ' ');
		const looked = {
			bytes: bytes.slice(),
			text: branch ? line.replace(/0x[0-9a-f]+$/, (hex) => hex.slice(2).padStart(8, '0')) : line,
			target: branch ? Number(instruction.nearBranchTarget) : undefined,
			operands: this.#operands(instruction),
		};
		instruction.free();
		this.#known.set(eip, looked);
		return looked;
	}

	#operands(instruction: Iced.Instruction): Operand[] {
		const { Register, OpAccess, MemorySizeExt, CodeSize } = this.#iced;
		const info = this.#info.info(instruction);
		const operands: Operand[] = [];
		for (const memory of info.usedMemory()) {
			const { access } = memory;
			const reads = [OpAccess.Read, OpAccess.CondRead, OpAccess.ReadWrite, OpAccess.ReadCondWrite].includes(access);
			const writes = [OpAccess.Write, OpAccess.CondWrite, OpAccess.ReadWrite, OpAccess.ReadCondWrite].includes(access);
			const size = MemorySizeExt.size(memory.memorySize);
			if (size > 0 && (reads || writes)) {
				operands.push({
					segment: memory.segment - Register.ES,
					base: this.#register(memory.base),
					index: this.#register(memory.index),
					scale: memory.scale,
					displacement: Number(memory.displacement & 0xffffffffn),
					wrap: memory.addressSize === CodeSize.Code16 ? 0xffff : -1,
					size,
					reads,
					writes,
				});
			}
			memory.free();
		}
		info.free();
		return operands;
	}

	/** How a register of an address is taken from the eight general ones. */
	#register(register: Iced.Register): (gprs: readonly number[]) => number {
		const { Register, RegisterExt } = this.#iced;
		if (register === Register.None) return () => 0;
		const number = RegisterExt.number(RegisterExt.fullRegister32(register));
		const mask = RegisterExt.size(register) === 4 ? -1 : 2 ** (RegisterExt.size(register) * 8) - 1;
		return (gprs) => gprs[number] & mask;
	}
}

/** A memory operand: offset = base + index × scale + displacement, wrapped to the address size. */
interface Operand {
	/** es cs ss ds fs gs. */
	readonly segment: number;
	readonly base: (gprs: readonly number[]) => number;
	readonly index: (gprs: readonly number[]) => number;
	readonly scale: number;
	readonly displacement: number;
	readonly wrap: number;
	readonly size: number;
	readonly reads: boolean;
	readonly writes: boolean;
}

interface Looked {
	readonly bytes: Uint8Array;
	readonly text: string;
	/** Of a direct branch. */
	readonly target: number | undefined;
	readonly operands: readonly Operand[];
}

function same(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
