import { globalTableNotFound } from "../errors.ts";
import { describeGlobalTableSettingsInput } from "../protocol/inputs/global-tables.ts";
import { operation } from "./operation.ts";

/** No global table of the version of 2017 can exist: see CreateGlobalTable. */
export const describeGlobalTableSettings = operation({
  name: "DescribeGlobalTableSettings",
  input: describeGlobalTableSettingsInput,
  prepare: (input) => input.GlobalTableName,
  execute(name) {
    throw globalTableNotFound(name);
  },
});
