/** The terminal that controls a session (drivers/tty/tty_jobctrl.c of Linux 6.1). */
import type { Tty } from '../../events/tty.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { hasSignal, SIG_IGN, Sig } from '../abi/signal.ts';
import type { Decision } from '../decision.ts';
import { isOrphaned, membersOf } from '../job-control.ts';
import { pidOf } from '../pids.ts';
import { actionOf, kernelInfo } from '../signal-queue.ts';
import { postSignal } from '../signal-send.ts';

/** A signal from the kernel to a process group. */
export function signalGroup(d: Decision, pgrp: number, signo: number): void {
	for (const { tgid } of membersOf(d.state, pgrp)) postSignal(d, tgid, true, kernelInfo(signo));
}

/**
 * Whether the deciding task may read from its terminal (SIGTTIN), or write to it and change it (SIGTTOU): 0 from the
 * foreground; else its group is sent the signal and the call is made again, or -EIO where nobody would act on it.
 */
export function checkForeground(d: Decision, tty: Tty, signo: typeof Sig.SIGTTIN | typeof Sig.SIGTTOU): number {
	const { group, task } = d;
	if (group.tty !== tty.id || tty.pgrp === 0 || tty.pgrp === group.pgrp) return 0;
	if (hasSignal(task.blocked, signo) || actionOf(d.state, task, signo).handler === SIG_IGN)
		return signo === Sig.SIGTTIN ? -Errno.EIO : 0;
	if (isOrphaned(d.state, group.pgrp, group.session, 0)) return -Errno.EIO;
	signalGroup(d, group.pgrp, signo);
	return Restart.SYS;
}

/** The terminal becomes the controlling one of the deciding task's session (proc_set_tty). */
export function takeControl(d: Decision, tty: Tty): void {
	const { group } = d;
	d.emit({ kind: 'tty/set', tty: tty.id, fields: { session: group.session, pgrp: group.pgrp } });
	d.emit({ kind: 'group/set', group: group.id, fields: { tty: tty.id, oldPgrp: 0 } });
}

/** Opening a terminal gives it to a session's leader that has none (tty_open_proc_set_tty). */
export function takeByOpening(d: Decision, tty: Tty): void {
	const { group } = d;
	if (group.session === group.tgid && group.tty === 0 && tty.session === 0) takeControl(d, tty);
}

/** TIOCSCTTY. @param arg 1: taken from another session, by root */
export function claim(d: Decision, tty: Tty, arg: number, reads: boolean): number {
	const { group } = d;
	const leads = group.session === group.tgid;
	if (leads && tty.session === group.session) return 0;
	if (!leads || group.tty !== 0) return -Errno.EPERM;
	const root = d.task.creds.euid === 0;
	if (tty.session !== 0 && !(arg === 1 && root)) return -Errno.EPERM;
	if (!reads && !root) return -Errno.EPERM;
	if (tty.session !== 0) clearSession(d, tty.session);
	takeControl(d, tty);
	return 0;
}

/** Nobody of the session has a controlling terminal any more (session_clear_tty). */
function clearSession(d: Decision, session: number): void {
	for (const { id, tty } of Object.values(d.state.groups).filter((g) => g.session === session))
		if (tty !== 0) d.emit({ kind: 'group/set', group: id, fields: { tty: 0 } });
}

/** TIOCNOTTY (no_tty): of a leader, for its whole session. */
export function giveUp(d: Decision): void {
	const { group } = d;
	if (group.session === group.tgid) disassociate(d, group.id, false);
	else d.emit({ kind: 'group/set', group: group.id, fields: { tty: 0 } });
}

/** A session's leader gives up its terminal, or ends: the foreground group is hung up (disassociate_ctty). */
export function disassociate(d: Decision, id: number, ends: boolean): void {
	const { tty, session, tgid, oldPgrp } = d.state.groups[id];
	if (session !== tgid) return;
	const held = d.state.ttys[tty];
	if (held === undefined) {
		if (!ends || oldPgrp === 0) return;
		signalGroup(d, oldPgrp, Sig.SIGHUP);
		signalGroup(d, oldPgrp, Sig.SIGCONT);
		d.emit({ kind: 'group/set', group: id, fields: { oldPgrp: 0 } });
		return;
	}
	if (held.pgrp !== 0) {
		signalGroup(d, held.pgrp, Sig.SIGHUP);
		if (!ends) signalGroup(d, held.pgrp, Sig.SIGCONT);
	}
	d.emit({ kind: 'tty/set', tty, fields: { session: 0, pgrp: 0 } });
	clearSession(d, session);
}

/** TIOCSPGRP: another foreground group. -errno: ENOTTY EINVAL ESRCH EPERM */
export function setForeground(d: Decision, tty: Tty, nr: number | undefined): number {
	const refused = checkForeground(d, tty, Sig.SIGTTOU);
	if (refused !== 0) return refused === -Errno.EIO ? -Errno.ENOTTY : refused;
	if (nr === undefined) return -Errno.EFAULT;
	if ((nr | 0) < 0) return -Errno.EINVAL;
	const { group } = d;
	if (group.tty !== tty.id || tty.session !== group.session) return -Errno.ENOTTY;
	const pgrp = pidOf(d, nr);
	const members = membersOf(d.state, pgrp);
	if (members.length === 0) return d.state.tasks[pgrp] === undefined ? -Errno.ESRCH : -Errno.EPERM;
	if (members[0].session !== group.session) return -Errno.EPERM;
	if (tty.pgrp !== pgrp) d.emit({ kind: 'tty/set', tty: tty.id, fields: { pgrp } });
	return 0;
}
