import { isDeepStrictEqual } from "node:util";
import { accessDenied, limitExceeded, resourceNotFound, validation } from "../errors.ts";
import type { Tag } from "../tables/schema.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import type { Table } from "../tables/table.ts";
import type { Context } from "./operation.ts";

const ARN = /^arn:[^:]*:dynamodb:([^:]*):([^:]*):table\/([^/]+)(\/.*)?$/s;

/** The table that a tag operation names by its ARN. Throws when it is not of a table of this caller, or there is none. */
export function taggedTable(arn: string, context: Context): Table {
  const name = nameInArn(arn, context);
  const table = name === undefined ? undefined : context.catalog.find(name);
  if (table === undefined || !isTaggable(table, context)) {
    throw resourceNotFound(`Requested resource not found: ResourceArn: ${arn} not found`);
  }
  return table;
}

/** Undefined for the ARN of a stream, which has no tags. */
function nameInArn(arn: string, context: Context): string | undefined {
  if (!arn.startsWith("arn:")) throw invalidParameters(`ARNs must start with 'arn:': ${arn}`);
  const [, region, account, name, rest = ""] = ARN.exec(arn) ?? [];
  if (name === undefined || rest.startsWith("/backup/")) {
    throw invalidParameters(`Provided Arn is not a DynamoDB resource arn: ${arn}`);
  }
  const isStream = rest.startsWith("/stream/");
  if (rest !== "" && !isStream) {
    throw invalidParameters(
      `Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`,
    );
  }
  if (region !== context.region) {
    throw validation(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  }
  if (account !== context.accountId) throw accessDenied("Access is denied");
  return isStream ? undefined : name;
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
