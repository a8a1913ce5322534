/** Inputs of exports to and imports from object storage. */
import {
  attributeDefinitions,
  billingMode,
  globalSecondaryIndex,
  keySchema,
  longArn,
  onDemandThroughput,
  provisionedThroughput,
  resourceName,
  sseSpecification,
  tableArn,
} from "../members.ts";
import { integer, list, oneOf, pattern, required, string, structure, timestamp } from "../shapes.ts";

const clientToken = string({ pattern: pattern("^[^\\$]+$") });
const bucket = required(string({ max: 255, pattern: pattern("^[a-z0-9A-Z]+[\\.\\-\\w]*[a-z0-9A-Z]+$") }));
const bucketOwner = string({ pattern: pattern("[0-9]{12}") });
const prefix = string({ max: 1024 });

export const exportTableToPointInTimeInput = structure("ExportTableToPointInTimeInput", {
  TableArn: required(tableArn),
  ExportTime: timestamp(),
  ClientToken: clientToken,
  S3Bucket: bucket,
  S3BucketOwner: bucketOwner,
  S3Prefix: prefix,
  S3SseAlgorithm: oneOf("AES256", "KMS"),
  S3SseKmsKeyId: string({ min: 1, max: 2048 }),
  ExportFormat: oneOf("DYNAMODB_JSON", "ION"),
  ExportType: oneOf("FULL_EXPORT", "INCREMENTAL_EXPORT"),
  IncrementalExportSpecification: structure("IncrementalExportSpecification", {
    ExportFromTime: timestamp(),
    ExportToTime: timestamp(),
    ExportViewType: oneOf("NEW_IMAGE", "NEW_AND_OLD_IMAGES"),
  }),
});

export const describeExportInput = structure("DescribeExportInput", { ExportArn: required(longArn) });

export const listExportsInput = structure("ListExportsInput", {
  TableArn: tableArn,
  MaxResults: integer({ min: 1, max: 25 }),
  NextToken: string(),
});

export const importTableInput = structure("ImportTableInput", {
  ClientToken: clientToken,
  S3BucketSource: required(
    structure("S3BucketSource", { S3BucketOwner: bucketOwner, S3Bucket: bucket, S3KeyPrefix: prefix }),
  ),
  InputFormat: required(oneOf("DYNAMODB_JSON", "ION", "CSV")),
  InputFormatOptions: structure("InputFormatOptions", {
    Csv: structure("CsvOptions", {
      Delimiter: string({ min: 1, max: 1, pattern: pattern("[,;:|\\t ]") }),
      HeaderList: list(
        string({ min: 1, max: 65_536, pattern: pattern("[\\x20-\\x21\\x23-\\x2B\\x2D-\\x7E]*") }),
        { min: 1, max: 255 },
      ),
    }),
  }),
  InputCompressionType: oneOf("GZIP", "ZSTD", "NONE"),
  TableCreationParameters: required(
    structure("TableCreationParameters", {
      TableName: required(resourceName),
      AttributeDefinitions: required(attributeDefinitions),
      KeySchema: required(keySchema),
      BillingMode: billingMode,
      ProvisionedThroughput: provisionedThroughput,
      OnDemandThroughput: onDemandThroughput,
      SSESpecification: sseSpecification,
      GlobalSecondaryIndexes: list(globalSecondaryIndex),
    }),
  ),
});

export const describeImportInput = structure("DescribeImportInput", { ImportArn: required(longArn) });

export const listImportsInput = structure("ListImportsInput", {
  TableArn: tableArn,
  PageSize: integer({ min: 1, max: 25 }),
  NextToken: string({ min: 112, max: 1024, pattern: pattern("([0-9a-f]{16})+") }),
});
