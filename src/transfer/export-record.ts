import type { TransferRecord } from "../tables/transfer-records.ts";
import type { Failure } from "./failure.ts";

export type ExportType = "FULL_EXPORT" | "INCREMENTAL_EXPORT";
export type ExportFormat = "DYNAMODB_JSON" | "ION";
export type ExportView = "NEW_IMAGE" | "NEW_AND_OLD_IMAGES";

/** An export as the catalog keeps it. Times in milliseconds since the epoch. */
export interface ExportRecord extends TransferRecord, Partial<Failure> {
  readonly tableName: string;
  readonly tableArn: string;
  readonly tableId: string;
  /** The instant as it is shown, and the last millisecond of it that counts. */
  readonly exportMs: number;
  readonly time: number;
  readonly exportType: ExportType;
  /** The type was asked for by name. */
  readonly isTypeShown: boolean;
  readonly incremental?: IncrementalRecord;
  readonly format: ExportFormat;
  readonly bucket: string;
  readonly bucketOwner?: string;
  readonly prefix?: string;
  readonly encryption: { readonly algorithm: string; readonly keyId?: string };
  readonly manifest?: string;
  readonly bytes?: number;
  readonly items?: number;
}

export interface IncrementalRecord {
  readonly fromMs: number;
  readonly toMs: number;
  /** The last millisecond before. */
  readonly before: number;
  readonly view: ExportView;
}

export const exportArn = ({ tableArn, id }: Pick<ExportRecord, "tableArn" | "id">): string =>
  `${tableArn}/export/${id}`;

const seconds = (ms: number): number => ms / 1000;

/** An `ExportDescription`, ready for JSON.stringify: absent members are missing, never null. */
export const describeExportRecord = (record: ExportRecord) => ({
  ExportArn: exportArn(record),
  ExportStatus: record.status,
  StartTime: seconds(record.startMs),
  ...(record.endMs === undefined ? {} : { EndTime: seconds(record.endMs) }),
  ...(record.manifest === undefined ? {} : { ExportManifest: record.manifest }),
  TableArn: record.tableArn,
  TableId: record.tableId,
  ...(record.incremental === undefined ? { ExportTime: seconds(record.exportMs) } : {}),
  ClientToken: record.clientToken,
  S3Bucket: record.bucket,
  ...(record.bucketOwner === undefined ? {} : { S3BucketOwner: record.bucketOwner }),
  ...(record.prefix === undefined ? {} : { S3Prefix: record.prefix }),
  S3SseAlgorithm: record.encryption.algorithm,
  ...(record.encryption.keyId === undefined ? {} : { S3SseKmsKeyId: record.encryption.keyId }),
  ...(record.failureCode === undefined
    ? {}
    : { FailureCode: record.failureCode, FailureMessage: record.failureMessage }),
  ExportFormat: record.format,
  ...(record.bytes === undefined ? {} : { BilledSizeBytes: record.bytes, ItemCount: record.items }),
  ...(record.isTypeShown ? { ExportType: record.exportType } : {}),
  ...(record.incremental === undefined
    ? {}
    : { IncrementalExportSpecification: describeIncremental(record.incremental) }),
});

const describeIncremental = ({ fromMs, toMs, view }: IncrementalRecord) => ({
  ExportFromTime: seconds(fromMs),
  ExportToTime: seconds(toMs),
  ExportViewType: view,
});

/** An `ExportSummary`. */
export const summarizeExport = (record: ExportRecord) => ({
  ExportArn: exportArn(record),
  ExportStatus: record.status,
  ExportType: record.exportType,
});
