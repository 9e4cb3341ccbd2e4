/** A seeded script of memory calls in a window of the address space, for comparison with a native run. */
import { MADV, MAP, MREMAP, MS, PROT } from '../../src/kernel/abi/mm.ts';

export const WINDOW = { from: 0x60000000, to: 0x60040000 };
const PAGE = 4096;
/** Descriptors of a file of ten pages: read and write, read only, write only. */
export const FDS = [10, 11, 12] as const;

export interface ScriptCall {
	readonly nr: number;
	readonly args: readonly number[];
}

/** `count` calls from a seed. */
export function memoryScript(seed: number, count: number): ScriptCall[] {
	let x = seed | 1;
	const next = (n: number): number => {
		x ^= x << 13;
		x ^= x >>> 17;
		x ^= x << 5;
		return (x >>> 0) % n;
	};
	const pick = <T>(list: readonly T[]): T => list[next(list.length)];
	const seldom = (n: number): boolean => next(n) === 0;
	const pages = (WINDOW.to - WINDOW.from) / PAGE;
	const address = (): number => WINDOW.from + next(pages - 24) * PAGE + (seldom(40) ? 1 + next(4095) : 0);
	const length = (): number => (seldom(60) ? 0 : (1 + next(16)) * PAGE - (seldom(4) ? next(4096) : 0));
	/** Beyond the address space, for calls that stop at the first hole: what lies above the window is not compared. */
	const anyLength = (): number => (seldom(30) ? pick([0xffffffff, 0xa0000000, 0xfffff000]) : length());
	const protection = (): number =>
		seldom(60) ? 0x10 : pick([0, PROT.READ, PROT.READ | PROT.WRITE, PROT.READ | PROT.WRITE, PROT.READ | PROT.EXEC]);

	const mmap = (): ScriptCall => {
		const place = pick([MAP.FIXED, MAP.FIXED, MAP.FIXED_NOREPLACE]);
		const anonymous = !seldom(3) ? MAP.ANONYMOUS : 0;
		const type = seldom(50) ? 0 : pick([MAP.PRIVATE, MAP.PRIVATE, MAP.SHARED]);
		const extra = seldom(8) ? pick([MAP.NORESERVE, MAP.LOCKED]) : 0;
		const fd = seldom(20) ? 99 : pick(FDS);
		return { nr: 192, args: [address(), length(), protection(), place | anonymous | type | extra, fd, next(6)] };
	};
	const makers: (() => ScriptCall)[] = [
		mmap,
		mmap,
		mmap,
		mmap,
		mmap,
		() => ({ nr: 91, args: [address(), seldom(30) ? 0xffffffff : length()] }),
		() => ({ nr: 125, args: [address(), anyLength(), protection()] }),
		() => ({ nr: 125, args: [address(), anyLength(), protection()] }),
		() => {
			const fixed = seldom(2);
			// Never the same number of pages: since 6.17 such a move may span several mappings.
			const [from, to] = [anyLength(), anyLength()];
			const same = Math.ceil(from / PAGE) === Math.ceil(to / PAGE);
			const sizes = same ? [from, to + PAGE] : [from, to];
			return { nr: 163, args: [address(), ...sizes, fixed ? MREMAP.MAYMOVE | MREMAP.FIXED : 0, address()] };
		},
		() => ({ nr: pick([150, 151]), args: [address(), anyLength()] }),
		() => {
			const advice = [MADV.NORMAL, MADV.RANDOM, MADV.SEQUENTIAL, MADV.WILLNEED, MADV.DONTNEED, MADV.DONTFORK, MADV.DOFORK, 99];
			return { nr: 219, args: [address(), length(), pick(advice)] };
		},
		() => ({ nr: 144, args: [address(), length(), pick([MS.SYNC, MS.ASYNC, MS.SYNC | MS.INVALIDATE, MS.SYNC | MS.ASYNC, 8])] }),
	];
	const script: ScriptCall[] = [];
	for (let i = 0; i < count; i++) {
		const { nr, args } = pick(makers)();
		script.push({ nr, args: [...args, 0, 0, 0, 0, 0, 0].slice(0, 6).map((a) => a >>> 0) });
	}
	return script;
}

/** The script as the native program reads it. */
export function scriptText(script: readonly ScriptCall[]): string {
	return script.map((c) => [c.nr, ...c.args].map((n) => n.toString(16)).join(' ')).join('\n');
}
