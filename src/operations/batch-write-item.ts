import { validation } from "../errors.ts";
import { batchWriteItemInput } from "../protocol/inputs/batch.ts";
import type { Infer } from "../protocol/shapes.ts";
import type { Table } from "../tables/table.ts";
import { type ItemWrite, performEach } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { MetricsByTable } from "./metrics-by-table.ts";
import { type Context, json, operation } from "./operation.ts";
import { type PreparedWrite, prepareDelete, preparePut } from "./prepared-write.ts";
import { unitsOfWrite } from "./results.ts";
import { tableFor } from "./table-name.ts";

type Input = Infer<typeof batchWriteItemInput>;
type WriteRequest = Input["RequestItems"][string][number];

const WRITES_MAX = 25;

/** One request of the batch, and the write it asks for. */
interface Entry {
  readonly request: WriteRequest;
  readonly write: PreparedWrite;
}

export const batchWriteItem = operation({
  name: "BatchWriteItem",
  input: batchWriteItemInput,
  prepare(input) {
    const requests = Object.entries(input.RequestItems);
    const count = requests.reduce((sum, [, ofTable]) => sum + ofTable.length, 0);
    if (count > WRITES_MAX) throw validation("Too many items requested for the BatchWriteItem call");
    const entries = requests.flatMap(([tableName, ofTable]) =>
      ofTable.map((request): Entry => ({ request, write: prepare(tableName, request) })),
    );
    return { entries, mode: input.ReturnConsumedCapacity, metricsMode: input.ReturnItemCollectionMetrics };
  },
  async execute({ entries, mode, metricsMode }, context) {
    const results = await performEach(context, () => build(entries, context));
    const capacity = new CapacityByTable();
    const metrics = new MetricsByTable(metricsMode);
    const unprocessed = new Map<string, WriteRequest[]>();
    for (const [at, { request, write }] of entries.entries()) {
      const result = results[at];
      if (result?.kind === "refused") throw result.error;
      if (result?.kind === "written") {
        if (mode !== undefined) capacity.add(write.tableName, unitsOfWrite(result));
        metrics.add(write, result);
        continue;
      }
      // A transaction has the item in hand: this write is for the client to send again.
      const others = unprocessed.get(write.tableName) ?? [];
      unprocessed.set(write.tableName, [...others, request]);
    }
    return json({
      UnprocessedItems: Object.fromEntries(unprocessed),
      ItemCollectionMetrics: metrics.report(),
      ConsumedCapacity: capacity.report(mode),
    });
  },
});

function prepare(
  tableName: string,
  { PutRequest: put, DeleteRequest: deletion }: WriteRequest,
): PreparedWrite {
  if (put !== undefined && deletion === undefined) {
    return preparePut({ TableName: tableName, Item: put.Item }, checkBatchItem);
  }
  if (put === undefined && deletion !== undefined) {
    return prepareDelete({ TableName: tableName, Key: deletion.Key });
  }
  throw validation(
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
  );
}

const checkBatchItem = (table: Table, item: Item): void => table.schema.checkBatchItem(item);

/** All writes on their tables. Throws when any of them is not valid: then none is performed. */
function build(entries: readonly Entry[], context: Context): readonly ItemWrite[] {
  const tables = new Map(
    entries.map(({ write: { tableName } }) => [tableName, tableFor(tableName, context)]),
  );
  // A table may be named in two ways.
  const keys = new Map([...tables.values()].map((table) => [table, new Set<string>()]));
  return entries.map(({ write }) => {
    const table = tables.get(write.tableName) ?? tableFor(write.tableName, context);
    const itemWrite = write.on(table);
    const ofTable = keys.get(table);
    if (ofTable?.has(itemWrite.rowKey)) {
      throw validation("Provided list of item keys contains duplicates");
    }
    ofTable?.add(itemWrite.rowKey);
    return itemWrite;
  });
}
