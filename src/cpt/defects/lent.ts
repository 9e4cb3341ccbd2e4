/**
 * What a restart without its object gets instead: parts of the lent state as the restarter has them, or files that are not what
 * they were. Each function takes the state that is lent and returns another.
 */
import type { AltStack, FdTable, Inode, OpenFile, SigAction, Table } from '../../events/entities.ts';
import { PAGE_SIZE, Pages } from '../../events/pages.ts';
import type { MachineState, Task, ThreadGroup } from '../../reducers/state.ts';
import { DefectError } from './defect.ts';

const DEFAULT: SigAction = { handler: 0, flags: 0, restorer: 0, mask: 0n };
const SS_DISABLE = 2;
const NO_STACK: AltStack = { sp: 0, size: 0, flags: SS_DISABLE };
const INFINITY = 0xffffffff;
const UMASK = 0o22;

function map<T>(table: Table<T>, change: (value: T) => T): Table<T> {
	return Object.fromEntries(Object.entries(table).map(([id, value]) => [id, change(value as T)]));
}

export const eachTask = (s: MachineState, change: (task: Task) => Task): MachineState => ({ ...s, tasks: map(s.tasks, change) });
export const eachGroup = (s: MachineState, change: (group: ThreadGroup) => ThreadGroup): MachineState => ({
	...s,
	groups: map(s.groups, change),
});

/** Parts of the signal state by name. */
export const SIGNALS = {
	handlers: (s) => ({ ...s, sighands: map(s.sighands, (h) => ({ ...h, actions: h.actions.map(() => DEFAULT) })) }),
	mask: (s) => eachTask(s, (t) => ({ ...t, blocked: 0n, savedMask: null })),
	pending: (s) =>
		eachTask(
			eachGroup(s, (g) => ({ ...g, pending: [] })),
			(t) => ({ ...t, pending: [] }),
		),
	altstack: (s) => eachTask(s, (t) => ({ ...t, altstack: NO_STACK })),
} satisfies Record<string, (s: MachineState) => MachineState>;

/** Descriptors 0–2 are the caller's, what they were to begin with; others are absent. */
export function callersDescriptors(s: MachineState): MachineState {
	const kind = (f: OpenFile) => s.inodes[f.inode]?.kind;
	const fdTables = map(s.fdTables, (table) => {
		const fds = [0, 1, 2].flatMap((n) => {
			const own = table.fds[n] && s.files[table.fds[n].file];
			const still = own !== undefined && (kind(own) === 'stream' || kind(own) === 'char') ? own : undefined;
			const file = still ?? Object.values(s.files).find((f) => kind(f) === 'stream' && s.inodes[f.inode].channel === n);
			return file === undefined ? [] : [[n, { file: file.id, cloexec: false }] as const];
		});
		return { ...table, fds: Object.fromEntries(fds) };
	});
	const kept = new Set(Object.values(fdTables).flatMap((t: FdTable) => Object.values(t.fds).map((fd) => fd.file)));
	const files = Object.fromEntries(Object.entries(s.files).filter(([id]) => kept.has(Number(id))));
	// Namespaces are no descriptors.
	const anons = Object.fromEntries(Object.entries(s.anons).filter(([, anon]) => anon.kind === 'ns'));
	return { ...s, fdTables, files, pipes: {}, anons };
}

/** What a restarted task has of the one who restarts it, unless it is restored. */
export const INHERITED = {
	files: callersDescriptors,
	cwd: (s) => ({ ...s, fsStructs: map(s.fsStructs, (fs) => ({ ...fs, cwd: fs.root, cwdMount: fs.rootMount, cwdPath: '/' })) }),
	umask: (s) => ({ ...s, fsStructs: map(s.fsStructs, (fs) => ({ ...fs, umask: UMASK })) }),
	handlers: SIGNALS.handlers,
	mask: SIGNALS.mask,
	limits: (s) => eachGroup(s, (g) => ({ ...g, rlimits: g.rlimits.map(() => [INFINITY, INFINITY] as const) })),
} satisfies Record<string, (s: MachineState) => MachineState>;

