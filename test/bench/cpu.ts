/**
 * The processor alone, without kernel: MIPS of small loops in T0, recorded steps a second, their materialisation, start-up.
 * `node --import tsx test/bench/cpu.ts [name]`. Prints a table; asserts nothing.
 */
import { performance } from 'node:perf_hooks';
import { createCpu, createTranslatingCpu } from '../../src/cpu/cpu.ts';
import { CODE, DATA, machine, PERSONA } from '../cpu/machine.ts';

const le = (v: number): number[] => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24];
const jump = (body: readonly number[]): number[] => [...body, 0xe9, ...le(-(body.length + 5))];

/** Endless loops; esi and edi point at data. */
const LOOPS: Readonly<Record<string, readonly number[]>> = {
	// add eax,ecx; inc ecx; xor edx,eax; lea ebx,[eax+edx*4]; shl ebx,3; sub eax,ebx
	alu: jump([0x01, 0xc8, 0x41, 0x31, 0xc2, 0x8d, 0x1c, 0x90, 0xc1, 0xe3, 0x03, 0x29, 0xd8]),
	// mov eax,[esi]; add [esi+8],eax; movzx edx,byte [esi+9]; mov [edi],dl; cmp eax,[edi+4]
	memory: jump([0x8b, 0x06, 0x01, 0x46, 0x08, 0x0f, 0xb6, 0x56, 0x09, 0x88, 0x17, 0x3b, 0x47, 0x04]),
	// push eax; call +1; (nop) ret; … : push eax; call f; pop eax; jmp over; f: push ebp; mov ebp,esp; leave; ret
	calls: jump([0x50, 0xe8, ...le(3), 0x58, 0xeb, 0x05, 0x55, 0x89, 0xe5, 0xc9, 0xc3]),
	// inc ecx; test cl,1; jz +2; xor eax,ecx; cmp ecx,eax; jle +1; inc edx
	branches: jump([0x41, 0xf6, 0xc1, 0x01, 0x74, 0x02, 0x31, 0xc8, 0x39, 0xc1, 0x7e, 0x01, 0x42]),
	// mov ecx,64; mov edi,DATA; rep stosd; mov ecx,64; mov esi,DATA; rep movsd
	strings: jump([0xb9, ...le(64), 0xbf, ...le(DATA), 0xf3, 0xab, 0xb9, ...le(64), 0xbe, ...le(DATA), 0xf3, 0xa5]),
	// adc al,[esi]; rcl ebx,1; bts ecx,3; setp dl; cdq; div by ebp: forms outside the big switch
	rare: jump([0x12, 0x06, 0xd1, 0xd3, 0x0f, 0xba, 0xe9, 0x03, 0x0f, 0x9a, 0xc2, 0x99, 0x31, 0xd2, 0xf7, 0xf5]),
	// fld qword [esi]; fmul qword [esi+8]; fadd st0,st0; fstp qword [edi]
	x87: jump([0xdd, 0x06, 0xdc, 0x4e, 0x08, 0xd8, 0xc0, 0xdd, 0x1f]),
	// movdqa xmm0,[esi]; paddd xmm0,[esi+16]; pxor xmm1,xmm0; pmullw xmm1,xmm0; psrld xmm1,3; movdqa [edi],xmm1
	sse_int: jump([
		...[0x66, 0x0f, 0x6f, 0x06, 0x66, 0x0f, 0xfe, 0x46, 0x10, 0x66, 0x0f, 0xef, 0xc8, 0x66, 0x0f, 0xd5, 0xc8],
		...[0x66, 0x0f, 0x72, 0xd1, 0x03, 0x66, 0x0f, 0x7f, 0x0f],
	]),
	// movsd xmm0,[esi+32]; mulsd xmm0,[esi+40]; addsd xmm0,xmm2; divsd xmm0,xmm2; movsd [edi],xmm0
	sse_double: jump([
		...[0xf2, 0x0f, 0x10, 0x46, 0x20, 0xf2, 0x0f, 0x59, 0x46, 0x28, 0xf2, 0x0f, 0x58, 0xc2, 0xf2, 0x0f, 0x5e, 0xc2],
		...[0xf2, 0x0f, 0x11, 0x07],
	]),
	// the same where every result is exact, so that the precision flag stays clear: movsd xmm0,[esi+48]; mulsd, addsd [esi+48]; movsd [edi],xmm0
	sse_exact: jump([
		0xf2, 0x0f, 0x10, 0x46, 0x30, 0xf2, 0x0f, 0x59, 0x46, 0x30, 0xf2, 0x0f, 0x58, 0x46, 0x30, 0xf2, 0x0f, 0x11, 0x07,
	]),
	// movaps xmm0,[esi]; mulps xmm0,xmm3; addps xmm0,xmm3; movaps [edi],xmm0; movapd xmm1,[esi+32]; mulpd xmm1,xmm2; addpd xmm1,xmm2
	sse_packed: jump([
		...[0x0f, 0x28, 0xc3, 0x0f, 0x59, 0xc3, 0x0f, 0x58, 0xc3, 0x0f, 0x29, 0x07, 0x66, 0x0f, 0x28, 0x4e, 0x20],
		...[0x66, 0x0f, 0x59, 0xca, 0x66, 0x0f, 0x58, 0xca],
	]),
};

