/** What DynamoDB Streams refuses, and in which words. */
import { beforeAll, describe, expect, test } from "bun:test";
import { enveloped, invalid, member, notFound, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
const streams = (operation: string, body: object) =>
  target.refusal(`DynamoDBStreams_20120810.${operation}`, body);

let table: string;
let arn: string;
let shardId: string;
let start: string;

beforeAll(async () => {
  table = await target.table({
    more: { StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } },
  });
  arn = String(member(await target.ok("DescribeTable", { TableName: table }), "Table")["LatestStreamArn"]);
  const { StreamDescription } = await target.ok("DynamoDBStreams_20120810.DescribeStream", {
    StreamArn: arn,
  });
  const { Shards } = StreamDescription as {
    readonly Shards: readonly {
      readonly ShardId: string;
      readonly SequenceNumberRange: { readonly StartingSequenceNumber: string };
    }[];
  };
  shardId = Shards[0]?.ShardId ?? "none";
  start = Shards[0]?.SequenceNumberRange.StartingSequenceNumber ?? "none";
});

const otherLabel = () => `${arn.slice(0, arn.lastIndexOf("/"))}/2001-01-01T00:00:00.000`;
const otherShard = () => shardId.replace(/^shardId-\d{20}/, `shardId-${"0".repeat(20)}`);

describe("ListStreams", () => {
  test("Limit", async () => {
    expect(await streams("ListStreams", { Limit: 0 })).toEqual(
      violated("0", "limit", "Member must have value greater than or equal to 1"),
    );
    expect(await streams("ListStreams", { Limit: 101 })).toEqual(
      violated("101", "limit", "Member must have value less than or equal to 100"),
    );
  });

  test("ExclusiveStartStreamArn", async () => {
    const bad = "x".repeat(40);
    expect(await streams("ListStreams", { ExclusiveStartStreamArn: bad })).toEqual(
      validation(`Invalid StreamArn: ${bad}`),
    );
    expect(
      (await target.call("DynamoDBStreams_20120810.ListStreams", { ExclusiveStartStreamArn: otherLabel() }))
        .status,
    ).toBe(200);
  });
});

describe("DescribeStream", () => {
  test("an ARN that is none, and one of no stream", async () => {
    const bad = "arn:aws:dynamodb:us-east-1:000000000000:table/NoStream";
    expect(await streams("DescribeStream", { StreamArn: bad })).toEqual(
      validation(`Invalid StreamArn: ${bad}`),
    );
    expect(await streams("DescribeStream", { StreamArn: otherLabel() })).toEqual(
      notFound(`Requested resource not found: Stream: ${otherLabel()} not found`),
    );
  });

  test("no ARN, a short one, a limit", async () => {
    expect(await streams("DescribeStream", {})).toEqual(
      violated(null, "streamArn", "Member must not be null"),
    );
    expect(await streams("DescribeStream", { StreamArn: "arn" })).toEqual(
      violated("arn", "streamArn", "Member must have length greater than or equal to 37"),
    );
    expect(await streams("DescribeStream", { StreamArn: arn, Limit: 0 })).toEqual(
      violated("0", "limit", "Member must have value greater than or equal to 1"),
    );
  });

  test("a filter by halves", async () => {
    const refusal = invalid("ShardFilter requires both Type and ShardId");
    expect(
      await streams("DescribeStream", { StreamArn: arn, ShardFilter: { Type: "CHILD_SHARDS" } }),
    ).toEqual(refusal);
    expect(await streams("DescribeStream", { StreamArn: arn, ShardFilter: { ShardId: shardId } })).toEqual(
      refusal,
    );
  });

  test("a start that does not exist is a place all the same", async () => {
    const describeFrom = async (ExclusiveStartShardId: string) => {
      const answer = await target.ok("DynamoDBStreams_20120810.DescribeStream", {
        StreamArn: arn,
        ExclusiveStartShardId,
      });
      return member(answer, "StreamDescription")["Shards"];
    };
    expect(await describeFrom(otherShard())).toHaveLength(1);
    expect(await describeFrom(shardId)).toEqual([]);
  });
});

