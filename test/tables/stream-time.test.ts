/**
 * Streams under a clock that is moved by hand: shards that are closed and have children, records that are past retention, iterators that
 * expire, streams that go. On the plain reference of the store, on one that is slow and conflicts, and on the real engine.
 */
import { describe, expect, test } from "bun:test";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { pkOf, type ShardJson, StreamCaller, sequenceNumber } from "../support/in-process-streams.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { withMethod } from "../support/with-method.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const stores: readonly (readonly [string, (clock: ManualClock) => Promise<Store>])[] = [
  ["the plain reference", async (clock) => doubleStore({ clock })],
  [
    `a slow store that conflicts (SEED=${seed})`,
    async (clock) => doubleStore({ clock, seed, delays: true, conflictRate: 0.1 }),
  ],
  [
    "the engine with small segments",
    (clock) =>
      openStore({
        vfs: memoryVfs(),
        clock,
        durability: { mode: "off" },
        segmentBytesMax: 2048,
        memtableBytesMax: 4096,
        logFillBytes: 0,
      }),
  ],
];

/** The clock without its timers: nothing happens in the background, a test does what is to be done every minute itself. */
const quiet = (clock: ManualClock) => ({ now: () => clock.now(), after: () => () => {} });

interface Scene {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly server: InProcess;
  readonly streams: StreamCaller;
  /** Lets time pass, and what is to be done every minute be done. */
  pass(ms: number): Promise<void>;
}

async function scene(
  open: (clock: ManualClock) => Promise<Store>,
  options: { readonly tableDelayMs?: number; readonly streamShards?: number } = {},
): Promise<Scene> {
  const clock = new ManualClock();
  const store = await open(clock);
  const server = await inProcess(store, { clock: quiet(clock), ...options });
  const pass = async (ms: number) => {
    clock.advance(ms);
    await server.catalog.tendStreams();
  };
  return { clock, store, server, streams: new StreamCaller(server), pass };
}

const ids = (shards: readonly ShardJson[]) => shards.map(({ ShardId }) => ShardId);

