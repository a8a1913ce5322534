/** The items that the kill tests write, made so that half of a write would be seen. */
import assert from "node:assert/strict";
import type { Item } from "./client.ts";

/** A number and a string as attribute values. */
export const n = (value: number) => ({ N: String(value) });
export const s = (value: string) => ({ S: value });
export const keyOf = (pk: string) => ({ pk: s(pk) });
export const range = (length: number) => Array.from({ length }, (_, at) => at);

/** Attributes that all follow from one token, a long one among them: half of a write would not fit together. */
export function attributesOf(token: string, bytes: number): Item {
  const parts = Object.fromEntries(range(8).map((at) => [`part${at}`, s(`${token}/${at}`)]));
  return {
    token: s(token),
    ...parts,
    filler: s(token.repeat(Math.ceil(bytes / token.length)).slice(0, bytes)),
    nested: { M: { token: s(token), list: { L: [s(token), n(bytes)] } } },
    bytes: n(bytes),
  };
}

/** Asserts that an item is a whole write of its token. */
export function assertWhole(pk: string, item: Item): string {
  const token = String(item["token"]?.["S"]);
  const bytes = Number(item["bytes"]?.["N"]);
  assert.deepEqual(item, { ...keyOf(pk), ...attributesOf(token, bytes) }, `${pk} is not one whole write`);
  return token;
}

/** Sizes of written items in bytes: mostly small, some of many pages. */
export const bytesOf = (random: () => number) =>
  Math.floor(random() < 0.1 ? random() * 60_000 : random() * 800);

/** Runs a task for all keys, some at a time. */
export async function inGroups(keys: readonly string[], task: (key: string) => Promise<void>): Promise<void> {
  const size = 32;
  for (let at = 0; at < keys.length; at += size) await Promise.all(keys.slice(at, at + size).map(task));
}
