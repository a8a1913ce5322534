/** A source of that many random bytes: for salts and ids. Injected, so that simulations own chance. */
export type RandomBytes = (count: number) => Uint8Array;

/** Unpredictable bytes from the runtime itself: importing node:crypto would delay the start. */
export const systemRandom: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count));

/** A random uuid (version 4). */
export function randomId(random: RandomBytes): string {
  const hex = Array.from(random(16), (byte, i) => {
    const marked = i === 6 ? (byte & 0x0f) | 0x40 : i === 8 ? (byte & 0x3f) | 0x80 : byte;
    return marked.toString(16).padStart(2, "0");
  });
  return hex.join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
