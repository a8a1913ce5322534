/** An import reads its objects no further than it has come with their lines, and gathers no more than the loader takes. */
import { expect, test } from "bun:test";
import { createLog } from "../../src/runtime/log.ts";
import { Objects } from "../../src/runtime/objects.ts";
import { ItemLoader } from "../../src/tables/item-loader.ts";
import { planCreateTable } from "../../src/tables/schema-create.ts";
import { tableOf } from "../../src/tables/table.ts";
import { ImportLoad } from "../../src/transfer/import-load.ts";
import { type ImportRecord, NO_COUNTS } from "../../src/transfer/import-record.ts";
import { decodeRow } from "../../src/values/item-codec.ts";
import { memoryVfs, openStore } from "../../storage/index.ts";

const CHUNK_BYTES = 256 << 10;
const CHUNKS = 200;

/** An object without an end of its own, read in chunks; `ahead` is how far the reader was ahead of `done` at most. */
class EndlessObjects extends Objects {
  ahead = 0;
  #read = 0;
  readonly #done: () => number;

  constructor(done: () => number) {
    super(undefined);
    this.#done = done;
  }

  override async *read(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < CHUNKS; at += 1) {
      const line = `${JSON.stringify({ Item: { pk: { S: `${at} ${"x".repeat(900)}` } } })}\n`;
      const chunk = Buffer.from(line.repeat(CHUNK_BYTES / line.length));
      this.#read += chunk.length;
      this.ahead = Math.max(this.ahead, this.#read - this.#done());
      yield chunk;
    }
  }
}

test("an import holds no more of a large object than some chunks", async () => {
  const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" }, worker: false });
  let next = 0;
  const record = planCreateTable(
    {
      TableName: "Large",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    },
    {
      now: 0,
      accountId: "000000000000",
      region: "us-east-1",
      newId: () => `00000000-0000-4000-8000-1${String(next++).padStart(11, "0")}`,
    },
  );
  const table = tableOf({ record }, 0, undefined);
  await store.createSpace(table.space);
  let counts = () => NO_COUNTS;
  const objects = new EndlessObjects(() => counts().bytes);
  const load = new ImportLoad({
    record: {
      table: record,
      source: { bucket: "bucket" },
      format: "DYNAMODB_JSON",
      compression: "NONE",
    } as ImportRecord,
    table,
    objects,
    loader: new ItemLoader(store, table),
    log: createLog({ format: "text", level: "error", now: () => 0, write: () => undefined }),
    signal: new AbortController().signal,
  });
  counts = () => load.counts;
  await load.load(["an object"]);
  expect(load.counts.bytes).toBeGreaterThan(CHUNKS * CHUNK_BYTES * 0.99);
  expect(objects.ahead).toBeLessThanOrEqual(2 * CHUNK_BYTES);
  expect(store.stats(table.space)).toMatchObject({ rows: CHUNKS });
  await store.close();
});

test("counts are exact over loads that replace each other's items", async () => {
  const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" }, worker: false });
  const record = planCreateTable(
    {
      TableName: "Counted",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "N" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    },
    { now: 0, accountId: "000000000000", region: "us-east-1", newId: () => crypto.randomUUID() },
  );
  const table = tableOf({ record }, 0, undefined);
  await store.createSpace(table.space);
  const loader = new ItemLoader(store, table);
  const sizes = new Map<number, number>();
  for (let at = 0; at < 3; at += 1) {
    for (let pk = 500 * at; pk < 500 * at + 1200; pk += 1) {
      const size = 100 + at;
      loader.add({ pk: { N: String(pk) } }, size - 1);
      loader.add({ pk: { N: String(pk) }, last: { N: String(at) } }, size);
      sizes.set(pk, size);
    }
    await loader.load();
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(store.stats(table.space)).toEqual({ rows: sizes.size, bytes });
  const row = await store.get(table.space, table.rowKeyOf({ pk: { N: "1100" } }));
  expect(row === undefined ? undefined : decodeRow(row)).toEqual({ pk: { N: "1100" }, last: { N: "2" } });
  await store.close();
});
