/**
 * Every defect of the catalogue that one process can show: planted, found by a bisect with the catalogue's cause and, where the
 * program does something else, at the event where it does. Next to it what a correct engine does with the same.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFECTS, type DefectCause, DefectError, findDefect, plant } from '../../../src/cpt/defects/defects.ts';
import type { Rules } from '../../../src/cpt/rules.ts';
import { objectAt, readImage } from '../../../src/cpt/v2/framing.ts';
import { bisect } from '../../../src/replay/bisect/bisect.ts';
import type { BisectReport, Cause, Verdict } from '../../../src/replay/bisect/report.ts';
import { checkpoint, freezeAt } from '../../../src/replay/checkpoint.ts';
import type { Side } from '../../../src/replay/compare.ts';
import type { Trace } from '../../../src/replay/trace.ts';
import { readManifest } from '../../guests/manifest.ts';
import { asleep, beforeSignal, due, fired, mark, type Place, positionOf, type Run, run } from './frozen.ts';

/** System calls by their i386 numbers. */
const Nr = {
	exit: 1, read: 3, waitpid: 7, pause: 29, umask: 60, mprotect: 125, nanosleep: 162, poll: 168, getsid: 147, exit_group: 252, sigprocmask: 175, sigtimedwait: 177, getcwd: 183,
	getrlimit: 191, mmap: 192, getresuid: 209, madvise: 219,
} as const; // biome-ignore format: a table
const SIGALRM = 14;

/** Where the two runs part: the kinds of event on both sides. */
interface First {
	readonly original: string | undefined;
	readonly restored: string | undefined;
	/** The system call they are in. */
	readonly call?: number;
	/** Elements from the checkpoint at most. */
	readonly soon?: number;
}

interface Row {
	/** `NAME` or `NAME=ARG`. */
	readonly defect: string;
	readonly guest: string;
	readonly place: Place;
	readonly args?: readonly string[];
	/** Sent from outside. */
	readonly signal?: number;
	/** Set from outside. */
	readonly debugreg?: readonly number[];
	readonly verdict: Verdict;
	/** When an argument makes it another than the catalogue's. */
	readonly cause?: DefectCause;
	/** Causes that come with it. */
	readonly also?: readonly DefectCause[];
	readonly first?: First;
	/** What the refusal says. */
	readonly says?: RegExp;
	/** What a correct engine does in the same place: nothing differs, or it refuses, which says this. */
	readonly correct: 'equal' | 'harmless' | RegExp;
	/** Parts of the rules that are the place and no defect: an image changed by hand, a file that changed, a write that fails. */
	readonly world?: readonly (keyof Rules)[];
}

const frozen = (n: number) => ({ guest: 'frozen', place: mark(n) });
const files = (n: number) => ({ guest: 'frozen_files', place: mark(n) });
const tree = { guest: 'frozen_tree', place: mark(1) };
const calls = (nr: number) => ({ guest: 'frozen_calls', place: asleep(nr) });
const step = 'cpu/step';
const fault = 'cpu/fault';
const FPU: First = { original: step, restored: step, soon: 10 };
const FPU_STATE: DefectCause = { object: 'BITS/FPU', fields: ['payload'], text: 'FPU state' };
const part = (name: string): DefectCause => ({ part: name, text: name });

