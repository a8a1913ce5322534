import { type ItemRow, readItems } from "../tables/read-items.ts";
import type { StoredItem } from "../tables/stored-item.ts";
import { cancelledByConflict } from "./cancellation.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { type Body, type Context, json } from "./operation.ts";
import type { PreparedGet } from "./prepared-get.ts";
import { type ReturnConsumedCapacity, readUnits, tableUnits } from "./results.ts";
import { spliceParts } from "./splice.ts";
import { TRANSACTION_BYTES_MAX, transactionTooLarge } from "./transaction-actions.ts";
import { TRANSACTIONAL_FACTOR } from "./transaction-outcome.ts";

/** Reads the items of `gets`, which are in `rows`, at one instant, and answers them. Throws what cancels the transaction. */
export async function readTogether(
  gets: readonly PreparedGet[],
  rows: readonly ItemRow[],
  mode: ReturnConsumedCapacity | undefined,
  context: Context,
): Promise<Body> {
  const held = context.inFlight?.heldAmong(rows);
  if (held !== undefined) throw cancelledByConflict(held);
  const items = await readItems(context.catalog, rows, TRANSACTION_BYTES_MAX);
  if (items.length < rows.length) throw transactionTooLarge();
  const capacity = new CapacityByTable();
  for (const [at, { tableName }] of gets.entries()) {
    capacity.add(tableName, tableUnits(readUnits(items[at]?.size ?? 0, true)), TRANSACTIONAL_FACTOR);
  }
  return answer(gets, items, capacity.report(mode, "ReadCapacityUnits"));
}

/** One response per get, in their order; without Item where there is none, or nothing of it was wanted. */
function answer(
  gets: readonly PreparedGet[],
  items: readonly (StoredItem | undefined)[],
  consumed: readonly object[] | undefined,
): Body {
  const parts: (string | Uint8Array)[] = [];
  let before = '{"Responses":[';
  for (const [at, { projection }] of gets.entries()) {
    const item = items[at];
    if (item === undefined) parts.push(`${before}{}`);
    else if (projection === undefined) parts.push(`${before}{"Item":`, item.json, "}");
    else {
      const picked = json(projection.pick(item.item));
      parts.push(picked === "{}" ? `${before}{}` : `${before}{"Item":${picked}}`);
    }
    before = ",";
  }
  parts.push(consumed === undefined ? "]}" : `],"ConsumedCapacity":${json(consumed)}}`);
  return spliceParts(parts);
}
