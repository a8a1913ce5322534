/** Writes to a table by the SDK, and the changes that they must make: each item's, in order, with images. */
import assert from "node:assert/strict";
import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { pkOf, type RecordJson } from "../support/in-process-streams.ts";
import { seededRandom } from "../support/seeded-random.ts";
import type { ConsumedRecord, Markers } from "./kcl.ts";

const TableName = "history";
const ITEMS = 25;
/** So many that every shard gets some. */
const MARKERS = 40;

type Item = Record<string, AttributeValue>;

/** What one record says. Images are as JSON has them. */
interface Change {
  readonly event: string;
  readonly newImage: unknown;
  readonly oldImage: unknown;
}

/** A table with a stream, and what was written to it. */
export class ChangeHistory {
  readonly streamArn: string;
  readonly #client: () => DynamoDBClient;
  readonly #random: () => number;
  readonly #items = new Map<string, Item>();
  readonly #changes = new Map<string, Change[]>();
  #writes = 0;

  private constructor(client: () => DynamoDBClient, streamArn: string, seed: number) {
    this.#client = client;
    this.streamArn = streamArn;
    this.#random = seededRandom(seed);
  }

  /** Creates the table. `client` is asked for at each write: a server that is started again has another one. */
  static async begin(client: () => DynamoDBClient, seed: number): Promise<ChangeHistory> {
    const { TableDescription } = await client().send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
        StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
      }),
    );
    const wait = { client: client(), minDelay: 1, maxDelay: 1, maxWaitTime: 20 };
    await waitUntilTableExists(wait, { TableName });
    assert(TableDescription?.LatestStreamArn !== undefined, "the table has a stream");
    return new ChangeHistory(client, TableDescription.LatestStreamArn, seed);
  }

  /** Makes this many writes, one after the other: new items, changed ones, removed ones, and some that change nothing. */
  async write(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) await this.#step();
  }

  /** The keys that `writeMarkers` will write. */
  nextMarkers(prefix: string): Markers {
    return { prefix, count: MARKERS };
  }

  /** Writes items that tell a reader that there is nothing after them: some in each shard. */
  async writeMarkers(prefix: string): Promise<Markers> {
    for (let i = 0; i < MARKERS; i += 1) await this.#put(`${prefix}${i}`, {});
    return this.nextMarkers(prefix);
  }

  /** Asserts that a reader got each change of each item once, and in order. */
  check(consumed: readonly ConsumedRecord[]): void {
    const found = Map.groupBy(consumed, ({ record }) => pkOf(record));
    for (const [pk, changes] of this.#changes) {
      const got = (found.get(pk) ?? []).map(({ record }) => changeOf(record));
      assert.deepEqual(got, changes, `the changes of ${pk} come once and in order`);
    }
    assert.deepEqual([...found.keys()].sort(), [...this.#changes.keys()].sort(), "nothing else comes");
    for (const [shard, records] of Map.groupBy(consumed, (each) => each.shard)) {
      const numbers = records.map(({ record }) => BigInt(record.dynamodb.SequenceNumber));
      assert(
        numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? number)),
        `the sequence numbers of ${shard} ascend`,
      );
    }
    const ids = new Set(consumed.map(({ record }) => record.eventID));
    assert.equal(ids.size, consumed.length, "each record has its own id");
  }

  async #step(): Promise<void> {
    const pk = this.#anyKey();
    const kind = this.#random();
    if (kind < 0.4) return await this.#put(pk, this.#attributes());
    if (kind < 0.6) return await this.#update(pk);
    if (kind < 0.8) return await this.#delete(pk);
    if (kind < 0.9) return await this.#transact(pk, this.#anyKey());
    const { pk: _, ...same } = this.#items.get(pk) ?? {};
    await this.#put(pk, same);
  }

  #anyKey(): string {
    return `item-${Math.floor(this.#random() * ITEMS)}`;
  }

  /** Some of each type. */
  #attributes(): Item {
    this.#writes += 1;
    return {
      n: { N: String(this.#writes) },
      label: { S: `write ${this.#writes} \u{1f330} "quoted"` },
      photo: { B: Uint8Array.of(0, 255, this.#writes % 256) },
      tags: { SS: ["a"] },
      deep: { M: { list: { L: [{ N: "-1.5" }, { NULL: true }, { BOOL: false }, { M: {} }] } } },
    };
  }

  async #put(pk: string, attributes: Item): Promise<void> {
    const Item = { pk: { S: pk }, ...attributes };
    await this.#client().send(new PutItemCommand({ TableName, Item }));
    this.#changed(pk, Item);
  }

  async #update(pk: string): Promise<void> {
    this.#writes += 1;
    const n = { N: String(this.#writes) };
    const input = { TableName, Key: { pk: { S: pk } }, UpdateExpression: "SET n = :n" };
    await this.#client().send(new UpdateItemCommand({ ...input, ExpressionAttributeValues: { ":n": n } }));
    this.#changed(pk, { ...(this.#items.get(pk) ?? { pk: { S: pk } }), n });
  }

  async #delete(pk: string): Promise<void> {
    await this.#client().send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk } } }));
    this.#changed(pk, undefined);
  }

  async #transact(...pks: readonly string[]): Promise<void> {
    const items = [...new Set(pks)].map((pk) => ({ pk: { S: pk }, ...this.#attributes() }));
    const TransactItems = items.map((Item) => ({ Put: { TableName, Item } }));
    await this.#client().send(new TransactWriteItemsCommand({ TransactItems }));
    for (const item of items) this.#changed(item.pk.S, item);
  }

  #changed(pk: string, item: Item | undefined): void {
    const oldImage = imageOf(this.#items.get(pk));
    const newImage = imageOf(item);
    if (item === undefined) this.#items.delete(pk);
    else this.#items.set(pk, item);
    if (Bun.deepEquals(oldImage, newImage)) return;
    const event = oldImage === undefined ? "INSERT" : newImage === undefined ? "REMOVE" : "MODIFY";
    const changes = this.#changes.get(pk) ?? [];
    this.#changes.set(pk, changes);
    changes.push({ event, newImage, oldImage });
  }
}

/** An item as JSON has it. */
const imageOf = (item: Item | undefined): unknown =>
  item === undefined
    ? undefined
    : JSON.parse(
        JSON.stringify(item, (_, value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
        ),
      );

/** The adapter writes an image that is not there as an empty one. */
const present = (image: object | undefined) =>
  image === undefined || Object.keys(image).length === 0 ? undefined : image;

const changeOf = ({ eventName, dynamodb }: RecordJson & { dynamodb: { OldImage?: object } }): Change => ({
  event: eventName,
  newImage: present(dynamodb.NewImage),
  oldImage: present(dynamodb.OldImage),
});
