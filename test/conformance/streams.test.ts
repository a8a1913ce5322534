/** DynamoDB Streams through the SDK's client: what records say, which writes leave one, iterators, the life of streams. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import {
  describeStream,
  iteratorAt,
  readFrom,
  readStream,
  type StreamRecord,
  streamsClient,
} from "../support/streams.ts";
import { type JsonObject, member, untilActive, untilGone, useTarget } from "./target.ts";

const target = useTarget();
let streams: DynamoDBStreamsClient;

beforeAll(() => {
  streams = streamsClient(target.endpoint);
});
afterAll(() => streams.destroy());

const enabled = (StreamViewType: string) => ({
  StreamSpecification: { StreamEnabled: true, StreamViewType },
});

/** A table with a stream: its name and the stream's ARN. */
async function streamed(viewType = "NEW_AND_OLD_IMAGES", range?: string) {
  const table = await target.table({ ...(range === undefined ? {} : { range }), more: enabled(viewType) });
  return { table, arn: await latestArn(table) };
}

async function latestArn(table: string): Promise<string> {
  const { LatestStreamArn } = member(await target.ok("DescribeTable", { TableName: table }), "Table");
  assert(typeof LatestStreamArn === "string", `${table} has had no stream`);
  return LatestStreamArn;
}

const put = (TableName: string, Item: object) => target.ok("PutItem", { TableName, Item });
const s = (value: string) => ({ S: value });
const n = (value: number | string) => ({ N: String(value) });

/** What a record says beside its place in the stream and its time. */
const said = ({ eventName, dynamodb }: StreamRecord) => ({
  event: eventName as string | undefined,
  keys: dynamodb?.Keys,
  ...(dynamodb?.NewImage === undefined ? {} : { new: dynamodb.NewImage }),
  ...(dynamodb?.OldImage === undefined ? {} : { old: dynamodb.OldImage }),
  size: dynamodb?.SizeBytes,
});

const numbersOf = (records: readonly StreamRecord[]) =>
  records.map(({ dynamodb }) => dynamodb?.SequenceNumber ?? "none");

describe("records", () => {
  const keys = { pk: s("a"), sk: n(1) };
  const first = { ...keys, v: s("one") };
  const second = { ...keys, v: s("second") };
  // Sizes: pk 3, sk 4, v 4 or 7.
  const views = {
    KEYS_ONLY: [
      { event: "INSERT", keys, size: 7 },
      { event: "MODIFY", keys, size: 7 },
      { event: "REMOVE", keys, size: 7 },
    ],
    NEW_IMAGE: [
      { event: "INSERT", keys, new: first, size: 18 },
      { event: "MODIFY", keys, new: second, size: 21 },
      { event: "REMOVE", keys, size: 7 },
    ],
    OLD_IMAGE: [
      { event: "INSERT", keys, size: 7 },
      { event: "MODIFY", keys, old: first, size: 18 },
      { event: "REMOVE", keys, old: second, size: 21 },
    ],
    NEW_AND_OLD_IMAGES: [
      { event: "INSERT", keys, new: first, size: 18 },
      { event: "MODIFY", keys, new: second, old: first, size: 32 },
      { event: "REMOVE", keys, old: second, size: 21 },
    ],
  };

  test.each(Object.entries(views))("view %s", async (view, expected) => {
    const { table, arn } = await streamed(view, "sk:N");
    await put(table, first);
    await put(table, second);
    await target.ok("DeleteItem", { TableName: table, Key: keys });
    const records = await readStream(streams, arn);
    expect(records.map(said)).toEqual(expected);
    for (const record of records) expect(record.dynamodb?.StreamViewType as string).toBe(view);
  });

  test("the shape of a record, to the letter", async () => {
    const { table, arn } = await streamed("NEW_IMAGE");
    const before = Math.floor(Date.now() / 1000);
    await put(table, { pk: s('ä"\n'), list: { L: [n("1.50"), { BOOL: true }, { NULL: true }] } });
    const { Shards } = await describeStream(streams, arn);
    const iterator = await iteratorAt(streams, arn, Shards[0]?.ShardId, "TRIM_HORIZON");
    const answer = await target.ok("DynamoDBStreams_20120810.GetRecords", { ShardIterator: iterator });
    expect(Object.keys(answer)).toEqual(["Records", "NextShardIterator"]);
    const [record] = answer["Records"] as readonly JsonObject[];
    assert(record !== undefined);
    const change = member(record, "dynamodb");
    expect(record).toEqual({
      eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
      eventName: "INSERT",
      eventVersion: "1.1",
      eventSource: "aws:dynamodb",
      awsRegion: "us-east-1",
      dynamodb: {
        ApproximateCreationDateTime: expect.any(Number),
        Keys: { pk: s('ä"\n') },
        NewImage: { pk: s('ä"\n'), list: { L: [n("1.5"), { BOOL: true }, { NULL: true }] } },
        SequenceNumber: expect.stringMatching(/^[1-9]\d{20,39}$/),
        SizeBytes: 27,
        StreamViewType: "NEW_IMAGE",
      },
    });
    const time = Number(change["ApproximateCreationDateTime"]);
    expect(time).toBe(Math.floor(time));
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(Date.now() / 1000);
  });

  test("sequence numbers rise, event ids differ, and reading again gives the same", async () => {
    const { table, arn } = await streamed();
    for (let at = 0; at < 10; at += 1) await put(table, { pk: s(`p${at % 3}`), at: n(at) });
    const records = await readStream(streams, arn);
    const numbers = numbersOf(records).map(BigInt);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => (a < b ? -1 : 1)));
    expect(new Set(records.map((record) => record.eventID)).size).toBe(10);
    expect(await readStream(streams, arn)).toEqual(records);
  });

  test("a key alone", async () => {
    const { table, arn } = await streamed();
    await put(table, { pk: s("a") });
    expect((await readStream(streams, arn)).map(said)).toEqual([
      { event: "INSERT", keys: { pk: s("a") }, new: { pk: s("a") }, size: 6 },
    ]);
  });
});

