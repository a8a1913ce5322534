import { ApiError, validation } from "../errors.ts";
import type { ItemRow } from "../tables/read-items.ts";
import type { Table } from "../tables/table.ts";
import { cancelledByInvalid } from "./cancellation.ts";
import type { Context } from "./operation.ts";
import { tableFor } from "./table-name.ts";

/** The most that the items of a transaction may add up to, in bytes: as sent for writes, as read for reads. */
export const TRANSACTION_BYTES_MAX = 4 << 20;

export const transactionTooLarge = () => validation("Transaction request size cannot exceed 4 MB");

/** An action of a transaction: prepared without its table. */
interface Action<T> {
  readonly tableName: string;
  readonly on: (table: Table) => T;
}

export interface PlacementRules<T> {
  readonly rowOf: (placed: T) => ItemRow;
  /** What the request carries, in bytes. */
  readonly payloadBytes: number;
  /** Whether an empty key value is a fault of the request rather than the reason of a cancellation. */
  readonly emptyKeyRefusesRequest: boolean;
}

/**
 * The actions of a transaction on their tables. In the service's order: tables that do not exist, items named twice, size; then the first
 * action that does not fit its table cancels the transaction.
 */
export function placeActions<T>(
  actions: readonly Action<T>[],
  context: Context,
  { rowOf, payloadBytes, emptyKeyRefusesRequest }: PlacementRules<T>,
): readonly T[] {
  const tables = actions.map(({ tableName }) => tableFor(tableName, context));
  const placed: T[] = [];
  let invalid: { readonly at: number; readonly error: ApiError } | undefined;
  let ofRequest: ApiError | undefined;
  for (const [at, action] of actions.entries()) {
    const table = tables[at];
    if (table === undefined) continue;
    try {
      placed.push(action.on(table));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      invalid ??= { at, error };
      if (error.ofRequest) ofRequest ??= error;
    }
  }
  if (!areDistinct(placed.map(rowOf))) {
    throw validation("Transaction request cannot include multiple operations on one item");
  }
  if (payloadBytes > TRANSACTION_BYTES_MAX) throw transactionTooLarge();
  if (ofRequest !== undefined && emptyKeyRefusesRequest) throw ofRequest;
  if (invalid !== undefined) {
    const { at: culprit, error } = invalid;
    throw cancelledByInvalid(actions.map((_, at) => (at === culprit ? error : undefined)));
  }
  return placed;
}

/** Whether no item is named twice. Mostly the keys alone tell. */
export function areDistinct(rows: readonly ItemRow[]): boolean {
  const keys = new Set<string>();
  for (const { key } of rows) keys.add(key);
  if (keys.size === rows.length) return true;
  const addresses = new Set<string>();
  for (const { space, key } of rows) addresses.add(`${space} ${key}`);
  return addresses.size === rows.length;
}
