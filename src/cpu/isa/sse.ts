/**
 * MMX, SSE, SSE2, SSE3, SSSE3: decoded, so that lengths and invalid encodings are right; executing one is Stop.UNSUPPORTED.
 * Fences and clflush, which have no effect a program could see, are executed when CPUID offers them.
 */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { ATTR, BASE, LIMIT, SEGMENT_STRIDE, SEGMENTS_W } from '../layout.ts';
import type { Row } from './row.ts';

/**
 * Opcode after 0f (two or four digits), then the name for each mandatory prefix: none, 66, f3, f2; `-` where there is none.
 * `/m`: memory only, `/r`: register only, `#`: an immediate byte follows. A second name after | is the register form's.
 */
const TABLE = `
	10 movups movupd movss movsd; 11 movups movupd movss movsd; 12 movlps|movhlps movlpd/m movsldup movddup;
	13 movlps/m movlpd/m; 14 unpcklps unpcklpd; 15 unpckhps unpckhpd; 16 movhps|movlhps movhpd/m movshdup;
	17 movhps/m movhpd/m; 28 movaps movapd; 29 movaps movapd; 2a cvtpi2ps cvtpi2pd cvtsi2ss cvtsi2sd;
	2b movntps/m movntpd/m; 2c cvttps2pi cvttpd2pi cvttss2si cvttsd2si; 2d cvtps2pi cvtpd2pi cvtss2si cvtsd2si;
	2e ucomiss ucomisd; 2f comiss comisd; 50 movmskps/r movmskpd/r; 51 sqrtps sqrtpd sqrtss sqrtsd; 52 rsqrtps - rsqrtss;
	53 rcpps - rcpss; 54 andps andpd; 55 andnps andnpd; 56 orps orpd; 57 xorps xorpd; 58 addps addpd addss addsd;
	59 mulps mulpd mulss mulsd; 5a cvtps2pd cvtpd2ps cvtss2sd cvtsd2ss; 5b cvtdq2ps cvtps2dq cvttps2dq;
	5c subps subpd subss subsd; 5d minps minpd minss minsd; 5e divps divpd divss divsd; 5f maxps maxpd maxss maxsd;
	60 punpcklbw punpcklbw; 61 punpcklwd punpcklwd; 62 punpckldq punpckldq; 63 packsswb packsswb; 64 pcmpgtb pcmpgtb;
	65 pcmpgtw pcmpgtw; 66 pcmpgtd pcmpgtd; 67 packuswb packuswb; 68 punpckhbw punpckhbw; 69 punpckhwd punpckhwd;
	6a punpckhdq punpckhdq; 6b packssdw packssdw; 6c - punpcklqdq; 6d - punpckhqdq; 6e movd movd; 6f movq movdqa movdqu;
	70 pshufw# pshufd# pshufhw# pshuflw#; 74 pcmpeqb pcmpeqb; 75 pcmpeqw pcmpeqw; 76 pcmpeqd pcmpeqd; 77 emms;
	7c - haddpd - haddps; 7d - hsubpd - hsubps; 7e movd movd movq; 7f movq movdqa movdqu; c2 cmpps# cmppd# cmpss# cmpsd#;
	c3 movnti/m; c4 pinsrw# pinsrw#; c5 pextrw#/r pextrw#/r; c6 shufps# shufpd#; d0 - addsubpd - addsubps; d1 psrlw psrlw;
	d2 psrld psrld; d3 psrlq psrlq; d4 paddq paddq; d5 pmullw pmullw; d6 - movq movq2dq/r movdq2q/r;
	d7 pmovmskb/r pmovmskb/r; d8 psubusb psubusb; d9 psubusw psubusw; da pminub pminub; db pand pand; dc paddusb paddusb;
	dd paddusw paddusw; de pmaxub pmaxub; df pandn pandn; e0 pavgb pavgb; e1 psraw psraw; e2 psrad psrad; e3 pavgw pavgw;
	e4 pmulhuw pmulhuw; e5 pmulhw pmulhw; e6 - cvttpd2dq cvtdq2pd cvtpd2dq; e7 movntq/m movntdq/m; e8 psubsb psubsb;
	e9 psubsw psubsw; ea pminsw pminsw; eb por por; ec paddsb paddsb; ed paddsw paddsw; ee pmaxsw pmaxsw; ef pxor pxor;
	f0 - - - lddqu/m; f1 psllw psllw; f2 pslld pslld; f3 psllq psllq; f4 pmuludq pmuludq; f5 pmaddwd pmaddwd;
	f6 psadbw psadbw; f7 maskmovq/r maskmovdqu/r; f8 psubb psubb; f9 psubw psubw; fa psubd psubd; fb psubq psubq;
	fc paddb paddb; fd paddw paddw; fe paddd paddd; 3800 pshufb pshufb; 3801 phaddw phaddw; 3802 phaddd phaddd;
	3803 phaddsw phaddsw; 3804 pmaddubsw pmaddubsw; 3805 phsubw phsubw; 3806 phsubd phsubd; 3807 phsubsw phsubsw;
	3808 psignb psignb; 3809 psignw psignw; 380a psignd psignd; 380b pmulhrsw pmulhrsw; 381c pabsb pabsb;
	381d pabsw pabsw; 381e pabsd pabsd; 3a0f palignr# palignr#;
`;
/** Shifts by an immediate: opcode, modrm.reg, name, and whether there is an MMX form. */
const SHIFTS: readonly (readonly [number, number, string, boolean])[] = [
	[0x0f71, 2, 'psrlw', true],
	[0x0f71, 4, 'psraw', true],
	[0x0f71, 6, 'psllw', true],
	[0x0f72, 2, 'psrld', true],
	[0x0f72, 4, 'psrad', true],
	[0x0f72, 6, 'pslld', true],
	[0x0f73, 2, 'psrlq', true],
	[0x0f73, 3, 'psrldq', false],
	[0x0f73, 6, 'psllq', true],
	[0x0f73, 7, 'pslldq', false],
];
const PREFIXES = [0, 0x66, 0xf3, 0xf2] as const;

