/** Signals as a program sees them: actions, masks, queues, what a handler interrupts, faults. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Vector } from '../../src/events/cpu.ts';
import { decodeSiginfo, encodeSiginfo, siginfo } from '../../src/kernel/abi/siginfo.ts';
import { How, hasSignal, Sa, Sig, Ss, signalName, sigset } from '../../src/kernel/abi/signal.ts';
import { signalRows } from '../../src/kernel/calls/signals.ts';
import { timeRows } from '../../src/kernel/calls/time.ts';
import { isReady } from '../../src/kernel/waits.ts';
import { Restart } from '../../src/reducers/state.ts';
import { CODE } from '../reducers/machine.ts';
import { ARGS, Driver, OUT } from './driver.ts';

const HANDLER = 0x08048100;
const ROWS = [...signalRows, ...timeRows];
const EINTR = -4;

function driver(): Driver {
	return new Driver(ROWS);
}

/** rt_sigprocmask(how, set). */
function mask(d: Driver, how: number, ...signals: number[]): void {
	const set = sigset(...signals);
	d.pokeWords(ARGS, Number(set & 0xffffffffn), Number(set >> 32n));
	assert.is(d.call('rt_sigprocmask', how, ARGS, 0, 8), 0);
}

function delivered(d: Driver): number[] {
	return d.events.flatMap((e) => (e.kind === 'signal/deliver' ? [e.signo] : []));
}

test('rt_sigaction keeps known flags and tells the old action; SIGKILL, 0 and 65 are refused', () => {
	const d = driver();
	d.pokeWords(ARGS, HANDLER, 0xffffffff, 0x1234, 0xffffffff, 0xffffffff);
	assert.is(d.call('rt_sigaction', Sig.SIGUSR1, ARGS, 0, 8), 0);
	assert.is(d.call('rt_sigaction', Sig.SIGUSR1, 0, OUT, 8), 0);
	assert.equal(d.words(OUT, 5), [HANDLER, 0xdc000807, 0x1234, 0xfffbfeff, 0xffffffff]);
	assert.is(d.call('sigaction', Sig.SIGUSR1, 0, OUT), 0);
	assert.equal(d.words(OUT, 4), [HANDLER, 0xfffbfeff, 0xdc000807, 0x1234]);
	for (const signo of [0, 65, -1]) assert.is(d.call('rt_sigaction', signo, 0, 0, 8), -22);
	for (const signo of [Sig.SIGKILL, Sig.SIGSTOP]) {
		assert.is(d.call('rt_sigaction', signo, ARGS, 0, 8), -22);
		assert.is(d.call('rt_sigaction', signo, 0, OUT, 8), 0);
	}
	assert.is(d.call('rt_sigaction', Sig.SIGUSR1, 0, 0, 4), -22);
	assert.is(d.call('rt_sigaction', Sig.SIGUSR1, 0x10, 0, 8), -14);
	assert.is(d.call('rt_sigaction', Sig.SIGUSR1, 0, 0x10, 8), -14);
});

test('signal() installs a handler for once', () => {
	const d = driver();
	assert.is(d.call('signal', Sig.SIGUSR1, HANDLER), 0);
	assert.is(d.call('signal', Sig.SIGUSR1, HANDLER + 1), HANDLER);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.is(d.regs.eip, HANDLER + 1);
	assert.not.ok(hasSignal(d.task.blocked, Sig.SIGUSR1));
	assert.is(d.state.sighands[1].actions[Sig.SIGUSR1].handler, 0);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.is(d.task.exitStatus, Sig.SIGUSR1);
});

test('masks: how, the signals nobody can block, the old calls that see half of it', () => {
	const d = driver();
	mask(d, How.SIG_SETMASK, 1, Sig.SIGKILL, Sig.SIGSTOP, 33, 64);
	assert.is(d.task.blocked, sigset(1, 33, 64));
	mask(d, How.SIG_BLOCK, 2);
	mask(d, How.SIG_UNBLOCK, 1, 64);
	assert.is(d.task.blocked, sigset(2, 33));
	assert.is(d.call('rt_sigprocmask', 7, ARGS, 0, 8), -22);
	assert.is(d.call('rt_sigprocmask', 7, 0, OUT, 8), 0, 'without a set `how` is not looked at');
	assert.equal(d.words(OUT, 2), [2, 1]);
	assert.is(d.call('sgetmask'), 2);
	assert.is(d.call('ssetmask', 0x8), 2);
	assert.is(d.task.blocked, sigset(4, 33));
	d.pokeWords(ARGS, 0x10);
	assert.is(d.call('sigprocmask', How.SIG_SETMASK, ARGS, OUT), 0);
	assert.is(d.word(OUT), 8);
	assert.is(d.task.blocked, sigset(5, 33));
	assert.is(d.call('rt_sigprocmask', 0, ARGS, 0, 4), -22);
});

