/* What the guest programs share: kernel ABI of i386 Linux, raw system calls, printing.
 * No C library; start.S and lib.c hold the code. Numbers: arch/x86/entry/syscalls/syscall_32.tbl. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

/* ---- system calls: sys(NR, args…), missing arguments are 0 ---- */
int syscall6(int nr, ...);
#define sys(...) syscall6(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

enum {
	NR_exit = 1, NR_read = 3, NR_write = 4, NR_open = 5, NR_close = 6, NR_unlink = 10, NR_time = 13, NR_lseek = 19,
	NR_getpid = 20, NR_alarm = 27, NR_pause = 29, NR_access = 33, NR_kill = 37, NR_rename = 38, NR_mkdir = 39, NR_rmdir = 40, NR_dup = 41,
	NR_pipe = 42, NR_brk = 45, NR_signal = 48, NR_fcntl = 55, NR_umask = 60, NR_dup2 = 63, NR_sigaction = 67,
	NR_sgetmask = 68, NR_setrlimit = 75, NR_gettimeofday = 78, NR_readlink = 85, NR_munmap = 91, NR_ftruncate = 93,
	NR_setitimer = 104, NR_getitimer = 105, NR_sysinfo = 116, NR_sigreturn = 119, NR_uname = 122, NR_modify_ldt = 123,
	NR_mprotect = 125, NR_llseek = 140, NR_select = 142, NR_msync = 144, NR_readv = 145, NR_writev = 146, NR_mlock = 150,
	NR_munlock = 151, NR_mlockall = 152, NR_munlockall = 153, NR_sched_yield = 158, NR_nanosleep = 162, NR_mremap = 163,
	NR_poll = 168, NR_rt_sigreturn = 173, NR_rt_sigaction = 174, NR_rt_sigprocmask = 175, NR_rt_sigpending = 176,
	NR_rt_sigtimedwait = 177, NR_rt_sigqueueinfo = 178, NR_rt_sigsuspend = 179, NR_pread64 = 180, NR_pwrite64 = 181, NR_chdir = 12,
	NR_getcwd = 183, NR_sigaltstack = 186, NR_ugetrlimit = 191, NR_mmap2 = 192, NR_ftruncate64 = 194, NR_stat64 = 195,
	NR_fstat64 = 197, NR_getuid32 = 199, NR_getgid32 = 200, NR_geteuid32 = 201, NR_getegid32 = 202, NR_setreuid32 = 203,
	NR_setgroups32 = 206, NR_getgroups32 = 205, NR_setresuid32 = 208, NR_getresuid32 = 209, NR_setresgid32 = 210,
	NR_getresgid32 = 211, NR_setuid32 = 213, NR_setgid32 = 214, NR_mincore = 218, NR_madvise = 219, NR_fcntl64 = 221, NR_gettid = 224,
	NR_tkill = 238, NR_set_thread_area = 243, NR_get_thread_area = 244, NR_exit_group = 252, NR_clock_gettime = 265,
	NR_clock_getres = 266, NR_clock_nanosleep = 267, NR_tgkill = 270, NR_openat = 295, NR_pipe2 = 331,
	NR_fork = 2, NR_waitpid = 7, NR_execve = 11, NR_times = 43, NR_setpgid = 57, NR_setsid = 66, NR_wait4 = 114, NR_clone = 120,
	NR_getpgid = 132, NR_flock = 143, NR_getsid = 147, NR_prctl = 172, NR_vfork = 190, NR_futex = 240, NR_set_tid_address = 258,
	NR_waitid = 284, NR_getrusage = 77, NR_getpriority = 96, NR_setpriority = 97, NR_unshare = 310, NR_set_robust_list = 311,
	NR_clone3 = 435,
	NR_dup3 = 330, NR_preadv = 333, NR_prlimit64 = 340, NR_getrandom = 355, NR_getpgrp = 65, NR_getppid = 64,
};

