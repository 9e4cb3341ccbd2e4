/** Random scripts of file calls, in the form that files.native.c reads. The same seed gives the same scripts. */

/** mulberry32. */
function generator(seed: number): (n: number) => number {
	let a = seed >>> 0;
	return (n) => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), a | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) % n;
	};
}

const NAMES = [
	'a',
	'b',
	'c',
	'd',
	'e',
	'd/a',
	'd/b',
	'd/e',
	'e/a',
	'e/d',
	'l',
	'm',
	'd/l',
	'd/../a',
	'./b',
	'd/e/a',
	'priv/a',
	'st/a',
	'st/b',
];
const ODD = [
	'',
	'.',
	'd/.',
	'd/..',
	'a/',
	'd/',
	'e/',
	'l/',
	'a/b',
	'nope/x',
	'm/a',
	'x'.repeat(256),
	'/dev/null',
	'/dev/zero',
	'/dev/full',
	'priv',
	'st',
	'f',
];
const TARGETS = ['a', 'd', 'l', 'nope', 'd/a', '../a', './d/', 'm', 'e/a', '.'];
const O = {
	CREAT: 0o100,
	EXCL: 0o200,
	TRUNC: 0o1000,
	APPEND: 0o2000,
	NONBLOCK: 0o4000,
	LARGE: 0o100000,
	DIR: 0o200000,
	NOFOLLOW: 0o400000,
	CLOEXEC: 0o2000000,
	PATH: 0o10000000,
};

