/** Op numbers: a processor that meets every form of every row in every mode has one for each. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fpu } from '../../src/cpu/fpu/fpu.ts';
import { newInsn } from '../../src/cpu/insn.ts';
import { type Environment, OP_BITS } from '../../src/cpu/interpreter.ts';
import { ROWS } from '../../src/cpu/isa/index.ts';
import { Ops } from '../../src/cpu/ops.ts';
import { Mode } from '../../src/cpu/segments.ts';

test('every form fits', () => {
	const fpu = new Fpu(new ArrayBuffer(4096), 1024);
	const ops = new Ops(ROWS, 16, () => 0, () => true, () => fpu); // biome-ignore format: short
	// Nothing runs here: the printed functions are compiled only
	ops.setEnvironment({} as Environment);
	const numbers = new Set<number>();
	let forms = 0;
	const insn = newInsn();
	for (const row of ROWS) {
		insn.row = row;
		insn.opcode = row.opcode;
		insn.reg = row.ext ?? 0;
		for (const operandSize of [16, 32])
			for (const addressSize of [16, 32])
				for (const mod of row.mod === 'mem' ? [0] : row.mod === 'reg' ? [3] : [0, 3])
					for (const rep of row.rep ? [0, 0xf2, 0xf3] : [0])
						for (const mode of [Mode.FLAT, Mode.GENERAL]) {
							Object.assign(insn, { operandSize, addressSize, mod, rep });
							const op = ops.op(insn, mode);
							assert.ok(op <= OP_BITS, `${row.name} ${row.form}: op ${op}`);
							numbers.add(op);
							forms++;
						}
	}
	assert.ok(numbers.size > 4096, `${numbers.size} ops of ${forms} forms`);
});

test.run();
