/** The file of a recording: FILE.partial while it is made, FILE when it is whole; what FILE held before is replaced only then. */
import * as fs from 'node:fs';
import { basename } from 'node:path';
import { CliError, Exit, systemError } from './output.ts';

export class TraceFile {
	/** As the user named it. */
	readonly name: string;
	readonly #path: Buffer;
	/** Null for a device or a FIFO, which is written straight. */
	readonly #partial: Buffer | null;
	readonly #fd: number;

	/** Opens it for writing. `program` is what it may not replace. */
	static create(path: Buffer, program: Buffer): TraceFile {
		const name = path.toString();
		try {
			return new TraceFile(path, program);
		} catch (error) {
			if (error instanceof CliError) throw error;
			const { code } = error as NodeJS.ErrnoException;
			throw failed(`-o ${name}: ${code === 'ENOENT' ? 'no such directory' : systemError(error)}`);
		}
	}

	private constructor(path: Buffer, program: Buffer) {
		this.name = path.toString();
		if (path.length === 0) throw failed('-o: the name of a file wanted, nothing got');
		const there = fs.statSync(path, { throwIfNoEntry: false });
		if (there?.isDirectory() || path.at(-1) === 0x2f) throw failed(`-o ${this.name}: a file wanted, a directory got`);
		const real = there ? (fs.realpathSync(path as unknown as string, 'buffer') as unknown as Buffer) : path;
		const { dev, ino } = fs.statSync(program);
		if (there?.dev === dev && there.ino === ino)
			throw failed(`-o ${this.name}: that is ${basename(this.name)}, the program to be recorded`);
		this.#path = real;
		this.#partial = there && !there.isFile() ? null : Buffer.concat([real, Buffer.from('.partial')]);
		this.#fd = fs.openSync(this.#partial ?? real, 'w');
	}

	/** Writes all of a frame. */
	write(frame: Uint8Array): void {
		try {
			for (let done = 0; done < frame.length; ) done += fs.writeSync(this.#fd, frame, done);
		} catch (error) {
			throw failed(`${this.name}: ${systemError(error)}`);
		}
	}

	/** The trace is whole. */
	finish(): void {
		fs.closeSync(this.#fd);
		if (this.#partial) fs.renameSync(this.#partial, this.#path);
	}

	/** The recording failed: nothing stays. */
	drop(): void {
		try {
			fs.closeSync(this.#fd);
		} catch {
			// Closed already: the rename failed.
		}
		if (this.#partial) fs.rmSync(this.#partial, { force: true });
	}
}

function failed(text: string): CliError {
	return new CliError(text, Exit.RECORD_FAILED);
}
