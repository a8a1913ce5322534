/**
 * kill -9 in the midst of imports and exports: after the restart each goes on by itself to its end. An imported table is CREATING, or not there yet, until
 * all its items and entries are in it; a data directory keeps nothing of the attempts that were broken off; an export is the state it was asked for,
 * whatever is written afterwards, and its folder holds no other file than those of a single attempt. When what it needs is gone, it is FAILED, and an
 * import's table with it. `TRANSFER_ROUNDS` sets the number of kills, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { BUCKET, makeBucket } from "../conformance/bucket.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type Body, succeed } from "./succeed.ts";

const ROUNDS = Number(process.env["TRANSFER_ROUNDS"] ?? 3);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ITEMS = 12_000;
const TIMEOUT_MS = ROUNDS * 20_000 + 60_000;

const parameters = (TableName: string) => ({
  TableName,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: ["pk", "g"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
  GlobalSecondaryIndexes: [
    {
      IndexName: "by-group",
      KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
  ],
});

const lines = Array.from(
  { length: ITEMS },
  (_, at) =>
    `${JSON.stringify({ Item: { pk: { S: `item ${at}` }, g: { S: `group ${at % 7}` }, data: { S: "x".repeat(100) } } })}\n`,
);

const importInput = (TableName: string) => ({
  S3BucketSource: { S3Bucket: BUCKET, S3KeyPrefix: "input/" },
  InputFormat: "DYNAMODB_JSON",
  InputCompressionType: "GZIP",
  TableCreationParameters: parameters(TableName),
});

async function describeImport(server: TestServer, ImportArn: unknown): Promise<Body> {
  return (await succeed(server, "DescribeImport", { ImportArn }))["ImportTableDescription"] as Body;
}

async function describeExport(server: TestServer, ExportArn: unknown): Promise<Body> {
  return (await succeed(server, "DescribeExport", { ExportArn }))["ExportDescription"] as Body;
}

async function ended(describe: () => Promise<Body>): Promise<Body> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const description = await describe();
    if ((description["ImportStatus"] ?? description["ExportStatus"]) !== "IN_PROGRESS") return description;
    assert(performance.now() < deadline, "it does not end");
    await Bun.sleep(10);
  }
}

async function table(server: TestServer, TableName: string): Promise<Body | undefined> {
  return ((await server.call("DescribeTable", { TableName })).body as { Table?: Body }).Table;
}

/** Kills the server after a while, and starts it again; whether what was begun before was still under way. */
async function killSoon(server: TestServer, delayMs: number, describe: () => Promise<Body>) {
  await Bun.sleep(delayMs);
  const { ImportStatus, ExportStatus } = await describe();
  // Now and then it is asked to leave, and must.
  if (delayMs % 4 >= 1) await server.kill9();
  await server.restart();
  return (ImportStatus ?? ExportStatus) === "IN_PROGRESS";
}

/** How many key spaces the store has. */
async function spaces(server: TestServer): Promise<number> {
  const metrics = await (await fetch(`${server.endpoint}/_walnut/metrics`)).text();
  return Number(/^walnut_storage_spaces (\d+)/m.exec(metrics)?.[1]);
}

test(
  `imports over ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const bucket = makeBucket();
    bucket.put("input/1", gzipSync(lines.slice(0, ITEMS / 2).join("")));
    bucket.put("input/2", gzipSync(lines.slice(ITEMS / 2).join("")));
    const server = await startServer({ flags: ["--durability", "sync", "--s3-dir", bucket.directory] });
    let killedUnderWay = 0;
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const TableName = `Imported-${round}`;
        const delayMs = round === 1 ? 1 : random() * 300;
        const begun = await succeed(server, "ImportTable", importInput(TableName));
        const { ImportArn } = begun["ImportTableDescription"] as Body;
        if (await killSoon(server, delayMs, () => describeImport(server, ImportArn))) killedUnderWay += 1;
        const done = await ended(async () => {
          const [before, description] = [
            await table(server, TableName),
            await describeImport(server, ImportArn),
          ];
          if (before?.["TableStatus"] === "ACTIVE") expect(description["ImportStatus"]).toBe("COMPLETED");
          return description;
        });
        expect(done).toMatchObject({ ImportStatus: "COMPLETED", ErrorCount: 0, ImportedItemCount: ITEMS });
        expect(await table(server, TableName)).toMatchObject({
          TableStatus: "ACTIVE",
          TableId: done["TableId"],
          ItemCount: ITEMS,
          GlobalSecondaryIndexes: [{ ItemCount: ITEMS }],
        });
        const Key = { pk: { S: `item ${ITEMS - 1}` } };
        expect((await succeed(server, "GetItem", { TableName, Key }))["Item"]).toMatchObject(Key);
      }
      expect(killedUnderWay).toBeGreaterThan(0);
      // The catalog, and each table with its index.
      expect(await spaces(server)).toBe(1 + 2 * ROUNDS);
      const begun = await succeed(server, "ImportTable", importInput("Gone"));
      const { ImportArn } = begun["ImportTableDescription"] as Body;
      while ((await table(server, "Gone")) === undefined) await Bun.sleep(1);
      const isUnderWay = (await describeImport(server, ImportArn))["ImportStatus"] === "IN_PROGRESS";
      await server.kill9();
      bucket.remove();
      await server.restart();
      if (isUnderWay) {
        expect(await ended(() => describeImport(server, ImportArn))).toMatchObject({
          ImportStatus: "FAILED",
          FailureCode: "S3NoSuchBucket",
        });
        expect(await table(server, "Gone")).toBeUndefined();
      }
    } finally {
      await server.stop();
      bucket.remove();
    }
  },
  TIMEOUT_MS,
);

test(
  `exports over ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const bucket = makeBucket();
    bucket.put("input/1", gzipSync(lines.join("")));
    const server = await startServer({ flags: ["--durability", "sync", "--s3-dir", bucket.directory] });
    try {
      const TableName = "Source";
      const begun = await succeed(server, "ImportTable", importInput(TableName));
      const { ImportArn, TableArn } = begun["ImportTableDescription"] as Body;
      await ended(() => describeImport(server, ImportArn));
      await succeed(server, "UpdateContinuousBackups", {
        TableName,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
      for (let round = 1; round <= ROUNDS; round += 1) {
        const S3Prefix = `exports/${round}`;
        const delayMs = random() * 300;
        const input = { TableArn, S3Bucket: BUCKET, S3Prefix };
        const { ExportDescription } = await succeed(server, "ExportTableToPointInTime", input);
        const { ExportArn } = ExportDescription as Body;
        await Bun.sleep(2);
        await succeed(server, "PutItem", { TableName, Item: { pk: { S: `later ${round}` } } });
        await killSoon(server, delayMs, () => describeExport(server, ExportArn));
        const done = await ended(() => describeExport(server, ExportArn));
        expect(done).toMatchObject({ ExportStatus: "COMPLETED", ItemCount: ITEMS + round - 1 });
        const folder = `${S3Prefix}/AWSDynamoDB/${String(ExportArn).split("/").at(-1)}`;
        const keys = bucket.lines(folder).map(({ Item }) => (Item as { pk: { S: string } }).pk.S);
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys.length).toBe(ITEMS + round - 1);
        expect(bucket.keys().filter((key) => key.startsWith(S3Prefix))).toHaveLength(6);
      }
      expect(await spaces(server)).toBe(3);
    } finally {
      await server.stop();
      bucket.remove();
    }
  },
  TIMEOUT_MS,
);
