/** Options of tmpfs as mount(2) is given them, and as /proc shows them (shmem_parse_options, shmem_show_options of mm/shmem.c, Linux 6.1). */
import { PAGE_SIZE } from '../events/pages.ts';

export interface TmpfsOptions {
	/** Pages, inodes; undefined: not said, 0: without limit. */
	readonly blocks: number | undefined;
	readonly files: number | undefined;
	/** Permission bits of the root directory. */
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
}

const DEFAULT_MODE = 0o1777;
const UNITS = 'KMGTPE';
/** Numbers beyond are no sizes of anything here. */
const LIMIT = 2 ** 50;

/** memparse: a number, decimal, octal or hexadecimal, with a unit behind it; undefined: something else. */
function size(text: string): number | undefined {
	const found = /^(0x[0-9a-f]+|[0-9]+)([kmgtpe]?)$/i.exec(text);
	if (found === null) return undefined;
	const digits = /^0[0-7]+$/.test(found[1]) ? `0o${found[1].slice(1)}` : found[1];
	const scale = 1024 ** (UNITS.indexOf(found[2].toUpperCase()) + 1);
	return found[2] === '' ? Number(digits) : Math.min(LIMIT, Number(digits) * scale);
}

const octal = (text: string) => (/^[0-7]{1,11}$/.test(text) ? Number.parseInt(text, 8) : undefined);
const plain = (text: string) => (/^[0-9]{1,10}$/.test(text) ? Number(text) : undefined);

/** Words that say nothing about tmpfs itself: flags in words (common_set_sb_flag), where memory comes from, how wide inode numbers are. */
const FLAGS = ['ro', 'rw', 'sync', 'async', 'dirsync', 'mand', 'nomand', 'lazytime', 'nolazytime', 'inode32'];
const ACCEPTED = [...FLAGS, ...['never', 'always', 'within_size', 'advise'].map((when) => `huge=${when}`)];

/** @param pages of memory, which sizes in per cent mean. undefined: EINVAL */
export function parseTmpfs(text: string, pages: number, uid: number, gid: number): TmpfsOptions | undefined {
	let options: TmpfsOptions = { blocks: undefined, files: undefined, mode: DEFAULT_MODE, uid, gid };
	for (const word of text.split(',')) {
		if (word === '' || ACCEPTED.includes(word)) continue;
		const [key, value = ''] = word.split(/=(.*)/s);
		const changed = option(key, value, pages);
		if (changed === undefined || Object.values(changed).includes(undefined)) return undefined;
		options = { ...options, ...changed } as TmpfsOptions;
	}
	return options;
}

/** What a word sets; undefined in it: a value that cannot be; undefined: a word that tmpfs does not know. */
function option(
	key: string,
	value: string,
	pages: number,
): { readonly [name in keyof TmpfsOptions]?: number | undefined } | undefined {
	switch (key) {
		case 'size': {
			const percent = /^([0-9]{1,6})%$/.exec(value);
			if (percent !== null) return { blocks: Math.ceil((Number(percent[1]) * pages) / 100) };
			const bytes = size(value);
			return { blocks: bytes === undefined ? undefined : Math.ceil(bytes / PAGE_SIZE) };
		}
		case 'nr_blocks':
			return { blocks: size(value) };
		case 'nr_inodes':
			return { files: size(value) };
		case 'mode': {
			const mode = octal(value);
			return { mode: mode === undefined ? undefined : mode & 0o7777 };
		}
		case 'uid':
			return { uid: plain(value) };
		case 'gid':
			return { gid: plain(value) };
		default:
			return undefined;
	}
}

/** What /proc/PID/mounts shows behind `rw`: what was asked for. */
export function showTmpfs({ blocks, files, mode, uid, gid }: TmpfsOptions): string {
	return [
		blocks === undefined ? '' : `,size=${blocks * (PAGE_SIZE / 1024)}k`,
		files === undefined ? '' : `,nr_inodes=${files}`,
		mode === DEFAULT_MODE ? '' : `,mode=${mode.toString(8).padStart(3, '0')}`,
		uid === 0 ? '' : `,uid=${uid}`,
		gid === 0 ? '' : `,gid=${gid}`,
	].join('');
}