describe("GetShardIterator", () => {
  const iterator = (more: object) =>
    streams("GetShardIterator", { StreamArn: arn, ShardId: shardId, ...more });

  test("unknown stream, unknown shard, unknown type", async () => {
    expect(await iterator({ StreamArn: otherLabel(), ShardIteratorType: "LATEST" })).toEqual(
      notFound(`Requested resource not found: Stream: ${otherLabel()} not found`),
    );
    expect(await iterator({ ShardId: otherShard(), ShardIteratorType: "LATEST" })).toEqual(
      notFound("Requested resource not found: Shard does not exist"),
    );
    expect(await iterator({ ShardIteratorType: "NEWEST" })).toEqual(
      violated(
        "NEWEST",
        "shardIteratorType",
        "Member must satisfy enum value set: [TRIM_HORIZON, LATEST, AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER]",
      ),
    );
  });

  test("a sequence number that lacks, is too much, is none, or is not of this shard", async () => {
    for (const ShardIteratorType of ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"]) {
      expect((await iterator({ ShardIteratorType })).type).toBe("ValidationException");
      const bad = "x".repeat(21);
      expect(await iterator({ ShardIteratorType, SequenceNumber: bad })).toEqual(
        validation(`Invalid SequenceNumber: ${bad}`),
      );
      const short = "1".repeat(20);
      expect(await iterator({ ShardIteratorType, SequenceNumber: short })).toEqual(
        violated(short, "sequenceNumber", "Member must have length greater than or equal to 21"),
      );
      for (const foreign of ["0".repeat(21), "9".repeat(40), String(BigInt(start) - 1n)]) {
        expect(await iterator({ ShardIteratorType, SequenceNumber: foreign })).toEqual(
          validation(`Invalid SequenceNumber: ${foreign}`),
        );
      }
    }
    for (const ShardIteratorType of ["TRIM_HORIZON", "LATEST"]) {
      expect((await iterator({ ShardIteratorType, SequenceNumber: start })).type).toBe("ValidationException");
    }
  });
});

describe("GetRecords", () => {
  test("garbage, and an iterator that somebody changed", async () => {
    const refusal = validation("Invalid ShardIterator");
    const { ShardIterator } = await target.ok("DynamoDBStreams_20120810.GetShardIterator", {
      StreamArn: arn,
      ShardId: shardId,
      ShardIteratorType: "LATEST",
    });
    const good = String(ShardIterator);
    const payload = good.lastIndexOf("|") + 1;
    const flipped = Buffer.from(good.slice(payload), "base64");
    flipped[50] = (flipped[50] ?? 0) ^ 1;
    const spoilt = [
      "garbage",
      "|1|",
      `${arn}|1|`,
      good.slice(0, -8),
      good.replace("table/", "table/x"),
      good.slice(0, payload) + flipped.toString("base64"),
    ];
    for (const text of spoilt) expect(await streams("GetRecords", { ShardIterator: text })).toEqual(refusal);
    expect(await streams("GetRecords", { ShardIterator: "" })).toEqual(
      violated("", "shardIterator", "Member must have length greater than or equal to 1"),
    );
    expect(await streams("GetRecords", {})).toEqual(
      violated(null, "shardIterator", "Member must not be null"),
    );
    for (const [Limit, bound] of [
      [0, "greater than or equal to 1"],
      [1001, "less than or equal to 1000"],
    ] as const) {
      expect(await streams("GetRecords", { ShardIterator: good, Limit })).toEqual(
        violated(String(Limit), "limit", `Member must have value ${bound}`),
      );
    }
  });
});

describe("stream settings of a table", () => {
  const settings = (StreamSpecification: object) =>
    target.refusal("UpdateTable", { TableName: table, StreamSpecification });

  test("enabled while it is, or disabled while it is not", async () => {
    expect(await settings({ StreamEnabled: true, StreamViewType: "NEW_IMAGE" })).toEqual(
      validation(`Table already has an enabled stream: TableName: ${table}`),
    );
    const plain = await target.table();
    expect(
      await target.refusal("UpdateTable", {
        TableName: plain,
        StreamSpecification: { StreamEnabled: false },
      }),
    ).toEqual(validation(`Table has no stream to disable: TableName: ${plain}`));
  });

  test("half a specification, or too much of it", async () => {
    expect(await settings({ StreamEnabled: true })).toEqual(
      invalid("If stream is being enabled then UpdateViewType is required"),
    );
    expect(await settings({ StreamEnabled: false, StreamViewType: "NEW_IMAGE" })).toEqual(
      invalid("If stream is being disabled, then UpdateViewType must not be specified"),
    );
    expect(await settings({ StreamViewType: "NEW_IMAGE" })).toEqual(
      enveloped(
        "Value null at 'streamSpecification.streamEnabled' failed to satisfy constraint: Member must not be null",
      ),
    );
  });
});
