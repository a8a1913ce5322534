import { structure } from "../protocol/shapes.ts";
import { json, operation } from "./operation.ts";

/** The service's default quotas of an account and of a table (limits: "Account defaults"). */
const LIMITS = json({
  AccountMaxReadCapacityUnits: 80_000,
  AccountMaxWriteCapacityUnits: 80_000,
  TableMaxReadCapacityUnits: 40_000,
  TableMaxWriteCapacityUnits: 40_000,
});

export const describeLimits = operation({
  name: "DescribeLimits",
  input: structure("DescribeLimitsInput", {}),
  prepare: () => undefined,
  execute: () => LIMITS,
});
