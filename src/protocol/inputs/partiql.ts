/** Inputs of the PartiQL operations. */
import {
  clientRequestToken,
  returnConsumedCapacity,
  returnValuesOnConditionCheckFailure,
} from "../members.ts";
import { attributeValue, boolean, integer, list, required, string, structure } from "../shapes.ts";

const statement = string({ min: 1, max: 8192 });
const parameters = list(attributeValue(), { min: 1 });

export const executeStatementInput = structure("ExecuteStatementInput", {
  Statement: required(statement),
  Parameters: parameters,
  ConsistentRead: boolean(),
  NextToken: string({ min: 1, max: 32_768 }),
  ReturnConsumedCapacity: returnConsumedCapacity,
  Limit: integer({ min: 1 }),
  ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
});

export const batchExecuteStatementInput = structure("BatchExecuteStatementInput", {
  Statements: required(
    list(
      structure("BatchStatementRequest", {
        Statement: required(statement),
        Parameters: parameters,
        ConsistentRead: boolean(),
        ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
      }),
      { min: 1, max: 25 },
    ),
  ),
  ReturnConsumedCapacity: returnConsumedCapacity,
});

export const executeTransactionInput = structure("ExecuteTransactionInput", {
  TransactStatements: required(
    list(
      structure("ParameterizedStatement", {
        Statement: required(statement),
        Parameters: parameters,
        ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
      }),
      { min: 1, max: 100 },
    ),
  ),
  ClientRequestToken: clientRequestToken,
  ReturnConsumedCapacity: returnConsumedCapacity,
});
