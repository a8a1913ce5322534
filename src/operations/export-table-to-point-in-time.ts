import {
  invalidExportTime,
  isoSeconds,
  pointInTimeRecoveryUnavailable,
  tableNotFound,
  validation,
} from "../errors.ts";
import { exportTableToPointInTimeInput } from "../protocol/inputs/exports-and-imports.ts";
import type { Infer } from "../protocol/shapes.ts";
import { newUuid } from "../runtime/ids.ts";
import { tableArn } from "../tables/describe.ts";
import { type RecoveryWindow, restoredInstant } from "../tables/recovery.ts";
import { digestOf, newTransferId } from "../transfer/client-tokens.ts";
import {
  describeExportRecord,
  type ExportRecord,
  type IncrementalRecord,
} from "../transfer/export-record.ts";
import { type Context, json, operation } from "./operation.ts";
import { nameInTableArn } from "./transfer-arn.ts";

type Input = Infer<typeof exportTableToPointInTimeInput>;

const MINUTE_MS = 60_000;
const PERIOD_MS_MIN = 15 * MINUTE_MS;
const PERIOD_MS_MAX = 24 * 60 * MINUTE_MS;

export const exportTableToPointInTime = operation({
  name: "ExportTableToPointInTime",
  input: exportTableToPointInTimeInput,
  prepare(input) {
    checkType(input);
    if (input.S3SseKmsKeyId !== undefined && input.S3SseAlgorithm !== "KMS") {
      throw invalidRequest("KMS Key Id is not supported for this encryption type");
    }
    return input;
  },
  async execute(input, context) {
    const tableName = nameInTableArn(input.TableArn, context);
    const token = input.ClientToken ?? newUuid();
    const { ClientToken: _, ...request } = input;
    const digest = digestOf(request);
    const record = await context.transfers.exports.begin(token, digest, () => ({
      ...planExport(input, tableName, context),
      clientToken: token,
      digest,
    }));
    return json({ ExportDescription: describeExportRecord(record) });
  },
});

const invalidRequest = (problem: string) => validation(`Invalid Request: ${problem}`);

function checkType({ ExportType, IncrementalExportSpecification: specification }: Input): void {
  if (specification === undefined) {
    if (ExportType !== "INCREMENTAL_EXPORT") return;
    throw invalidRequest(
      "Incremental Export Specification expected when export type is set as Incremental Export",
    );
  }
  if (ExportType === undefined) {
    throw invalidRequest(
      "Export Type expected to be Incremental Export when incremental export specification is provided",
    );
  }
  if (ExportType === "FULL_EXPORT") {
    throw invalidRequest(
      "When Export Type is Full Export , Incremental Export Specification should not be provided",
    );
  }
  if (specification.ExportFromTime === undefined) {
    throw invalidRequest("ExportFromTime must be provided in IncrementalExportSpecification");
  }
}

function planExport(
  input: Input,
  tableName: string,
  context: Context,
): Omit<ExportRecord, "clientToken" | "digest"> {
  const { catalog, clock } = context;
  const table = catalog.find(tableName);
  const status = table === undefined ? undefined : catalog.statusOf(table);
  if (table === undefined || status === "CREATING" || status === "DELETING") {
    throw tableNotFound(`Table not found: ${input.TableArn}`);
  }
  const { record } = table;
  const window = catalog.recoveryWindowOf(table);
  if (window === undefined) throw pointInTimeRecoveryUnavailable(tableName);
  const now = clock.now();
  const { S3BucketOwner: bucketOwner, S3Prefix: prefix, S3SseKmsKeyId: keyId } = input;
  return {
    id: newTransferId(now),
    status: "IN_PROGRESS",
    startMs: now,
    tableName,
    tableArn: tableArn(record),
    tableId: record.tableId,
    exportType: input.ExportType ?? "FULL_EXPORT",
    isTypeShown: input.ExportType !== undefined,
    ...instantsOf(input, window, { now, creationMs: record.creationMs }),
    format: input.ExportFormat ?? "DYNAMODB_JSON",
    bucket: input.S3Bucket,
    ...(bucketOwner === undefined ? {} : { bucketOwner }),
    ...(prefix === undefined ? {} : { prefix }),
    encryption: { algorithm: input.S3SseAlgorithm ?? "AES256", ...(keyId === undefined ? {} : { keyId }) },
  };
}

type Instants = Pick<ExportRecord, "exportMs" | "time" | "incremental">;
interface Times {
  readonly now: number;
  readonly creationMs: number;
}

/** The instants that are asked for, as they are shown and as they are read. Throws InvalidExportTime. */
function instantsOf(input: Input, window: RecoveryWindow, times: Times): Instants {
  const { ExportTime, IncrementalExportSpecification: specification } = input;
  if (specification?.ExportFromTime !== undefined) {
    const { ExportFromTime: from, ExportToTime: to, ExportViewType: view } = specification;
    return periodOf({ from, to, view }, window, times);
  }
  if (ExportTime === undefined) return { exportMs: window.latestMs, time: window.latestMs };
  const time = restoredInstant(ExportTime, window);
  if (time === undefined) throw invalidExportTime("Export Time is invalid");
  return { exportMs: Math.round(ExportTime * 1000), time };
}

interface Period {
  readonly from: number;
  readonly to: number | undefined;
  readonly view: IncrementalRecord["view"] | undefined;
}

/** The beginning belongs to the period, the end does not. */
function periodOf({ from, to, view }: Period, window: RecoveryWindow, { now, creationMs }: Times): Instants {
  const fromMs = Math.round(from * 1000);
  const toMs = to === undefined ? now : Math.round(to * 1000);
  const difference = "Difference between export period from time and export period to time is";
  if (toMs - fromMs < PERIOD_MS_MIN) throw invalidExportTime(`${difference} less than 15 minutes`);
  if (toMs - fromMs > PERIOD_MS_MAX) throw invalidExportTime(`${difference} greater than 24 hours`);
  if (fromMs < creationMs) {
    throw invalidExportTime(
      `Incremental export period from time cannot be less than the table creation time : ${isoSeconds(creationMs)}`,
    );
  }
  if (toMs > now) {
    throw invalidExportTime(
      `Incremental export period to time cannot be greater than the current time : ${isoSeconds(now)}`,
    );
  }
  const time = Math.min(toMs - 1, window.latestMs);
  if (fromMs < window.earliestMs || time < fromMs) throw invalidExportTime("Export Time is invalid");
  const before = Math.max(fromMs - 1, window.earliestMs);
  return {
    exportMs: toMs,
    time,
    incremental: { fromMs, toMs, before, view: view ?? "NEW_AND_OLD_IMAGES" },
  };
}
