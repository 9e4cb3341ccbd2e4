/**
 * The kernel's entities as plain data: tasks, address spaces, files, signal state. The state is tables of these, and
 * events carry them where something new appears, so they are declared here, below both.
 * Everything is immutable; `CpuState`, `Pages` and byte arrays are opaque leaves that are replaced and never written.
 */
import type { CpuState, Descriptor } from './cpu.ts';
import { DEBUG_ENTRIES, type DebugEntry } from './debug.ts';
import type { IpcWait } from './ipc.ts';
import type { Pages } from './pages.ts';
import type { TtyWait } from './tty.ts';

export type Table<T> = { readonly [id: number]: T };

/** Signal set: bit n-1 stands for signal n (1..64). */
export type SigSet = bigint;

export interface Clock {
	/** Machine steps retired. */
	readonly steps: number;
	/** Virtual ns that passed without steps (idle time, waiting for input). Monotonic time = bootNs + steps × nsPerStep + skewNs. */
	readonly skewNs: number;
	/** CLOCK_REALTIME minus what the persona's epoch and the steps say, ns (settimeofday, restart downtime). */
	readonly realOffsetNs: bigint;
}

export interface IdCounters {
	readonly pid: number;
	readonly mm: number;
	readonly object: number;
	readonly fdTable: number;
	readonly fs: number;
	readonly sighand: number;
	readonly group: number;
	readonly file: number;
	readonly inode: number;
	readonly pipe: number;
	readonly anon: number;
	readonly ipc: number;
	readonly tty: number;
	readonly semUndo: number;
	readonly super: number;
	readonly mount: number;
	readonly ino: number;
}

/** How the last step entered the kernel, if it did: a call, #BP, #OF, or what #DB reports. */
export type Entry = 'none' | 'int80' | 'sysenter' | 'bp' | 'of' | DebugEntry;
export const ENTRIES: readonly Entry[] = ['none', 'int80', 'sysenter', 'bp', 'of', ...DEBUG_ENTRIES];

/** A thread (Linux: task_struct). */
export interface Task {
	readonly pid: number;
	/** Thread group's leader pid. */
	readonly tgid: number;
	/** Parent that is told of the exit (real_parent's tgid); 0 = outside the container. */
	readonly ppid: number;
	readonly state: 'running' | 'sleeping' | 'stopped' | 'traced' | 'zombie' | 'dead';
	/** 0 = none (zombie). */
	readonly mm: number;
	readonly fdTable: number;
	readonly fs: number;
	readonly sighand: number;
	readonly group: number;
	readonly comm: string;
	readonly cpu: CpuState;
	/** GDT entries 6..8. */
	readonly tls: readonly Descriptor[];
	/** pt_regs->orig_ax: the call's number while inside one, else -1. */
	readonly origAx: number;
	/**
	 * Where the processor entered the kernel with the last retired step, and the kernel has not acted yet: a call
	 * (`int 0x80`, `sysenter`) or a trap (#BP, #OF, #DB). The next decision of the machine is about it.
	 */
	readonly entry: Entry;
	/** What the task waits for, inside the call `origAx`; null = runs or may run. */
	readonly wait: Wait | null;
	/** How an interrupted call goes on through restart_syscall(2), when it left one. */
	readonly restartBlock: RestartBlock | null;
	readonly creds: Credentials;
	/** Blocked signals. */
	readonly blocked: SigSet;
	/** The mask to come back to after sigsuspend and the like, or null (TIF_RESTORE_SIGMASK). */
	readonly savedMask: SigSet | null;
	/** Signals pending for this thread alone, in order of arrival. */
	readonly pending: readonly SigInfo[];
	readonly altstack: AltStack;
	/** Last exception, for signal frames: trap number, error code, cr2. */
	readonly trap: { readonly number: number; readonly error: number; readonly cr2: number };
	/** set_child_tid, clear_child_tid, robust list head and length, pdeath signal, exit signal. */
	readonly setTid: number;
	readonly clearTid: number;
	readonly robustList: number;
	readonly robustListLen: number;
	readonly rseq: { readonly address: number; readonly length: number; readonly signature: number };
	/** What the parent is sent when the task ends: a signal, 0 = none (of a thread: the group's business). */
	readonly exitSignal: number;
	readonly pdeathSignal: number;
	/** vfork: the task that sleeps until this one executes a program or ends; 0 = none. */
	readonly vforkParent: number;
	/** What semaphores get back when it ends (SEM_UNDO; CLONE_SYSVSEM shares it); 0 = nothing. */
	readonly semUndo: number;
	/** Namespaces of its own or of others before it (struct nsproxy); null = the container's, all of them. */
	readonly ns: NsProxy | null;
	/** The pid namespace it was born in, an `Anon` of kind `ns`; 0 = the container's. It stays there, dead or alive. */
	readonly pidNs: number;
	/** Who traces it and how; null = nobody. */
	readonly trace: Tracing | null;
	/** Wait status (as wait4 shows it) once state is zombie or dead. */
	readonly exitStatus: number;
	/** PF_* bits that are guest-visible or travel in an image: FORKNOEXEC 0x40, SUPERPRIV 0x100, DUMPCORE 0x200, SIGNALED 0x400. */
	readonly flags: number;
	readonly noNewPrivs: boolean;
	readonly times: TaskTimes;
	readonly nice: number;
	readonly sched: SchedPolicy;
	/** PR_SET_TIMERSLACK, ns, and what 0 sets it to: what the task's creator had. */
	readonly timerSlack: { readonly ns: number; readonly initial: number };
	/** personality(2): PER_LINUX 0 with flags; READ_IMPLIES_EXEC 0x400000 changes what mmap and mprotect do. */
	readonly personality: number;
}

