/** Events of files: descriptors, open files, inodes, directories, pipes, the recorder's own descriptors. */
import type { Anon, FileLock, FsStruct, Inode, OpenFile, Pipe, SocketMessage } from './entities.ts';

export type InodeFields = Omit<Inode, 'id' | 'ino' | 'sb' | 'kind' | 'object' | 'size' | 'entries' | 'locks'>;

export type FileEvent =
	| { readonly kind: 'file/open'; readonly file: OpenFile }
	| {
			readonly kind: 'file/set';
			readonly file: number;
			readonly fields: Partial<Pick<OpenFile, 'pos' | 'flags' | 'owner' | 'signal'>>;
	  }
	/** A descriptor is made or replaced. */
	| { readonly kind: 'fd/set'; readonly table: number; readonly fd: number; readonly file: number; readonly cloexec: boolean }
	/** A descriptor goes; the open file goes with its last descriptor, a pipe with its last open file, an unlinked inode with its last user. */
	| { readonly kind: 'fd/close'; readonly table: number; readonly fd: number }
	| {
			readonly kind: 'fs/set';
			readonly fs: number;
			readonly fields: Partial<Omit<FsStruct, 'id'>>;
	  }
	/** A new inode (a file with its empty memory object). Not in any directory until dir/link. */
	| { readonly kind: 'inode/new'; readonly inode: Inode }
	| { readonly kind: 'inode/set'; readonly inode: number; readonly fields: Partial<InodeFields> }
	/** The locks held on a file become these. */
	| { readonly kind: 'inode/lock'; readonly inode: number; readonly locks: readonly FileLock[] }
	/** Bytes written to a file, which grows as needed (a hole reads as zeros). */
	| { readonly kind: 'inode/write'; readonly inode: number; readonly offset: number; readonly bytes: Uint8Array }
	| { readonly kind: 'inode/truncate'; readonly inode: number; readonly size: number }
	| { readonly kind: 'dir/link'; readonly dir: number; readonly name: string; readonly inode: number }
	| { readonly kind: 'dir/unlink'; readonly dir: number; readonly name: string }
	| { readonly kind: 'pipe/new'; readonly pipe: Pipe }
	| { readonly kind: 'pipe/set'; readonly pipe: number; readonly fields: Partial<Pick<Pipe, 'capacity'>> }
	| { readonly kind: 'pipe/write'; readonly pipe: number; readonly bytes: Uint8Array }
	/** The first `length` bytes were taken. */
	| { readonly kind: 'pipe/read'; readonly pipe: number; readonly length: number }
	/** The guest wrote to the recorder's descriptor: this is its output. */
	| { readonly kind: 'stream/output'; readonly stream: number; readonly bytes: Uint8Array }
	| { readonly kind: 'anon/new'; readonly anon: Anon }
	/** What stands behind a descriptor without a name becomes this. */
	| { readonly kind: 'anon/set'; readonly anon: Anon }
	/** Bytes come to a socket: to the end of a stream, or as a message. */
	| ({ readonly kind: 'socket/receive'; readonly anon: number } & SocketMessage)
	/** The first `length` bytes of a stream with what came with them, or the first message whatever its length, were taken. */
	| { readonly kind: 'socket/take'; readonly anon: number; readonly length: number }
	| { readonly kind: 'stream/read'; readonly stream: number; readonly length: number };
