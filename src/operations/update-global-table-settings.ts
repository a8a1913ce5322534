import { globalTableNotFound } from "../errors.ts";
import { updateGlobalTableSettingsInput } from "../protocol/inputs/global-tables.ts";
import { operation } from "./operation.ts";

/** No global table of the version of 2017 can exist: see CreateGlobalTable. */
export const updateGlobalTableSettings = operation({
  name: "UpdateGlobalTableSettings",
  input: updateGlobalTableSettingsInput,
  prepare: (input) => input.GlobalTableName,
  execute(name) {
    throw globalTableNotFound(name);
  },
});