/** CPUID leaf 1 edx bits. */
const CLFSH = 1 << 19;
/** Type bits of a descriptor's high word. */
const CODE_SEGMENT = 0x800;
const READABLE = 0x200;
const SSE_BIT = 1 << 25;
const SSE2_BIT = 1 << 26;
function offered(x: HelperContext, bit: number): void {
	const leaf = x.persona.cpuid.find(([eax]) => eax === 1);
	if (!leaf || !(leaf[5] & bit)) x.unsupported();
}
const fence =
	(bit: number) =>
	(x: HelperContext): void =>
		offered(x, bit);
/** clflush reads a byte, and nothing comes of it. Unlike a load it may name an execute-only segment (SDM vol. 2, CLFLUSH). */
function clflush(x: HelperContext): void {
	offered(x, CLFSH);
	const { segment } = x.insn;
	const at = SEGMENTS_W + segment * SEGMENT_STRIDE;
	const executeOnly = (x.words[at + ATTR] & (CODE_SEGMENT | READABLE)) === CODE_SEGMENT;
	const offset = x.offset() >>> 0;
	if (!executeOnly) x.read8(x.address(1, false));
	else if (offset > x.words[at + LIMIT] >>> 0) x.raise(Vector.GP, 0);
	else x.read8((x.words[at + BASE] + offset) >>> 0);
}

function rows(): Row[] {
	const out: Row[] = [];
	for (const line of TABLE.split(';')) {
		const [code, ...names] = line.trim().split(/\s+/);
		if (!code) continue;
		const opcode = Number.parseInt(`0f${code}`, 16);
		names.forEach((text, i) => {
			if (text === '-') return;
			const name = text.replace(/[#/].*/, '');
			const bare = opcode === 0x0f77; // emms has no operands
			const form = bare ? '' : text.includes('#') ? 'Vx,Wx,Ib' : 'Vx,Wx';
			const access = bare ? {} : { access: form.endsWith('Ib') ? '- - r' : '- -' };
			const mod = text.endsWith('/m') ? { mod: 'mem' as const } : text.endsWith('/r') ? { mod: 'reg' as const } : {};
			const [memory, register] = name.split('|');
			const base = { opcode, prefix: PREFIXES[i], form, ...access, unsupported: true };
			if (register) out.push({ ...base, name: memory, mod: 'mem' }, { ...base, name: register, mod: 'reg' });
			else out.push({ ...base, ...mod, name });
		});
	}
	for (const [opcode, ext, name, mmx] of SHIFTS) {
		const base = { opcode, ext, mod: 'reg' as const, name, form: 'Nq,Ib', access: '- r', unsupported: true };
		if (mmx) out.push({ ...base, prefix: 0 });
		out.push({ ...base, prefix: 0x66, form: 'Ux,Ib' });
	}
	out.push(
		{ opcode: 0x0fae, ext: 2, mod: 'mem', prefix: 0, name: 'ldmxcsr', form: 'Md', access: 'r', unsupported: true },
		{ opcode: 0x0fae, ext: 3, mod: 'mem', prefix: 0, name: 'stmxcsr', form: 'Md', access: 'w', unsupported: true },
		{ opcode: 0x0fae, ext: 7, mod: 'mem', prefix: 0, name: 'clflush', form: 'Mb', access: '-', helper: clflush },
		{ opcode: 0x0fae, ext: 5, mod: 'reg', prefix: 0, name: 'lfence', form: '', helper: fence(SSE2_BIT) },
		{ opcode: 0x0fae, ext: 6, mod: 'reg', prefix: 0, name: 'mfence', form: '', helper: fence(SSE2_BIT) },
		{ opcode: 0x0fae, ext: 7, mod: 'reg', prefix: 0, name: 'sfence', form: '', helper: fence(SSE_BIT) },
	);
	return out.map((row) => ({ ...row, chapter: 'sse' }));
}

export const SSE: readonly Row[] = rows();