const ROWS: readonly Row[] = [
	// Dump.
	{ defect: 'clean-pages-refused', ...frozen(2), verdict: 'refused', says: /page 08048000 is no copy: cache/, correct: 'equal' },
	{
		defect: 'write-errors-ignored',
		...frozen(2),
		verdict: 'refused',
		cause: { object: 'PAGES', fields: ['payload'], text: 'the page that the byte is of' },
		says: /PAGES/,
		world: ['writeFailsAt'],
		correct: /PAGES: writing its payload failed at byte 0x1000/,
	},
	{
		defect: 'ldt-headerless',
		...frozen(2),
		verdict: 'refused',
		says: /cpt_hdrlen .*want at least 24 bytes, got 0/,
		correct: 'equal',
	},
	{
		defect: 'segment-lost',
		guest: 'frozen_segment',
		place: mark(1),
		verdict: 'differs',
		first: { original: step, restored: fault, soon: 10 },
		correct: /cpt_gs: selector 30 of gs has no code/,
	},
	{ defect: 'deleted-file-path', ...files(3), verdict: 'refused', says: /no file \/private \(deleted\)/, correct: 'equal' },
	{ defect: 'fpu-never-used', ...frozen(1), verdict: 'refused', says: /BITS\/FPU .*the end of the image/, correct: 'equal' },
	{
		defect: 'padding-leaks',
		...frozen(2),
		verdict: 'harmless',
		also: [
			{ object: 'BITS/MM_CONTEXT', fields: ['__cpt_pad1'], text: 'padding' },
			{ object: 'X86_REGS', fields: ['(padding)'], text: 'X86_REGS 116' },
		],
		correct: 'equal',
	},
	{
		defect: 'signals-not-dumped',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'signal/mask', restored: 'memory/write', call: Nr.sigprocmask },
		correct: 'equal',
	},
	{
		defect: 'signals-not-dumped=handlers',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'signal/default', call: Nr.sigprocmask },
		correct: 'equal',
	},
	{
		defect: 'descriptors-not-dumped',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'syscall/exit', call: Nr.read },
		correct: 'equal',
	},
	{
		defect: 'timers-not-dumped',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: undefined, call: Nr.pause },
		correct: 'equal',
	},
	{
		defect: 'restart-block-lost',
		...calls(Nr.nanosleep),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: step, call: Nr.nanosleep, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'mmap-base-lost',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'mm/map', restored: 'mm/map', call: Nr.mmap },
		correct: 'equal',
	},
	{
		defect: 'vdso-as-plain-memory',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'memory/write', call: Nr.sigprocmask },
		correct: 'equal',
	},
	// Restart.
	{
		defect: 'task-type-unchecked',
		...frozen(2),
		verdict: 'harmless',
		world: ['premise'],
		correct: /TASK cpt_type .*want 0, got 1/,
	},
	{
		defect: 'extra-header-not-skipped',
		...frozen(2),
		verdict: 'refused',
		says: /#3 VMA cpt_type/,
		world: ['premise'],
		correct: 'harmless',
	},
	{
		defect: 'short-header-garbage',
		...frozen(2),
		verdict: 'refused',
		says: /cpt_children_num .*got 2779096485/,
		world: ['premise'],
		correct: /TASK cpt_hdrlen .*want at least 296 bytes, got 288/,
	},
	{
		defect: 'ldt-always-read',
		...frozen(1),
		verdict: 'refused',
		says: /BITS\/FPU cpt_type .*want 1029, got 1028/,
		correct: 'equal',
	},
	{
		defect: 'bits-content-unchecked',
		...frozen(2),
		verdict: 'differs',
		first: FPU,
		world: ['premise'],
		correct: /BITS\/FPU cpt_size .*want 112 bytes/,
	},
	{ defect: 'used-math-mask', ...frozen(2), verdict: 'differs', also: [FPU_STATE], first: FPU, correct: 'equal' },
	{ defect: 'fpu-over-pointer', ...frozen(2), verdict: 'differs', first: FPU, correct: 'equal' },
	{ defect: 'task-flags-overwritten', ...frozen(2), verdict: 'differs', also: [FPU_STATE], first: FPU, correct: 'equal' },
	{
		defect: 'registers-on-self',
		...frozen(2),
		verdict: 'differs',
		first: { original: step, restored: fault, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'never-woken',
		...frozen(2),
		verdict: 'differs',
		first: { original: step, restored: undefined, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'credentials-not-restored',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'memory/write', call: Nr.getresuid },
		correct: 'equal',
	},
	{
		defect: 'restarter-state-inherited',
		...frozen(2),
		verdict: 'differs',
		also: [part('working directory'), part('task signal state'), part('task descriptor table')],
		first: { original: step, restored: 'signal/take', soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'restarter-state-inherited=limits',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'memory/write', call: Nr.getrlimit },
		correct: 'equal',
	},
	{
		defect: 'restarter-state-inherited=umask',
		...frozen(2),
		verdict: 'differs',
		cause: part('working directory'),
		first: { original: 'fs/set', restored: 'syscall/exit', call: Nr.umask },
		correct: 'equal',
	},
	{
		defect: 'restarter-state-inherited=cwd',
		...frozen(2),
		verdict: 'differs',
		cause: part('working directory'),
		first: { original: 'memory/write', restored: 'memory/write', call: Nr.getcwd },
		correct: 'equal',
	},
	{
		defect: 'syscall-code-leaks',
		...calls(Nr.pause),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: step, call: Nr.pause, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'pause-window',
		guest: 'frozen_window',
		place: due,
		verdict: 'differs',
		first: { original: 'task/wake', restored: 'signal/take', call: Nr.pause, soon: 3 },
		correct: 'equal',
	},
	{
		defect: 'pause-window',
		guest: 'frozen_window',
		args: ['once'],
		signal: SIGALRM,
		place: beforeSignal,
		verdict: 'differs',
		first: { original: 'task/wake', restored: 'signal/take', call: Nr.pause, soon: 3 },
		correct: 'equal',
	},
	{
		defect: 'sigtimedwait-eintr',
		...calls(Nr.sigtimedwait),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: step, call: Nr.sigtimedwait, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'mapped-file-readonly',
		...files(1),
		verdict: 'differs',
		first: { original: 'mm/flags', restored: 'syscall/exit', call: Nr.mprotect },
		correct: 'equal',
	},
	{ defect: 'mapped-file-readonly', ...files(2), verdict: 'refused', says: /\/written was opened read-only/, correct: 'equal' },
	{
		defect: 'mapped-file-changed',
		...files(1),
		verdict: 'differs',
		first: { original: step, restored: step, soon: 10 },
		world: ['residual'],
		correct: /\/shared is another file than the one that was mapped/,
	},
	{
		defect: 'bad-open-crash',
		...files(1),
		verdict: 'refused',
		says: /the restart crashes: .*\/shared/,
		world: ['residual'],
		correct: /no file \/shared/,
	},
	{
		defect: 'vma-flags-lost',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'syscall/exit', restored: 'mm/discard', call: Nr.madvise },
		correct: 'equal',
	},
	{
		defect: 'pages-range-unchecked',
		...frozen(2),
		verdict: 'differs',
		first: { original: step, restored: step, soon: 0 },
		world: ['premise'],
		correct: /PAGES cpt_end .*want a page after cpt_start, up to 0xc0000000/,
	},
	{
		defect: 'name-unbounded',
		...frozen(2),
		verdict: 'refused',
		says: /no file \/guests\/frozen\u00a5/,
		world: ['premise'],
		correct: /NAME payload .*want a NUL, the end of the path/,
	},
	{
		defect: 'bits-unbounded',
		...frozen(2),
		verdict: 'differs',
		first: FPU,
		world: ['premise'],
		correct: /BITS\/FPU cpt_size .*want 512 bytes, got 100/,
	},
	{
		defect: 'ldt-unvalidated',
		...frozen(2),
		verdict: 'differs',
		first: { original: step, restored: fault },
		world: ['premise'],
		correct: /BITS\/MM_CONTEXT payload .*want an empty entry, or data or code of user mode/,
	},
	{
		defect: 'flags-unvalidated',
		...frozen(2),
		verdict: 'differs',
		first: { original: step, restored: step },
		world: ['premise'],
		correct: /X86_REGS cpt_flags .*want flags that user mode can set/,
	},
	{
		defect: 'flags-unvalidated=tls',
		...frozen(2),
		verdict: 'differs',
		cause: { object: 'TASK', fields: ['cpt_tls[0]'], text: 'TASK.cpt_tls' },
		first: { original: step, restored: fault },
		world: ['premise'],
		correct: /TASK cpt_tls\[0\] .*data segment of user mode/,
	},
	{
		defect: 'flags-unvalidated=mxcsr',
		...frozen(2),
		verdict: 'differs',
		cause: { object: 'BITS/FPU', fields: ['payload mxcsr'], text: 'MXCSR' },
		first: { original: 'memory/write', restored: 'memory/write', call: Nr.sigprocmask },
		world: ['premise'],
		correct: /BITS\/FPU payload .*want an MXCSR without reserved bits/,
	},
	{
		defect: 'flags-unvalidated=debugreg',
		...frozen(2),
		verdict: 'harmless',
		cause: { object: 'X86_REGS', fields: ['cpt_debugreg[0]'], text: 'debug registers' },
		world: ['premise'],
		correct: /X86_REGS cpt_debugreg\[0\] .*want an address of user space/,
	},
	{ defect: 'times-not-restored', ...frozen(2), verdict: 'harmless', correct: 'equal' },
	// Trees.
	{ defect: 'leader-wrong-namespace', ...tree, verdict: 'harmless', correct: 'equal' },
	{
		defect: 'tid-pointers-unset',
		...tree,
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'sem/leave', call: Nr.exit },
		correct: 'equal',
	},
	{
		defect: 'zombie-as-running',
		...tree,
		verdict: 'differs',
		first: { original: 'task/reap', restored: 'task/block', call: Nr.waitpid },
		correct: 'equal',
	},
	{
		defect: 'threads-as-processes',
		...tree,
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'group/exit', call: Nr.exit },
		also: [{ object: 'MM', text: 'its copy' }, part('inherited state')],
		correct: 'equal',
	},
	{
		defect: 'traced-child-skipped',
		guest: 'ptrace_attach',
		place: (all) => all.findLast(({ event }) => event.kind === 'trace/stop'),
		verdict: 'differs',
		first: { original: 'task/set', restored: 'syscall/exit' },
		correct: 'equal',
	},
	{
		defect: 'unlocked-walk',
		...tree,
		verdict: 'refused',
		says: /TASK .*the end of the image/,
		correct: 'equal',
	},
	{
		defect: 'thaw-during-dump',
		...tree,
		verdict: 'differs',
		cause: { object: 'PAGES', fields: ['payload'], text: 'the stack, dumped after the thaw' },
		first: { original: step, restored: step, soon: 0 },
		also: [{ object: 'X86_REGS', fields: ['cpt_ip', 'cpt_sp'], text: 'registers, dumped after it' }],
		correct: 'equal',
	},
	{
		defect: 'robust-list-lost',
		...tree,
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'sem/leave', call: Nr.exit_group },
		correct: 'equal',
	},
	{ defect: 'shared-memory-split', ...tree, verdict: 'differs', first: { original: step, restored: step }, correct: 'equal' },
	{
		defect: 'pid-not-restored',
		...tree,
		verdict: 'differs',
		first: { original: 'syscall/exit', restored: 'syscall/exit', call: Nr.getsid },
		correct: 'equal',
	},
	{
		defect: 'group-and-session-lost',
		...tree,
		verdict: 'differs',
		first: { original: 'syscall/exit', restored: 'syscall/exit', call: Nr.getsid },
		correct: 'equal',
	},
	{
		defect: 'exit-signal-lost',
		...tree,
		verdict: 'differs',
		first: { original: 'task/block', restored: 'syscall/exit', call: Nr.waitpid },
		correct: 'equal',
	},
	{
		defect: 'signal-too-early',
		guest: 'sigchld_info',
		place: fired,
		verdict: 'differs',
		also: [
			{ object: 'X86_REGS', text: 'the handler has run' },
			{ object: 'PAGES', text: 'what it wrote' },
		],
		first: { original: 'task/wake', restored: step, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'stopped-state-lost',
		...tree,
		verdict: 'differs',
		also: [part('inherited state'), part('scheduler')],
		first: { original: step, restored: step },
		correct: 'equal',
	},
	{
		defect: 'mm-shared-on-restart',
		...tree,
		verdict: 'differs',
		first: { original: step, restored: step, soon: 0 },
		also: [{ object: 'PAGES', text: 'what is put over it' }, part('files')],
		correct: 'equal',
	},
	{
		defect: 'child-error-overwritten',
		...tree,
		verdict: 'differs',
		cause: { object: 'X86_REGS', fields: ['cpt_cs'], text: 'the first object that failed' },
		first: { original: step, restored: fault, soon: 0 },
		also: [{ object: 'X86_REGS', text: 'registers that nobody restored' }],
		world: ['premise'],
		correct: /X86_REGS cpt_cs .*want a code of an i386 segment/,
	},
	{
		defect: 'protection-left-open',
		...tree,
		verdict: 'differs',
		first: { original: step, restored: fault, soon: 0 },
		also: ['PAGES', 'VMA', 'BITS/FPU', 'X86_REGS'].map((object) => ({ object, text: 'what nobody restored' })),
		world: ['pageFails'],
		correct: /PAGES payload .*reading its pages failed/,
	},
	{
		defect: 'futex-absolute-time',
		...calls(Nr.nanosleep),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: 'task/wake', call: Nr.nanosleep, soon: 3 },
		correct: 'equal',
	},
	{
		defect: 'robust-owner-died',
		...tree,
		verdict: 'differs',
		first: { original: 'memory/write', restored: 'sem/leave', call: Nr.exit_group },
		correct: 'equal',
	},
	{
		defect: 'file-offset-split',
		...tree,
		verdict: 'differs',
		first: { original: 'file/set', restored: 'file/set', call: Nr.read },
		correct: 'equal',
	},
	{
		defect: 'debugreg-not-armed',
		guest: 'watched',
		place: (all) => all.find(({ event }) => event.kind === 'signal/action'),
		// A write of the four bytes where watched.c maps the word it writes (SDM vol. 3, 17.2.4).
		debugreg: [0x20000000, 0, 0, 0, 0, 0, 0, 1 | (0b1101 << 16)],
		verdict: 'differs',
		first: { original: fault, restored: step },
		correct: 'equal',
	},
	// From the field.
	{ defect: 'tls-slot-dropped', ...frozen(2), verdict: 'differs', first: { original: step, restored: fault }, correct: 'equal' },
	{ defect: 'fpu-init-state', ...frozen(1), verdict: 'differs', first: FPU, correct: 'equal' },
	{
		defect: 'restart-block-eintr',
		...calls(Nr.poll),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: step, call: Nr.poll, soon: 0 },
		correct: 'equal',
	},
	{
		defect: 'timer-remaining-lost',
		...frozen(2),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: undefined, call: Nr.pause },
		correct: 'equal',
	},
	{
		defect: 'timer-remaining-lost',
		...calls(Nr.pause),
		verdict: 'differs',
		first: { original: 'clock/skip', restored: undefined, call: Nr.pause, soon: 3 },
		correct: 'equal',
	},
	{
		defect: 'file-size-changed',
		...files(1),
		verdict: 'differs',
		first: { original: step, restored: fault, soon: 10 },
		world: ['residual'],
		correct: /\/shared is another file than the one that was mapped/,
	},
	{
		defect: 'vdso-moved',
		...frozen(3),
		verdict: 'differs',
		first: { original: step, restored: fault, soon: 10 },
		correct: 'equal',
	},
	{ defect: 'register-clobbered', ...frozen(2), verdict: 'differs', first: FPU, correct: 'equal' },
	{ defect: 'register-clobbered=st1', ...frozen(2), verdict: 'differs', first: { ...FPU, soon: 12 }, correct: 'equal' },
	{
		defect: 'register-clobbered=xmm3',
		...frozen(2),
		verdict: 'differs',
		cause: { object: 'BITS/FPU', fields: ['payload xmm3'], text: 'an xmm register' },
		first: { original: 'memory/write', restored: 'memory/write', call: Nr.sigprocmask },
		correct: 'equal',
	},
];

