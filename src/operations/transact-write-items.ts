import { idempotentParameterMismatch, transactionInProgress, validation } from "../errors.ts";
import { transactWriteItemsInput } from "../protocol/inputs/transactions.ts";
import type { Infer } from "../protocol/shapes.ts";
import {
  type ItemWrite,
  performTransaction,
  type TransactionOutcome,
  type Written,
} from "../tables/write.ts";
import { normalizeItem } from "../values/normalize.ts";
import { cancelledBy } from "./cancellation.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { MetricsByTable } from "./metrics-by-table.ts";
import { type Body, json, operation } from "./operation.ts";
import {
  type PreparedWrite,
  prepareConditionCheck,
  prepareDelete,
  preparePut,
  prepareUpdate,
} from "./prepared-write.ts";
import {
  type ReturnConsumedCapacity,
  type ReturnItemCollectionMetrics,
  readUnits,
  tableUnits,
  unitsOfWrite,
} from "./results.ts";
import { placeActions } from "./transaction-actions.ts";

type TransactWriteItem = Infer<typeof transactWriteItemsInput>["TransactItems"][number];

/** Items cost twice as much in transactions. */
export const TRANSACTIONAL_FACTOR = 2;

/** One action of the transaction. */
interface Action {
  readonly write: PreparedWrite;
  /** What the request carries for it: the item or key, and the values of its expressions. */
  readonly payloadBytes: number;
  /** Whether the item that failed its condition is wanted. */
  readonly returnsItem: boolean;
  /** A ConditionCheck changes nothing. */
  readonly isCheck: boolean;
}

/** What is to be told of the transaction. */
interface Returns {
  readonly actions: readonly Action[];
  readonly capacity: ReturnConsumedCapacity | undefined;
  readonly metrics: ReturnItemCollectionMetrics | undefined;
}

export const transactWriteItems = operation({
  name: "TransactWriteItems",
  input: transactWriteItemsInput,
  prepare(input) {
    for (const item of input.TransactItems) requireOneAction(item);
    const returns: Returns = {
      actions: input.TransactItems.map(prepareAction),
      capacity: input.ReturnConsumedCapacity,
      metrics: input.ReturnItemCollectionMetrics,
    };
    return { returns, parameters: input.TransactItems, token: input.ClientRequestToken };
  },
  async execute({ returns, parameters, token }, context) {
    const writes = returns.actions.map(({ write }) => write);
    const rules = {
      rowOf: ({ table, rowKey }: ItemWrite) => ({ space: table.space, key: rowKey }),
      payloadBytes: returns.actions.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
      emptyKeyRefusesRequest: true,
    };
    const outcome = await performTransaction(
      context,
      () => placeActions(writes, context, rules),
      token === undefined ? undefined : context.tokens.use("TransactWriteItems", token, parameters),
    );
    return answer(outcome, returns);
  },
});

function requireOneAction(item: TransactWriteItem): void {
  const actions = [item.ConditionCheck, item.Put, item.Delete, item.Update].filter(
    (action) => action !== undefined,
  ).length;
  if (actions > 1) {
    throw validation("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  if (actions === 0) {
    throw validation("Invalid Request: TransactWriteRequest should contain Delete or Put or Update request");
  }
}

function prepareAction({ ConditionCheck, Put, Delete, Update }: TransactWriteItem): Action {
  if (Put !== undefined) return action(Put, preparePut(Put));
  if (Update !== undefined) return action(Update, prepareUpdate(Update, "item-only"));
  if (Delete !== undefined) return action(Delete, prepareDelete(Delete));
  if (ConditionCheck !== undefined)
    return action(ConditionCheck, prepareConditionCheck(ConditionCheck), true);
  throw new Error("an item of a transaction was found to have an action");
}

type ActionInput = Omit<NonNullable<TransactWriteItem["Put"]>, "Item">;

function action(input: ActionInput, write: PreparedWrite, isCheck = false): Action {
  const { ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: onFailure } = input;
  const valuesBytes = values === undefined ? 0 : normalizeItem(values).size;
  return {
    write,
    payloadBytes: write.attributesSize + valuesBytes,
    returnsItem: onFailure === "ALL_OLD",
    isCheck,
  };
}

/** The answer to what became of the transaction. Throws when it was not performed, now or earlier. */
function answer(outcome: TransactionOutcome, returns: Returns): Body {
  const { actions } = returns;
  switch (outcome.kind) {
    case "written":
      return written(outcome.results, returns);
    case "replayed":
      return replayed(outcome.sizes, returns);
    case "cancelled":
      for (const result of outcome.results) {
        if (result.kind === "refused" && result.error.ofRequest) throw result.error;
      }
      throw cancelledBy(outcome.results, (at) => actions[at]?.returnsItem === true);
    case "mismatched":
      throw idempotentParameterMismatch();
    case "in-progress":
      throw transactionInProgress();
  }
}

function written(
  results: readonly Written[],
  { actions, capacity: mode, metrics: metricsMode }: Returns,
): Body {
  const capacity = new CapacityByTable();
  const metrics = new MetricsByTable(metricsMode);
  for (const [at, result] of results.entries()) {
    const action = actions[at];
    if (action === undefined) continue;
    if (mode !== undefined) {
      capacity.add(action.write.tableName, unitsOfWrite(result), TRANSACTIONAL_FACTOR);
    }
    if (!action.isCheck) metrics.add(action.write, result);
  }
  return json({
    ConsumedCapacity: capacity.report(mode, "WriteCapacityUnits"),
    ItemCollectionMetrics: metrics.report(),
  });
}

/** A transaction that was performed earlier costs as much as reading its items. It changed no item collection this time. */
function replayed(sizes: readonly number[], { actions, capacity: mode }: Returns): Body {
  const capacity = new CapacityByTable();
  for (const [at, { write }] of actions.entries()) {
    capacity.add(write.tableName, tableUnits(readUnits(sizes[at] ?? 0, true)), TRANSACTIONAL_FACTOR);
  }
  return json({ ConsumedCapacity: capacity.report(mode, "ReadCapacityUnits") });
}
