import { validation } from "../errors.ts";
import { scanInput } from "../protocol/inputs/reads.ts";
import type { Infer } from "../protocol/shapes.ts";
import type { Table } from "../tables/catalog.ts";
import type { SecondaryIndex } from "../tables/indexes.ts";
import { readPage } from "../tables/read.ts";
import type { Item } from "../values/attribute-value.ts";
import { boundsAfter, isWithin, type KeyBounds, segmentBounds } from "../values/key-bounds.ts";
import { compileFilter } from "./filter.ts";
import { operation } from "./operation.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { answerPage } from "./read-answer.ts";
import { indexFor } from "./read-source.ts";
import { needsTableItems, refuseDuplicateAttributes, selectionOf } from "./selection.ts";
import { startKeyIn, startKeyOf, startRowKey } from "./start-key.ts";
import { tableFor } from "./table-name.ts";

const LEGACY = ["AttributesToGet", "ScanFilter", "ConditionalOperator"] as const;
const EXPRESSIONS = ["ProjectionExpression", "FilterExpression"] as const;

/** One of `total` equal parts of the table, by the hash of the partition key. */
interface Segment {
  readonly segment: number;
  readonly total: number;
}

export const scan = operation({
  name: "Scan",
  input: scanInput,
  prepare(input) {
    refuseMixing(input, LEGACY, EXPRESSIONS);
    refuseStrayPlaceholders(input, EXPRESSIONS, ["FilterExpression"]);
    refuseDuplicateAttributes(input.AttributesToGet);
    const startKey = startKeyIn(input.ExclusiveStartKey);
    const part = segmentOf(input);
    const placeholders = placeholdersOf(input);
    const filter = compileFilter(input, input.ScanFilter, placeholders);
    const selection = selectionOf(input, placeholders, validation);
    placeholders.rejectUnused();
    return { input, startKey, part, filter, selection, consistent: input.ConsistentRead ?? false };
  },
  async execute({ input, startKey, part, filter, selection, consistent }, context) {
    const table = tableFor(input.TableName, context);
    const index = indexFor(table, input.IndexName, consistent);
    if (filter !== undefined) table.schema.checkPaths(filter.paths());
    const fetches = needsTableItems(selection, index);
    const page = await readPage(context.catalog, {
      space: index?.spaceId ?? table.space,
      bounds: boundsOf(part, startKey, table, index),
      reverse: false,
      itemsMax: input.Limit,
      filter: filter?.test,
      fetchFrom: fetches ? table : undefined,
    });
    const last = page.lastEvaluated;
    return answerPage(page, selection, last && startKeyOf(last.item, table, index), {
      tableName: input.TableName,
      index,
      consistent,
      mode: input.ReturnConsumedCapacity,
    });
  },
});

function segmentOf({ Segment: segment, TotalSegments: total }: Infer<typeof scanInput>): Segment {
  if (segment === undefined && total === undefined) return { segment: 0, total: 1 };
  if (total === undefined) {
    throw validation(
      "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
    );
  }
  if (segment === undefined) {
    throw validation(
      "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
    );
  }
  if (segment >= total) {
    throw validation(
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: " +
        `Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
  return { segment, total };
}

/** The rows of the segment, from the start key on. */
function boundsOf(
  { segment, total }: Segment,
  startKey: Item | undefined,
  table: Table,
  index: SecondaryIndex | undefined,
): KeyBounds {
  const bounds = segmentBounds(segment, total);
  if (startKey === undefined) return bounds;
  const start = startRowKey(startKey, table, index, "Scan");
  if (isWithin(bounds, start)) return boundsAfter(bounds, start, false);
  throw validation(
    "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. " +
      `TotalSegments: ${total} Segment: ${segment}`,
  );
}
