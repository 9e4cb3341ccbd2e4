/**
 * The vDSO: one page of code that the kernel maps into every program, as a small shared object of our own.
 * A C library finds it through AT_SYSINFO_EHDR (and its system call entry through AT_SYSINFO), debuggers unwind through
 * its sigreturn trampolines. It has the names and versions of the i386 kernel's (arch/x86/entry/vdso/vdso32) but no
 * `__vdso_clock_gettime`: time is asked by system call.
 */
import { assert } from '../events/assert.ts';
import { PAGE_SIZE } from '../events/pages.ts';

/** Names of the symbol table in order: string offsets, symbols and the hash chain follow from this list. */
const FUNCTIONS = [
	{
		name: '__kernel_vsyscall',
		version: 'LINUX_2.5',
		code: [
			0x51, // push %ecx
			0x52, // push %edx
			0x55, // push %ebp
			0x89,
			0xe5, // mov %esp,%ebp: the kernel finds the sixth argument there
			0x0f,
			0x34, // sysenter: forgets eip; the kernel comes back at the landing below
			0xcd,
			0x80, // int $0x80: where a call that is restarted goes back to (landing - 2)
			0x5d, // landing: pop %ebp
			0x5a, // pop %edx
			0x59, // pop %ecx
			0xc3, // ret
		],
	},
	{
		name: '__kernel_sigreturn',
		version: 'LINUX_2.5',
		code: [
			0x58, // pop %eax: the signal number that sigreturn's frame still has on top
			0xb8,
			0x77,
			0x00,
			0x00,
			0x00, // mov $119,%eax (sigreturn)
			0xcd,
			0x80, // int $0x80
		],
	},
	{
		name: '__kernel_rt_sigreturn',
		version: 'LINUX_2.5',
		code: [
			0xb8,
			0xad,
			0x00,
			0x00,
			0x00, // mov $173,%eax (rt_sigreturn)
			0xcd,
			0x80, // int $0x80
		],
	},
] as const;

/** Version definitions: the object itself (base), then those the functions have. */
const VERSIONS = ['linux-gate.so.1', 'LINUX_2.5', 'LINUX_2.6'] as const;

const TEXT = 0x800;
/** Distance of two functions; unwinders look at eip - 1, so a nop stands between them. */
const TEXT_STEP = 0x20;

/** Offsets of the functions in the page. */
export const VDSO_SYMBOLS = {
	__kernel_vsyscall: TEXT,
	__kernel_sigreturn: TEXT + TEXT_STEP,
	__kernel_rt_sigreturn: TEXT + 2 * TEXT_STEP,
	/** Where sysenter comes back to: the kernel sets eip to the vDSO's address + this. An `int $0x80` stands right before. */
	landing: TEXT + 9,
} as const;

/** Hash of SysV symbol tables and of version names (gABI, "Hash Table"). */
function elfHash(name: string): number {
	let h = 0;
	for (let i = 0; i < name.length; i++) {
		h = ((h << 4) + name.charCodeAt(i)) >>> 0;
		const high = h & 0xf0000000;
		h = (h ^ (high >>> 24) ^ high) >>> 0;
	}
	return h;
}

/** Strings one after the other behind an empty one, and where each begins. */
function stringTable(strings: readonly string[]): { readonly bytes: number[]; readonly at: (s: string) => number } {
	const bytes = [0];
	const offsets = new Map<string, number>();
	for (const s of strings) {
		if (offsets.has(s)) continue;
		offsets.set(s, bytes.length);
		for (let i = 0; i < s.length; i++) bytes.push(s.charCodeAt(i));
		bytes.push(0);
	}
	const at = (s: string): number => offsets.get(s) ?? 0;
	return { bytes, at };
}

