import type { CompiledUpdate } from "../expressions/update.ts";
import { updateItemInput } from "../protocol/inputs/items.ts";
import { performWrite, type Written } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { operation } from "./operation.ts";
import { writeReturns } from "./parameters.ts";
import { prepareUpdate } from "./prepared-write.ts";
import { tableFor } from "./table-name.ts";
import { answerWrite } from "./write-answer.ts";

export const updateItem = operation({
  name: "UpdateItem",
  input: updateItemInput,
  enveloped: true,
  prepare(input) {
    const change = prepareUpdate(input, "with-overhead");
    return { change, returnValues: input.ReturnValues, returns: writeReturns(input) };
  },
  async execute({ change, returnValues, returns }, context) {
    const result = await performWrite(context, () => change.on(tableFor(change.tableName, context)));
    return answerWrite(change, result, returns, (written) => returned(returnValues, written, change.update));
  },
});

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