/** How a task is scheduled (include/uapi/linux/sched.h, struct sched_rt_entity). */
export interface SchedPolicy {
	/** SCHED_NORMAL 0, FIFO 1, RR 2, BATCH 3, IDLE 5. */
	readonly policy: number;
	/** Of FIFO and RR 1 to 99: who has more runs first. Else 0. */
	readonly priority: number;
	/** Its children begin with the normal policy (SCHED_RESET_ON_FORK). */
	readonly resetOnFork: boolean;
	/** Steps that were left of its RR quantum when it lost the processor; 0 = the next one is new. */
	readonly slice: number;
	/** Of FIFO and RR: its own steps when it woke last, from where RLIMIT_RTTIME counts. */
	readonly since: number;
}

/** The kinds of namespaces, as /proc/PID/ns names them. */
export const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;

/** Inode numbers of namespaces that are not the container's begin here (PROC_DYNAMIC_FIRST). */
export const FIRST_OWN_INO = 0xf0000002;

/** Namespaces a task is in: `Anon`s of kind `ns`; 0 = the container's. */
export interface NsProxy {
	readonly uts: number;
	readonly ipc: number;
	readonly mnt: number;
	/** Where its children are born (pid_ns_for_children). */
	readonly pid: number;
}

/** The number of a process, a process group or a session in a pid namespace (struct upid). `pid`: what it is in the container. */
export interface PidNumber {
	readonly pid: number;
	readonly nr: number;
}

/** A pid namespace (struct pid_namespace). */
export interface PidNamespace {
	/** The namespace around it; 0 = the container's. */
	readonly parent: number;
	/** Where the search for a free number begins. */
	readonly next: number;
	/** Its init (child_reaper), by pid: the process with number 1; 0 = nobody was born here yet. */
	readonly init: number;
	/** Its init has ended: nobody will be born here any more. */
	readonly ended: boolean;
	/** Who is seen from here, by pid, ascending. */
	readonly numbers: readonly PidNumber[];
}

/** Where in the kernel a traced task stops: what it does when it goes on depends on it. */
export const TRACE_STOPS = ['signal', 'enter', 'emulate', 'leave', 'event', 'end', 'end-group', 'group', 'frame'] as const;

/** ptrace(2), the tracee's side (task->ptrace, JOBCTL_*, TIF_SYSCALL_TRACE, TIF_SINGLESTEP, TIF_FORCED_TF). */
export interface Tracing {
	/** The thread that traces (task->parent). */
	readonly tracer: number;
	/** Attached by PTRACE_SEIZE. */
	readonly seized: boolean;
	/** PTRACE_O_*. */
	readonly options: number;
	/** It was let go on to stop at the next call's entry or exit; after one instruction. */
	readonly syscall: boolean;
	readonly step: boolean;
	/** Its calls are the tracer's to make: it stops at their entry, and goes on behind them (PTRACE_SYSEMU). */
	readonly emulate: boolean;
	/** TF in eflags is the tracer's, not the program's. */
	readonly forcedTf: boolean;
	/** It took part in its group's stop, which goes on, and was let go on. */
	readonly released: boolean;
	/** It is to stop without a signal, where it next leaves the kernel (PTRACE_INTERRUPT). */
	readonly interrupt: boolean;
	/** It stands still and its tracer waits for what comes next (PTRACE_LISTEN). */
	readonly listening: boolean;
	/** PTRACE_GETEVENTMSG. */
	readonly message: number;
	/** The stop it is in (state `traced`), or was let go from and has not left yet. */
	readonly stop: TraceStop | null;
}