/** Whether a cause that a report names is the one that is wanted. */
function is(cause: Cause, want: DefectCause): boolean {
	if (want.part !== undefined) return cause.part === want.part;
	return cause.object === want.object && (want.fields === undefined || want.fields.some((f) => cause.field?.startsWith(f)));
}

const shown = (causes: readonly Cause[]) =>
	causes.map((c) => [c.part ?? c.label ?? c.object, c.field, c.path].filter((s) => s !== undefined).join(' ')).join(', ');

/** The system call that a position is in: the last that was entered. */
function callAt({ happened }: Run, { at }: Side): number | undefined {
	const entered = happened.findLast(
		(h) => h.event.kind === 'syscall/enter' && (h.at.steps < at.steps || (h.at.steps === at.steps && h.at.k <= at.k)),
	);
	return entered?.event.kind === 'syscall/enter' ? entered.event.nr : undefined;
}

function checkFirst(made: Run, report: BisectReport, want: First): void {
	const { first } = report;
	assert.ok(first, 'a first difference');
	assert.is(first.original?.event.kind, want.original);
	assert.is(first.restored?.event.kind, want.restored);
	if (want.call !== undefined) assert.is(callAt(made, first.original!), want.call, 'the call it happens in');
	if (want.soon !== undefined) assert.ok(first.index <= want.soon, `${first.index} elements after the checkpoint`);
}

