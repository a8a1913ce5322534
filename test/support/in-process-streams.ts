/** Streams as a consumer without a socket sees them. */
import assert from "node:assert/strict";
import type { Answer, InProcess } from "./in-process.ts";

export interface RecordJson {
  readonly eventID: string;
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly dynamodb: {
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly NewImage?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly SequenceNumber: string;
  };
  readonly userIdentity?: { readonly PrincipalId: string; readonly Type: string };
}

export interface ShardJson {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

export interface StreamJson {
  readonly StreamStatus: string;
  readonly Shards: readonly ShardJson[];
  readonly LastEvaluatedShardId?: string;
}

export interface PageJson {
  readonly Records: readonly RecordJson[];
  readonly NextShardIterator?: string;
}

export type IteratorType = "TRIM_HORIZON" | "LATEST" | "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER";

export const sequenceNumber = ({ dynamodb }: RecordJson): string => dynamodb.SequenceNumber;
export const pkOf = ({ dynamodb }: RecordJson): string => dynamodb.Keys["pk"]?.["S"] ?? "none";

/** Calls of one server; those that must succeed assert it. */
export class StreamCaller {
  readonly #server: InProcess;

  constructor(server: InProcess) {
    this.#server = server;
  }

  /** The body of an answer that must be a success. */
  async ok(operation: string, input: object): Promise<Answer["body"]> {
    const { status, body } = await this.#server.call(operation, input);
    assert.equal(status, 200, `${operation}: ${JSON.stringify(body)}`);
    return body;
  }

  /** Creates a table with partition key `pk` and a stream; returns the stream's ARN. */
  async createTable(TableName: string, StreamViewType = "KEYS_ONLY"): Promise<string> {
    const { TableDescription } = await this.ok("CreateTable", {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType },
    });
    return (TableDescription as { LatestStreamArn: string }).LatestStreamArn;
  }

  /** Puts an item per key, one after the other, so that the stream has them in this order. */
  async put(TableName: string, ...pks: readonly string[]): Promise<void> {
    for (const pk of pks) await this.ok("PutItem", { TableName, Item: { pk: { S: pk } } });
  }

  async describe(StreamArn: string, more: object = {}): Promise<StreamJson> {
    const body = await this.ok("DynamoDBStreams_20120810.DescribeStream", { StreamArn, ...more });
    return body["StreamDescription"] as StreamJson;
  }

  async listed(): Promise<readonly string[]> {
    const { Streams } = await this.ok("DynamoDBStreams_20120810.ListStreams", {});
    return (Streams as readonly { StreamArn: string }[]).map(({ StreamArn }) => StreamArn);
  }

  async iterator(
    StreamArn: string,
    ShardId: string,
    ShardIteratorType: IteratorType,
    SequenceNumber?: string,
  ): Promise<string> {
    const { ShardIterator } = await this.ok("DynamoDBStreams_20120810.GetShardIterator", {
      StreamArn,
      ShardId,
      ShardIteratorType,
      SequenceNumber,
    });
    return String(ShardIterator);
  }

  async page(ShardIterator: string, Limit?: number): Promise<PageJson> {
    const body = await this.ok("DynamoDBStreams_20120810.GetRecords", { ShardIterator, Limit });
    return body as unknown as PageJson;
  }

  /** The exception that GetRecords answers; undefined for a success. */
  async pageError(ShardIterator: string): Promise<string | undefined> {
    return (await this.#server.call("DynamoDBStreams_20120810.GetRecords", { ShardIterator })).error;
  }

  /** Everything from an iterator on, up to the end of the shard or the first empty page. */
  async drain(
    iterator: string,
    limit?: number,
  ): Promise<{ readonly records: readonly RecordJson[]; readonly next: string | undefined }> {
    const records: RecordJson[] = [];
    for (let next: string | undefined = iterator; next !== undefined; ) {
      const { Records, NextShardIterator }: PageJson = await this.page(next, limit);
      records.push(...Records);
      next = NextShardIterator;
      if (Records.length === 0) return { records, next };
    }
    return { records, next: undefined };
  }

  /** All records of a stream, shard by shard, parents first. */
  async readAll(arn: string): Promise<readonly RecordJson[]> {
    const records: RecordJson[] = [];
    for (const { ShardId } of (await this.describe(arn)).Shards) {
      records.push(...(await this.drain(await this.iterator(arn, ShardId, "TRIM_HORIZON"))).records);
    }
    return records;
  }
}
