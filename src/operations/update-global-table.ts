import { globalTableNotFound } from "../errors.ts";
import { updateGlobalTableInput } from "../protocol/inputs/global-tables.ts";
import { operation } from "./operation.ts";

/** No global table of the version of 2017 can exist: see CreateGlobalTable. */
export const updateGlobalTable = operation({
  name: "UpdateGlobalTable",
  input: updateGlobalTableInput,
  prepare: (input) => input.GlobalTableName,
  execute(name) {
    throw globalTableNotFound(name);
  },
});
