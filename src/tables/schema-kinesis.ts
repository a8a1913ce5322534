/**
 * Kinesis data streams that a table's changes are meant for. A setting that is kept and described as the service does it: there is no
 * Kinesis here that records could go to.
 */
import { type ApiError, validation } from "../errors.ts";
import type { KinesisDestinationRecord, TableRecord } from "./schema.ts";
import type { KinesisPrecision } from "./schema-request.ts";

export interface KinesisConfiguration {
  readonly ApproximateCreationDateTimePrecision?: KinesisPrecision | undefined;
}

/** Disabled destinations stay listed, the newest of them. */
const DISABLED_KEPT_MAX = 20;

const wrongState = (verb: string, problem: string): ApiError =>
  validation(`Table is not in a valid state to ${verb} Kinesis Streaming Destination: ${problem}`);

/** The record with one more destination. Throws `ApiError`. */
export function enableKinesis(
  record: TableRecord,
  streamArn: string,
  configuration: KinesisConfiguration | undefined,
  now: number,
): TableRecord {
  const destinations = record.kinesisDestinations ?? [];
  if (destinations.some(({ enabled }) => enabled)) {
    throw wrongState(
      "enable",
      "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.",
    );
  }
  const precision = configuration?.ApproximateCreationDateTimePrecision;
  return withDestination(record, {
    ...{ streamArn, enabled: true, change: "enabled", changeMs: now },
    ...(precision === undefined ? {} : { precision }),
  });
}

/** The record with the destination disabled; it stays listed. Throws `ApiError`. */
export function disableKinesis(
  record: TableRecord,
  streamArn: string,
  configuration: KinesisConfiguration | undefined,
  now: number,
): TableRecord {
  if (configuration?.ApproximateCreationDateTimePrecision !== undefined) {
    throw validation("Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters");
  }
  const destination = kinesisDestination(record, streamArn);
  if (destination?.enabled !== true) {
    throw wrongState("disable", "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.");
  }
  return withDestination(record, { ...destination, enabled: false, change: "disabled", changeMs: now });
}

/** The record with another precision of a destination's times. Throws `ApiError`. */
export function updateKinesis(
  record: TableRecord,
  streamArn: string,
  configuration: KinesisConfiguration | undefined,
  now: number,
): TableRecord {
  const precision = configuration?.ApproximateCreationDateTimePrecision;
  if (precision === undefined) {
    throw validation(
      "Streaming destination cannot be updated with given parameters: " +
        "UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
    );
  }
  const { tableName, tableId } = record;
  const destination = kinesisDestination(record, streamArn);
  if (destination === undefined) {
    throw wrongState(
      "update",
      `No streaming destination with streamArn: ${streamArn} found for table with tableName: ${tableName}`,
    );
  }
  if (!destination.enabled) {
    throw wrongState(
      "update",
      `Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: ${tableName}, kdsArn: ${streamArn}`,
    );
  }
  if ((destination.precision ?? "MILLISECOND") === precision) {
    throw validation(
      `Invalid Request: Precision is already set to the desired value of ${precision} for tableId: ${tableId}, kdsArn: ${streamArn}`,
    );
  }
  return withDestination(record, { ...destination, precision, change: "updated", changeMs: now });
}

const kinesisDestination = (
  { kinesisDestinations = [] }: TableRecord,
  streamArn: string,
): KinesisDestinationRecord | undefined => kinesisDestinations.find((each) => each.streamArn === streamArn);

function withDestination(record: TableRecord, destination: KinesisDestinationRecord): TableRecord {
  const byArn = new Map((record.kinesisDestinations ?? []).map((each) => [each.streamArn, each]));
  byArn.set(destination.streamArn, destination);
  const destinations = [...byArn.values()];
  const disabled = destinations.filter(({ enabled }) => !enabled).sort((a, b) => b.changeMs - a.changeMs);
  const forgotten = new Set(disabled.slice(DISABLED_KEPT_MAX));
  return { ...record, kinesisDestinations: destinations.filter((each) => !forgotten.has(each)) };
}
