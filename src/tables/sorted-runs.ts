import type { Row } from "../../storage/index.ts";

/** Sorted rows as one sorted sequence, made while it is read: nobody has to wait for a long sort. No key occurs twice. */
export function* merged(runs: readonly (readonly Row[])[]): Generator<Row, void> {
  const [first, second] = runs;
  if (second === undefined) return yield* first ?? [];
  const half = runs.length >> 1;
  const [left, right] = [merged(runs.slice(0, half)), merged(runs.slice(half))];
  let [a, b] = [left.next(), right.next()];
  while (a.done !== true && b.done !== true) {
    if (a.value.key < b.value.key) {
      yield a.value;
      a = left.next();
    } else {
      yield b.value;
      b = right.next();
    }
  }
  if (a.done !== true) yield a.value;
  if (b.done !== true) yield b.value;
  yield* left;
  yield* right;
}
