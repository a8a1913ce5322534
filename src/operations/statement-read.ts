/** SELECT as a read of some ranges, or all, of a table or index. */
import { validation } from "../errors.ts";
import type { Condition } from "../expressions/ast.ts";
import { conditionOf } from "../expressions/condition.ts";
import type { Select } from "../partiql/bind.ts";
import { comparePartitions, keyedReads } from "../partiql/keyed-reads.ts";
import { issueToken, rangesAfter } from "../partiql/next-token.ts";
import { orderedReads } from "../partiql/order.ts";
import { type ReadPlan, readPage } from "../tables/read.ts";
import type { Table } from "../tables/table.ts";
import { segmentBounds } from "../values/key-bounds.ts";
import type { KeyCondition, KeySchema } from "../values/key-schema.ts";
import type { Body, Context } from "./operation.ts";
import { answerPage, namesLookedAt, shownAs } from "./read-answer.ts";
import { keySchemaOf, queryBounds, type ReadTarget, readTarget, spaceOf } from "./read-target.ts";
import type { ReturnConsumedCapacity } from "./results.ts";
import { needsTableItems, type Selection } from "./selection.ts";
import { rowKeyOf } from "./start-key.ts";
import { tableFor } from "./table-name.ts";

/** How a SELECT is to be performed, beside what it says itself. */
export interface SelectOptions {
  readonly consistent: boolean;
  readonly itemsMax: number | undefined;
  readonly capacity: ReturnConsumedCapacity | undefined;
  /** Key of the row after which to go on. */
  readonly after: string | undefined;
  /** What the NextToken of the answer will belong to. */
  readonly request: () => Uint8Array;
}

/** Performs one page of a SELECT. */
export async function executeSelect(select: Select, options: SelectOptions, context: Context): Promise<Body> {
  const selection = selectionOf(select);
  const { plan, page } = await readPage(context.catalog, () => planOf(select, selection, options, context));
  const { consistent, capacity, request } = options;
  const returns = { tableName: select.source.table, selection, consistent, capacity };
  return answerPage(page, plan, returns, (lastKey) => ({
    NextToken: lastKey && issueToken(request(), rowKeyOf(lastKey, plan)),
  }));
}

function selectionOf({ projection, source }: Select): Selection {
  if (projection !== undefined) return { kind: "pick", projection };
  return { kind: source.index === undefined ? "all" : "projected" };
}

function planOf(
  select: Select,
  selection: Selection,
  { consistent, itemsMax, after }: SelectOptions,
  context: Context,
): ReadPlan & ReadTarget {
  const { source, where, orderBy } = select;
  const target = statementTarget(tableFor(source.table, context), source.index, consistent);
  const { table, index } = target;
  const condition = where && conditionOf(where);
  if (condition !== undefined) table.schema.checkPaths(condition.paths());
  if (selection.kind === "pick") table.schema.checkPaths(selection.projection.paths);
  const fetches = needsTableItems(selection, index);
  const schema = keySchemaOf(target);
  const boundsOf = (key: KeyCondition) => queryBounds(key, target);
  const keyed = where && keyedReads(where, schema, boundsOf);
  const { reads, reverse } = orderedReads(orderBy, schema, keyed);
  if (where !== undefined && keyed !== undefined) refuseUnprojected(where, target, schema, boundsOf);
  const ranges = keyed === undefined ? [segmentBounds(0, 1)] : reads.map(({ bounds }) => bounds);
  const filter = keyed?.isExact === true ? undefined : condition;
  return {
    ...target,
    space: spaceOf(target),
    ranges: after === undefined ? ranges : rangesAfter(ranges, after, reverse),
    reverse,
    itemsMax,
    filter: filter?.test,
    show: shownAs(selection),
    looksAt: namesLookedAt(filter, selection),
    transient: keyed === undefined,
    fetchFrom: fetches ? table : undefined,
  };
}

/** `readTarget` in PartiQL's words. */
function statementTarget(table: Table, indexName: string | undefined, consistent: boolean): ReadTarget {
  const index = table.indexes.find((each) => each.indexName === indexName);
  if (indexName !== undefined && index === undefined) {
    throw validation("The table does not have the specified index");
  }
  if (index?.kind === "global" && consistent) {
    throw validation("Strongly consistent read is not supported on Global Secondary Indexes");
  }
  return readTarget(table, indexName, consistent);
}

/**
 * Keyed reads of an index must find there whatever else their conditions look at. Judged for each branch; the one with the smallest partition
 * key is reported.
 */
function refuseUnprojected(
  where: Condition,
  { index }: ReadTarget,
  schema: KeySchema,
  boundsOf: Parameters<typeof keyedReads>[2],
): void {
  if (index?.projected === undefined) return;
  const { projected, indexName } = index;
  const branches = where.kind === "or" ? where.conditions : [where];
  const faulty = branches.flatMap((branch) => {
    const names = [
      ...new Set(
        conditionOf(branch)
          .paths()
          .map(([name]) => String(name)),
      ),
    ];
    const missing = names.filter((name) => !projected.includes(name));
    const [read] = missing.length === 0 ? [] : (keyedReads(branch, schema, boundsOf)?.reads ?? []);
    return read === undefined ? [] : [{ read, missing }];
  });
  const [first] = faulty.sort((a, b) => comparePartitions(a.read, b.read));
  if (first === undefined) return;
  throw validation(
    "One or more parameter values were invalid: " +
      `Secondary index ${indexName} does not project one or more filter attributes: [${first.missing.join(", ")}]`,
  );
}
