/** String instructions (SDM vol. 1, 5.1.8). One step moves one element; a REP goes on at itself until (e)cx is zero. */
import { Vector } from '../../events/cpu.ts';
import type { Builder, Expr, Size } from '../ir.ts';
import type { Lower, Row } from './row.ts';

const ES = 0;
const ECX = 1;
const ESI = 6;
const EDI = 7;

type Element = (b: Builder, size: Size) => void;

const index = (b: Builder, register: number): Expr => b.let(b.gpr(register, b.variant.addressSize));
function advance(b: Builder, register: number, at: Expr, size: Size): void {
	b.setGpr(register, b.add(at, b.stride(size >> 3)), b.variant.addressSize);
}
const movs: Element = (b, size) => {
	const si = index(b, ESI);
	const di = index(b, EDI);
	const x = b.load(size, b.at('ds', si));
	const probe = b.probe(size, b.at(ES, di));
	b.store(probe, size, x);
	advance(b, ESI, si, size);
	advance(b, EDI, di, size);
};
const stos: Element = (b, size) => {
	const di = index(b, EDI);
	const probe = b.probe(size, b.at(ES, di));
	b.store(probe, size, b.gpr(0, size));
	advance(b, EDI, di, size);
};
const lods: Element = (b, size) => {
	const si = index(b, ESI);
	const x = b.load(size, b.at('ds', si));
	b.setGpr(0, x, size);
	advance(b, ESI, si, size);
};
function compare(b: Builder, x: Expr, y: Expr, size: Size): void {
	const r = b.let(b.sub(x, y));
	b.setArith(r, b.subChain(x, y, r), size);
}
const cmps: Element = (b, size) => {
	const si = index(b, ESI);
	const di = index(b, EDI);
	const x = b.load(size, b.at('ds', si));
	const y = b.load(size, b.at(ES, di));
	compare(b, x, y, size);
	advance(b, ESI, si, size);
	advance(b, EDI, di, size);
};
const scas: Element = (b, size) => {
	const di = index(b, EDI);
	const y = b.load(size, b.at(ES, di));
	compare(b, b.let(b.gpr(0, size)), y, size);
	advance(b, EDI, di, size);
};

const lowering =
	(element: Element, kind: 'n' | 'z'): Lower =>
	(b) => {
		const size = b.operands[0].size as Size;
		const { rep, addressSize } = b.variant;
		if (rep === 0) return element(b, size);
		const count = b.let(b.gpr(ECX, addressSize));
		b.when(b.ne(count, 0), () => {
			element(b, size);
			const left = b.let(b.sub(count, 1));
			b.setGpr(ECX, left, addressSize);
			const more = b.ne(left, 0);
			b.again(kind === 'n' ? more : b.and(more, rep === 0xf3 ? b.cond(4) : b.cond(5)));
		});
	};

function rows(): Row[] {
	const out: Row[] = [];
	const pair = (
		opcode: number,
		name: string,
		forms: readonly [string, string],
		element: Element,
		kind: 'n' | 'z',
		access: string,
		hot: string,
	): void => {
		const base = { name, rep: kind, access, lower: lowering(element, kind) };
		out.push(
			{ ...base, opcode, form: forms[0], hot: hot === '' ? '' : 'r8' },
			{ ...base, opcode: opcode + 1, form: forms[1], hot },
		);
	};
	pair(0xa4, 'movs', ['Yb,Xb', 'Yv,Xv'], movs, 'n', '- -', 'r32');
	pair(0xa6, 'cmps', ['Xb,Yb', 'Xv,Yv'], cmps, 'z', '- -', '');
	pair(0xaa, 'stos', ['Yb', 'Yv'], stos, 'n', '-', 'r32');
	pair(0xac, 'lods', ['Xb', 'Xv'], lods, 'n', '-', '');
	pair(0xae, 'scas', ['Yb', 'Yv'], scas, 'z', '-', '');
	// I/O: user mode has neither IOPL nor a permission bitmap
	for (const [opcode, name, form] of [
		[0x6c, 'ins', 'Yb'],
		[0x6d, 'ins', 'Yv'],
		[0x6e, 'outs', 'Xb'],
		[0x6f, 'outs', 'Xv'],
	] as const) {
		out.push({ opcode, name, form, access: '-', helper: (x) => x.raise(Vector.GP, 0) });
	}
	const bulk = (row: Row): Partial<Row> => (row.name === 'movs' ? { bulk: 1 } : row.name === 'stos' ? { bulk: 2 } : {});
	return out.map((row) => ({ ...row, ...bulk(row), chapter: 'string' }));
}

export const STRING: readonly Row[] = rows();
