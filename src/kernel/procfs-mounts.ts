/** /proc/PID/mounts and /proc/PID/mountinfo (fs/proc_namespace.c of Linux 6.1): what of a task's mounts can be seen from its root. */
import type { FsStruct, Task } from '../events/entities.ts';
import type { Mount } from '../events/mounts.ts';
import type { MachineState } from '../reducers/state.ts';
import { MS } from './abi/mount.ts';
import { isReadOnly, mountsOf } from './mounts.ts';
import { namespaceIno } from './namespaces.ts';
import { dominating } from './propagation.ts';
import { filePath, pathFrom } from './seen-paths.ts';

/** The file systems that mount(2) has (/proc/filesystems). */
export const FILESYSTEMS = 'nodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\n';

/** What the top of every namespace is mounted on: a file system that nobody sees. */
const BELOW_ALL = 1;

const FLAGS: readonly (readonly [flag: number, text: string])[] = [
	[MS.NOSUID, ',nosuid'],
	[MS.NODEV, ',nodev'],
	[MS.NOEXEC, ',noexec'],
	[MS.NOATIME, ',noatime'],
	[MS.NODIRATIME, ',nodiratime'],
	[MS.RELATIME, ',relatime'],
	[MS.NOSYMFOLLOW, ',nosymfollow'],
];

const access = (readonly: boolean) => (readonly ? 'ro' : 'rw');

/** Characters of a name that would end a field, in octal (mangle). */
function mangled(text: string, special: RegExp): string {
	return text.replace(special, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
const PATH = /[ \t\n\\]/g;
const NAME = /[ \t\n\\#]/g;

function flagsOf({ flags }: Mount): string {
	return FLAGS.map(([flag, text]) => (flags & flag ? text : '')).join('');
}

/** A line for each mount of the task's namespace whose place its root can see. */
function lines(state: MachineState, task: Task, line: (mount: Mount, path: string) => string): string {
	const fs = state.fsStructs[task.fs];
	if (fs === undefined) return '';
	return mountsOf(state, namespaceIno(state, task, 'mnt'))
		.map((mount) => {
			const path = pathFrom(state, fs, mount.id, filePath(state, state.inodes[mount.root]) ?? '/');
			return path === undefined ? '' : line(mount, mangled(path, PATH));
		})
		.join('');
}

export function mounts(state: MachineState, task: Task): string {
	return lines(state, task, (mount, path) => {
		const { type, options } = state.supers[mount.sb];
		const how = `${access(isReadOnly(state, mount.id))}${flagsOf(mount)}${options}`;
		return `${mangled(mount.source, NAME)} ${path} ${type} ${how} 0 0\n`;
	});
}

/** What a mount shares, and with whom. */
function sharing(state: MachineState, fs: FsStruct, mount: Mount): string {
	const { peers, master, unbindable } = mount;
	const from = dominating(state, fs, mount);
	return [
		peers === 0 ? '' : ` shared:${peers}`,
		master === 0 ? '' : ` master:${master}`,
		from === 0 || from === master ? '' : ` propagate_from:${from}`,
		unbindable ? ' unbindable' : '',
	].join('');
}

export function mountInfo(state: MachineState, task: Task): string {
	const fs = state.fsStructs[task.fs];
	return lines(state, task, (mount, path) => {
		const { number, parent, flags, source } = mount;
		const { dev, type, options, readonly } = state.supers[mount.sb];
		const above = state.mounts[parent]?.number ?? BELOW_ALL;
		const root = mangled(filePath(state, state.inodes[mount.root]) ?? '/', PATH);
		const how = `${access((flags & MS.RDONLY) !== 0)}${flagsOf(mount)}${sharing(state, fs, mount)}`;
		const place = `${number} ${above} ${dev >>> 8}:${dev & 0xff} ${root} ${path} ${how}`;
		return `${place} - ${type} ${mangled(source, NAME)} ${access(readonly)}${options}\n`;
	});
}
