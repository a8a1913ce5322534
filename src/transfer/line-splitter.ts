const NEWLINE = 0x0a;

/** Bytes, as they come, to the lines in them. What is longer than a line may be is not kept. */
export class LineSplitter {
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in `chunk`, without their ends; undefined for one that is too long. */
  *push(chunk: Uint8Array): Generator<string | undefined, void> {
    let start = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, start)) {
      this.#add(chunk.subarray(start, at));
      start = at + 1;
      yield this.#take();
    }
    this.#add(chunk.subarray(start));
  }

  /** The line without an end, if there is one. */
  *end(): Generator<string | undefined, void> {
    if (this.#bytes > 0) yield this.#take();
  }

  #add(part: Uint8Array): void {
    this.#bytes += part.length;
    if (this.#bytes > this.#bytesMax) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #take(): string | undefined {
    const isTooLong = this.#bytes > this.#bytesMax;
    const [first] = this.#parts;
    const bytes = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (isTooLong) return undefined;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8").replace(/\r$/, "");
  }
}
