import { validation } from "../errors.ts";
import { transactWriteItemsInput } from "../protocol/inputs/transactions.ts";
import type { Infer } from "../protocol/shapes.ts";
import { type ItemWrite, performTransaction, type TransactionOutcome } from "../tables/write.ts";
import { normalizeItem } from "../values/normalize.ts";
import { MetricsByTable } from "./metrics-by-table.ts";
import { type Body, json, operation } from "./operation.ts";
import {
  type PreparedWrite,
  prepareConditionCheck,
  prepareDelete,
  preparePut,
  prepareUpdate,
} from "./prepared-write.ts";
import type { ReturnConsumedCapacity, ReturnItemCollectionMetrics } from "./results.ts";
import { placeActions } from "./transaction-actions.ts";
import { performed } from "./transaction-outcome.ts";

type TransactWriteItem = Infer<typeof transactWriteItemsInput>["TransactItems"][number];

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
function answer(outcome: TransactionOutcome, { actions, capacity, metrics: metricsMode }: Returns): Body {
  const { written, consumed } = performed(outcome, {
    tableNames: actions.map(({ write }) => write.tableName),
    capacity,
    returnsItem: (at) => actions[at]?.returnsItem === true,
  });
  const metrics = new MetricsByTable(metricsMode);
  for (const [at, result] of written.entries()) {
    const action = actions[at];
    if (action !== undefined && !action.isCheck) metrics.add(action.write, result);
  }
  return json({ ConsumedCapacity: consumed, ItemCollectionMetrics: metrics.report() });
}
