/**
 * Calls about a task's life and the kernel's knobs for it: exit, execve, prctl, personality. Follows kernel/exit.c, fs/exec.c
 * and kernel/sys.c of Linux 6.1. Making children is clone.ts, waiting for them wait.ts.
 */
import { Errno } from '../abi/errno.ts';
import { AT, AT_FDCWD } from '../abi/fcntl.ts';
import { READ_IMPLIES_EXEC } from '../abi/mm.ts';
import { MS } from '../abi/mount.ts';
import { PtraceOption } from '../abi/ptrace.ts';
import { Sig } from '../abi/signal.ts';
import { type Decision, type NeedInput, type Outcome, RETURNED } from '../decision.ts';
import { ElfError } from '../elf.ts';
import { type ExecRequest, execEvents } from '../exec.ts';
import { failed, unsupported } from '../fail.ts';
import { fileBytes } from '../file-data.ts';
import { hasFlag } from '../mounts.ts';
import { isWritten } from '../open-file.ts';
import { foundPath, readPath, resolve, resolveAt } from '../paths.ts';
import { fsIds, MAY_EXEC, permitted } from '../permissions.ts';
import { numberOf, taskOrOwn } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { MAX_INTERPRETERS, SCRIPT_LINE, scriptArguments, scriptLine } from '../script.ts';
import { wholePath } from '../seen-paths.ts';
import { isTraced, userInfo } from '../signal-queue.ts';
import { postSignal } from '../signal-send.ts';
import { leave, numberForTracer, PtraceEvent, stopForEvent, wants } from '../tracing.ts';
import { cloneRows } from './clone.ts';
import { futexRows } from './futex.ts';
import { futexWaitvRow } from './futex-waitv.ts';
import { limitRows } from './limits.ts';
import { niceRows } from './nice.ts';
import { prctlRow } from './prctl.ts';
import { schedRows } from './sched.ts';
import { waitRows } from './wait.ts';

const exit: Handler = (d, [code]) => {
	return leave(d, 'end', (code & 0xff) << 8) ?? RETURNED;
};

const exitGroupCall: Handler = (d, [code]) => {
	return leave(d, 'end-group', (code & 0xff) << 8) ?? RETURNED;
};

/** Arguments and environment at most: more is E2BIG whatever the stack limit. */
const MAX_STRINGS = 0x7fffffff;
const MAX_STRING = 32 * 4096;

/** A NULL-terminated vector of strings: byte strings, or -errno. A null pointer is an empty vector. */
function readStrings(d: Decision, vector: number): string[] | number {
	const strings: string[] = [];
	if (vector === 0) return strings;
	let total = 0;
	for (let at = vector; ; at += 4) {
		const pointer = d.u32(at);
		if (pointer === undefined) return -Errno.EFAULT;
		if (pointer === 0) return strings;
		const s = d.cstring(pointer, MAX_STRING);
		if (s === undefined) return -Errno.EFAULT;
		total += 4 + (s?.length ?? 0);
		if (s === null || total > MAX_STRINGS || total > 6 * 1024 * 1024) return -Errno.E2BIG;
		strings.push(s);
	}
}

const execve: Handler = (d, [path, argv, envp]) => {
	const name = readPath(d, path);
	if (typeof name === 'number') return name;
	return start(d, resolve(d, AT_FDCWD, name, 'follow'), name, argv, envp);
};

const execveat: Handler = (d, [dirfd, path, argv, envp, flags]) => {
	if (flags & ~(AT.EMPTY_PATH | AT.SYMLINK_NOFOLLOW)) return -Errno.EINVAL;
	const name = readPath(d, path);
	if (typeof name === 'number') return name;
	const found = resolveAt(d, dirfd, path, flags & AT.SYMLINK_NOFOLLOW ? 'nofollow' : 'follow', flags);
	if (!failed(found) && found.inode.kind === 'symlink') return -Errno.ELOOP;
	const shown = name.startsWith('/') || (dirfd | 0) === AT_FDCWD ? name : `/dev/fd/${dirfd | 0}${name === '' ? '' : `/${name}`}`;
	return start(d, found, shown, argv, envp);
};

function start(d: Decision, found: ReturnType<typeof resolve>, filename: string, argv: number, envp: number): Outcome {
	const args = readStrings(d, argv);
	if (typeof args === 'number') return args;
	const env = readStrings(d, envp);
	if (typeof env === 'number') return env;
	let request: ExecRequest | number | NeedInput = program(d, found, filename, args, env);
	for (let depth = 0, called = filename; ; depth++) {
		if (failed(request)) return request;
		const next: ExecRequest | number | NeedInput | undefined = interpreter(d, request, called);
		if (next === undefined) break;
		if (depth >= MAX_INTERPRETERS) return -Errno.ELOOP;
		request = next;
		if (!failed(next)) called = next.argv[0];
	}
	const nr = d.task.origAx;
	const was = numberForTracer(d, d.pid);
	try {
		const result = execEvents(d, request, (path) => program(d, resolve(d, AT_FDCWD, path, 'follow'), path, [], []));
		return result === 0 ? afterExec(d, nr, was) : result;
	} catch (error) {
		if (!(error instanceof ElfError)) throw error;
		const isElf = error.what !== 'ELF magic' && error.what !== 'ELF header';
		return isElf ? unsupported(d, `execve of ${request.path}: ${error.message}`, Errno.ENOEXEC) : -Errno.ENOEXEC;
	}
}

