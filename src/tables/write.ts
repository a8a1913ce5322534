import assert from "node:assert/strict";
import type {
  Change,
  Commit,
  Delta,
  Key,
  Outcome,
  Refuse,
  RowAddress,
  Value,
  Write,
} from "../../storage/index.ts";
import { ApiError, internalServerError, itemCollectionSizeLimitExceeded, validation } from "../errors.ts";
import type { Item } from "../values/attribute-value.ts";
import { ITEM_BYTES_MAX } from "../values/size.ts";
import type { Catalog, Table } from "./catalog.ts";
import { changeOf } from "./change-stream.ts";
import {
  CompanionRows,
  CompanionState,
  hasCompanions,
  MissingCompanion,
  NO_COMPANIONS,
} from "./companion-rows.ts";
import type { ClientToken, EarlierUse } from "./idempotency.ts";
import type { InFlightRows } from "./in-flight.ts";
import { type EntryProbe, type IndexChange, indexChanges } from "./indexes.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";
import { expiryWrites } from "./time-to-live.ts";

/**
 * Every write of the server, whatever its operation: one item of one table, a condition, and what becomes of the item.
 * `test` and `next` are pure and may run more than once.
 */
export interface ItemWrite {
  readonly table: Table;
  readonly rowKey: Key;
  /** The condition, given the item as stored (undefined when absent). */
  readonly test: ((item: Item | undefined) => boolean) | undefined;
  /** The item after the write (undefined: none). May throw ApiError, which refuses the write. */
  readonly next: (previous: StoredItem | undefined) => StoredItem | undefined;
  /** The write is an update: a refusal of its result's size says so. */
  readonly isUpdate?: boolean;
  /** The service deletes the item because its time has come. */
  readonly isExpiry?: boolean;
}

/** What became of one ItemWrite. */
export type WriteResult =
  | {
      readonly kind: "written";
      readonly previous: StoredItem | undefined;
      readonly next: StoredItem | undefined;
      readonly indexes: readonly IndexChange[];
      /** The item's collection after the write, on tables with local secondary indexes. */
      readonly collection: ItemCollection | undefined;
    }
  | { readonly kind: "condition-failed"; readonly previous: StoredItem | undefined }
  | { readonly kind: "refused"; readonly error: ApiError }
  /** Another transaction has the item in hand. */
  | { readonly kind: "conflict" }
  /** Not looked at, because another write of the transaction is in conflict. */
  | { readonly kind: "undecided" };

/** All items with one value of the partition key, and their entries in local secondary indexes. */
export interface ItemCollection {
  /** Name of the partition key. */
  readonly partitionKey: string;
  readonly bytes: number;
}

export type Written = Extract<WriteResult, { kind: "written" }>;

/** What writes need of the server. */
export interface WriteServices {
  readonly catalog: Catalog;
  /** Present where overlapping transactions are refused; by default they queue. */
  readonly inFlight: InFlightRows | undefined;
}

/** What became of writes that are performed together. */
export type TransactionOutcome =
  | { readonly kind: "written"; readonly results: readonly Written[] }
  /** None was performed. The results say which ones stood in the way; the others are "written" as far as they were decided alone. */
  | { readonly kind: "cancelled"; readonly results: readonly WriteResult[] }
  /** The client token was used before. */
  | EarlierUse
  /** The client token is in use by a transaction under way. */
  | { readonly kind: "in-progress" };

/** How writes are performed together: as a transaction that others may run into, with or without a client token. */
interface Transaction {
  readonly token: ClientToken | undefined;
}

/** Writes are prepared again when the table changed meanwhile, or another writer was in the way: this many times at most. */
const ATTEMPTS_MAX = 100;

/**
 * Performs writes as one atomic unit: all or nothing, in one log frame. `build` looks up tables and makes the writes, at least one; it
 * runs again when a table's schema changed in between. Throws what `build` throws, and InternalServerError when the store cannot tell
 * or take the writes.
 */
async function performWrites(
  services: WriteServices,
  build: () => readonly ItemWrite[],
  transaction: Transaction | undefined,
): Promise<TransactionOutcome> {
  let writes = build();
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptWrites(services, writes, transaction);
    if (outcome === "conflict" && (services.inFlight !== undefined || attempt >= ATTEMPTS_MAX)) {
      return { kind: "cancelled", results: writes.map(() => CONFLICT) };
    }
    if (outcome !== "conflict" && outcome !== "outdated") return outcome;
    if (attempt >= ATTEMPTS_MAX) throw internalServerError("The tables keep changing.");
    writes = build();
  }
}

