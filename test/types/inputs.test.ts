/**
 * Our inputs against the SDK's: the same members, at every depth, with types that agree on the wire. Wrong or missing members
 * fail `tsc`; the test below only sees that no operation was forgotten.
 */
import { expect, test } from "bun:test";
import type * as sdk from "@aws-sdk/client-dynamodb";
import type * as streams from "@aws-sdk/client-dynamodb-streams";
import type { Infer } from "../../src/protocol/shapes.ts";
import type { CreateTableRequest, UpdateTableRequest } from "../../src/tables/schema-request.ts";
import type { RawAttributeValue } from "../../src/values/attribute-value.ts";
import { allInputs } from "../protocol/all-inputs.ts";

/** Members, at any depth, that the SDK knows and the model we follow does not yet: vectors, export filters, leaving a replica group. */
type Younger =
  | "VectorIndexes"
  | "VectorIndexOverride"
  | "VectorIndexUpdates"
  | "FilterSpecification"
  | "Disassociate"
  | "DisassociationProtectionEnabled";

/** Inputs of the SDK by the names of ours. */
interface Theirs {
  batchExecuteStatementInput: sdk.BatchExecuteStatementCommandInput;
  batchGetItemInput: sdk.BatchGetItemCommandInput;
  batchWriteItemInput: sdk.BatchWriteItemCommandInput;
  createBackupInput: sdk.CreateBackupCommandInput;
  createGlobalTableInput: sdk.CreateGlobalTableCommandInput;
  createTableInput: sdk.CreateTableCommandInput;
  deleteBackupInput: sdk.DeleteBackupCommandInput;
  deleteItemInput: sdk.DeleteItemCommandInput;
  deleteResourcePolicyInput: sdk.DeleteResourcePolicyCommandInput;
  deleteTableInput: sdk.DeleteTableCommandInput;
  describeBackupInput: sdk.DescribeBackupCommandInput;
  describeContinuousBackupsInput: sdk.DescribeContinuousBackupsCommandInput;
  describeContributorInsightsInput: sdk.DescribeContributorInsightsCommandInput;
  describeEndpointsInput: sdk.DescribeEndpointsCommandInput;
  describeExportInput: sdk.DescribeExportCommandInput;
  describeGlobalTableInput: sdk.DescribeGlobalTableCommandInput;
  describeGlobalTableSettingsInput: sdk.DescribeGlobalTableSettingsCommandInput;
  describeImportInput: sdk.DescribeImportCommandInput;
  describeKinesisStreamingDestinationInput: sdk.DescribeKinesisStreamingDestinationCommandInput;
  describeLimitsInput: sdk.DescribeLimitsCommandInput;
  describeStreamInput: streams.DescribeStreamCommandInput;
  describeTableInput: sdk.DescribeTableCommandInput;
  describeTableReplicaAutoScalingInput: sdk.DescribeTableReplicaAutoScalingCommandInput;
  describeTimeToLiveInput: sdk.DescribeTimeToLiveCommandInput;
  disableKinesisStreamingDestinationInput: sdk.DisableKinesisStreamingDestinationCommandInput;
  enableKinesisStreamingDestinationInput: sdk.EnableKinesisStreamingDestinationCommandInput;
  executeStatementInput: sdk.ExecuteStatementCommandInput;
  executeTransactionInput: sdk.ExecuteTransactionCommandInput;
  exportTableToPointInTimeInput: sdk.ExportTableToPointInTimeCommandInput;
  getItemInput: sdk.GetItemCommandInput;
  getRecordsInput: streams.GetRecordsCommandInput;
  getResourcePolicyInput: sdk.GetResourcePolicyCommandInput;
  getShardIteratorInput: streams.GetShardIteratorCommandInput;
  importTableInput: sdk.ImportTableCommandInput;
  listBackupsInput: sdk.ListBackupsCommandInput;
  listContributorInsightsInput: sdk.ListContributorInsightsCommandInput;
  listExportsInput: sdk.ListExportsCommandInput;
  listGlobalTablesInput: sdk.ListGlobalTablesCommandInput;
  listImportsInput: sdk.ListImportsCommandInput;
  listStreamsInput: streams.ListStreamsCommandInput;
  listTablesInput: sdk.ListTablesCommandInput;
  listTagsOfResourceInput: sdk.ListTagsOfResourceCommandInput;
  putItemInput: sdk.PutItemCommandInput;
  putResourcePolicyInput: sdk.PutResourcePolicyCommandInput;
  queryInput: sdk.QueryCommandInput;
  restoreTableFromBackupInput: sdk.RestoreTableFromBackupCommandInput;
  restoreTableToPointInTimeInput: sdk.RestoreTableToPointInTimeCommandInput;
  scanInput: sdk.ScanCommandInput;
  tagResourceInput: sdk.TagResourceCommandInput;
  transactGetItemsInput: sdk.TransactGetItemsCommandInput;
  transactWriteItemsInput: sdk.TransactWriteItemsCommandInput;
  untagResourceInput: sdk.UntagResourceCommandInput;
  updateContinuousBackupsInput: sdk.UpdateContinuousBackupsCommandInput;
  updateContributorInsightsInput: sdk.UpdateContributorInsightsCommandInput;
  updateGlobalTableInput: sdk.UpdateGlobalTableCommandInput;
  updateGlobalTableSettingsInput: sdk.UpdateGlobalTableSettingsCommandInput;
  updateItemInput: sdk.UpdateItemCommandInput;
  updateKinesisStreamingDestinationInput: sdk.UpdateKinesisStreamingDestinationCommandInput;
  updateTableInput: sdk.UpdateTableCommandInput;
  updateTableReplicaAutoScalingInput: sdk.UpdateTableReplicaAutoScalingCommandInput;
  updateTimeToLiveInput: sdk.UpdateTimeToLiveCommandInput;
}

/**
 * A type as it looks on the wire: bytes are base64, dates are numbers, enums are strings, attribute values are one opaque thing,
 * and whether a member is required does not matter (the SDK and the service disagree on that).
 */
type Wire<T> = Equal<T, RawAttributeValue> extends true ? { attributeValue: never } : WireOf<T>;

type WireOf<T> = T extends string | Uint8Array
  ? string
  : T extends number | Date
    ? number
    : T extends boolean
      ? boolean
      : T extends sdk.AttributeValue
        ? { attributeValue: never }
        : T extends readonly (infer E)[]
          ? Wire<E>[]
          : { -readonly [K in keyof T as K extends Younger ? never : K]-?: Wire<Exclude<T[K], undefined>> };

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

type Ours = { [K in keyof typeof allInputs]: Infer<(typeof allInputs)[K]> };

type Mismatches = {
  [K in keyof Theirs]: Equal<Wire<Ours[K]>, Wire<Theirs[K]>> extends true ? never : K;
}[keyof Theirs];

type AssertNever<T extends never> = T;
/** An error here names the inputs whose members or types differ from the SDK's. */
export type EveryInputAgrees = AssertNever<Mismatches>;

type AssertTrue<T extends true> = T;
type Accepts<To, From> = [From] extends [To] ? true : false;
/** What tables are planned from is what requests bring. */
export type PlansTakeInputs = [
  AssertTrue<Accepts<CreateTableRequest, Ours["createTableInput"]>>,
  AssertTrue<Accepts<UpdateTableRequest, Ours["updateTableInput"]>>,
];

test("every operation of the model has an input: 57 of the table service, 4 of streams", () => {
  expect(Object.keys(allInputs)).toHaveLength(61);
});