test('blocked signals wait: standard ones once, real-time ones all, in the order Linux takes them', () => {
	const d = driver();
	const all = [Sig.SIGUSR2, Sig.SIGUSR1, 40, 34];
	for (const signo of [...all, Sig.SIGSEGV]) d.handle(signo, HANDLER, Sa.SIGINFO);
	mask(d, How.SIG_BLOCK, ...all, Sig.SIGSEGV);
	for (const signo of [40, 34, 40, Sig.SIGUSR2, Sig.SIGUSR2, Sig.SIGUSR1]) d.call('kill', 1, signo);
	d.call('tkill', 1, Sig.SIGUSR2);
	d.call('kill', 1, Sig.SIGSEGV);
	assert.is(d.call('rt_sigpending', OUT, 8), 0);
	assert.equal(
		d.words(OUT, 2),
		[0xe00, 0x82].map((_, i) => Number((sigset(...all, Sig.SIGSEGV) >> BigInt(32 * i)) & 0xffffffffn)),
	);
	assert.is(d.call('sigpending', OUT), 0);
	assert.is(d.call('rt_sigpending', OUT, 9), -22);
	mask(d, How.SIG_UNBLOCK, ...all, Sig.SIGSEGV);
	// The thread's own first; in the group's queue SIGSEGV before the lower numbers. Each handler blocks only its own signal.
	assert.equal(delivered(d), [Sig.SIGUSR2, Sig.SIGSEGV, Sig.SIGUSR1, 34, 40]);
	assert.is(d.state.groups[1].pending.length, 2, 'the second 40 and the group’s SIGUSR2 wait for their handlers to return');
});

test('a handler blocks its mask and its signal, SA_NODEFER not its signal; the frame has the old mask', () => {
	const d = driver();
	d.handle(Sig.SIGUSR1, HANDLER, Sa.SIGINFO, sigset(2, 50));
	mask(d, How.SIG_SETMASK, 3);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.is(d.task.blocked, sigset(2, 3, 50, Sig.SIGUSR1));
	assert.equal(d.words(d.regs.esp + 252, 2), [4, 0]);
	d.return(true);
	assert.is(d.task.blocked, sigset(3));
	d.handle(Sig.SIGUSR2, HANDLER, Sa.NODEFER);
	d.call('kill', 1, Sig.SIGUSR2);
	assert.is(d.task.blocked, sigset(3));
});

test('ignored signals vanish, unless they are blocked; SIG_IGN discards what is pending', () => {
	const d = driver();
	d.call('kill', 1, Sig.SIGCHLD);
	assert.not.ok(d.kinds.includes('signal/post'));
	mask(d, How.SIG_BLOCK, Sig.SIGCHLD, Sig.SIGUSR1);
	d.call('kill', 1, Sig.SIGCHLD);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.is(d.state.groups[1].pending.length, 2);
	d.handle(Sig.SIGUSR1, 1);
	assert.equal(
		d.state.groups[1].pending.map((i) => i.signo),
		[Sig.SIGCHLD],
	);
	mask(d, How.SIG_UNBLOCK, Sig.SIGCHLD);
	assert.is(d.state.groups[1].pending.length, 0);
	assert.is(d.task.state, 'running');
});

test('default actions: the group ends with the signal as its status', () => {
	for (const signo of [Sig.SIGTERM, Sig.SIGKILL, Sig.SIGQUIT, 64]) {
		const d = driver();
		d.call('kill', 1, signo);
		assert.is(d.task.state, 'zombie');
		assert.is(d.task.exitStatus, signo);
		assert.is(d.state.groups[1].groupExit, signo);
		assert.equal(d.state.mms, {});
		assert.ok(d.task.flags & 0x400);
	}
});

