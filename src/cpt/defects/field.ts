/** The catalogue, part three: defects that other projects met in the field. */
import { type CpuState, initialFx } from '../../events/cpu.ts';
import { FX_FIELDS } from '../../reducers/fx-names.ts';
import type { MachineState } from '../../reducers/state.ts';
import { Restart } from '../../reducers/state.ts';
import { number, oneOf } from './argument.ts';
import { type Defect, DefectError } from './defect.ts';
import { eachGroup, otherSize } from './lent.ts';
import { asleepIn, leaveCall } from './restored.ts';
import { ownersDied, splitFiles } from './trees.ts';

const PAGE_SIZE = 4096;
const VDSO_PATH = '[vdso]';
const REGISTERS = Object.fromEntries(FX_FIELDS.filter(({ name }) => /^(st|xmm)\d$/.test(name)).map((f) => [f.name, f]));

const same = (a: Uint8Array, b: Uint8Array) => a.every((byte, i) => byte === b[i]);

/** The vDSO, some pages below where it was. @throws DefectError when something is there */
function moved(lent: MachineState, mm: number, start: number, pages: number): number {
	const to = start - pages * PAGE_SIZE;
	const taken = lent.mms[mm].vmas.some((v) => v.start < to + PAGE_SIZE && v.end > to);
	if (to < PAGE_SIZE || taken) throw new DefectError(`the vDSO cannot be ${pages} pages lower: ${to.toString(16)} is taken`);
	return to;
}

