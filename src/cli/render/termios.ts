/** Settings of terminals as strace 6.1 writes them (src/term.c). */
import { IFLAG, IOCTL, LFLAG, OFLAG } from '../../kernel/abi/termios.ts';
import { hex } from './strace-words.ts';

const SPEEDS: readonly string[] = 'B0 B50 B75 B110 B134 B150 B200 B300 B600 B1200 B1800 B2400 B4800 B9600 B19200 B38400'.split(
	' ',
);
const FAST: readonly string[] =
	'BOTHER B57600 B115200 B230400 B460800 B500000 B576000 B921600 B1000000 B1152000 B1500000 B2000000 B2500000 B3000000 B3500000 B4000000'.split(
		' ',
	);

/** Delays of output: shift and the names of the values. */
const DELAYS: readonly (readonly [shift: number, names: readonly string[]])[] = [
	[8, ['NL0', 'NL1']],
	[9, ['CR0', 'CR1', 'CR2', 'CR3']],
	[11, ['TAB0', 'TAB1', 'TAB2', 'XTABS']],
	[13, ['BS0', 'BS1']],
	[14, ['VT0', 'VT1']],
	[15, ['FF0', 'FF1']],
];
const DELAY_BITS = 0xff00;
const CFLAGS: readonly (readonly [string, number])[] = [
	['CSTOPB', 0o100],
	['CREAD', 0o200],
	['PARENB', 0o400],
	['PARODD', 0o1000],
	['HUPCL', 0o2000],
	['CLOCAL', 0o4000],
	['CMSPAR', 0o10000000000],
	['CRTSCTS', 0o20000000000],
];
const LOCAL = 'ISIG ICANON XCASE ECHO ECHOE ECHOK ECHONL NOFLSH IEXTEN ECHOCTL ECHOPRT ECHOKE FLUSHO PENDIN TOSTOP EXTPROC';

/** Names of the bits, and what has none in hex; nothing for no bit. */
function bits(table: readonly (readonly [string, number])[], value: number): string {
	const words = table.filter(([, bit]) => value & bit).map(([name]) => name);
	const rest = (value & ~table.reduce((all, [, bit]) => all | bit, 0)) >>> 0;
	if (rest !== 0) words.push(hex(rest));
	return words.join('|');
}

/** A struct termios or termios2: the flags, without the characters. */
export function termiosText(v: DataView): string {
	const [i, o, c, l] = [0, 4, 8, 12].map((at) => v.getUint32(at, true));
	const delays = DELAYS.map(([shift, names]) => names[(o >>> shift) & (names.length - 1)]);
	const output = bits(
		Object.entries(OFLAG).filter(([name]) => !name.includes('TAB')),
		o & ~DELAY_BITS,
	);
	const speed = (c & 0o10000 ? FAST : SPEEDS)[c & 15];
	const control = [speed, `CS${5 + ((c >>> 4) & 3)}`, bits(CFLAGS, c & ~0o10077)];
	const local = bits(
		LOCAL.split(' ').map((name) => [name, LFLAG[name as keyof typeof LFLAG]] as const),
		l,
	);
	return `{c_iflag=${bits(Object.entries(IFLAG), i)}, c_oflag=${[...delays, output].join('|')}, c_cflag=${control.join('|')}, c_lflag=${local}, ...}`;
}

const QUEUES = ['TCIFLUSH', 'TCOFLUSH', 'TCIOFLUSH'];
const FLOWS = ['TCOOFF', 'TCOON', 'TCIOFF', 'TCION'];

type Argument =
	| 'none'
	| 'number'
	| 'int'
	| 'int-out'
	| 'termios'
	| 'termios-out'
	| 'winsize'
	| 'winsize-out'
	| 'char'
	| readonly string[];

/** What an ioctl of a terminal has for an argument. */
export const TTY_ARGUMENTS: ReadonlyMap<number, Argument> = new Map<number, Argument>([
	[IOCTL.TIOCNOTTY, 'none'],
	[IOCTL.TIOCEXCL, 'none'],
	[IOCTL.TIOCNXCL, 'none'],
	[IOCTL.TCSBRK, 'number'],
	[IOCTL.TCSBRKP, 'number'],
	[IOCTL.TIOCSCTTY, 'number'],
	[IOCTL.TIOCSPGRP, 'int'],
	[IOCTL.TIOCSPTLCK, 'int'],
	[IOCTL.TIOCPKT, 'int'],
	[IOCTL.TIOCGPGRP, 'int-out'],
	[IOCTL.TIOCOUTQ, 'int-out'],
	[IOCTL.TIOCGPTN, 'int-out'],
	[IOCTL.TIOCGDEV, 'int-out'],
	[IOCTL.TIOCGEXCL, 'int-out'],
	[IOCTL.TCGETS, 'termios-out'],
	[IOCTL.TCGETS2, 'termios-out'],
	[IOCTL.TCSETS, 'termios'],
	[IOCTL.TCSETSW, 'termios'],
	[IOCTL.TCSETSF, 'termios'],
	[IOCTL.TCSETS2, 'termios'],
	[IOCTL.TCSETSW2, 'termios'],
	[IOCTL.TCSETSF2, 'termios'],
	[IOCTL.TIOCGWINSZ, 'winsize-out'],
	[IOCTL.TIOCSWINSZ, 'winsize'],
	[IOCTL.TIOCSTI, 'char'],
	[IOCTL.TCFLSH, QUEUES],
	[IOCTL.TCXONC, FLOWS],
] as const);

/** A choice by number, as strace writes what it has no name for. */
export function choiceText(names: readonly string[], value: number): string {
	return names[value] ?? `${hex(value)} /* TC??? */`;
}
