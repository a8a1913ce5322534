/** HTTP over a plain socket, for what no HTTP client lets a test send: broken requests, pipelining, odd headers. */
import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** One connection that sends bytes and reads answers in order. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end).on("close", end).on("error", end);
  }

  /** Connects to the host and port of an `http://` endpoint. */
  static async open(endpoint: string): Promise<RawConnection> {
    const { hostname, port } = new URL(endpoint);
    const socket = connect({ host: hostname, port: Number(port === "" ? 80 : port), noDelay: true });
    await new Promise<void>((fulfil, reject) => socket.once("connect", fulfil).once("error", reject));
    return new RawConnection(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next whole answer; undefined when the server closed the connection before one. Interim 1xx answers are skipped. */
  async next(timeoutMs = 10_000): Promise<RawAnswer | undefined> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined && answer.status >= 200) return answer;
      if (answer !== undefined) continue;
      if (this.#ended) return undefined;
      if (performance.now() > deadline) throw new Error(`no answer within ${timeoutMs} ms`);
      await this.#more(deadline - performance.now());
    }
  }

  /** Whether the server closes the connection within the time. */
  async closed(timeoutMs = 5_000): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    while (!this.#ended && performance.now() < deadline) await this.#more(deadline - performance.now());
    return this.#ended;
  }

  close(): void {
    this.#socket.destroy();
  }

  async #more(waitMs: number): Promise<void> {
    await new Promise<void>((fulfil) => {
      const timer = setTimeout(fulfil, Math.max(1, waitMs));
      this.#wake = () => {
        clearTimeout(timer);
        fulfil();
      };
    });
    this.#wake = () => {};
  }

  /** Cuts one answer off the received bytes, if it is complete. */
  #take(): RawAnswer | undefined {
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd < 0) return undefined;
    const [first = "", ...lines] = this.#received.subarray(0, headEnd).toString("latin1").split("\r\n");
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const status = Number(first.split(" ")[1]);
    const bodyEnd = headEnd + 4 + Number(headers["content-length"] ?? 0);
    if (this.#received.length < bodyEnd) return undefined;
    const body = Buffer.from(this.#received.subarray(headEnd + 4, bodyEnd));
    this.#received = this.#received.subarray(bodyEnd);
    return { status, headers, body };
  }
}

/** The bytes of a POST to `/` with the given headers and body. */
export function rawPost(headers: Readonly<Record<string, string>>, body: string): string {
  const lines = Object.entries({
    host: "localhost",
    ...headers,
    "content-length": String(Buffer.byteLength(body)),
  });
  return `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}
