/**
 * The objects of the v2 image: the format of the OpenVZ checkpoint/restart patches of October 2008 for Linux 2.6.27, i386
 * (checkpoint/cpt_image.h there). Every struct, number and flag of the format is here and nowhere else; framing.ts walks and
 * writes images by these tables. Times named jiffies are at the kernel's HZ.
 */
import { Vm } from '../../events/entities.ts';
import { bytes, pad, u16, u32, u32s, u64, u64s } from '../field.ts';
import { flags, hex, oneOf, text, timespec } from '../show.ts';
import { struct } from '../struct.ts';

/** First bytes of an image. */
export const SIGNATURE: readonly number[] = [0x79, 0x1c, 0x01, 0x63];
/** cpt_arch of an i386 image. */
export const CPT_ARCH_I386 = 0;
/** cpt_file of a VMA that maps no file. */
export const CPT_NULL = 0xffffffffffffffffn;
export const TASK_COMM_LEN = 16;
export const GDT_ENTRY_TLS_ENTRIES = 3;
/** Bytes of a page, of an LDT entry, and the largest LDT (8192 entries). */
export const PAGE_SIZE = 4096;
export const LDT_ENTRY_SIZE = 8;
export const LDT_MAX_BYTES = 65536;
/** Bytes of a path with its NUL (linux/limits.h). */
export const PATH_MAX = 4096;

/** cpt_type. HEAD is reserved by the format and never written. */
export const ObjectType = {
	TASK: 0,
	MM: 1,
	HEAD: 1024,
	VMA: 1025,
	PAGES: 1026,
	NAME: 1027,
	X86_REGS: 1028,
	BITS: 1029,
} as const;

/** cpt_content. */
export const Content = {
	VOID: 0,
	ARRAY: 1,
	DATA: 2,
	NAME: 3,
	REF: 4,
	/** 512 bytes as fxsave writes them. */
	X86_FPUSTATE: 5,
	/** 112 bytes: fsave's 108 and the kernel's status word. */
	X86_FPUSTATE_OLD: 6,
	/** The LDT. */
	MM_CONTEXT: 7,
} as const;

/** Payload bytes of a BITS/FPU object by its content. */
export const FPU_BYTES: Readonly<Record<number, number>> = { [Content.X86_FPUSTATE]: 512, [Content.X86_FPUSTATE_OLD]: 112 };

/** Masks of a task's cpt_flags (the format numbers the bits). */
export const TaskFlag = {
	EXITING: 1 << 0,
	FORKNOEXEC: 1 << 1,
	SUPERPRIV: 1 << 2,
	DUMPCORE: 1 << 3,
	SIGNALED: 1 << 4,
	USED_MATH: 1 << 5,
} as const;

/** cpt_vma_type. */
export const VmaType = { ANONYMOUS: 0, FILE: 1 } as const;

/** cpt_state (include/linux/sched.h, 2.6.27); a zombie's exit state is written into it. */
export const TaskState = {
	RUNNING: 0,
	INTERRUPTIBLE: 1,
	UNINTERRUPTIBLE: 2,
	STOPPED: 4,
	TRACED: 8,
	ZOMBIE: 16,
	DEAD: 32,
} as const;

/** Masks of cpt_thrflags: thread_info.flags (arch/x86, include/asm-x86/thread_info.h, 2.6.27). */
export const ThreadFlag = {
	SYSCALL_TRACE: 1 << 0,
	SIGPENDING: 1 << 2,
	NEED_RESCHED: 1 << 3,
	SINGLESTEP: 1 << 4,
	IRET: 1 << 5,
	SYSCALL_EMU: 1 << 6,
	SYSCALL_AUDIT: 1 << 7,
	SECCOMP: 1 << 8,
	MCE_NOTIFY: 1 << 10,
	NOTSC: 1 << 16,
	IA32: 1 << 17,
	FORK: 1 << 18,
	ABI_PENDING: 1 << 19,
	MEMDIE: 1 << 20,
	DEBUG: 1 << 21,
	IO_BITMAP: 1 << 22,
	FREEZE: 1 << 23,
	FORCED_TF: 1 << 24,
	DEBUGCTLMSR: 1 << 25,
	DS_AREA_MSR: 1 << 26,
	BTS_TRACE_TS: 1 << 27,
} as const;

