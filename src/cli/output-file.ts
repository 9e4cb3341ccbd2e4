/** A file that a command writes: FILE.partial while it is made, FILE when it is whole; what FILE held before is replaced only then. */
import * as fs from 'node:fs';
import { basename } from 'node:path';
import { CliError, Exit, systemError } from './output.ts';

/** A file that is read, which the output may not replace. */
export interface Source {
	readonly path: string | Buffer;
	/** `the program to be recorded`. */
	readonly what: string;
}

export interface OutputOptions {
	/** Name of the option that asked for it. */
	readonly option?: string;
	readonly sources?: readonly Source[];
	/** Exit status of a failure. */
	readonly status?: number;
}

export class OutputFile {
	/** As the user named it. */
	readonly name: string;
	readonly #path: Buffer;
	/** Null for a device or a FIFO, which is written straight. */
	readonly #partial: Buffer | null;
	readonly #fd: number;
	readonly #status: number;

	/** Opens it for writing. */
	static create(path: Buffer | string, options: OutputOptions = {}): OutputFile {
		const { option = '-o', status = Exit.USAGE } = options;
		try {
			return new OutputFile(Buffer.from(path), { ...options, option, status });
		} catch (error) {
			if (error instanceof CliError) throw error;
			const { code } = error as NodeJS.ErrnoException;
			throw new CliError(`${option} ${path}: ${code === 'ENOENT' ? 'no such directory' : systemError(error)}`, status);
		}
	}

	private constructor(path: Buffer, { option, status, sources = [] }: OutputOptions & { option: string; status: number }) {
		this.name = path.toString();
		this.#status = status;
		const refuse = (why: string): never => {
			throw new CliError(why, status);
		};
		if (path.length === 0) refuse(`${option}: the name of a file wanted, nothing got`);
		const there = fs.statSync(path, { throwIfNoEntry: false });
		if (there?.isDirectory() || path.at(-1) === 0x2f) refuse(`${option} ${this.name}: a file wanted, a directory got`);
		const real = there ? (fs.realpathSync(path as unknown as string, 'buffer') as unknown as Buffer) : path;
		for (const source of sources) {
			const { dev, ino } = fs.statSync(source.path);
			if (there?.dev === dev && there.ino === ino)
				refuse(`${option} ${this.name}: that is ${basename(this.name)}, ${source.what}`);
		}
		this.#path = real;
		this.#partial = there && !there.isFile() ? null : Buffer.concat([real, Buffer.from('.partial')]);
		this.#fd = fs.openSync(this.#partial ?? real, 'w');
	}

	/** Writes all of a piece. */
	write(bytes: Uint8Array): void {
		try {
			for (let done = 0; done < bytes.length; ) done += fs.writeSync(this.#fd, bytes, done);
		} catch (error) {
			throw new CliError(`${this.name}: ${systemError(error)}`, this.#status);
		}
	}

	/** The file is whole. */
	finish(): void {
		fs.closeSync(this.#fd);
		if (this.#partial) fs.renameSync(this.#partial, this.#path);
	}

	/** It failed: nothing stays. */
	drop(): void {
		try {
			fs.closeSync(this.#fd);
		} catch {
			// Closed already: the rename failed.
		}
		if (this.#partial) fs.rmSync(this.#partial, { force: true });
	}
}

/** Writes a whole file. */
export function writeOutput(path: string, pieces: Iterable<Uint8Array>, options: OutputOptions = {}): void {
	const file = OutputFile.create(path, options);
	try {
		for (const piece of pieces) file.write(piece);
		file.finish();
	} catch (error) {
		file.drop();
		throw error;
	}
}
