import type { ReadPage } from "../tables/read.ts";
import type { Item } from "../values/attribute-value.ts";
import type { Body } from "./operation.ts";
import { json } from "./operation.ts";
import { consumedCapacity, type ReturnConsumedCapacity, readUnits, type Units } from "./results.ts";
import type { Selection } from "./selection.ts";
import { spliceItems } from "./splice.ts";

/** The source of a read, as its capacity is accounted: the table, or an index of it. */
export interface ReadSource {
  readonly tableName: string;
  readonly index: { readonly indexName: string; readonly kind: "global" | "local" } | undefined;
  readonly consistent: boolean;
  readonly mode: ReturnConsumedCapacity | undefined;
}

/** The answer of Query and Scan to a page: stored items spliced, or picked apart where a projection asks for it. */
export function answerPage(
  page: ReadPage,
  selection: Selection,
  lastEvaluatedKey: Item | undefined,
  source: ReadSource,
): Body {
  const tail = json({
    Count: page.items.length,
    ScannedCount: page.scannedCount,
    LastEvaluatedKey: lastEvaluatedKey,
    ConsumedCapacity: consumedCapacity(source.mode, source.tableName, unitsOfPage(page, source)),
  });
  if (selection.kind === "count") return tail;
  const rest = `],${tail.slice(1)}`;
  if (selection.kind !== "pick") return spliceItems('{"Items":[', page.items, rest);
  const { projection } = selection;
  const items = page.items.map((stored) => json(projection.pick(stored.item)));
  return `{"Items":[${items.join(",")}${rest}`;
}

function unitsOfPage(page: ReadPage, { index, consistent }: ReadSource): Units {
  const units = readUnits(page.scannedBytes, consistent);
  if (index === undefined) return { table: units, global: new Map(), local: new Map() };
  const onIndex = new Map([[index.indexName, units]]);
  let table = 0;
  for (const size of page.fetchedSizes) table += readUnits(size, consistent);
  return index.kind === "global"
    ? { table, global: onIndex, local: new Map() }
    : { table, global: new Map(), local: onIndex };
}
