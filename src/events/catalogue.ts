/**
 * The catalogue of events: what each kind means, and each of its fields with its unit. Documentation, `dump`, `strace` and the
 * viewer read it; a kind or a field without a row does not compile, nor does a row in the wrong group.
 */
import type { EventKind, MachineEvent, RunEvent, StepsEvent } from './event.ts';
import type { FileEvent } from './files.ts';
import type { InputEvent } from './input.ts';
import type { IpcEvent } from './ipc.ts';
import type { MemoryEvent } from './memory.ts';
import type { MountEvent } from './mounts.ts';
import type { RestoreEvent } from './restore.ts';
import type { SignalEvent } from './signals.ts';
import type { TaskEvent } from './task.ts';
import type { TtyEvent } from './tty.ts';

/** How a value is to be read and shown. */
export type Unit =
	/** Plain number, and one to be shown in hexadecimal. */
	| 'count'
	| 'hex'
	/** Linear address, u32 (an exclusive end may be 2^32). */
	| 'address'
	| 'pid'
	/** Internal id of an entity; never guest-visible. */
	| 'mm'
	| 'object'
	| 'fd table'
	| 'fs'
	| 'sighand'
	| 'group'
	| 'file'
	| 'inode'
	| 'pipe'
	| 'anon'
	| 'ipc'
	| 'tty'
	| 'undo list'
	| 'superblock'
	| 'mount'
	| 'stream'
	/** Descriptor number. */
	| 'fd'
	| 'steps'
	| 'ns'
	/** A number of bytes, an offset in bytes, and bytes themselves. */
	| 'length'
	| 'offset'
	| 'bytes'
	| 'signal'
	/** 64-bit signal set. */
	| 'sigset'
	/** Number in the i386 system call table. */
	| 'call'
	/** Result as ax gets it, i32: negative = -errno. */
	| 'result'
	/** wait4's status word. */
	| 'status'
	| 'name'
	| 'path'
	| 'flag'
	| 'one of'
	/** Registers set: name → value. */
	| 'registers'
	/** A whole entity or a part of one, as `entities.ts` declares it. */
	| 'entity'
	| 'fields';

/** The unit, with a note where the name does not say it all. */
export type Field = Unit | readonly [unit: Unit, note: string];

export type Group = 'cpu' | 'task' | 'memory' | 'files' | 'mounts' | 'ipc' | 'tty' | 'signals' | 'input' | 'restore';

type GroupOf<K extends EventKind> = K extends (RunEvent | StepsEvent)['kind']
	? 'cpu'
	: K extends TaskEvent['kind']
		? 'task'
		: K extends MemoryEvent['kind']
			? 'memory'
			: K extends FileEvent['kind']
				? 'files'
				: K extends MountEvent['kind']
					? 'mounts'
					: K extends IpcEvent['kind']
						? 'ipc'
						: K extends TtyEvent['kind']
							? 'tty'
							: K extends SignalEvent['kind']
								? 'signals'
								: K extends InputEvent['kind']
									? 'input'
									: K extends RestoreEvent['kind']
										? 'restore'
										: never;

type EventOf<K extends EventKind> = Extract<MachineEvent, { kind: K }>;

export interface Row<K extends EventKind = EventKind> {
	readonly group: GroupOf<K>;
	/** One clause, present tense. */
	readonly meaning: string;
	readonly fields: { readonly [F in Exclude<keyof EventOf<K>, 'kind'>]-?: Field };
}

/** The group an event kind belongs to. */
export function groupOf(kind: EventKind): Group {
	return CATALOGUE[kind].group;
}

