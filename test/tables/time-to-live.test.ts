/** Time to live under a clock that is moved by hand: what expires, the setting's life, and expiries that always agree with the items. */
import { describe, expect, test } from "bun:test";
import { expiryOf, isExpired, rowKeyOfExpiry } from "../../src/tables/time-to-live.ts";
import { memoryVfs, openStore, type RangeRequest, type Store } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { pkOf, StreamCaller } from "../support/in-process-streams.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { withMethod } from "../support/with-method.ts";

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const YEAR_SECONDS = 365 * 86_400;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

describe("expiry", () => {
  const item = (ttl: object) => ({ ttl }) as unknown as Parameters<typeof expiryOf>[0];

  test.each<[string, object, number | undefined]>([
    ["seconds", { N: "1700000000" }, 1_700_000_000],
    ["the epoch itself", { N: "0" }, 0],
    ["a fraction of a second", { N: "1700000000.99" }, 1_700_000_000],
    ["before the epoch", { N: "-1" }, undefined],
    ["beyond all time", { N: `1${"0".repeat(120)}` }, undefined],
    ["milliseconds: far ahead", { N: "1700000000000" }, 1_700_000_000_000],
    ["text", { S: "1700000000" }, undefined],
    ["numbers", { NS: ["1700000000"] }, undefined],
  ])("%s", (_name, ttl, expected) => {
    expect(expiryOf(item(ttl), "ttl")).toBe(expected);
    expect(expiryOf(item(ttl), "other")).toBeUndefined();
  });

  test("from its second on, for five years", () => {
    const at = (seconds: number) => isExpired(item({ N: "1000000000" }), "ttl", seconds * SECOND);
    expect([at(999_999_999.999), at(1_000_000_000), at(1_000_000_000 + 5 * YEAR_SECONDS)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(at(1_000_000_001 + 5 * YEAR_SECONDS)).toBe(false);
  });
});

const stores: readonly (readonly [string, (clock: ManualClock) => Promise<Store>])[] = [
  ["the plain reference", async (clock) => doubleStore({ clock })],
  [
    `a slow store that conflicts (SEED=${seed})`,
    async (clock) => doubleStore({ clock, seed, delays: true, conflictRate: 0.1 }),
  ],
  [
    "the engine",
    (clock) =>
      openStore({ vfs: memoryVfs(), clock, durability: { mode: "off" }, memtableBytesMax: 16 << 10 }),
  ],
];

const enable = (AttributeName = "ttl") => ({
  TableName: "Table",
  TimeToLiveSpecification: { Enabled: true, AttributeName },
});
const disable = (AttributeName = "ttl") => ({
  TableName: "Table",
  TimeToLiveSpecification: { Enabled: false, AttributeName },
});

async function scene(open: (clock: ManualClock) => Promise<Store>) {
  const clock = new ManualClock();
  const store = await open(clock);
  const server = await inProcess(store, { clock });
  const caller = new StreamCaller(server);
  const arn = await caller.createTable("Table", "KEYS_ONLY");
  const seconds = () => clock.now() / SECOND;
  const put = (pk: string, ttl?: number, attribute = "ttl") =>
    caller.ok("PutItem", {
      TableName: "Table",
      Item: { pk: { S: pk }, ...(ttl === undefined ? {} : { [attribute]: { N: `${ttl}` } }) },
    });
  const pks = async () => {
    const { Items } = await caller.ok("Scan", { TableName: "Table" });
    return (Items as { pk: { S: string } }[]).map(({ pk }) => pk.S).sort();
  };
  return { clock, store, server, caller, arn, seconds, put, pks };
}

/** Waits until items that are older than the setting have their expiries. */
async function untilFilled({ catalog }: InProcess): Promise<void> {
  while (catalog.find("Table")?.record.timeToLive?.filling === true) await Bun.sleep(1);
}

/** The row keys with an expiry, each with its second: as kept, and as the items say. */
async function expiries(store: Store, { catalog }: InProcess) {
  const table = catalog.find("Table");
  const { timeToLive } = table ?? {};
  if (table === undefined || timeToLive === undefined) throw new Error("time to live is not enabled");
  const snapshot = await store.snapshot([table.space, timeToLive.spaceId]);
  const all = { rowsMax: 10_000, bytesMax: 1 << 30 };
  const kept = (await snapshot.range({ space: timeToLive.spaceId, ...all })).rows.map(({ key }) => {
    return [rowKeyOfExpiry(key), Buffer.from(key, "latin1").readUIntBE(0, 6)] as const;
  });
  const said = (await snapshot.range({ space: table.space, ...all })).rows.flatMap(({ key, value }) => {
    const item = JSON.parse(Buffer.from(value.subarray(6)).toString());
    const second = expiryOf(item, timeToLive.attributeName);
    return second === undefined ? [] : [[key, second] as const];
  });
  snapshot.close();
  const byKey = (a: readonly [string, number], b: readonly [string, number]) => (a[0] < b[0] ? -1 : 1);
  return { kept: kept.toSorted(byKey), said: said.toSorted(byKey) };
}

describe.each(stores)("on %s", (_name, open) => {
  test("expired items stay until they are swept, others stay", async () => {
    const { caller, server, clock, arn, seconds, put, pks } = await scene(open);
    await caller.ok("UpdateTimeToLive", enable());
    await put("soon", seconds() + 10);
    await put("later", seconds() + 100);
    await put("never");
    clock.advance(10 * SECOND);
    expect(await pks()).toEqual(["later", "never", "soon"]);
    expect(await server.sweeper.sweep()).toBe(1);
    expect(await pks()).toEqual(["later", "never"]);
    expect(await server.sweeper.sweep()).toBe(0);
    clock.advance(89 * SECOND);
    expect(await server.sweeper.sweep()).toBe(0);
    clock.advance(SECOND);
    expect(await server.sweeper.sweep()).toBe(1);
    const removed = (await caller.readAll(arn)).filter(({ eventName }) => eventName === "REMOVE");
    expect(removed.map(pkOf)).toEqual(["soon", "later"]);
    for (const { userIdentity } of removed) {
      expect(userIdentity).toEqual({ PrincipalId: "dynamodb.amazonaws.com", Type: "Service" });
    }
  });

  test("an item that is given more time, or none, is spared", async () => {
    const { caller, server, clock, seconds, put, pks } = await scene(open);
    await caller.ok("UpdateTimeToLive", enable());
    for (const pk of ["more", "none", "text", "gone"]) await put(pk, seconds() + 1);
    clock.advance(HOUR);
    const update = (pk: string, UpdateExpression: string, value?: object) =>
      caller.ok("UpdateItem", {
        TableName: "Table",
        Key: { pk: { S: pk } },
        UpdateExpression,
        ExpressionAttributeNames: { "#t": "ttl" },
        ...(value === undefined ? {} : { ExpressionAttributeValues: { ":t": value } }),
      });
    await update("more", "SET #t = :t", { N: String(seconds() + 1) });
    await update("none", "REMOVE #t");
    await update("text", "SET #t = :t", { S: "1" });
    expect(await server.sweeper.sweep()).toBe(1);
    expect(await pks()).toEqual(["more", "none", "text"]);
  });

  test("an item that is given more time after it was found, and before it is deleted, is spared", async () => {
    const clock = new ManualClock();
    const store = await open(clock);
    let meanwhile = async () => {};
    const server = await inProcess(
      withMethod(store, "snapshot", async (spaces: readonly string[]) => {
        const snapshot = await store.snapshot(spaces);
        return withMethod(snapshot, "range", async (request: RangeRequest) => {
          const page = await snapshot.range(request);
          await meanwhile();
          return page;
        });
      }),
      { clock },
    );
    const caller = new StreamCaller(server);
    await caller.createTable("Table");
    await caller.ok("UpdateTimeToLive", enable());
    await untilFilled(server);
    const put = (ttl: number) =>
      caller.ok("PutItem", { TableName: "Table", Item: { pk: { S: "a" }, ttl: { N: String(ttl) } } });
    const now = clock.now() / SECOND;
    await put(now);
    meanwhile = async () => {
      meanwhile = async () => {};
      await put(now + 1);
    };
    expect(await server.sweeper.sweep()).toBe(0);
    clock.advance(SECOND);
    expect(await server.sweeper.sweep()).toBe(1);
  });

  test("items that are older than the setting expire too; the setting outlives them all", async () => {
    const { caller, server, store, clock, seconds, put, pks } = await scene(open);
    const old = Array.from({ length: 300 }, (_, at) => `old${at}`);
    await Promise.all(old.map((pk, at) => put(pk, at % 3 === 0 ? undefined : seconds() + at)));
    await caller.ok("UpdateTimeToLive", enable());
    await put("old1", seconds() + 10_000);
    await put("new", seconds() + 1);
    await untilFilled(server);
    const { kept, said } = await expiries(store, server);
    expect(kept).toEqual(said);
    expect(kept).toHaveLength(201);
    clock.advance(HOUR);
    expect(await server.sweeper.sweep()).toBe(200);
    expect(await pks()).toEqual([...old.filter((_, at) => at % 3 === 0), "old1"].sort());
  });

  test("is changed once an hour; another attribute after it was disabled", async () => {
    const { caller, server, store, clock, seconds, put, pks } = await scene(open);
    const spaces = store.spaces().length;
    const tooSoon = "Time to live has been modified multiple times within a fixed interval";
    const refusal = async (input: object) => (await server.call("UpdateTimeToLive", input)).body["message"];
    await caller.ok("UpdateTimeToLive", enable());
    await put("a", seconds() + 1);
    expect(store.spaces()).toHaveLength(spaces + 1);
    clock.advance(HOUR - 1);
    expect(await refusal(disable())).toBe(tooSoon);
    clock.advance(1);
    await caller.ok("UpdateTimeToLive", disable());
    expect(store.spaces()).toHaveLength(spaces);
    expect(await server.sweeper.sweep()).toBe(0);
    expect(await refusal(disable())).toBe("TimeToLive is already disabled");
    expect(await refusal(enable("expires"))).toBe(tooSoon);
    clock.advance(HOUR);
    await caller.ok("UpdateTimeToLive", enable("expires"));
    await put("b", seconds() - 1, "expires");
    expect(await server.sweeper.sweep()).toBe(1);
    expect(await pks()).toEqual(["a"]);
    await caller.ok("DeleteTable", { TableName: "Table" });
    expect(store.spaces()).toHaveLength(spaces - 1);
    await caller.createTable("Table");
    expect(await caller.ok("DescribeTimeToLive", { TableName: "Table" })).toEqual({
      TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" },
    });
    await caller.ok("UpdateTimeToLive", enable());
  });

  test("whatever is written while it is enabled and swept, expiries agree with the items", async () => {
    const { caller, server, store, clock, seconds, put } = await scene(open);
    const random = seededRandom(seed);
    const key = () => `pk${Math.floor(random() * 40)}`;
    const write = async () => {
      const pk = key();
      const dice = random();
      const ttl = seconds() + Math.floor(random() * 40) - 10;
      if (dice < 0.5) await put(pk, ttl);
      else if (dice < 0.6) await put(pk);
      else if (dice < 0.8) await caller.ok("DeleteItem", { TableName: "Table", Key: { pk: { S: pk } } });
      else {
        await server.call("TransactWriteItems", {
          TransactItems: [...new Set([pk, key(), key()])].map((each) => ({
            Put: { TableName: "Table", Item: { pk: { S: each }, ttl: { N: `${ttl}` } } },
          })),
        });
      }
    };
    const some = (count: number) => Promise.all(Array.from({ length: count }, write));
    await some(60);
    await Promise.all([some(20), caller.ok("UpdateTimeToLive", enable()), some(20)]);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([some(20), server.sweeper.sweep(), some(10)]);
      clock.advance(5 * SECOND);
    }
    await untilFilled(server);
    const before = await expiries(store, server);
    expect(before.kept).toEqual(before.said);
    expect(before.kept.length).toBeGreaterThan(0);
    await server.sweeper.sweep();
    const after = await expiries(store, server);
    expect(after.kept).toEqual(after.said);
    for (const [, second] of after.kept) expect(second).toBeGreaterThan(seconds());
  });
});

test("filling goes on after a restart, and a table's own delay is respected", async () => {
  const clock = new ManualClock();
  const vfs = memoryVfs();
  let store = await openStore({ vfs, clock, durability: { mode: "off" } });
  let server = await inProcess(store, { clock, tableDelayMs: 1000 });
  let caller = new StreamCaller(server);
  await caller.createTable("Table");
  const describe = () => server.call("DescribeTimeToLive", { TableName: "Table" });
  expect((await describe()).body["message"]).toBe(
    "Cannot describe time to live while table is in CREATING state: Current table state is CREATING",
  );
  expect((await server.call("UpdateTimeToLive", enable())).error).toBe("ResourceNotFoundException");
  clock.advance(1000);
  const ttl = { N: String(clock.now() / SECOND) };
  await caller.ok("PutItem", { TableName: "Table", Item: { pk: { S: "a" }, ttl } });
  // With the delay not over, nothing is filled yet when the store is closed.
  await caller.ok("UpdateTimeToLive", enable());
  expect(await server.sweeper.sweep()).toBe(0);
  await server.catalog.close();
  await store.close();
  store = await openStore({ vfs, clock, durability: { mode: "off" } });
  server = await inProcess(store, { clock });
  caller = new StreamCaller(server);
  await untilFilled(server);
  expect(await server.sweeper.sweep()).toBe(1);
  expect(await caller.ok("Scan", { TableName: "Table" })).toMatchObject({ Count: 0 });
});

test("tags under way: no second change, no deletion", async () => {
  const clock = new ManualClock();
  const server = await inProcess(doubleStore({ clock }), { clock, tableDelayMs: 1600 });
  const caller = new StreamCaller(server);
  await caller.createTable("Table");
  clock.advance(1600);
  const { Table } = await caller.ok("DescribeTable", { TableName: "Table" });
  const ResourceArn = (Table as { TableArn: string }).TableArn;
  const tag = (Value: string) => ({ ResourceArn, Tags: [{ Key: "a", Value }] });
  await caller.ok("TagResource", tag("1"));
  await caller.ok("TagResource", tag("1"));
  const second = await server.call("TagResource", tag("2"));
  expect([second.error, second.body["message"]]).toEqual([
    "LimitExceededException",
    "Subscriber limit exceeded: Table tags are being updated: Table",
  ]);
  expect((await server.call("DeleteTable", { TableName: "Table" })).body["message"]).toBe(
    "Attempt to change a resource which is still in use: Table tags are being updated: Table",
  );
  clock.advance(1600);
  await caller.ok("TagResource", tag("2"));
});
