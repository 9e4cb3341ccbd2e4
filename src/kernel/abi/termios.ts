/** Terminal ioctls and struct termios2 (include/uapi/asm-generic/{ioctls,termbits,termios}.h). */

/** ioctl numbers that open files answer. */
export const IOCTL = {
	TCGETS: 0x5401,
	TCSETS: 0x5402,
	TCSETSW: 0x5403,
	TCSETSF: 0x5404,
	TCSBRK: 0x5409,
	TCXONC: 0x540a,
	TCFLSH: 0x540b,
	TIOCEXCL: 0x540c,
	TIOCNXCL: 0x540d,
	TIOCSCTTY: 0x540e,
	TIOCGPGRP: 0x540f,
	TIOCSPGRP: 0x5410,
	TIOCOUTQ: 0x5411,
	TIOCGWINSZ: 0x5413,
	FIONREAD: 0x541b,
	FIONBIO: 0x5421,
	TIOCNOTTY: 0x5422,
	TCSBRKP: 0x5425,
	TIOCGSID: 0x5429,
	FIONCLEX: 0x5450,
	FIOCLEX: 0x5451,
	FIOASYNC: 0x5452,
	FIOQSIZE: 0x5460,
	TCGETS2: 0x802c542a,
	TCSETS2: 0x402c542b,
	TCSETSW2: 0x402c542c,
	TCSETSF2: 0x402c542d,
} as const;

/** struct termios: four u32 of flags, c_line, 19 control characters. */
export const TERMIOS_BYTES = 36;
/** struct termios2: a struct termios and two speeds (u32, bits per second). */
export const TERMIOS2_BYTES = 44;

/** A terminal as it is when nobody set it: canonical, echoing, 38400 bits per second (drivers/tty/tty_io.c tty_std_termios). */
export function defaultTermios(): Uint8Array {
	const bytes = new Uint8Array(TERMIOS2_BYTES);
	const v = new DataView(bytes.buffer);
	// ICRNL|IXON; OPOST|ONLCR; B38400|CS8|CREAD; ISIG|ICANON|ECHO|ECHOE|ECHOK|ECHOCTL|ECHOKE|IEXTEN
	[0x500, 0x5, 0xbf, 0x8a3b].forEach((flags, i) => {
		v.setUint32(i * 4, flags, true);
	});
	bytes.set([0x03, 0x1c, 0x7f, 0x15, 0x04, 0, 1, 0, 0x11, 0x13, 0x1a, 0, 0x12, 0x0f, 0x17, 0x16, 0], 17);
	v.setUint32(36, 38400, true);
	v.setUint32(40, 38400, true);
	return bytes;
}

/** struct winsize: 24 rows, 80 columns, no pixels. */
export function windowSize(): Uint8Array {
	return new Uint8Array(Uint16Array.of(24, 80, 0, 0).buffer);
}
