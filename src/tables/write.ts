import assert from "node:assert/strict";
import type {
  Change,
  Commit,
  Decision,
  Delta,
  Key,
  Outcome,
  Refuse,
  RowAddress,
  Store,
  Value,
  Write,
} from "../../storage/index.ts";
import { ApiError, internalServerError, itemCollectionSizeLimitExceeded, validation } from "../errors.ts";
import type { Item } from "../values/attribute-value.ts";
import { ITEM_BYTES_MAX } from "../values/size.ts";
import type { Catalog } from "./catalog.ts";
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
import { type IndexChange, indexChanges } from "./indexes.ts";
import { isSpaceGone } from "./storage-failure.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";
import type { Table } from "./table.ts";
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

/** Why an attempt came to nothing. "outdated": a table changed meanwhile; "conflict": another writer was in the way. */
type Obstacle = "outdated" | "conflict";

/** Writes are prepared again when the table changed meanwhile, or another writer was in the way: this many times at most. */
const ATTEMPTS_MAX = 100;

/** Whether to try again after an attempt that came to nothing; otherwise the writes are in conflict. Throws when there is no end to it. */
function triesAgain({ inFlight }: WriteServices, obstacle: Obstacle, attempt: number): boolean {
  if (obstacle === "conflict") return inFlight === undefined && attempt < ATTEMPTS_MAX;
  if (attempt >= ATTEMPTS_MAX) throw internalServerError("The tables keep changing.");
  return true;
}

/**
 * Performs writes as one atomic unit: all or nothing, in one log frame, with or without a client token. `build` looks up tables and makes
 * the writes, at least one; it runs again when a table's schema changed in between. Throws what `build` throws, and InternalServerError
 * when the store cannot tell or take the writes.
 */
export async function performTransaction(
  services: WriteServices,
  build: () => readonly ItemWrite[],
  token: ClientToken | undefined,
): Promise<TransactionOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const writes = build();
    const outcome = await attemptTogether(services, writes, { token });
    if (outcome !== "outdated" && outcome !== "conflict") return outcome;
    if (!triesAgain(services, outcome, attempt)) {
      return { kind: "cancelled", results: writes.map(() => CONFLICT) };
    }
  }
}

/** Performs one write; `build` and errors are those of `performTransaction`. */
export async function performWrite(services: WriteServices, build: () => ItemWrite): Promise<WriteResult> {
  for (let attempt = 1; ; attempt += 1) {
    const write = build();
    const result =
      services.inFlight === undefined && !hasCompanions(write)
        ? resultOf(await transactAlone(services.catalog.store, write))
        : alone(await attemptTogether(services, [write], undefined));
    if (result !== "outdated" && result !== "conflict") return result;
    if (!triesAgain(services, result, attempt)) return CONFLICT;
  }
}

/** Performs writes each for itself, but all in one turn, so that they share a commit group; see `performWrite`. */
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

/** The commonest write: of a row that no other row accompanies, where nobody is refused for running into others. */
function transactAlone(store: Store, write: ItemWrite): Promise<Outcome<Written, WriteResult>> {
  const request = { fences: write.table.fences, reads: [addressOf(write)] };
  return store.transact(request, (previous) => {
    const result = decideWrite(write, storedItem(previous[0]), NO_STATE);
    return result.kind === "written" ? commitOf([write], [result], result) : refuse(result);
  });
}

/** The result of the only write of an attempt without a token. */
function alone(outcome: TransactionOutcome | Obstacle): WriteResult | Obstacle {
  if (outcome === "outdated" || outcome === "conflict") return outcome;
  assert(outcome.kind === "written" || outcome.kind === "cancelled", "a write without a token");
  const [result] = outcome.results;
  assert(result !== undefined, "one write has one result");
  return result;
}

/** One attempt at writes that belong together. `transaction`: others may run into it. */
async function attemptTogether(
  { catalog, inFlight }: WriteServices,
  writes: readonly ItemWrite[],
  transaction: { readonly token: ClientToken | undefined } | undefined,
): Promise<TransactionOutcome | Obstacle> {
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
      decideTogether(writes, companions, token, catalog.itemCollectionBytesMax, previous, now),
    );
    return resultOf(outcome);
  } finally {
    release?.();
  }
}

function resultOf<T, R>(outcome: Outcome<T, R>): T | R | Obstacle {
  switch (outcome.kind) {
    case "committed":
      return outcome.result;
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

type Performed = Extract<TransactionOutcome, { kind: "written" }>;
type Refusal = Exclude<TransactionOutcome, Performed> | "outdated";

const refuse = <R>(reason: R): Refuse<R> => ({ kind: "refuse", reason });

/** Pure: the state before in, the batch (or the refusal) out. `previous`: the items, the token, the companions. */
function decideTogether(
  writes: readonly ItemWrite[],
  companions: CompanionRows,
  token: ClientToken | undefined,
  collectionBytesMax: number,
  previous: readonly (Value | undefined)[],
  now: number,
): Decision<Performed, Refusal> {
  const tokenAt = writes.length;
  const earlier = token?.judge(previous[tokenAt], now);
  if (earlier !== undefined) return refuse(earlier);
  const companionsAt = token === undefined ? tokenAt : tokenAt + 1;
  const state =
    companions === NO_COMPANIONS ? NO_STATE : new CompanionState(companions, previous.slice(companionsAt));
  let results: readonly WriteResult[];
  try {
    results = writes.map((write, at) => {
      const result = decideWrite(write, storedItem(previous[at]), state);
      return result.kind === "written" ? grown(write, result, state, collectionBytesMax) : result;
    });
  } catch (error) {
    if (error instanceof MissingCompanion) return refuse("outdated");
    throw error;
  }
  if (!results.every(isWritten)) return refuse({ kind: "cancelled", results });
  const commit = commitOf(writes, results, { kind: "written", results } as const);
  if (state !== NO_STATE) commit.writes.push(...state.writes());
  if (token !== undefined) {
    const sizes = results.map(({ next }) => next?.size ?? 0);
    commit.writes.push({ ...token.row, value: token.record(sizes, now) });
  }
  return commit;
}

const isWritten = (result: WriteResult): result is Written => result.kind === "written";

/** A commit under construction. */
interface Batch<T> extends Commit<T> {
  readonly writes: Write[];
}

/** What the store is to do for writes with these results. */
function commitOf<T>(writes: readonly ItemWrite[], results: readonly Written[], result: T): Batch<T> {
  const batch: Write[] = [];
  const deltas: Delta[] = [];
  const changes: Change[] = [];
  for (let at = 0; at < writes.length; at += 1) {
    const write = writes[at];
    const written = results[at];
    if (write === undefined || written === undefined) assert.fail("each write has its result");
    addToBatch(write, written, batch, deltas);
    const change = changeOf(write, written.previous, written.next);
    if (change !== undefined) changes.push(change);
  }
  return { kind: "commit", writes: batch, changes, deltas, result };
}

function decideWrite(write: ItemWrite, previous: StoredItem | undefined, state: CompanionState): WriteResult {
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
          : indexChanges(write.table, write.rowKey, previous, next, state),
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
    for (const entry of change.writes) batch.push(entry);
    if (change.delta !== undefined) deltas.push(change.delta);
  }
  const { timeToLive } = write.table;
  if (timeToLive !== undefined) batch.push(...expiryWrites(timeToLive, write.rowKey, previous, next));
}
