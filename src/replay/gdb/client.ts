/** A connection to a gdb stub: one request, one answer. */
import { connect, type Socket } from 'node:net';
import { encodePacket, fromHex, PacketReader, RemoteError } from './packets.ts';

/** How long an answer may take, ms: a call that waits is the program's own affair and has no limit. */
const ANSWER_MS = 30_000;
/** Characters of a packet at most, when the stub does not say. */
const PACKET_SIZE = 0x1000;

export class Client {
	readonly #socket: Socket;
	readonly #reader = new PacketReader();
	#acknowledge = true;
	#waiting: { resolve: (data: string) => void; reject: (error: Error) => void; sent: string } | undefined;
	#closed: Error | undefined;
	/** Bytes of memory that one packet may ask for. */
	chunk = PACKET_SIZE / 2 - 8;

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.setNoDelay(true);
		socket.on('data', (data) => this.#receive(data.toString('latin1')));
		const gone = (error?: Error) => {
			this.#closed ??= new RemoteError(error ? `the connection failed: ${error.message}` : 'the stub closed the connection');
			this.#waiting?.reject(this.#closed);
			this.#waiting = undefined;
		};
		socket.on('error', gone);
		socket.on('close', () => gone());
	}

	static async open(host: string, port: number): Promise<Client> {
		const socket = await new Promise<Socket>((resolve, reject) => {
			const made = connect({ host, port }, () => resolve(made));
			made.once('error', reject);
		}).catch((error: Error) => {
			throw new RemoteError(`no stub at ${host}:${port}: ${error.message}`);
		});
		const client = new Client(socket);
		const supported = await client.ask(
			'qSupported:multiprocess-;swbreak+;hwbreak+;xmlRegisters=i386;qXfer:features:read+;no-resumed-',
		);
		const size = /(?:^|;)PacketSize=([0-9a-f]+)/i.exec(supported);
		if (size) client.chunk = Math.max(64, Math.min(0x4000, Math.floor(Number.parseInt(size[1], 16) / 2) - 8));
		if (/QStartNoAckMode\+/.test(supported) && (await client.ask('QStartNoAckMode')) === 'OK') client.#acknowledge = false;
		return client;
	}

	/** Sends a request and waits for its answer. `patient`: the program runs meanwhile. */
	ask(data: string, patient = false): Promise<string> {
		if (this.#closed) return Promise.reject(this.#closed);
		return new Promise((resolve, reject) => {
			const timer = patient ? undefined : setTimeout(() => this.#expire(data), ANSWER_MS);
			const done = () => clearTimeout(timer);
			this.#waiting = {
				resolve: (answer) => {
					done();
					resolve(answer);
				},
				reject: (error) => {
					done();
					reject(error);
				},
				sent: encodePacket(data),
			};
			this.#socket.write(this.#waiting.sent, 'latin1');
		});
	}

	#expire(data: string): void {
		this.#closed = new RemoteError(`no answer to ${data.slice(0, 20)} within ${ANSWER_MS / 1000} s`);
		this.#waiting?.reject(this.#closed);
		this.#socket.destroy();
	}

	#receive(text: string): void {
		try {
			for (const packet of this.#reader.push(text)) {
				if (this.#acknowledge) this.#socket.write(packet === undefined ? '-' : '+');
				// Console output of the program (`O…`) is no answer, but for OK.
				if (packet === undefined || (packet.startsWith('O') && packet !== 'OK')) continue;
				const waiting = this.#waiting;
				this.#waiting = undefined;
				waiting?.resolve(packet);
			}
		} catch (error) {
			this.#waiting?.reject(error as Error);
			this.#waiting = undefined;
		}
	}

	/** A qXfer object whole, or undefined when the stub has none. */
	async transfer(object: string, annex: string): Promise<string | undefined> {
		let text = '';
		for (;;) {
			const answer = await this.ask(`qXfer:${object}:read:${annex}:${text.length.toString(16)},${(this.chunk).toString(16)}`);
			if (answer === '' || answer.startsWith('E')) return undefined;
			text += answer.slice(1);
			if (answer[0] === 'l') return text;
			if (answer[0] !== 'm') throw new RemoteError(`qXfer:${object}: m or l wanted, ${answer.slice(0, 8)} got`);
		}
	}

	/** Memory, or undefined when a byte of it cannot be read. */
	async read(address: number, length: number): Promise<Uint8Array | undefined> {
		const out = new Uint8Array(length);
		for (let done = 0; done < length; ) {
			const n = Math.min(this.chunk, length - done);
			const bytes = fromHex(await this.ask(`m${(address + done).toString(16)},${n.toString(16)}`));
			if (bytes === undefined || bytes.length === 0 || bytes.length > n) return undefined;
			out.set(bytes, done);
			done += bytes.length;
		}
		return out;
	}

	/** A file of the machine the stub runs on (vFile), or undefined. */
	async file(path: string): Promise<string | undefined> {
		const opened = /^F([0-9a-f]+)$/i.exec(await this.ask(`vFile:open:${Buffer.from(path).toString('hex')},0,0`));
		if (!opened) return undefined;
		let text = '';
		for (;;) {
			const answer = await this.ask(`vFile:pread:${opened[1]},${this.chunk.toString(16)},${text.length.toString(16)}`);
			const cut = answer.indexOf(';');
			if (!/^F[0-9a-f]/i.test(answer) || cut < 0) return undefined;
			if (Number.parseInt(answer.slice(1, cut), 16) === 0) break;
			text += answer.slice(cut + 1);
		}
		await this.ask(`vFile:close:${opened[1]}`);
		return text;
	}

	close(): void {
		this.#closed ??= new RemoteError('the connection is closed');
		this.#socket.destroy();
	}
}
