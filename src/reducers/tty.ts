/** Reducers of terminals. */
import { assertNever } from '../events/assert.ts';
import type { TtyEvent } from '../events/tty.ts';
import type { StateDraft } from './draft.ts';
import { enter, entities, entity } from './draft.ts';

export function reduceTty(d: StateDraft, e: TtyEvent): void {
	switch (e.kind) {
		case 'tty/new':
			enter(d, 'ttys', e.tty.id, e.tty);
			return;
		case 'tty/set':
			Object.assign(entity(d, 'ttys', e.tty), e.fields);
			return;
		case 'tty/hangup':
			hangUp(d, e.tty);
			return;
		default:
			assertNever(e, 'event');
	}
}

function hangUp(d: StateDraft, id: number): void {
	const tty = entity(d, 'ttys', id);
	for (const { id: member, session, tgid } of entities(d.groups)) {
		if (d.groups[member].tty !== id) continue;
		const group = entity(d, 'groups', member);
		group.tty = 0;
		if (session === tgid) group.oldPgrp = tty.pgrp;
	}
	const { slave, master } = tty.wakes;
	tty.wakes = {
		slave: { read: slave.read + 1, write: slave.write + 1 },
		master: { read: master.read + 1, write: master.write + 1 },
	};
	tty.hungUp = true;
	tty.session = 0;
	tty.pgrp = 0;
}
