/** Batches around every limit, against an oracle that is written as plainly as the limits read. */
import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { doubleStore } from "../support/double-store.ts";
import { type Answer, type InProcess, inProcess } from "../support/in-process.ts";

const ITEM_BYTES_MAX = 409_600;
const RESPONSE_BYTES_MAX = 16_000_000;
const TABLES = ["First", "Second"];
const MISSING = "Missing";

let server: InProcess;
beforeAll(async () => {
  server = await inProcess(doubleStore());
  for (const TableName of TABLES) {
    const answer = await server.call("CreateTable", {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    });
    expect(answer.status).toBe(200);
  }
});

/** An item by its key and its whole size in bytes. */
interface Entry {
  readonly key: string;
  /** Undefined: a delete. */
  readonly bytes: number | undefined;
}

const keyOf = (key: string) => ({ pk: { S: key } });
/** Size of an item with the key and an empty filler. */
const bytesBesideFiller = (key: string) => "pk".length + key.length + "v".length;
const itemOf = (key: string, bytes: number) => ({
  ...keyOf(key),
  v: { S: "x".repeat(bytes - bytesBesideFiller(key)) },
});

/** What a refusal says; undefined for a success. The service's rendering of a whole request is left out. */
function refusalOf({ status, error, body }: Answer): string | undefined {
  if (status === 200) return undefined;
  return `${error}: ${String(body["message"]).replace(/Value '.*' at/s, "Value at")}`;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Counts at and around the limits, and in the middle. */
const countAround = (...limits: readonly number[]) =>
  fc.constantFrom(...limits.flatMap((limit) => [limit - 1, limit, limit + 1]), 0, 1, 2);

/** Keys of which now and then one comes twice. */
const keysOf = (count: number): fc.Arbitrary<readonly string[]> =>
  fc.tuple(fc.nat(1e6), sometimes, fc.nat(), fc.nat()).map(([start, repeats, from, to]) => {
    const keys = Array.from({ length: count }, (_, at) => `k${start + at}`);
    const repeated = keys[from % Math.max(1, count)];
    if (repeats && repeated !== undefined) keys[to % count] = repeated;
    return keys;
  });

const tableName = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...TABLES) },
  { weight: 1, arbitrary: fc.constant(MISSING) },
);

/** True one time in four. */
const sometimes = fc.nat(3).map((dice) => dice === 0);

