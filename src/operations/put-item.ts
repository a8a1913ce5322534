import { validation } from "../errors.ts";
import { putItemInput } from "../protocol/inputs/items.ts";
import { StoredItem } from "../tables/stored-item.ts";
import { performWrite } from "../tables/write.ts";
import { encodeRow } from "../values/item-codec.ts";
import { normalizeItem } from "../values/normalize.ts";
import { ITEM_BYTES_MAX } from "../values/size.ts";
import { operation } from "./operation.ts";
import {
  CONDITION,
  LEGACY_CONDITION,
  placeholdersOf,
  refuseMixing,
  refuseReturnValues,
  refuseStrayPlaceholders,
  writeCondition,
  writeReturns,
} from "./parameters.ts";
import { tableFor } from "./table-name.ts";
import { answerWrite } from "./write-answer.ts";

export const putItem = operation({
  name: "PutItem",
  input: putItemInput,
  enveloped: true,
  prepare(input) {
    refuseMixing(input, LEGACY_CONDITION, CONDITION);
    refuseStrayPlaceholders(input, CONDITION, CONDITION);
    const { item, size } = normalizeItem(input.Item);
    refuseReturnValues(input.ReturnValues);
    if (size > ITEM_BYTES_MAX) throw validation("Item size has exceeded the maximum allowed size");
    const placeholders = placeholdersOf(input);
    const condition = writeCondition(input, placeholders);
    placeholders.rejectUnused();
    return {
      item,
      next: new StoredItem(encodeRow(item, size), item),
      condition,
      returnOld: input.ReturnValues === "ALL_OLD",
      returns: writeReturns(input),
    };
  },
  async execute({ item, next, condition, returnOld, returns }, context) {
    const result = await performWrite(context.catalog, () => {
      const table = tableFor(returns.tableName, context);
      table.schema.checkItem(item);
      if (condition !== undefined) table.schema.checkPaths(condition.paths());
      return { table, rowKey: table.rowKeyOf(item), test: condition?.test, next: () => next };
    });
    return answerWrite(result, returns, ({ previous }) => (returnOld ? previous?.item : undefined));
  },
});
