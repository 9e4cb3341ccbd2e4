/** ptrace(2) of i386: requests, options, events (include/uapi/linux/ptrace.h, arch/x86/include/uapi/asm/ptrace-abi.h). */

export const PTRACE = {
	TRACEME: 0,
	PEEKTEXT: 1,
	PEEKDATA: 2,
	PEEKUSER: 3,
	POKETEXT: 4,
	POKEDATA: 5,
	POKEUSER: 6,
	CONT: 7,
	KILL: 8,
	SINGLESTEP: 9,
	GETREGS: 12,
	SETREGS: 13,
	GETFPREGS: 14,
	SETFPREGS: 15,
	ATTACH: 16,
	DETACH: 17,
	GETFPXREGS: 18,
	SETFPXREGS: 19,
	OLDSETOPTIONS: 21,
	SYSCALL: 24,
	GET_THREAD_AREA: 25,
	SET_THREAD_AREA: 26,
	SYSEMU: 31,
	SYSEMU_SINGLESTEP: 32,
	SINGLEBLOCK: 33,
	SETOPTIONS: 0x4200,
	GETEVENTMSG: 0x4201,
	GETSIGINFO: 0x4202,
	SETSIGINFO: 0x4203,
	GETREGSET: 0x4204,
	SETREGSET: 0x4205,
	SEIZE: 0x4206,
	INTERRUPT: 0x4207,
	LISTEN: 0x4208,
	PEEKSIGINFO: 0x4209,
	GETSIGMASK: 0x420a,
	SETSIGMASK: 0x420b,
	SECCOMP_GET_FILTER: 0x420c,
	SECCOMP_GET_METADATA: 0x420d,
	GET_SYSCALL_INFO: 0x420e,
	GET_RSEQ_CONFIGURATION: 0x420f,
} as const;

/** PTRACE_O_*. */
export const PtraceOption = {
	TRACESYSGOOD: 1,
	TRACEFORK: 2,
	TRACEVFORK: 4,
	TRACECLONE: 8,
	TRACEEXEC: 0x10,
	TRACEVFORKDONE: 0x20,
	TRACEEXIT: 0x40,
	TRACESECCOMP: 0x80,
	EXITKILL: 0x100000,
	SUSPEND_SECCOMP: 0x200000,
} as const;
/** Options there are. */
export const PTRACE_OPTIONS: number = Object.values(PtraceOption).reduce<number>((all, bit) => all | bit, 0);

/** PTRACE_EVENT_*: the number is that of the option's bit, but for STOP. */
export const PtraceEvent = { FORK: 1, VFORK: 2, CLONE: 3, EXEC: 4, VFORK_DONE: 5, EXIT: 6, SECCOMP: 7, STOP: 128 } as const;

/** What SIGTRAP of a call's stop is or-ed with under TRACESYSGOOD. */
export const SYSGOOD = 0x80;

/** Register sets (include/uapi/linux/elf.h). */
export const NT = { PRSTATUS: 1, PRFPREG: 2, I386_TLS: 0x200, PRXFPREG: 0x46e62b7f } as const;

/** Bytes of struct user of i386 (asm/user_32.h), and where its debug registers stand. */
export const USER_BYTES = 284;
export const USER_DEBUGREG = 252;
