/** Restores while they are under way: what the table admits, and what becomes of it when the source or the server goes. */
import { afterEach, describe, expect, test } from "bun:test";
import { memoryVfs, openStore, type Row, type SpaceId, StorageError } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withMethod } from "../support/with-method.ts";
import {
  type Body,
  DELAY_MS,
  heldRestores,
  latest,
  ok,
  recovery,
  refusal,
  scene,
  statusOf,
  table,
  until,
} from "./restore-scene.ts";

const open: InProcess[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.catalog.close();
});

describe("a table that is being restored", () => {
  test("is described and listed, and admits nothing else", async () => {
    const clock = new ManualClock();
    const { store, release } = heldRestores(doubleStore({ clock }));
    const server = await scene(store, clock);
    open.push(server);
    const { TableDescription } = await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    const arn = (TableDescription as { TableArn: string }).TableArn;
    clock.advance(10 * DELAY_MS);
    const name = { TableName: "Target" };
    const { Table } = (await ok(server, "DescribeTable", name)) as { Table: Body };
    expect(Table).toMatchObject({
      TableStatus: "CREATING",
      ItemCount: 0,
      RestoreSummary: { SourceTableArn: expect.any(String), RestoreInProgress: true },
    });
    expect((Table["GlobalSecondaryIndexes"] as Body[])[0]?.["IndexStatus"]).toBeUndefined();
    expect((await ok(server, "ListTables", {}))["TableNames"]).toEqual(["Source", "Target"]);

    const missing = "ResourceNotFoundException: Requested resource not found";
    const unknown = `${missing}: Table: Target not found`;
    const noTable = "TableNotFoundException: Table not found: Target";
    const busy = "ResourceInUseException: Attempt to change a resource which is still in use:";
    const cases: readonly (readonly [string, object, string])[] = [
      ["GetItem", { ...name, Key: { pk: { S: "0" } } }, missing],
      ["PutItem", { ...name, Item: { pk: { S: "0" } } }, missing],
      ["Scan", name, missing],
      ["UpdateTable", { ...name, DeletionProtectionEnabled: true }, unknown],
      [
        "UpdateTimeToLive",
        { ...name, TimeToLiveSpecification: { Enabled: true, AttributeName: "t" } },
        unknown,
      ],
      ["DescribeTimeToLive", name, unknown],
      ["UpdateContributorInsights", { ...name, ContributorInsightsAction: "ENABLE" }, unknown],
      ["DescribeKinesisStreamingDestination", name, unknown],
      ["GetResourcePolicy", { ResourceArn: arn }, unknown],
      ["ExecuteStatement", { Statement: 'SELECT * FROM "Target"' }, missing],
      ["ListTagsOfResource", { ResourceArn: arn }, `${missing}: ResourceArn: ${arn} not found`],
      ["DescribeContinuousBackups", name, noTable],
      ["CreateBackup", { ...name, BackupName: "backup" }, noTable],
      ["UpdateContinuousBackups", recovery("Target"), noTable],
      ["RestoreTableToPointInTime", latest("Target", "Another"), noTable],
      ["CreateTable", table("Target"), `${busy} Table is being used: Target`],
      ["DeleteTable", name, `${busy} Table: Target is being used.`],
      [
        "RestoreTableToPointInTime",
        latest("Source", "Target"),
        `TableInUseException: Table: Target is already being restored from backup: ${arn.replace("Target", "Source")}`,
      ],
    ];
    for (const [operation, input, refused] of cases) {
      expect([operation, await refusal(server, operation, input)]).toEqual([operation, refused]);
    }
    release(undefined);
    await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
    const { Items } = await ok(server, "Scan", { ...name, IndexName: "idx" });
    expect((Items as Body[]).length).toBe(3);
  });

  test("is CREATING for as long as every new table", async () => {
    const clock = new ManualClock();
    const server = await scene(doubleStore({ clock }), clock);
    open.push(server);
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    await Bun.sleep(20);
    expect(await statusOf(server, "Target")).toBe("CREATING");
    clock.advance(DELAY_MS);
    await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
  });

  test("is one of fifty at most", async () => {
    const clock = new ManualClock();
    const { store, release } = heldRestores(doubleStore({ clock }));
    const server = await scene(store, clock);
    open.push(server);
    for (let at = 0; at < 50; at += 1) {
      await ok(server, "RestoreTableToPointInTime", latest("Source", `Target-${at}`));
    }
    expect(await refusal(server, "RestoreTableToPointInTime", latest("Source", "Target"))).toBe(
      "LimitExceededException: Subscriber limit exceeded: Only 50 restore operations can be done simultaneously",
    );
    release(undefined);
  });
});

