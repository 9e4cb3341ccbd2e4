/** What printed code calls: the names of interpreter.ts's Environment bound to a processor's parts, and the ops that are no instruction. */
import { Vector } from '../events/cpu.ts';
import { bulk } from './bulk.ts';
import type { CodeCache } from './code.ts';
import { Stop } from './contract.ts';
import { type Helper, mulhs, mulhu } from './helper.ts';
import { type Environment, Op, Word } from './interpreter.ts';
import { BUDGET_W, STOP_W } from './layout.ts';
import { GUEST_FAULT, type GuestMemory } from './memory.ts';
import type { Ops } from './ops.ts';
import type { Segments } from './segments.ts';
import { WORD_OPS } from './simd/words.ts';

/** Without what only the recording loop calls (recorder.ts). */
export function makeEnvironment(memory: GuestMemory, segments: Segments, helper: Helper, code: CodeCache, ops: Ops): Environment {
	return {
		M: memory.words,
		B: memory.bytes,
		H: new Uint16Array(memory.words.buffer),
		V: memory.view,
		D: helper.simd.D,
		S: helper.simd.S,
		W: WORD_OPS,
		X: helper.simd,
		C: code.code,
		J: code.jumps,
		L: new Int32Array(1),
		LIMIT: 0,
		F: ops.functions,
		R: (p) => p,
		RS8: memory.rs8,
		RS16: memory.rs16,
		RS32: memory.rs32,
		WS: memory.ws,
		VR: memory.vr,
		VLOG: memory.vlog,
		COMMIT: memory.commit,
		STORE: memory.store,
		JI: code.indirect,
		MULHU: mulhu,
		MULHS: mulhs,
		RAISE: (vector, error) => memory.raise(vector, error),
		OFFSET: helper.recordOffset,
		ADDRESS: helper.recordAddress,
		LINEAR: (segment, offset, bytes, write) => segments.linear(segment, offset, bytes, write),
		DELTA: helper.recordDelta,
		SP: helper.stackTop,
		SETSP: helper.stackMove,
		WITHIN: helper.within,
		BULK: (kind, bytes, n) => bulk(memory, kind, bytes, n),
		FAULT: GUEST_FAULT,
	};
}

/** The ops that are no instruction: they give their step back. */
export function pseudoOps(memory: GuestMemory, code: CodeCache, ops: Ops): void {
	const { functions } = ops;
	const { words } = memory;
	functions[Op.RESOLVE] = (p) => {
		const q = code.resolve(code.code[p + Word.EIP]);
		words[BUDGET_W]++;
		return q;
	};
	functions[Op.LINK] = (p) => {
		const q = code.link(p);
		words[BUDGET_W]++;
		return q;
	};
	functions[Op.INVALID] = () => {
		words[STOP_W] = Stop.UNSUPPORTED;
		throw GUEST_FAULT;
	};
	functions[Op.UNDEFINED] = () => memory.raise(Vector.UD, 0);
	functions[Op.TOO_LONG] = () => memory.raise(Vector.GP, 0);
}
