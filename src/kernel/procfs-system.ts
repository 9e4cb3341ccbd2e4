/**
 * The files of /proc that tell of the machine and not of a process (fs/proc, kernel/sysctl.c of Linux 6.1). All are read only;
 * what this machine does not count is 0.
 */
import { PID_MAX } from '../reducers/task.ts';
import type { Decision } from './decision.ts';
import { freePages, memoryPages } from './memory-limit.ts';
import { utsNames } from './namespaces.ts';
import { processorInfo } from './procfs-cpu.ts';
import { FILESYSTEMS } from './procfs-mounts.ts';
import { groupCpuNs } from './timers.ts';

const line = (what: (d: Decision) => string | number) => (d: Decision) => `${what(d)}\n`;
const seconds = (ns: number): string => (Math.floor(ns / 1e7) / 100).toFixed(2);

/** Contents by path below /proc. */
const FILES: { readonly [path: string]: (d: Decision) => string } = {
	cpuinfo: ({ state }) => processorInfo(state.persona),
	filesystems: () => FILESYSTEMS,
	loadavg: line(({ state }) => `0.00 0.00 0.00 ${running(state)}/${Object.keys(state.tasks).length} ${state.next.pid - 1}`),
	meminfo: memoryInfo,
	stat: machineStat,
	uptime: line((d) => `${seconds(d.now)} 0.00`),
	version: line(({ state: { persona } }) => `${persona.sysname} version ${persona.release} ${persona.version}`),
	'sys/kernel/cap_last_cap': line(() => 40),
	'sys/kernel/domainname': line((d) => utsNames(d.state, d.task).domainname),
	'sys/kernel/hostname': line((d) => utsNames(d.state, d.task).nodename),
	'sys/kernel/ngroups_max': line(() => 65536),
	'sys/kernel/osrelease': line((d) => d.state.persona.release),
	'sys/kernel/ostype': line((d) => d.state.persona.sysname),
	'sys/kernel/pid_max': line(() => PID_MAX),
	'sys/kernel/randomize_va_space': line(() => 0),
	'sys/kernel/version': line((d) => d.state.persona.version),
	'sys/vm/max_map_count': line(() => 65530),
	'sys/vm/overcommit_memory': line(() => 0),
};

/** What stands at a path below /proc: a file, a directory, or nothing of the machine's. */
export function systemKind(path: string): 'file' | 'dir' | undefined {
	if (Object.hasOwn(FILES, path)) return 'file';
	return systemNames(path).length > 0 ? 'dir' : undefined;
}

/** Names in a directory of the machine's, sorted; '' is the top. */
export function systemNames(path: string): readonly string[] {
	const below = path === '' ? '' : `${path}/`;
	const names = Object.keys(FILES).filter((file) => file.startsWith(below));
	return [...new Set(names.map((file) => file.slice(below.length).split('/')[0]))].sort();
}

export function systemText(d: Decision, path: string): string {
	return FILES[path](d);
}

const running = (state: Decision['state']): number => Object.values(state.tasks).filter((t) => t.state === 'running').length;

/** /proc/stat: of the only processor, in 1/100 s: what tasks that live used, all of it user time. */
function machineStat({ state, now, realNow }: Decision): string {
	const used = Object.keys(state.groups).reduce((sum, id) => sum + groupCpuNs(state, Number(id)), 0);
	const user = Math.floor(used / 1e7);
	const idle = Math.max(0, Math.floor(now / 1e7) - user);
	const cpu = `${user} 0 0 ${idle} 0 0 0 0 0 0`;
	const boot = (realNow - BigInt(Math.floor(now))) / 1_000_000_000n;
	const lines = [`cpu  ${cpu}`, `cpu0 ${cpu}`, 'intr 0', 'ctxt 0', `btime ${boot}`, `processes ${state.next.pid - 1}`];
	return `${[...lines, `procs_running ${running(state)}`, 'procs_blocked 0'].join('\n')}\n`;
}

/** /proc/meminfo: what is free is what no process and no file holds; nothing is swapped or given back. */
function memoryInfo(d: Decision): string {
	const free = freePages(d) * 4;
	const lines = {
		MemTotal: memoryPages(d.state) * 4,
		MemFree: free,
		MemAvailable: free,
		Buffers: 0,
		Cached: 0,
		SwapTotal: 0,
		SwapFree: 0,
	};
	return Object.entries(lines)
		.map(([name, kib]) => `${`${name}:`.padEnd(16)}${String(kib).padStart(8)} kB\n`)
		.join('');
}