for (const row of ROWS) {
	const { defect, guest, args = [], signal, debugreg, place } = row;
	test(`${defect} in ${[guest, ...args].join(' ')}: ${row.verdict}`, async () => {
		const made = await run(guest, { args, signal, debugreg });
		const at = positionOf(made, place);
		const { rules, names } = plant([defect]);
		const report = bisect(made.trace, at, { rules, defects: names });
		assert.is(report.verdict, row.verdict, report.failure?.message ?? shown(report.causes));
		const want = row.cause ?? findDefect(defect.split('=')[0]).cause;
		const wanted = [want, ...(row.also ?? [])];
		assert.ok(
			report.causes.some((c) => is(c, want)),
			`named: ${shown(report.causes)}; wanted: ${want.text}`,
		);
		if (report.verdict === 'refused') assert.ok(is(report.causes[0], want), `named first: ${shown(report.causes)}`);
		// A refused image is named by what is wrong with it, then by where the restart stopped.
		const stopped = (c: Cause) => report.failure?.stage === 'restart' && c.label === report.failure.object;
		const others = report.causes.filter((c) => !wanted.some((w) => is(c, w)) && !stopped(c));
		assert.is(shown(others), '', 'named without reason');
		if (row.first) checkFirst(made, report, row.first);
		else assert.is(report.first, null);
		if (row.says) assert.match(report.failure?.message ?? '', row.says);

		const world = Object.fromEntries((row.world ?? []).map((key) => [key, rules[key]])) as Rules;
		const correct = bisect(made.trace, at, { rules: world });
		if (row.correct instanceof RegExp) {
			assert.is(correct.verdict, 'refused');
			assert.match(correct.failure?.message ?? '', row.correct);
		} else assert.is(correct.verdict, row.correct, `a correct engine: ${shown(correct.causes)}`);
	});
}