export const FIELD_DEFECTS: readonly Defect[] = [
	{
		name: 'tls-slot-dropped',
		where: 'field',
		seen: 'criu#228, rr#2642',
		who: '',
		what: 'one TLS descriptor is not reloaded; gs points nowhere',
		cause: { object: 'TASK', fields: ['cpt_tls'], text: 'TASK.cpt_tls[i]' },
		arg: { what: 'the slot, 0 to 2', default: '0' },
		shows: 'frozen: reads through gs',
		rules: (arg) => {
			const slot = number(arg, 0, 2);
			return {
				restored: (effect) => {
					if (effect.kind !== 'task') return effect;
					const tls = effect.value.tls.map((d, i) => (i === slot ? { a: 0, b: 0 } : d));
					return { ...effect, value: { ...effect.value, tls } };
				},
			};
		},
	},
	{
		name: 'fpu-init-state',
		where: 'field',
		seen: 'criu#2201',
		who: '',
		what: 'an FPU area in its initial state is restored as zeros (control word 0)',
		cause: { object: 'BITS/FPU', fields: ['payload fcw', 'payload mxcsr'], text: 'BITS/FPU control words' },
		shows: 'frozen: before its first instruction of the FPU, which then sees a control word of 0',
		rules: () => ({
			restored: (effect) =>
				effect.kind === 'fpu' && same(effect.fx, initialFx()) ? { ...effect, fx: new Uint8Array(effect.fx.length) } : effect,
		}),
	},
	{
		name: 'restart-block-eintr',
		where: 'field',
		seen: 'criu#2512, #1589, #1328',
		who: '',
		what: 'nanosleep and poll come back early with EINTR',
		cause: { part: 'restart block', text: 'restart block' },
		shows: 'frozen_calls: asleep in poll, which says EINTR',
		rules: () => ({
			restored: (effect, object) =>
				effect.kind === 'registers' && asleepIn(object)?.code === Restart.BLOCK ? leaveCall(effect) : effect,
			lost: ['restart block'],
		}),
	},
	{
		name: 'timer-remaining-lost',
		where: 'field',
		seen: 'criu#2559, #3162',
		who: '',
		what: 'a one-shot timer is not re-armed, or a periodic one starts with value 0',
		cause: { part: 'task timers', text: 'interval timer' },
		shows: 'frozen: waits for an alarm that never comes',
		rules: () => ({
			residual: (s) => eachGroup(s, (g) => ({ ...g, itimers: { ...g.itimers, real: { ...g.itimers.real, expires: null } } })),
			lost: ['task timers'],
		}),
	},
	{
		name: 'futex-absolute-time',
		where: 'field',
		seen: 'criu#1232, #1911',
		who: '',
		what: 'absolute timeouts are not shifted by the time spent frozen (`--downtime`)',
		cause: { part: 'clock', text: 'clock offset' },
		arg: { what: 'ns that it was frozen', default: '20000000' },
		shows: 'frozen_calls: a sleep until a time ends early, by the time it was frozen',
		rules: (arg) => {
			const ns = number(arg, 1);
			return {
				end: ({ scheduler, clock }) => [
					{ kind: 'restore/end', scheduler, realOffsetNs: clock.realOffsetNs, skewNs: clock.skewNs + ns },
				],
			};
		},
	},
	{
		name: 'signal-too-early',
		where: 'field',
		seen: 'criu#666',
		who: '',
		what: 'a pending signal is delivered before the whole tree is restored',
		cause: { part: 'task signal state', text: 'order of restore events' },
		arg: { what: 'steps that the root runs before its children are there', default: '400' },
		shows: 'sigchld_info: the handler of a SIGCHLD runs before the child is there to be waited for',
		rules: (arg) => ({ rootRunsEarly: number(arg, 1, 1_000_000) }),
	},
	{
		name: 'robust-owner-died',
		where: 'field',
		seen: 'criu#3095',
		who: '',
		what: 'the dump kills the tasks and the kernel stamps OWNER_DIED into shared memory',
		cause: { part: 'shared memory', text: 'shared page' },
		shows: 'frozen_tree: the lock is marked before its owner has ended',
		rules: () => ({ residual: ownersDied }),
	},
	{
		name: 'file-offset-split',
		where: 'field',
		seen: '(class)',
		who: '',
		what: 'the offset of a shared open file is restored per descriptor',
		cause: { part: 'task descriptor table', text: 'open file offset' },
		shows: 'frozen_tree: what a child reads does not move the parent',
		rules: () => ({ residual: splitFiles, lost: ['task descriptor table'] }),
	},
	{
		name: 'file-size-changed',
		where: 'field',
		seen: 'criu#1258, #515',
		who: '',
		what: 'the file is longer or shorter than at the checkpoint and nobody notices',
		cause: { object: 'NAME', text: 'NAME or file state' },
		arg: { what: 'pages that the first file mapped besides the program is longer; negative: shorter', default: '-1' },
		shows: 'frozen_files: reads the last page of a mapped file',
		rules: (arg) => ({ residual: otherSize('', number(arg, -0x80000, 0x80000)), unchecked: ['file-identity'] }),
	},
	{
		name: 'vdso-moved',
		where: 'field',
		seen: 'criu#512, dmtcp#392',
		who: '',
		what: 'eip or a saved return address lies in a vDSO that now is elsewhere',
		cause: { part: 'mm vDSO address', text: 'mm vDSO address' },
		arg: { what: 'pages below its old place', default: '256' },
		shows: 'frozen: inside a handler, which returns through the vDSO',
		rules: (arg) => {
			const pages = number(arg, 1, 0xfffff);
			return {
				restored: (effect, _object, lent) => {
					if (effect.kind === 'mm' && effect.mm.vdso !== 0) {
						const vdso = moved(lent, effect.mm.id, effect.mm.vdso, pages);
						return { ...effect, mm: { ...effect.mm, vdso } };
					}
					if (effect.kind !== 'vma' || effect.vma.path !== VDSO_PATH) return effect;
					const start = moved(lent, effect.mm, effect.vma.start, pages);
					return { ...effect, vma: { ...effect.vma, start, end: start + PAGE_SIZE } };
				},
				lost: ['mm vDSO address'],
			};
		},
	},
	{
		name: 'page-stale',
		where: 'field',
		seen: 'criu#209, #218, #244',
		who: '',
		what: 'one dirty page is missed by an incremental dump',
		cause: { object: 'PAGES', text: 'PAGES of that VMA' },
		needs: 'incremental images',
	},
	{
		name: 'register-clobbered',
		where: 'field',
		seen: 'criu#1379',
		who: '',
		what: 'helper code that runs in the task leaves one extended register changed',
		cause: { object: 'BITS/FPU', fields: ['payload st'], text: 'BITS/FPU (an st register)' },
		arg: { what: 'the register, st0 to st7 or xmm0 to xmm7', default: 'st0' },
		shows: 'frozen: stores a constant that it had on the FPU stack',
		rules: (arg) => {
			const { offset: at } = REGISTERS[oneOf(arg, Object.keys(REGISTERS))];
			return {
				restored: (effect) => {
					if (effect.kind !== 'fpu') return effect;
					const fx: CpuState['fx'] = effect.fx.slice();
					fx[at] ^= 0xff;
					return { ...effect, fx };
				},
			};
		},
	},
];
