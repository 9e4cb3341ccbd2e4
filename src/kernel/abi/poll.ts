/** Numbers of poll(2) and select(2) (include/uapi/asm-generic/poll.h, include/linux/poll.h). */

/** Event bits of struct pollfd. */
export const POLL = {
	IN: 0x1,
	PRI: 0x2,
	OUT: 0x4,
	ERR: 0x8,
	HUP: 0x10,
	NVAL: 0x20,
	RDNORM: 0x40,
	RDBAND: 0x80,
	WRNORM: 0x100,
	WRBAND: 0x200,
	RDHUP: 0x2000,
} as const;

/** What makes a descriptor ready in each set of select(2) (fs/select.c: POLLIN_SET, POLLOUT_SET, POLLEX_SET). */
export const SELECT_IN = POLL.RDNORM | POLL.RDBAND | POLL.IN | POLL.HUP | POLL.ERR;
export const SELECT_OUT = POLL.WRBAND | POLL.WRNORM | POLL.OUT | POLL.ERR;
export const SELECT_EX = POLL.PRI;