/** Masks of cpt_thrstatus: thread_info.status (the same file). */
export const ThreadStatus = { USEDFPU: 1, COMPAT: 2, POLLING: 4, RESTORE_SIGMASK: 8 } as const;

/** Page protection bits of i386 without PAE (include/asm-x86/pgtable.h). */
export const PageProt = {
	PRESENT: 1,
	RW: 2,
	USER: 4,
	PWT: 8,
	PCD: 0x10,
	ACCESSED: 0x20,
	DIRTY: 0x40,
	PSE: 0x80,
	GLOBAL: 0x100,
} as const;

/** Segment registers are stored as these numbers, never as selectors. LDT: 256 + entry. */
export const Segment = {
	ZERO: 0,
	TLS1: 1,
	TLS2: 2,
	TLS3: 3,
	USER32_DS: 4,
	USER32_CS: 5,
	USER64_DS: 6,
	USER64_CS: 7,
	LDT: 256,
} as const;

/** eflags (SDM vol. 1, 3.4.3); IOPL is two bits and shown by its mask when both are set. */
const Eflags = {
	CF: 1,
	PF: 4,
	AF: 0x10,
	ZF: 0x40,
	SF: 0x80,
	TF: 0x100,
	IF: 0x200,
	DF: 0x400,
	OF: 0x800,
	IOPL: 0x3000,
	NT: 0x4000,
	RF: 0x10000,
	VM: 0x20000,
	AC: 0x40000,
	ID: 0x200000,
} as const;

const segmentName = oneOf(Segment);
const segment = { show: (value: number) => (value >= Segment.LDT ? `LDT[${value - Segment.LDT}]` : segmentName(value)) };
const address = { show: hex };
const jiffies = { unit: 'jiffies' };
/** The kernel's numbers are signed where the format's are not: -512 is stored as 0xfffffe00. */
const signed = { show: (value: number) => String(value | 0) };

export const cpt_head = struct(
	'cpt_head',
	{ size: 32 },
	{
		cpt_signature: bytes(4),
		cpt_hdrlen: u32({ unit: 'bytes' }),
		cpt_image_major: u16(),
		cpt_image_minor: u16(),
		cpt_image_sublevel: u16(),
		cpt_image_extra: u16(),
		cpt_arch: u16({ show: oneOf({ I386: CPT_ARCH_I386 }) }),
		cpt_pad1: pad(u16(address)),
		cpt_pad2: pad(u32(address)),
		cpt_time: u64(),
	},
);

/** What every object starts with. cpt_len: header and payload of this object. */
const header = {
	cpt_len: u64({ unit: 'bytes' }),
	cpt_hdrlen: u32({ unit: 'bytes' }),
	cpt_type: u16({ show: oneOf(ObjectType) }),
	cpt_content: u16({ show: oneOf(Content) }),
};
export const cpt_object_hdr = struct('cpt_object_hdr', { size: 16 }, header);

