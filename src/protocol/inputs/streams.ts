/** Inputs of the DynamoDB Streams service. */
import { longArn, resourceName } from "../members.ts";
import { integer, oneOf, required, string, structure } from "../shapes.ts";

const shardId = string({ min: 28, max: 65 });
const limit = integer({ min: 1, max: 100 });

export const describeStreamInput = structure("DescribeStreamInput", {
  StreamArn: required(longArn),
  Limit: limit,
  ExclusiveStartShardId: shardId,
  ShardFilter: structure("ShardFilter", { Type: oneOf("CHILD_SHARDS"), ShardId: shardId }),
});

export const getRecordsInput = structure("GetRecordsInput", {
  ShardIterator: required(string({ min: 1, max: 2048 })),
  Limit: integer({ min: 1, max: 1000 }),
});

export const getShardIteratorInput = structure("GetShardIteratorInput", {
  StreamArn: required(longArn),
  ShardId: required(shardId),
  ShardIteratorType: required(oneOf("TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER")),
  SequenceNumber: string({ min: 21, max: 40 }),
});

export const listStreamsInput = structure("ListStreamsInput", {
  TableName: resourceName,
  Limit: limit,
  ExclusiveStartStreamArn: longArn,
});