export interface TraceStop {
	/**
	 * `signal` before one is delivered, `enter` and `leave` a call, `emulate` before one that is not made, `event` inside a call, `end` and `end-group` before an exit,
	 * `group` in the group's stop, `frame` on a signal handler's first instruction.
	 */
	readonly at: (typeof TRACE_STOPS)[number];
	/** exit_code: signal, and event << 8, for the tracer's wait, which sets it to 0; then the signal it goes on with. */
	readonly code: number;
	/** The siginfo that PTRACE_GETSIGINFO shows; null = none. */
	readonly info: SigInfo | null;
	/** `event`: result of the call; `end`: the exit status. i32. */
	readonly result: number;
}

export interface TaskTimes {
	/** Steps retired by this task. */
	readonly steps: number;
	/** Monotonic ns when the task started. */
	readonly startNs: number;
	/** Voluntary and involuntary context switches, minor and major faults. */
	readonly nvcsw: number;
	readonly nivcsw: number;
	readonly minFlt: number;
	readonly majFlt: number;
}

export interface Credentials {
	readonly uid: number;
	readonly euid: number;
	readonly suid: number;
	readonly fsuid: number;
	readonly gid: number;
	readonly egid: number;
	readonly sgid: number;
	readonly fsgid: number;
	readonly groups: readonly number[];
}

/** How Linux codes an interrupted call in ax while the task is stopped inside it (include/linux/errno.h). */
export const Restart = { SYS: -512, NOINTR: -513, NOHAND: -514, BLOCK: -516 } as const;

/** Why a blocked task may go on. Any one of `on` being ready wakes it, or the deadline, or (of vfork only SIGKILL) a signal. */
export interface Wait {
	readonly on: readonly WaitOn[];
	/** Monotonic ns at which it wakes anyway, or null. */
	readonly deadline: number | null;
	/** ax while frozen: one of Restart. */
	readonly restart: number;
	/** Signals that wake it although blocked (sigtimedwait), else 0n. */
	readonly signals: SigSet;
	/** Place in every queue it stands in: who began to wait first has the lower number (Scheduler.order). */
	readonly order: number;
	/** Which of `on` somebody has answered (wait/fire), or -1: for waits that end by being woken, not by looking. */
	readonly fired: number;
}

/** What a call asks for when it sleeps: its place in the queues is given as it begins to. */
export type WaitRequest = Omit<Wait, 'order' | 'fired'>;

export type WaitOn =
	| { readonly kind: 'stream-readable'; readonly stream: number }
	| { readonly kind: 'pipe-readable'; readonly pipe: number }
	| { readonly kind: 'pipe-writable'; readonly pipe: number; readonly bytes: number }
	/** By the word's place, whatever address it is mapped at. `owner`: of a priority-inheriting one the thread that holds it, else 0. */
	| { readonly kind: 'futex'; readonly object: number; readonly offset: number; readonly bitset: number; readonly owner: number }
	/** A futex, to be moved from there to a lock with priority inheritance (FUTEX_WAIT_REQUEUE_PI): then it is a wait of kind `futex`. */
	| {
			readonly kind: 'futex-requeue';
			readonly object: number;
			readonly offset: number;
			readonly toObject: number;
			readonly toOffset: number;
	  }
	/** A child that ends, stops or goes on: idtype of waitid (P_ALL 0, P_PID 1, P_PGID 2), its id, the options. */
	| { readonly kind: 'child'; readonly which: number; readonly id: number; readonly options: number }
	/** vfork: until the child has a program of its own, or ends. */
	| { readonly kind: 'vfork'; readonly child: number }
	/** A named pipe that is opened: until it has another end. */
	| { readonly kind: 'pipe-end'; readonly inode: number; readonly end: 'read' | 'write' }
	/** What stands behind a descriptor without a name: an event, a timer, signals, a socket, or any of an epoll's. */
	| { readonly kind: 'anon-readable'; readonly anon: number }
	| { readonly kind: 'anon-writable'; readonly anon: number; readonly bytes: number }
	/** Room in the queue of somebody's socket, for a message or a connection; bytes 0: a poll asks. */
	| { readonly kind: 'socket-room'; readonly anon: number; readonly bytes: number }
	/** A lock of a file: until nobody's stands in the way. */
	| { readonly kind: 'lock'; readonly inode: number; readonly lock: FileLock }
	| IpcWait
	| TtyWait;

