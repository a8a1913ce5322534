import { validation } from "../errors.ts";
import type { CompiledCondition } from "../expressions/condition.ts";
import { compileLegacyCondition } from "../expressions/legacy-condition.ts";
import { scanInput } from "../protocol/inputs/reads.ts";
import type { Infer } from "../protocol/shapes.ts";
import { type ReadPlan, readPage } from "../tables/read.ts";
import type { Item } from "../values/attribute-value.ts";
import { boundsAfter, isWithin, type KeyBounds, segmentBounds } from "../values/key-bounds.ts";
import { compileFilter } from "./filter.ts";
import { type Context, operation } from "./operation.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { answerPage, namesLookedAt, type ReadReturns, shownAs } from "./read-answer.ts";
import { type ReadTarget, readTarget, spaceOf } from "./read-target.ts";
import { needsTableItems, refuseDuplicateAttributes, selectionOf } from "./selection.ts";
import { startKeyIn, startRowKey } from "./start-key.ts";
import { tableFor } from "./table-name.ts";

const LEGACY = ["AttributesToGet", "ScanFilter", "ConditionalOperator"] as const;
const EXPRESSIONS = ["ProjectionExpression", "FilterExpression"] as const;

type ScanInput = Infer<typeof scanInput>;

/** One of `total` equal parts of the table, by the hash of the partition key. */
interface Segment {
  readonly segment: number;
  readonly total: number;
}

const WHOLE: Segment = { segment: 0, total: 1 };

interface PreparedScan {
  readonly tableName: string;
  readonly indexName: string | undefined;
  readonly startKey: Item | undefined;
  readonly part: Segment;
  readonly itemsMax: number | undefined;
  readonly filter: CompiledCondition | undefined;
  readonly returns: ReadReturns;
}

export const scan = operation({
  name: "Scan",
  input: scanInput,
  prepare(input): PreparedScan {
    refuseMixing(input, LEGACY, EXPRESSIONS);
    refuseStrayPlaceholders(input, EXPRESSIONS, ["FilterExpression"]);
    const placeholders = placeholdersOf(input);
    refuseDuplicateAttributes(input.AttributesToGet);
    const scanFilter = compileLegacyCondition(input.ScanFilter, input.ConditionalOperator);
    const startKey = startKeyIn(input.ExclusiveStartKey);
    const part = segmentOf(input);
    const filter = compileFilter(input.FilterExpression, placeholders) ?? scanFilter;
    const selection = selectionOf(input, placeholders, validation);
    placeholders.rejectUnused();
    const { TableName: tableName, ConsistentRead: consistent = false } = input;
    return {
      tableName,
      indexName: input.IndexName,
      startKey,
      part,
      itemsMax: input.Limit,
      filter,
      returns: { tableName, selection, consistent, capacity: input.ReturnConsumedCapacity },
    };
  },
  async execute(prepared, context) {
    const { plan, page } = await readPage(context.catalog, () => planOf(prepared, context));
    return answerPage(page, plan, prepared.returns);
  },
});

function segmentOf({ Segment: segment, TotalSegments: total }: ScanInput): Segment {
  if (segment === undefined && total === undefined) return WHOLE;
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

function planOf(scan: PreparedScan, context: Context): ReadPlan & ReadTarget {
  const { filter, returns } = scan;
  const { selection, consistent } = returns;
  const target = readTarget(tableFor(scan.tableName, context), scan.indexName, consistent);
  const { table, index } = target;
  if (filter !== undefined) table.schema.checkPaths(filter.paths());
  if (selection.kind === "pick") table.schema.checkPaths(selection.projection.paths);
  const fetches = needsTableItems(selection, index);
  return {
    ...target,
    space: spaceOf(target),
    ranges: [boundsOf(scan.part, scan.startKey, target)],
    reverse: false,
    itemsMax: scan.itemsMax,
    filter: filter?.test,
    show: shownAs(selection),
    looksAt: namesLookedAt(filter, selection),
    transient: true,
    fetchFrom: fetches ? table : undefined,
  };
}

/** The rows of the segment, from the start key on. */
function boundsOf({ segment, total }: Segment, startKey: Item | undefined, target: ReadTarget): KeyBounds {
  const bounds = segmentBounds(segment, total);
  if (startKey === undefined) return bounds;
  const start = startRowKey(startKey, target, "Scan");
  if (isWithin(bounds, start)) return boundsAfter(bounds, start, false);
  throw validation(
    "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. " +
      `TotalSegments: ${total} Segment: ${segment}`,
  );
}
