/** The registers in an FXSAVE image by name (SDM vol. 1, table 10-2, outside 64-bit mode). Every byte belongs to one row. */

export interface FxField {
	readonly name: string;
	/** Bytes from the start of the image. */
	readonly offset: number;
	readonly size: number;
}

/** x87: the eight registers are those of the stack, st0 first. */
export const FX_FIELDS: readonly FxField[] = [
	{ name: 'fcw', offset: 0, size: 2 },
	{ name: 'fsw', offset: 2, size: 2 },
	{ name: 'ftw', offset: 4, size: 2 },
	{ name: 'fop', offset: 6, size: 2 },
	{ name: 'fip', offset: 8, size: 4 },
	{ name: 'fcs', offset: 12, size: 4 },
	{ name: 'fdp', offset: 16, size: 4 },
	{ name: 'fds', offset: 20, size: 4 },
	{ name: 'mxcsr', offset: 24, size: 4 },
	{ name: 'mxcsrMask', offset: 28, size: 4 },
	...Array.from({ length: 8 }, (_, i) => ({ name: `st${i}`, offset: 32 + 16 * i, size: 16 })),
	...Array.from({ length: 8 }, (_, i) => ({ name: `xmm${i}`, offset: 160 + 16 * i, size: 16 })),
	{ name: 'reserved', offset: 288, size: 224 },
];