/** A lock on a file (struct file_lock). */
export interface FileLock {
	/** `posix`: fcntl, owned by a table of descriptors; `ofd` and `flock`: owned by an open file. */
	readonly kind: 'posix' | 'ofd' | 'flock';
	readonly write: boolean;
	/** Bytes [start, end); flock: all of them. */
	readonly start: number;
	readonly end: number;
	readonly table: number;
	readonly file: number;
	/** Thread group that set it, as F_GETLK tells: -1 for `ofd`. */
	readonly pid: number;
}

export interface RestartBlock {
	/** The call that goes on: nanosleep, clock_nanosleep, poll, futex. */
	readonly call: string;
	/** Monotonic ns. */
	readonly deadline: number | null;
	/** The call's arguments as u32, as they are needed to go on. */
	readonly args: readonly number[];
}

export interface AltStack {
	readonly sp: number;
	readonly size: number;
	/** SS_DISABLE 2, SS_AUTODISARM 1<<31. */
	readonly flags: number;
}

/** siginfo_t as the kernel keeps it; fields that a code does not use are 0. */
export interface SigInfo {
	readonly signo: number;
	readonly errno: number;
	/** si_code: SI_USER 0, SI_KERNEL 0x80, SI_QUEUE -1, SI_TIMER -2, SI_TKILL -6, or the fault's. */
	readonly code: number;
	readonly pid: number;
	readonly uid: number;
	/** si_value / si_int, i32. */
	readonly value: number;
	/** si_addr, u32. */
	readonly address: number;
	/** si_status, si_utime, si_stime (SIGCHLD); si_tid, si_overrun (timers); si_band, si_fd (SIGIO). */
	readonly extra: readonly number[];
	/** Sent by force_sig: may not be blocked or ignored. */
	readonly forced: boolean;
}

/** Thread group (signal_struct). */
export interface ThreadGroup {
	readonly id: number;
	readonly tgid: number;
	/** Its threads that were not reaped, in the order in which they came. */
	readonly threads: readonly number[];
	readonly pgrp: number;
	readonly session: number;
	/** Controlling terminal (a Tty), 0 = none; of a session's leader whose terminal was hung up: its foreground group then. */
	readonly tty: number;
	readonly oldPgrp: number;
	/** Signals pending for the whole group. */
	readonly pending: readonly SigInfo[];
	/** [soft, hard] by RLIMIT_* number 0..15; u32, 0xffffffff = infinity. */
	readonly rlimits: readonly (readonly [number, number])[];
	readonly itimers: { readonly real: ITimer; readonly virtual: ITimer; readonly prof: ITimer };
	/** Timers of timer_create, by id, and the id of the next one. */
	readonly timers: readonly PosixTimer[];
	readonly nextTimer: number;
	/** Set once the group is exiting: the wait status. */
	readonly groupExit: number | null;
	/** The signal that stops the group, from the moment it acts until a SIGCONT; 0 = none. */
	readonly stopSignal: number;
	/** What of stopping and going on the parent may still wait for. */
	readonly report: 'none' | 'stopped' | 'continued';
	/** Sums over threads that are gone; `startNs` 0. */
	readonly threadTimes: TaskTimes;
	/** Resources of waited-for children. */
	readonly childTimes: TaskTimes;
	readonly subreaper: boolean;
}

/** An interval timer. `real` counts monotonic ns; `virtual` and `prof` count the group's CPU ns (steps × nsPerStep). */
export interface ITimer {
	/** When it fires next on its clock, or null when disarmed. */
	readonly expires: number | null;
	readonly interval: number;
}