/** Two at once; each is named, and nothing else. */
const PAIRS: readonly (readonly [guest: string, place: Place, one: string, two: string])[] = [
	['frozen', mark(2), 'tls-slot-dropped', 'register-clobbered'],
	['frozen', mark(2), 'credentials-not-restored', 'mmap-base-lost'],
	['frozen', mark(2), 'signals-not-dumped', 'vma-flags-lost'],
	['frozen', mark(2), 'flags-unvalidated', 'ldt-unvalidated'],
	['frozen', mark(2), 'descriptors-not-dumped', 'timers-not-dumped'],
	['frozen', mark(2), 'never-woken', 'tls-slot-dropped'],
	['frozen', mark(2), 'registers-on-self', 'flags-unvalidated'],
	['frozen', mark(2), 'bits-unbounded', 'ldt-unvalidated'],
	['frozen', mark(2), 'pages-range-unchecked', 'flags-unvalidated'],
	['frozen', mark(2), 'vdso-as-plain-memory', 'vma-flags-lost'],
	['frozen', mark(3), 'vdso-moved', 'timer-remaining-lost'],
	['frozen_files', mark(1), 'mapped-file-changed', 'mapped-file-readonly'],
	['frozen_window', due, 'pause-window', 'timers-not-dumped'],
];