/** Performs writes that belong together; see `performWrites`. */
export function performTransaction(
  services: WriteServices,
  build: () => readonly ItemWrite[],
  token: ClientToken | undefined,
): Promise<TransactionOutcome> {
  return performWrites(services, build, { token });
}

/** Performs one write; see `performWrites`. */
export async function performWrite(services: WriteServices, build: () => ItemWrite): Promise<WriteResult> {
  const outcome = await performWrites(services, () => [build()], undefined);
  assert(outcome.kind === "written" || outcome.kind === "cancelled", "a write without a token");
  const [result] = outcome.results;
  assert(result !== undefined, "one write has one result");
  return result;
}

/** Performs writes each for itself, but all in one turn, so that they share a commit group; see `performWrites`. */
export function performEach(
  services: WriteServices,
  build: () => readonly ItemWrite[],
): Promise<readonly WriteResult[]> {
  return Promise.all(
    build().map((first, at) => {
      let next: ItemWrite | undefined = first;
      return performWrite(services, () => {
        const write = next ?? build()[at];
        assert(write !== undefined, "the same writes are built each time");
        next = undefined;
        return write;
      });
    }),
  );
}

const CONFLICT: WriteResult = { kind: "conflict" };
const UNDECIDED: WriteResult = { kind: "undecided" };

/** One attempt. "outdated": prepare the writes again; "conflict": another writer was in the way. */
async function attemptWrites(
  { catalog, inFlight }: WriteServices,
  writes: readonly ItemWrite[],
  transaction: Transaction | undefined,
): Promise<TransactionOutcome | "outdated" | "conflict"> {
  const companions = writes.some(hasCompanions) ? await gatherCompanions(catalog, writes) : NO_COMPANIONS;
  if (companions === undefined) return "outdated";
  const token = transaction?.token;
  const rows = writes.map(addressOf);
  if (token !== undefined) rows.push(token.row);
  const held = inFlight?.heldAmong(rows);
  if (held !== undefined) return refusedByHolder(held, writes.length);
  const release = transaction === undefined ? undefined : inFlight?.hold(rows);
  try {
    const reads = companions === NO_COMPANIONS ? rows : [...rows, ...companions.addresses];
    const outcome = await catalog.store.transact({ fences: fencesOf(writes), reads }, (previous, now) =>
      decideWrites(writes, companions, token, catalog.itemCollectionBytesMax, previous, now),
    );
    return resultOf(outcome);
  } finally {
    release?.();
  }
}

function resultOf(
  outcome: Outcome<readonly Written[], Refusal>,
): TransactionOutcome | "outdated" | "conflict" {
  switch (outcome.kind) {
    case "committed":
      return { kind: "written", results: outcome.result };
    case "refused":
      return outcome.reason;
    case "stale":
      return "outdated";
    case "conflict":
      return "conflict";
    case "unknown":
    case "unavailable":
      throw internalServerError(outcome.cause.message);
  }
}

/** The outcome when transactions under way hold some of the rows: those of the items, then perhaps that of the token. */
function refusedByHolder(held: readonly boolean[], itemCount: number): TransactionOutcome {
  if (held[itemCount] === true) return { kind: "in-progress" };
  const results = held.slice(0, itemCount).map((isHeld) => (isHeld ? CONFLICT : UNDECIDED));
  return { kind: "cancelled", results };
}

/** The companions of some writes; undefined when a table has gone. */
async function gatherCompanions(
  catalog: Catalog,
  writes: readonly ItemWrite[],
): Promise<CompanionRows | undefined> {
  try {
    return await CompanionRows.of(catalog.store, writes);
  } catch (error) {
    if (isSpaceGone(error)) return undefined;
    throw error;
  }
}

const addressOf = (write: ItemWrite): RowAddress => ({ space: write.table.space, key: write.rowKey });

function fencesOf(writes: readonly ItemWrite[]) {
  const [first] = writes;
  if (writes.length === 1 && first !== undefined) return first.table.fences;
  return [...new Set(writes.map((write) => write.table))].flatMap((table) => table.fences);
}

type Refusal = Extract<TransactionOutcome, { kind: "cancelled" }> | EarlierUse | "outdated";

