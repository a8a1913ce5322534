import { requestValidation, validation } from "../errors.ts";
import { compileKeyCondition, type KeyPredicates, keyConditionFor } from "../expressions/key-condition.ts";
import { compileLegacyKeyConditions } from "../expressions/legacy-key-condition.ts";
import type { Placeholders } from "../expressions/placeholders.ts";
import { queryInput } from "../protocol/inputs/reads.ts";
import type { Infer } from "../protocol/shapes.ts";
import type { Table } from "../tables/catalog.ts";
import type { SecondaryIndex } from "../tables/indexes.ts";
import { readPage } from "../tables/read.ts";
import { attribute, type Item, typeOf } from "../values/attribute-value.ts";
import {
  boundsAfter,
  indexQueryBounds,
  isWithin,
  type KeyBounds,
  tableQueryBounds,
} from "../values/key-bounds.ts";
import { encodePartition } from "../values/key-codec.ts";
import type { KeyCondition } from "../values/key-schema.ts";
import { compileFilter, refuseKeyFilter } from "./filter.ts";
import { operation } from "./operation.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { answerPage } from "./read-answer.ts";
import { indexFor } from "./read-source.ts";
import { needsTableItems, refuseDuplicateAttributes, selectionOf } from "./selection.ts";
import { startKeyIn, startKeyOf, startRowKey } from "./start-key.ts";
import { tableFor } from "./table-name.ts";

const LEGACY = ["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"] as const;
const EXPRESSIONS = ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"] as const;
const WITH_VALUES = ["FilterExpression", "KeyConditionExpression"] as const;

type QueryInput = Infer<typeof queryInput>;

export const query = operation({
  name: "Query",
  input: queryInput,
  prepare(input) {
    refuseMixedQuery(input);
    refuseStrayPlaceholders(input, EXPRESSIONS, WITH_VALUES);
    refuseDuplicateAttributes(input.AttributesToGet);
    const startKey = startKeyIn(input.ExclusiveStartKey);
    const placeholders = placeholdersOf(input);
    const predicates = keyPredicates(input, placeholders);
    const filter = compileFilter(input, input.QueryFilter, placeholders);
    const selection = selectionOf(input, placeholders, (message) =>
      requestValidation(`1 validation error detected: ${message}`),
    );
    placeholders.rejectUnused();
    return { input, startKey, predicates, filter, selection, consistent: input.ConsistentRead ?? false };
  },
  async execute({ input, startKey, predicates, filter, selection, consistent }, context) {
    const table = tableFor(input.TableName, context);
    const index = indexFor(table, input.IndexName, consistent);
    const schema = index?.keySchema ?? table.schema.keySchema;
    const condition = keyConditionFor(schema, predicates);
    refuseKeyFilter(filter, schema, input.FilterExpression === undefined);
    if (filter !== undefined) table.schema.checkPaths(filter.paths());
    const fetches = needsTableItems(selection, index);
    const reverse = input.ScanIndexForward === false;
    const page = await readPage(context.catalog, {
      space: index?.spaceId ?? table.space,
      bounds: boundsOf(condition, startKey, table, index, reverse),
      reverse,
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

/** KeyConditions may stand beside a filter or projection expression; the other legacy parameters may not. */
function refuseMixedQuery(input: QueryInput): void {
  const others = LEGACY.filter((name) => name !== "KeyConditions");
  refuseMixing(input, input.KeyConditionExpression === undefined ? others : LEGACY, EXPRESSIONS);
}

function keyPredicates(input: QueryInput, placeholders: Placeholders): KeyPredicates {
  if (input.KeyConditionExpression !== undefined) {
    return compileKeyCondition(input.KeyConditionExpression, placeholders);
  }
  if (input.KeyConditions !== undefined) return compileLegacyKeyConditions(input.KeyConditions);
  throw validation(
    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
  );
}

/** The rows to read: what the condition selects, from the start key on. */
function boundsOf(
  condition: KeyCondition,
  startKey: Item | undefined,
  table: Table,
  index: SecondaryIndex | undefined,
  reverse: boolean,
): KeyBounds {
  const bounds = index === undefined ? tableQueryBounds(condition) : indexQueryBounds(condition);
  if (startKey === undefined) return bounds;
  const start = startRowKey(startKey, table, index, "Query");
  if (isWithin(bounds, start)) return boundsAfter(bounds, start, reverse);
  const samePartition = start.startsWith(encodePartition(condition.partition));
  const sorted = condition.sortRange !== undefined || condition.sortEquals.length > 0;
  if (samePartition) throw validation("The provided starting key does not match the range key predicate");
  if (index === undefined && table.schema.keySchema.sort.length === 0) throw unrestartable(startKey);
  throw validation(
    sorted
      ? "The query can return at most one row and cannot be restarted"
      : "The provided starting key is outside query boundaries based on provided conditions",
  );
}

/** A table without sort key has one item per partition: a start key of another one continues nothing. */
function unrestartable(startKey: Item) {
  const rendered = Object.keys(startKey).map((name) => {
    const value = attribute(startKey, name);
    if (value === undefined) return name;
    const [text] = Object.values(value);
    return `${name}=AttributeValue: {${typeOf(value)}:${String(text)}}`;
  });
  return validation(
    `The provided exclusive start key is invalid: ExclusiveStartKey: {${rendered.join(", ")}}`,
  );
}
