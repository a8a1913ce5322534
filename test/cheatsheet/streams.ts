import type { Section } from "./step.ts";
import { table } from "./tables.ts";

/** "Enable, describe, and read change streams". */
export const streams: Section = {
  title: "DynamoDB Streams",
  given: [table("Orders", "customerId", "orderId")],
  groups: [
    [
      {
        title: "Enable streams on a table",
        command: String.raw`aws dynamodb update-table \
--table-name Orders \
--stream-specification StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES`,
        expect: {
          output: {
            "TableDescription.TableStatus": "UPDATING",
            "TableDescription.StreamSpecification": {
              StreamEnabled: true,
              StreamViewType: "NEW_AND_OLD_IMAGES",
            },
          },
        },
      },
    ],
    [
      {
        title: "Get stream ARN",
        command: String.raw`aws dynamodb describe-table \
--table-name Orders \
--query "Table.LatestStreamArn" --output text`,
        expect: { distinctLines: 1 },
      },
      {
        title: "List all streams",
        command: "aws dynamodbstreams list-streams",
        expect: { output: { "Streams.0.TableName": "Orders", "Streams.1": undefined } },
      },
      {
        title: "List all streams (of one table)",
        command: "aws dynamodbstreams list-streams --table-name Orders",
        expect: { output: { "Streams.0.TableName": "Orders", "Streams.1": undefined } },
      },
      {
        title: "Describe a stream (get shard info)",
        command: String.raw`aws dynamodbstreams describe-stream \
--stream-arn arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2024-01-01T00:00:00.000`,
        expect: {
          refused: "ResourceNotFoundException",
          message:
            "Requested resource not found: Stream: " +
            "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2024-01-01T00:00:00.000 not found",
        },
        meant: {
          why: "The ARN is made up: the label in it is the time at which the stream was enabled.",
          command: String.raw`aws dynamodbstreams describe-stream \
--stream-arn $(aws dynamodb describe-table \
--table-name Orders \
--query "Table.LatestStreamArn" --output text)`,
          expect: {
            output: {
              "StreamDescription.StreamStatus": "ENABLED",
              "StreamDescription.StreamViewType": "NEW_AND_OLD_IMAGES",
              "StreamDescription.TableName": "Orders",
              "StreamDescription.Shards.0.ParentShardId": undefined,
              "StreamDescription.Shards.1": undefined,
            },
          },
        },
      },
    ],
    [
      {
        title: "Read stream records",
        given: [
          {
            operation: "PutItem",
            request: {
              TableName: "Orders",
              Item: { customerId: { S: "c1" }, orderId: { S: "o1" }, total: { N: "5" } },
            },
          },
          {
            operation: "DeleteItem",
            request: { TableName: "Orders", Key: { customerId: { S: "c1" }, orderId: { S: "o1" } } },
          },
        ],
        command: String.raw`# 1. Get shard iterator
STREAM_ARN=$(aws dynamodb describe-table \
--table-name Orders \
--query "Table.LatestStreamArn" --output text)
SHARD_ID=$(aws dynamodbstreams describe-stream \
--stream-arn $STREAM_ARN \
--query "StreamDescription.Shards[0].ShardId" --output text)
ITERATOR=$(aws dynamodbstreams get-shard-iterator \
--stream-arn $STREAM_ARN \
--shard-id $SHARD_ID \
--shard-iterator-type TRIM_HORIZON \
--query "ShardIterator" --output text)
# 2. Read records using the iterator
aws dynamodbstreams get-records --shard-iterator $ITERATOR`,
        expect: {
          output: {
            "Records.0.eventName": "INSERT",
            "Records.0.dynamodb.Keys": { customerId: { S: "c1" }, orderId: { S: "o1" } },
            "Records.0.dynamodb.NewImage.total": { N: "5" },
            "Records.1.eventName": "REMOVE",
            "Records.1.dynamodb.OldImage.total": { N: "5" },
            "Records.2": undefined,
          },
        },
      },
    ],
    [
      {
        title: "Disable streams",
        command: String.raw`aws dynamodb update-table \
--table-name Orders \
--stream-specification StreamEnabled=false`,
        expect: {
          output: {
            "TableDescription.TableStatus": "UPDATING",
            "TableDescription.StreamSpecification": undefined,
          },
        },
      },
    ],
  ],
};
