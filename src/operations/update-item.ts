import { updateItemInput } from "../protocol/inputs/items.ts";
import { performWrite } from "../tables/write.ts";
import { operation } from "./operation.ts";
import { writeReturns } from "./parameters.ts";
import { prepareUpdate } from "./prepared-write.ts";
import { tableFor } from "./table-name.ts";
import { answerWrite, updateImage } from "./write-answer.ts";

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
    return answerWrite(change, result, returns, (written) =>
      updateImage(returnValues, written, change.update),
    );
  },
});
