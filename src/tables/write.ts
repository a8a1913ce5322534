import type { Commit, Delta, Key, Refuse, RowAddress, Value, Write } from "../../storage/index.ts";
import { ApiError, internalServerError, transactionConflict } from "../errors.ts";
import type { Item } from "../values/attribute-value.ts";
import type { Catalog, Table } from "./catalog.ts";
import { type IndexChange, indexChanges } from "./indexes.ts";
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
}

/** What became of one ItemWrite. */
export type WriteResult =
  | {
      readonly kind: "written";
      readonly previous: StoredItem | undefined;
      readonly next: StoredItem | undefined;
      readonly indexes: readonly IndexChange[];
    }
  | { readonly kind: "condition-failed"; readonly previous: StoredItem | undefined }
  | { readonly kind: "refused"; readonly error: ApiError };

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
    const outcome = await catalog.store.transact(
      { fences: fencesOf(writes), reads: writes.map(addressOf) },
      (previous) => decideWrites(writes, previous),
    );
    switch (outcome.kind) {
      case "committed":
        return outcome.result;
      case "refused":
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
  previous: readonly (Value | undefined)[],
): Commit<Results> | Refuse<Results> {
  const results = writes.map((write, at) => decideWrite(write, storedItem(previous[at])));
  if (results.some((result) => result.kind !== "written")) return { kind: "refuse", reason: results };
  const batch: Write[] = [];
  const deltas: Delta[] = [];
  for (const [at, write] of writes.entries()) {
    const result = results[at];
    if (result?.kind === "written") addToBatch(write, result, batch, deltas);
  }
  return { kind: "commit", writes: batch, deltas, result: results };
}

function decideWrite(write: ItemWrite, previous: StoredItem | undefined): WriteResult {
  try {
    if (write.test !== undefined && !write.test(previous?.item))
      return { kind: "condition-failed", previous };
    const next = write.next(previous);
    const { indexes } = write.table;
    return {
      kind: "written",
      previous,
      next,
      indexes: indexes.length === 0 ? [] : indexChanges(indexes, write.rowKey, previous?.item, next?.item),
    };
  } catch (error) {
    if (error instanceof ApiError) return { kind: "refused", error };
    throw error;
  }
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
