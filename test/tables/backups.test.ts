/** Backups: what they are worth while a table is restored from them, over restarts, when something fails, and when their time is over. */
import { afterEach, describe, expect, test } from "bun:test";
import { SYSTEM_SPACE } from "../../src/tables/keyspace.ts";
import { spaceNames } from "../../src/tables/space-names.ts";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withMethod } from "../support/with-method.ts";
import {
  type Body,
  DELAY_MS,
  heldRestores,
  ok,
  recovery,
  refusal,
  scene,
  statusOf,
  table,
  until,
} from "./restore-scene.ts";

const DAY_MS = 86_400_000;

const open: InProcess[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.catalog.close();
});

async function backUp(server: InProcess, TableName = "Source"): Promise<string> {
  const { BackupDetails } = await ok(server, "CreateBackup", { TableName, BackupName: "backup" });
  return (BackupDetails as { BackupArn: string }).BackupArn;
}

async function list(server: InProcess, BackupType = "ALL"): Promise<readonly Body[]> {
  return (await ok(server, "ListBackups", { BackupType }))["BackupSummaries"] as readonly Body[];
}

const statusOfBackup = async (server: InProcess, BackupArn: string) => {
  const { BackupDescription } = await ok(server, "DescribeBackup", { BackupArn });
  return ((BackupDescription as Body)["BackupDetails"] as Body)["BackupStatus"];
};

const countIn = async (server: InProcess, TableName: string) =>
  (await ok(server, "Scan", { TableName, Select: "COUNT" }))["Count"];

test("changes of state take their time", async () => {
  const clock = new ManualClock();
  const server = await inProcess(doubleStore({ clock }), { clock, tableDelayMs: DELAY_MS });
  open.push(server);
  await ok(server, "CreateTable", table("Source"));
  const request = { TableName: "Source", BackupName: "backup" };
  const noTable = "TableNotFoundException: Table not found: Source";
  expect(await refusal(server, "CreateBackup", request)).toBe(noTable);
  clock.advance(DELAY_MS);
  expect(await refusal(server, "CreateBackup", request)).toBe(
    "ContinuousBackupsUnavailableException: Backups are being enabled for the table: Source. Please retry later",
  );
  clock.advance(DELAY_MS);
  const arn = await backUp(server);
  expect(await statusOfBackup(server, arn)).toBe("CREATING");
  clock.advance(DELAY_MS);
  expect(await statusOfBackup(server, arn)).toBe("AVAILABLE");
  await ok(server, "DeleteTable", { TableName: "Source" });
  expect(await refusal(server, "CreateBackup", request)).toBe(noTable);
});

test("while a table is restored from it, a backup is neither deleted nor restored again", async () => {
  const clock = new ManualClock();
  const { store, release } = heldRestores(doubleStore({ clock }));
  const server = await scene(store, clock);
  open.push(server);
  const BackupArn = await backUp(server);
  const { TableDescription } = await ok(server, "RestoreTableFromBackup", {
    TargetTableName: "Target",
    BackupArn,
  });
  expect((TableDescription as Body)["RestoreSummary"]).toMatchObject({ SourceBackupArn: BackupArn });
  expect(await refusal(server, "DeleteBackup", { BackupArn })).toBe(
    `BackupInUseException: Backup is being used to restore table: ${BackupArn}`,
  );
  expect(await refusal(server, "RestoreTableFromBackup", { TargetTableName: "Another", BackupArn })).toBe(
    `BackupInUseException: Backup is being used to restore another table: ${BackupArn}`,
  );
  const second = await backUp(server);
  expect(
    await refusal(server, "RestoreTableFromBackup", { TargetTableName: "Target", BackupArn: second }),
  ).toBe(`TableInUseException: Table: Target is already being restored from backup: ${BackupArn}`);
  release(undefined);
  clock.advance(DELAY_MS);
  await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
  await ok(server, "DeleteBackup", { BackupArn });
  expect(await countIn(server, "Target")).toBe(3);
});

test("of concurrent restores and deletions of one backup one wins", async () => {
  const clock = new ManualClock();
  const server = await scene(doubleStore({ clock, delays: true, conflictRate: 0.1 }), clock);
  open.push(server);
  for (let round = 0; round < 10; round += 1) {
    const BackupArn = await backUp(server);
    const TargetTableName = `Target-${round}`;
    const [restored, deleted, again] = await Promise.all([
      server.call("RestoreTableFromBackup", { TargetTableName, BackupArn }),
      server.call("DeleteBackup", { BackupArn }),
      server.call("RestoreTableFromBackup", { TargetTableName: `${TargetTableName}-2`, BackupArn }),
    ]);
    expect([restored.error, deleted.error, again.error]).toEqual([
      undefined,
      "BackupInUseException",
      "BackupInUseException",
    ]);
    clock.advance(DELAY_MS);
    await until(async () => (await statusOf(server, TargetTableName)) === "ACTIVE");
    expect(await countIn(server, TargetTableName)).toBe(3);
  }
});