describe("a restore under way", () => {
  test("that fails removes its table and gives the name free", async () => {
    const clock = new ManualClock();
    const { store, release } = heldRestores(doubleStore({ clock }));
    const server = await scene(store, clock);
    open.push(server);
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    release(new StorageError("no-space", "the disk is full"));
    await until(async () => (await statusOf(server, "Target")) === undefined);
    await ok(server, "CreateTable", table("Target"));
  });

  test("that fails at its indexes leaves nothing behind", async () => {
    const clock = new ManualClock();
    const whole = doubleStore({ clock });
    const failing = withMethod(whole, "bulkLoad", () =>
      Promise.reject(new StorageError("no-space", "the disk is full")),
    );
    const server = await scene(failing, clock);
    open.push(server);
    const before = whole.spaces();
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    await until(async () => (await statusOf(server, "Target")) === undefined);
    await until(async () => whole.spaces().length === before.length);
    expect(whole.spaces().toSorted()).toEqual([...before].sort());
  });

  test("does not need its source once it is begun", async () => {
    const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" }, worker: false });
    const server = await inProcess(store);
    await ok(server, "CreateTable", table("Source"));
    await ok(server, "UpdateContinuousBackups", recovery("Source"));
    for (let at = 0; at < 300; at += 1) {
      await ok(server, "PutItem", { TableName: "Source", Item: { pk: { S: `${at}` }, g: { S: "x" } } });
    }
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    await ok(server, "DeleteTable", { TableName: "Source" });
    await ok(server, "CreateTable", table("Source"));
    await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
    expect(await ok(server, "Scan", { TableName: "Target", Select: "COUNT" })).toMatchObject({ Count: 300 });
    expect(await ok(server, "Scan", { TableName: "Source", Select: "COUNT" })).toMatchObject({ Count: 0 });
    await server.catalog.close();
    await store.close();
  });

  test("is let read its source to the end", async () => {
    const clock = new ManualClock();
    const whole = doubleStore({ clock });
    const { store, release } = heldRestores(whole);
    const server = await scene(store, clock);
    open.push(server);
    const source = server.catalog.find("Source")?.space ?? "";
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    await ok(server, "DeleteTable", { TableName: "Source" });
    clock.advance(DELAY_MS);
    await until(async () => (await statusOf(server, "Source")) === undefined);
    clock.advance(DELAY_MS);
    await Bun.sleep(5);
    expect(whole.spaces()).toContain(source);
    release(undefined);
    await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
    await until(async () => {
      clock.advance(1);
      return !whole.spaces().includes(source);
    });
    expect(await ok(server, "Scan", { TableName: "Target", Select: "COUNT" })).toMatchObject({ Count: 3 });
  });

  test("goes on after a restart, from wherever it was", async () => {
    const clock = new ManualClock();
    const whole = doubleStore({ clock });
    const { store } = heldRestores(whole);
    const server = await scene(store, clock, { items: 300 });
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    await server.catalog.close();

    // The items are there, an index is half made: its loads are cut off.
    const { promise: loading, resolve: begun } = Promise.withResolvers<void>();
    const cut = withMethod(whole, "bulkLoad", async (space: SpaceId, rows: Iterable<Row>) => {
      await whole.bulkLoad(space, [...rows].slice(0, 100), { rows: 100, bytes: 1_000 });
      begun();
      throw new StorageError("closed", "the store is closed");
    });
    const second = await inProcess(cut, { clock, tableDelayMs: DELAY_MS });
    await loading;
    expect(await statusOf(second, "Target")).toBe("CREATING");
    await second.catalog.close();

    const third = await inProcess(whole, { clock, tableDelayMs: DELAY_MS });
    open.push(third);
    clock.advance(DELAY_MS);
    await until(async () => (await statusOf(third, "Target")) === "ACTIVE");
    const { Table } = (await ok(third, "DescribeTable", { TableName: "Target" })) as { Table: Body };
    expect(Table).toMatchObject({ ItemCount: 300, GlobalSecondaryIndexes: [{ ItemCount: 300 }] });
    const entries = await ok(third, "Scan", { TableName: "Target", IndexName: "idx", Select: "COUNT" });
    expect(entries["Count"]).toBe(300);
  });

  test("whose source went before the restart is cleaned away", async () => {
    const clock = new ManualClock();
    const whole = doubleStore({ clock });
    const { store } = heldRestores(whole);
    const server = await scene(store, clock);
    await ok(server, "RestoreTableToPointInTime", latest("Source", "Target"));
    await ok(server, "DeleteTable", { TableName: "Source" });
    clock.advance(DELAY_MS);
    await until(async () => (await statusOf(server, "Source")) === undefined);
    await server.catalog.close();
    const next = await inProcess(whole, { clock, tableDelayMs: DELAY_MS });
    open.push(next);
    await until(async () => (await statusOf(next, "Target")) === undefined);
    expect((await ok(next, "ListTables", {}))["TableNames"]).toEqual([]);
    await until(async () => whole.spaces().length === 1);
  });
});

