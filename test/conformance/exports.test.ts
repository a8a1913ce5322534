import { afterAll, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { BUCKET, makeBucket, untilEnded } from "./bucket.ts";
import {
  attributeDefinitions,
  invalid,
  type JsonObject,
  keySchema,
  member,
  useTarget,
  validation,
} from "./target.ts";

const bucket = makeBucket();
const target = useTarget(["--s3-dir", bucket.directory]);
afterAll(() => bucket.remove());

const isOurs = process.env["ENDPOINT"] === undefined;
const UUID = "00000000-0000-4000-8000-000000000000";

const arnOf = (name: string) => `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`;
const refused = (type: string, message: string) => ({ status: 400, type, message });
const invalidRequest = (message: string) => validation(`Invalid Request: ${message}`);

/** A table whose past is kept. */
async function recoverable(): Promise<string> {
  const TableName = await target.table({ hash: "pk:S", range: "sk:N" });
  await target.ok("UpdateContinuousBackups", {
    TableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  return TableName;
}

const begin = async (input: JsonObject) =>
  member(await target.ok("ExportTableToPointInTime", { S3Bucket: BUCKET, ...input }), "ExportDescription");

const ended = (begun: JsonObject) =>
  untilEnded(async () =>
    member(await target.ok("DescribeExport", { ExportArn: begun["ExportArn"] ?? "" }), "ExportDescription"),
  );

const refusal = (input: JsonObject) =>
  target.refusal("ExportTableToPointInTime", { S3Bucket: BUCKET, ...input });

const md5 = (text: string) => createHash("md5").update(text).digest("base64");

const ITEMS: readonly JsonObject[] = [
  { pk: { S: "a" }, sk: { N: "1" }, text: { S: 'quotes " and ünïcödé \u2028' }, bytes: { B: "AAEC" } },
  { pk: { S: "a" }, sk: { N: "2" }, set: { SS: ["x", "y"] }, map: { M: { deep: { L: [{ NULL: true }] } } } },
  { pk: { S: "b" }, sk: { N: "-1.5" }, flag: { BOOL: false } },
];

test.if(isOurs)("a full export is the table at its instant, in the service's layout", async () => {
  const TableName = await recoverable();
  for (const Item of ITEMS) await target.ok("PutItem", { TableName, Item });
  const begun = await begin({ TableArn: arnOf(TableName), S3Prefix: "some/prefix", ClientToken: "token-1" });
  for (const { pk = "", sk = "" } of ITEMS) await target.ok("DeleteItem", { TableName, Key: { pk, sk } });
  const Table = member(await target.ok("DescribeTable", { TableName }), "Table");
  expect(begun).toEqual({
    ExportArn: expect.stringMatching(/\/export\/\d{14}-[0-9a-f]{8}$/),
    ExportStatus: "IN_PROGRESS",
    StartTime: expect.any(Number),
    TableArn: arnOf(TableName),
    TableId: Table["TableId"] ?? "",
    ExportTime: expect.any(Number),
    ClientToken: "token-1",
    S3Bucket: BUCKET,
    S3Prefix: "some/prefix",
    S3SseAlgorithm: "AES256",
    ExportFormat: "DYNAMODB_JSON",
  });
  const id = String(begun["ExportArn"]).split("/").at(-1);
  const folder = `some/prefix/AWSDynamoDB/${id}`;
  const done = await ended(begun);
  expect(done).toEqual({
    ...begun,
    ExportStatus: "COMPLETED",
    EndTime: expect.any(Number),
    ExportManifest: `${folder}/manifest-summary.json`,
    BilledSizeBytes: expect.any(Number),
    ItemCount: 3,
  });
  const [data = ""] = bucket.keys().filter((key) => key.startsWith(`${folder}/data/`));
  expect(data).toMatch(/\/data\/[a-z0-9]{26}\.json\.gz$/);
  expect(bucket.keys().filter((key) => key.startsWith(folder))).toEqual(
    [
      data,
      ...["_started", "manifest-files.checksum", "manifest-files.json"].map((name) => `${folder}/${name}`),
      ...["manifest-summary.checksum", "manifest-summary.json"].map((name) => `${folder}/${name}`),
    ].sort(),
  );
  const byKey = (line: JsonObject) => JSON.stringify(line);
  expect(bucket.lines(folder).map(byKey).sort()).toEqual(ITEMS.map((Item) => byKey({ Item })).sort());
  for (const name of ["manifest-files", "manifest-summary"]) {
    expect(bucket.text(`${folder}/${name}.checksum`)).toBe(md5(bucket.text(`${folder}/${name}.json`)));
  }
  expect(JSON.parse(bucket.text(`${folder}/manifest-summary.json`))).toEqual({
    version: "2020-06-30",
    exportArn: begun["ExportArn"],
    startTime: expect.stringMatching(/^\d{4}-.*Z$/),
    endTime: expect.stringMatching(/^\d{4}-.*Z$/),
    tableArn: arnOf(TableName),
    tableId: Table["TableId"],
    exportTime: expect.stringMatching(/^\d{4}-.*Z$/),
    s3Bucket: BUCKET,
    s3Prefix: "some/prefix",
    s3SseAlgorithm: "AES256",
    s3SseKmsKeyId: null,
    manifestFilesS3Key: `${folder}/manifest-files.json`,
    billedSizeBytes: done["BilledSizeBytes"],
    itemCount: 3,
    outputFormat: "DYNAMODB_JSON",
    exportType: "FULL_EXPORT",
  });
  expect(JSON.parse(bucket.text(`${folder}/manifest-files.json`))).toEqual({
    itemCount: 3,
    md5Checksum: expect.stringMatching(/==$/),
    etag: expect.stringMatching(/^[0-9a-f]{32}$/),
    dataFileS3Key: data,
  });
});

test.if(isOurs)("ION is exported as the service writes it, and imported", async () => {
  const TableName = await recoverable();
  for (const Item of ITEMS) await target.ok("PutItem", { TableName, Item });
  const done = await ended(await begin({ TableArn: arnOf(TableName), ExportFormat: "ION", S3Prefix: "ion" }));
  expect(done).toMatchObject({ ExportStatus: "COMPLETED", ExportFormat: "ION", ItemCount: 3 });
  const [data = ""] = bucket.keys().filter((key) => /^ion\/.*\/data\//.test(key));
  expect(data).toMatch(/\/data\/[a-z0-9]{26}\.ion\.gz$/);
  const lines = gunzipSync(readFileSync(join(bucket.directory, BUCKET, data)))
    .toString("utf8")
    .split("\n");
  expect(lines).toContain('$ion_1_0 {Item:{pk:"b",sk:-1.5,flag:false}}');
  expect(lines).toContain('$ion_1_0 {Item:{pk:"a",sk:2.,set:$dynamodb_SS::["x","y"],map:{deep:[null]}}}');
  const copy = target.freshName();
  const { ImportTableDescription } = await target.ok("ImportTable", {
    S3BucketSource: { S3Bucket: BUCKET, S3KeyPrefix: data },
    InputFormat: "ION",
    InputCompressionType: "GZIP",
    TableCreationParameters: {
      TableName: copy,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributeDefinitions("pk:S", "sk:N"),
      KeySchema: keySchema("pk:HASH", "sk:RANGE"),
    },
  });
  const ImportArn = (ImportTableDescription as JsonObject)["ImportArn"] ?? "";
  const imported = await untilEnded(async () =>
    member(await target.ok("DescribeImport", { ImportArn }), "ImportTableDescription"),
  );
  expect(imported).toMatchObject({ ImportStatus: "COMPLETED", ImportedItemCount: 3 });
  for (const Item of ITEMS) {
    const Key = { pk: Item["pk"] ?? "", sk: Item["sk"] ?? "" };
    expect((await target.ok("GetItem", { TableName: copy, Key }))["Item"]).toEqual(Item);
  }
});

test("an export needs a table with point-in-time recovery, by its ARN", async () => {
  const TableName = await target.table();
  expect(await refusal({ TableArn: TableName })).toEqual(invalid("tableArn is not a valid ARN"));
  expect(await refusal({ TableArn: `${arnOf(TableName)}/index/x` })).toEqual(
    invalidRequest("Table ARN is invalid."),
  );
  expect(await refusal({ TableArn: arnOf("missing-table") })).toEqual(
    refused("TableNotFoundException", `Table not found: ${arnOf("missing-table")}`),
  );
  expect(await refusal({ TableArn: arnOf(TableName), ExportTime: 1 })).toEqual(
    refused(
      "PointInTimeRecoveryUnavailableException",
      `Point in time recovery is not enabled for table '${TableName}'`,
    ),
  );
});

test("instants that cannot be exported", async () => {
  const TableArn = arnOf(await recoverable());
  const invalidTime = (message: string) => refused("InvalidExportTimeException", message);
  const now = Date.now() / 1000;
  expect(await refusal({ TableArn, ExportTime: 1 })).toEqual(invalidTime("Export Time is invalid"));
  expect(await refusal({ TableArn, ExportTime: now + 3600 })).toEqual(invalidTime("Export Time is invalid"));
  const incremental = (from: number, to: number) =>
    refusal({
      TableArn,
      ExportType: "INCREMENTAL_EXPORT",
      IncrementalExportSpecification: { ExportFromTime: from, ExportToTime: to },
    });
  expect(await incremental(now - 60, now)).toEqual(
    invalidTime(
      "Difference between export period from time and export period to time is less than 15 minutes",
    ),
  );
  expect(await incremental(now - 90_000, now)).toMatchObject({ type: "InvalidExportTimeException" });
  expect((await incremental(now - 3600, now)).message).toMatch(
    /^Incremental export period from time cannot be less than the table creation time : \d{4}-/,
  );
  expect((await incremental(now + 3600, now + 7200)).message).toMatch(
    /^Incremental export period to time cannot be greater than the current time : \d{4}-/,
  );
});

test("members that contradict each other are refused before the table is looked for", async () => {
  const TableArn = arnOf("missing-table");
  const specification = { IncrementalExportSpecification: { ExportFromTime: 1 } };
  const cases: readonly (readonly [JsonObject, string])[] = [
    [
      specification,
      "Export Type expected to be Incremental Export when incremental export specification is provided",
    ],
    [
      { ...specification, ExportType: "FULL_EXPORT" },
      "When Export Type is Full Export , Incremental Export Specification should not be provided",
    ],
    [
      { ExportType: "INCREMENTAL_EXPORT" },
      "Incremental Export Specification expected when export type is set as Incremental Export",
    ],
    [
      { ExportType: "INCREMENTAL_EXPORT", IncrementalExportSpecification: {} },
      "ExportFromTime must be provided in IncrementalExportSpecification",
    ],
    [{ S3SseKmsKeyId: "key" }, "KMS Key Id is not supported for this encryption type"],
  ];
  for (const [input, message] of cases) {
    expect(await refusal({ TableArn, ...input })).toEqual(invalidRequest(message));
  }
});

test.if(isOurs)("a client token belongs to one export", async () => {
  const TableArn = arnOf(await recoverable());
  const input = { TableArn, ClientToken: `token-${UUID}`, S3Prefix: "tokens" };
  const [first, again] = await Promise.all([begin(input), begin(input)]);
  expect(again["ExportArn"]).toBe(first["ExportArn"] ?? "");
  await ended(first);
  expect(await begin(input)).toMatchObject({
    ExportArn: first["ExportArn"] ?? "",
    ExportStatus: "COMPLETED",
  });
  expect(await refusal({ ...input, S3Prefix: "others" })).toEqual(
    refused(
      "ExportConflictException",
      "Export conflict: Duplicate request detected with conflicting parameters",
    ),
  );
});

test.if(isOurs)("an export to a bucket that is missing, or leads out of the directory, fails", async () => {
  const TableArn = arnOf(await recoverable());
  const missing = await ended(await begin({ TableArn, S3Bucket: "no-such-bucket" }));
  expect(missing).toMatchObject({
    ExportStatus: "FAILED",
    FailureCode: "S3NoSuchBucket",
    FailureMessage: expect.stringMatching(/^The specified bucket does not exist \(Service: Amazon S3; /),
  });
  const outside = join(bucket.directory, "..", `${bucket.directory.split("/").at(-1)}-outside`);
  mkdirSync(outside);
  writeFileSync(join(bucket.directory, "a-file"), "");
  symlinkSync(outside, join(bucket.directory, "linked-bucket"));
  symlinkSync(outside, join(bucket.directory, BUCKET, "link"));
  const denied = { ExportStatus: "FAILED", FailureCode: "S3AccessDenied" };
  expect(await ended(await begin({ TableArn, S3Bucket: "linked-bucket" }))).toMatchObject(denied);
  expect(await ended(await begin({ TableArn, S3Prefix: "link" }))).toMatchObject(denied);
  for (const S3Prefix of ["..", "x/../..", "a//b", "./x"]) {
    expect(await ended(await begin({ TableArn, S3Prefix }))).toMatchObject(denied);
  }
  expect(await ended(await begin({ TableArn, S3Bucket: "a-file" }))).toMatchObject({
    FailureCode: "S3NoSuchBucket",
  });
  expect(await refusal({ TableArn, S3Bucket: ".." })).toMatchObject({ type: "ValidationException" });
  expect(await refusal({ TableArn, S3Bucket: "a/../b" })).toMatchObject({ type: "ValidationException" });
  expect(new Bun.Glob("**").scanSync({ cwd: outside }).next().done).toBe(true);
  await Bun.$`rm -rf ${outside} ${join(bucket.directory, BUCKET, "link")}`.quiet();
});

test.if(isOurs)("exports are described and listed, the newest first", async () => {
  const TableArn = arnOf(await recoverable());
  const arns: unknown[] = [];
  for (let at = 0; at < 3; at += 1) {
    arns.unshift((await ended(await begin({ TableArn, S3Prefix: "lists" })))["ExportArn"]);
    await Bun.sleep(2);
  }
  const summaries = arns.map((ExportArn) => ({
    ExportArn,
    ExportStatus: "COMPLETED",
    ExportType: "FULL_EXPORT",
  }));
  const first = await target.ok("ListExports", { TableArn, MaxResults: 2 });
  expect(first["ExportSummaries"] as unknown).toEqual(summaries.slice(0, 2));
  const second = await target.ok("ListExports", { TableArn, NextToken: first["NextToken"] ?? "" });
  expect(second as unknown).toEqual({ ExportSummaries: summaries.slice(2) });
  expect((await target.ok("ListExports", {}))["ExportSummaries"]).toContainEqual(summaries[0] as never);
  expect(await target.ok("ListExports", { TableArn: arnOf("missing-table") })).toEqual({
    ExportSummaries: [],
  });
  expect(await target.refusal("ListExports", { NextToken: "bad" })).toEqual(
    invalidRequest("Provided nextToken is invalid: bad"),
  );
});

test("exports that are unknown", async () => {
  const ExportArn = `${arnOf("table")}/export/01700000000000-00000000`;
  expect(await target.refusal("DescribeExport", { ExportArn })).toEqual(
    refused("ExportNotFoundException", `Export not found: Export not found: ${ExportArn}`),
  );
  expect(await target.refusal("DescribeExport", { ExportArn: `${arnOf("table")}/import/1` })).toEqual(
    validation("Invalid Export ARN"),
  );
});
