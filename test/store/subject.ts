import { afterAll, beforeAll, test } from "bun:test";
import assert from "node:assert/strict";
import type {
  Decide,
  Key,
  Outcome,
  RowAddress,
  SpaceId,
  Store,
  TransactRequest,
  Value,
  Write,
} from "../../storage/store.ts";

/** How the conformance suite gets at an implementation of the seam. */
export interface StoreFactory {
  /** A new, empty store. */
  open(): Promise<Store>;
  /** Opens the data of the last store that `open` gave out again, after it was closed. */
  reopen(): Promise<Store>;
  /** What this implementation does not do, with the reason. Its cases are skipped, and the reason is told. */
  readonly missing?: Partial<Record<Feature, string>>;
}

export type Feature = "bulkLoad" | "checkpoint" | "history" | "reopen";

/** Registers cases that need a feature, or one skipped test that says why they are not there. */
export function casesOf(feature: Feature, { missing }: StoreFactory, cases: () => void): void {
  const reason = missing?.[feature];
  if (reason === undefined) cases();
  else test.skip(`${feature}: ${reason}`, () => {});
}

/** One store shared by the cases of a `describe` block; each case makes spaces of its own. */
export function sharedStore(factory: StoreFactory): () => Store {
  let store: Store | undefined;
  beforeAll(async () => {
    store = await factory.open();
  });
  afterAll(() => store?.close());
  return () => {
    assert(store !== undefined, "the store is open while cases run");
    return store;
  };
}

export async function newSpace(store: Store): Promise<SpaceId> {
  const id = crypto.randomUUID();
  await store.createSpace(id);
  return id;
}

export const bytes = (text: string): Value => new TextEncoder().encode(text);

export const text = (value: Value | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

export const number = (value: Value | undefined): number => Number(text(value) ?? 0);

const conflictsMax = 1_000;

/** `transact`, tried again while it conflicts: what every caller of the seam has to do. */
export async function transact<T, R>(
  store: Store,
  request: TransactRequest,
  decide: Decide<T, R>,
): Promise<Outcome<T, R>> {
  for (let conflicts = 0; conflicts < conflictsMax; conflicts++) {
    const outcome = await store.transact(request, decide);
    if (outcome.kind !== "conflict") return outcome;
  }
  throw new Error(`${conflictsMax} conflicts in a row`);
}

/** As `transact`, for transactions that must commit. */
export async function commit<T, R>(
  store: Store,
  request: TransactRequest,
  decide: Decide<T, R>,
): Promise<Extract<Outcome<T, R>, { kind: "committed" }>> {
  const outcome = await transact(store, request, decide);
  assert(outcome.kind === "committed", `expected a commit, got ${outcome.kind}`);
  return outcome;
}

/** Commits the writes whatever was there; `undefined` deletes. */
export async function put(
  store: Store,
  space: SpaceId,
  rows: Readonly<Record<Key, string | undefined>>,
): Promise<void> {
  const writes: Write[] = Object.entries(rows).map(([key, value]) => ({
    space,
    key,
    value: value === undefined ? undefined : bytes(value),
  }));
  await commit(store, { reads: addresses(writes) }, () => ({ kind: "commit", writes, result: undefined }));
}

/** Adds one to a decimal counter; the result is the new value. */
export const increment =
  (row: RowAddress): Decide<number, never> =>
  ([previous]) => {
    const next = number(previous) + 1;
    return { kind: "commit", writes: [{ ...row, value: bytes(String(next)) }], result: next };
  };

export const addresses = (rows: readonly RowAddress[]): RowAddress[] =>
  rows.map(({ space, key }) => ({ space, key }));

/** All rows of a space at one instant, as text. */
export async function contents(store: Store, space: SpaceId): Promise<Record<Key, string | undefined>> {
  const snapshot = await store.snapshot([space]);
  try {
    const page = await snapshot.range({ space, rowsMax: 1_000_000, bytesMax: Number.MAX_SAFE_INTEGER });
    assert.equal(page.more, false, "a page without limits exhausts its range");
    return Object.fromEntries(page.rows.map(({ key, value }) => [key, text(value)]));
  } finally {
    snapshot.close();
  }
}

export const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** Lets everything that is ready to run, run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
