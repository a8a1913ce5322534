import { deleteItemInput } from "../protocol/inputs/items.ts";
import { performWrite } from "../tables/write.ts";
import { operation } from "./operation.ts";
import { writeReturns } from "./parameters.ts";
import { prepareDelete } from "./prepared-write.ts";
import { tableFor } from "./table-name.ts";
import { answerWrite } from "./write-answer.ts";

export const deleteItem = operation({
  name: "DeleteItem",
  input: deleteItemInput,
  prepare(input) {
    const deletion = prepareDelete(input);
    return { deletion, returnOld: input.ReturnValues === "ALL_OLD", returns: writeReturns(input) };
  },
  async execute({ deletion, returnOld, returns }, context) {
    const result = await performWrite(context, () => deletion.on(tableFor(deletion.tableName, context)));
    return answerWrite(deletion, result, returns, ({ previous }) => (returnOld ? previous?.item : undefined));
  },
});
