import { deleteItemInput } from "../protocol/inputs/items.ts";
import { performWrite } from "../tables/write.ts";
import { normalizeItem } from "../values/normalize.ts";
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

export const deleteItem = operation({
  name: "DeleteItem",
  input: deleteItemInput,
  prepare(input) {
    refuseMixing(input, LEGACY_CONDITION, CONDITION);
    refuseStrayPlaceholders(input, CONDITION, CONDITION);
    const key = normalizeItem(input.Key).item;
    const placeholders = placeholdersOf(input);
    const condition = writeCondition(input, placeholders);
    placeholders.rejectUnused();
    refuseReturnValues(input.ReturnValues);
    return { key, condition, returnOld: input.ReturnValues === "ALL_OLD", returns: writeReturns(input) };
  },
  async execute({ key, condition, returnOld, returns }, context) {
    const result = await performWrite(context.catalog, () => {
      const table = tableFor(returns.tableName, context);
      table.schema.checkKey(key);
      if (condition !== undefined) table.schema.checkPaths(condition.paths());
      return { table, rowKey: table.rowKeyOf(key), test: condition?.test, next: () => undefined };
    });
    return answerWrite(result, returns, ({ previous }) => (returnOld ? previous?.item : undefined));
  },
});
