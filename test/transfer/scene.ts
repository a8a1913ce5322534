import { createLog } from "../../src/runtime/log.ts";
import type { Objects } from "../../src/runtime/objects.ts";
import { ItemLoader } from "../../src/tables/item-loader.ts";
import { planCreateTable } from "../../src/tables/schema-create.ts";
import { type Table, tableOf } from "../../src/tables/table.ts";
import { ImportLoad } from "../../src/transfer/import-load.ts";
import { type ImportRecord, NO_COUNTS } from "../../src/transfer/import-record.ts";
import { memoryVfs, openStore, type Store } from "../../storage/index.ts";

/** A store with an empty table of the key `pk`. */
export interface Scene {
  readonly store: Store;
  readonly table: Table;
  readonly loader: ItemLoader;
}

export async function scene(keyType: "S" | "N" = "S"): Promise<Scene> {
  const store = await openStore({ vfs: memoryVfs(), durability: { mode: "off" }, worker: false });
  const record = planCreateTable(
    {
      TableName: "Imported",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: keyType }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    },
    { now: 0, accountId: "000000000000", region: "us-east-1", newId: () => crypto.randomUUID() },
  );
  const table = tableOf({ record }, 0, undefined);
  await store.createSpace(table.space);
  return { store, table, loader: new ItemLoader(store, table) };
}

/** An import of some objects into the table. */
export function loadOf(
  { table, loader }: Scene,
  objects: Objects,
  options: Partial<Pick<ImportRecord, "format" | "compression">> = {},
): ImportLoad {
  const record: ImportRecord = {
    id: "00000000000000-00000000",
    status: "IN_PROGRESS",
    startMs: 0,
    clientToken: "token",
    digest: new Uint8Array(32),
    table: table.record,
    parameters: {},
    source: { bucket: "bucket" },
    format: "DYNAMODB_JSON",
    csv: {},
    compression: "NONE",
    counts: NO_COUNTS,
    ...options,
  };
  return new ImportLoad({
    record,
    table,
    objects,
    loader,
    log: createLog({ format: "text", level: "error", now: () => 0, write: () => undefined }),
    signal: new AbortController().signal,
  });
}
