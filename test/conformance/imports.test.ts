import { afterAll, expect, test } from "bun:test";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { BUCKET, makeBucket, untilEnded } from "./bucket.ts";
import {
  attributeDefinitions,
  inUse,
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
const conflict = {
  status: 400,
  type: "ImportConflictException",
  message: "Import conflict: Duplicate request detected with conflicting parameters",
};

const parameters = (TableName: string, more: JsonObject = {}): JsonObject => ({
  TableName,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: attributeDefinitions("pk:S"),
  KeySchema: keySchema("pk:HASH"),
  ...more,
});

/** ImportTable's input for a new table. */
const input = (S3KeyPrefix: string, more: JsonObject = {}, table: JsonObject = {}): JsonObject => ({
  S3BucketSource: { S3Bucket: BUCKET, S3KeyPrefix },
  InputFormat: "DYNAMODB_JSON",
  TableCreationParameters: parameters(target.freshName(), table),
  ...more,
});

const begin = async (request: JsonObject) =>
  member(await target.ok("ImportTable", request), "ImportTableDescription");

const ended = (begun: JsonObject) =>
  untilEnded(async () =>
    member(
      await target.ok("DescribeImport", { ImportArn: begun["ImportArn"] ?? "" }),
      "ImportTableDescription",
    ),
  );

const run = async (request: JsonObject) => await ended(await begin(request));
const nameIn = (request: JsonObject) => String(member(request, "TableCreationParameters")["TableName"]);

async function items(TableName: string, more: JsonObject = {}): Promise<string[]> {
  const page = await target.ok("Scan", { TableName, ...more });
  return (page["Items"] as JsonObject[]).map((item) => JSON.stringify(item)).sort();
}

const lines = (...all: readonly JsonObject[]) => all.map((Item) => `${JSON.stringify({ Item })}\n`).join("");
const texts = (...all: readonly JsonObject[]) => all.map((item) => JSON.stringify(item)).sort();

const ITEMS: readonly JsonObject[] = [
  { pk: { S: "a" }, n: { N: "1" }, nested: { M: { list: { L: [{ BOOL: true }, { NULL: true }] } } } },
  { pk: { S: "b" }, n: { N: "2.5" }, bytes: { B: "AAEC" }, set: { NS: ["1", "2"] } },
  { pk: { S: "c" }, text: { S: 'quotes " and ünïcödé \u2028' } },
];
const INDEX: JsonObject = {
  AttributeDefinitions: attributeDefinitions("pk:S", "n:N"),
  GlobalSecondaryIndexes: [
    { IndexName: "by-n", KeySchema: keySchema("n:HASH"), Projection: { ProjectionType: "ALL" } },
  ],
};

test.if(isOurs)("DYNAMODB_JSON, plain and compressed, becomes a table with its index", async () => {
  bucket.put("plain/1.json", lines(...ITEMS));
  bucket.put("gzip/1.json.gz", gzipSync(lines(...ITEMS.slice(0, 2))));
  bucket.put(
    "gzip/2.json.gz",
    Buffer.concat([gzipSync(lines(...ITEMS.slice(2))), gzipSync(lines(...ITEMS.slice(2)))]),
  );
  bucket.put("zstd/1", zstdCompressSync(lines(...ITEMS)));
  for (const [prefix, InputCompressionType] of [
    ["plain/", "NONE"],
    ["gzip/", "GZIP"],
    ["zstd", "ZSTD"],
  ] as const) {
    const request = input(prefix, { InputCompressionType }, INDEX);
    const TableName = nameIn(request);
    const done = await run(request);
    const count = prefix === "gzip/" ? 4 : 3;
    expect(done).toMatchObject({
      ImportStatus: "COMPLETED",
      ErrorCount: 0,
      ProcessedItemCount: count,
      ImportedItemCount: count,
    });
    expect(await items(TableName)).toEqual(texts(...ITEMS));
    expect(await items(TableName, { IndexName: "by-n" })).toEqual(texts(...ITEMS.slice(0, 2)));
    const table = member(await target.ok("DescribeTable", { TableName }), "Table");
    expect(table).toMatchObject({
      TableStatus: "ACTIVE",
      TableId: done["TableId"],
      ItemCount: 3,
      GlobalSecondaryIndexes: [{ IndexStatus: "ACTIVE", ItemCount: 2 }],
    });
    await target.ok("PutItem", { TableName, Item: { pk: { S: "d" }, n: { N: "1" } } });
    await target.ok("DeleteTable", { TableName });
  }
});

test.if(isOurs)("an import is described from its beginning", async () => {
  bucket.put("described/1", lines(...ITEMS));
  const request = input("described/", {}, INDEX);
  const begun = await begin(request);
  const TableArn = `arn:aws:dynamodb:us-east-1:000000000000:table/${nameIn(request)}`;
  const common = {
    ImportArn: expect.stringMatching(/\/import\/\d{14}-[0-9a-f]{8}$/),
    TableArn,
    TableId: expect.any(String),
    ClientToken: expect.any(String),
    S3BucketSource: { S3Bucket: BUCKET, S3KeyPrefix: "described/" },
    CloudWatchLogGroupArn: "arn:aws:logs:us-east-1:000000000000:log-group:/aws-dynamodb/imports:*",
    ErrorCount: 0,
    InputFormat: "DYNAMODB_JSON",
    InputCompressionType: "NONE",
    TableCreationParameters: request["TableCreationParameters"],
    StartTime: expect.any(Number),
  };
  expect(begun as unknown).toEqual({
    ...common,
    ImportStatus: "IN_PROGRESS",
    ProcessedItemCount: 0,
    ImportedItemCount: 0,
    ProcessedSizeBytes: 0,
  });
  expect((await ended(begun)) as unknown).toEqual({
    ...common,
    ImportStatus: "COMPLETED",
    EndTime: expect.any(Number),
    ProcessedItemCount: 3,
    ImportedItemCount: 3,
    ProcessedSizeBytes: Buffer.byteLength(lines(...ITEMS)),
  });
  const { ImportSummaryList } = await target.ok("ListImports", { TableArn, PageSize: 1 });
  expect(ImportSummaryList as unknown).toEqual([
    {
      ImportArn: begun["ImportArn"],
      ImportStatus: "COMPLETED",
      TableArn,
      S3BucketSource: common.S3BucketSource,
      CloudWatchLogGroupArn: common.CloudWatchLogGroupArn,
      InputFormat: "DYNAMODB_JSON",
      StartTime: begun["StartTime"],
      EndTime: expect.any(Number),
    },
  ]);
});

test.if(isOurs)(
  "CSV has a header, or is given one; keys have their types, all else is a string",
  async () => {
    const table = {
      AttributeDefinitions: attributeDefinitions("pk:S", "sk:N", "n:N", "raw:B"),
      KeySchema: keySchema("pk:HASH", "sk:RANGE"),
      GlobalSecondaryIndexes: [
        {
          IndexName: "by-n",
          KeySchema: keySchema("n:HASH", "raw:RANGE"),
          Projection: { ProjectionType: "ALL" },
        },
      ],
    };
    bucket.put(
      "csv/1.csv",
      '\uFEFFpk,sk,n,raw,text\r\na,1,5,AAEC,"say ""hi"", twice\nor more"\r\na,2,,,\r\na,1.0,6,AAED,last one wins\r\n',
    );
    const request = input("csv/", { InputFormat: "CSV" }, table);
    expect(await run(request)).toMatchObject({ ImportStatus: "COMPLETED", ImportedItemCount: 3 });
    expect(await items(nameIn(request))).toEqual(
      texts(
        {
          pk: { S: "a" },
          sk: { N: "1" },
          n: { N: "6" },
          raw: { B: "AAED" },
          text: { S: "last one wins" },
        },
        { pk: { S: "a" }, sk: { N: "2" }, text: { S: "" } },
      ),
    );
    bucket.put("csv-bare/1", 'x;"say ""hi"";\nor more"\n');
    const bare = input("csv-bare/", {
      InputFormat: "CSV",
      InputFormatOptions: { Csv: { Delimiter: ";", HeaderList: ["pk", "text"] } },
    });
    expect(await run(bare)).toMatchObject({
      ImportStatus: "COMPLETED",
      InputFormatOptions: { Csv: { Delimiter: ";", HeaderList: ["pk", "text"] } },
    });
    expect(await items(nameIn(bare))).toEqual(texts({ pk: { S: "x" }, text: { S: 'say "hi";\nor more' } }));
  },
);

const FAILED: JsonObject = {
  ImportStatus: "FAILED",
  FailureCode: "ItemValidationError",
  FailureMessage:
    "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.",
};
const good = { pk: { S: "good" } };
const nested = (levels: number): JsonObject => (levels === 0 ? { N: "1" } : { L: [nested(levels - 1)] });

/** A name, what the bad lines are, and how many. */
const hostile: readonly (readonly [string, string | Uint8Array, number, JsonObject?])[] = [
  ["no JSON", `nonsense\n{"Item":\n${lines(good)}[1]\n"Item"\n{}\n{"Item":[]}\nnull\n`, 7],
  ["no key", lines({ other: { S: "x" } }, good, {}), 2],
  ["key of another type", lines({ pk: { N: "1" } }, good, { pk: { S: "" } }), 2],
  ["key too long", lines({ pk: { S: "x".repeat(2049) } }, good), 1],
  ["wrong values", lines(good, { pk: { S: "v" }, n: { N: "1x" } }, { pk: { S: "v" }, s: { SS: [] } }), 2],
  ["wrong JSON types", `{"Item":{"pk":{"S":1}}}\n{"Item":{"pk":"x"}}\n${lines(good)}`, 2],
  ["too large", lines(good, { pk: { S: "large" }, data: { S: "x".repeat(409_600) } }), 1],
  ["too deep", lines(good, { pk: { S: "deep" }, data: nested(33) }), 1],
  ["far too deep", `${lines(good)}{"Item":${"[".repeat(1_000_000)}\n`, 1],
  ["a line of 17 MiB", `${lines(good)}{"Item":{"pk":{"S":"${"x".repeat(17 << 20)}"}}}\n${lines(good)}`, 1],
  ["bytes that are no text", Buffer.concat([Buffer.from(lines(good)), Buffer.from([0xff, 0xfe, 0, 10])]), 1],
  ["index key of another type", lines(good, { pk: { S: "x" }, n: { S: "text" } }), 1, INDEX],
];

for (const [name, content, errors, table] of hostile) {
  test.if(isOurs)(`bad lines are counted, good ones kept: ${name}`, async () => {
    const prefix = `hostile/${name.replaceAll(" ", "-")}/`;
    bucket.put(`${prefix}1`, content);
    const request = input(prefix, {}, table);
    expect(await run(request)).toMatchObject({ ...FAILED, ErrorCount: errors });
    expect(await items(nameIn(request))).toEqual(texts(good));
  });
}

test.if(isOurs)("damaged compression is an error of its object; other objects are imported", async () => {
  const many = lines(...Array.from({ length: 3000 }, (_, at) => ({ pk: { S: `${at} ${Math.random()}` } })));
  bucket.put("damaged/1", gzipSync(many).subarray(0, 20_000));
  bucket.put("damaged/2", "not gzip at all");
  bucket.put("damaged/3", gzipSync(lines(good)));
  bucket.put("damaged/4", "");
  const request = input("damaged/", { InputCompressionType: "GZIP" });
  const done = await run(request);
  expect(done).toMatchObject({ ...FAILED });
  expect(Number(done["ErrorCount"])).toBeGreaterThanOrEqual(2);
  expect(await items(nameIn(request))).toContainEqual(JSON.stringify(good));
});

test.if(isOurs)("bad CSV records are counted", async () => {
  const content = 'pk,n\ngood,1\nonly-one\na,b,c\n"x"y,1\n,1\n"never closed,1\nx,1\n';
  bucket.put("bad-csv/1", content);
  const request = input("bad-csv/", { InputFormat: "CSV" });
  expect(await run(request)).toMatchObject({ ...FAILED, ErrorCount: 5, ImportedItemCount: 1 });
  expect(await items(nameIn(request))).toEqual(texts({ pk: { S: "good" }, n: { S: "1" } }));
});

test.if(isOurs)("what is not there makes no table", async () => {
  const missing = input("x", { S3BucketSource: { S3Bucket: "no-such-bucket" } });
  expect(await run(missing)).toMatchObject({
    ImportStatus: "FAILED",
    FailureCode: "S3NoSuchBucket",
    FailureMessage: expect.stringMatching(/^The specified bucket does not exist \(Service: Amazon S3; /),
  });
  expect((await target.call("DescribeTable", { TableName: nameIn(missing) })).status).toBe(400);
  const nothing = input("no-such-prefix/");
  expect(await run(nothing)).toMatchObject({ ImportStatus: "FAILED", FailureCode: "S3NoSuchKey" });
  expect((await target.call("DescribeTable", { TableName: nameIn(nothing) })).status).toBe(400);
});

test.if(isOurs)("no link and no path leads out of the bucket", async () => {
  bucket.put("../outside.json", lines(good));
  symlinkSync(join(bucket.directory, "outside.json"), join(bucket.directory, BUCKET, "links.json"));
  symlinkSync(bucket.directory, join(bucket.directory, BUCKET, "folder-link"));
  for (const prefix of ["links", "folder-link/", "folder-link/outside.json"]) {
    expect(await run(input(prefix))).toMatchObject({ FailureCode: "S3AccessDenied" });
  }
  for (const prefix of ["../", "../outside.json", "/", join(bucket.directory, "outside.json")]) {
    expect(await run(input(prefix))).toMatchObject({ FailureCode: "S3NoSuchKey" });
  }
});

test.if(isOurs)("an import is refused for a table that exists, and one that cannot be created", async () => {
  const TableName = await target.table();
  const TableCreationParameters = parameters(TableName);
  expect(await target.refusal("ImportTable", input("x", { TableCreationParameters }))).toEqual(
    inUse(`Table already exists: ${TableName}`),
  );
  const { BillingMode: _, ...provisioned } = parameters(target.freshName());
  expect(await target.refusal("ImportTable", input("x", { TableCreationParameters: provisioned }))).toEqual(
    invalid(
      "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
  );
  expect(
    await target.refusal("ImportTable", input("x", { InputFormatOptions: { Csv: { Delimiter: ";" } } })),
  ).toEqual(
    validation("Invalid Request: Unsupported InputFormatOptions for the given input format: DYNAMODB_JSON."),
  );
});

test.if(isOurs)("a client token belongs to one import", async () => {
  bucket.put("tokens/1", lines(good));
  const request = input("tokens/", { ClientToken: "token-1" });
  const first = await begin(request);
  expect((await begin(request))["ImportArn"]).toBe(first["ImportArn"] ?? "");
  await ended(first);
  expect(await begin(request)).toMatchObject({ ImportStatus: "COMPLETED" });
  const other = { ...request, TableCreationParameters: parameters(target.freshName()) };
  expect(await target.refusal("ImportTable", other)).toEqual(conflict);
});

test.if(isOurs)("imports are listed in pages", async () => {
  const all: unknown[] = [];
  for (let NextToken: JsonObject = {}; ; ) {
    const page = await target.ok("ListImports", { PageSize: 5, ...NextToken });
    all.push(...(page["ImportSummaryList"] as JsonObject[]).map(({ ImportArn }) => ImportArn));
    if (page["NextToken"] === undefined) break;
    expect(String(page["NextToken"])).toMatch(/^([0-9a-f]{16}){7,}$/);
    NextToken = { NextToken: page["NextToken"] };
  }
  expect(all.length).toBeGreaterThan(10);
  expect(new Set(all).size).toBe(all.length);
});

test("imports that are unknown", async () => {
  const table = "arn:aws:dynamodb:us-east-1:000000000000:table/table";
  expect(
    await target.refusal("DescribeImport", { ImportArn: `${table}/import/01700000000000-00000000` }),
  ).toMatchObject({ type: "ImportNotFoundException" });
  expect(await target.refusal("DescribeImport", { ImportArn: `${table}/export/1700000000` })).toEqual(
    validation("Invalid Import ARN"),
  );
});