describe("the window", () => {
  const windowOf = async (server: InProcess) => {
    const { ContinuousBackupsDescription } = await ok(server, "DescribeContinuousBackups", {
      TableName: "Source",
    });
    const { PointInTimeRecoveryDescription } = ContinuousBackupsDescription as Record<string, Body>;
    const { EarliestRestorableDateTime, LatestRestorableDateTime } = PointInTimeRecoveryDescription ?? {};
    return [Number(EarliestRestorableDateTime) * 1000, Number(LatestRestorableDateTime) * 1000];
  };

  test("ends with a lag behind now, and never before it begins", async () => {
    const clock = new ManualClock();
    const server = await scene(doubleStore({ clock }), clock, { pitrLagMs: 300_000 });
    open.push(server);
    const enabled = clock.now();
    expect(await windowOf(server)).toEqual([enabled, enabled]);
    clock.advance(1_000_000);
    expect(await windowOf(server)).toEqual([enabled, enabled + 700_000]);
    const late = { ...latest("Source", "Target"), UseLatestRestorableTime: false };
    const at = (ms: number) => ({ ...late, RestoreDateTime: ms / 1000 });
    expect(await refusal(server, "RestoreTableToPointInTime", at(enabled + 701_000))).toStartWith(
      "InvalidRestoreTimeException: ",
    );
    await ok(server, "RestoreTableToPointInTime", at(enabled + 700_000));
  });

  test("moves with its period; what a shorter one lets go does not come back", async () => {
    const clock = new ManualClock();
    const server = await scene(doubleStore({ clock }), clock);
    open.push(server);
    const day = 86_400_000;
    const enabled = clock.now();
    clock.advance(20 * day);
    expect(await windowOf(server)).toEqual([enabled, clock.now()]);
    clock.advance(20 * day);
    expect(await windowOf(server)).toEqual([clock.now() - 35 * day, clock.now()]);
    const period = (RecoveryPeriodInDays: number) =>
      ok(
        server,
        "UpdateContinuousBackups",
        recovery("Source", { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays }),
      );
    await period(2);
    const shortened = clock.now() - 2 * day;
    expect(await windowOf(server)).toEqual([shortened, clock.now()]);
    await period(30);
    expect(await windowOf(server)).toEqual([shortened, clock.now()]);
  });

  test("begins later when there is no room for more, and says so", async () => {
    const clock = new ManualClock();
    const store = await openStore({
      vfs: memoryVfs(),
      clock,
      durability: { mode: "off" },
      worker: false,
      segmentBytesMax: 8 << 10,
      memtableBytesMax: 32 << 10,
      logFillBytes: 0,
      logLagBytesMax: 16 << 10,
      historyBytesMax: 64 << 10,
    });
    const server = await inProcess(store, { clock });
    await ok(server, "CreateTable", table("Source"));
    await ok(server, "UpdateContinuousBackups", recovery("Source"));
    const enabled = clock.now();
    for (let at = 0; at < 600; at += 1) {
      const noise = Buffer.from(crypto.getRandomValues(new Uint8Array(300))).toString("base64");
      await ok(server, "PutItem", { TableName: "Source", Item: { pk: { S: `${at}` }, noise: { B: noise } } });
      clock.advance(100);
    }
    await until(async () => ((await windowOf(server))[0] ?? 0) > enabled);
    const [earliest = 0] = await windowOf(server);
    const at = (ms: number) => ({
      ...latest("Source", "Target"),
      UseLatestRestorableTime: false,
      RestoreDateTime: ms / 1000,
    });
    expect(await refusal(server, "RestoreTableToPointInTime", at(enabled + 1))).toStartWith(
      "InvalidRestoreTimeException: ",
    );
    await ok(server, "RestoreTableToPointInTime", at(earliest));
    await until(async () => (await statusOf(server, "Target")) === "ACTIVE");
    await server.catalog.close();
    await store.close();
  });

  test("is settled at a start: kept where the table says so, and nowhere else", async () => {
    const clock = new ManualClock();
    const store = doubleStore({ clock });
    const server = await scene(store, clock);
    await ok(server, "CreateTable", table("Other"));
    const spaceOf = (name: string) => server.catalog.find(name)?.space ?? "";
    await server.catalog.close();
    await store.keepHistory(spaceOf("Source"), 0);
    await store.keepHistory(spaceOf("Other"), 1_000);
    open.push(await inProcess(store, { clock, tableDelayMs: DELAY_MS }));
    expect(store.history(spaceOf("Source"))).toBeDefined();
    expect(store.history(spaceOf("Other"))).toBeUndefined();
  });
});