/** Pure: the state before in, the batch (or the refusal) out. `previous`: the items, the token, the companions. */
function decideWrites(
  writes: readonly ItemWrite[],
  companions: CompanionRows,
  token: ClientToken | undefined,
  collectionBytesMax: number,
  previous: readonly (Value | undefined)[],
  now: number,
): Commit<readonly Written[]> | Refuse<Refusal> {
  const tokenAt = writes.length;
  const earlier = token?.judge(previous[tokenAt], now);
  if (earlier !== undefined) return { kind: "refuse", reason: earlier };
  const companionsAt = token === undefined ? tokenAt : tokenAt + 1;
  const state =
    companions === NO_COMPANIONS ? NO_STATE : new CompanionState(companions, previous.slice(companionsAt));
  const isPresent: EntryProbe = (space, key) => state.isPresent(space, key);
  let results: readonly WriteResult[];
  try {
    results = writes.map((write, at) => {
      const result = decideWrite(write, storedItem(previous[at]), isPresent);
      return result.kind === "written" ? grown(write, result, state, collectionBytesMax) : result;
    });
  } catch (error) {
    if (error instanceof MissingCompanion) return { kind: "refuse", reason: "outdated" };
    throw error;
  }
  if (!results.every(isWritten)) return { kind: "refuse", reason: { kind: "cancelled", results } };
  const batch: Write[] = [];
  const deltas: Delta[] = [];
  const changes: Change[] = [];
  for (const [at, write] of writes.entries()) {
    const result = results[at];
    if (result === undefined) continue;
    addToBatch(write, result, batch, deltas);
    const change = changeOf(write, result.previous, result.next);
    if (change !== undefined) changes.push(change);
  }
  if (state !== NO_STATE) batch.push(...state.writes());
  if (token !== undefined) {
    const sizes = results.map(({ next }) => next?.size ?? 0);
    batch.push({ ...token.row, value: token.record(sizes, now) });
  }
  return { kind: "commit", writes: batch, changes, deltas, result: results };
}

const isWritten = (result: WriteResult): result is Written => result.kind === "written";

function decideWrite(write: ItemWrite, previous: StoredItem | undefined, isPresent: EntryProbe): WriteResult {
  try {
    if (write.test !== undefined && !write.test(previous?.item))
      return { kind: "condition-failed", previous };
    const next = write.next(previous);
    const { indexes } = write.table;
    return {
      kind: "written",
      previous,
      next,
      indexes:
        indexes.length === 0 || previous === next
          ? NO_CHANGES
          : indexChanges(indexes, write.rowKey, previous, next, isPresent),
      collection: undefined,
    };
  } catch (error) {
    if (error instanceof ApiError) return { kind: "refused", error };
    throw error;
  }
}

const NO_CHANGES: readonly IndexChange[] = [];
const NO_STATE = new CompanionState(NO_COMPANIONS, []);

/** The write with the size of its item collection, or the refusal of a size, on a table that has collections. */
function grown(
  write: ItemWrite,
  written: Written,
  state: CompanionState,
  collectionBytesMax: number,
): WriteResult {
  const { collections } = write.table;
  if (collections === undefined) return written;
  let before = written.previous?.size ?? 0;
  let after = written.next?.size ?? 0;
  if (written.previous !== written.next) {
    for (const change of written.indexes) {
      if (change.kind !== "local") continue;
      before += change.before ?? 0;
      after += change.after ?? 0;
    }
    if (after > ITEM_BYTES_MAX) {
      const what = write.isUpdate === true ? "Item size to update" : "Item size";
      return { kind: "refused", error: validation(`${what} has exceeded the maximum allowed size`) };
    }
  }
  const bytes = state.grow(collections, write.rowKey, after - before);
  if (after > before && bytes > collectionBytesMax) {
    return { kind: "refused", error: itemCollectionSizeLimitExceeded() };
  }
  const [partitionKey] = write.table.schema.keySchema.partition;
  assert(partitionKey !== undefined, "a table has a partition key");
  return { ...written, collection: { partitionKey: partitionKey.name, bytes } };
}

function addToBatch(
  write: ItemWrite,
  { previous, next, indexes }: Written,
  batch: Write[],
  deltas: Delta[],
): void {
  // Nothing there and nothing to be there, or an update that changed nothing.
  if (previous === next) return;
  const { space } = write.table;
  batch.push({ space, key: write.rowKey, value: next?.row });
  const rows = (next === undefined ? 0 : 1) - (previous === undefined ? 0 : 1);
  deltas.push({ space, rows, bytes: (next?.size ?? 0) - (previous?.size ?? 0) });
  for (const change of indexes) {
    batch.push(...change.writes);
    if (change.delta !== undefined) deltas.push(change.delta);
  }
  const { timeToLive } = write.table;
  if (timeToLive !== undefined) batch.push(...expiryWrites(timeToLive, write.rowKey, previous, next));
}
