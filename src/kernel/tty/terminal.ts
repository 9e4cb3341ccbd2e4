/** Terminals as open files see them: which one, which end, who has them open, making one, hanging one up. */
import type { Inode, OpenFile } from '../../events/entities.ts';
import type { Mount } from '../../events/mounts.ts';
import type { Tty, TtyFields } from '../../events/tty.ts';
import type { MachineState } from '../../reducers/state.ts';
import { O } from '../abi/fcntl.ts';
import { Sig } from '../abi/signal.ts';
import { defaultTermios } from '../abi/termios.ts';
import type { Decision } from '../decision.ts';
import { namespaceIno } from '../namespaces.ts';
import { kernelInfo } from '../signal-queue.ts';
import { postSignal } from '../signal-send.ts';
import { signalGroup } from './control.ts';
import { Line } from './line.ts';

/** Device numbers: major << 8 | minor; slaves are 136:N. */
export const TTY_RDEV = 0x500;
export const PTMX_RDEV = 0x502;
export const SLAVE_MAJOR = 136;

/** An end of a terminal. The recorder's has a slave alone. */
export interface End {
	readonly tty: Tty;
	readonly master: boolean;
}

/** The terminal behind an inode, if there is one. */
export function endOf(state: MachineState, inode: Inode): End | undefined {
	if (inode.kind === 'tty') return { tty: state.ttys[inode.channel], master: inode.rdev === PTMX_RDEV };
	if (inode.kind !== 'stream') return undefined;
	const tty = Object.values(state.ttys).find((t) => t.streams.includes(inode.channel));
	return tty && { tty, master: false };
}

/** Whether somebody has an end of a pseudo-terminal open. */
export function isOpen(state: MachineState, tty: number, master: boolean): boolean {
	return Object.values(state.files).some((file) => {
		const inode = state.inodes[file.inode];
		return inode.kind === 'tty' && inode.channel === tty && (inode.rdev === PTMX_RDEV) === master && !(file.flags & O.PATH);
	});
}

/** Whether the master reads no more than what is there: every slave is closed (TTY_OTHER_CLOSED). */
export function isVacant(state: MachineState, tty: Tty): boolean {
	return tty.opened && !isOpen(state, tty.id, false);
}

/** The state of a terminal that nobody has used. */
export function blankTty(id: number, index: number): Tty {
	const none = new Uint8Array(0);
	const wakes = { read: 0, write: 0 };
	return {
		id,
		index,
		streams: [],
		termios: defaultTermios(),
		window: [0, 0, 0, 0],
		session: 0,
		pgrp: 0,
		locked: true,
		exclusive: false,
		opened: false,
		hungUp: false,
		input: none,
		lines: [],
		backlog: none,
		output: none,
		echo: none,
		literal: false,
		erasing: false,
		column: 0,
		canonColumn: 0,
		stopped: false,
		halted: false,
		packet: false,
		status: 0,
		wakes: { slave: wakes, master: wakes },
	};
}

export function setTty(d: Decision, tty: number, fields: TtyFields): void {
	if (Object.keys(fields).length > 0) d.emit({ kind: 'tty/set', tty, fields });
}

/** Does something to the line, and what follows: the foreground group gets the signals that were typed. */
export function withLine<T>(d: Decision, id: number, act: (line: Line) => T): T {
	const tty = d.state.ttys[id];
	const line = new Line(tty);
	const result = act(line);
	setTty(d, id, line.changes());
	if (tty.pgrp !== 0) for (const signo of line.signals) signalGroup(d, tty.pgrp, signo);
	return result;
}

/** Where the terminals are mounted: in the caller's namespace, if they are there; undefined when guests have taken them away everywhere. */
export function terminalMount({ state, task }: Decision): Mount | undefined {
	const all = Object.values(state.mounts).filter((m) => state.supers[m.sb].type === 'devpts');
	const ns = namespaceIno(state, task, 'mnt');
	return all.find((m) => m.ns === ns) ?? all[0];
}

/** Directory of the slaves' names. */
export function slaveDirectory(d: Decision): Inode | undefined {
	const sb = terminalMount(d)?.sb;
	return Object.values(d.state.inodes).find((i) => i.kind === 'dir' && i.parent === i.id && i.sb === sb);
}

/** The master of a pseudo-terminal is closed (pty_close, __tty_hangup): its name goes, the session's leader is told. */
function hangUp(d: Decision, tty: Tty): void {
	const { session } = tty;
	const leaders = Object.values(d.state.groups).filter((g) => g.tty === tty.id && g.session === session && g.tgid === session);
	d.emit({ kind: 'tty/hangup', tty: tty.id });
	for (const dir of Object.values(d.state.inodes)) {
		if (dir.kind !== 'dir') continue;
		const entry = dir.entries.find(({ inode }) => {
			const node = d.state.inodes[inode];
			return node?.kind === 'tty' && node.channel === tty.id;
		});
		if (entry === undefined) continue;
		d.emit({ kind: 'inode/set', inode: entry.inode, fields: { nlink: 0 } });
		d.emit({ kind: 'dir/unlink', dir: dir.id, name: entry.name });
		break;
	}
	for (const { tgid } of leaders) for (const signo of [Sig.SIGHUP, Sig.SIGCONT]) postSignal(d, tgid, true, kernelInfo(signo));
}

/** Hangs up the terminals whose masters this decision closed. */
export function closeMasters(d: Decision): void {
	const live = (t: Tty) => t.streams.length === 0 && !t.hungUp;
	if (!Object.values(d.view.state.ttys).some(live)) return;
	if (!d.events.some((e) => e.kind === 'fd/close' || e.kind === 'fd/set' || e.kind === 'task/exit' || e.kind === 'task/unshare'))
		return;
	for (const tty of Object.values(d.state.ttys)) if (live(tty) && !isOpen(d.state, tty.id, true)) hangUp(d, tty);
}

/** The lowest free N of /dev/pts/N. */
export function freeIndex(state: MachineState): number {
	const used = new Set(Object.values(state.ttys).map((t) => t.index));
	let index = 0;
	while (used.has(index)) index++;
	return index;
}

/** The path that a file of a slave has, where terminals are mounted. */
export function slavePath(tty: Tty): string {
	return `/${tty.index}`;
}

export type { OpenFile };