/** x87 as after fninit, MXCSR 1f80, xmm2 and xmm3 full of fractions. */
function fxImage(): Uint8Array {
	const fx = new Uint8Array(512);
	fx.set([0x7f, 3], 0);
	fx.set([0x80, 0x1f], 24);
	new Float64Array(fx.buffer, 160 + 32, 2).fill(1.3);
	new Float32Array(fx.buffer, 160 + 48, 4).fill(1.7);
	return fx;
}

function rate(steps: number, ms: number): string {
	return (steps / ms / 1000).toFixed(0).padStart(6);
}

const began = performance.now();
const cpu = createCpu(PERSONA);
console.log(`create ${(performance.now() - began).toFixed(1)} ms`);
const { cpu: translating } = createTranslatingCpu(PERSONA, { blocks: 64, steps: 64, visits: 2 });
console.log('loop        run MIPS  record M/s  take M/s  translated MIPS');
for (const [name, code] of Object.entries(LOOPS)) {
	if (process.argv[2] && process.argv[2] !== name) continue;
	machine(code, { esi: DATA, edi: DATA + 64, ebp: 12345, eip: CODE, fx: fxImage() }, cpu);
	cpu.memory.write(DATA + 32, new Uint8Array(new Float64Array([1.1, 2.3, 4]).buffer));
	const best = { run: 0, record: 0, take: 0, translated: 0 };
	for (let i = 0; i < 6; i++) {
		const t = performance.now();
		for (let done = 0; done < 10e6; done += cpu.retired)
			if (cpu.run(1e6, 0) !== 0) throw new Error(`${name}: ${JSON.stringify(cpu.fault)}`);
		best.run = Math.max(best.run, 10e6 / (performance.now() - t));
	}
	machine(code, { esi: DATA, edi: DATA + 64, ebp: 12345, eip: CODE, fx: fxImage() }, translating);
	translating.memory.write(DATA + 32, new Uint8Array(new Float64Array([1.1, 2.3, 4]).buffer));
	for (let i = 0; i < 6; i++) {
		const t = performance.now();
		for (let done = 0; done < 10e6; done += translating.retired)
			if (translating.run(1e6, 0) !== 0) throw new Error(`${name}: ${JSON.stringify(translating.fault)}`);
		best.translated = Math.max(best.translated, 10e6 / (performance.now() - t));
	}
	for (let i = 0; i < 6; i++) {
		let recording = 0;
		let taking = 0;
		let steps = 0;
		while (steps < 3e6) {
			const t0 = performance.now();
			cpu.record(500_000, 0);
			const t1 = performance.now();
			const count = cpu.takeSteps(1, 0).count;
			recording += t1 - t0;
			taking += performance.now() - t1;
			steps += count;
		}
		best.record = Math.max(best.record, steps / recording);
		best.take = Math.max(best.take, steps / taking);
	}
	console.log(
		`${name.padEnd(12)}${rate(best.run, 1)}      ${rate(best.record, 1)}    ${rate(best.take, 1)}    ${rate(best.translated, 1)}`,
	);
}