export const cpt_task_image = struct(
	'cpt_task_image',
	{ size: 296 },
	{
		...header,
		cpt_state: u64({ show: oneOf(TaskState) }),
		cpt_flags: u64({ show: flags(TaskFlag) }),
		cpt_thrflags: u64({ show: flags(ThreadFlag) }),
		cpt_thrstatus: u64({ show: flags(ThreadStatus) }),
		cpt_pid: u32(),
		cpt_tgid: u32(),
		cpt_ppid: u32(),
		cpt_rppid: u32(),
		cpt_pgrp: u32(),
		cpt_session: u32(),
		cpt_old_pgrp: u32(),
		cpt_leader: u32(),
		cpt_set_tid: u64(address),
		cpt_clear_tid: u64(address),
		cpt_exit_code: u32(address),
		cpt_exit_signal: u32(signed),
		cpt_pdeath_signal: u32(),
		cpt_user: u32(),
		cpt_uid: u32(),
		cpt_euid: u32(),
		cpt_suid: u32(),
		cpt_fsuid: u32(),
		cpt_gid: u32(),
		cpt_egid: u32(),
		cpt_sgid: u32(),
		cpt_fsgid: u32(),
		cpt_comm: bytes(TASK_COMM_LEN, { show: text }),
		/** Descriptor words b << 32 | a. */
		cpt_tls: u64s(GDT_ENTRY_TLS_ENTRIES, address),
		cpt_utime: u64(jiffies),
		cpt_stime: u64(jiffies),
		cpt_utimescaled: u64(jiffies),
		cpt_stimescaled: u64(jiffies),
		cpt_gtime: u64(jiffies),
		cpt_prev_utime: u64(jiffies),
		cpt_prev_stime: u64(jiffies),
		cpt_start_time: u64({ show: timespec }),
		cpt_real_start_time: u64({ show: timespec }),
		cpt_nvcsw: u64(),
		cpt_nivcsw: u64(),
		cpt_min_flt: u64(),
		cpt_maj_flt: u64(),
		cpt_children_num: u32(),
		cpt_pad: pad(u32(address)),
	},
);

export const cpt_mm_image = struct(
	'cpt_mm_image',
	{ size: 128 },
	{
		...header,
		cpt_start_code: u64(address),
		cpt_end_code: u64(address),
		cpt_start_data: u64(address),
		cpt_end_data: u64(address),
		cpt_start_brk: u64(address),
		cpt_brk: u64(address),
		cpt_start_stack: u64(address),
		cpt_start_arg: u64(address),
		cpt_end_arg: u64(address),
		cpt_start_env: u64(address),
		cpt_end_env: u64(address),
		cpt_def_flags: u64({ show: flags(Vm) }),
		cpt_flags: u64(address),
		cpt_map_count: u64(),
	},
);

export const cpt_vma_image = struct(
	'cpt_vma_image',
	{ size: 80 },
	{
		...header,
		/** CPT_NULL, or 0 when a NAME follows. */
		cpt_file: u64({ show: (value) => (value === CPT_NULL ? 'none' : hex(value)) }),
		cpt_vma_type: u32({ show: oneOf(VmaType) }),
		cpt_pad: pad(u32(address)),
		cpt_start: u64(address),
		cpt_end: u64(address),
		cpt_flags: u64({ show: flags(Vm) }),
		cpt_pgprot: u64({ show: flags(PageProt) }),
		cpt_pgoff: u64({ unit: 'pages' }),
		/** PAGES objects that follow. */
		cpt_page_num: u64(),
	},
);

export const cpt_page_block = struct(
	'cpt_page_block',
	{ size: 32 },
	{ ...header, cpt_start: u64(address), cpt_end: u64(address) },
);

export const cpt_obj_bits = struct(
	'cpt_obj_bits',
	{ size: 24 },
	{ ...header, cpt_size: u32({ unit: 'bytes' }), __cpt_pad1: pad(u32(address)) },
);

export const cpt_x86_regs = struct(
	'cpt_x86_regs',
	{ size: 120, tail: 4 },
	{
		...header,
		cpt_debugreg: u32s(8, address),
		cpt_gs: u32(segment),
		cpt_bx: u32(address),
		cpt_cx: u32(address),
		cpt_dx: u32(address),
		cpt_si: u32(address),
		cpt_di: u32(address),
		cpt_bp: u32(address),
		cpt_ax: u32(address),
		cpt_ds: u32(segment),
		cpt_es: u32(segment),
		cpt_fs: u32(segment),
		cpt_orig_ax: u32(signed),
		cpt_ip: u32(address),
		cpt_cs: u32(segment),
		cpt_flags: u32({ show: (value) => `${hex(value)} ${flags(Eflags)(value & ~2)}` }),
		cpt_sp: u32(address),
		cpt_ss: u32(segment),
	},
);

/** Every struct of the format, in the order of the stream. */
export const STRUCTS = [
	cpt_head,
	cpt_object_hdr,
	cpt_task_image,
	cpt_mm_image,
	cpt_vma_image,
	cpt_page_block,
	cpt_obj_bits,
	cpt_x86_regs,
] as const;
