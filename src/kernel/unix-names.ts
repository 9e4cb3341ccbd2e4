/** Names of AF_UNIX sockets: paths, and abstract ones that begin with NUL (net/unix/af_unix.c of Linux 6.1). */
import type { Anon } from '../events/entities.ts';
import { AF_UNIX } from './abi/anon.ts';
import { Errno } from './abi/errno.ts';
import { AT_FDCWD } from './abi/fcntl.ts';
import { viewOf } from './abi/words.ts';
import type { Decision, NeedInput } from './decision.ts';
import { failed } from './fail.ts';
import { resolve } from './paths.ts';
import { fsIds, MAY_WRITE, permitted } from './permissions.ts';
import { randomBytes } from './random.ts';

/** struct sockaddr_un: the family, and 108 bytes. */
const SOCKADDR_UN = 110;

/** The bytes of a sockaddr, one character each; its first two are the family. -errno: EINVAL EFAULT */
export function readAddress(d: Decision, at: number, length: number): string | number {
	if (length > 128 || (length | 0) < 0) return -Errno.EINVAL;
	const bytes = d.read(at, length);
	return bytes === undefined ? -Errno.EFAULT : String.fromCharCode(...bytes);
}

/** The family of an address, or -1 of one too short for it. */
export function familyOf(address: string): number {
	return address.length < 2 ? -1 : address.charCodeAt(0) | (address.charCodeAt(1) << 8);
}

/** The name in an address: a path up to its NUL, or an abstract name in its whole length. -EINVAL: it has none. */
export function nameOf(address: string): string | number {
	if (address.length <= 2 || address.length > SOCKADDR_UN || familyOf(address) !== AF_UNIX) return -Errno.EINVAL;
	const name = address.slice(2);
	return name[0] === '\0' ? name : name.replace(/\0.*$/s, '');
}

/** struct sockaddr_un of a name: a path with its NUL. */
export function addressOf(name: string): Uint8Array {
	const text = name === '' || name[0] === '\0' ? name : `${name}\0`;
	const bytes = new Uint8Array(2 + text.length);
	viewOf(bytes).setUint16(0, AF_UNIX, true);
	for (let i = 0; i < text.length; i++) bytes[2 + i] = text.charCodeAt(i);
	return bytes;
}

/** Puts a name where the caller wants it, cut to the room there is (move_addr_to_user). 0, -EFAULT, -EINVAL */
export function tellAddress(d: Decision, address: Uint8Array, at: number, lengthAt: number): number {
	const room = d.u32(lengthAt);
	if (room === undefined) return -Errno.EFAULT;
	if ((room | 0) < 0) return -Errno.EINVAL;
	if (!d.write(at, address.subarray(0, room))) return -Errno.EFAULT;
	return d.writeU32(lengthAt, address.length) ? 0 : -Errno.EFAULT;
}

type Socket = Anon & { readonly kind: 'socket' };

function socketsOf(d: Decision): readonly Socket[] {
	return Object.values(d.state.anons).filter((a) => a.kind === 'socket');
}

/** Who has an abstract name. Each type has names of its own. */
export function namedSocket(d: Decision, name: string, type: number): Socket | undefined {
	return socketsOf(d).find((s) => s.named && s.name === name && s.type === type);
}

/** A name of five hexadecimal digits that nobody has: unix_autobind. */
export function autobind(d: Decision, socket: Socket): void {
	const [a, b, c] = randomBytes(d, 3);
	let n = (a | (b << 8) | (c << 16)) & 0xfffff;
	const name = () => `\0${n.toString(16).padStart(5, '0')}`;
	while (namedSocket(d, name(), socket.type)) n = (n + 1) & 0xfffff;
	d.emit({ kind: 'anon/set', anon: { ...(d.state.anons[socket.id] as Socket), name: name(), named: true } });
}

/** unix_find_other: who has this name. -errno: of the look-up, EACCES, ECONNREFUSED, EPROTOTYPE */
export function findSocket(d: Decision, name: string, type: number): Socket | number | NeedInput {
	if (name[0] === '\0') return namedSocket(d, name, type) ?? -Errno.ECONNREFUSED;
	const there = resolve(d, AT_FDCWD, name, 'follow');
	if (failed(there)) return there;
	if (!permitted(fsIds(d.task.creds), there.inode, MAY_WRITE)) return -Errno.EACCES;
	const socket = socketsOf(d).find((s) => s.named && s.bound !== 0 && s.bound === there.inode.id);
	if (there.inode.kind !== 'socket' || socket === undefined) return -Errno.ECONNREFUSED;
	return socket.type === type ? socket : -Errno.EPROTOTYPE;
}