test('stops: SIGSTOP stops, SIGCONT goes on with the call; a terminal stop of an orphan is ignored', () => {
	const d = driver();
	d.call('kill', 1, Sig.SIGTSTP);
	assert.is(d.task.state, 'running');
	d.call('kill', 1, Sig.SIGSTOP);
	assert.is(d.task.state, 'stopped');
	d.decide((x) => x.emit({ kind: 'signal/default', task: 1, signo: Sig.SIGCONT, action: 'continue' }));
	assert.is(d.task.state, 'running');
});

test('kill: who is meant, and what is refused', () => {
	const d = driver();
	assert.is(d.call('kill', 1, 0), 0);
	assert.is(d.call('kill', 0, 0), 0);
	assert.is(d.call('kill', -1, 0), -3, 'nobody but itself');
	assert.is(d.call('kill', 77, 0), -3);
	assert.is(d.call('kill', -77, 0), -3);
	assert.is(d.call('kill', 1, 65), -22);
	assert.is(d.call('tkill', 0, 1), -22);
	assert.is(d.call('tkill', 77, 1), -3);
	assert.is(d.call('tgkill', 1, 1, 0), 0);
	assert.is(d.call('tgkill', 2, 1, 0), -3);
	assert.is(d.call('tgkill', -1, 1, 0), -22);
});

test('siginfo of kill, tkill and sigqueue', () => {
	const d = driver();
	for (const signo of [Sig.SIGUSR1, 40]) d.handle(signo, HANDLER, Sa.SIGINFO);
	const info = (): number[] => d.words(d.regs.esp + 16, 6);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.equal(info(), [Sig.SIGUSR1, 0, 0, 1, 0, 0]);
	d.return(true);
	d.call('tkill', 1, Sig.SIGUSR1);
	assert.equal(info(), [Sig.SIGUSR1, 0, 0xfffffffa, 1, 0, 0]);
	d.return(true);
	d.pokeWords(ARGS, 99, 5, 0xffffffff, 1, 0, 0xcafe, 0x1111);
	assert.is(d.call('rt_sigqueueinfo', 1, 40, ARGS), 0);
	assert.equal(d.words(d.regs.esp + 16, 7), [40, 5, 0xffffffff, 1, 0, 0xcafe, 0x1111]);
	d.return(true);
	assert.is(d.call('rt_sigqueueinfo', 77, 40, ARGS), -3);
	d.pokeWords(ARGS, 99, 5, 0);
	assert.is(d.call('rt_sigqueueinfo', 77, 40, ARGS), -1, 'only to itself may it pretend to be kill(2)');
	assert.is(d.call('rt_tgsigqueueinfo', 1, 0, 40, ARGS), -22);
});

test('siginfo bytes survive being read and written, whatever the code', () => {
	const bytes = new Uint8Array(128);
	for (let i = 12; i < 48; i++) bytes[i] = i;
	for (const [signo, code] of [
		[40, -1],
		[10, 0],
		[10, -2],
		[10, -5],
		[10, 3],
		[10, 100],
		[17, 1],
		[11, 2],
		[31, 1],
		[29, 1],
	]) {
		new DataView(bytes.buffer).setInt32(0, signo, true);
		new DataView(bytes.buffer).setInt32(8, code, true);
		assert.equal(encodeSiginfo(decodeSiginfo(bytes, signo)), bytes, `signal ${signo} code ${code}`);
	}
	assert.equal(decodeSiginfo(encodeSiginfo(siginfo({ signo: 11, code: 1, address: 0x123 })), 11).address, 0x123);
});

test('pause: a handler makes it EINTR, even with SA_RESTART', () => {
	for (const flags of [0, Sa.RESTART]) {
		const d = driver();
		d.handle(Sig.SIGALRM, HANDLER, flags);
		assert.is(d.call('pause'), Restart.NOHAND);
		const { eip } = d.regs;
		assert.is(d.task.state, 'sleeping');
		assert.is(isReady(d.state, d.task), null);
		d.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: true, info: siginfo({ signo: Sig.SIGALRM, code: 0x80 }) }));
		assert.is(d.resume(), 'signal');
		assert.equal(delivered(d), [Sig.SIGALRM]);
		d.return();
		assert.is(d.regs.eax | 0, EINTR);
		assert.is(d.regs.eip, eip);
		assert.is(d.task.origAx, -1);
	}
});

