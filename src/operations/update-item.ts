import { validation } from "../errors.ts";
import { compileLegacyUpdate } from "../expressions/legacy-update.ts";
import { type CompiledUpdate, compileUpdate } from "../expressions/update.ts";
import { updateItemInput } from "../protocol/inputs/items.ts";
import type { Table } from "../tables/catalog.ts";
import { StoredItem } from "../tables/stored-item.ts";
import { performWrite, type Written } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { encodeRow } from "../values/item-codec.ts";
import { normalizeItem } from "../values/normalize.ts";
import { ITEM_BYTES_MAX, itemSize } from "../values/size.ts";
import { operation } from "./operation.ts";
import {
  CONDITION,
  LEGACY_CONDITION,
  placeholdersOf,
  refuseMixing,
  refuseStrayPlaceholders,
  writeCondition,
  writeReturns,
} from "./parameters.ts";
import { tableFor } from "./table-name.ts";
import { answerWrite } from "./write-answer.ts";

const LEGACY = ["AttributeUpdates", ...LEGACY_CONDITION] as const;
const EXPRESSIONS = ["UpdateExpression", ...CONDITION] as const;

export const updateItem = operation({
  name: "UpdateItem",
  input: updateItemInput,
  enveloped: true,
  prepare(input) {
    refuseMixing(input, LEGACY, EXPRESSIONS);
    refuseStrayPlaceholders(input, EXPRESSIONS, EXPRESSIONS);
    const key = normalizeItem(input.Key).item;
    const placeholders = placeholdersOf(input);
    const update =
      input.UpdateExpression !== undefined
        ? compileUpdate(input.UpdateExpression, placeholders)
        : compileLegacyUpdate(input.AttributeUpdates ?? {});
    const condition = writeCondition(input, placeholders);
    placeholders.rejectUnused();
    return { key, update, condition, returnValues: input.ReturnValues, returns: writeReturns(input) };
  },
  async execute({ key, update, condition, returnValues, returns }, context) {
    const result = await performWrite(context.catalog, () => {
      const table = tableFor(returns.tableName, context);
      table.schema.checkKey(key);
      table.schema.checkUpdateTargets(update.targets);
      if (condition !== undefined) table.schema.checkPaths(condition.paths());
      return {
        table,
        rowKey: table.rowKeyOf(key),
        test: condition?.test,
        next: (previous) => updated(table, update, key, previous),
      };
    });
    return answerWrite(result, returns, (written) => returned(returnValues, written, update));
  },
});

/** The stored item after an update. Throws when the update cannot be applied to it, or it grows too large. */
export function updated(
  table: Table,
  update: CompiledUpdate,
  key: Item,
  previous: StoredItem | undefined,
): StoredItem | undefined {
  const next = update.apply(previous?.item, key);
  if (next === undefined || next === previous?.item) return previous;
  table.schema.checkUpdatedItem(previous?.item, next);
  const size = itemSize(next);
  const judged = Math.max(size, size - itemSize(key) + update.overheadBytes);
  if (judged > ITEM_BYTES_MAX) throw validation("Item size to update has exceeded the maximum allowed size");
  return new StoredItem(encodeRow(next, size), next);
}

/** The Attributes member; undefined when there is nothing to return. */
function returned(
  mode: string | undefined,
  { previous, next }: Written,
  update: CompiledUpdate,
): Item | undefined {
  switch (mode) {
    case "ALL_OLD":
      return previous?.item;
    case "ALL_NEW":
      return next?.item;
    case "UPDATED_OLD":
      return previous === undefined ? undefined : nonEmpty(update.touched.pick(previous.item));
    case "UPDATED_NEW":
      return next === undefined ? undefined : nonEmpty(update.touched.pick(next.item));
    default:
      return undefined;
  }
}

function nonEmpty(item: Item): Item | undefined {
  for (const _ in item) return item;
  return undefined;
}
