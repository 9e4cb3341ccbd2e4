/** System V message queues: msgget, msgctl, msgsnd, msgrcv (ipc/msg.c of Linux 6.1). */
import type { IpcWait, Message, MsgQueue } from '../../events/ipc.ts';
import { Restart, type Task } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { bytesIn, CTL, IPC, ipcId, MSG_CTL, MSG_FLAG, MSG_LIMIT, packMsgInfo, packQueue } from '../abi/ipc.ts';
import type { Decision, Outcome } from '../decision.ts';
import {
	allowed,
	callerPid,
	changedPerm,
	getIpc,
	highestSlot,
	ipcNs,
	newPerm,
	objectsOf,
	obtain,
	obtainToChange,
	READ,
	readSettings,
	seconds,
	tell,
	WRITE,
} from '../ipc.ts';
import { numberOf } from '../pids.ts';
import type { Resume } from '../row.ts';
import { hasRoom, messageQueue } from '../waits.ts';

type Receive = IpcWait & { readonly kind: 'msg-receive' };

export function msgget(d: Decision, key: number, flags: number): number {
	return getIpc(
		d,
		'msg',
		key,
		flags,
		() => false,
		() => {
			const perm = newPerm(d, 'msg', key, flags, MSG_LIMIT.mni);
			if (typeof perm === 'number') return perm;
			const unused = { messages: [], qbytes: MSG_LIMIT.mnb, stime: 0, rtime: 0, lspid: 0, lrpid: 0 };
			const queue: MsgQueue = { ...perm, kind: 'msg', ...unused };
			d.emit({ kind: 'ipc/new', ipc: queue });
			return ipcId(queue);
		},
	);
}

/** A queue whose processes have the numbers that the caller sees. */
const seen = (d: Decision, queue: MsgQueue): MsgQueue => ({
	...queue,
	lspid: numberOf(d, queue.lspid),
	lrpid: numberOf(d, queue.lrpid),
});

/** @param wide whether structs have the newer layout (IPC_64) */
export function msgctl(d: Decision, id: number, command: number, at: number, wide: boolean): number {
	if ((id | 0) < 0 || (command | 0) < 0) return -Errno.EINVAL;
	switch (command) {
		case CTL.INFO:
		case MSG_CTL.INFO: {
			const all = objectsOf(d.state, 'msg', ipcNs(d));
			const sum = (of: (o: MsgQueue) => number) => all.reduce((n, o) => n + of(o), 0);
			const used = command === CTL.INFO ? null : ([all.length, sum((o) => o.messages.length), sum(bytesIn)] as const);
			return tell(d, at, packMsgInfo(used), highestSlot(d, 'msg'));
		}
		case CTL.STAT:
		case MSG_CTL.STAT:
		case MSG_CTL.STAT_ANY: {
			const queue = obtain(d, 'msg', id, command !== CTL.STAT);
			if (typeof queue === 'number') return queue;
			if (command !== MSG_CTL.STAT_ANY && !allowed(d.task, queue, READ)) return -Errno.EACCES;
			return tell(d, at, packQueue(seen(d, queue), wide), command === CTL.STAT ? 0 : ipcId(queue));
		}
		case CTL.SET: {
			const settings = readSettings(d, 'msg', at, wide);
			if (typeof settings === 'number') return settings;
			const queue = obtainToChange(d, 'msg', id);
			if (typeof queue === 'number') return queue;
			const { qbytes } = settings;
			// CAP_SYS_RESOURCE: the container's root has it.
			if (qbytes > MSG_LIMIT.mnb && d.task.creds.euid !== 0) return -Errno.EPERM;
			const fields = changedPerm(d, queue, settings);
			if (fields === undefined) return -Errno.EINVAL;
			d.emit({ kind: 'ipc/set', ipc: queue.id, fields: { ...fields, qbytes } });
			// Receivers may be shut out by the new mode: they look again.
			answerReceivers(d, queue, -Errno.EAGAIN);
			return 0;
		}
		case CTL.RMID: {
			const queue = obtainToChange(d, 'msg', id);
			if (typeof queue === 'number') return queue;
			answerReceivers(d, queue, -Errno.EIDRM);
			d.emit({ kind: 'ipc/remove', ipc: queue.id });
			return 0;
		}
		default:
			return -Errno.EINVAL;
	}
}

