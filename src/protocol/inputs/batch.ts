/** Inputs of BatchGetItem and BatchWriteItem. */
import {
  attributes,
  attributesToGet,
  dataTableName,
  expressionAttributeNames,
  returnConsumedCapacity,
  returnItemCollectionMetrics,
} from "../members.ts";
import { boolean, list, map, modern, required, string, structure } from "../shapes.ts";

const keysAndAttributes = structure("KeysAndAttributes", {
  Keys: required(modern(list(attributes, { min: 1, max: 100 }))),
  AttributesToGet: attributesToGet,
  ConsistentRead: boolean(),
  ProjectionExpression: string(),
  ExpressionAttributeNames: expressionAttributeNames,
});

export const batchGetItemInput = structure("BatchGetItemInput", {
  RequestItems: required(map(keysAndAttributes, { max: 100, key: dataTableName }), {
    absent: "The requestItems parameter is required for BatchGetItem",
    emptyIsAbsent: true,
  }),
  ReturnConsumedCapacity: returnConsumedCapacity,
});

const writeRequest = structure("WriteRequest", {
  PutRequest: structure("PutRequest", { Item: required(attributes) }),
  DeleteRequest: structure("DeleteRequest", { Key: required(attributes) }),
});

export const batchWriteItemInput = structure("BatchWriteItemInput", {
  RequestItems: required(map(list(writeRequest, { min: 1, max: 25 }), { max: 25, key: dataTableName }), {
    absent: "The requestItems parameter is required for BatchWriteItem",
    emptyIsAbsent: true,
  }),
  ReturnConsumedCapacity: returnConsumedCapacity,
  ReturnItemCollectionMetrics: returnItemCollectionMetrics,
});