/** One script: as root, then (for odd seeds) as user 1000, who is in group 2000 too. */
export function script(seed: number, length = 120): string[] {
	const next = generator(seed);
	const one = <T>(list: readonly T[]): T => list[next(list.length)];
	const maybe = (n: number) => next(n) === 0;
	const path = () => `=${maybe(6) ? one(ODD) : one(NAMES)}`;
	const dirfd = () => (maybe(5) ? fd() : -100);
	const fd = () => (maybe(12) ? one([-1, 1000, 40]) : 3 + next(7));
	const mode = () => one([0o644, 0o600, 0o755, 0o444, 0, 0o4755, 0o2755, 0o2644, 0o1777, 0o777]);
	const bytes = (n: number) => Array.from({ length: n }, () => next(256).toString(16).padStart(2, '0')).join('');
	const offset = () => one([0, 0, 1, 5, 100, 4090, 4096, 5000, 9000, -1]);
	const high = (low: number) => (low < 0 ? -1 : 0);
	const flags = () => {
		let f = one([0, 1, 2, 2]);
		for (const [bit, n] of [
			[O.CREAT, 2],
			[O.EXCL, 8],
			[O.TRUNC, 8],
			[O.APPEND, 8],
			[O.LARGE, 3],
			[O.DIR, 12],
			[O.NOFOLLOW, 10],
			[O.CLOEXEC, 6],
			[O.PATH, 25],
		]) {
			if (maybe(n)) f |= bit;
		}
		return f | O.NONBLOCK;
	};
	const vector = () => bytes(1 + next(40));
	const calls: (() => string)[] = [
		() => `5 ${path()} ${flags()} ${mode()}`,
		() => `5 ${path()} ${flags()} ${mode()}`,
		() => `5 ${path()} ${O.NONBLOCK} 0`,
		() => `295 ${dirfd()} ${path()} ${flags()} ${mode()}`,
		() => `5 ${path()} ${O.CREAT | O.TRUNC | O.NONBLOCK | 1} ${mode()}`,
		() => `6 ${fd()}`,
		() => {
			const data = vector();
			return `4 ${fd()} <${data} ${data.length / 2}`;
		},
		() => {
			const data = vector();
			return `4 ${fd()} <${data} ${data.length / 2}`;
		},
		() => `3 ${fd()} >${100} ${next(100)}`,
		() => `3 ${fd()} >${9000} ${next(9000)}`,
		() => {
			const at = offset();
			return `180 ${fd()} >50 ${next(50)} ${at} ${high(at)}`;
		},
		() => {
			const [data, at] = [vector(), offset()];
			return `181 ${fd()} <${data} ${data.length / 2} ${at} ${high(at)}`;
		},
		() => `19 ${fd()} ${one([0, 1, -1, 5, 100, 5000, -100])} ${one([0, 0, 1, 1, 2, 2, 9])}`,
		() => {
			const low = one([0, 1, -1, 100, -100]);
			return `140 ${fd()} ${high(low)} ${low} !8 ${next(3)}`;
		},
		() => `41 ${fd()}`,
		() => `63 ${fd()} ${fd()}`,
		() => `330 ${fd()} ${fd()} ${one([0, O.CLOEXEC, 1])}`,
		() => `221 ${fd()} ${one([0, 1030])} ${one([0, 5, 8, 5000])}`,
		() => `221 ${fd()} 1 0`,
		() => `221 ${fd()} 2 ${next(2)}`,
		() => `221 ${fd()} 3 0`,
		() => `221 ${fd()} 4 ${one([0, O.APPEND, O.NONBLOCK, O.APPEND | O.NONBLOCK]) | O.NONBLOCK}`,
		() => `195 ${path()} S`,
		() => `196 ${path()} S`,
		() => `196 ${path()} S`,
		() => `197 ${fd()} S`,
		() => `300 ${dirfd()} ${path()} S ${one([0, 0x100, 0x1000, 0x800, 0x10000])}`,
		() => `33 ${path()} ${one([0, 1, 2, 4, 7, 8])}`,
		() => `439 ${dirfd()} ${path()} ${next(8)} ${one([0, 0x100, 0x200, 0x1000])}`,
		() => `85 ${path()} >${100} ${one([0, 1, 100, -1])}`,
		() => `39 ${path()} ${mode()}`,
		() => `39 ${path()} ${mode()}`,
		() => `296 ${dirfd()} ${path()} ${mode()}`,
		() => `40 ${path()}`,
		() => `10 ${path()}`,
		() => `301 ${dirfd()} ${path()} ${one([0, 0x200, 1])}`,
		() => `38 ${path()} ${path()}`,
		() => `38 ${path()} ${path()}`,
		() => `353 ${dirfd()} ${path()} ${dirfd()} ${path()} ${one([0, 1, 2, 3, 8])}`,
		() => `9 ${path()} ${path()}`,
		() => `303 -100 ${path()} -100 ${path()} ${one([0, 0x400])}`,
		() => `83 =${one(TARGETS)} ${path()}`,
		() => `83 =${one(TARGETS)} =${one(['l', 'm', 'd/l'])}`,
		() => `15 ${path()} ${mode()}`,
		() => `94 ${fd()} ${mode()}`,
		() => `212 ${path()} ${one([-1, 0, 1000, 1001])} ${one([-1, 0, 1000, 2000, 3000])}`,
		() => `198 ${path()} ${one([-1, 1000])} ${one([-1, 1000, 2000])}`,
		() => `207 ${fd()} ${one([-1, 1000])} ${one([-1, 2000])}`,
		() => `92 ${path()} ${one([0, 3, 5000, -1])}`,
		() => {
			const at = offset();
			return `194 ${fd()} ${at} ${high(at)}`;
		},
		() => `93 ${fd()} ${offset()}`,
		() => `220 ${fd()} D ${one([4096, 4096, 4096, 10])}`,
		() => `12 ${one(['=d', '=..', '=.', '=e', '=a', '=nope', '=st'])}`.replace('=..', '=.'),
		() => `133 ${fd()}`,
		() => `331 !8 ${O.NONBLOCK | (maybe(2) ? O.CLOEXEC : 0)}`,
		() => `14 ${path()} ${one([0o100644, 0o644, 0o10644, 0o40755, 0o170644])} 0`,
		() => `60 ${one([0, 0o22, 0o77])}`,
		() => `187 ${fd()} ${fd()} 0 ${next(50)}`,
		() => `377 ${fd()} 0 ${fd()} 0 ${next(50)} 0`,
		() => `324 ${fd()} ${one([0, 1, 3, 0x10])} ${one([0, 10, 5000])} 0 ${one([0, 1, 100, 5000])} 0`,
		() => `118 ${fd()}`,
		() => `436 ${3 + next(5)} ${3 + next(8)} ${one([0, 4, 1])}`,
		() => `168 *${[fd(), fd()].map((n) => pollfd(n, one([1, 4, 5]))).join('')} 2 0`,
		() => `54 ${fd()} ${0x541b} !4`,
		() => `54 ${fd()} ${one([0x5401, 0x5450, 0x5451])} !40`,
		() => `143 ${fd()} ${one([1, 8, 3, 0])}`,
		() => `320 ${dirfd()} ${path()} ${one([0, `<${bytes(16)}`, `<${'00'.repeat(16)}`])} ${one([0, 0x100, 8])}`,
	];
	const lines = [
		'39 =priv 448',
		'5 =priv/a 577 384',
		'6 3',
		'39 =st 1023',
		'15 =st 1023',
		'5 =st/a 577 438',
		'6 3',
		'39 =d 511',
		'15 =d 511',
		'5 =a 577 438',
		'6 3',
		'14 =f 4534 0',
	];
	if (seed % 2 === 1) lines.push('206 1 <d0070000', '210 1000 1000 1000', '208 1000 1000 1000');
	while (lines.length < length) lines.push(one(calls)());
	return lines;
}

function pollfd(fd: number, events: number): string {
	return Buffer.from(new Uint8Array(Int32Array.of(fd, events).buffer)).toString('hex');
}
