import { afterAll, expect, test } from "bun:test";
import {
  DescribeExportCommand,
  ExportTableToPointInTimeCommand,
  ImportTableCommand,
  ListExportsCommand,
  ListImportsCommand,
  waitUntilExportCompleted,
  waitUntilImportCompleted,
} from "@aws-sdk/client-dynamodb";
import { BUCKET, makeBucket } from "./bucket.ts";
import { useTarget } from "./target.ts";

const bucket = makeBucket();
const target = useTarget(["--s3-dir", bucket.directory]);
afterAll(() => bucket.remove());

test.if(process.env["ENDPOINT"] === undefined)("the SDK exports a table and imports it again", async () => {
  const { client } = target;
  const TableName = await target.table();
  await target.ok("UpdateContinuousBackups", {
    TableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  const Item = { pk: { S: "item" }, bytes: { B: "AAEC" } };
  await target.ok("PutItem", { TableName, Item });
  const { Table } = await target.ok("DescribeTable", { TableName });
  const TableArn = String((Table as { TableArn: string }).TableArn);
  const { ExportDescription } = await client.send(
    new ExportTableToPointInTimeCommand({ TableArn, S3Bucket: BUCKET, ExportTime: new Date() }),
  );
  const ExportArn = ExportDescription?.ExportArn;
  const patience = { client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
  await waitUntilExportCompleted(patience, { ExportArn });
  const done = (await client.send(new DescribeExportCommand({ ExportArn }))).ExportDescription;
  expect(done?.StartTime).toBeInstanceOf(Date);
  expect(done?.ItemCount).toBe(1);
  expect((await client.send(new ListExportsCommand({ TableArn }))).ExportSummaries).toHaveLength(1);
  const copy = target.freshName();
  const { ImportTableDescription } = await client.send(
    new ImportTableCommand({
      S3BucketSource: {
        S3Bucket: BUCKET,
        S3KeyPrefix: done?.ExportManifest?.replace("manifest-summary.json", "data/"),
      },
      InputFormat: "DYNAMODB_JSON",
      InputCompressionType: "GZIP",
      TableCreationParameters: {
        TableName: copy,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      },
    }),
  );
  await waitUntilImportCompleted(patience, { ImportArn: ImportTableDescription?.ImportArn });
  expect((await target.ok("Scan", { TableName: copy }))["Items"]).toEqual([Item]);
  const { ImportSummaryList } = await client.send(
    new ListImportsCommand({ TableArn: ImportTableDescription?.TableArn }),
  );
  expect(ImportSummaryList).toHaveLength(1);
});
