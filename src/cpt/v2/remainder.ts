/**
 * What of this very state a v2 image leaves out: the residual parts (RESIDUALS) that are not as a fresh process has them, named when it
 * is dumped. A restart borrows each of them.
 */
import { type IpcClass, ipcId } from '../../events/ipc.ts';
import type { MachineState, Task } from '../../reducers/state.ts';
import { isSegment } from '../../reducers/vma.ts';
import { memoryOf } from './tree.ts';

/** Something that travels in no image. */
export interface Remainder {
	/** The residual part it belongs to, by its name in RESIDUALS. */
	readonly part: string;
	/** One of it, in words: `open file`. */
	readonly what: string;
	/** Each of them, in words, in the order of pids and numbers. */
	readonly each: readonly string[];
}

interface Row {
	readonly part: string;
	readonly what: string;
	readonly each: (state: MachineState) => Iterable<string>;
}

/** Numbers of mounts above this one are those that guests have made: before are the root, /proc and the terminals. */
const LAST_OF_CONTAINER = 4;

const hex = (n: number) => n.toString(16).padStart(8, '0');
const tasksOf = ({ tasks }: MachineState): readonly Task[] => Object.values(tasks);

/** What tasks share, with the pids that do: each entity once, those of one process only left out. */
function* sharers(state: MachineState, idOf: (task: Task) => number): Generator<readonly [id: number, pids: readonly number[]]> {
	const users = new Map<number, number[]>();
	for (const task of tasksOf(state)) {
		const id = task.tgid === task.pid ? idOf(task) : 0;
		if (id !== 0) users.set(id, [...(users.get(id) ?? []), task.pid]);
	}
	for (const [id, pids] of users) if (pids.length > 1) yield [id, pids];
}

function* sharedMappings(state: MachineState): Generator<string> {
	for (const task of tasksOf(state)) {
		if (task.tgid !== task.pid) continue;
		for (const vma of state.mms[memoryOf(state, task)]?.vmas ?? []) {
			const { start, end, object } = vma;
			if (!isSegment(vma) && state.objects[object]?.kind === 'shared') yield `${hex(start)}-${hex(end)} of ${task.pid}`;
		}
	}
}

function* ipcOf(state: MachineState, of: IpcClass): Generator<string> {
	for (const ipc of Object.values(state.ipcs)) {
		if (ipc.kind !== of) continue;
		const key = ipc.key === 0 ? 'private' : `key 0x${hex(ipc.key >>> 0)}`;
		const size =
			ipc.kind === 'shm'
				? `${ipc.size} bytes`
				: ipc.kind === 'sem'
					? `${ipc.sems.length} semaphores`
					: `${ipc.messages.length} messages`;
		yield `${ipcId(ipc)}: ${key}, ${size}`;
	}
}

function* openFiles(state: MachineState): Generator<string> {
	const seen = new Set<number>();
	for (const { pid, fdTable } of tasksOf(state)) {
		if (fdTable === 0 || seen.has(fdTable)) continue;
		seen.add(fdTable);
		const { fds } = state.fdTables[fdTable];
		for (const fd of Object.keys(fds).map(Number)) {
			const file = state.files[fds[fd].file];
			yield `${fd} of ${pid}: ${file.path || state.inodes[file.inode].kind}`;
		}
	}
}

/** Sockets that have more than their descriptors: a name, who waits to be accepted, what nobody has read yet. */
function* sockets({ anons }: MachineState): Generator<string> {
	for (const socket of Object.values(anons)) {
		if (socket.kind !== 'socket') continue;
		const { name, named, backlog, waiting, queue } = socket;
		const bytes = queue.reduce((sum, m) => sum + m.bytes.length, 0);
		const files = queue.reduce((sum, m) => sum + m.files.length, 0);
		const parts = [named && name.replace(/^\0/, '@'), backlog >= 0 && `${waiting.length} waiting to be accepted`];
		parts.push(queue.length > 0 && `${bytes} bytes`, files > 0 && `${files} passed files`);
		const said = parts.filter((p) => p !== false);
		if (said.length > 0) yield said.join(', ');
	}
}

function* pendingSignals(state: MachineState): Generator<string> {
	for (const task of tasksOf(state)) {
		for (const { signo } of task.pending) yield `${signo} of ${task.pid}`;
		if (task.tgid === task.pid)
			for (const { signo } of state.groups[task.group].pending) yield `${signo} of ${task.pid}’s process`;
	}
}

function* handlers(state: MachineState): Generator<string> {
	const seen = new Set<number>();
	for (const { pid, sighand, mm } of tasksOf(state)) {
		if (mm === 0 || seen.has(sighand)) continue;
		seen.add(sighand);
		for (const [signo, { handler }] of state.sighands[sighand].actions.entries()) {
			if (handler !== 0) yield `${signo} of ${pid}`;
		}
	}
}