enum {
	EPERM = 1, ENOENT = 2, EINTR = 4, EBADF = 9, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EFAULT = 14, EEXIST = 17, EINVAL = 22,
	ESPIPE = 29, EPIPE = 32, ENOSYS = 38,
};

/* ---- files and memory ---- */
enum { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT = 0100, O_EXCL = 0200, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000, O_CLOEXEC = 02000000 };
enum { PROT_NONE, PROT_READ, PROT_WRITE, PROT_RW, PROT_EXEC };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2 };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };
#define PAGE 4096u
struct iovec { void *base; u32 length; };
struct pollfd { int fd; short events, revents; };
struct timespec { int sec, nsec; };
struct timeval { int sec, usec; };
struct itimerval { struct timeval interval, value; };

/* map: an address, or -errno as a small negative number */
u8 *map(void *address, u32 length, int prot, int flags, int fd, u32 pageOffset);
#define is_error(result) ((u32)(result) > 0xfffff000u)

/* ---- signals: include/uapi/asm/{signal,siginfo,sigcontext,ucontext}.h ---- */
enum {
	SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM,
	SIGTERM, SIGCHLD = 17, SIGCONT, SIGSTOP, SIGURG = 23, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGRTMIN = 32,
};
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
enum {
	SA_SIGINFO = 4, SA_RESTORER = 0x04000000, SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000, SA_NODEFER = 0x40000000,
	SA_RESETHAND = (int)0x80000000,
};
enum { SS_ONSTACK = 1, SS_DISABLE = 2 };
#define SIG_DFL ((void *)0)
#define SIG_IGN ((void *)1)
#define BIT(signal) (1ull << ((signal) - 1))

struct action { void *handler; u32 flags; void *restorer; u64 mask; } __attribute__((packed));
struct siginfo { int signo, error, code; union { struct { int pid, uid, value; }; u32 address; u32 rest[29]; }; };
struct altstack { void *sp; int flags; u32 size; };
struct fpregs { u32 cw, sw, tag, ip, cs, op, ds; u8 st[8][10]; u16 status, magic; };
struct context {
	u32 flags, link;
	struct altstack stack;
	u32 gs, fs, es, ds, edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip, cs, eflags, espAtSignal, ss;
	struct fpregs *fpu;
	u32 oldmask, cr2;
	u64 mask;
} __attribute__((packed));

/* install: rt_sigaction without a restorer, so the vDSO's trampolines return */
int install(int signal, void *handler, u32 flags, u64 mask);
u64 set_mask(int how, u64 mask); /* the old mask */
int raise(int signal);

typedef u32 jump_buf[6];
int set_jump(jump_buf) __attribute__((returns_twice));
void jump(jump_buf, int value) __attribute__((noreturn));

/* ---- printing, through a line buffer to descriptor 1 ----
 * %d %u decimal, %x hex, %X hex of 8 digits, %Q hex of 16 (u64), %D %U 64-bit decimal, %s %c %% */
void print(const char *format, ...);
void flush(void);
#define say(what, result) print("%s: %d\n", what, (int)(result)) /* one call a line: arguments are evaluated in no fixed order */
void check(const char *what, int holds); /* "ok what" or "FAIL what"; failures become the exit status */
void finish(int status) __attribute__((noreturn));

void *memcpy(void *to, const void *from, u32 count);
void *memset(void *to, int byte, u32 count);
int memcmp(const void *a, const void *b, u32 count);
u32 strlen(const char *s);
int same(const char *a, const char *b);
u32 divide64(u64 *value, u32 divisor); /* quotient in place, returns the remainder */

/* ---- faults: try(f) runs f and reports the signal it caused, if any ---- */
struct fault { int signal, code, trapno, err; u32 address, cr2, eip; };
extern struct fault fault;
int try(void (*run)(void)); /* 0, or the signal; fills `fault`; handlers stay installed */
