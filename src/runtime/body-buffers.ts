/**
 * Memory for the bodies of large answers. A body lives for microseconds: the network front copies it once it is complete. Fresh memory for
 * each would have to be mapped page by page and be collected again, which costs more than filling it; so it is lent and given back.
 */

/** Smaller bodies are as cheap in memory of their own. */
const LENT_BYTES_MIN = 16 << 10;
/** Larger ones are too rare to keep memory for. */
const LENT_BYTES_MAX = 4 << 20;
/** Buffers that are kept while nobody needs them. */
const KEPT_MAX = 4;

const kept: Buffer<ArrayBuffer>[] = [];
/** The buffers behind the bodies that are out. A body that nobody gives back is collected like any other. */
const lent = new WeakMap<Uint8Array, Buffer<ArrayBuffer>>();

/** Memory of that many bytes, uninitialised. */
export function lendBody(bytes: number): Buffer<ArrayBuffer> {
  if (bytes < LENT_BYTES_MIN || bytes > LENT_BYTES_MAX) return Buffer.allocUnsafeSlow(bytes);
  let buffer = kept.pop();
  if (buffer === undefined || buffer.length < bytes) buffer = Buffer.allocUnsafeSlow(roundedUp(bytes));
  const body = buffer.subarray(0, bytes);
  lent.set(body, buffer);
  return body;
}

/** Takes back a body that has been copied; its bytes may change from now on. Bodies of other origin are left alone. */
export function giveBackBody(body: Uint8Array): void {
  if (body.length < LENT_BYTES_MIN) return;
  const buffer = lent.get(body);
  if (buffer === undefined) return;
  lent.delete(body);
  if (kept.length < KEPT_MAX) kept.push(buffer);
}

/** To a power of two, so that a buffer serves bodies of all sizes near its own. */
const roundedUp = (bytes: number): number => 2 ** Math.ceil(Math.log2(bytes));
