import { validation } from "../errors.ts";
import type { Projection } from "../expressions/projection.ts";
import { batchGetItemInput } from "../protocol/inputs/batch.ts";
import type { Infer } from "../protocol/shapes.ts";
import { readItems } from "../tables/read-items.ts";
import type { StoredItem } from "../tables/stored-item.ts";
import type { Item, RawItem } from "../values/attribute-value.ts";
import { canonicalJson } from "../values/canonical-json.ts";
import { normalizeItem } from "../values/normalize.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { type Body, json, operation } from "./operation.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { PROJECTION, rowOf } from "./prepared-get.ts";
import { readUnits, tableUnits } from "./results.ts";
import { projectionIn, refuseDuplicateAttributes } from "./selection.ts";
import { spliceParts } from "./splice.ts";
import { tableFor } from "./table-name.ts";

type Input = Infer<typeof batchGetItemInput>;
type TableInput = Input["RequestItems"][string];

const KEYS_MAX = 100;

/** The service documents that of 100 items of 300 KB each it returns 52: so many fit into 16 million bytes. */
const RESPONSE_BYTES_MAX = 16_000_000;

/** What is wanted of one table. */
interface TableGets {
  readonly tableName: string;
  readonly input: TableInput;
  readonly keys: readonly Item[];
  readonly projection: Projection | undefined;
  readonly consistent: boolean;
}

/** What was read of one table: items by key, as far as the reading came. */
interface TableItems extends TableGets {
  readonly items: readonly (StoredItem | undefined)[];
}

export const batchGetItem = operation({
  name: "BatchGetItem",
  input: batchGetItemInput,
  prepare(input) {
    const blocks = Object.entries(input.RequestItems);
    const keys = blocks.reduce((count, [, block]) => count + block.Keys.length, 0);
    if (keys > KEYS_MAX) throw validation("Too many items requested for the BatchGetItem call");
    refuseMixing(parametersOfAll(blocks), ["AttributesToGet"], PROJECTION);
    return {
      gets: blocks.map(([tableName, block]) => prepareTable(tableName, block)),
      mode: input.ReturnConsumedCapacity,
    };
  },
  async execute({ gets, mode }, context) {
    const tables = gets.map(({ tableName }) => tableFor(tableName, context));
    const rows = gets.flatMap(({ keys, projection }, at) => {
      const table = tables[at];
      return table === undefined ? [] : keys.map((key) => rowOf(table, key, projection));
    });
    const items = await readItems(context.catalog, rows, RESPONSE_BYTES_MAX);
    let from = 0;
    const read = gets.map((get): TableItems => {
      const to = from + get.keys.length;
      const own = { ...get, items: items.slice(from, to) };
      from = to;
      return own;
    });
    const capacity = new CapacityByTable();
    for (const each of read) addUnits(capacity, each);
    return answer(read, capacity.report(mode));
  },
});

/** A projection expression for one table does not go with AttributesToGet for another. */
function parametersOfAll(blocks: readonly (readonly [string, TableInput])[]) {
  return Object.assign({}, ...blocks.map(([, block]) => block)) as Readonly<Record<string, unknown>>;
}

function prepareTable(tableName: string, input: TableInput): TableGets {
  refuseStrayPlaceholders(input, PROJECTION, []);
  const keys = input.Keys.map((key) => normalizeItem(key).item);
  refuseDuplicateKeys(input.Keys);
  refuseDuplicateAttributes(input.AttributesToGet);
  const placeholders = placeholdersOf(input);
  const projection = projectionIn(input, placeholders);
  placeholders.rejectUnused();
  return { tableName, input, keys, projection, consistent: input.ConsistentRead ?? false };
}

/** Keys are compared as they are written: 1000 and 1e3 are the same key, but nothing that the service would object to. */
function refuseDuplicateKeys(keys: readonly RawItem[]): void {
  const texts = new Set(keys.map(canonicalJson));
  if (texts.size < keys.length) throw validation("Provided list of item keys contains duplicates");
}

/** Each item read is rounded for itself; what was left unread costs nothing. */
function addUnits(capacity: CapacityByTable, { tableName, items, consistent }: TableItems): void {
  let units = 0;
  for (const item of items) units += readUnits(item?.size ?? 0, consistent);
  if (items.length > 0) capacity.add(tableName, tableUnits(units));
}

/** The answer: stored items are spliced into it, undecoded where they are wanted whole. */
function answer(read: readonly TableItems[], consumed: readonly object[] | undefined): Body {
  const parts: (string | Uint8Array)[] = ['{"Responses":'];
  let tableSeparator = "{";
  for (const { tableName, items, projection } of read) {
    parts.push(`${tableSeparator}${JSON.stringify(tableName)}:[`);
    tableSeparator = "],";
    let separator = "";
    for (const item of items) {
      if (item === undefined) continue;
      if (separator !== "") parts.push(separator);
      separator = ",";
      parts.push(projection === undefined ? item.json : json(projection.pick(item.item)));
    }
  }
  const rest = json({ UnprocessedKeys: unprocessed(read), ConsumedCapacity: consumed });
  parts.push(`]},${rest.slice(1)}`);
  return spliceParts(parts);
}

/** The keys that were not read, in the form of a request for them. */
function unprocessed(read: readonly TableItems[]): object {
  const left = read.filter(({ keys, items }) => items.length < keys.length);
  return Object.fromEntries(
    left.map(({ tableName, input, items }) => [
      tableName,
      { ...input, Keys: input.Keys.slice(items.length) },
    ]),
  );
}