describe("which writes leave a record", () => {
  const item = {
    pk: s("a"),
    n: n(10),
    set: { SS: ["x", "y"] },
    map: { M: { one: n(1), two: { L: [s("z")] } } },
  };
  const update = (TableName: string, UpdateExpression: string, more: object = {}, pk = "a") =>
    target.call("UpdateItem", { TableName, Key: { pk: s(pk) }, UpdateExpression, ...more });

  test("none for an item that stays what it is", async () => {
    const { table, arn } = await streamed();
    await put(table, item);
    await put(table, item);
    await put(table, {
      map: { M: { two: { L: [s("z")] }, one: n("1.0") } },
      set: { SS: ["y", "x"] },
      n: n("1e1"),
      pk: s("a"),
    });
    const ten = { ExpressionAttributeValues: { ":v": n("10.0") }, ExpressionAttributeNames: { "#n": "n" } };
    await update(table, "SET #n = :v", ten);
    await update(table, "REMOVE absent");
    await update(table, "SET pk2 = pk REMOVE absent");
    await update(table, "REMOVE pk2");
    expect((await readStream(streams, arn)).map(({ eventName }) => eventName as string)).toEqual([
      "INSERT",
      "MODIFY",
      "MODIFY",
    ]);
  });

  test("none for what did not happen", async () => {
    const { table, arn } = await streamed();
    await target.ok("DeleteItem", { TableName: table, Key: { pk: s("none") } });
    await update(table, "REMOVE absent", {}, "none");
    await target.call("PutItem", {
      TableName: table,
      Item: item,
      ConditionExpression: "attribute_exists(pk)",
    });
    const cancelled = await target.call("TransactWriteItems", {
      TransactItems: [
        { Put: { TableName: table, Item: item } },
        {
          ConditionCheck: {
            TableName: table,
            Key: { pk: s("none") },
            ConditionExpression: "attribute_exists(pk)",
          },
        },
      ],
    });
    expect(cancelled.status).toBe(400);
    expect(await readStream(streams, arn)).toEqual([]);
  });

  test("an update that creates an item, with and without actions: INSERT", async () => {
    const { table, arn } = await streamed();
    await update(table, "SET v = :v", { ExpressionAttributeValues: { ":v": n(1) } });
    await target.ok("UpdateItem", { TableName: table, Key: { pk: s("b") } });
    expect((await readStream(streams, arn)).map(said)).toEqual([
      { event: "INSERT", keys: { pk: s("a") }, new: { pk: s("a"), v: n(1) }, size: 9 },
      { event: "INSERT", keys: { pk: s("b") }, new: { pk: s("b") }, size: 6 },
    ]);
  });

  test("one per changed item of a batch and of a transaction", async () => {
    const { table, arn } = await streamed("KEYS_ONLY");
    await put(table, { pk: s("b0"), v: n(1) });
    await put(table, { pk: s("same") });
    await target.ok("BatchWriteItem", {
      RequestItems: {
        [table]: [
          ...["b1", "b2", "same"].map((pk) => ({ PutRequest: { Item: { pk: s(pk) } } })),
          ...["b0", "b9"].map((pk) => ({ DeleteRequest: { Key: { pk: s(pk) } } })),
        ],
      },
    });
    await target.ok("TransactWriteItems", {
      TransactItems: [
        ...["t1", "t2"].map((pk) => ({ Put: { TableName: table, Item: { pk: s(pk) } } })),
        { Delete: { TableName: table, Key: { pk: s("b1") } } },
        { Put: { TableName: table, Item: { pk: s("b2") } } },
        {
          ConditionCheck: {
            TableName: table,
            Key: { pk: s("same") },
            ConditionExpression: "attribute_exists(pk)",
          },
        },
      ],
    });
    const events = (await readStream(streams, arn)).map(
      ({ eventName, dynamodb }) => `${eventName} ${dynamodb?.Keys?.["pk"]?.S}`,
    );
    expect(events.toSorted()).toEqual(
      [
        "INSERT b0",
        "INSERT same",
        "INSERT b1",
        "INSERT b2",
        "REMOVE b0",
        "INSERT t1",
        "INSERT t2",
        "REMOVE b1",
      ].sort(),
    );
    expect(events.indexOf("INSERT b1")).toBeLessThan(events.indexOf("REMOVE b1"));
  });

  test("only those after the stream was enabled, and before it was disabled", async () => {
    const table = await target.table();
    await put(table, { pk: s("before") });
    await target.ok("UpdateTable", { TableName: table, ...enabled("KEYS_ONLY") });
    await untilActive(target, table);
    const arn = await latestArn(table);
    await put(table, { pk: s("while") });
    await target.ok("UpdateTable", { TableName: table, StreamSpecification: { StreamEnabled: false } });
    await untilActive(target, table);
    await put(table, { pk: s("after") });
    expect((await readStream(streams, arn)).map(({ dynamodb }) => dynamodb?.Keys)).toEqual([
      { pk: s("while") },
    ]);
  });

  test("a removed key longer than any row key keeps, under a view without old images", async () => {
    const { table, arn } = await streamed("KEYS_ONLY", "sk:B");
    const key = { pk: s("ö".repeat(1000)), sk: { B: Buffer.alloc(1024, 255).toString("base64") } };
    await put(table, key);
    await target.ok("DeleteItem", { TableName: table, Key: key });
    const records = await readStream(streams, arn);
    const bytes = { pk: key.pk, sk: { B: new Uint8Array(1024).fill(255) } };
    expect(records.map(({ dynamodb }) => dynamodb?.Keys)).toEqual([bytes, bytes]);
    expect(records.map(({ dynamodb }) => dynamodb?.SizeBytes)).toEqual([3028, 3028]);
  });
});

