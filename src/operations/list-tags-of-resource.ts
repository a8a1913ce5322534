import { listTagsOfResourceInput } from "../protocol/inputs/tags.ts";
import { json, operation } from "./operation.ts";
import { taggedTable } from "./tagged-table.ts";

export const listTagsOfResource = operation({
  name: "ListTagsOfResource",
  input: listTagsOfResourceInput,
  prepare: (input) => input.ResourceArn,
  // All tags fit on one page: none is ever given a token, and a token that is sent all the same means nothing.
  execute: (arn, context) => json({ Tags: taggedTable(arn, context).record.tags }),
});