/** A timer of timer_create(2) (struct k_itimer). */
export interface PosixTimer {
	readonly id: number;
	/** CLOCK_*; negative: a CPU clock, by the pid of who it is of. */
	readonly clock: number;
	/** SIGEV_SIGNAL 0, SIGEV_NONE 1, SIGEV_THREAD_ID 4. */
	readonly notify: number;
	readonly signo: number;
	/** sigev_value, i32. */
	readonly value: number;
	/** SIGEV_THREAD_ID: who is sent the signal; else 0. */
	readonly tid: number;
	/** Monotonic ns, or CPU ns of the clock; null = disarmed. */
	readonly expires: number | null;
	readonly interval: number;
	/** Expiries beyond the first of the signal that was last sent. */
	readonly overrun: number;
}

export interface Sighand {
	readonly id: number;
	/** By signal number 1..64 (index 0 unused: a default action). */
	readonly actions: readonly SigAction[];
}

export interface SigAction {
	/** SIG_DFL 0, SIG_IGN 1, or the handler's address. */
	readonly handler: number;
	readonly flags: number;
	readonly restorer: number;
	readonly mask: SigSet;
}

/** An address space (mm_struct). */
export interface Mm {
	readonly id: number;
	/** The memory object that holds its private pages, by linear page number. */
	readonly object: number;
	/** Sorted by start, not overlapping; mergeable neighbours are merged. */
	readonly vmas: readonly Vma[];
	readonly startCode: number;
	readonly endCode: number;
	readonly startData: number;
	readonly endData: number;
	readonly startBrk: number;
	readonly brk: number;
	readonly startStack: number;
	readonly argStart: number;
	readonly argEnd: number;
	readonly envStart: number;
	readonly envEnd: number;
	/** mmap() searches downwards from here. */
	readonly mmapBase: number;
	/** Address of the vDSO page, 0 = none. */
	readonly vdso: number;
	/** Flags every new VMA gets (mlockall: VM_LOCKED). */
	readonly defFlags: number;
	readonly ldt: readonly Descriptor[];
	/** mm->flags, bits 0..1 (MMF_DUMPABLE): 0 no core, 1 a core, 2 one that only root reads. */
	readonly dumpable: number;
	/** Inode of the executable and its path (/proc/self/exe). */
	readonly exe: number;
	readonly exePath: string;
	/** auxv as pairs of u32 (/proc/self/auxv). */
	readonly auxv: readonly number[];
}

/** VM_* of Linux 2.6.27 (include/linux/mm.h), and what is newer with its number of today: guest-visible and image-visible bits. */
export const Vm = {
	READ: 1,
	WRITE: 2,
	EXEC: 4,
	SHARED: 8,
	MAYREAD: 0x10,
	MAYWRITE: 0x20,
	MAYEXEC: 0x40,
	MAYSHARE: 0x80,
	GROWSDOWN: 0x100,
	DENYWRITE: 0x800,
	EXECUTABLE: 0x1000,
	LOCKED: 0x2000,
	SEQ_READ: 0x8000,
	RAND_READ: 0x10000,
	DONTCOPY: 0x20000,
	DONTEXPAND: 0x40000,
	ACCOUNT: 0x100000,
	NORESERVE: 0x200000,
	/** The child of a fork has an empty mapping (of Linux 4.14). */
	WIPEONFORK: 0x2000000,
	ALWAYSDUMP: 0x4000000,
} as const;

export interface Vma {
	/** Linear addresses, page-aligned; end exclusive, up to 2^32. */
	readonly start: number;
	readonly end: number;
	readonly flags: number;
	/** Memory object behind the mapping (a file's, a shared anonymous one, the vDSO's); 0 = private anonymous. */
	readonly object: number;
	/** Page of that object at `start`. */
	readonly pgoff: number;
	/** Inode that is mapped, 0 = none, and its path as it was opened. */
	readonly inode: number;
	readonly path: string;
}

/** What owns pages: the private object of a mm (indexed by linear page number), shared anonymous memory, or a file (page of the file). */
export interface MemoryObject {
	readonly id: number;
	readonly kind: 'private' | 'shared' | 'file' | 'vdso';
	readonly pages: Pages;
	/** Size in bytes beyond which access is SIGBUS; for `private` 2^32. For a file it equals the inode's size. */
	readonly size: number;
}

export interface FdTable {
	readonly id: number;
	readonly fds: Table<{ readonly file: number; readonly cloexec: boolean }>;
}

export interface FsStruct {
	readonly id: number;
	/** Where names without a slash in front begin: an inode in a mount, and its path in its file system. */
	readonly cwd: number;
	readonly cwdMount: number;
	readonly cwdPath: string;
	/** Where names with one begin. */
	readonly root: number;
	readonly rootMount: number;
	readonly umask: number;
}