/** Pseudo-terminals, with what nobody has read yet and whom they control. */
function* pseudoTerminals({ ttys }: MachineState): Generator<string> {
	for (const { index, streams, input, backlog, output, session } of Object.values(ttys)) {
		if (streams.length > 0) continue;
		const unread = input.length + backlog.length;
		const parts = [unread > 0 && `${unread} bytes in`, output.length > 0 && `${output.length} bytes out`];
		if (session !== 0) parts.push(`of session ${session}`);
		yield [`/dev/pts/${index}`, ...parts.filter((p) => p !== false)].join(', ');
	}
}

function* timers(state: MachineState): Generator<string> {
	for (const task of tasksOf(state)) {
		if (task.tgid !== task.pid) continue;
		const { itimers, timers: made } = state.groups[task.group];
		for (const which of ['real', 'virtual', 'prof'] as const)
			if (itimers[which].expires !== null) yield `${which} of ${task.pid}`;
		for (const { id } of made) yield `timer ${id} of ${task.pid}`;
	}
}

function* withPid(state: MachineState, has: (task: Task) => boolean): Generator<string> {
	for (const task of tasksOf(state)) if (has(task)) yield `${task.pid}`;
}

function* namespacesOf(state: MachineState): Generator<string> {
	for (const { pid, ns, pidNs } of tasksOf(state)) {
		for (const id of new Set([...Object.values(ns ?? {}), pidNs])) {
			const anon = state.anons[id];
			if (anon?.kind === 'ns') yield `${anon.of}:[${anon.ino}] of ${pid}`;
		}
	}
}

/** What somebody has mounted; the first of a container's are there in every machine. */
function* mounted({ mounts, supers }: MachineState): Generator<string> {
	for (const { number, sb, source, ns, parent } of Object.values(mounts)) {
		if (number <= LAST_OF_CONTAINER) continue;
		const { type, readonly } = supers[sb];
		const place = ns === 0 ? 'detached' : parent === 0 ? 'the top' : `on ${mounts[parent].number}`;
		yield `${number} of mnt:[${ns}], ${place}: ${type} ${source}${readonly ? ', read-only' : ''}`;
	}
}

const ROWS: readonly Row[] = [
	{ part: 'files', what: 'shared anonymous mapping', each: sharedMappings },
	{
		part: 'files',
		what: 'shared address space',
		each: function* (state) {
			for (const [, pids] of sharers(state, (t) => memoryOf(state, t))) yield `of ${pids.join(', ')}`;
		},
	},
	{ part: 'task descriptor table', what: 'open descriptor', each: openFiles },
	{
		part: 'task descriptor table',
		what: 'filled pipe',
		each: function* ({ pipes }) {
			for (const { data } of Object.values(pipes)) if (data.length > 0) yield `${data.length} bytes`;
		},
	},
	{ part: 'task descriptor table', what: 'named or filled socket', each: sockets },
	{ part: 'terminals', what: 'pseudo-terminal', each: pseudoTerminals },
	{ part: 'task signal state', what: 'pending signal', each: pendingSignals },
	{ part: 'task signal state', what: 'signal action', each: handlers },
	{ part: 'task signal state', what: 'blocked set', each: (state) => withPid(state, (t) => t.blocked !== 0n) },
	{ part: 'System V IPC', what: 'shared memory segment', each: (state) => ipcOf(state, 'shm') },
	{ part: 'System V IPC', what: 'semaphore set', each: (state) => ipcOf(state, 'sem') },
	{ part: 'System V IPC', what: 'message queue', each: (state) => ipcOf(state, 'msg') },
	{
		part: 'System V IPC',
		what: 'semaphore undo list',
		each: (state) => withPid(state, (t) => (state.semUndos[t.semUndo]?.entries.length ?? 0) > 0),
	},
	{ part: 'namespaces', what: 'namespace', each: namespacesOf },
	{ part: 'mounts', what: 'mount', each: mounted },
	{ part: 'task timers', what: 'timer', each: timers },
	{
		part: 'restart block',
		what: 'sleeping call',
		each: (state) => withPid(state, (t) => t.wait !== null || t.restartBlock !== null),
	},
	{ part: 'task robust list', what: 'robust list', each: (state) => withPid(state, (t) => t.robustList !== 0) },
];

/** What a v2 image of this state leaves out; nothing of a kind that there is none of. */
export function remainders(state: MachineState): readonly Remainder[] {
	return ROWS.map(({ part, what, each }) => ({ part, what, each: [...each(state)] })).filter(({ each }) => each.length > 0);
}
