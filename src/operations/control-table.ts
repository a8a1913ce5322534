import { resourceNotFound } from "../errors.ts";
import { newUuid } from "../runtime/ids.ts";
import type { DescribeContext } from "../tables/describe.ts";
import { isBeingFilled, type TableStatus } from "../tables/schema.ts";
import type { PlanContext } from "../tables/schema-request.ts";
import type { TableState } from "../tables/schema-status.ts";
import type { Table } from "../tables/table.ts";
import type { Context } from "./operation.ts";

/** The table a control-plane request names, in whatever state. Throws ResourceNotFound in the control plane's words. */
export function tableInAnyState(name: string, context: Context): Table {
  const table = context.catalog.find(name);
  if (table === undefined) throw missingTable(name);
  return table;
}

/** The same but for a table that is being restored or imported: it is there to be described, and for nothing else. */
export function existingTable(name: string, context: Context): Table {
  const table = tableInAnyState(name, context);
  if (isBeingFilled(table.record)) throw missingTable(name);
  return table;
}

/** What the control plane says of a table that is not there. */
export const missingTable = (name: string) =>
  resourceNotFound(`Requested resource not found: Table: ${name} not found`);

/** What a table is going through, as clients see it now. */
export const stateOf = (table: Table, { catalog }: Context): TableState => ({
  status: catalog.statusOf(table),
  streamChange: catalog.streams.changeUnderWay(table.record),
  tagsChange: catalog.isUnderWay(table.record.tagsChangeMs),
});

/** What a description of a table takes from the world; `status` replaces the record's own. */
export function describeContext({ catalog, clock }: Context, status?: TableStatus): DescribeContext {
  return {
    now: clock.now(),
    stats: (space) => catalog.countsOf(space),
    ...(status === undefined ? {} : { status }),
  };
}

/** What a plan takes from the world. */
export const planContext = ({ clock, accountId, region }: Context): PlanContext => ({
  now: clock.now(),
  accountId,
  region,
  newId: newUuid,
});