describe("BatchWriteItem", () => {
  type Batch = Readonly<Record<string, readonly Entry[]>>;

  const bytes = fc.oneof(
    { weight: 40, arbitrary: fc.integer({ min: 20, max: 60 }) },
    { weight: 2, arbitrary: fc.constant(ITEM_BYTES_MAX) },
    { weight: 1, arbitrary: fc.constant(ITEM_BYTES_MAX + 1) },
    { weight: 10, arbitrary: fc.constant(undefined) },
  );
  const entries: fc.Arbitrary<readonly Entry[]> = countAround(12, 25).chain((count) =>
    fc
      .tuple(keysOf(count), fc.array(bytes, { minLength: count, maxLength: count }))
      .map(([keys, sizes]) => keys.map((key, at) => ({ key, bytes: sizes[at] }))),
  );
  const batch: fc.Arbitrary<Batch> = fc.dictionary(tableName, entries, { maxKeys: 3, noNullPrototype: true });

  function oracle(request: Batch): string | undefined {
    const lists = Object.values(request);
    const all = lists.flat();
    if (lists.length === 0) {
      return "ValidationException: The requestItems parameter is required for BatchWriteItem";
    }
    if (lists.some(({ length }) => length < 1 || length > 25)) {
      return (
        "ValidationException: 1 validation error detected: Value at 'requestItems' failed to satisfy constraint: " +
        "Map value must satisfy constraint: [Member must have length less than or equal to 25, " +
        "Member must have length greater than or equal to 1]"
      );
    }
    if (all.length > 25) return "ValidationException: Too many items requested for the BatchWriteItem call";
    if (all.some((entry) => (entry.bytes ?? 0) > ITEM_BYTES_MAX)) {
      return "ValidationException: Item size has exceeded the maximum allowed size";
    }
    if (MISSING in request) return "ResourceNotFoundException: Requested resource not found";
    if (lists.some((list) => new Set(list.map(({ key }) => key)).size < list.length)) {
      return "ValidationException: Provided list of item keys contains duplicates";
    }
    return undefined;
  }

  const requestOf = (request: Batch) => ({
    RequestItems: Object.fromEntries(
      Object.entries(request).map(([name, list]) => [
        name,
        list.map(({ key, bytes }) =>
          bytes === undefined
            ? { DeleteRequest: { Key: keyOf(key) } }
            : { PutRequest: { Item: itemOf(key, bytes) } },
        ),
      ]),
    ),
    ReturnConsumedCapacity: "TOTAL",
  });

  async function stored(name: string, keys: readonly string[]): Promise<ReadonlyMap<string, object>> {
    const items = await Promise.all(
      keys.map((key) => server.call("GetItem", { TableName: name, Key: keyOf(key), ConsistentRead: true })),
    );
    return new Map(
      keys.flatMap((key, at) => {
        const item = items[at]?.body["Item"];
        return item === undefined ? [] : [[key, item as object]];
      }),
    );
  }

  test("writes all of it, or is refused for the first reason and writes nothing", async () => {
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(batch, async (request) => {
        const tables = Object.entries(request).filter(([name]) => name !== MISSING);
        const keysIn = (list: readonly Entry[]) => [...new Set(list.map(({ key }) => key))];
        const before = new Map<string, ReadonlyMap<string, object>>();
        for (const [name, list] of tables) before.set(name, await stored(name, keysIn(list)));

        const answer = await server.call("BatchWriteItem", requestOf(request));
        const expected = oracle(request);
        expect(refusalOf(answer)).toBe(expected);
        for (const [name, list] of tables) {
          const after = await stored(name, keysIn(list));
          if (expected !== undefined) expect(after).toEqual(before.get(name) ?? new Map());
          else {
            const wanted = list.flatMap(({ key, bytes }) =>
              bytes === undefined ? [] : [[key, itemOf(key, bytes)] as const],
            );
            expect(after).toEqual(new Map(wanted));
          }
        }
        if (expected !== undefined) {
          refused += 1;
          return;
        }
        accepted += 1;
        expect(answer.body["UnprocessedItems"]).toEqual({});
        const old = ([name, list]: readonly [string, readonly Entry[]]) =>
          list.map(({ key, bytes = 0 }) => {
            const item = before.get(name)?.get(key) as { v: { S: string } } | undefined;
            const oldBytes = item === undefined ? 0 : bytesBesideFiller(key) + item.v.S.length;
            return Math.max(1, Math.ceil(Math.max(bytes, oldBytes) / 1024));
          });
        expect(answer.body["ConsumedCapacity"]).toEqual(
          tables
            .map((table) => ({ TableName: table[0], CapacityUnits: sum(old(table)) }))
            .sort((a, b) => (a.TableName < b.TableName ? -1 : 1)),
        );
      }),
      { numRuns: 120 },
    );
    expect(accepted).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(20);
  });
});

