/**
 * kill -9 while a table is restored, writers beside it: after the restart the restore goes on by itself, and the table ends up with exactly what the
 * source was at the instant, indexes and counts included. When the source has gone, too, there is either that or no table at all.
 * A backup is enough to get there without a source. `RESTORE_ROUNDS` sets the number of kills, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type Body, succeed } from "./succeed.ts";

const ROUNDS = Number(process.env["RESTORE_ROUNDS"] ?? 4);
const BACKUP_ROUNDS = Math.ceil(ROUNDS / 2);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ITEMS = 6_000;
const SOURCE = "Live";

type Item = Readonly<Record<string, Readonly<Record<string, string>>>>;

const itemAt = (at: number, group: number): Item => ({
  pk: { S: `item ${at}` },
  g: { S: `group ${group}` },
  data: { S: "x".repeat(150) },
});

async function createSource(server: TestServer): Promise<void> {
  await succeed(server, "CreateTable", {
    TableName: SOURCE,
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
  await succeed(server, "UpdateContinuousBackups", {
    TableName: SOURCE,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  for (let from = 0; from < ITEMS; from += 250) {
    const batches = Array.from({ length: 10 }, (_, batch) =>
      succeed(server, "BatchWriteItem", {
        RequestItems: {
          [SOURCE]: Array.from({ length: 25 }, (__, at) => {
            const number = from + batch * 25 + at;
            return { PutRequest: { Item: itemAt(number, number % 10) } };
          }),
        },
      }),
    );
    await Promise.all(batches);
  }
}

async function scan(server: TestServer, TableName: string, more: object = {}): Promise<string[]> {
  const items: string[] = [];
  for (let from = {}; ; ) {
    const page = await succeed(server, "Scan", { TableName, ...more, ...from });
    for (const { pk, g } of page["Items"] as Item[]) items.push(`${pk?.["S"]}: ${g?.["S"]}`);
    if (page["LastEvaluatedKey"] === undefined) return items.sort();
    from = { ExclusiveStartKey: page["LastEvaluatedKey"] };
  }
}

/** The description of a table; undefined when there is none. */
async function describe(server: TestServer, TableName: string): Promise<Body | undefined> {
  const { body } = await server.call("DescribeTable", { TableName });
  return (body as { Table?: Body }).Table;
}

async function settled(server: TestServer, TableName: string): Promise<Body | undefined> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const table = await describe(server, TableName);
    if (table?.["TableStatus"] !== "CREATING") return table;
    expect(table["RestoreSummary"]).toMatchObject({ RestoreInProgress: true });
    assert(performance.now() < deadline, "the restore does not end");
    await Bun.sleep(10);
  }
}

/** Begins a restore and kills the server in the midst of it, writers beside it. Whether it was still under way. */
async function restoreAndKill(
  server: TestServer,
  operation: string,
  request: { readonly TargetTableName: string; readonly [member: string]: unknown },
  random: () => number,
  isSourceDeleted = false,
): Promise<boolean> {
  let killed = false;
  const writers = Array.from({ length: isSourceDeleted ? 0 : 3 }, async () => {
    while (!killed) {
      const Item = itemAt(Math.floor(random() * (ITEMS + 100)), Math.floor(random() * 10));
      // After the kill there is nobody to answer.
      await server.call("PutItem", { TableName: SOURCE, Item }).catch(() => undefined);
    }
  });
  await succeed(server, operation, request);
  if (isSourceDeleted) await succeed(server, "DeleteTable", { TableName: SOURCE });
  await Bun.sleep(random() * 60);
  const table = await describe(server, request.TargetTableName);
  killed = true;
  await server.kill9();
  await Promise.all(writers);
  return table?.["TableStatus"] === "CREATING";
}

async function check(
  server: TestServer,
  TableName: string,
  table: Body | undefined,
  expected: readonly string[],
): Promise<void> {
  expect(table?.["TableStatus"]).toBe("ACTIVE");
  expect(table?.["RestoreSummary"]).toBeUndefined();
  expect(await scan(server, TableName)).toEqual([...expected]);
  expect(await scan(server, TableName, { IndexName: "by-group" })).toEqual([...expected]);
  expect(table).toMatchObject({
    ItemCount: expected.length,
    GlobalSecondaryIndexes: [{ ItemCount: expected.length }],
  });
}

test(
  `a restore over ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const server = await startServer({
      flags: ["--durability", "sync", "--memtable-bytes-max", String(1 << 20)],
    });
    let killedUnderWay = 0;
    try {
      await createSource(server);
      for (let round = 1; round <= ROUNDS; round += 1) {
        const isLast = round === ROUNDS;
        const TargetTableName = `Restored-${round}`;
        const expected = await scan(server, SOURCE);
        const request = {
          SourceTableName: SOURCE,
          TargetTableName,
          RestoreDateTime: (Date.now() + 0.5) / 1000,
        };
        await Bun.sleep(3);
        const operation = "RestoreTableToPointInTime";
        if (await restoreAndKill(server, operation, request, random, isLast)) killedUnderWay += 1;
        await server.restart();
        const table = await settled(server, TargetTableName);
        if (table === undefined) {
          expect(isLast).toBe(true);
          continue;
        }
        await check(server, TargetTableName, table, expected);
      }
      expect(killedUnderWay).toBeGreaterThan(0);
    } finally {
      await server.stop();
    }
  },
  ROUNDS * 20_000 + 60_000,
);

test(
  `a restore from a backup whose table is gone, over ${BACKUP_ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const server = await startServer({ flags: ["--durability", "sync"] });
    try {
      await createSource(server);
      const expected = await scan(server, SOURCE);
      const { BackupDetails } = await succeed(server, "CreateBackup", {
        TableName: SOURCE,
        BackupName: "backup",
      });
      const BackupArn = (BackupDetails as Body)["BackupArn"];
      await server.kill9();
      await server.restart();
      await succeed(server, "DeleteTable", { TableName: SOURCE });
      for (let round = 1; round <= BACKUP_ROUNDS; round += 1) {
        const TargetTableName = `Restored-${round}`;
        await restoreAndKill(server, "RestoreTableFromBackup", { TargetTableName, BackupArn }, random);
        await server.restart();
        await check(server, TargetTableName, await settled(server, TargetTableName), expected);
        await succeed(server, "DeleteTable", { TableName: TargetTableName });
      }
      const { BackupSummaries } = await succeed(server, "ListBackups", { BackupType: "ALL" });
      expect((BackupSummaries as Body[]).map(({ BackupType }) => BackupType).sort()).toEqual([
        "SYSTEM",
        "USER",
      ]);
    } finally {
      await server.stop();
    }
  },
  BACKUP_ROUNDS * 20_000 + 60_000,
);
