/** Keep-alive HTTP/1.1 connections of a load generator: prebuilt requests out, answers looked at for status and length only. */
import assert from "node:assert/strict";
import type { Socket } from "bun";

const HEAD_END = Buffer.from("\r\n\r\n");
const LENGTH = Buffer.from("ontent-length: ");
const LENGTH_UPPER = Buffer.from("ontent-Length: ");
const OK = Buffer.from("HTTP/1.1 200");
/** Enough for what ends an answer that has been cut into pages: counts and the key to go on from. */
const TAIL_BYTES = 512;

/** One connection with at most one request under way. */
export class Connection {
  /** The caller's: when the request under way was sent, or should have been. */
  startedAt = 0;
  /** The end of the last answer, at most `TAIL_BYTES` of it. */
  tail: Buffer = Buffer.alloc(0);
  readonly #socket: Socket<Connection>;
  readonly #onAnswer: (connection: Connection) => void;
  /** Bytes of the answer still to come; 0: its head has not come yet. */
  #missing = 0;
  /** The part of a head that came without its end. */
  #head: Buffer | undefined;
  /** What the socket did not take yet. */
  #unsent: Buffer | undefined;

  constructor(socket: Socket<Connection>, onAnswer: (connection: Connection) => void) {
    this.#socket = socket;
    this.#onAnswer = onAnswer;
  }

  /** Bytes of answers on all connections. */
  static bytesReceived = 0;

  /** The request's bytes may be changed once this returns. */
  send(request: Buffer): void {
    const written = this.#socket.write(request);
    if (written < request.length) this.#unsent = Buffer.from(request.subarray(written));
  }

  drain(): void {
    const unsent = this.#unsent;
    if (unsent === undefined) return;
    const written = this.#socket.write(unsent);
    this.#unsent = written < unsent.length ? unsent.subarray(written) : undefined;
  }

  receive(chunk: Buffer): void {
    Connection.bytesReceived += chunk.length;
    if (this.#missing > 0) {
      this.#missing -= chunk.length;
      assert(this.#missing >= 0, "the server sends no more than it was asked for");
    } else {
      const bytes = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
      const headEnd = bytes.indexOf(HEAD_END);
      if (headEnd < 0) {
        // The chunk's memory is reused after this call.
        this.#head = Buffer.from(bytes);
        return;
      }
      this.#head = undefined;
      this.#missing = answerLength(bytes, headEnd) - bytes.length;
    }
    if (this.#missing < TAIL_BYTES) this.#keepTail(chunk);
    if (this.#missing === 0) this.#onAnswer(this);
  }

  /** Called for the last chunks of an answer, which may be any length. */
  #keepTail(chunk: Buffer): void {
    const before = chunk.length < TAIL_BYTES ? [this.tail] : [];
    this.tail = Buffer.concat([...before, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
  }
}

/** Whole length of the answer whose head ends before `headEnd`. Ends the process when it is not a success. */
function answerLength(bytes: Buffer, headEnd: number): number {
  if (bytes.compare(OK, 0, OK.length, 0, OK.length) !== 0) {
    console.error(`the server answered: ${bytes.toString("latin1")}`);
    process.exit(1);
  }
  const lower = bytes.indexOf(LENGTH);
  const at = (lower >= 0 ? lower : bytes.indexOf(LENGTH_UPPER)) + LENGTH.length;
  assert(at >= LENGTH.length, "an answer has a length");
  let length = 0;
  for (let digit = at; bytes[digit] !== 13; digit += 1) length = length * 10 + (bytes[digit] ?? 0) - 48;
  return headEnd + HEAD_END.length + length;
}

/** Opens connections; `onAnswer` is called for each complete answer. A connection that the server closes ends the process. */
export async function connectAll(
  endpoint: string,
  count: number,
  onAnswer: (connection: Connection) => void,
): Promise<readonly Connection[]> {
  const { hostname, port } = new URL(endpoint);
  const connections = new Map<Socket<Connection>, Connection>();
  await Promise.all(
    Array.from({ length: count }, () =>
      Bun.connect<Connection>({
        hostname,
        port: Number(port),
        socket: {
          open: (socket) => {
            socket.setNoDelay(true);
            socket.data = new Connection(socket, onAnswer);
            connections.set(socket, socket.data);
          },
          data: (socket, chunk) => socket.data.receive(chunk),
          drain: (socket) => socket.data.drain(),
          close: () => {
            console.error("the server closed a connection");
            process.exit(1);
          },
        },
      }),
    ),
  );
  return [...connections.values()];
}