test('an interrupted call by its restart code, with and without SA_RESTART', () => {
	const cases: [number, number, boolean][] = [
		[Restart.SYS, 0, false],
		[Restart.SYS, Sa.RESTART, true],
		[Restart.NOINTR, 0, true],
		[Restart.NOHAND, Sa.RESTART, false],
		[Restart.BLOCK, Sa.RESTART, false],
	];
	for (const [restart, flags, again] of cases) {
		const d = driver();
		const row = { ...d.row('pause') };
		const wait = { on: [], deadline: null, restart, signals: 0n };
		const rows = [
			...signalRows.filter((r) => r !== row && r.nr !== 29),
			{ ...row, handler: () => ({ kind: 'block' as const, wait, restartBlock: null }) },
		];
		const e = new Driver(rows);
		e.handle(Sig.SIGUSR1, HANDLER, flags);
		e.call('pause');
		const { eip } = e.regs;
		const info = siginfo({ signo: Sig.SIGUSR1, code: 0 });
		e.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: true, info }));
		if (restart === Restart.NOINTR) {
			assert.is(e.resume(), null, 'only SIGKILL ends such a wait');
			continue;
		}
		assert.is(e.resume(), 'signal');
		e.return();
		assert.equal([e.regs.eax | 0, e.regs.eip], again ? [29, eip - 2] : [EINTR, eip], `${restart} ${flags}`);
	}
});

test('without a handler the call is made again, or goes on through restart_syscall', () => {
	const d = driver();
	d.handle(Sig.SIGUSR1, HANDLER);
	d.call('pause');
	const { eip } = d.regs;
	// A signal that was ignored by the time it is looked at.
	d.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: true, info: siginfo({ signo: Sig.SIGUSR1, code: 0 }) }));
	d.state = {
		...d.state,
		sighands: {
			1: {
				...d.state.sighands[1],
				actions: d.state.sighands[1].actions.map((a, i) => (i === Sig.SIGUSR1 ? { ...a, handler: 1 } : a)),
			},
		},
	};
	assert.is(isReady(d.state, d.task), null, 'an ignored signal does not wake');
	d.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: false, info: siginfo({ signo: Sig.SIGSTOP, code: 0 }) }));
	assert.is(d.resume(), 'signal');
	assert.is(d.task.state, 'stopped');
	assert.is(d.regs.eax | 0, Restart.NOHAND);
	d.decide((x) => x.emit({ kind: 'signal/default', task: 1, signo: Sig.SIGCONT, action: 'continue' }));
	d.timers();
	assert.equal([d.regs.eax, d.regs.eip, d.task.origAx], [29, eip - 2, -1]);
});

test('sigsuspend: the handler runs, then the old mask is back', () => {
	const d = driver();
	d.handle(Sig.SIGUSR1, HANDLER);
	mask(d, How.SIG_SETMASK, Sig.SIGUSR1, 2);
	d.call('kill', 1, Sig.SIGUSR1);
	d.pokeWords(ARGS, 8, 0);
	assert.is(d.call('rt_sigsuspend', ARGS, 8), Restart.NOHAND);
	assert.is(d.task.blocked, sigset(4));
	assert.is(d.resume(), 'signal');
	assert.equal(delivered(d), [Sig.SIGUSR1]);
	assert.is(d.task.blocked, sigset(4, Sig.SIGUSR1));
	assert.is(d.task.savedMask, null);
	d.return();
	assert.is(d.task.blocked, sigset(Sig.SIGUSR1, 2));
	assert.is(d.regs.eax | 0, EINTR);
	assert.is(d.call('rt_sigsuspend', ARGS, 4), -22);
	// The oldest form has its mask in edx.
	d.call('sigsuspend', 0, 0, 0x100);
	assert.is(d.task.blocked, 0n, 'SIGKILL cannot be blocked');
	assert.is(d.task.savedMask, sigset(Sig.SIGUSR1, 2));
});