/** The choice of an argument: one of the names, or `all`. @throws DefectError */
export function choose(
	table: Readonly<Record<string, (s: MachineState) => MachineState>>,
	arg: string,
): (s: MachineState) => MachineState {
	if (arg === 'all') return (s) => Object.values(table).reduce((state, change) => change(state), s);
	const change = Object.hasOwn(table, arg) ? table[arg] : undefined;
	if (change === undefined) throw new DefectError(`${arg}: not one of ${[...Object.keys(table), 'all'].join(', ')}`);
	return change;
}

/** The file that changes: the one of that path, or the first that is mapped and is not the program itself. */
function victim(s: MachineState, path: string): Inode {
	const mapped = Object.values(s.mms).flatMap((mm) => mm.vmas.filter((v) => v.inode !== 0 && v.inode !== mm.exe));
	const vma =
		path === ''
			? mapped[0]
			: Object.values(s.mms)
					.flatMap((mm) => mm.vmas)
					.find((v) => v.path === path);
	const inode = vma && s.inodes[vma.inode];
	if (inode === undefined)
		throw new DefectError(path === '' ? 'the defect needs a mapped file besides the program' : `${path} is not mapped`);
	return inode;
}

/** Another file has taken the name of a mapped one. Descriptors and the program's own name lead to it, too; mappings remember. */
function replaced(
	s: MachineState,
	old: Inode,
	make: (pages: Pages, size: number) => { readonly pages: Pages; readonly size: number },
) {
	const [id, object, ino] = [s.next.inode, s.next.object, s.next.ino];
	const { pages, size } = make(s.objects[old.object].pages, old.size);
	const inode: Inode = { ...old, id, ino, object, size };
	const to = (n: number) => (n === old.id ? id : n);
	const inodes = Object.fromEntries(
		Object.entries(map(s.inodes, (i) => ({ ...i, entries: i.entries.map((e) => ({ ...e, inode: to(e.inode) })) }))).filter(
			([n]) => Number(n) !== old.id,
		),
	);
	const objects = Object.fromEntries(Object.entries(s.objects).filter(([n]) => Number(n) !== old.object));
	return {
		...s,
		next: { ...s.next, inode: id + 1, object: object + 1, ino: ino + 1 },
		inodes: { ...inodes, [id]: inode },
		objects: { ...objects, [object]: { id: object, kind: 'file' as const, pages, size } },
		files: map(s.files, (f) => ({ ...f, inode: to(f.inode) })),
		mms: map(s.mms, (mm) => ({ ...mm, exe: to(mm.exe) })),
	};
}

/** A mapped file has other contents: every byte of it is inverted. */
export function otherContents(path: string) {
	return (s: MachineState): MachineState =>
		replaced(s, victim(s, path), (pages, size) => {
			const inverted = [...pages.entries()].map(([i, bytes]) => [i, bytes.map((b) => b ^ 0xff)] as const);
			return { pages: Pages.EMPTY.with(inverted), size };
		});
}

/** A mapped file has another size: shorter ones are cut at a page, longer ones go on with zeros. `pages`: how many it is longer. */
export function otherSize(path: string, pages: number) {
	return (s: MachineState): MachineState =>
		replaced(s, victim(s, path), (old, was) => {
			const size = pages > 0 ? was + pages * PAGE_SIZE : Math.max(0, Math.ceil(was / PAGE_SIZE) + pages) * PAGE_SIZE;
			const kept = [...old.entries()].filter(([i]) => i * PAGE_SIZE < size);
			return { pages: Pages.EMPTY.with(kept), size };
		});
}

/** A mapped file is gone: its name leads nowhere. */
export function noFile(path: string) {
	return (s: MachineState): MachineState => {
		const old = victim(s, path);
		const gone = replaced(s, old, (pages, size) => ({ pages, size }));
		const found = gone.next.inode - 1;
		return { ...gone, inodes: map(gone.inodes, (i) => ({ ...i, entries: i.entries.filter((e) => e.inode !== found) })) };
	};
}