test("backups are enabled some time after a table is ACTIVE", async () => {
  const clock = new ManualClock();
  const server = await inProcess(doubleStore({ clock }), { clock, tableDelayMs: DELAY_MS });
  open.push(server);
  await ok(server, "CreateTable", table("Source"));
  const noTable = "TableNotFoundException: Table not found: Source";
  expect(await refusal(server, "UpdateContinuousBackups", recovery("Source"))).toBe(noTable);
  expect(await refusal(server, "DescribeContinuousBackups", { TableName: "Source" })).toBe(noTable);
  clock.advance(DELAY_MS);
  expect(await refusal(server, "UpdateContinuousBackups", recovery("Source"))).toBe(
    "ContinuousBackupsUnavailableException: Backups are being enabled for the table: Source. Please retry later",
  );
  expect(
    (await ok(server, "DescribeContinuousBackups", { TableName: "Source" }))["ContinuousBackupsDescription"],
  ).toMatchObject({ ContinuousBackupsStatus: "DISABLED" });
  clock.advance(DELAY_MS);
  await ok(server, "UpdateContinuousBackups", recovery("Source"));
  await ok(server, "DeleteTable", { TableName: "Source" });
  expect(await refusal(server, "UpdateContinuousBackups", recovery("Source"))).toBe(noTable);
});
