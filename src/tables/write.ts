import assert from "node:assert/strict";
import type { Commit, Delta, Key, Refuse, RowAddress, Value, Write } from "../../storage/index.ts";
import {
  ApiError,
  internalServerError,
  itemCollectionSizeLimitExceeded,
  transactionConflict,
  validation,
} from "../errors.ts";
import type { Item } from "../values/attribute-value.ts";
import { ITEM_BYTES_MAX } from "../values/size.ts";
import type { Catalog, Table } from "./catalog.ts";
import {
  CompanionRows,
  CompanionState,
  hasCompanions,
  MissingCompanion,
  NO_COMPANIONS,
} from "./companion-rows.ts";
import { type EntryProbe, type IndexChange, indexChanges } from "./indexes.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";

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
  | { readonly kind: "refused"; readonly error: ApiError };

/** All items with one value of the partition key, and their entries in local secondary indexes. */
export interface ItemCollection {
  /** Name of the partition key. */
  readonly partitionKey: string;
  readonly bytes: number;
}

export type Written = Extract<WriteResult, { kind: "written" }>;

/** Writes are prepared again when the table changed meanwhile, or another writer was in the way: this many times at most. */
const ATTEMPTS_MAX = 100;

/**
 * Performs writes as one atomic unit: all or nothing, in one log frame. `build` looks up tables and makes the writes; it runs again
 * when a table's schema changed in between. Resolves with one result per write: all "written", or none of them is and the results
 * say which ones stood in the way (the others are "written" as far as they were decided alone).
 * Throws InternalServerError when the store cannot tell or take the write, TransactionConflict when others are always in the way.
 */
export async function performWrites(
  catalog: Catalog,
  build: () => readonly ItemWrite[],
): Promise<readonly WriteResult[]> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const writes = build();
    const companions = writes.some(hasCompanions) ? await gatherCompanions(catalog, writes) : NO_COMPANIONS;
    if (companions === undefined) continue;
    const reads = writes.map(addressOf);
    reads.push(...companions.addresses);
    const outcome = await catalog.store.transact({ fences: fencesOf(writes), reads }, (previous) =>
      decideWrites(writes, companions, previous, catalog.itemCollectionBytesMax),
    );
    switch (outcome.kind) {
      case "committed":
        return outcome.result;
      case "refused":
        if (outcome.reason === "companion missing") break;
        return outcome.reason;
      case "stale":
      case "conflict":
        break;
      case "unknown":
      case "unavailable":
        throw internalServerError(outcome.cause.message);
    }
  }
  throw transactionConflict();
}

/** Performs one write; see `performWrites`. */
export async function performWrite(catalog: Catalog, build: () => ItemWrite): Promise<WriteResult> {
  const [result] = await performWrites(catalog, () => [build()]);
  if (result === undefined) throw new Error("one write has one result");
  return result;
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

type Results = readonly WriteResult[];

/** Pure: the state before in, the batch (or the refusal) out. */
function decideWrites(
  writes: readonly ItemWrite[],
  companions: CompanionRows,
  previous: readonly (Value | undefined)[],
  collectionBytesMax: number,
): Commit<Results> | Refuse<Results | "companion missing"> {
  const state =
    companions === NO_COMPANIONS ? NO_STATE : new CompanionState(companions, previous.slice(writes.length));
  const isPresent: EntryProbe = (space, key) => state.isPresent(space, key);
  let results: Results;
  try {
    results = writes.map((write, at) => {
      const result = decideWrite(write, storedItem(previous[at]), isPresent);
      return result.kind === "written" ? grown(write, result, state, collectionBytesMax) : result;
    });
  } catch (error) {
    if (error instanceof MissingCompanion) return { kind: "refuse", reason: "companion missing" };
    throw error;
  }
  if (results.some((result) => result.kind !== "written")) return { kind: "refuse", reason: results };
  const batch: Write[] = [];
  const deltas: Delta[] = [];
  for (const [at, write] of writes.entries()) {
    const result = results[at];
    if (result?.kind === "written") addToBatch(write, result, batch, deltas);
  }
  if (state !== NO_STATE) batch.push(...state.writes());
  return { kind: "commit", writes: batch, deltas, result: results };
}

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
}