describe.each(stores)("on %s", (_name, open) => {
  test("a shard with records is closed after four hours and has a child that goes on", async () => {
    const { streams, pass } = await scene(open);
    const arn = await streams.createTable("Table");
    const first = (await streams.describe(arn)).Shards[0]?.ShardId ?? "none";
    const early = await streams.iterator(arn, first, "LATEST");
    await streams.put("Table", "1", "2");
    await pass(3 * HOUR);
    expect(ids((await streams.describe(arn)).Shards)).toEqual([first]);
    await streams.put("Table", "3");
    await pass(HOUR);
    await streams.put("Table", "4", "5");

    const { Shards } = await streams.describe(arn);
    const [parent, child] = Shards;
    expect(Shards).toHaveLength(2);
    expect(parent?.ShardId).toBe(first);
    expect(child?.ParentShardId).toBe(first);
    expect((child?.ShardId ?? "") > first).toBe(true);
    const end = parent?.SequenceNumberRange.EndingSequenceNumber ?? "open";
    expect(BigInt(child?.SequenceNumberRange.StartingSequenceNumber ?? 0)).toBeGreaterThan(BigInt(end));
    expect(child?.SequenceNumberRange.EndingSequenceNumber).toBeUndefined();

    const fresh = await streams.iterator(arn, first, "TRIM_HORIZON");
    const old = await streams.drain(fresh, 2);
    expect(old.next).toBeUndefined();
    expect(old.records.map(pkOf)).toEqual(["1", "2", "3"]);
    expect(old.records.map(sequenceNumber).at(-1)).toBe(end);
    const atEnd = await streams.iterator(arn, first, "LATEST");
    expect(await streams.page(atEnd)).toEqual({ Records: [] });
    const rest = await streams.drain(await streams.iterator(arn, child?.ShardId ?? "", "TRIM_HORIZON"));
    expect(rest.records.map(pkOf)).toEqual(["4", "5"]);
    expect(rest.next).toBeDefined();
    expect(await streams.pageError(early)).toBe("ExpiredIteratorException");

    const children = { ShardFilter: { Type: "CHILD_SHARDS", ShardId: first } };
    expect((await streams.describe(arn, children)).Shards).toEqual([child as ShardJson]);
    const none = { ShardFilter: { Type: "CHILD_SHARDS", ShardId: child?.ShardId } };
    expect((await streams.describe(arn, none)).Shards).toEqual([]);
  });

  test("a reader that is at work when its shard is closed finds the end, then all of the child", async () => {
    const { streams, pass, clock } = await scene(open);
    const arn = await streams.createTable("Table");
    const [shard] = (await streams.describe(arn)).Shards;
    await streams.put("Table", "1", "2", "3");
    clock.advance(4 * HOUR);
    const iterator = await streams.iterator(arn, shard?.ShardId ?? "", "TRIM_HORIZON");
    const { Records, NextShardIterator } = await streams.page(iterator, 1);
    expect(Records.map(pkOf)).toEqual(["1"]);
    await pass(MINUTE);
    await streams.put("Table", "4");
    const rest = await streams.drain(NextShardIterator ?? "");
    expect(rest.records.map(pkOf)).toEqual(["2", "3"]);
    expect(rest.next).toBeUndefined();
    expect((await streams.readAll(arn)).map(pkOf)).toEqual(["1", "2", "3", "4"]);
  });

  test("a record that comes while its shard is being closed is in the shard or in its child, never in both", async () => {
    const clock = new ManualClock();
    const store = await open(clock);
    let meanwhile = async () => {};
    const transact: Store["transact"] = async (request, decide) => {
      const task = meanwhile;
      meanwhile = async () => {};
      await task();
      return await store.transact(request, decide);
    };
    const server = await inProcess(withMethod(store, "transact", transact), { clock: quiet(clock) });
    const streams = new StreamCaller(server);
    const arn = await streams.createTable("Table");
    await streams.put("Table", "1", "2");
    clock.advance(4 * HOUR);
    const [shard] = (await streams.describe(arn)).Shards;
    let next: string | undefined = await streams.iterator(arn, shard?.ShardId ?? "", "TRIM_HORIZON");
    const seen: string[] = [];
    const read = async () => {
      const page = await streams.page(next ?? "");
      seen.push(...page.Records.map(pkOf));
      next = page.NextShardIterator;
    };
    // The shard's end has been looked up, and is about to be written down.
    meanwhile = async () => {
      await streams.put("Table", "late");
      await read();
    };
    await server.catalog.tendStreams();
    const { Shards } = await streams.describe(arn);
    expect(Shards).toHaveLength(2);
    while (next !== undefined) await read();
    const child = await streams.iterator(arn, Shards[1]?.ShardId ?? "", "TRIM_HORIZON");
    seen.push(...(await streams.drain(child)).records.map(pkOf));
    expect(seen).toEqual(["1", "2", "late"]);
  });

  test("a shard without records stays open", async () => {
    const { streams, pass } = await scene(open);
    const arn = await streams.createTable("Table");
    for (let round = 0; round < 3; round += 1) await pass(10 * HOUR);
    const { Shards } = await streams.describe(arn);
    expect(Shards).toHaveLength(1);
    await streams.put("Table", "1");
    expect((await streams.readAll(arn)).map(pkOf)).toEqual(["1"]);
  });

  test("records go after 24 hours, and closed shards 24 hours after they were closed", async () => {
    const { streams, server, pass } = await scene(open);
    const arn = await streams.createTable("Table");
    const written: { readonly pk: string; readonly hour: number }[] = [];
    for (let hour = 0; hour < 40; hour += 1) {
      await streams.put("Table", `${hour}`);
      written.push({ pk: `${hour}`, hour });
      // A minute is granted to what is removed once a minute.
      await pass(HOUR);
      const now = hour + 1;
      const kept = written.filter((record) => now - record.hour < 24).map(({ pk }) => pk);
      expect((await streams.readAll(arn)).map(pkOf)).toEqual(kept);
    }
    const { Shards } = await streams.describe(arn);
    const [oldest] = Shards;
    // Closed at hours 16, 20, 24, …, 40, and the open one; the oldest names a parent that is gone.
    expect(Shards).toHaveLength(7);
    expect(oldest?.ParentShardId).toMatch(/^shardId-/);
    expect(ids(Shards)).not.toContain(oldest?.ParentShardId ?? "");
    expect(ids(Shards)).toEqual(ids(Shards).toSorted());
    for (const shard of Shards.slice(1)) expect(ids(Shards)).toContain(shard.ParentShardId ?? "");
    const gone = await server.call("DynamoDBStreams_20120810.GetShardIterator", {
      StreamArn: arn,
      ShardId: oldest?.ParentShardId,
      ShardIteratorType: "TRIM_HORIZON",
    });
    expect(gone.body["message"]).toBe("Requested resource not found: Shard does not exist");
  });

  test("a record that is gone is refused by number, and under an iterator that stood before it", async () => {
    const { streams, server, pass } = await scene(open);
    const arn = await streams.createTable("Table");
    await streams.put("Table", "1", "2");
    await pass(10 * MINUTE);
    await streams.put("Table", "3");
    const [shard] = (await streams.describe(arn)).Shards;
    const numbers = (await streams.readAll(arn)).map(sequenceNumber);
    await pass(24 * HOUR - 15 * MINUTE);
    const ShardId = shard?.ShardId ?? "";
    const horizon = await streams.iterator(arn, ShardId, "TRIM_HORIZON");
    const third = await streams.iterator(arn, ShardId, "AT_SEQUENCE_NUMBER", numbers[2]);
    await pass(10 * MINUTE);
    expect(await streams.pageError(horizon)).toBe("TrimmedDataAccessException");
    for (const ShardIteratorType of ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]) {
      for (const SequenceNumber of [
        ...numbers.slice(0, 2),
        shard?.SequenceNumberRange.StartingSequenceNumber,
      ]) {
        const { error, body } = await server.call("DynamoDBStreams_20120810.GetShardIterator", {
          StreamArn: arn,
          ShardId,
          ShardIteratorType,
          SequenceNumber,
        });
        expect([error, body["message"]]).toEqual([
          "TrimmedDataAccessException",
          "The data you are trying to access has been trimmed",
        ]);
      }
    }
    expect((await streams.page(third)).Records.map(pkOf)).toEqual(["3"]);
    expect((await streams.readAll(arn)).map(pkOf)).toEqual(["3"]);
    await pass(20 * MINUTE);
    expect(await streams.readAll(arn)).toEqual([]);
  });

  test("a reader at the tip never meets what is gone, however long nothing comes", async () => {
    const { streams, pass } = await scene(open);
    const arn = await streams.createTable("Table");
    const other = await streams.createTable("Other");
    await streams.put("Table", "first");
    const [shard] = (await streams.describe(arn)).Shards;
    let next: string | undefined = await streams.iterator(arn, shard?.ShardId ?? "", "TRIM_HORIZON");
    const seen: string[] = [];
    let currentShard = shard?.ShardId ?? "";
    for (let round = 0; round < 200; round += 1) {
      // Traffic beside it lets the store drop parts of its log.
      if (round % 10 === 0) await streams.put("Other", `${round}`, `${round} again`);
      const page = await streams.page(next ?? "");
      seen.push(...page.Records.map(pkOf));
      next = page.NextShardIterator;
      if (next === undefined) {
        const children = { ShardFilter: { Type: "CHILD_SHARDS", ShardId: currentShard } };
        currentShard = (await streams.describe(arn, children)).Shards[0]?.ShardId ?? "no child";
        next = await streams.iterator(arn, currentShard, "TRIM_HORIZON");
      }
      await pass(10 * MINUTE);
    }
    await streams.put("Table", "last");
    seen.push(...(await streams.page(next ?? "")).Records.map(pkOf));
    expect(seen).toEqual(["first", "last"]);
    expect((await streams.listed()).toSorted()).toEqual([arn, other].toSorted());
  });

  test("iterators are good for 15 minutes, each page's next one again", async () => {
    const { streams, server, clock } = await scene(open);
    const arn = await streams.createTable("Table");
    const [shard] = (await streams.describe(arn)).Shards;
    let iterator = await streams.iterator(arn, shard?.ShardId ?? "", "LATEST");
    for (let round = 0; round < 3; round += 1) {
      clock.advance(15 * MINUTE);
      iterator = (await streams.page(iterator)).NextShardIterator ?? "closed";
    }
    clock.advance(15 * MINUTE + 1);
    const { error, body } = await server.call("DynamoDBStreams_20120810.GetRecords", {
      ShardIterator: iterator,
    });
    expect(error).toBe("ExpiredIteratorException");
    expect(body["message"]).toBe(
      "Iterator expired. The iterator was created at time Thu Jan 01 00:45:00 UTC 2026 while right now it is " +
        "Thu Jan 01 01:00:00 UTC 2026 which is further in the future than the tolerated delay of 900000 milliseconds.",
    );
  });

  test("a disabled stream can be read for 24 hours, then it is gone, feed and all", async () => {
    const { streams, server, store, pass } = await scene(open);
    const arn = await streams.createTable("Table");
    await streams.put("Table", "1");
    await streams.ok("UpdateTable", { TableName: "Table", StreamSpecification: { StreamEnabled: false } });
    await pass(5 * HOUR);
    const before = await streams.describe(arn);
    expect(before.StreamStatus).toBe("DISABLED");
    expect(before.Shards).toHaveLength(1);
    expect((await streams.readAll(arn)).map(pkOf)).toEqual(["1"]);
    expect(store.feeds()).toHaveLength(1);
    await pass(19 * HOUR);
    expect(await streams.listed()).toEqual([]);
    expect((await server.call("DynamoDBStreams_20120810.DescribeStream", { StreamArn: arn })).error).toBe(
      "ResourceNotFoundException",
    );
    expect(store.feeds()).toEqual([]);
    const described = await streams.ok("DescribeTable", { TableName: "Table" });
    expect((described["Table"] as { LatestStreamArn: string }).LatestStreamArn).toBe(arn);
  });

  test("labels of one name never repeat, though no time passes and tables come and go", async () => {
    const { streams } = await scene(open);
    const arns: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      arns.push(await streams.createTable("Table"));
      await streams.put("Table", `${round}`);
      await streams.ok("DeleteTable", { TableName: "Table" });
    }
    expect(await streams.listed()).toEqual(arns);
    expect(new Set(arns).size).toBe(3);
    for (const [round, arn] of arns.entries()) {
      expect((await streams.readAll(arn)).map(pkOf)).toEqual([`${round}`]);
    }
  });

  test("several shards: an item's changes are in one of them, in order; pages of shards", async () => {
    const { streams, pass } = await scene(open, { streamShards: 5 });
    const arn = await streams.createTable("Table", "NEW_IMAGE");
    const pks = Array.from({ length: 30 }, (_, at) => `pk${at}`);
    for (const v of [1, 2, 3]) {
      await Promise.all(
        pks.map((pk) =>
          streams.ok("PutItem", { TableName: "Table", Item: { pk: { S: pk }, v: { N: `${v}` } } }),
        ),
      );
      if (v === 2) await pass(4 * HOUR);
    }
    const { Shards } = await streams.describe(arn);
    expect(Shards).toHaveLength(10);
    const home = new Map<string, string>();
    const versions = new Map<string, string[]>();
    for (const { ShardId, ParentShardId } of Shards) {
      const { records } = await streams.drain(await streams.iterator(arn, ShardId, "TRIM_HORIZON"), 7);
      for (const record of records) {
        const root = home.get(pkOf(record)) ?? ShardId;
        home.set(pkOf(record), root);
        expect([ShardId, ParentShardId]).toContain(root);
        versions.set(pkOf(record), [
          ...(versions.get(pkOf(record)) ?? []),
          record.dynamodb.NewImage?.["v"]?.["N"] ?? "",
        ]);
      }
    }
    expect(new Set(home.values()).size).toBe(5);
    for (const pk of pks) expect(versions.get(pk)).toEqual(["1", "2", "3"]);

    const paged: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await streams.describe(arn, { Limit: 4, ExclusiveStartShardId: after });
      paged.push(...ids(page.Shards));
      after = page.LastEvaluatedShardId;
      if (after === undefined) break;
    }
    expect(paged).toEqual(ids(Shards));
    expect(paged).toEqual(paged.toSorted());
  });

  test("with delayed tables: ENABLING, ENABLED, DISABLING, DISABLED, and what is refused meanwhile", async () => {
    const { streams, server, clock } = await scene(open, { tableDelayMs: 1000 });
    const arn = await streams.createTable("Table");
    expect(await streams.describe(arn)).toMatchObject({ StreamStatus: "ENABLING", Shards: [] });
    clock.advance(1000);
    const enabled = await streams.describe(arn);
    expect(enabled.StreamStatus).toBe("ENABLED");
    expect(enabled.Shards).toHaveLength(1);
    const disable = { TableName: "Table", StreamSpecification: { StreamEnabled: false } };
    await streams.ok("UpdateTable", disable);
    expect((await streams.describe(arn)).StreamStatus).toBe("DISABLING");
    const label = arn.slice(arn.lastIndexOf("/") + 1);
    const refusals = [
      [
        "UpdateTable",
        { TableName: "Table", StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } },
        `A stream status change is currently in progress. Table: Table Stream: ${label} Operation: DISABLE`,
      ],
      [
        "UpdateTable",
        { TableName: "Table", BillingMode: "PAY_PER_REQUEST" },
        `Can't change table IOPS when stream status is being updated. Table: Table Stream: ${label} Operation: DISABLE`,
      ],
      ["DeleteTable", { TableName: "Table" }, "Cannot delete table while stream is being enabled/disabled."],
    ] as const;
    for (const [operation, input, why] of refusals) {
      const { error, body } = await server.call(operation, input);
      expect(error).toBe("ResourceInUseException");
      expect(body["message"]).toBe(`Attempt to change a resource which is still in use: ${why}`);
    }
    clock.advance(1000);
    expect((await streams.describe(arn)).StreamStatus).toBe("DISABLED");
  });
});
