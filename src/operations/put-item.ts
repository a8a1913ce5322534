import { putItemInput } from "../protocol/inputs/items.ts";
import { performWrite } from "../tables/write.ts";
import { operation } from "./operation.ts";
import { writeReturns } from "./parameters.ts";
import { preparePut } from "./prepared-write.ts";
import { tableFor } from "./table-name.ts";
import { answerWrite } from "./write-answer.ts";

export const putItem = operation({
  name: "PutItem",
  input: putItemInput,
  enveloped: true,
  prepare(input) {
    const put = preparePut(input);
    return { put, returnOld: input.ReturnValues === "ALL_OLD", returns: writeReturns(input) };
  },
  async execute({ put, returnOld, returns }, context) {
    const result = await performWrite(context, () => put.on(tableFor(put.tableName, context)));
    return answerWrite(put, result, returns, ({ previous }) => (returnOld ? previous?.item : undefined));
  },
});
