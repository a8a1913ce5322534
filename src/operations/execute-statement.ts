import { validation } from "../errors.ts";
import { asStatementRefusal, bindParameters, bindStatement } from "../partiql/bind.ts";
import { placeInToken, requestDigest } from "../partiql/next-token.ts";
import { parseStatement } from "../partiql/statement-parser.ts";
import { executeStatementInput } from "../protocol/inputs/partiql.ts";
import { performWrite } from "../tables/write.ts";
import { type Body, type Context, json, operation } from "./operation.ts";
import { consumedCapacity, type ReturnConsumedCapacity, unitsOfWrite } from "./results.ts";
import { executeSelect } from "./statement-read.ts";
import { prepareStatementWrite, type StatementWrite } from "./statement-write.ts";
import { tableFor } from "./table-name.ts";
import { writtenOf } from "./write-answer.ts";

interface WriteOptions {
  readonly capacity: ReturnConsumedCapacity | undefined;
  readonly itemOnConditionFailure: boolean;
}

export const executeStatement = operation({
  name: "ExecuteStatement",
  input: executeStatementInput,
  prepare(input) {
    const parameters = bindParameters(input.Parameters);
    const statement = bindStatement(parseStatement(input.Statement), parameters);
    if (statement.kind === "exists") {
      throw validation("EXISTS can only be used in ExecuteTransaction write requests.");
    }
    const request = () => requestDigest(input.Statement, input.Parameters);
    const { NextToken: token, ReturnConsumedCapacity: capacity } = input;
    const after = token === undefined ? undefined : placeInToken(token, request());
    if (statement.kind === "select") {
      const consistent = input.ConsistentRead ?? false;
      const options = { consistent, itemsMax: input.Limit, capacity, after, request };
      return (context: Context) => executeSelect(statement, options, context);
    }
    const write = prepareStatementWrite(statement, "where-clause");
    const itemOnConditionFailure = input.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
    return (context: Context) => executeWrite(write, { capacity, itemOnConditionFailure }, context);
  },
  execute: (perform, context) => perform(context),
});

async function executeWrite(write: StatementWrite, options: WriteOptions, context: Context): Promise<Body> {
  const { tableName } = write;
  const result = await performWrite(context, () => write.on(tableFor(tableName, context)));
  if (result.kind === "refused") throw asStatementRefusal(result.error);
  const written = writtenOf(result, options.itemOnConditionFailure);
  const image = write.returned(written);
  return json({
    Items: image === undefined ? [] : [image],
    ConsumedCapacity: consumedCapacity(options.capacity, tableName, unitsOfWrite(written)),
  });
}
