/** Why translated code came back. */
export const Leave = {
	/** The code goes on somewhere that is not translated, or there are too few steps left. */
	OUT: 0,
	READ_MISS: 1,
	WRITE_MISS: 2,
	/** T0 must execute the instruction: it raises an exception, or is one of the cases only T0 knows. */
	PRECISE: 3,
} as const;
