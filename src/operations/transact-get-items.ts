import { transactGetItemsInput } from "../protocol/inputs/transactions.ts";
import type { ItemRow } from "../tables/read-items.ts";
import { operation } from "./operation.ts";
import { prepareGet } from "./prepared-get.ts";
import { placeActions } from "./transaction-actions.ts";
import { readTogether } from "./transactional-read.ts";

/** An empty key value is like any other key that does not fit: it cancels the transaction. */
const RULES = { rowOf: (row: ItemRow) => row, payloadBytes: 0, emptyKeyRefusesRequest: false };

export const transactGetItems = operation({
  name: "TransactGetItems",
  input: transactGetItemsInput,
  prepare: (input) => ({
    gets: input.TransactItems.map(({ Get }) => prepareGet(Get)),
    mode: input.ReturnConsumedCapacity,
  }),
  execute: ({ gets, mode }, context) => readTogether(gets, placeActions(gets, context, RULES), mode, context),
});
