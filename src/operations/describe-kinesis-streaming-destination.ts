import { describeKinesisStreamingDestinationInput } from "../protocol/inputs/insights.ts";
import type { KinesisDestinationRecord } from "../tables/schema.ts";
import { existingTable } from "./control-table.ts";
import { type Context, json, operation } from "./operation.ts";
import { tableNameOf } from "./table-name.ts";

export const describeKinesisStreamingDestination = operation({
  name: "DescribeKinesisStreamingDestination",
  input: describeKinesisStreamingDestinationInput,
  prepare: (input) => input.TableName,
  execute(tableName, context) {
    const { record } = existingTable(tableNameOf(tableName, context), context);
    return json({
      TableName: record.tableName,
      KinesisDataStreamDestinations: (record.kinesisDestinations ?? []).map((destination) => ({
        StreamArn: destination.streamArn,
        DestinationStatus: statusOf(destination, context),
        ApproximateCreationDateTimePrecision: destination.precision,
      })),
    });
  },
});

const UNDER_WAY = { enabled: "ENABLING", disabled: "DISABLING", updated: "UPDATING" } as const;

function statusOf({ enabled, change, changeMs }: KinesisDestinationRecord, { catalog }: Context): string {
  if (catalog.isUnderWay(changeMs)) return UNDER_WAY[change];
  return enabled ? "ACTIVE" : "DISABLED";
}
