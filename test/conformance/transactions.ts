/** Transactions as the conformance tests write them: tables, actions, and what comes back. */
import { beforeAll, expect } from "bun:test";
import { type Refusal, refusalOf } from "../support/call.ts";
import type { JsonObject, Target } from "./target.ts";

const string = (AttributeName: string) => ({ AttributeName, AttributeType: "S" });

/** A table with a global and a local secondary index, `gk` and `lk` being their keys. */
export const INDEXED: JsonObject = {
  AttributeDefinitions: ["pk", "sk", "gk", "lk"].map(string),
  GlobalSecondaryIndexes: [
    {
      IndexName: "global",
      KeySchema: [{ AttributeName: "gk", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: "local",
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "lk", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "ALL" },
    },
  ],
};

export const key = (pk: string) => ({ pk: { S: pk } });
/** A key of the table with indexes. */
export const indexKey = (pk: string) => ({ pk: { S: pk }, sk: { S: "s" } });
export const n = (value: number) => ({ N: String(value) });

export const NONE = { Code: "None" };
export const FAILED = { Code: "ConditionalCheckFailed", Message: "The conditional request failed" };
export const invalid = (Message: string) => ({ Code: "ValidationError", Message });

/** Tables made before the tests of a file, and transactions on them. Actions are on `table` where they do not say otherwise. */
export class Transactions {
  /** Partition key `pk`. */
  table = "";
  /** Sort key `sk`, a number. */
  other = "";
  /** Sort key `sk`, and indexes. */
  indexed = "";
  readonly #target: Target;
  #serial = 0;

  constructor(target: Target) {
    this.#target = target;
    beforeAll(async () => {
      this.table = await target.table();
      this.other = await target.table({ range: "sk:N" });
      this.indexed = await target.table({ range: "sk:S", more: INDEXED });
    });
  }

  /** A partition key that no other test uses. */
  readonly fresh = (): string => {
    this.#serial += 1;
    return `t${this.#serial}`;
  };

  readonly put = (Item: JsonObject, more: JsonObject = {}) => ({
    Put: { TableName: this.table, Item, ...more },
  });

  readonly remove = (Key: JsonObject, more: JsonObject = {}) => ({
    Delete: { TableName: this.table, Key, ...more },
  });

  readonly check = (Key: JsonObject, ConditionExpression: string, more: JsonObject = {}) => ({
    ConditionCheck: { TableName: this.table, Key, ConditionExpression, ...more },
  });

  readonly update = (Key: JsonObject, UpdateExpression: string, more: JsonObject = {}) => ({
    Update: { TableName: this.table, Key, UpdateExpression, ...more },
  });

  /** Sends a transaction that must succeed. */
  readonly transact = (TransactItems: readonly JsonObject[], more: JsonObject = {}): Promise<JsonObject> =>
    this.#target.ok("TransactWriteItems", { TransactItems, ...more });

  readonly refusal = (TransactItems: unknown, more: JsonObject = {}): Promise<Refusal> =>
    this.#target.refusal("TransactWriteItems", { TransactItems, ...more });

  readonly get = async (Key: JsonObject, TableName = this.table) =>
    (await this.#target.ok("GetItem", { TableName, Key, ConsistentRead: true }))["Item"];

  /** The reasons of a cancellation; fails when the answer is another one, or its message does not list their codes. */
  readonly reasons = async (
    TransactItems: readonly JsonObject[],
    more: JsonObject = {},
  ): Promise<readonly JsonObject[]> => {
    const answer = await this.#target.call("TransactWriteItems", { TransactItems, ...more });
    const body = answer.body as { readonly CancellationReasons?: readonly JsonObject[] };
    const all = body.CancellationReasons ?? [];
    const codes = all.map((reason) => reason["Code"]).join(", ");
    expect(refusalOf(answer)).toEqual({
      status: 400,
      type: "TransactionCanceledException",
      message: `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    });
    expect(Object.keys(body)).toContain("Message");
    return all;
  };
}
