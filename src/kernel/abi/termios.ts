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
	TIOCSTI: 0x5412,
	TIOCGWINSZ: 0x5413,
	TIOCSWINSZ: 0x5414,
	FIONREAD: 0x541b,
	TIOCPKT: 0x5420,
	FIONBIO: 0x5421,
	TIOCNOTTY: 0x5422,
	TIOCSETD: 0x5423,
	TIOCGETD: 0x5424,
	TCSBRKP: 0x5425,
	TIOCGSID: 0x5429,
	TIOCGPTPEER: 0x5441,
	FIONCLEX: 0x5450,
	FIOCLEX: 0x5451,
	FIOASYNC: 0x5452,
	FIOQSIZE: 0x5460,
	TCGETA: 0x5405,
	TIOCGPTN: 0x80045430,
	TIOCSPTLCK: 0x40045431,
	TIOCGDEV: 0x80045432,
	TIOCSIG: 0x40045436,
	TIOCGPKT: 0x80045438,
	TIOCGPTLCK: 0x80045439,
	TIOCGEXCL: 0x80045440,
	TCGETS2: 0x802c542a,
	TCSETS2: 0x402c542b,
	TCSETSW2: 0x402c542c,
	TCSETSF2: 0x402c542d,
} as const;

/** The only line discipline. */
export const N_TTY = 0;

/** struct termios: four u32 of flags, c_line, 19 control characters. */
export const TERMIOS_BYTES = 36;
/** struct termios2: a struct termios and two speeds (u32, bits per second). */
export const TERMIOS2_BYTES = 44;

/** c_iflag, c_oflag, c_lflag. */
export const IFLAG = {
	IGNBRK: 0o1,
	BRKINT: 0o2,
	IGNPAR: 0o4,
	PARMRK: 0o10,
	INPCK: 0o20,
	ISTRIP: 0o40,
	INLCR: 0o100,
	IGNCR: 0o200,
	ICRNL: 0o400,
	IUCLC: 0o1000,
	IXON: 0o2000,
	IXANY: 0o4000,
	IXOFF: 0o10000,
	IMAXBEL: 0o20000,
	IUTF8: 0o40000,
} as const;
export const OFLAG = {
	OPOST: 0o1,
	OLCUC: 0o2,
	ONLCR: 0o4,
	OCRNL: 0o10,
	ONOCR: 0o20,
	ONLRET: 0o40,
	OFILL: 0o100,
	OFDEL: 0o200,
	TABDLY: 0o14000,
	XTABS: 0o14000,
} as const;
export const LFLAG = {
	ISIG: 0o1,
	ICANON: 0o2,
	XCASE: 0o4,
	ECHO: 0o10,
	ECHOE: 0o20,
	ECHOK: 0o40,
	ECHONL: 0o100,
	NOFLSH: 0o200,
	TOSTOP: 0o400,
	ECHOCTL: 0o1000,
	ECHOPRT: 0o2000,
	ECHOKE: 0o4000,
	FLUSHO: 0o10000,
	PENDIN: 0o40000,
	IEXTEN: 0o100000,
	EXTPROC: 0o200000,
} as const;
/** c_cflag. */
const CFLAG = { CBAUD: 0o10017, BOTHER: 0o10000, CSIZE: 0o60, CS8: 0o60, CREAD: 0o200, PARENB: 0o400 } as const;
const INPUT_SPEED_SHIFT = 16;

/** Places in c_cc. */
export const CC = {
	VINTR: 0,
	VQUIT: 1,
	VERASE: 2,
	VKILL: 3,
	VEOF: 4,
	VTIME: 5,
	VMIN: 6,
	VSWTC: 7,
	VSTART: 8,
	VSTOP: 9,
	VSUSP: 10,
	VEOL: 11,
	VREPRINT: 12,
	VDISCARD: 13,
	VWERASE: 14,
	VLNEXT: 15,
	VEOL2: 16,
} as const;
/** A control character that there is none of. */
export const DISABLED = 0;

/** What a master in packet mode is told (TIOCPKT_*). */
export const PKT = { FLUSHREAD: 1, FLUSHWRITE: 2, STOP: 4, START: 8, NOSTOP: 16, DOSTOP: 32, IOCTL: 64 } as const;

/** The words of a struct termios that the line discipline goes by. */
export interface Termios {
	readonly i: number;
	readonly o: number;
	readonly l: number;
	readonly cc: Uint8Array;
}

/** @param bytes struct termios or termios2 */
export function termiosOf(bytes: Uint8Array): Termios {
	const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	return { i: v.getUint32(0, true), o: v.getUint32(4, true), l: v.getUint32(12, true), cc: bytes.subarray(17, 36) };
}

/** Speeds by their code in c_cflag: 0..15, then with 0o10000 (drivers/tty/tty_baudrate.c). */
const SPEEDS = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400];
const FAST = [
	0, 57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000,
	4000000,
];

/**
 * Settings as a terminal keeps them: speeds from the codes, where these say them (tty_termios_baud_rate).
 * @param pseudo of a pseudo-terminal, which always has eight bits and no parity (pty_set_termios)
 */
export function settle(given: Uint8Array, pseudo: boolean): Uint8Array {
	const bytes = given.slice();
	const v = new DataView(bytes.buffer);
	const c = v.getUint32(8, true);
	const speed = (code: number, other: number) =>
		code === CFLAG.BOTHER ? other : code & CFLAG.BOTHER ? FAST[code & 15] : SPEEDS[code & 15];
	const output = speed(c & CFLAG.CBAUD, v.getUint32(40, true));
	const code = (c >>> INPUT_SPEED_SHIFT) & CFLAG.CBAUD;
	v.setUint32(36, code === 0 ? output : speed(code, v.getUint32(36, true)), true);
	v.setUint32(40, output, true);
	if (pseudo) v.setUint32(8, ((c & ~(CFLAG.CSIZE | CFLAG.PARENB)) | CFLAG.CS8 | CFLAG.CREAD) >>> 0, true);
	return bytes;
}

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
