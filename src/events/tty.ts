/**
 * Terminals: the recorder's own and pseudo-terminals, one representation for both, and their events.
 * Field names follow struct tty_struct, n_tty_data and ktermios of Linux (include/linux/tty.h, drivers/tty/n_tty.c).
 */
import type { Wakes } from './entities.ts';

export interface Tty {
	/** Internal id. */
	readonly id: number;
	/** N of /dev/pts/N. */
	readonly index: number;
	/**
	 * Descriptors of the recorder that are this terminal: its bytes go through their streams, and the discipline is the host's.
	 * Empty: a pseudo-terminal.
	 */
	readonly streams: readonly number[];
	/** struct termios2, 44 bytes (abi/termios.ts). */
	readonly termios: Uint8Array;
	/** struct winsize: rows, columns, pixels across and down. */
	readonly window: readonly number[];
	/** Session that it controls and its foreground process group (ctrl.session, ctrl.pgrp), 0 = none. */
	readonly session: number;
	readonly pgrp: number;
	/** The slave cannot be opened yet (TIOCSPTLCK); by root alone (TIOCEXCL). */
	readonly locked: boolean;
	readonly exclusive: boolean;
	/** The slave was open at some time: without an open file now, the master's reads are EIO (TTY_OTHER_CLOSED). */
	readonly opened: boolean;
	/** The master is closed: whoever has the slave open has a dead file. */
	readonly hungUp: boolean;
	/** Unread input of the slave, and the places in it of bytes that end a line, ascending (read_flags). */
	readonly input: Uint8Array;
	readonly lines: readonly number[];
	/** What the master wrote and there was no room for yet. */
	readonly backlog: Uint8Array;
	/** Output of the slave that the master has not read, and echo that waits for room or a start. */
	readonly output: Uint8Array;
	readonly echo: Uint8Array;
	/** VLNEXT was typed (lnext); ECHOPRT began to show what was erased. */
	readonly literal: boolean;
	readonly erasing: boolean;
	/** Column of the cursor, and of a line's first character. */
	readonly column: number;
	readonly canonColumn: number;
	/** Output stands still (flow.stopped), by tcflow(3) (flow.tco_stopped). */
	readonly stopped: boolean;
	readonly halted: boolean;
	/** Packet mode of the master, and what it has to tell (ctrl.pktstatus, TIOCPKT_*). */
	readonly packet: boolean;
	readonly status: number;
	readonly wakes: { readonly slave: Wakes; readonly master: Wakes };
}

export type TtyFields = Partial<Omit<Tty, 'id' | 'index' | 'streams' | 'hungUp'>>;

export type TtyWait =
	/** `bytes`: so many are there. Of a master: any output, or a change of packet mode. */
	| { readonly kind: 'tty-readable'; readonly tty: number; readonly master: boolean; readonly bytes: number }
	| { readonly kind: 'tty-writable'; readonly tty: number; readonly master: boolean };

export type TtyEvent =
	| { readonly kind: 'tty/new'; readonly tty: Tty }
	| { readonly kind: 'tty/set'; readonly tty: number; readonly fields: TtyFields }
	/** The master is closed: the terminal controls nobody any more; leaders of the session remember its foreground group. */
	| { readonly kind: 'tty/hangup'; readonly tty: number };
