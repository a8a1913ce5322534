import { moduleBase64 } from "./decoder-module.ts";

interface DecoderExports {
  readonly memory: WebAssembly.Memory;
  /** Bytes written, or -1 for what is no lz4 block or stands for more than there is room for: see decoder.wat. */
  readonly decode: (input: number, inputEnd: number, output: number, outputEnd: number) => number;
}

/** Copies go in words: this much behind input and output may be read and written. */
const SLACK_BYTES = 8;
const PAGE_BYTES = 64 << 10;

/**
 * Decodes lz4 blocks in memory of its own: nothing is allocated per block, neither for the input, which can be read from the file into that memory,
 * nor for the output, which the caller copies to where it is to stay. All calls share the memory: what one gives is good until the next.
 */
class Decoder {
  readonly #exports: DecoderExports;
  #memory: Uint8Array<ArrayBuffer>;

  constructor() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(moduleBase64, "base64")));
    // The module is our own: these are its exports.
    this.#exports = exports as unknown as DecoderExports;
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
  }

  input(bytes: number): Uint8Array<ArrayBuffer> {
    this.#ensure(bytes + SLACK_BYTES);
    return this.#memory.subarray(0, bytes);
  }

  decode(input: Uint8Array, start: number, outputBytes: number): Uint8Array<ArrayBuffer> | undefined {
    const inputBytes = input.length;
    const isInPlace = input.buffer === this.#memory.buffer;
    const output = (inputBytes + SLACK_BYTES + 7) & ~7;
    this.#ensure(output + outputBytes + SLACK_BYTES);
    if (!isInPlace) this.#memory.set(input);
    const written = this.#exports.decode(start, inputBytes, output, output + outputBytes);
    return written === outputBytes ? this.#memory.subarray(output, output + written) : undefined;
  }

  /** Growing moves nothing, but ends the views of the memory that are out. */
  #ensure(bytes: number): void {
    const missing = bytes - this.#memory.length;
    if (missing <= 0) return;
    this.#exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#memory = new Uint8Array(this.#exports.memory.buffer);
  }
}

let made: Decoder | undefined;

/** Compiled when it is first needed: a start without SSTables does without. */
function decoder(): Decoder {
  made ??= new Decoder();
  return made;
}

/** Room for the next input, which `decodeBlock` then need not copy. Good until the next call of either. */
export const inputRoom = (bytes: number): Uint8Array<ArrayBuffer> => decoder().input(bytes);

/**
 * Decodes the lz4 block in `input` from `start` on, which stands for `outputBytes` bytes; undefined when it is none, or stands for another number.
 * The result is good until the next call.
 */
export const decodeBlock = (
  input: Uint8Array,
  start: number,
  outputBytes: number,
): Uint8Array<ArrayBuffer> | undefined => decoder().decode(input, start, outputBytes);
