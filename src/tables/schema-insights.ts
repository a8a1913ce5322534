/** Contributor Insights: which tables and indexes it is on for. A setting that is kept and described; nothing is counted. */
import { resourceNotFound, validation } from "../errors.ts";
import type { InsightsRecord, TableRecord, TableStatus } from "./schema.ts";
import type { ContributorInsightsMode } from "./schema-request.ts";

const DEFAULT_MODE = "ACCESSED_AND_THROTTLED_KEYS";

export interface InsightsRequest {
  readonly IndexName?: string | undefined;
  readonly ContributorInsightsAction: "ENABLE" | "DISABLE";
  readonly ContributorInsightsMode?: ContributorInsightsMode | undefined;
}

/** What has been configured for the table (`indexName` undefined) or an index; undefined: nothing. */
export const insightsOf = (record: TableRecord, indexName: string | undefined): InsightsRecord | undefined =>
  record.insights?.find((each) => each.indexName === indexName);

/** Refuses an index that is not there, is local, or is still being made. Throws `ApiError`. */
export function checkInsightsIndex(record: TableRecord, indexName: string | undefined): void {
  if (indexName === undefined) return;
  const index = record.globalSecondaryIndexes.find((each) => each.indexName === indexName);
  if (index !== undefined && index.indexStatus !== "CREATING") return;
  throw resourceNotFound(
    `Requested resource not found: Index: ${indexName} not found for table: ${record.tableName}`,
  );
}

/** The record with the setting that is asked for; the same one when that is how it is. `status`: of the table, as seen now. Throws `ApiError`. */
export function planInsights(
  record: TableRecord,
  request: InsightsRequest,
  status: TableStatus,
  now: number,
): TableRecord {
  const { IndexName: indexName, ContributorInsightsAction: action } = request;
  checkInsightsIndex(record, indexName);
  checkIsActive(record, indexName, status);
  const current = insightsOf(record, indexName);
  const enabled = action === "ENABLE";
  const mode = request.ContributorInsightsMode ?? current?.mode ?? DEFAULT_MODE;
  const isSettled = (current?.enabled ?? false) === enabled && (!enabled || current?.mode === mode);
  if (isSettled) return record;
  const changed: InsightsRecord = {
    ...(indexName === undefined ? {} : { indexName }),
    ...{ enabled, mode: enabled ? mode : (current?.mode ?? mode), changeMs: now },
  };
  const others = (record.insights ?? []).filter((each) => each.indexName !== indexName);
  return { ...record, insights: [...others, changed] };
}

function checkIsActive(record: TableRecord, indexName: string | undefined, status: TableStatus): void {
  const refuse = (what: string) =>
    validation(
      `Table or Index is not in a valid state to update Key Access Insights: ${what} must be ACTIVE to enable ContributorInsights.`,
    );
  if (status !== "ACTIVE") throw refuse("TableStatus");
  const index = record.globalSecondaryIndexes.find((each) => each.indexName === indexName);
  if (index !== undefined && index.indexStatus !== "ACTIVE") throw refuse("IndexStatus");
}

/** Names of the CloudWatch rules that the service makes when insights are enabled. */
export function insightsRules(record: TableRecord, { indexName, mode, changeMs }: InsightsRecord): string[] {
  const index = record.globalSecondaryIndexes.find((each) => each.indexName === indexName);
  const hasSortKey = (index ?? record).keySchema.some(({ KeyType }) => KeyType === "RANGE");
  const resource = indexName === undefined ? record.tableName : `${record.tableName}-${indexName}`;
  const events = mode === "THROTTLED_KEYS" ? ["T"] : ["C", "T"];
  return (hasSortKey ? ["PK", "SK"] : ["PK"]).flatMap((key) =>
    events.map((event) => `DynamoDBContributorInsights-${key}${event}-${resource}-${changeMs}`),
  );
}
