import { accessDenied, resourceInUse, resourceNotFound } from "../errors.ts";
import type { TableRecord } from "../tables/schema.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import { type PolicyOwner, policyOf } from "../tables/schema-policies.ts";
import { existingTable } from "./control-table.ts";
import type { Context } from "./operation.ts";
import { namedResource } from "./resource-arn.ts";

/** What a policy operation names by its ARN, and the record of its table. Throws `ApiError` when there is none. */
export function policyOwner(
  arn: string,
  context: Context,
): { readonly owner: PolicyOwner; readonly record: TableRecord } {
  const { tableName, streamLabel } = namedResource(arn, context, {
    otherRegion: () => invalidParameters(`Invalid resource Arn: ${arn}`),
    otherAccount: () =>
      accessDenied("This action is only supported by accounts that match the resource owner’s account."),
  });
  const { record } = existingTable(tableName, context);
  if (streamLabel !== undefined && context.catalog.streams.find(arn) === undefined) {
    throw resourceNotFound(
      `Requested resource not found: Stream: ${streamLabel} not found for Table: ${tableName}`,
    );
  }
  return { owner: { arn, streamLabel }, record };
}

/** Changes the policy that an ARN names, after all earlier changes of its table. The same record is no change. */
export async function changePolicy<Result>(
  arn: string,
  context: Context,
  change: (record: TableRecord, owner: PolicyOwner) => { record: TableRecord; result: Result },
): Promise<Result> {
  const { catalog } = context;
  return await catalog.exclusively(policyOwner(arn, context).record.tableName, async () => {
    const { owner, record } = policyOwner(arn, context);
    const changed = change(record, owner);
    if (changed.record === record) return changed.result;
    const { revisionId } = policyOf(record, owner) ?? {};
    if (revisionId !== undefined && catalog.isUnderWay(Number(revisionId))) {
      throw resourceInUse(
        "Attempt to change a resource which is still in use: " +
          `Table is pending previous resource-based policy update: ${record.tableName}`,
      );
    }
    await catalog.update(changed.record, undefined);
    return changed.result;
  });
}