export const CATALOGUE: { readonly [K in EventKind]: Row<K> } = {
	'cpu/run': {
		group: 'cpu',
		meaning: 'a task retires steps',
		fields: {
			task: 'pid',
			steps: 'steps',
			check: ['hex', 'check value of the registers at the end, u32'],
			entry: ['one of', 'how the last step entered the kernel'],
			effect: ['entity', 'registers at the end and pages dirtied; derived where it is not kept'],
		},
	},
	'cpu/steps': {
		group: 'cpu',
		meaning: 'a task retires steps, each with its effect',
		fields: {
			task: 'pid',
			columns: ['entity', 'the effects, in columns'],
			entry: ['one of', 'how the last step entered the kernel'],
		},
	},
	'task/new': {
		group: 'task',
		meaning: 'a task appears, with what only it refers to so far',
		fields: {
			task: 'pid',
			value: 'entity',
			placed: ['flag', 'its pid was asked for'],
			group: 'entity',
			sighand: 'entity',
			fdTable: 'entity',
			fs: 'entity',
		},
	},
	'task/set': { group: 'task', meaning: 'fields of a task change', fields: { task: 'pid', fields: 'fields', regs: 'registers' } },
	'group/set': { group: 'task', meaning: 'fields of a thread group change', fields: { group: 'group', fields: 'fields' } },
	'task/exec': {
		group: 'task',
		meaning: 'a task begins a new program in a new address space',
		fields: { task: 'pid', mm: 'mm', comm: 'name', path: 'path', regs: 'registers' },
	},
	'task/block': {
		group: 'task',
		meaning: 'a task goes to sleep inside a call',
		fields: {
			task: 'pid',
			nr: 'call',
			wait: ['entity', 'what may wake it'],
			restartBlock: ['entity', 'how restart_syscall would go on'],
			regs: 'registers',
		},
	},
	'task/wake': { group: 'task', meaning: 'a sleeping task may go on', fields: { task: 'pid', reason: 'one of' } },
	'task/exit': {
		group: 'task',
		meaning: 'a task ends',
		fields: { task: 'pid', status: 'status', zombie: ['flag', 'whether somebody is to wait for it'] },
	},
	'task/reap': {
		group: 'task',
		meaning: 'a task that ended is gone for good',
		fields: {
			task: 'pid',
			group: ['group', 'that waited for it, or none'],
			times: ['entity', 'what that group’s children took now'],
		},
	},
	'task/rename': {
		group: 'task',
		meaning: 'a thread takes the pid of its group',
		fields: { task: 'pid', to: 'pid' },
	},
	'pid/enter': {
		group: 'task',
		meaning: 'a pid gets a number in a pid namespace',
		fields: { ns: 'anon', pid: 'pid', nr: ['pid', 'its number there'], next: ['pid', 'where the next is looked for'] },
	},
	'pid/leave': {
		group: 'task',
		meaning: 'a pid namespace forgets a pid',
		fields: { ns: 'anon', pid: 'pid' },
	},
	'task/unshare': {
		group: 'task',
		meaning: 'a task gets copies of its own of what it shared',
		fields: { task: 'pid', sighand: 'entity', fdTable: 'entity', fs: 'entity' },
	},
	'task/stop': { group: 'task', meaning: 'a thread of a stopped group stops', fields: { task: 'pid' } },
	'trace/stop': {
		group: 'task',
		meaning: 'a traced task stops for its tracer',
		fields: { task: 'pid', trace: ['entity', 'who traces it, and the stop'], regs: 'registers' },
	},
	'trace/resume': {
		group: 'task',
		meaning: 'a traced task may go on',
		fields: { task: 'pid', trace: ['entity', 'who traces it and how it goes on, or none'], regs: 'registers' },
	},
	'wait/fire': {
		group: 'task',
		meaning: 'somebody wakes a sleeping task',
		fields: { task: 'pid', index: ['count', 'place in what it waits for'] },
	},
	'wait/move': {
		group: 'task',
		meaning: 'a waiter moves to the end of another queue',
		fields: { task: 'pid', on: ['entity', 'what it waits for now'] },
	},
	'group/exit': { group: 'task', meaning: 'a thread group begins to exit', fields: { group: 'group', status: 'status' } },
	'syscall/enter': {
		group: 'task',
		meaning: 'a task calls the kernel',
		fields: { task: 'pid', nr: 'call', args: ['hex', 'six arguments, u32'], regs: 'registers' },
	},
	'syscall/exit': {
		group: 'task',
		meaning: 'a call returns',
		fields: { task: 'pid', nr: 'call', result: 'result', regs: 'registers' },
	},
	'cpu/fault': {
		group: 'task',
		meaning: 'the processor refuses an instruction, or traps after one',
		fields: {
			task: 'pid',
			vector: ['count', 'exception vector'],
			error: ['hex', 'error code'],
			address: ['address', 'cr2 of a page fault'],
			eip: 'address',
			bus: ['flag', 'beyond the end of a mapped file'],
			regs: ['registers', 'what the instruction changed all the same: MXCSR with #XM'],
		},
	},
	unsupported: {
		group: 'task',
		meaning: 'the guest asks for what this machine cannot do',
		fields: { task: 'pid', what: 'one of', name: 'name', eip: 'address', bytes: ['bytes', 'of the instruction'] },
	},
	'task/oom': {
		group: 'task',
		meaning: 'a task touches a page for which the machine has no memory, and is killed',
		fields: { task: 'pid', used: ['count', 'pages in use'], limit: ['count', 'pages there are'] },
	},
	'sched/yield': { group: 'task', meaning: 'a task gives up the rest of its quantum', fields: { task: 'pid' } },
	'sched/switch': {
		group: 'task',
		meaning: 'another task gets the processor, or none',
		fields: {
			from: 'pid',
			to: 'pid',
			quantum: ['steps', 'until the scheduler looks again'],
			rng: ['hex', 'the scheduler’s generator afterwards'],
			epoch: ['hex', 'what priorities are drawn from'],
		},
	},
	'clock/skip': { group: 'task', meaning: 'nothing can run: time jumps ahead', fields: { ns: 'ns' } },
	'clock/set': {
		group: 'task',
		meaning: 'the guest sets the real-time clock',
		fields: { realOffsetNs: ['ns', 'what it is ahead of the machine’s'] },
	},
	'prng/advance': {
		group: 'task',
		meaning: 'random numbers are drawn',
		fields: { words: ['hex', 'the generator afterwards, 4 × u32'] },
	},
	'timer/set': {
		group: 'task',
		meaning: 'an interval timer is set',
		fields: { group: 'group', which: 'one of', value: 'entity' },
	},
	'timer/expire': {
		group: 'task',
		meaning: 'an interval timer fires',
		fields: { group: 'group', which: 'one of', value: ['entity', 'what it is armed to now'] },
	},
	'machine/end': { group: 'task', meaning: 'nothing will ever run again', fields: {} },
	'mm/new': {
		group: 'memory',
		meaning: 'an address space appears',
		fields: { mm: 'entity', object: ['entity', 'holds its private pages'] },
	},
	'mm/fork': {
		group: 'memory',
		meaning: 'an address space is copied, page for page',
		fields: { mm: 'mm', from: ['mm', 'what it is a copy of'], object: ['object', 'holds the copy’s private pages'] },
	},
	'mm/drop': { group: 'memory', meaning: 'the last task leaves an address space', fields: { mm: 'mm' } },
	'mm/set': { group: 'memory', meaning: 'fields of an address space change', fields: { mm: 'mm', fields: 'fields' } },
	'mm/map': { group: 'memory', meaning: 'a mapping appears', fields: { mm: 'mm', vma: 'entity' } },
	'mm/unmap': {
		group: 'memory',
		meaning: 'mappings go, with their private pages',
		fields: { mm: 'mm', start: 'address', end: 'address' },
	},
	'mm/flags': {
		group: 'memory',
		meaning: 'flags of mappings change',
		fields: { mm: 'mm', start: 'address', end: 'address', clear: ['hex', 'VM_*'], set: ['hex', 'VM_*'] },
	},
	'mm/move': {
		group: 'memory',
		meaning: 'a mapping moves with its private pages',
		fields: { mm: 'mm', from: 'address', to: 'address', length: 'length' },
	},
	'mm/resize': {
		group: 'memory',
		meaning: 'a mapping grows or shrinks in place',
		fields: { mm: 'mm', start: ['address', 'where it begins'], newStart: 'address', newEnd: 'address' },
	},
	'mm/discard': {
		group: 'memory',
		meaning: 'private pages are forgotten, their mappings stay',
		fields: { mm: 'mm', start: 'address', end: 'address' },
	},
	'object/new': { group: 'memory', meaning: 'a memory object appears', fields: { object: 'entity' } },
	'object/drop': { group: 'memory', meaning: 'shared memory loses its last mapping', fields: { object: 'object' } },
	'memory/write': {
		group: 'memory',
		meaning: 'the kernel writes to guest memory',
		fields: { mm: 'mm', address: 'address', bytes: 'bytes', force: ['flag', 'even where the mapping is read-only'] },
	},
	'file/open': { group: 'files', meaning: 'an open file appears', fields: { file: 'entity' } },
	'file/set': { group: 'files', meaning: 'fields of an open file change', fields: { file: 'file', fields: 'fields' } },
	'fd/set': {
		group: 'files',
		meaning: 'a descriptor is made or replaced',
		fields: { table: 'fd table', fd: 'fd', file: 'file', cloexec: 'flag' },
	},
	'fd/close': { group: 'files', meaning: 'a descriptor goes', fields: { table: 'fd table', fd: 'fd' } },
	'fs/set': { group: 'files', meaning: 'working directory, root or umask change', fields: { fs: 'fs', fields: 'fields' } },
	'inode/new': { group: 'files', meaning: 'an inode appears, without a name so far', fields: { inode: 'entity' } },
	'inode/set': { group: 'files', meaning: 'fields of an inode change', fields: { inode: 'inode', fields: 'fields' } },
	'inode/lock': {
		group: 'files',
		meaning: 'the locks on a file change',
		fields: { inode: 'inode', locks: ['entity', 'all that are held now'] },
	},
	'inode/write': {
		group: 'files',
		meaning: 'bytes are written to a file, which grows as needed',
		fields: { inode: 'inode', offset: 'offset', bytes: 'bytes' },
	},
	'inode/truncate': { group: 'files', meaning: 'a file gets another size', fields: { inode: 'inode', size: 'length' } },
	'dir/link': {
		group: 'files',
		meaning: 'a name appears in a directory',
		fields: { dir: 'inode', name: 'name', inode: 'inode' },
	},
	'dir/unlink': { group: 'files', meaning: 'a name goes from a directory', fields: { dir: 'inode', name: 'name' } },
	'pipe/new': { group: 'files', meaning: 'a pipe appears', fields: { pipe: 'entity' } },
	'pipe/set': { group: 'files', meaning: 'a pipe gets another capacity', fields: { pipe: 'pipe', fields: 'fields' } },
	'pipe/write': { group: 'files', meaning: 'bytes go into a pipe', fields: { pipe: 'pipe', bytes: 'bytes' } },
	'pipe/read': { group: 'files', meaning: 'bytes are taken from a pipe', fields: { pipe: 'pipe', length: 'length' } },
	'anon/new': { group: 'files', meaning: 'an eventfd, timerfd, signalfd, epoll or socket appears', fields: { anon: 'entity' } },
	'anon/set': { group: 'files', meaning: 'an eventfd, timerfd, signalfd, epoll or socket changes', fields: { anon: 'entity' } },
	'socket/receive': {
		group: 'files',
		meaning: 'bytes come to a socket',
		fields: {
			anon: 'anon',
			bytes: 'bytes',
			sender: 'anon',
			from: ['name', 'the sender’s'],
			charge: ['length', 'what it takes of the sender’s buffer'],
			files: ['entity', 'open files that come along'],
			cred: ['entity', 'who sent it'],
		},
	},
	'socket/take': { group: 'files', meaning: 'bytes are taken from a socket', fields: { anon: 'anon', length: 'length' } },
	'stream/output': { group: 'files', meaning: 'the guest writes output', fields: { stream: 'stream', bytes: 'bytes' } },
	'stream/read': { group: 'files', meaning: 'the guest takes input', fields: { stream: 'stream', length: 'length' } },
	'tty/new': { group: 'tty', meaning: 'a pseudo-terminal appears', fields: { tty: 'entity' } },
	'tty/set': {
		group: 'tty',
		meaning: 'a terminal changes: its settings, what was typed and shown, whom it controls',
		fields: { tty: 'tty', fields: 'fields' },
	},
	'tty/hangup': { group: 'tty', meaning: 'a pseudo-terminal’s master is closed', fields: { tty: 'tty' } },
	'super/new': { group: 'mounts', meaning: 'a file system appears', fields: { superblock: 'entity' } },
	'super/set': {
		group: 'mounts',
		meaning: 'a file system is remounted',
		fields: { superblock: 'superblock', fields: 'fields' },
	},
	'mount/new': { group: 'mounts', meaning: 'a file system, or a part of one, is mounted', fields: { mount: 'entity' } },
	'mount/set': {
		group: 'mounts',
		meaning: 'a mount moves, changes its flags, or leaves its namespace',
		fields: { mount: 'mount', fields: 'fields' },
	},
	'ipc/new': {
		group: 'ipc',
		meaning: 'a segment, a semaphore set or a message queue appears, or the numbers of such',
		fields: { ipc: 'entity' },
	},
	'ipc/set': { group: 'ipc', meaning: 'fields of an IPC object change', fields: { ipc: 'ipc', fields: 'fields' } },
	'ipc/remove': { group: 'ipc', meaning: 'an IPC object goes', fields: { ipc: 'ipc' } },
	'ipc/answer': {
		group: 'ipc',
		meaning: 'a sleeping semop or msgrcv is over',
		fields: { task: 'pid', result: 'result', message: ['entity', 'what it was handed, or none'] },
	},
	'sem/set': {
		group: 'ipc',
		meaning: 'semaphores get other values',
		fields: { ipc: 'ipc', changes: ['entity', 'number, value and who did it'] },
	},
	'sem/list': {
		group: 'ipc',
		meaning: 'a task gets a list of what is undone when it ends',
		fields: { task: 'pid', undo: 'entity' },
	},
	'sem/adjust': {
		group: 'ipc',
		meaning: 'what is undone of a set changes',
		fields: { undo: 'undo list', set: 'ipc', adjust: ['count', 'added to each of its semaphores'] },
	},
	'sem/leave': { group: 'ipc', meaning: 'a task leaves its list of what is undone', fields: { task: 'pid' } },
	'msg/put': { group: 'ipc', meaning: 'a message goes into a queue', fields: { ipc: 'ipc', message: 'entity' } },
	'msg/take': {
		group: 'ipc',
		meaning: 'a message is taken from a queue',
		fields: { ipc: 'ipc', index: ['count', 'place in the queue'] },
	},
	'signal/post': {
		group: 'signals',
		meaning: 'a signal becomes pending',
		fields: { task: 'pid', group: ['flag', 'for the whole thread group'], info: 'entity' },
	},
	'signal/take': {
		group: 'signals',
		meaning: 'a pending signal is taken off its queue',
		fields: {
			task: 'pid',
			group: ['flag', 'from the thread group’s queue'],
			index: ['count', 'place in the queue'],
			signo: 'signal',
		},
	},
	'signal/flush': { group: 'signals', meaning: 'pending signals are thrown away', fields: { task: 'pid', set: 'sigset' } },
	'signal/mask': {
		group: 'signals',
		meaning: 'a task blocks other signals',
		fields: { task: 'pid', blocked: 'sigset', saved: ['sigset', 'the mask to come back to, or none'] },
	},
	'signal/action': {
		group: 'signals',
		meaning: 'a signal gets another action',
		fields: { sighand: 'sighand', signo: 'signal', action: 'entity' },
	},
	'signal/deliver': {
		group: 'signals',
		meaning: 'a handler is entered',
		fields: {
			task: 'pid',
			signo: 'signal',
			handler: 'address',
			frame: ['address', 'of the signal frame'],
			blocked: 'sigset',
			altstack: 'entity',
			regs: 'registers',
		},
	},
	'signal/return': {
		group: 'signals',
		meaning: 'a handler returns: all is as the frame says',
		fields: { task: 'pid', blocked: 'sigset', altstack: 'entity', regs: 'registers' },
	},
	'signal/restart': {
		group: 'signals',
		meaning: 'an interrupted call goes back to its instruction',
		fields: { task: 'pid', regs: 'registers' },
	},
	'signal/default': {
		group: 'signals',
		meaning: 'a signal’s default action is taken',
		fields: { task: 'pid', signo: 'signal', action: 'one of' },
	},
	'input/lookup': {
		group: 'input',
		meaning: 'a name below the host root is looked up',
		fields: { dir: 'inode', name: 'name', found: ['entity', 'what it is, or null: it does not exist'] },
	},
	'input/listing': {
		group: 'input',
		meaning: 'the names in a directory of the host root',
		fields: { dir: 'inode', names: ['name', 'sorted'] },
	},
	'input/content': {
		group: 'input',
		meaning: 'the contents of a file of the host root',
		fields: { inode: 'inode', bytes: 'bytes' },
	},
	'input/stream': {
		group: 'input',
		meaning: 'bytes come from the recorder’s descriptor',
		fields: { stream: 'stream', bytes: 'bytes', eof: ['flag', 'no more will come'], ns: ['ns', 'waited for it'] },
	},
	'input/signal': {
		group: 'input',
		meaning: 'a signal is sent to the recorder',
		fields: { task: 'pid', info: 'entity', ns: ['ns', 'waited for it'] },
	},
	'input/none': { group: 'input', meaning: 'nothing comes while the machine waits', fields: { ns: ['ns', 'waited'] } },
	'freezer/set': {
		group: 'restore',
		meaning: 'the container is frozen, being dumped, or runs on',
		fields: { state: ['one of', 'thawed, frozen, checkpointing'] },
	},
	'checkpoint/object': {
		group: 'restore',
		meaning: 'an object is written into an image',
		fields: {
			number: ['count', 'in the image'],
			name: 'name',
			offset: ['offset', 'in the image'],
			length: ['length', 'header and payload'],
		},
	},
	'restore/object': {
		group: 'restore',
		meaning: 'an object of an image is taken up',
		fields: {
			number: ['count', 'in the image'],
			name: 'name',
			offset: ['offset', 'in the image'],
			length: ['length', 'header and payload'],
			effect: ['entity', 'what it makes of the machine'],
		},
	},
	'restore/end': {
		group: 'restore',
		meaning: 'every object of the image is taken up',
		fields: {
			scheduler: 'entity',
			realOffsetNs: ['ns', 'of CLOCK_REALTIME, a declared downtime in it'],
			skewNs: ['ns', 'of all clocks, that passed without steps'],
		},
	},
	'module/checkpoint': {
		group: 'restore',
		meaning: 'the checkpoint module dumps a tree for a task: what it writes are the events behind it',
		fields: {
			task: 'pid',
			root: ['pid', 'of the tree'],
			objects: ['count', 'in the image'],
			length: ['length', 'of the image; of what there is of it when the dump fails'],
			result: 'result',
			why: ['name', 'why it fails; empty when it does not'],
			left: ['fields', 'what the image cannot hold'],
		},
	},
	'module/restart': {
		group: 'restore',
		meaning: 'the checkpoint module restarts a tree for a task: memory and tasks are the events before it',
		fields: {
			task: 'pid',
			root: ['pid', 'of the tree; 0 when the restart fails'],
			objects: ['count', 'in the image, as far as it was read'],
			length: ['length', 'of what was read'],
			result: 'result',
			why: ['name', 'why it fails; empty when it does not'],
		},
	},
};
