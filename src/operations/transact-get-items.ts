import { transactGetItemsInput } from "../protocol/inputs/transactions.ts";
import { type ItemRow, readItems } from "../tables/read-items.ts";
import type { StoredItem } from "../tables/stored-item.ts";
import { cancelledByConflict } from "./cancellation.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { type Body, json, operation } from "./operation.ts";
import { type PreparedGet, prepareGet } from "./prepared-get.ts";
import { readUnits, tableUnits } from "./results.ts";
import { spliceParts } from "./splice.ts";
import { TRANSACTIONAL_FACTOR } from "./transact-write-items.ts";
import { placeActions, TRANSACTION_BYTES_MAX, transactionTooLarge } from "./transaction-actions.ts";

/** An empty key value is like any other key that does not fit: it cancels the transaction. */
const RULES = { rowOf: (row: ItemRow) => row, payloadBytes: 0, emptyKeyRefusesRequest: false };

export const transactGetItems = operation({
  name: "TransactGetItems",
  input: transactGetItemsInput,
  prepare: (input) => ({
    gets: input.TransactItems.map(({ Get }) => prepareGet(Get)),
    mode: input.ReturnConsumedCapacity,
  }),
  async execute({ gets, mode }, context) {
    const rows = placeActions(gets, context, RULES);
    const held = context.inFlight?.heldAmong(rows);
    if (held !== undefined) throw cancelledByConflict(held);
    const items = await readItems(context.catalog, rows, TRANSACTION_BYTES_MAX);
    if (items.length < rows.length) throw transactionTooLarge();
    const capacity = new CapacityByTable();
    for (const [at, { tableName }] of gets.entries()) {
      capacity.add(tableName, tableUnits(readUnits(items[at]?.size ?? 0, true)), TRANSACTIONAL_FACTOR);
    }
    return answer(gets, items, capacity.report(mode, "ReadCapacityUnits"));
  },
});

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
