import type { Compression } from "../runtime/compression.ts";
import { tableArn } from "../tables/describe.ts";
import type { TableRecord } from "../tables/schema.ts";
import type { TransferRecord } from "../tables/transfer-records.ts";
import type { CsvOptions } from "./csv.ts";
import type { Failure } from "./failure.ts";

export type ImportFormat = "DYNAMODB_JSON" | "ION" | "CSV";

/** Where the objects of an import lie. */
export interface ImportSource {
  readonly bucket: string;
  readonly bucketOwner?: string;
  /** What their keys begin with. */
  readonly prefix?: string;
}

export interface ImportCounts {
  /** Of the uncompressed input. */
  readonly bytes: number;
  /** Lines that were looked at, good or bad. */
  readonly processed: number;
  readonly imported: number;
  readonly errors: number;
}

export const NO_COUNTS: ImportCounts = { bytes: 0, processed: 0, imported: 0, errors: 0 };

/** An import as the catalog keeps it. Times in milliseconds since the epoch. */
export interface ImportRecord extends TransferRecord, Partial<Failure> {
  /** The table to be made. */
  readonly table: TableRecord;
  /** The request's own `TableCreationParameters`, and `InputFormatOptions`. */
  readonly parameters: object;
  readonly formatOptions?: object;
  readonly source: ImportSource;
  readonly format: ImportFormat;
  readonly csv: CsvOptions;
  readonly compression: Compression;
  readonly counts: ImportCounts;
}

export const importArn = ({ table, id }: Pick<ImportRecord, "table" | "id">): string =>
  `${tableArn(table)}/import/${id}`;

const seconds = (ms: number): number => ms / 1000;

const logGroup = ({ region, accountId }: TableRecord): string =>
  `arn:aws:logs:${region}:${accountId}:log-group:/aws-dynamodb/imports:*`;

const describeSource = ({ bucket, bucketOwner, prefix }: ImportSource) => ({
  ...(bucketOwner === undefined ? {} : { S3BucketOwner: bucketOwner }),
  S3Bucket: bucket,
  ...(prefix === undefined ? {} : { S3KeyPrefix: prefix }),
});

/** An `ImportTableDescription`, ready for JSON.stringify: absent members are missing, never null. `counts`: as far as it has come. */
export const describeImportRecord = (record: ImportRecord, counts: ImportCounts = record.counts) => ({
  ImportArn: importArn(record),
  ImportStatus: record.status,
  TableArn: tableArn(record.table),
  TableId: record.table.tableId,
  ClientToken: record.clientToken,
  S3BucketSource: describeSource(record.source),
  ErrorCount: counts.errors,
  CloudWatchLogGroupArn: logGroup(record.table),
  InputFormat: record.format,
  ...(record.formatOptions === undefined ? {} : { InputFormatOptions: record.formatOptions }),
  InputCompressionType: record.compression,
  TableCreationParameters: record.parameters,
  StartTime: seconds(record.startMs),
  ...(record.endMs === undefined ? {} : { EndTime: seconds(record.endMs) }),
  ProcessedSizeBytes: counts.bytes,
  ProcessedItemCount: counts.processed,
  ImportedItemCount: counts.imported,
  ...(record.failureCode === undefined
    ? {}
    : { FailureCode: record.failureCode, FailureMessage: record.failureMessage }),
});

/** An `ImportSummary`. */
export const summarizeImport = (record: ImportRecord) => ({
  ImportArn: importArn(record),
  ImportStatus: record.status,
  TableArn: tableArn(record.table),
  S3BucketSource: describeSource(record.source),
  CloudWatchLogGroupArn: logGroup(record.table),
  InputFormat: record.format,
  StartTime: seconds(record.startMs),
  ...(record.endMs === undefined ? {} : { EndTime: seconds(record.endMs) }),
});
