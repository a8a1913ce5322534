/** Inputs of the operations on one item. */
import {
  attributes,
  attributesToGet,
  comparisonOperator,
  conditionalOperator,
  dataTableName,
  expressionAttributeNames,
  expressionAttributeValues,
  returnConsumedCapacity,
  returnItemCollectionMetrics,
  returnValues,
  returnValuesOnConditionCheckFailure,
} from "../members.ts";
import { attributeValue, boolean, list, map, oneOf, required, string, structure } from "../shapes.ts";

/** A bad table name is reported before anything else in a write. */
const writtenTableName = required(dataTableName, { alone: true });

/** The legacy form of a condition. */
const expected = map(
  structure("ExpectedAttributeValue", {
    Value: attributeValue(),
    Exists: boolean(),
    ComparisonOperator: comparisonOperator,
    AttributeValueList: list(attributeValue()),
  }),
);

export const getItemInput = structure("GetItemInput", {
  TableName: required(dataTableName),
  Key: required(attributes),
  AttributesToGet: attributesToGet,
  ConsistentRead: boolean(),
  ReturnConsumedCapacity: returnConsumedCapacity,
  ProjectionExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
});

export const putItemInput = structure("PutItemInput", {
  TableName: writtenTableName,
  Item: required(attributes),
  Expected: expected,
  ReturnValues: returnValues,
  ReturnConsumedCapacity: returnConsumedCapacity,
  ReturnItemCollectionMetrics: returnItemCollectionMetrics,
  ConditionalOperator: conditionalOperator,
  ConditionExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
  ExpressionAttributeValues: expressionAttributeValues,
  ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
});

export const updateItemInput = structure("UpdateItemInput", {
  TableName: writtenTableName,
  Key: required(attributes),
  AttributeUpdates: map(
    structure("AttributeValueUpdate", {
      Value: attributeValue(),
      Action: oneOf("ADD", "PUT", "DELETE"),
    }),
  ),
  Expected: expected,
  ConditionalOperator: conditionalOperator,
  ReturnValues: returnValues,
  ReturnConsumedCapacity: returnConsumedCapacity,
  ReturnItemCollectionMetrics: returnItemCollectionMetrics,
  UpdateExpression: string(),
  ConditionExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
  ExpressionAttributeValues: expressionAttributeValues,
  ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
});

export const deleteItemInput = structure("DeleteItemInput", {
  TableName: writtenTableName,
  Key: required(attributes),
  Expected: expected,
  ConditionalOperator: conditionalOperator,
  ReturnValues: returnValues,
  ReturnConsumedCapacity: returnConsumedCapacity,
  ReturnItemCollectionMetrics: returnItemCollectionMetrics,
  ConditionExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
  ExpressionAttributeValues: expressionAttributeValues,
  ReturnValuesOnConditionCheckFailure: returnValuesOnConditionCheckFailure,
});