test('rt_sigtimedwait: takes what is pending, waits, runs out of time, is interrupted', () => {
	const d = driver();
	mask(d, How.SIG_BLOCK, Sig.SIGUSR1, Sig.SIGCHLD);
	d.call('kill', 1, Sig.SIGUSR1);
	d.pokeWords(ARGS, Number(sigset(Sig.SIGUSR1, Sig.SIGCHLD)), 0, 1, 500);
	assert.is(d.call('rt_sigtimedwait', ARGS, OUT, 0, 8), Sig.SIGUSR1);
	assert.equal(d.words(OUT, 4), [Sig.SIGUSR1, 0, 0, 1]);
	assert.is(d.state.groups[1].pending.length, 0);
	d.call('rt_sigtimedwait', ARGS, OUT, ARGS + 8, 8);
	assert.is(d.task.wait?.deadline, 2_000_000_500);
	d.wait(1_000_000_500);
	assert.is(d.resume(), 'timeout');
	assert.is(d.regs.eax | 0, -11);
	d.call('rt_sigtimedwait', ARGS, 0, 0, 8);
	d.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: true, info: siginfo({ signo: Sig.SIGCHLD, code: 0 }) }));
	assert.is(d.resume(), 'signal');
	assert.is(d.regs.eax, Sig.SIGCHLD);
	d.handle(Sig.SIGUSR2, HANDLER, Sa.RESTART);
	d.pokeWords(ARGS, Number(sigset(Sig.SIGUSR1)), 0, 0, 0);
	d.call('rt_sigtimedwait', ARGS, 0, 0, 8);
	d.decide((x) => x.emit({ kind: 'signal/post', task: 1, group: true, info: siginfo({ signo: Sig.SIGUSR2, code: 0 }) }));
	assert.is(d.resume(), 'signal');
	d.return();
	assert.is(d.regs.eax | 0, EINTR);
	d.pokeWords(ARGS, 0, 0, 0, 1_000_000_000);
	assert.is(d.call('rt_sigtimedwait', ARGS, 0, ARGS + 8, 8), -22);
	d.pokeWords(ARGS + 8, 0, 0);
	assert.is(d.call('rt_sigtimedwait', ARGS, 0, ARGS + 8, 8), -11);
});

test('sigaltstack: sizes, modes, being on it', () => {
	const d = driver();
	const stack = 0x09002000;
	const ask = (sp: number, flags: number, size: number): number => {
		d.pokeWords(ARGS, sp, flags, size);
		return d.call('sigaltstack', ARGS, OUT);
	};
	assert.is(ask(stack, 0, 2047), -12);
	assert.is(ask(stack, 5, 4096), -22);
	assert.is(ask(stack, 0, 8192), 0);
	assert.equal(d.words(OUT, 3), [0, Ss.DISABLE, 0]);
	d.handle(Sig.SIGUSR1, HANDLER, Sa.ONSTACK | Sa.SIGINFO);
	const { esp } = d.regs;
	d.call('kill', 1, Sig.SIGUSR1);
	assert.ok(d.regs.esp > stack && d.regs.esp < stack + 8192);
	assert.equal(d.words(d.regs.esp + 152, 3), [stack, 0, 8192]);
	assert.is(ask(stack, 0, 4096), -1);
	assert.is(d.call('sigaltstack', 0, OUT), 0);
	assert.equal(d.words(OUT, 3), [stack, Ss.ONSTACK, 8192]);
	d.return(true);
	assert.is(d.regs.esp, esp);
	assert.is(ask(0, Ss.DISABLE, 0), 0);
	assert.equal(d.task.altstack, { sp: 0, size: 0, flags: Ss.DISABLE });
});

test('SS_AUTODISARM: the stack is disarmed in the handler and armed again by its return', () => {
	const d = driver();
	d.pokeWords(ARGS, 0x09002000, Ss.AUTODISARM, 8192);
	assert.is(d.call('sigaltstack', ARGS, 0), 0);
	d.handle(Sig.SIGUSR1, HANDLER, Sa.ONSTACK | Sa.SIGINFO);
	d.call('kill', 1, Sig.SIGUSR1);
	assert.equal(d.task.altstack, { sp: 0, size: 0, flags: Ss.DISABLE });
	d.return(true);
	assert.equal(d.task.altstack, { sp: 0x09002000, size: 8192, flags: Ss.AUTODISARM });
});

test('an overflowing alternate stack is the end', () => {
	const d = driver();
	d.pokeWords(ARGS, 0x09002000, 0, 2048);
	d.call('sigaltstack', ARGS, 0);
	d.handle(Sig.SIGUSR1, HANDLER, Sa.ONSTACK);
	d.handle(Sig.SIGUSR2, HANDLER, Sa.ONSTACK);
	d.call('kill', 1, Sig.SIGUSR1);
	d.call('kill', 1, Sig.SIGUSR2);
	assert.is(d.task.state, 'running');
	d.handle(Sig.SIGHUP, HANDLER, Sa.ONSTACK);
	d.call('kill', 1, Sig.SIGHUP);
	assert.is(d.task.exitStatus, Sig.SIGSEGV);
});

