import { compileProjection, projectionOf } from "../expressions/projection.ts";
import { getItemInput } from "../protocol/inputs/items.ts";
import { readItem } from "../tables/read.ts";
import type { StoredItem } from "../tables/stored-item.ts";
import type { Item } from "../values/attribute-value.ts";
import { normalizeItem } from "../values/normalize.ts";
import { type Body, json, operation } from "./operation.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { consumedCapacity, type ReturnConsumedCapacity, readUnits, tableUnits } from "./results.ts";
import { refuseDuplicateAttributes } from "./selection.ts";
import { spliceItem, spliceItems } from "./splice.ts";
import { tableFor } from "./table-name.ts";

const EXPRESSIONS = ["ProjectionExpression"] as const;

export const getItem = operation({
  name: "GetItem",
  input: getItemInput,
  prepare(input) {
    refuseMixing(input, ["AttributesToGet"], EXPRESSIONS);
    refuseStrayPlaceholders(input, EXPRESSIONS, []);
    const key = normalizeItem(input.Key).item;
    refuseDuplicateAttributes(input.AttributesToGet);
    const placeholders = placeholdersOf(input);
    const projection =
      input.ProjectionExpression !== undefined
        ? compileProjection(input.ProjectionExpression, placeholders)
        : input.AttributesToGet !== undefined
          ? projectionOf(input.AttributesToGet)
          : undefined;
    placeholders.rejectUnused();
    return {
      tableName: input.TableName,
      key,
      projection,
      consistent: input.ConsistentRead ?? false,
      returnConsumedCapacity: input.ReturnConsumedCapacity,
    };
  },
  async execute({ tableName, key, projection, consistent, returnConsumedCapacity }, context) {
    const table = tableFor(tableName, context);
    table.schema.checkKey(key);
    if (projection !== undefined) table.schema.checkPaths(projection.paths);
    const stored = await readItem(context.catalog, table.space, table.rowKeyOf(key));
    return answer(stored, projection?.pick, tableName, consistent, returnConsumedCapacity);
  },
});

/** An absent item has no Item member; an item of which nothing is projected is an empty one. */
function answer(
  stored: StoredItem | undefined,
  pick: ((item: Item) => Item) | undefined,
  tableName: string,
  consistent: boolean,
  mode: ReturnConsumedCapacity | undefined,
): Body {
  const units = tableUnits(readUnits(stored?.size ?? 0, consistent));
  const capacity = consumedCapacity(mode, tableName, units);
  if (stored === undefined) return json({ ConsumedCapacity: capacity });
  if (pick !== undefined) return json({ Item: pick(stored.item), ConsumedCapacity: capacity });
  if (capacity === undefined) return spliceItem(stored.json);
  return spliceItems('{"Item":', [stored], `,"ConsumedCapacity":${json(capacity)}}`);
}
