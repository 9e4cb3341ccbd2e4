/**
 * A restart of one's own, for `replay bisect … --restarter examples/restarter.ts` and `replay sweep`: it turns an image into
 * the events that fill an empty, frozen machine. This one takes the shipped restart event by event, which is where to begin:
 * replace the events of one kind of object by your own, and ask after each whether the run still is the same.
 */
import { type ImageObject, type Restarter, type RestoreEvent, readImage, restart } from 'cpt-replay';

const restarter: Restarter = function* (image, context) {
	const objects = readImage(image);
	for (const event of restart(image, context)) {
		yield event.kind === 'restore/object' ? taken(event, objects[event.number]) : event;
	}
};

/** Our own way with one kind of object: the registers, read from their fields once more. */
function taken(event: Extract<RestoreEvent, { kind: 'restore/object' }>, object: ImageObject): RestoreEvent {
	const { effect } = event;
	if (effect.kind !== 'registers') return event;
	const regs = { ...effect.regs, esi: object.num('cpt_si'), edi: object.num('cpt_di') };
	return { ...event, effect: { ...effect, regs } };
}

export default restarter;