test('a fault that is blocked or ignored ends the program; one with a handler does not', () => {
	for (const how of ['blocked', 'ignored'] as const) {
		const d = driver();
		if (how === 'blocked') {
			d.handle(Sig.SIGSEGV, HANDLER);
			mask(d, How.SIG_BLOCK, Sig.SIGSEGV);
		} else d.handle(Sig.SIGSEGV, 1);
		d.fault({ vector: Vector.PF, error: 4, address: 0x10 });
		assert.is(d.task.exitStatus, Sig.SIGSEGV, how);
	}
	const d = driver();
	d.handle(Sig.SIGSEGV, HANDLER, Sa.SIGINFO);
	d.fault({ vector: Vector.PF, error: 4, address: 0xc0000010 });
	assert.equal(d.task.trap, { number: 14, error: 5, cr2: 0xc0000010 });
	assert.is(d.regs.eip, HANDLER);
	// In the handler the signal is blocked: a second fault is the end.
	d.fault({ vector: Vector.PF, error: 4, address: 0x10 });
	assert.is(d.task.exitStatus, Sig.SIGSEGV);
});

test('faults by vector: signal, code, address', () => {
	const at = CODE + 0x40;
	const fx = (cw: number, sw: number, mxcsr = 0x1f80): Uint8Array => {
		const out = new Uint8Array(512);
		new DataView(out.buffer).setUint16(0, cw, true);
		new DataView(out.buffer).setUint16(2, sw, true);
		new DataView(out.buffer).setUint32(24, mxcsr, true);
		return out;
	};
	type Row = [vector: number, error: number, signo: number, code: number, address: number, fx?: Uint8Array];
	const rows: Row[] = [
		[Vector.DE, 0, Sig.SIGFPE, 1, at],
		[Vector.UD, 0, Sig.SIGILL, 2, at],
		[Vector.NP, 0x10, Sig.SIGBUS, 0x80, 0],
		[Vector.SS, 0x20, Sig.SIGBUS, 0x80, 0],
		[Vector.AC, 0, Sig.SIGBUS, 1, 0],
		[Vector.GP, 0x30, Sig.SIGSEGV, 0x80, 0],
		[Vector.MF, 0, Sig.SIGFPE, 3, at, fx(0x37b, 0x84)],
		[Vector.MF, 0, Sig.SIGFPE, 7, at, fx(0x37e, 0xc1)],
		[Vector.MF, 0, Sig.SIGFPE, 4, at, fx(0x377, 0x88)],
		[Vector.MF, 0, Sig.SIGFPE, 5, at, fx(0x36f, 0x90)],
		[Vector.MF, 0, Sig.SIGFPE, 5, at, fx(0x37d, 0x82)],
		[Vector.MF, 0, Sig.SIGFPE, 6, at, fx(0x35f, 0xa0)],
		[Vector.XM, 0, Sig.SIGFPE, 3, at, fx(0x37f, 0, 0x1d84)],
	];
	for (const [vector, error, signo, code, address, image] of rows) {
		const d = driver();
		d.handle(signo, HANDLER, Sa.SIGINFO);
		d.set({ eip: at, ...(image ? { fx: image } : {}) });
		d.fault({ vector, error });
		assert.equal(d.words(d.regs.esp + 16, 4), [signo, 0, code, address], `vector ${vector}`);
		assert.equal(d.task.trap, { number: vector, error, cr2: 0 });
	}
});

test('beyond the end of a file it is SIGBUS', () => {
	const d = driver();
	d.handle(Sig.SIGBUS, HANDLER, Sa.SIGINFO);
	d.fault({ vector: Vector.PF, error: 4, address: 0x40001000, bus: true });
	assert.equal(d.words(d.regs.esp + 16, 4), [Sig.SIGBUS, 0, 2, 0x40001000]);
});

test('the error code of a page fault says whether there was a page', () => {
	const writes: [address: number, error: number, code: number][] = [
		[CODE, 7, 2], // a read-only page of the program
		[0x09001000, 6, 2], // anonymous, never written
		[0x09000000, 7, 2], // anonymous, written by the test itself
		[0x09002000, 6, 2], // PROT_NONE
		[0x10, 6, 1],
		[0xfffffff0, 7, 1],
	];
	for (const [address, error, code] of writes) {
		const d = driver();
		d.handle(Sig.SIGSEGV, HANDLER, Sa.SIGINFO);
		// Only for a look at the error code: the heap in three mappings, read-only, read-only, none.
		d.decide((x) => {
			x.emit({ kind: 'mm/flags', mm: 1, start: 0x09000000, end: 0x09002000, clear: 2, set: 0 });
			x.emit({ kind: 'mm/flags', mm: 1, start: 0x09002000, end: 0x09004000, clear: 7, set: 0 });
		});
		d.fault({ vector: Vector.PF, error: 7, address });
		assert.equal([d.task.trap.error, d.word(d.regs.esp + 24)], [error, code], address.toString(16));
	}
});