/** struct file. It lives as long as an fd table or a mapping refers to it. */
export interface OpenFile {
	readonly id: number;
	readonly inode: number;
	/** O_* as fcntl(F_GETFL) shows them, access mode in bits 0..1. */
	readonly flags: number;
	readonly pos: number;
	/** The mount it was found in, 0 = none; and its path in the file system, as it was opened, or pipe:[ino]. */
	readonly mount: number;
	readonly path: string;
	/** F_SETOWN, F_SETSIG. */
	readonly owner: number;
	readonly signal: number;
}

export interface Inode {
	readonly id: number;
	readonly ino: number;
	/** Its file system, a SuperBlock; 0 = none that can be mounted (pipes, sockets). */
	readonly sb: number;
	/** `tty`: the slave of a pseudo-terminal by its name, its master as /dev/ptmx made it, or a terminal opened as /dev/tty. */
	readonly kind: 'file' | 'dir' | 'symlink' | 'char' | 'fifo' | 'stream' | 'anon' | 'socket' | 'tty';
	/** Permission bits with suid, sgid, sticky: 07777. */
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	readonly nlink: number;
	/** Device number of a char device (major << 8 | minor), else 0. */
	readonly rdev: number;
	/** Bytes. */
	readonly size: number;
	/** Realtime ns. */
	readonly atime: bigint;
	readonly mtime: bigint;
	readonly ctime: bigint;
	/** file: its memory object; else 0. */
	readonly object: number;
	/** fifo: its pipe; stream: the stream id; anon, socket, tty: what it stands for; else 0. */
	readonly channel: number;
	/** symlink: where it points; dir: its path from /proc on, if it is a directory there. */
	readonly target: string;
	/** dir: sorted by name (UTF-16 code units); inode 0 = known to be absent, -1 = listed below the host root and not looked up yet. `.` and `..` are not in it. */
	readonly entries: readonly { readonly name: string; readonly inode: number }[];
	/** dir: its parent's inode (the root's is itself). */
	readonly parent: number;
	/**
	 * What is not known yet and must be asked for as an input: a directory of the host root not listed / looked up in full,
	 * a file of the host root whose contents were not read yet.
	 */
	readonly lower: 'none' | 'unread' | 'partial';
	/** Path below the host root for inodes that a look-up there found (kept when `lower` becomes none), else ''. */
	readonly lowerPath: string;
	/** F_SEAL_*: what may not be done to it any more; of memfd_create's files alone, which begin with F_SEAL_SEAL or none. */
	readonly seals: number;
	/** Locks that are held, in the order in which they were set. */
	readonly locks: readonly FileLock[];
}

export interface Pipe {
	readonly id: number;
	/** Unread bytes. */
	readonly data: Uint8Array;
	readonly capacity: number;
	readonly wakes: Wakes;
}

/** How often readers and writers were woken: what an edge-triggered epoll item compares. */
export interface Wakes {
	readonly read: number;
	readonly write: number;
}