/** The page: a fresh copy. */
export function vdsoPage(): Uint8Array {
	const page = new Uint8Array(PAGE_SIZE);
	const view = new DataView(page.buffer);
	let end = 0;
	const words = (at: number, values: readonly number[]): void => {
		for (const [i, v] of values.entries()) view.setUint32(at + 4 * i, v, true);
	};
	const halves = (at: number, values: readonly number[]): void => {
		for (const [i, v] of values.entries()) view.setUint16(at + 2 * i, v, true);
	};
	const place = (size: number, align = 4): number => {
		const at = Math.ceil(end / align) * align;
		end = at + size;
		return at;
	};

	const strings = stringTable([...VERSIONS, ...FUNCTIONS.map((f) => f.name)]);
	const names = stringTable(['.hash', '.dynsym', '.dynstr', '.gnu.version', '.gnu.version_d', '.dynamic', '.text', '.shstrtab']);
	// Symbol 0 is the null symbol, 1 and 2 the versions' own absolute symbols, then the functions.
	const symbolNames = ['', ...VERSIONS.slice(1), ...FUNCTIONS.map((f) => f.name)];
	const count = symbolNames.length;

	const ehdr = place(52);
	const phdr = place(2 * 32);
	const hash = place(4 * (2 + 1 + count));
	const dynsym = place(16 * count);
	const dynstr = place(strings.bytes.length);
	const versym = place(2 * count, 2);
	const verdef = place(VERSIONS.length * 28);
	const dynamic = place(10 * 8);
	const shstrtab = place(names.bytes.length);
	const sections = 9;
	const shdr = place(sections * 40);
	assert(end <= TEXT, 'the vDSO headers fit before its text');
	const textEnd = TEXT + FUNCTIONS.length * TEXT_STEP;

	page.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1], ehdr);
	halves(16, [3, 3]); // ET_DYN, EM_386
	words(20, [1, TEXT, phdr, shdr, 0]);
	halves(40, [52, 32, 2, 40, sections, sections - 1]);
	words(phdr, [1, 0, 0, 0, textEnd, textEnd, 5, PAGE_SIZE]); // PT_LOAD, R X
	words(phdr + 32, [2, dynamic, dynamic, dynamic, 10 * 8, 10 * 8, 4, 4]); // PT_DYNAMIC, R

	// One bucket: every symbol is in the one chain.
	words(hash, [1, count, 1]);
	for (let i = 1; i < count; i++) view.setUint32(hash + 12 + 4 * i, i + 1 < count ? i + 1 : 0, true);

	symbolNames.forEach((name, i) => {
		if (i === 0) return;
		const at = dynsym + 16 * i;
		const f = FUNCTIONS[i - VERSIONS.length];
		// Functions: global STT_FUNC in section 7 (.text); versions: global STT_OBJECT, absolute.
		words(at, [strings.at(name), f ? TEXT + (i - VERSIONS.length) * TEXT_STEP : 0, f ? f.code.length : 0]);
		page[at + 12] = f ? 0x12 : 0x11;
		view.setUint16(at + 14, f ? 7 : 0xfff1, true);
		const version: string = f ? f.version : name;
		view.setUint16(versym + 2 * i, (VERSIONS as readonly string[]).indexOf(version) + 1, true);
	});
	page.set(strings.bytes, dynstr);

	VERSIONS.forEach((name, i) => {
		const at = verdef + 28 * i;
		halves(at, [1, i === 0 ? 1 : 0, i + 1, 1]); // vd_version, VER_FLG_BASE, index, one name
		words(at + 8, [elfHash(name), 20, i + 1 < VERSIONS.length ? 28 : 0, strings.at(name), 0]);
	});

	const tags: [number, number][] = [
		[14, strings.at(VERSIONS[0])], // DT_SONAME
		[4, hash],
		[5, dynstr],
		[6, dynsym],
		[10, strings.bytes.length], // DT_STRSZ
		[11, 16], // DT_SYMENT
		[0x6ffffffc, verdef], // DT_VERDEF
		[0x6ffffffd, VERSIONS.length], // DT_VERDEFNUM
		[0x6ffffff0, versym], // DT_VERSYM
		[0, 0],
	];
	words(dynamic, tags.flat());

	page.set(names.bytes, shstrtab);
	// name, type, flags, address, offset, size, link, info, align, entry size
	const section = (n: number, name: string, rest: readonly number[]): void => words(shdr + 40 * n, [names.at(name), ...rest]);
	section(1, '.hash', [5, 2, hash, hash, dynsym - hash, 2, 0, 4, 4]);
	section(2, '.dynsym', [11, 2, dynsym, dynsym, dynstr - dynsym, 3, 1, 4, 16]);
	section(3, '.dynstr', [3, 2, dynstr, dynstr, strings.bytes.length, 0, 0, 1, 0]);
	section(4, '.gnu.version', [0x6fffffff, 2, versym, versym, 2 * count, 2, 0, 2, 2]);
	section(5, '.gnu.version_d', [0x6ffffffd, 2, verdef, verdef, 28 * VERSIONS.length, 3, VERSIONS.length, 4, 0]);
	section(6, '.dynamic', [6, 2, dynamic, dynamic, 80, 3, 0, 4, 8]);
	section(7, '.text', [1, 6, TEXT, TEXT, textEnd - TEXT, 0, 0, 32, 0]);
	section(8, '.shstrtab', [3, 0, 0, shstrtab, names.bytes.length, 0, 0, 1, 0]);

	page.fill(0x90, TEXT, textEnd);
	for (const [i, f] of FUNCTIONS.entries()) page.set(f.code, TEXT + i * TEXT_STEP);
	return page;
}