describe("over restarts", () => {
  test("backups and what they hold stay, whatever became of their tables", async () => {
    const clock = new ManualClock();
    const vfs = memoryVfs();
    const start = async () => {
      const store = await openStore({ vfs, clock, durability: { mode: "off" }, worker: false });
      return { store, server: await inProcess(store, { clock }) };
    };
    let { store, server } = await start();
    const restart = async () => {
      await server.catalog.close();
      await store.close();
      ({ store, server } = await start());
    };
    await ok(server, "CreateTable", table("Source"));
    await ok(server, "UpdateContinuousBackups", recovery("Source"));
    const put = (pk: string) =>
      ok(server, "PutItem", { TableName: "Source", Item: { pk: { S: pk }, g: { S: "g" } } });
    for (let at = 0; at < 50; at += 1) await put(`${at}`);
    const arn = await backUp(server);
    await put("later");
    clock.advance(1);
    await restart();
    expect(await statusOfBackup(server, arn)).toBe("AVAILABLE");
    await ok(server, "DeleteTable", { TableName: "Source" });
    await restart();
    const snapshot = await store.snapshot([SYSTEM_SPACE]);
    const { rows } = await snapshot.range({ space: SYSTEM_SPACE, rowsMax: 1_000, bytesMax: 1e6 });
    snapshot.close();
    const [checkpoint] = store.checkpoints();
    expect(spaceNames(rows).get(checkpoint?.spaces[0] ?? "")).toBe("backup backup of table Source");
    const arns = (await list(server)).map(({ BackupArn }) => String(BackupArn));
    expect(arns.length).toBe(2);
    for (const [at, BackupArn] of arns.entries()) {
      await ok(server, "RestoreTableFromBackup", { TargetTableName: `Target-${at}`, BackupArn });
    }
    await restart();
    for (const [at, count] of [50, 51].entries()) {
      await until(async () => (await statusOf(server, `Target-${at}`)) === "ACTIVE");
      expect(await countIn(server, `Target-${at}`)).toBe(count);
    }
    await ok(server, "DeleteBackup", { BackupArn: arn });
    expect(store.checkpoints().length).toBe(1);
    await server.catalog.close();
    await store.close();
  });

  test("what no backup names is let go", async () => {
    const clock = new ManualClock();
    const store = doubleStore({ clock });
    const server = await scene(store, clock);
    await backUp(server);
    const [kept] = store.checkpoints();
    await store.checkpoint([server.catalog.find("Source")?.space ?? ""]);
    await server.catalog.close();
    open.push(await inProcess(store, { clock }));
    expect(store.checkpoints()).toEqual(kept === undefined ? [] : [kept]);
  });
});

describe("when a commit fails", () => {
  const failing = (store: Store) => {
    let fails = false;
    const cause = new Error("disk full");
    const transact: Store["transact"] = async (request, decide) =>
      fails ? { kind: "unavailable", cause } : await store.transact(request, decide);
    return {
      store: withMethod(store, "transact", transact),
      fail: (now: boolean) => {
        fails = now;
      },
    };
  };

  test("there is no backup, and nothing of it", async () => {
    const clock = new ManualClock();
    const plain = doubleStore({ clock });
    const { store, fail } = failing(plain);
    const server = await scene(store, clock);
    open.push(server);
    fail(true);
    const answer = await server.call("CreateBackup", { TableName: "Source", BackupName: "backup" });
    expect(answer.status).toBe(500);
    expect(await list(server)).toEqual([]);
    expect(plain.checkpoints()).toEqual([]);
  });

  test("a table that is to leave a backup stays, and leaves one when it goes", async () => {
    const clock = new ManualClock();
    const plain = doubleStore({ clock });
    const { store, fail } = failing(plain);
    const server = await scene(store, clock);
    open.push(server);
    fail(true);
    expect((await server.call("DeleteTable", { TableName: "Source" })).status).toBe(500);
    expect(await statusOf(server, "Source")).toBe("ACTIVE");
    expect(plain.checkpoints()).toEqual([]);
    fail(false);
    await ok(server, "DeleteTable", { TableName: "Source" });
    expect((await list(server)).length).toBe(1);
    expect(plain.checkpoints().length).toBe(1);
  });
});

test("the backup of a deleted table goes after 35 days", async () => {
  const clock = new ManualClock();
  const store = doubleStore({ clock });
  const server = await scene(store, clock);
  await ok(server, "DeleteTable", { TableName: "Source" });
  const [summary] = await list(server, "SYSTEM");
  const BackupArn = String(summary?.["BackupArn"]);
  clock.advance(35 * DAY_MS - 1);
  expect(await statusOfBackup(server, BackupArn)).toBe("AVAILABLE");
  clock.advance(1);
  expect(await list(server)).toEqual([]);
  expect(await refusal(server, "DescribeBackup", { BackupArn })).toBe(
    `BackupNotFoundException: Backup not found: ${BackupArn}`,
  );
  clock.advance(3_600_000);
  await until(async () => store.checkpoints().length === 0);
  await server.catalog.close();
});
