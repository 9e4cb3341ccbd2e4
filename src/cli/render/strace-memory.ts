/** Calls about other processes in strace's format: process_vm_readv, process_vm_writev, kcmp. */
import { type CallContext, iovecText, type Part, part } from './strace-args.ts';
import { type CallText, done } from './strace-parts.ts';
import { pointer, SHOWN, view } from './strace-words.ts';

/** Buffers by their addresses: what is in them is another's, or did not come. */
const places =
	(i: number) =>
	({ args, read }: CallContext): string => {
		const [at, total] = [args[i], args[i + 1]];
		const count = Math.min(total, SHOWN);
		const bytes = count === 0 ? undefined : read(at, count * 8);
		if (bytes === undefined) return count === 0 && at !== 0 ? '[]' : pointer(at);
		const word = (n: number) => view(bytes).getUint32(n * 4, true);
		const parts = Array.from({ length: count }, (_, n) => `{iov_base=${pointer(word(2 * n))}, iov_len=${word(2 * n + 1)}}`);
		return `[${parts.join(', ')}${total > count ? ', ...' : ''}]`;
	};

const REST: readonly Part[] = [part('ulong', 2), { text: places(3) }, part('ulong', 4), part('ulong', 5)];
const CAME: Part = {
	out: true,
	text: (c) => (done(c) ? iovecText(c.args[1], c.args[2], c.result ?? 0, c.read) : places(1)(c)),
};

/** KCMP_FILE and KCMP_EPOLL_TFD: the kinds that take numbers. */
const [FILE, EPOLL, UNKNOWN] = [0, 7, 8];

const INDEXES: Part = {
	text: ({ args, read }) => {
		const [, , type, one, two] = args;
		if (type === FILE || type >= UNKNOWN) return `${one}, ${two}`;
		if (type !== EPOLL) return undefined;
		const bytes = two === 0 ? undefined : read(two, 12);
		const slot = bytes && [0, 4, 8].map((o) => view(bytes).getUint32(o, true));
		return `${one}, ${slot ? `{efd=${slot[0]}, tfd=${slot[1]}, toff=${slot[2]}}` : pointer(two)}`;
	},
};

export const MEMORY_TEXTS: { readonly [name: string]: CallText } = {
	process_vm_readv: { parts: [part('pid', 0), CAME, ...REST] },
	process_vm_writev: { parts: [part('pid', 0), part('iovec', 1), ...REST] },
	kcmp: { parts: [part('pid', 0), part('pid', 1), part('enum:kcmp', 2), INDEXES] },
};
