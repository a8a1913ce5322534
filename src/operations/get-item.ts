import { getItemInput } from "../protocol/inputs/items.ts";
import { readItem } from "../tables/read.ts";
import type { StoredItem } from "../tables/stored-item.ts";
import type { Item } from "../values/attribute-value.ts";
import { type Body, json, operation } from "./operation.ts";
import { prepareGet } from "./prepared-get.ts";
import { consumedCapacity, type ReturnConsumedCapacity, readUnits, tableUnits } from "./results.ts";
import { spliceItem, spliceParts } from "./splice.ts";
import { tableFor } from "./table-name.ts";

export const getItem = operation({
  name: "GetItem",
  input: getItemInput,
  prepare(input) {
    return {
      get: prepareGet(input),
      consistent: input.ConsistentRead ?? false,
      returnConsumedCapacity: input.ReturnConsumedCapacity,
    };
  },
  async execute({ get, consistent, returnConsumedCapacity }, context) {
    const row = get.on(tableFor(get.tableName, context));
    const stored = await readItem(context.catalog, row.space, row.key);
    return answer(stored, get.projection?.pick, get.tableName, consistent, returnConsumedCapacity);
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
  return spliceParts(['{"Item":', stored.json, `,"ConsumedCapacity":${json(capacity)}}`]);
}
