import { createGlobalTableInput } from "../protocol/inputs/global-tables.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import { operation } from "./operation.ts";

/** Of the version of 2017, which the service creates no more. */
export const createGlobalTable = operation({
  name: "CreateGlobalTable",
  input: createGlobalTableInput,
  prepare: () => undefined,
  execute() {
    throw invalidParameters(
      "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, " +
        "instead of version 2017.11.29 (Legacy).",
    );
  },
});
