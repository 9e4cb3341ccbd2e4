/** The error of a broken checkpoint image: always a position, a name, what was wanted and what is there. */

/** What an ImageError says. */
export interface ImageFault {
	/** Byte offset in the image of the field or payload that is wrong; its length, when the image ends too early. */
	readonly offset: number;
	/** Which object: number and name (`#3 VMA`), or a struct's C name. */
	readonly object: string;
	/** C name of the field (`cpt_len`, `cpt_tls[1]`) or part (`payload`); empty when the object as a whole is meant. */
	readonly field?: string;
	readonly want: string;
	readonly got: string;
	/** The image ends before what a length or a count says it holds (a restart answers -EIO; anything else is -EINVAL). */
	readonly short?: boolean;
}

/** Broken image. The message is one line: object, offset, wanted, got. */
export class ImageError extends Error implements ImageFault {
	override readonly name = 'ImageError';
	readonly offset: number;
	readonly object: string;
	readonly field: string;
	readonly want: string;
	readonly got: string;
	readonly short: boolean;

	constructor(fault: ImageFault) {
		const field = fault.field ?? '';
		const place = field === '' ? fault.object : `${fault.object} ${field}`;
		super(`${place} at byte 0x${fault.offset.toString(16)}: want ${fault.want}, got ${fault.got}`);
		this.offset = fault.offset;
		this.object = fault.object;
		this.field = field;
		this.want = fault.want;
		this.got = fault.got;
		this.short = fault.short ?? false;
	}
}