for (const [guest, place, one, two] of PAIRS) {
	test(`${one} and ${two} are told apart`, async () => {
		const made = await run(guest);
		const { rules, names } = plant([one, two]);
		const report = bisect(made.trace, positionOf(made, place), { rules, defects: names });
		assert.is(report.verdict, 'differs');
		const wanted = [one, two].map((name) => findDefect(name).cause);
		for (const want of wanted)
			assert.ok(
				report.causes.some((c) => is(c, want)),
				`named: ${shown(report.causes)}; wanted: ${want.text}`,
			);
		const others = report.causes.filter((c) => !wanted.some((w) => is(c, w)));
		assert.is(shown(others), '', 'named without reason');
	});
}

test('one that nothing depends on is told apart from one that matters', async () => {
	const made = await run('frozen');
	const { rules } = plant(['padding-leaks', 'times-not-restored', 'register-clobbered']);
	const report = bisect(made.trace, positionOf(made, mark(2)), { rules });
	assert.is(report.verdict, 'differs');
	assert.is(shown(report.causes), '#16 BITS/FPU payload st0 tasks[2].cpu.fx.st0');
	assert.ok(report.harmless.some((d) => d.cause.field === 'cpt_utime'));
	assert.ok(report.image.some((d) => d.field === '__cpt_pad1'));
});