describe("iterators", () => {
  test("each type begins where it says", async () => {
    const { table, arn } = await streamed("KEYS_ONLY");
    for (const pk of ["1", "2", "3"]) await put(table, { pk: s(pk) });
    const [shard] = (await describeStream(streams, arn)).Shards;
    const pksFrom = async (type: Parameters<typeof iteratorAt>[3], number?: string) => {
      const { records } = await readFrom(
        streams,
        await iteratorAt(streams, arn, shard?.ShardId, type, number),
      );
      return records.map(({ dynamodb }) => dynamodb?.Keys?.["pk"]?.S);
    };
    const numbers = numbersOf(await readStream(streams, arn));
    expect(await pksFrom("TRIM_HORIZON")).toEqual(["1", "2", "3"]);
    expect(await pksFrom("AT_SEQUENCE_NUMBER", numbers[1])).toEqual(["2", "3"]);
    expect(await pksFrom("AFTER_SEQUENCE_NUMBER", numbers[1])).toEqual(["3"]);
    expect(await pksFrom("AFTER_SEQUENCE_NUMBER", numbers[2])).toEqual([]);
    const start = shard?.SequenceNumberRange?.StartingSequenceNumber;
    expect(await pksFrom("AT_SEQUENCE_NUMBER", start)).toEqual(["1", "2", "3"]);
    const latest = await iteratorAt(streams, arn, shard?.ShardId, "LATEST");
    await put(table, { pk: s("4") });
    expect((await readFrom(streams, latest)).records.map(({ dynamodb }) => dynamodb?.Keys)).toEqual([
      { pk: s("4") },
    ]);
  });

  test("an open shard can be read for ever, page by page", async () => {
    const { table, arn } = await streamed("KEYS_ONLY");
    const [shard] = (await describeStream(streams, arn)).Shards;
    let iterator: string | undefined = await iteratorAt(streams, arn, shard?.ShardId, "TRIM_HORIZON");
    const seen: StreamRecord[] = [];
    for (let round = 0; round < 4; round += 1) {
      assert(iterator !== undefined, "an open shard has no end");
      const page = await readFrom(streams, iterator, 2);
      seen.push(...page.records);
      iterator = page.next;
      for (let at = 0; at < 5; at += 1) await put(table, { pk: s(`${round}/${at}`) });
    }
    expect(seen).toHaveLength(15);
    expect(seen).toEqual((await readStream(streams, arn)).slice(0, 15));
  });

  test("Limit bounds a page; so does 1 MB", async () => {
    const { table, arn } = await streamed("NEW_IMAGE");
    const [shard] = (await describeStream(streams, arn)).Shards;
    for (let at = 0; at < 5; at += 1) await put(table, { pk: s(`${at}`), v: s("x".repeat(390_000)) });
    const iterator = await iteratorAt(streams, arn, shard?.ShardId, "TRIM_HORIZON");
    const page = (Limit?: number) =>
      target.ok("DynamoDBStreams_20120810.GetRecords", {
        ShardIterator: iterator,
        ...(Limit === undefined ? {} : { Limit }),
      });
    expect((await page(1))["Records"]).toHaveLength(1);
    expect((await page(2))["Records"]).toHaveLength(2);
    expect((await page())["Records"]).toHaveLength(3);
    expect((await readFrom(streams, iterator)).records).toHaveLength(5);
  });

  test("on a closed shard: all of it, then the end", async () => {
    const { table, arn } = await streamed("KEYS_ONLY");
    await put(table, { pk: s("1") });
    await put(table, { pk: s("2") });
    await target.ok("UpdateTable", { TableName: table, StreamSpecification: { StreamEnabled: false } });
    const [shard] = (await describeStream(streams, arn)).Shards;
    const horizon = await iteratorAt(streams, arn, shard?.ShardId, "TRIM_HORIZON");
    const all = await readFrom(streams, horizon, 1);
    expect(all.next).toBeUndefined();
    const range = shard?.SequenceNumberRange;
    const numbers = numbersOf(all.records);
    expect(numbers).toHaveLength(2);
    expect(numbers.at(-1)).toBe(range?.EndingSequenceNumber ?? "open");
    const latest = await iteratorAt(streams, arn, shard?.ShardId, "LATEST");
    expect(await readFrom(streams, latest)).toEqual({ records: [], next: undefined });
    const end = await iteratorAt(streams, arn, shard?.ShardId, "AFTER_SEQUENCE_NUMBER", numbers[1]);
    expect(await readFrom(streams, end)).toEqual({ records: [], next: undefined });
  });
});

