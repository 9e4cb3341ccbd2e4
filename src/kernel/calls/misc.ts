/** Calls about the machine: uname, sysinfo, getrandom, getcpu, membarrier, host names. */
import { PAGE_SIZE } from '../../events/pages.ts';
import { Errno } from '../abi/errno.ts';
import { setWords, viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import { freePages } from '../memory-limit.ts';
import { utsNames } from '../namespaces.ts';
import { randomBytes } from '../random.ts';
import type { Handler, SyscallRow } from '../row.ts';

function unameFields({ state, task }: Decision): readonly string[] {
	const { sysname, release, version, machine } = state.persona;
	return [sysname, utsNames(state, task).nodename, release, version, machine];
}

/** Fixed-size, zero-padded, NUL-terminated strings one after the other. */
function fixedStrings(strings: readonly string[], size: number): Uint8Array {
	const bytes = new Uint8Array(strings.length * size);
	for (const [i, s] of strings.entries()) {
		for (let k = 0; k < Math.min(s.length, size - 1); k++) bytes[i * size + k] = s.charCodeAt(k);
	}
	return bytes;
}

/** struct new_utsname: six of 65 bytes; old_utsname lacks the last; oldold_utsname has 9 bytes each. */
const uname: Handler = (d, [pointer]) => {
	const { domainname } = utsNames(d.state, d.task);
	return d.write(pointer, fixedStrings([...unameFields(d), domainname], 65)) ? 0 : -Errno.EFAULT;
};
const olduname: Handler = (d, [pointer]) => (d.write(pointer, fixedStrings(unameFields(d), 65)) ? 0 : -Errno.EFAULT);
const oldolduname: Handler = (d, [pointer]) => (d.write(pointer, fixedStrings(unameFields(d), 9)) ? 0 : -Errno.EFAULT);

/** struct sysinfo of i386: 64 bytes, memory in bytes (mem_unit 1). */
const sysinfo: Handler = (d, [pointer]) => {
	const bytes = new Uint8Array(64);
	const view = viewOf(bytes);
	const { memoryBytes } = d.state.persona;
	// uptime, three load averages, totalram, freeram, sharedram, bufferram, totalswap, freeswap
	setWords(view, 0, [Math.floor(d.now / 1e9), 0, 0, 0, memoryBytes, freePages(d) * PAGE_SIZE, 0, 0, 0, 0]);
	view.setUint16(40, Object.keys(d.state.tasks).length, true);
	// totalhigh, freehigh, mem_unit
	setWords(view, 44, [0, 0, 1]);
	return d.write(pointer, bytes) ? 0 : -Errno.EFAULT;
};

/** GRND_NONBLOCK 1, GRND_RANDOM 2, GRND_INSECURE 4. */
const getrandom: Handler = (d, [pointer, length, flags]) => {
	if (flags & ~7 || (flags & 6) === 6) return -Errno.EINVAL;
	const size = Math.min(length, 0x1ffffff);
	if (size === 0) return 0;
	if (!d.writable(pointer, size)) return -Errno.EFAULT;
	return d.write(pointer, randomBytes(d, size)) ? size : -Errno.EFAULT;
};

const getcpu: Handler = (d, [cpu, node]) => {
	for (const pointer of [cpu, node]) if (pointer !== 0 && !d.writeU32(pointer, 0)) return -Errno.EFAULT;
	return 0;
};

/** MEMBARRIER_CMD_GLOBAL is the only command offered: with one processor it is nothing. */
const GLOBAL = 1;
const membarrier: Handler = (_d, [command, flags]) => {
	if (flags !== 0) return -Errno.EINVAL;
	return command === 0 ? GLOBAL : command === GLOBAL ? 0 : -Errno.EINVAL;
};

export const miscRows: readonly SyscallRow[] = [
	{ nr: 59, name: 'oldolduname', args: ['addr'], support: 'full', handler: oldolduname },
	{ nr: 103, name: 'syslog', args: ['int', 'addr', 'int'], support: 'full', handler: () => -Errno.EPERM },
	{ nr: 109, name: 'olduname', args: ['addr'], support: 'full', handler: olduname },
	{ nr: 116, name: 'sysinfo', args: ['addr'], support: 'partial', note: 'no load averages', handler: sysinfo },
	{ nr: 122, name: 'uname', args: ['struct:utsname-out'], support: 'full', handler: uname },
	{ nr: 318, name: 'getcpu', args: ['int-out', 'int-out', 'addr'], support: 'full', handler: getcpu },
	{ nr: 355, name: 'getrandom', args: ['buf-out', 'size', 'flags:GRND'], support: 'full', handler: getrandom },
	{
		nr: 375,
		name: 'membarrier',
		args: ['hex', 'hex', 'int'],
		support: 'partial',
		note: 'one processor: MEMBARRIER_CMD_GLOBAL only',
		handler: membarrier,
	},
];
