/** Inputs of Query and Scan. */
import {
  attributes,
  attributesToGet,
  comparisonOperator,
  conditionalOperator,
  dataTableName,
  expressionAttributeNames,
  expressionAttributeValues,
  resourceName,
  returnConsumedCapacity,
  select,
} from "../members.ts";
import {
  attributeValue,
  boolean,
  integer,
  list,
  map,
  modern,
  required,
  string,
  structure,
} from "../shapes.ts";

/** The legacy form of key conditions and filters. */
const conditions = map(
  structure("Condition", {
    AttributeValueList: list(attributeValue()),
    ComparisonOperator: required(comparisonOperator),
  }),
);

export const queryInput = structure("QueryInput", {
  TableName: required(dataTableName),
  IndexName: resourceName,
  Select: select,
  AttributesToGet: attributesToGet,
  Limit: modern(integer({ min: 1 })),
  ConsistentRead: boolean(),
  KeyConditions: conditions,
  QueryFilter: conditions,
  ConditionalOperator: conditionalOperator,
  ScanIndexForward: boolean(),
  ExclusiveStartKey: attributes,
  ReturnConsumedCapacity: returnConsumedCapacity,
  ProjectionExpression: string(),
  FilterExpression: string(),
  KeyConditionExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
  ExpressionAttributeValues: expressionAttributeValues,
});

export const scanInput = structure("ScanInput", {
  TableName: required(dataTableName),
  IndexName: resourceName,
  AttributesToGet: attributesToGet,
  Limit: integer({ min: 1 }),
  Select: select,
  ScanFilter: conditions,
  ConditionalOperator: conditionalOperator,
  ExclusiveStartKey: attributes,
  ReturnConsumedCapacity: returnConsumedCapacity,
  TotalSegments: integer({ min: 1, max: 1_000_000 }),
  Segment: integer({ min: 0, max: 999_999 }),
  ProjectionExpression: string(),
  FilterExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
  ExpressionAttributeValues: expressionAttributeValues,
  ConsistentRead: boolean(),
});
