import { requestValidation, validation } from "../errors.ts";
import type { CompiledCondition } from "../expressions/condition.ts";
import {
  bindKeyCondition,
  type KeyPredicates,
  keyConditionFor,
  keyPredicatesOf,
} from "../expressions/key-condition.ts";
import { compileLegacyCondition } from "../expressions/legacy-condition.ts";
import { compileLegacyKeyConditions } from "../expressions/legacy-key-condition.ts";
import { queryInput } from "../protocol/inputs/reads.ts";
import type { Infer } from "../protocol/shapes.ts";
import { type ReadPlan, readPage } from "../tables/read.ts";
import { attribute, type Item } from "../values/attribute-value.ts";
import { boundsAfter, isWithin, type KeyBounds } from "../values/key-bounds.ts";
import { encodePartition } from "../values/key-codec.ts";
import type { KeyCondition } from "../values/key-schema.ts";
import { compileFilter, refuseKeyFilter } from "./filter.ts";
import { type Context, operation } from "./operation.ts";
import { placeholdersOf, refuseMixing, refuseStrayPlaceholders } from "./parameters.ts";
import { answerPage, namesLookedAt, type ReadReturns, shownAs } from "./read-answer.ts";
import { keySchemaOf, queryBounds, type ReadTarget, readTarget, spaceOf } from "./read-target.ts";
import { needsTableItems, refuseDuplicateAttributes, selectionOf } from "./selection.ts";
import { startKeyIn, startRowKey, unrestartable } from "./start-key.ts";
import { tableFor } from "./table-name.ts";

const LEGACY = ["AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"] as const;
const EXPRESSIONS = ["ProjectionExpression", "FilterExpression", "KeyConditionExpression"] as const;
const WITH_VALUES = ["FilterExpression", "KeyConditionExpression"] as const;

type QueryInput = Infer<typeof queryInput>;

interface PreparedQuery {
  readonly tableName: string;
  readonly indexName: string | undefined;
  readonly predicates: KeyPredicates;
  /** From KeyConditions. */
  readonly hasLegacyKeys: boolean;
  readonly startKey: Item | undefined;
  readonly reverse: boolean;
  readonly itemsMax: number | undefined;
  readonly filter: CompiledCondition | undefined;
  readonly filterParameter: "Filter Expression" | "QueryFilter";
  readonly returns: ReadReturns;
}

export const query = operation({
  name: "Query",
  input: queryInput,
  prepare(input): PreparedQuery {
    refuseMixedQuery(input);
    refuseStrayPlaceholders(input, EXPRESSIONS, WITH_VALUES);
    const placeholders = placeholdersOf(input);
    const queryFilter = compileLegacyCondition(input.QueryFilter, input.ConditionalOperator);
    refuseDuplicateAttributes(input.AttributesToGet);
    const startKey = startKeyIn(input.ExclusiveStartKey);
    const { KeyConditionExpression: keyText, KeyConditions: legacyKeys } = input;
    if (keyText === undefined && legacyKeys === undefined) {
      throw validation(
        "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
      );
    }
    const keyCondition = keyText === undefined ? undefined : bindKeyCondition(keyText, placeholders);
    const filter = compileFilter(input.FilterExpression, placeholders) ?? queryFilter;
    const selection = selectionOf(input, placeholders, (message) =>
      requestValidation(`1 validation error detected: ${message}`),
    );
    placeholders.rejectUnused();
    const consistent = input.ConsistentRead ?? false;
    return {
      tableName: input.TableName,
      indexName: input.IndexName,
      predicates: keyCondition ? keyPredicatesOf(keyCondition) : compileLegacyKeyConditions(legacyKeys ?? {}),
      hasLegacyKeys: keyText === undefined,
      startKey,
      reverse: input.ScanIndexForward === false,
      itemsMax: input.Limit,
      filter,
      filterParameter: queryFilter === undefined ? "Filter Expression" : "QueryFilter",
      returns: { tableName: input.TableName, selection, consistent, capacity: input.ReturnConsumedCapacity },
    };
  },
  async execute(prepared, context) {
    const { plan, page } = await readPage(context.catalog, () => planOf(prepared, context));
    return answerPage(page, plan, prepared.returns);
  },
});

/** KeyConditions may stand beside a filter or projection expression; the other legacy parameters may not. */
function refuseMixedQuery(input: QueryInput): void {
  const others = LEGACY.filter((name) => name !== "KeyConditions");
  refuseMixing(input, input.KeyConditionExpression === undefined ? others : LEGACY, EXPRESSIONS);
}

function planOf(query: PreparedQuery, context: Context): ReadPlan & ReadTarget {
  const { filter, returns, reverse, startKey } = query;
  const { selection, consistent } = returns;
  const target = readTarget(tableFor(query.tableName, context), query.indexName, consistent);
  const { table, index } = target;
  const { partition, sort } = keySchemaOf(target);
  if (query.hasLegacyKeys && query.predicates.size > Math.max(2, partition.length + sort.length)) {
    throw validation("Conditions can be of length 1 or 2 only");
  }
  const condition = keyConditionFor(keySchemaOf(target), query.predicates);
  refuseKeyFilter(filter, keySchemaOf(target), query.filterParameter);
  if (filter !== undefined) table.schema.checkPaths(filter.paths());
  if (selection.kind === "pick") table.schema.checkPaths(selection.projection.paths);
  const fetches = needsTableItems(selection, index);
  const bounds = queryBounds(condition, target);
  return {
    ...target,
    space: spaceOf(target),
    ranges: [startKey === undefined ? bounds : restOf(bounds, condition, startKey, target, reverse)],
    reverse,
    itemsMax: query.itemsMax,
    filter: filter?.test,
    show: shownAs(selection),
    looksAt: namesLookedAt(filter, selection),
    transient: false,
    fetchFrom: fetches ? table : undefined,
  };
}

/** What is left of the rows of a query after a start key. Throws when the query could not have got there. */
function restOf(
  bounds: KeyBounds,
  condition: KeyCondition,
  startKey: Item,
  target: ReadTarget,
  reverse: boolean,
): KeyBounds {
  const start = startRowKey(startKey, target, "Query");
  if (isWithin(bounds, start)) return boundsAfter(bounds, start, reverse);
  const { partition, sort } = keySchemaOf(target);
  if (target.index === undefined && sort.length === 0) throw unrestartable(startKey);
  const startPartition = partition.flatMap(({ name }) => attribute(startKey, name) ?? []);
  const samePartition = start.startsWith(encodePartition(condition.partition));
  const inOwnPartition = queryBounds({ ...condition, partition: startPartition }, target);
  if (samePartition || !isWithin(inOwnPartition, start)) {
    throw validation("The provided starting key does not match the range key predicate");
  }
  const isSorted = condition.sortRange !== undefined || condition.sortEquals.length > 0;
  throw validation(
    isSorted
      ? "The query can return at most one row and cannot be restarted"
      : "The provided starting key is outside query boundaries based on provided conditions",
  );
}