/** What stands behind a descriptor that has no place in the tree of files (fs/anon_inodes.c, net/unix). */
export type Anon =
	| { readonly id: number; readonly kind: 'eventfd'; readonly count: bigint; readonly semaphore: boolean; readonly wakes: Wakes }
	| {
			readonly id: number;
			readonly kind: 'timerfd';
			/** CLOCK_*. */
			readonly clock: number;
			/** Monotonic ns of the next expiry, null = disarmed; ns between two. */
			readonly expires: number | null;
			readonly interval: number;
			/** Expiries that were not read yet. */
			readonly ticks: number;
			readonly wakes: Wakes;
	  }
	| { readonly id: number; readonly kind: 'signalfd'; readonly mask: SigSet }
	/** A process, by its thread group; 0 once that was waited for. */
	| { readonly id: number; readonly kind: 'pidfd'; readonly group: number }
	| {
			/** A namespace (struct ns_common). It lives as long as a task is in it or a descriptor refers to it. */
			readonly id: number;
			readonly kind: 'ns';
			readonly of: (typeof NAMESPACES)[number];
			/** Guest-visible; one that is there has it alone. */
			readonly ino: number;
			/** uts: its names, as bytes. */
			readonly nodename: string;
			readonly domainname: string;
			/** pid: who is in it; null of others, and of the container's, where a number is the pid. */
			readonly pids: PidNamespace | null;
	  }
	| { readonly id: number; readonly kind: 'epoll'; readonly items: readonly EpollItem[] }
	| {
			readonly id: number;
			readonly kind: 'socket';
			/** SOCK_STREAM 1, SOCK_DGRAM 2, SOCK_SEQPACKET 5. */
			readonly type: number;
			/** The other end, 0 = none (any more). */
			readonly peer: number;
			/** Whether it is connected (TCP_ESTABLISHED), be the other end gone. */
			readonly connected: boolean;
			/** What came, as it was sent; the first of a stream may have been read in part. */
			readonly queue: readonly SocketMessage[];
			/** RCV_SHUTDOWN 1, SEND_SHUTDOWN 2. */
			readonly shut: number;
			/** errno that is told once (sk_err): ECONNRESET; 0 = none. */
			readonly error: number;
			/** sun_path as it was bound, one character a byte; the first is NUL where no directory has the name; '' = none. */
			readonly name: string;
			/** Whether a look-up of the name finds it: the ends of connections to it have its name, too. */
			readonly named: boolean;
			/** The inode of its name in a directory, 0 = none. */
			readonly bound: number;
			/** The name of the other end that is gone. */
			readonly peerName: string;
			/** listen(2): how many connections may wait beyond one; -1 = it does not listen. */
			readonly backlog: number;
			/** The ends of connections that nobody accepted yet. */
			readonly waiting: readonly number[];
			/** Who is at the other end (SO_PEERCRED), as it was when they were connected; of a listener who called listen. */
			readonly peerCred: SocketCred | null;
			readonly options: SocketOptions;
			readonly wakes: Wakes;
	  };

/** struct ucred. */
export interface SocketCred {
	readonly pid: number;
	readonly uid: number;
	readonly gid: number;
}

/** What setsockopt(2) sets. */
export interface SocketOptions {
	/** Bit n: option SO_n, of those that are on or off. */
	readonly flags: number;
	/** Bytes, as getsockopt tells them. */
	readonly sndbuf: number;
	readonly rcvbuf: number;
	readonly lowat: number;
	/** How long a call sleeps, ns; null = for ever. */
	readonly rcvTimeout: number | null;
	readonly sndTimeout: number | null;
}

/** Bytes on their way to a socket, and what came with them. */
export interface SocketMessage {
	readonly bytes: Uint8Array;
	/** The socket it was sent from, 0 = gone; and its name then. */
	readonly sender: number;
	readonly from: string;
	/** What it takes of the sender's buffer until it was read whole (truesize), bytes. */
	readonly charge: number;
	/** Open files that are passed on (SCM_RIGHTS). */
	readonly files: readonly number[];
	/** Who sent it; null where nobody asked for it then (SO_PASSCRED). */
	readonly cred: SocketCred | null;
}

/** A descriptor an epoll looks at. */
export interface EpollItem {
	readonly fd: number;
	readonly file: number;
	/** EPOLL* bits. */
	readonly events: number;
	readonly data: bigint;
	/** Edge-triggered: wakes and the closed ends as they were when it was last reported; null = never. */
	readonly seen: (Wakes & { readonly ends: number }) | null;
}

export interface Stream {
	readonly id: number;
	/** What the descriptor was when recording began. */
	readonly kind: 'tty' | 'pipe' | 'file' | 'null' | 'closed' | 'other';
	/** Input that arrived and was not read yet. */
	readonly unread: Uint8Array;
	/** No more input will come. */
	readonly eof: boolean;
	/** How often input came. */
	readonly arrivals: number;
	/** Bytes the guest wrote to it so far. */
	readonly written: number;
}

export interface Scheduler {
	/** pid of the task on the CPU, 0 = none. */
	readonly current: number;
	/** Steps left of its quantum. */
	readonly left: number;
	/** pids that may run, those of higher realtime priority first, then who waits longest; the current one is not in it. */
	readonly queue: readonly number[];
	/** Generator behind the length of quanta and, with `chaos`, priorities: its next word, u32 (xorshift32, never 0). */
	readonly rng: number;
	/** The next Wait.order. */
	readonly order: number;
	/** Short and long quanta and priorities that change now and then, as rr's chaos mode has them. */
	readonly chaos: boolean;
	/** `chaos`: what priorities are drawn from until they are drawn again, u32. */
	readonly epoch: number;
}