/** Who sleeps for a message of a queue and was not answered yet, first come first. */
function receiversOf(d: Decision, queue: MsgQueue): readonly { readonly task: Task; readonly on: Receive }[] {
	const found: { readonly task: Task; readonly on: Receive; readonly order: number }[] = [];
	for (const pid of d.view.waiting(messageQueue(queue.ns, ipcId(queue)))) {
		const task = d.state.tasks[pid];
		const on = task?.wait?.on[0];
		if (task?.state !== 'sleeping' || task.wait === null || task.wait.fired >= 0 || on?.kind !== 'msg-receive') continue;
		found.push({ task, on, order: task.wait.order });
	}
	return found.sort((a, b) => a.order - b.order);
}

function answerReceivers(d: Decision, queue: MsgQueue, result: number): void {
	for (const { task } of receiversOf(d, queue)) d.emit({ kind: 'ipc/answer', task: task.pid, result, message: null });
}

/** testmsg: whether a receiver takes messages of a type. */
function takes({ type, mode }: Pick<Receive, 'type' | 'mode'>, message: Message): boolean {
	switch (mode) {
		case 'any':
			return true;
		case 'equal':
			return message.type === type;
		case 'not':
			return message.type !== type;
		case 'least':
			return message.type <= type;
	}
}

/** @param at of the msgbuf: a long, then the text */
export function msgsnd(d: Decision, id: number, at: number, size: number, flags: number, resume: Resume | null): Outcome {
	if (resume?.reason === 'signal') return resume.wait.restart;
	const [before] = resume?.wait.on ?? [];
	// The kernel has its own copy since the call began.
	if (before?.kind === 'msg-send') return send(d, before.ipc, before, flags, true);
	const type = d.u32(at);
	if (type === undefined) return -Errno.EFAULT;
	if (size > MSG_LIMIT.max || (id | 0) < 0 || (type | 0) < 1) return -Errno.EINVAL;
	const data = d.read(at + 4, size);
	return data === undefined ? -Errno.EFAULT : send(d, id, { type, data: data.slice() }, flags, false);
}

function send(d: Decision, id: number, { type, data }: Message, flags: number, slept: boolean): Outcome {
	const queue = obtain(d, 'msg', id);
	if (typeof queue === 'number') return slept ? -Errno.EIDRM : queue;
	if (!allowed(d.task, queue, WRITE)) return -Errno.EACCES;
	if (!hasRoom(queue, data.length)) {
		if (flags & IPC.NOWAIT) return -Errno.EAGAIN;
		const on = [{ kind: 'msg-send' as const, ns: queue.ns, ipc: id, type, data }];
		return { kind: 'block', wait: { on, deadline: null, restart: Restart.NOHAND, signals: 0n }, restartBlock: null };
	}
	const stime = seconds(d);
	d.emit({ kind: 'ipc/set', ipc: queue.id, fields: { stime, lspid: callerPid(d) } });
	const message = { type, data };
	// A receiver that is asleep gets it at once; who has no room for it is told so and the next one is asked.
	for (const { task, on } of receiversOf(d, queue)) {
		if (!takes(on, message)) continue;
		const fits = on.cut || data.length <= on.size;
		d.emit({ kind: 'ipc/answer', task: task.pid, result: fits ? 0 : -Errno.E2BIG, message: fits ? message : null });
		if (!fits) continue;
		d.emit({ kind: 'ipc/set', ipc: queue.id, fields: { rtime: stime, lrpid: task.pid } });
		return 0;
	}
	d.emit({ kind: 'msg/put', ipc: queue.id, message });
	return 0;
}

