/**
 * Seeded random numbers and the corner values the oracle draws from. xoshiro128** (Blackman and Vigna), seeded by splitmix32.
 */

export class Random {
	private a = 0;
	private b = 0;
	private c = 0;
	private d = 0;

	constructor(seed: number) {
		this.seed(seed);
	}

	/** Starts the sequence of this seed (u32). */
	seed(seed: number): void {
		const next = () => {
			seed = (seed + 0x9e3779b9) | 0;
			let z = Math.imul(seed ^ (seed >>> 16), 0x21f0aaad);
			z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
			return z ^ (z >>> 15);
		};
		this.a = next();
		this.b = next();
		this.c = next();
		this.d = next() | 1;
	}

	/** 32 random bits, unsigned. */
	u32(): number {
		const scrambled = Math.imul(this.b, 5);
		const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
		const t = this.b << 9;
		this.c ^= this.a;
		this.d ^= this.b;
		this.b ^= this.c;
		this.a ^= this.d;
		this.c ^= t;
		this.d = (this.d << 11) | (this.d >>> 21);
		return result;
	}

	/** 0 ≤ result < n. */
	below(n: number): number {
		return this.u32() % n;
	}

	/** True in `percent` of 100 calls. */
	chance(percent: number): boolean {
		return this.u32() % 100 < percent;
	}

	pick<T>(list: readonly T[]): T {
		return list[this.u32() % list.length];
	}

	/** A 32-bit operand: a corner value, a corner value in the low half or byte, something small, or anything. */
	operand(): number {
		const how = this.u32();
		const corner = CORNERS[(how >>> 8) % CORNERS.length];
		switch (how & 7) {
			case 0:
			case 1:
			case 2:
				return corner;
			case 3:
				return ((this.u32() & 0xffff0000) | (corner & 0xffff)) >>> 0;
			case 4:
				return ((this.u32() & 0xffff0000) | ((corner & 0xff) << 8) | CORNERS[(how >>> 16) % CORNERS.length]) >>> 0;
			case 5:
				return (how >>> 8) & 0x3f;
			default:
				return this.u32();
		}
	}
}

/** Values at which carries, overflows, signs and counts change. */
export const CORNERS: readonly number[] = [
	0, 1, 2, 3, 7, 8, 9, 0xa, 0xf, 0x10, 0x11, 0x1f, 0x20, 0x21, 0x3f, 0x40, 0x7e, 0x7f, 0x80, 0x81, 0x99, 0x9a, 0xf0, 0xfe, 0xff,
	0x100, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xfffe, 0xffff, 0x10000, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xffff0000,
	0xffff8000, 0xffffff7f, 0xffffff80, 0xfffffffe, 0xffffffff, 0x55555555, 0xaaaaaaaa,
];
