import { listGlobalTablesInput } from "../protocol/inputs/global-tables.ts";
import { json, operation } from "./operation.ts";

/** Of the version of 2017, of which there can be none: see CreateGlobalTable. */
export const listGlobalTables = operation({
  name: "ListGlobalTables",
  input: listGlobalTablesInput,
  prepare: () => undefined,
  execute: () => json({ GlobalTables: [] }),
});
