/** Reading streams with the SDK's own client, as a consumer does. */
import assert from "node:assert/strict";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type Shard,
  type ShardIteratorType,
  type StreamDescription,
  type _Record as StreamRecord,
} from "@aws-sdk/client-dynamodb-streams";

export type { Shard, StreamDescription, StreamRecord };

/** An SDK client of the streams service for `endpoint`, with dummy credentials and no retries. */
export function streamsClient(endpoint: string): DynamoDBStreamsClient {
  return new DynamoDBStreamsClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
}

/** A stream with all of its shards, by pages of `limit`. */
export async function describeStream(
  client: DynamoDBStreamsClient,
  StreamArn: string,
  Limit?: number,
): Promise<StreamDescription & { readonly Shards: Shard[] }> {
  const shards: Shard[] = [];
  for (let ExclusiveStartShardId: string | undefined; ; ) {
    const { StreamDescription } = await client.send(
      new DescribeStreamCommand({ StreamArn, Limit, ExclusiveStartShardId }),
    );
    assert(StreamDescription !== undefined, "DescribeStream answers a description");
    shards.push(...(StreamDescription.Shards ?? []));
    ExclusiveStartShardId = StreamDescription.LastEvaluatedShardId;
    if (ExclusiveStartShardId === undefined) return { ...StreamDescription, Shards: shards };
  }
}

/** An iterator at a place of a shard. */
export async function iteratorAt(
  client: DynamoDBStreamsClient,
  StreamArn: string,
  ShardId: string | undefined,
  ShardIteratorType: ShardIteratorType,
  SequenceNumber?: string,
): Promise<string> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType, SequenceNumber }),
  );
  assert(ShardIterator !== undefined, "GetShardIterator answers an iterator");
  return ShardIterator;
}

/** What is there from an iterator on: up to the end of the shard, or up to the first empty page of an open one. */
export async function readFrom(
  client: DynamoDBStreamsClient,
  iterator: string,
  Limit?: number,
): Promise<{ readonly records: StreamRecord[]; readonly next: string | undefined }> {
  const records: StreamRecord[] = [];
  for (let next: string | undefined = iterator; next !== undefined; ) {
    const page: GetRecordsCommandOutput = await client.send(
      new GetRecordsCommand({ ShardIterator: next, Limit }),
    );
    assert(page.Records !== undefined, "Records is never absent");
    records.push(...page.Records);
    next = page.NextShardIterator;
    if (page.Records.length === 0) return { records, next };
  }
  return { records, next: undefined };
}

/** All records that a stream has, shard by shard, parents first. */
export async function readStream(client: DynamoDBStreamsClient, arn: string): Promise<StreamRecord[]> {
  const { Shards } = await describeStream(client, arn);
  const records: StreamRecord[] = [];
  for (const { ShardId } of Shards) {
    const iterator = await iteratorAt(client, arn, ShardId, "TRIM_HORIZON");
    records.push(...(await readFrom(client, iterator)).records);
  }
  return records;
}
