/**
 * What /proc/PID tells of a process in numbers: memory, limits, open files (fs/proc/{task_mmu,base,fd}.c of Linux 6.1). Every
 * mapped page counts as resident.
 */
import type { Mm, Task } from '../events/entities.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { Vm } from '../reducers/state.ts';
import { O } from './abi/fcntl.ts';
import { RLIM_INFINITY } from './abi/mm.ts';
import type { Decision } from './decision.ts';
import { isData, mappedPages } from './memory-rlimits.ts';

const isStack = (flags: number): boolean => (flags & Vm.GROWSDOWN) !== 0;
const isCode = (flags: number): boolean => (flags & (Vm.EXEC | Vm.WRITE | Vm.GROWSDOWN)) === Vm.EXEC;

/** Pages of the program's own text. */
function textPages({ startCode, endCode }: Mm): number {
	return Math.ceil(endCode / PAGE_SIZE) - Math.floor(startCode / PAGE_SIZE);
}

/** Pages of files, and of memory that is shared. */
const filePages = (mm: Mm): number => mm.vmas.reduce((n, v) => (v.object === 0 ? n : n + (v.end - v.start) / PAGE_SIZE), 0);

/** /proc/PID/statm: size, resident, shared, text, 0, data and stack, 0, in pages. */
export function statm(mm: Mm | undefined): string {
	if (mm === undefined) return '0 0 0 0 0 0 0\n';
	const size = mappedPages(mm, () => true);
	const data = mappedPages(mm, (flags) => isData(flags) || isStack(flags));
	return `${size} ${size} ${filePages(mm)} ${textPages(mm)} 0 ${data} 0\n`;
}

/** The lines of /proc/PID/status about memory. */
export function memoryStatus(mm: Mm): [string, string][] {
	const size = mappedPages(mm, () => true);
	const text = textPages(mm);
	const files = filePages(mm);
	const counts: [string, number][] = [
		['VmPeak', size],
		['VmSize', size],
		['VmLck', mappedPages(mm, (flags) => (flags & Vm.LOCKED) !== 0)],
		['VmPin', 0],
		['VmHWM', size],
		['VmRSS', size],
		['RssAnon', size - files],
		['RssFile', files],
		['RssShmem', 0],
		['VmData', mappedPages(mm, isData)],
		['VmStk', mappedPages(mm, isStack)],
		['VmExe', text],
		['VmLib', Math.max(0, mappedPages(mm, isCode) - text)],
		['VmPTE', 0],
		['VmSwap', 0],
	];
	return counts.map(([name, pages]) => [name, `${String(pages * 4).padStart(8)} kB`]);
}

/** Names and units of the limits, by number. */
const LIMITS: readonly (readonly [string, string])[] = [
	['Max cpu time', 'seconds'],
	['Max file size', 'bytes'],
	['Max data size', 'bytes'],
	['Max stack size', 'bytes'],
	['Max core file size', 'bytes'],
	['Max resident set', 'bytes'],
	['Max processes', 'processes'],
	['Max open files', 'files'],
	['Max locked memory', 'bytes'],
	['Max address space', 'bytes'],
	['Max file locks', 'locks'],
	['Max pending signals', 'signals'],
	['Max msgqueue size', 'bytes'],
	['Max nice priority', ''],
	['Max realtime priority', ''],
	['Max realtime timeout', 'us'],
];

/** /proc/PID/limits. */
export function limits(d: Decision, task: Task): string {
	const shown = (limit: number): string => (limit === RLIM_INFINITY ? 'unlimited' : String(limit)).padEnd(20);
	const rows = d.state.groups[task.group].rlimits.map(([soft, hard], i) => {
		const [name, unit] = LIMITS[i];
		return `${name.padEnd(25)} ${shown(soft)} ${shown(hard)} ${unit === '' ? '' : unit.padEnd(10)}\n`;
	});
	return `${'Limit'.padEnd(25)} ${'Soft Limit'.padEnd(20)} ${'Hard Limit'.padEnd(20)} ${'Units'.padEnd(10)}\n${rows.join('')}`;
}

/** /proc/PID/fdinfo/FD: position, flags, mount, inode. */
export function descriptorInfo(d: Decision, task: Task, fd: number): string {
	const entry = d.state.fdTables[task.fdTable]?.fds[fd];
	if (entry === undefined) return '';
	const { pos, flags, mount, inode } = d.state.files[entry.file];
	const shown = (flags | (entry.cloexec ? O.CLOEXEC : 0)) >>> 0;
	return `pos:\t${pos}\nflags:\t0${shown.toString(8)}\nmnt_id:\t${mount}\nino:\t${d.state.inodes[inode].ino}\n`;
}
