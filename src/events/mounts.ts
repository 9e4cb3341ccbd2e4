/** Mounts and the file systems that are mounted (struct mount, struct super_block), and their events. */

/** A file system that is mounted somewhere, or that somebody still uses (struct super_block). It goes with its last mount. */
export interface SuperBlock {
	readonly id: number;
	/** `tmpfs`, `proc`. */
	readonly type: string;
	/** Device number as stat shows it: major << 8 | minor. */
	readonly dev: number;
	/** Whether nothing in it may change (SB_RDONLY). */
	readonly readonly: boolean;
	/** Its options as /proc/PID/mounts shows them, behind `rw`: `,size=1024k`. */
	readonly options: string;
	/** Blocks of 4096 bytes and inodes that it may have; 0 = as many as there is room for. */
	readonly blocks: number;
	readonly files: number;
	/** proc: the pid namespace whose processes it shows, an `Anon` of kind `ns`; 0 = the container's. */
	readonly pidNs: number;
}

/** A file system, or a part of one, in its place in a mount namespace. */
export interface Mount {
	readonly id: number;
	/** Guest-visible (mnt_id); who is mounted later has a higher one. */
	readonly number: number;
	/** Inode number of the mount namespace it is in; 0 = of none any more: it lives as long as somebody stands in it. */
	readonly ns: number;
	/** What it is mounted on: a mount, and an inode there. 0 = nothing: it is the top of its namespace, or is in none. */
	readonly parent: number;
	readonly point: number;
	readonly sb: number;
	/** What of its file system is seen: an inode. */
	readonly root: number;
	/** What mount(2) was told to mount. */
	readonly source: string;
	/** MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOSYMFOLLOW, MS_NOATIME, MS_NODIRATIME, MS_RELATIME. */
	readonly flags: number;
	/** The group that it shares with others what is mounted on it, and the one it hears of that from; guest-visible, 0 = none. */
	readonly peers: number;
	readonly master: number;
	/** It may not be bound elsewhere (MS_UNBINDABLE). */
	readonly unbindable: boolean;
	/** umount2 with MNT_EXPIRE has asked for it once. */
	readonly expiring: boolean;
}

export type MountFields = Partial<
	Pick<Mount, 'ns' | 'parent' | 'point' | 'flags' | 'peers' | 'master' | 'unbindable' | 'expiring'>
>;

export type MountEvent =
	| { readonly kind: 'super/new'; readonly superblock: SuperBlock }
	| {
			readonly kind: 'super/set';
			readonly superblock: number;
			readonly fields: Partial<Pick<SuperBlock, 'readonly' | 'options' | 'blocks' | 'files'>>;
	  }
	| { readonly kind: 'mount/new'; readonly mount: Mount }
	/** One that is in no namespace any more goes when nobody uses it; slaves of a group that nobody is in any more hear of its last one's master. */
	| { readonly kind: 'mount/set'; readonly mount: number; readonly fields: MountFields };
