import { isDeepStrictEqual } from "node:util";
import { limitExceeded, resourceNotFound, validation } from "../errors.ts";
import type { Tag } from "../tables/schema.ts";
import type { Table } from "../tables/table.ts";
import type { Context } from "./operation.ts";
import { deniedAccount, namedResource } from "./resource-arn.ts";

/** The table that a tag operation names by its ARN. Throws when it is not of a table of this caller, or there is none. */
export function taggedTable(arn: string, context: Context): Table {
  const { tableName, streamLabel } = namedResource(arn, context, {
    otherRegion: () => validation(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`),
    otherAccount: deniedAccount,
  });
  // Streams have no tags.
  const table = streamLabel === undefined ? context.catalog.find(tableName) : undefined;
  if (table === undefined || !isTaggable(table, context)) {
    throw resourceNotFound(`Requested resource not found: ResourceArn: ${arn} not found`);
  }
  return table;
}

function isTaggable(table: Table, { catalog }: Context): boolean {
  const status = catalog.statusOf(table);
  return status !== "CREATING" && status !== "DELETING";
}

/** Replaces a table's tags by what `change` makes of them. An equal set of tags is no change. */
export async function changeTags(
  arn: string,
  context: Context,
  change: (current: readonly Tag[]) => readonly Tag[],
): Promise<void> {
  const { catalog, clock } = context;
  await catalog.exclusively(taggedTable(arn, context).record.tableName, async () => {
    const { record } = taggedTable(arn, context);
    const tags = change(record.tags);
    if (isDeepStrictEqual(tags, record.tags)) return;
    if (catalog.isUnderWay(record.tagsChangeMs)) {
      throw limitExceeded(`Subscriber limit exceeded: Table tags are being updated: ${record.tableName}`);
    }
    await catalog.update({ ...record, tags, tagsChangeMs: clock.now() }, undefined);
  });
}
