/** All rows about files, but those of directories and of polling. */
import type { SyscallRow } from '../row.ts';
import { anonRows } from './anon.ts';
import { epollRows } from './epoll.ts';
import { fcntlRows } from './fcntl.ts';
import { attributeRows } from './files-attr.ts';
import { ioRows } from './files-io.ts';
import { absentRows } from './files-none.ts';
import { openRows } from './files-open.ts';
import { statRows } from './files-stat.ts';
import { syncRows } from './files-sync.ts';
import { ioctlRows } from './ioctl.ts';
import { pipeRows } from './pipes.ts';
import { posixTimerRows } from './posix-timers.ts';
import { socketRows } from './sockets.ts';
import { spliceRows } from './splice.ts';

export const fileRows: readonly SyscallRow[] = [
	...openRows,
	...ioRows,
	...statRows,
	...attributeRows,
	...syncRows,
	...fcntlRows,
	...ioctlRows,
	...pipeRows,
	...anonRows,
	...epollRows,
	...socketRows,
	...spliceRows,
	...posixTimerRows,
	...absentRows,
];
