import type { CompiledCondition } from "../expressions/condition.ts";
import type { ReadPage } from "../tables/read.ts";
import type { Item } from "../values/attribute-value.ts";
import { decodeRow } from "../values/item-codec.ts";
import type { Body } from "./operation.ts";
import { json } from "./operation.ts";
import type { ReadTarget } from "./read-target.ts";
import { consumedCapacity, type ReturnConsumedCapacity, readUnits, type Units } from "./results.ts";
import type { Selection } from "./selection.ts";
import { spliceRows } from "./splice.ts";
import { startKeyOf } from "./start-key.ts";

/** What Query, Scan and SELECT are asked to tell. */
export interface ReadReturns {
  /** As the client wrote it. */
  readonly tableName: string;
  readonly selection: Selection;
  readonly consistent: boolean;
  readonly capacity: ReturnConsumedCapacity | undefined;
}

/** How a plan shows items: as they are stored, or only the parts that are asked for, as JSON. */
export function shownAs(selection: Selection): "rows" | "nothing" | ((item: Item) => string) {
  if (selection.kind === "count") return "nothing";
  if (selection.kind !== "pick") return "rows";
  const { projection } = selection;
  return (item) => json(projection.pick(item));
}

/** The names of the attributes that are looked at to filter items and to show them as `shownAs` says. */
export function namesLookedAt(filter: CompiledCondition | undefined, selection: Selection): Set<string> {
  const paths = filter === undefined ? [] : [...filter.paths()];
  if (selection.kind === "pick") paths.push(...selection.projection.paths);
  return new Set(paths.map(([name]) => String(name)));
}

/** Members of an answer beside Items, LastEvaluatedKey and ConsumedCapacity, given the LastEvaluatedKey. */
type FurtherMembers = (lastKey: Item | undefined, page: ReadPage) => object;

const counts: FurtherMembers = (_, { count, scannedCount }) => ({ Count: count, ScannedCount: scannedCount });

/** The answer to a page, which is given back. By default with the members of Query's and Scan's answers. */
export function answerPage(
  page: ReadPage,
  target: ReadTarget,
  returns: ReadReturns,
  furtherMembers: FurtherMembers = counts,
): Body {
  const body = bodyOf(page, target, returns, furtherMembers);
  page.release();
  return body;
}

function bodyOf(
  page: ReadPage,
  target: ReadTarget,
  returns: ReadReturns,
  furtherMembers: FurtherMembers,
): Body {
  const { lastEvaluated } = page;
  const lastKey = lastEvaluated && startKeyOf(decodeRow(lastEvaluated), target);
  const tail = json({
    ...furtherMembers(lastKey, page),
    LastEvaluatedKey: lastKey,
    ConsumedCapacity: consumedCapacity(
      returns.capacity,
      returns.tableName,
      unitsOfPage(page, target, returns.consistent),
    ),
  });
  const { kind } = returns.selection;
  if (kind === "count") return tail;
  const rest = tail === "{}" ? "]}" : `],${tail.slice(1)}`;
  return kind === "pick"
    ? `{"Items":[${page.texts.join(",")}${rest}`
    : spliceRows('{"Items":[', page.rows, rest);
}

const NO_UNITS: ReadonlyMap<string, number> = new Map();

/** What was evaluated counts as one, where it was read; each item fetched from the table counts there, rounded by itself. */
function unitsOfPage(page: ReadPage, { index }: ReadTarget, consistent: boolean): Units {
  const units = readUnits(page.scannedBytes, consistent);
  if (index === undefined) return { table: units, global: NO_UNITS, local: NO_UNITS };
  const onIndex = new Map([[index.indexName, units]]);
  if (index.kind === "global") return { table: 0, global: onIndex, local: NO_UNITS };
  let table = 0;
  for (const size of page.fetchedSizes) table += readUnits(size, consistent);
  return { table, global: NO_UNITS, local: onIndex };
}