/** What probing calls with bad arguments answered on x86-64 Linux 6.18 (32-bit program); 0x10 is not mapped. */
const ANSWERS: readonly [call: string, args: readonly number[], result: number][] = [
	['rt_sigprocmask', [5, 0, 0, 8], 0],
	['rt_sigprocmask', [5, OUT, 0, 8], -22],
	['rt_sigprocmask', [0, 0x10, 0, 8], -14],
	['rt_sigprocmask', [0, OUT, 0x10, 8], -14],
	['rt_sigprocmask', [0, OUT, 0, 4], -22],
	['sigprocmask', [5, 0, 0x10], -14],
	['sigprocmask', [5, OUT, 0], -22],
	['rt_sigpending', [0x10, 8], -14],
	['rt_sigpending', [OUT, 3], 0],
	['rt_sigpending', [OUT, 9], -22],
	['rt_sigpending', [0x10, 0], 0],
	['sigpending', [0x10], -14],
	['rt_sigsuspend', [0x10, 8], -14],
	['rt_sigsuspend', [OUT, 4], -22],
	['rt_sigaction', [0, 0x10, 0, 8], -14],
	['rt_sigaction', [9, 0, 0x10, 8], -14],
	['rt_sigaction', [9, OUT, 0, 8], -22],
	['sigaction', [9, OUT, 0], -22],
	['sigaction', [99, 0, 0x10], -22],
	['signal', [9, HANDLER], -22],
	['signal', [99, HANDLER], -22],
	['kill', [1, -1], -22],
	['kill', [0x7fffffff, 0], -3],
	['kill', [0x80000000, 0], -3],
	['kill', [-0x7fffffff, 0], -3],
	['kill', [0x7fffffff, 99], -3],
	['tkill', [-1, 0], -22],
	['tgkill', [1, 1, 65], -22],
	['rt_sigqueueinfo', [1, 10, 0x10], -14],
	['rt_sigqueueinfo', [77, 0, OUT], -1],
	['rt_sigqueueinfo', [1, 0, OUT], 0],
	['rt_sigqueueinfo', [1, 77, OUT], -22],
	['rt_tgsigqueueinfo', [0, 1, 0, OUT], -22],
	['rt_tgsigqueueinfo', [0, 1, 0, 0x10], -14],
	['sigaltstack', [0x10, 0], -14],
	['sigaltstack', [0, 0x10], -14],
	['rt_sigtimedwait', [0x10, 0, OUT, 8], -14],
	['rt_sigtimedwait', [OUT, 0, 0x10, 8], -14],
	['rt_sigtimedwait', [OUT, 0, 0, 4], -22],
	['setitimer', [7, 0, 0], -22],
	['setitimer', [0, 0, 0x10], -14],
	['getitimer', [0, 0x10], -14],
	['getitimer', [9, 0x10], -22],
	['settimeofday', [0x10, 0], -14],
	['settimeofday', [0, 0x10], -14],
	['gettimeofday', [0, 0x10], -14],
	['times', [0x10], -14],
	['restart_syscall', [], -4],
];

test('bad arguments are answered as Linux answers them', () => {
	for (const [name, args, result] of ANSWERS) {
		assert.is(driver().call(name, ...args), result, `${name}(${args.join(', ')})`);
	}
});

test('nothing to do emits nothing', () => {
	const d = driver();
	d.call('sgetmask');
	assert.equal(d.kinds, ['syscall/enter', 'syscall/exit']);
	d.timers();
	assert.equal(d.kinds, []);
	mask(d, How.SIG_BLOCK, Sig.SIGUSR1);
	d.call('kill', 1, Sig.SIGUSR1);
	d.timers();
	assert.equal(d.kinds, []);
});

test('names', () => {
	assert.equal([1, 31, 32, 33, 64].map(signalName), ['SIGHUP', 'SIGSYS', 'SIGRTMIN', 'SIGRT_1', 'SIGRT_32']);
});

test.run();
