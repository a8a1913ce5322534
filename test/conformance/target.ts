/**
 * What the conformance tests talk to: a server of their own (in memory, one per file), or whatever `ENDPOINT` names, so that the same
 * tests judge another implementation. Tables have unique names and are deleted at the end.
 */
import { afterAll, beforeAll } from "bun:test";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Answer, call, type Json, type Refusal, refusalOf } from "../support/call.ts";
import { sdkClient, startServer } from "../support/server.ts";

export type JsonObject = { readonly [name: string]: Json };

/** A table's key as `name:type`, and further members of CreateTable. */
export interface TableOptions {
  readonly hash?: string;
  readonly range?: string;
  readonly more?: JsonObject;
}

export interface Target {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  call(operation: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The body of an answer that must be a success. */
  ok(operation: string, body: unknown): Promise<JsonObject>;
  /** The refusal in an answer. */
  refusal(operation: string, body: unknown): Promise<Refusal>;
  /** Creates a table (partition key `pk:S` by default), waits until it is active, returns its name. */
  table(options?: TableOptions): Promise<string>;
  /** A name no table has; the table is deleted at the end if the test creates it. */
  freshName(start?: string): string;
  /** Tables that the test creates under names of its own, to be deleted at the end. */
  cleanUp(names: readonly string[]): void;
}

/** Registers the hooks of a test file. The target is up when the first test runs. `flags`: of a server of our own. */
export function useTarget(flags: readonly string[] = []): Target {
  const outside = process.env["ENDPOINT"];
  let endpoint = outside ?? "";
  let client: DynamoDBClient | undefined;
  let stop = async () => {};
  const names: string[] = [];

  beforeAll(async () => {
    if (outside === undefined) {
      const server = await startServer({ data: "memory", flags });
      endpoint = server.endpoint;
      stop = () => server.stop();
    }
    client = sdkClient(endpoint);
  }, 30_000);
  afterAll(async () => {
    if (outside !== undefined)
      for (const name of names) await call(endpoint, "DeleteTable", { TableName: name });
    client?.destroy();
    await stop();
  }, 30_000);

  const target: Target = {
    get endpoint() {
      return endpoint;
    },
    get client() {
      assert(client !== undefined, "the target is used before the first test");
      return client;
    },
    call: (operation, body, headers) => call(endpoint, operation, body, headers),
    ok: async (operation, body) => objectOf(await call(endpoint, operation, body)),
    refusal: async (operation, body) => refusalOf(await call(endpoint, operation, body)),
    freshName: (start = "conformance-") => {
      const name = `${start}${randomUUID()}`;
      names.push(name);
      return name;
    },
    cleanUp: (more) => {
      names.push(...more);
    },
    table: async (options = {}) => {
      const name = target.freshName();
      await target.ok("CreateTable", createTableInput(name, options));
      await untilActive(target, name);
      return name;
    },
  };
  return target;
}

/** The body of a successful answer; fails with the whole answer otherwise. */
export function objectOf({ status, text, body }: Answer): JsonObject {
  assert.equal(status, 200, `expected success, got ${status}: ${text}`);
  assert(typeof body === "object" && body !== null && !Array.isArray(body), `not a JSON object: ${text}`);
  return body as JsonObject;
}

/** The member of an answer that must be an object. */
export function member(body: JsonObject, name: string): JsonObject {
  const value = body[name];
  assert(
    typeof value === "object" && value !== null && !Array.isArray(value),
    `${name} is not an object in ${JSON.stringify(body)}`,
  );
  return value as JsonObject;
}

const pairs = (parts: readonly string[]) => parts.map((part) => part.split(":"));

/** A KeySchema from `name:HASH`, `name:RANGE`. */
export const keySchema = (...parts: readonly string[]) =>
  pairs(parts).map(([AttributeName = "", KeyType = ""]) => ({ AttributeName, KeyType }));

/** AttributeDefinitions from `name:type`. */
export const attributeDefinitions = (...parts: readonly string[]) =>
  pairs(parts).map(([AttributeName = "", AttributeType = ""]) => ({ AttributeName, AttributeType }));

/** CreateTable's input for an on-demand table with the given key. */
export function createTableInput(
  name: string,
  { hash = "pk:S", range, more }: TableOptions = {},
): JsonObject {
  const keys = [hash, ...(range === undefined ? [] : [range])].map((key) => key.split(":"));
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: keys.map(([AttributeName = "", AttributeType = ""]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: keys.map(([AttributeName = ""], at) => ({
      AttributeName,
      KeyType: at === 0 ? "HASH" : "RANGE",
    })),
    ...more,
  };
}

/** Waits until DescribeTable says ACTIVE; returns the description. */
export async function untilActive(target: Target, name: string): Promise<JsonObject> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const table = member(await target.ok("DescribeTable", { TableName: name }), "Table");
    if (table["TableStatus"] === "ACTIVE") return table;
    assert(performance.now() < deadline, `table ${name} stays ${JSON.stringify(table["TableStatus"])}`);
    await Bun.sleep(20);
  }
}

/** Waits until DescribeTable does not find the table. */
export async function untilGone(target: Target, name: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const answer = await target.call("DescribeTable", { TableName: name });
    if (answer.status === 400) return;
    assert(performance.now() < deadline, `table ${name} stays: ${answer.text}`);
    await Bun.sleep(20);
  }
}

const refused = (type: string, message: string): Refusal => ({ status: 400, type, message });

/** The refusals that tests expect, by exception. */
export const validation = (message: string) => refused("ValidationException", message);
/** As `validation`, in the envelope that PutItem and UpdateItem put around messages about the request. */
export const enveloped = (message: string) => validation(`1 validation error detected: ${message}`);
export const invalid = (message: string) =>
  validation(`One or more parameter values were invalid: ${message}`);
export const serialization = (message: string) => refused("SerializationException", message);
export const notFound = (message = "Requested resource not found") =>
  refused("ResourceNotFoundException", message);
export const inUse = (message: string) => refused("ResourceInUseException", message);
export const conditionFailed = refused("ConditionalCheckFailedException", "The conditional request failed");

/** A violated constraint of the service's model, as one of possibly several. */
export const violation = (value: string | null, path: string, constraint: string) =>
  `Value ${value === null ? "null" : `'${value}'`} at '${path}' failed to satisfy constraint: ${constraint}`;

/** The refusal of one violated constraint. */
export const violated = (value: string | null, path: string, constraint: string) =>
  enveloped(violation(value, path, constraint));