/** msgrcv: what it is asked for, as it may have to wait for it. */
export function msgrcv(
	d: Decision,
	id: number,
	buffer: number,
	size: number,
	type: number,
	flags: number,
	resume: Resume | null,
): Outcome {
	if (resume !== null) return receiveOn(d, resume);
	if ((id | 0) < 0 || (size | 0) < 0) return -Errno.EINVAL;
	const copies = (flags & MSG_FLAG.COPY) !== 0;
	if (copies && (flags & MSG_FLAG.EXCEPT || !(flags & IPC.NOWAIT))) return -Errno.EINVAL;
	const cut = (flags & MSG_FLAG.NOERROR) !== 0;
	const wait: Receive = {
		kind: 'msg-receive',
		ns: ipcNs(d),
		ipc: id,
		...asked(type, flags),
		buffer,
		size,
		cut,
		result: 0,
		message: null,
	};
	return copies ? copy(d, wait, type) : receive(d, wait, (flags & IPC.NOWAIT) !== 0);
}

/** convert_mode. */
function asked(type: number, flags: number): Pick<Receive, 'type' | 'mode'> {
	const signed = type | 0;
	if (signed === 0) return { type: 0, mode: 'any' };
	if (signed < 0) return { type: signed === -(2 ** 31) ? 2 ** 31 - 1 : -signed, mode: 'least' };
	return { type: signed, mode: flags & MSG_FLAG.EXCEPT ? 'not' : 'equal' };
}

/** find_msg: where the message stands that is received; -1 = there is none. */
function placeOf({ messages }: MsgQueue, wait: Receive): number {
	if (wait.mode !== 'least') return messages.findIndex((m) => takes(wait, m));
	let found = -1;
	messages.forEach((m, i) => {
		if (takes(wait, m) && (found < 0 || m.type < messages[found].type)) found = i;
	});
	return found;
}

/** Takes a message, or sleeps until one is handed over. */
function receive(d: Decision, wait: Receive, nowait: boolean): Outcome {
	const queue = obtain(d, 'msg', wait.ipc);
	if (typeof queue === 'number') return queue;
	if (!allowed(d.task, queue, READ)) return -Errno.EACCES;
	const index = placeOf(queue, wait);
	if (index < 0) {
		if (nowait) return -Errno.ENOMSG;
		const on = [wait];
		return { kind: 'block', wait: { on, deadline: null, restart: Restart.NOHAND, signals: 0n }, restartBlock: null };
	}
	const message = queue.messages[index];
	if (message.data.length > wait.size && !wait.cut) return -Errno.E2BIG;
	d.emit({ kind: 'msg/take', ipc: queue.id, index });
	d.emit({ kind: 'ipc/set', ipc: queue.id, fields: { rtime: seconds(d), lrpid: callerPid(d) } });
	return deliver(d, wait, message);
}

/** MSG_COPY: the message at a place, left where it is. */
function copy(d: Decision, wait: Receive, place: number): number {
	const queue = obtain(d, 'msg', wait.ipc);
	if (typeof queue === 'number') return queue;
	if (!allowed(d.task, queue, READ)) return -Errno.EACCES;
	const message = queue.messages[place];
	if (message === undefined) return -Errno.ENOMSG;
	const { length } = message.data;
	// The copy has room for as much as a message may have, or as the caller has (prepare_copy).
	if (length > wait.size && !wait.cut) return -Errno.E2BIG;
	return length > Math.min(wait.size, MSG_LIMIT.max) ? -Errno.EINVAL : deliver(d, wait, message);
}

function receiveOn(d: Decision, { reason, wait }: Resume): Outcome {
	if (reason === 'signal') return wait.restart;
	const [on] = wait.on;
	if (on?.kind !== 'msg-receive') return -Errno.EIDRM;
	if (on.message !== null) return deliver(d, on, on.message);
	if (on.result !== -Errno.EAGAIN) return on.result;
	if (typeof obtain(d, 'msg', on.ipc) === 'number') return -Errno.EIDRM;
	return receive(d, { ...on, result: 0 }, false);
}

/** do_msg_fill: the type and the text; the message is gone even where they cannot be written. */
function deliver(d: Decision, { buffer, size }: Receive, { type, data }: Message): number {
	if (!d.writeU32(buffer, type)) return -Errno.EFAULT;
	const text = data.subarray(0, size);
	return d.write(buffer + 4, text) ? text.length : -Errno.EFAULT;
}
