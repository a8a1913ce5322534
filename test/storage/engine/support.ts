import assert from "node:assert/strict";
import type { LocalStore, Outcome, Store, Value } from "../../../storage/index.ts";
import type { ManualClock } from "../../support/manual-clock.ts";

export const space = "00000000-0000-4000-8000-00000000000a";

export const bytes = (text: string): Value => new TextEncoder().encode(text);
export const text = (value: Value | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** Writes one row whatever was there. */
export function put(
  store: Store,
  key: string,
  value: string | Value,
  into = space,
): Promise<Outcome<string | undefined, never>> {
  const row = { space: into, key };
  const encoded = typeof value === "string" ? bytes(value) : value;
  return store.transact({ reads: [row] }, ([previous]) => ({
    kind: "commit",
    writes: [{ ...row, value: encoded }],
    deltas: [{ space: into, rows: previous === undefined ? 1 : 0, bytes: encoded.length }],
    result: text(previous),
  }));
}

export async function mustPut(store: Store, key: string, value: string | Value, into = space): Promise<void> {
  const outcome = await put(store, key, value, into);
  assert.equal(outcome.kind, "committed", `${key} was to be written`);
}

/** Reads one row in a transaction that writes nothing. */
export function look(store: Store, key: string): Promise<Outcome<never, string | undefined>> {
  return store.transact({ reads: [{ space, key }] }, ([previous]) => ({
    kind: "refuse",
    reason: text(previous),
  }));
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the event loop turn until `isDone`, for a bounded while. */
export async function until(isDone: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 5_000; i++) {
    if (isDone()) return;
    await turns(1);
  }
  throw new Error(`waited in vain: ${what}`);
}

/** Waits until no compaction is due. They keep to a pace: a clock that does not move by itself is moved. */
export async function untilCompacted(store: LocalStore, clock?: ManualClock): Promise<void> {
  const start = performance.now();
  while (store.counters().compactionsDue > 0) {
    const state = () => JSON.stringify([store.counters(), store.health()]);
    assert(performance.now() - start < 10_000, `compactions come to an end: ${state()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
    clock?.advance(1);
  }
}
