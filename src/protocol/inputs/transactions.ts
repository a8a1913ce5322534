/** Inputs of TransactGetItems and TransactWriteItems. */
import {
  attributes,
  clientRequestToken,
  dataTableName,
  expressionAttributeNames,
  expressionAttributeValues,
  returnConsumedCapacity,
  returnItemCollectionMetrics,
  returnValuesOnConditionCheckFailure,
} from "../members.ts";
import { list, required, string, structure } from "../shapes.ts";

export const transactGetItemsInput = structure("TransactGetItemsInput", {
  TransactItems: required(
    list(
      structure("TransactGetItem", {
        Get: required(
          structure("Get", {
            Key: required(attributes),
            TableName: required(dataTableName),
            ProjectionExpression: string(),
            ExpressionAttributeNames: expressionAttributeNames,
          }),
        ),
      }),
      { min: 1, max: 100 },
    ),
  ),
  ReturnConsumedCapacity: returnConsumedCapacity,
});

const conditionMembers = {
  ExpressionAttributeNames: expressionAttributeNames,
  ExpressionAttributeValues: expressionAttributeValues,
  ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
} as const;

const transactWriteItem = structure("TransactWriteItem", {
  ConditionCheck: structure("ConditionCheck", {
    Key: required(attributes),
    TableName: required(dataTableName),
    ConditionExpression: required(string()),
    ...conditionMembers,
  }),
  Put: structure("Put", {
    Item: required(attributes),
    TableName: required(dataTableName),
    ConditionExpression: string(),
    ...conditionMembers,
  }),
  Delete: structure("Delete", {
    Key: required(attributes),
    TableName: required(dataTableName),
    ConditionExpression: string(),
    ...conditionMembers,
  }),
  Update: structure("Update", {
    Key: required(attributes),
    UpdateExpression: required(string()),
    TableName: required(dataTableName),
    ConditionExpression: string(),
    ...conditionMembers,
  }),
});

export const transactWriteItemsInput = structure("TransactWriteItemsInput", {
  TransactItems: required(list(transactWriteItem, { min: 1, max: 100 })),
  ReturnConsumedCapacity: returnConsumedCapacity,
  ReturnItemCollectionMetrics: returnItemCollectionMetrics,
  ClientRequestToken: clientRequestToken,
});
