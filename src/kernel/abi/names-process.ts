/** Names of flags and enumerated values of the calls about memory, limits, scheduling and processes, as strace shows them. */
import { MADV, MAP, MCL, MREMAP, MS, PROT, RLIMIT } from './mm.ts';
import type { Name } from './names.ts';

/** A table of numbers as names with a prefix, in the table's order. */
const named = (prefix: string, table: { readonly [name: string]: number }): readonly Name[] =>
	Object.entries(table).map(([name, value]) => [value, prefix + name] as const);

const { SHARED, PRIVATE, SHARED_VALIDATE, TYPE, ...mapBits } = MAP;
const { NONE: _none, ...protections } = PROT;

export const PROCESS_FLAGS: { readonly [table: string]: readonly Name[] } = {
	PROT: [...named('PROT_', protections), [0, 'PROT_NONE', 0xffffffff]],
	MAP: [
		[SHARED, 'MAP_SHARED', TYPE],
		[PRIVATE, 'MAP_PRIVATE', TYPE],
		[SHARED_VALIDATE, 'MAP_SHARED_VALIDATE', TYPE],
		...named('MAP_', mapBits),
	],
	MREMAP: named('MREMAP_', MREMAP),
	MS: named('MS_', MS),
	MCL: named('MCL_', MCL),
	sched: [
		[1, 'SCHED_FLAG_RESET_ON_FORK'],
		[2, 'SCHED_FLAG_RECLAIM'],
		[4, 'SCHED_FLAG_DL_OVERRUN'],
		[8, 'SCHED_FLAG_KEEP_POLICY'],
		[0x10, 'SCHED_FLAG_KEEP_PARAMS'],
		[0x20, 'SCHED_FLAG_UTIL_CLAMP_MIN'],
		[0x40, 'SCHED_FLAG_UTIL_CLAMP_MAX'],
	],
	GRND: [
		[1, 'GRND_NONBLOCK'],
		[2, 'GRND_RANDOM'],
		[4, 'GRND_INSECURE'],
	],
	futex: [
		[0, 'FUTEX_WAIT', 127],
		[1, 'FUTEX_WAKE', 127],
		[3, 'FUTEX_REQUEUE', 127],
		[4, 'FUTEX_CMP_REQUEUE', 127],
		[5, 'FUTEX_WAKE_OP', 127],
		[6, 'FUTEX_LOCK_PI', 127],
		[7, 'FUTEX_UNLOCK_PI', 127],
		[8, 'FUTEX_TRYLOCK_PI', 127],
		[9, 'FUTEX_WAIT_BITSET', 127],
		[10, 'FUTEX_WAKE_BITSET', 127],
		[11, 'FUTEX_WAIT_REQUEUE_PI', 127],
		[12, 'FUTEX_CMP_REQUEUE_PI', 127],
		[13, 'FUTEX_LOCK_PI2', 127],
		[128, 'FUTEX_PRIVATE_FLAG'],
		[256, 'FUTEX_CLOCK_REALTIME'],
	],
};

export const PROCESS_ENUMS: { readonly [table: string]: readonly Name[] } = {
	MADV: named('MADV_', MADV),
	RLIMIT: named('RLIMIT_', RLIMIT),
	RUSAGE: [
		[0, 'RUSAGE_SELF'],
		[0xffffffff, 'RUSAGE_CHILDREN'],
		[1, 'RUSAGE_THREAD'],
	],
	PRIO: [
		[0, 'PRIO_PROCESS'],
		[1, 'PRIO_PGRP'],
		[2, 'PRIO_USER'],
	],
	SCHED: [
		[0, 'SCHED_OTHER'],
		[1, 'SCHED_FIFO'],
		[2, 'SCHED_RR'],
		[3, 'SCHED_BATCH'],
		[5, 'SCHED_IDLE'],
		[6, 'SCHED_DEADLINE'],
	],
	PR: [
		[1, 'PR_SET_PDEATHSIG'],
		[2, 'PR_GET_PDEATHSIG'],
		[3, 'PR_GET_DUMPABLE'],
		[4, 'PR_SET_DUMPABLE'],
		[7, 'PR_GET_KEEPCAPS'],
		[8, 'PR_SET_KEEPCAPS'],
		[13, 'PR_GET_TIMING'],
		[14, 'PR_SET_TIMING'],
		[15, 'PR_SET_NAME'],
		[16, 'PR_GET_NAME'],
		[21, 'PR_GET_SECCOMP'],
		[22, 'PR_SET_SECCOMP'],
		[23, 'PR_CAPBSET_READ'],
		[24, 'PR_CAPBSET_DROP'],
		[25, 'PR_GET_TSC'],
		[26, 'PR_SET_TSC'],
		[27, 'PR_GET_SECUREBITS'],
		[28, 'PR_SET_SECUREBITS'],
		[29, 'PR_SET_TIMERSLACK'],
		[30, 'PR_GET_TIMERSLACK'],
		[31, 'PR_TASK_PERF_EVENTS_DISABLE'],
		[32, 'PR_TASK_PERF_EVENTS_ENABLE'],
		[33, 'PR_MCE_KILL'],
		[34, 'PR_MCE_KILL_GET'],
		[35, 'PR_SET_MM'],
		[36, 'PR_SET_CHILD_SUBREAPER'],
		[37, 'PR_GET_CHILD_SUBREAPER'],
		[38, 'PR_SET_NO_NEW_PRIVS'],
		[39, 'PR_GET_NO_NEW_PRIVS'],
		[40, 'PR_GET_TID_ADDRESS'],
		[41, 'PR_SET_THP_DISABLE'],
		[42, 'PR_GET_THP_DISABLE'],
		[47, 'PR_CAP_AMBIENT'],
		[52, 'PR_GET_SPECULATION_CTRL'],
		[53, 'PR_SET_SPECULATION_CTRL'],
		[57, 'PR_SET_IO_FLUSHER'],
		[58, 'PR_GET_IO_FLUSHER'],
		[59, 'PR_SET_SYSCALL_USER_DISPATCH'],
		[0x53564d41, 'PR_SET_VMA'],
	],
};