describe("the life of streams", () => {
  test("created with the table", async () => {
    const name = target.freshName();
    const created = member(
      await target.ok("CreateTable", {
        TableName: name,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        ...enabled("OLD_IMAGE"),
      }),
      "TableDescription",
    );
    expect(created["StreamSpecification"]).toEqual({ StreamEnabled: true, StreamViewType: "OLD_IMAGE" });
    expect(created["LatestStreamLabel"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/);
    expect(created["LatestStreamArn"]).toBe(`${created["TableArn"]}/stream/${created["LatestStreamLabel"]}`);
    await untilActive(target, name);
    const stream = await describeStream(streams, String(created["LatestStreamArn"]));
    expect(stream).toMatchObject({
      StreamArn: created["LatestStreamArn"],
      StreamLabel: created["LatestStreamLabel"],
      StreamStatus: "ENABLED",
      StreamViewType: "OLD_IMAGE",
      TableName: name,
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      Shards: [
        {
          ShardId: expect.stringMatching(/^shardId-\d{20}-[0-9a-f]{8}$/),
          SequenceNumberRange: { StartingSequenceNumber: expect.stringMatching(/^\d{21,40}$/) },
        },
      ],
    });
    expect(stream.Shards[0]?.SequenceNumberRange?.EndingSequenceNumber).toBeUndefined();
    expect(stream.Shards[0]?.ParentShardId).toBeUndefined();
    expect(stream.LastEvaluatedShardId).toBeUndefined();
    expect(stream.CreationRequestDateTime?.toISOString()).toBe(`${created["LatestStreamLabel"]}Z`);
  });

  test("disabled, enabled again, with its table gone and back", async () => {
    const { table, arn: first } = await streamed("KEYS_ONLY");
    await put(table, { pk: s("1") });
    const disabled = member(
      await target.ok("UpdateTable", { TableName: table, StreamSpecification: { StreamEnabled: false } }),
      "TableDescription",
    );
    expect(disabled).toMatchObject({ TableStatus: "UPDATING", LatestStreamArn: first });
    expect(disabled["StreamSpecification"]).toBeUndefined();
    const described = await untilActive(target, table);
    expect(described["StreamSpecification"]).toBeUndefined();
    expect(described["LatestStreamArn"]).toBe(first);
    expect(await describeStream(streams, first)).toMatchObject({ StreamStatus: "DISABLED" });

    await target.ok("UpdateTable", { TableName: table, ...enabled("NEW_IMAGE") });
    await untilActive(target, table);
    const second = await latestArn(table);
    expect(second > first).toBe(true);
    await put(table, { pk: s("2") });
    await target.ok("DeleteTable", { TableName: table });
    await untilGone(target, table);
    expect(await describeStream(streams, second)).toMatchObject({ StreamStatus: "DISABLED" });

    await target.ok("CreateTable", {
      TableName: table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      ...enabled("KEYS_ONLY"),
    });
    await untilActive(target, table);
    const third = await latestArn(table);
    await put(table, { pk: s("3") });
    const { Streams } = await target.ok("DynamoDBStreams_20120810.ListStreams", { TableName: table });
    expect(Streams).toEqual(
      [first, second, third].map((StreamArn) => ({
        StreamArn,
        TableName: table,
        StreamLabel: StreamArn.slice(StreamArn.indexOf("/stream/") + 8),
      })),
    );
    for (const [at, arn] of [first, second, third].entries()) {
      const records = await readStream(streams, arn);
      expect(records.map(({ dynamodb }) => dynamodb?.Keys)).toEqual([{ pk: s(String(at + 1)) }]);
    }
  });

  test("listed by pages", async () => {
    const arns: string[] = [];
    for (let at = 0; at < 3; at += 1) arns.push((await streamed("KEYS_ONLY")).arn);
    const listed: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await target.ok("DynamoDBStreams_20120810.ListStreams", {
        Limit: 2,
        ...(after === undefined ? {} : { ExclusiveStartStreamArn: after }),
      });
      listed.push(...(page["Streams"] as { StreamArn: string }[]).map(({ StreamArn }) => StreamArn));
      after = page["LastEvaluatedStreamArn"] as string | undefined;
      if (after === undefined) break;
      expect(listed.at(-1)).toBe(after);
    }
    expect(new Set(listed).size).toBe(listed.length);
    for (const arn of arns) expect(listed).toContain(arn);
  });

  test("of one table: those of its name; none for a table without streams, or none at all", async () => {
    const { table, arn } = await streamed("KEYS_ONLY");
    const plain = await target.table();
    const list = (TableName: string) => target.ok("DynamoDBStreams_20120810.ListStreams", { TableName });
    expect(await list(table)).toEqual({
      Streams: [{ StreamArn: arn, TableName: table, StreamLabel: arn.slice(arn.lastIndexOf("/") + 1) }],
    });
    expect(await list(plain)).toEqual({ Streams: [] });
    expect(await list("conformance-no-such-table")).toEqual({ Streams: [] });
  });
});