describe("BatchGetItem", () => {
  /** Sizes of the items that are there, by key, in each table. */
  const sizes = new Map(TABLES.map((name) => [name, new Map<string, number>()]));

  beforeAll(async () => {
    for (const [tableAt, name] of TABLES.entries()) {
      for (let at = 0; at < 50; at += 1) {
        // Some of 400 KB, so that 16 MB are reached; the others small.
        const bytes = at % 10 === 9 ? 100 : ITEM_BYTES_MAX - 1000 * at - tableAt;
        const key = `g${at}`;
        sizes.get(name)?.set(key, bytes);
        await server.call("PutItem", { TableName: name, Item: itemOf(key, bytes) });
      }
    }
  });

  type Batch = Readonly<Record<string, readonly string[]>>;

  /** Distinct keys, most of which have items, now and then one of them twice. */
  const keys: fc.Arbitrary<readonly string[]> = fc
    .tuple(fc.oneof(countAround(50, 100), fc.integer({ min: 42, max: 55 })), fc.nat(5), sometimes, fc.nat())
    .map(([count, start, repeats, at]) => {
      const list = Array.from({ length: count }, (_, index) => `g${start + index}`);
      if (repeats && count > 1) list[1 + (at % (count - 1))] = list[0] ?? "";
      return list;
    });
  const batch: fc.Arbitrary<Batch> = fc.dictionary(tableName, keys, { maxKeys: 3, noNullPrototype: true });

  function oracle(request: Batch): string | undefined {
    const lists = Object.entries(request);
    if (lists.length === 0) {
      return "ValidationException: The requestItems parameter is required for BatchGetItem";
    }
    const violations = lists.flatMap(([name, list]) => {
      const where = `Value at 'RequestItems.${name}.member.Keys' failed to satisfy constraint: `;
      if (list.length > 100) return [`${where}Member must have length less than or equal to 100`];
      return list.length < 1 ? [`${where}Member must have length greater than or equal to 1`] : [];
    });
    if (violations.length > 0) {
      const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected: `;
      return `ValidationException: ${count}${violations.join("; ")}`;
    }
    if (sum(lists.map(([, list]) => list.length)) > 100) {
      return "ValidationException: Too many items requested for the BatchGetItem call";
    }
    if (lists.some(([, list]) => new Set(list).size < list.length)) {
      return "ValidationException: Provided list of item keys contains duplicates";
    }
    return MISSING in request ? "ResourceNotFoundException: Requested resource not found" : undefined;
  }

  /** Reads in the order of the request until the next item would be too much. */
  function expectedOf(request: Batch) {
    const responses: Record<string, string[]> = {};
    const unprocessed: Record<string, string[]> = {};
    let bytes = 0;
    let full = false;
    for (const [name, list] of Object.entries(request)) {
      responses[name] = [];
      for (const key of list) {
        const size = sizes.get(name)?.get(key) ?? 0;
        full ||= bytes + size > RESPONSE_BYTES_MAX;
        if (full) unprocessed[name] = [...(unprocessed[name] ?? []), key];
        else {
          bytes += size;
          if (size > 0) responses[name].push(key);
        }
      }
    }
    return { responses, unprocessed };
  }

  test("reads up to 16 MB and gives the rest back, or is refused for the first reason", async () => {
    let cut = 0;
    let whole = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(batch, async (request) => {
        const RequestItems = Object.fromEntries(
          Object.entries(request).map(([name, list]) => [
            name,
            { Keys: list.map(keyOf), ProjectionExpression: "pk" },
          ]),
        );
        const answer = await server.call("BatchGetItem", { RequestItems });
        const refusal = oracle(request);
        expect(refusalOf(answer)).toBe(refusal);
        if (refusal !== undefined) {
          refused += 1;
          return;
        }
        const { responses, unprocessed } = expectedOf(request);
        const named = (list: readonly string[]) => list.map(keyOf);
        expect(answer.body["Responses"]).toEqual(
          Object.fromEntries(Object.entries(responses).map(([name, list]) => [name, named(list)])),
        );
        expect(answer.body["UnprocessedKeys"]).toEqual(
          Object.fromEntries(
            Object.entries(unprocessed).map(([name, list]) => [
              name,
              { Keys: named(list), ProjectionExpression: "pk" },
            ]),
          ),
        );
        if (Object.keys(unprocessed).length > 0) cut += 1;
        else whole += 1;
      }),
      { numRuns: 120 },
    );
    expect(cut).toBeGreaterThan(3);
    expect(whole).toBeGreaterThan(3);
    expect(refused).toBeGreaterThan(20);
  });
});