/** A tracer sees a new program by an event with the pid the task had, else (not after PTRACE_SEIZE) by a SIGTRAP. */
function afterExec(d: Decision, nr: number, was: number): Outcome {
	const { task } = d;
	if (!isTraced(task)) return RETURNED;
	// The call's number can be seen until it returns.
	d.emit({ kind: 'task/set', task: d.pid, fields: { origAx: nr } });
	if (wants(task, PtraceOption.TRACEEXEC)) return stopForEvent(d, PtraceEvent.EXEC, was, 0);
	if (!task.trace.seized) postSignal(d, d.pid, false, userInfo(d, Sig.SIGTRAP));
	return 0;
}

/** The file must be regular and executable (do_open_execat). */
function program(
	d: Decision,
	found: ReturnType<typeof resolve>,
	filename: string,
	argv: readonly string[],
	env: readonly string[],
): ExecRequest | number | NeedInput {
	if (failed(found)) return found;
	const { inode } = found;
	if (inode.kind !== 'file' || inode.id === 0 || !permitted(fsIds(d.task.creds), inode, MAY_EXEC)) return -Errno.EACCES;
	if (hasFlag(d.state, found.mount, MS.NOEXEC)) return -Errno.EACCES;
	if (isWritten(d.state, inode.id)) return -Errno.ETXTBSY;
	return { inode: inode.id, path: wholePath(d.state, found.mount, foundPath(d, found)), filename, argv, env };
}

/** What `#!` asks for, or undefined when the file is no script. The task keeps the script's name. */
function interpreter(d: Decision, request: ExecRequest, called: string): ExecRequest | number | NeedInput | undefined {
	const head = fileBytes(d, d.state.inodes[request.inode], 0, SCRIPT_LINE);
	if (!(head instanceof Uint8Array)) return head;
	const line = scriptLine(head);
	if (line === undefined) return undefined;
	if (line === 'bad') return -Errno.ENOEXEC;
	const argv = scriptArguments(line, called, request.argv);
	return program(d, resolve(d, AT_FDCWD, line.path, 'follow'), request.filename, argv, request.env);
}

const setTidAddress: Handler = (d, [clearTid]) => {
	d.emit({ kind: 'task/set', task: d.pid, fields: { clearTid } });
	return numberOf(d, d.pid);
};

/** sizeof(struct robust_list_head). */
const ROBUST_HEAD = 12;

const setRobustList: Handler = (d, [head, length]) => {
	if (length !== ROBUST_HEAD) return -Errno.EINVAL;
	d.emit({ kind: 'task/set', task: d.pid, fields: { robustList: head, robustListLen: length } });
	return 0;
};

const getRobustList: Handler = (d, [pid, head, length]) => {
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	return d.writeU32(length, ROBUST_HEAD) && d.writeU32(head, task.robustList) ? 0 : -Errno.EFAULT;
};

const personality: Handler = (d, [wanted]) => {
	const old = d.task.personality;
	if (wanted !== 0xffffffff && wanted !== old) {
		// READ_IMPLIES_EXEC and ADDR_NO_RANDOMIZE are all that is acted on; the others are kept and shown.
		const known = READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE;
		if (wanted & ~known) unsupported(d, `personality 0x${wanted.toString(16)}`, 0);
		d.emit({ kind: 'task/set', task: d.pid, fields: { personality: wanted } });
	}
	return old | 0;
};
/** Addresses are never randomised here, so the flag changes nothing. */
const ADDR_NO_RANDOMIZE = 0x0040000;

/** ARCH_GET_CPUID: instructions may use CPUID. ARCH_SET_CPUID needs a processor that can refuse it. */
const ARCH_GET_CPUID = 0x1011;
const ARCH_SET_CPUID = 0x1012;
const archPrctl: Handler = (_d, [option]) =>
	option === ARCH_GET_CPUID ? 1 : option === ARCH_SET_CPUID ? -Errno.ENODEV : -Errno.EINVAL;

export const processRows: readonly SyscallRow[] = [
	...cloneRows,
	...waitRows,
	...futexRows,
	futexWaitvRow,
	...limitRows,
	...niceRows,
	...schedRows,
	{ nr: 1, name: 'exit', args: ['int'], support: 'full', handler: exit },
	{
		nr: 11,
		name: 'execve',
		args: ['path', 'argv', 'envp'],
		support: 'partial',
		note: 'static programs and scripts',
		handler: execve,
	},
	{
		nr: 136,
		name: 'personality',
		args: ['hex'],
		support: 'partial',
		note: 'only READ_IMPLIES_EXEC does something',
		handler: personality,
	},
	prctlRow,
	{ nr: 252, name: 'exit_group', args: ['int'], support: 'full', handler: exitGroupCall },
	{ nr: 258, name: 'set_tid_address', args: ['addr'], support: 'full', handler: setTidAddress },
	{ nr: 311, name: 'set_robust_list', args: ['addr', 'size'], support: 'full', handler: setRobustList },
	{ nr: 312, name: 'get_robust_list', args: ['pid', 'addr', 'addr'], support: 'full', handler: getRobustList },
	{
		nr: 358,
		name: 'execveat',
		args: ['dirfd', 'path', 'argv', 'envp', 'hex'],
		support: 'partial',
		note: 'static programs and scripts',
		handler: execveat,
	},
	{ nr: 384, name: 'arch_prctl', args: ['hex', 'hex'], support: 'full', handler: archPrctl },
	{
		nr: 386,
		name: 'rseq',
		args: ['addr', 'uint', 'hex', 'hex'],
		support: 'partial',
		note: 'ENOSYS, as from a kernel built without it',
		handler: () => -Errno.ENOSYS,
	},
];