test('a defect does nothing where there is nothing for it to do', async () => {
	const made = await run('frozen');
	const [first, second] = [positionOf(made, mark(1)), positionOf(made, mark(2))];
	const verdict = (at: typeof first, spec: string) => bisect(made.trace, at, { rules: plant([spec]).rules }).verdict;
	assert.is(verdict(second, 'fpu-never-used'), 'equal', 'the FPU was used');
	assert.is(verdict(second, 'fpu-init-state'), 'equal', 'its state is not the initial one');
	assert.is(verdict(second, 'ldt-always-read'), 'equal', 'there is an LDT');
	assert.is(verdict(first, 'ldt-headerless'), 'equal', 'there is no LDT');
	assert.is(verdict(first, 'used-math-mask'), 'equal', 'the FPU was never used');
	assert.is(verdict(first, 'segment-lost'), 'equal', 'every selector has a code');
	assert.is(verdict(second, 'short-header-garbage=0'), 'harmless', 'the heap says that there are no children');
	assert.is(verdict(second, 'pause-window'), 'equal', 'no call is slept in');
	assert.is(verdict(second, 'syscall-code-leaks'), 'equal');
	const reading = await run('frozen_calls');
	const asleepInRead = positionOf(reading, asleep(Nr.pause, 2));
	assert.is(
		bisect(reading.trace, asleepInRead, { rules: plant(['pause-window']).rules }).verdict,
		'equal',
		'nothing comes in the gap',
	);
});

/** Byte of the image at which every write of an object may fail: the object is named, whatever it is. */
test('a write that fails is named by its object, wherever it fails', async () => {
	const made = await run('frozen');
	const at = positionOf(made, mark(2));
	const { bytes } = checkpoint(freezeAt(made.trace as Trace, at)!);
	const objects = readImage(bytes);
	for (const byte of [500, 540, 545, 600, 700, 9000, 20000, bytes.length - 500]) {
		const there = objectAt(objects, byte)!;
		const { rules } = plant([`write-errors-ignored=${byte}`]);
		const report = bisect(made.trace, at, { rules });
		const where = `byte ${byte}, of ${there.label}: ${report.failure?.message ?? report.verdict}, ${shown(report.causes)}`;
		assert.is(report.verdict, 'refused', where);
		assert.is(report.causes[0].label ?? report.failure?.object, there.label, where);
	}
	const checked = bisect(made.trace, at, { rules: plant(['write-errors-ignored=40']).rules });
	assert.is(checked.failure?.stage, 'dump', 'the write of the TASK is checked even there');
});

test('the catalogue: names, what is needed, and a row here for each that can be switched on', () => {
	const names = DEFECTS.map((d) => d.name);
	assert.is(new Set(names).size, names.length, 'a name twice');
	const rows = new Set(ROWS.map((r) => r.defect.split('=')[0]));
	const guests = new Set(readManifest().map((g) => g.name));
	for (const { name, rules, needs, shows, what, cause, seen } of DEFECTS) {
		assert.is((rules === undefined) !== (needs === undefined), true, `${name}: rules, or what it needs`);
		assert.is(rules !== undefined, rows.has(name), `${name}: a row`);
		assert.ok(what !== '' && cause.text !== '' && seen !== '', name);
		if (rules) assert.ok(guests.has(shows!.split(':')[0]), `${name}: a guest in which it shows`);
	}
	assert.is(DEFECTS.length, 67);
	assert.is(DEFECTS.filter((d) => d.rules).length, 66);
});

test('what cannot be switched on says why', () => {
	const error = (spec: string) => {
		try {
			plant([spec]);
		} catch (e) {
			if (!(e instanceof DefectError)) throw e;
			return e.message;
		}
		return 'none';
	};
	assert.is(error('tls-slot-droped'), 'no defect tls-slot-droped; did you mean tls-slot-dropped?');
	assert.is(error('sigtimedwait'), 'no defect sigtimedwait; did you mean sigtimedwait-eintr?');
	assert.match(error('nonsense'), /no defect nonsense; `defects` lists them/);
	assert.is(error('page-stale'), 'page-stale cannot be switched on: it needs incremental images');
	assert.is(error('never-woken=3'), 'never-woken takes no argument');
	assert.is(error('tls-slot-dropped=3'), 'tls-slot-dropped=3: 3: not a number of 0 to 2');
	assert.is(error('flags-unvalidated=x'), 'flags-unvalidated=x: x: not one of eflags, tls, mxcsr, debugreg');
	assert.is(error('signals-not-dumped=x'), 'signals-not-dumped=x: x: not one of handlers, mask, pending, altstack, all');
	assert.equal(plant(['tls-slot-dropped=1', 'never-woken']).names, ['tls-slot-dropped=1', 'never-woken']);
});

test.run();
