import { ApiError, validation } from "../errors.ts";
import { asStatementRefusal, type BoundStatement, bindParameters, bindStatement } from "../partiql/bind.ts";
import { parseStatement } from "../partiql/statement-parser.ts";
import { executeTransactionInput } from "../protocol/inputs/partiql.ts";
import type { Infer } from "../protocol/shapes.ts";
import type { ItemRow } from "../tables/read-items.ts";
import type { Table } from "../tables/table.ts";
import { performTransaction, type TransactionOutcome } from "../tables/write.ts";
import type { AttributeValue } from "../values/attribute-value.ts";
import { valueSize } from "../values/size.ts";
import { cancelledByInvalid } from "./cancellation.ts";
import { type Body, type Context, json, operation } from "./operation.ts";
import { prepareStatementGet, type StatementGet } from "./statement-get.ts";
import { prepareStatementWrite, type StatementWrite } from "./statement-write.ts";
import { tableFor } from "./table-name.ts";
import { areDistinct, TRANSACTION_BYTES_MAX, transactionTooLarge } from "./transaction-actions.ts";
import { performed } from "./transaction-outcome.ts";
import { readTogether } from "./transactional-read.ts";

type Input = Infer<typeof executeTransactionInput>;
type Perform = (context: Context) => Promise<Body>;

export const executeTransaction = operation({
  name: "ExecuteTransaction",
  input: executeTransactionInput,
  prepare(input): Perform {
    const parameters = input.TransactStatements.map((each) => bindParameters(each.Parameters));
    const statements = input.TransactStatements.map(({ Statement }, at) =>
      ofMember(at, () => bindMember(Statement, parameters[at] ?? [])),
    );
    const reads = statements.flatMap((statement) => (statement.kind === "select" ? [statement] : []));
    const writes = statements.flatMap((statement) => (statement.kind === "select" ? [] : [statement]));
    if (reads.length > 0 && writes.length > 0) {
      throw validation(
        "ExecuteTransaction API does not support both read and write operations in the same request.",
      );
    }
    if (reads.length > 0) {
      const gets = reads.map((read) => prepareStatementGet(read, "ExecuteTransaction"));
      return (context) => performReads(gets, input, context);
    }
    const prepared = writes.map((each, at) => ofMember(at, () => prepareStatementWrite(each, "key-check")));
    const payloadBytes = prepared.reduce(
      (bytes, write, at) => bytes + payloadOf(write, parameters[at] ?? []),
      0,
    );
    return (context) => performWrites(prepared, payloadBytes, input, context);
  },
  execute: (perform, context) => perform(context),
});

/** What `act` gives; a refusal says which statement it is about. */
function ofMember<T>(at: number, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw validation(`Validation failed in TransactStatements[${at}]: ${error.message}`);
  }
}

/** What a statement carries, in bytes: its item, or its parameters. */
function payloadOf({ itemBytes }: StatementWrite, parameters: readonly AttributeValue[]): number {
  return itemBytes > 0 ? itemBytes : parameters.reduce((bytes, value) => bytes + valueSize(value), 0);
}

/** A statement with its values. Throws when transactions do not have its like. */
function bindMember(text: string, parameters: readonly AttributeValue[]): BoundStatement {
  const statement = bindStatement(parseStatement(text), parameters);
  if ("returning" in statement && statement.returning !== undefined) {
    throw validation("RETURNING clause is not supported in ExecuteTransaction.");
  }
  const select = statement.kind === "exists" ? statement.select : statement;
  if (select.source.index !== undefined) {
    throw validation("Reads on indices are not supported within transactions.");
  }
  return statement;
}

function performReads(gets: readonly StatementGet[], input: Input, context: Context): Promise<Body> {
  const rows = placeMembers(gets, context, (row) => row);
  return readTogether(gets, rows, input.ReturnConsumedCapacity, context);
}

async function performWrites(
  writes: readonly StatementWrite[],
  payloadBytes: number,
  input: Input,
  context: Context,
): Promise<Body> {
  const { TransactStatements: statements, ClientRequestToken: token } = input;
  if (payloadBytes > TRANSACTION_BYTES_MAX) throw transactionTooLarge();
  const outcome = await performTransaction(
    context,
    () => placeMembers(writes, context, ({ table, rowKey }) => ({ space: table.space, key: rowKey })),
    token === undefined ? undefined : context.tokens.use("ExecuteTransaction", token, statements),
  );
  const { consumed } = performed(inStatementWords(outcome), {
    tableNames: writes.map(({ tableName }) => tableName),
    capacity: input.ReturnConsumedCapacity,
    returnsItem: (at) => statements[at]?.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
  });
  return json({ Responses: [], ConsumedCapacity: consumed });
}

/** The refusals in PartiQL's words. */
function inStatementWords(outcome: TransactionOutcome): TransactionOutcome {
  if (outcome.kind !== "cancelled") return outcome;
  const results = outcome.results.map((result) =>
    result.kind === "refused" ? { ...result, error: asStatementRefusal(result.error) } : result,
  );
  return { kind: "cancelled", results };
}

/** A statement prepared without its table. */
interface Member<T> {
  readonly tableName: string;
  /** Refuses what no item of the table could make up for. */
  readonly checkShape: (table: Table) => void;
  readonly on: (table: Table) => T;
}

/**
 * The statements on their tables. In the service's order: statements that do not name one item, tables that do not exist, statements that do
 * not fit their table, items named twice.
 */
function placeMembers<T>(
  members: readonly Member<T>[],
  context: Context,
  rowOf: (placed: T) => ItemRow,
): readonly T[] {
  for (const [at, { tableName, checkShape }] of members.entries()) {
    const table = tableIfAny(tableName, context);
    if (table !== undefined) ofMember(at, () => checkShape(table));
  }
  const placed = orCancelled(members, (member) => ({ member, table: tableFor(member.tableName, context) }));
  const all = orCancelled(placed, ({ member, table }) => member.on(table));
  if (!areDistinct(all.map(rowOf))) {
    throw validation("Transaction request cannot include multiple operations on one item");
  }
  return all;
}

function tableIfAny(tableName: string, context: Context): Table | undefined {
  try {
    return tableFor(tableName, context);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** What `act` makes of each. Its refusals, if there are any, cancel the transaction. */
function orCancelled<A, T>(all: readonly A[], act: (each: A) => T): readonly T[] {
  const results: T[] = [];
  const errors = all.map((each) => {
    try {
      results.push(act(each));
      return undefined;
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
  });
  if (results.length < all.length) throw cancelledByInvalid(errors);
  return results;
}
