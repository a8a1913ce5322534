import { listTablesInput } from "../protocol/inputs/tables.ts";
import { json, operation } from "./operation.ts";

const PAGE_NAMES_MAX = 100;

export const listTables = operation({
  name: "ListTables",
  input: listTablesInput,
  prepare: (input) => ({ after: input.ExclusiveStartTableName, limit: input.Limit ?? PAGE_NAMES_MAX }),
  execute({ after, limit }, { catalog }) {
    const { names, more } = catalog.names(after, limit);
    return json({ TableNames: names, LastEvaluatedTableName: more ? names.at(-1) : undefined });
  },
});
