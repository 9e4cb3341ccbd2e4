/** Reducers of mounts and superblocks. */
import { assertNever } from '../events/assert.ts';
import type { MountEvent } from '../events/mounts.ts';
import type { StateDraft } from './draft.ts';
import { enter, entity } from './draft.ts';
import { dropInodeIfUnused, dropMountIfUnused, setMount } from './lifetime.ts';

export function reduceMount(d: StateDraft, e: MountEvent): void {
	switch (e.kind) {
		case 'super/new':
			enter(d, 'supers', e.superblock.id, e.superblock);
			return;
		case 'super/set':
			Object.assign(entity(d, 'supers', e.superblock), e.fields);
			return;
		case 'mount/new':
			enter(d, 'mounts', e.mount.id, e.mount);
			return;
		case 'mount/set': {
			const { point } = d.mounts[e.mount];
			setMount(d, e.mount, e.fields);
			if (e.fields.point !== undefined && e.fields.point !== point) dropInodeIfUnused(d, point);
			dropMountIfUnused(d, e.mount);
			return;
		}
		default:
			assertNever(e, 'event');
	}
}
