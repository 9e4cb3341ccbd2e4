/** The constants of fld1, fldl2t, fldl2e, fldpi, fldlg2, fldln2 and fldz (SDM vol. 1, 8.3.8). */
import type { Ext } from './ext.ts';
import { RC_DOWN, RC_UP, RC_ZERO } from './layout.ts';

/** Mantissas of the constants, rounded to nearest: high, low, sign and exponent; "above" means that nearest rounded up. */
export function constant(n: number, rc: number, out: Ext) {
	const up = rc === RC_UP;
	const down = rc === RC_DOWN || rc === RC_ZERO;
	switch (n) {
		case 0:
			return out.set(0x3fff, 0x80000000 | 0, 0);
		case 1: // log2 10, below
			return out.set(0x4000, 0xd49a784b | 0, up ? 0xcd1b8aff | 0 : 0xcd1b8afe | 0);
		case 2: // log2 e, above
			return out.set(0x3fff, 0xb8aa3b29 | 0, down ? 0x5c17f0bb : 0x5c17f0bc);
		case 3: // pi, above
			return out.set(0x4000, 0xc90fdaa2 | 0, down ? 0x2168c234 : 0x2168c235);
		case 4: // log10 2, above
			return out.set(0x3ffd, 0x9a209a84 | 0, down ? 0xfbcff798 | 0 : 0xfbcff799 | 0);
		case 5: // ln 2, above
			return out.set(0x3ffe, 0xb17217f7 | 0, down ? 0xd1cf79ab | 0 : 0xd1cf79ac | 0);
		default:
			return out.set(0, 0, 0);
	}
}
