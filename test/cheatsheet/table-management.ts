import type { Section } from "./step.ts";
import { table } from "./tables.ts";

/** "Create, describe, update, and delete tables". */
export const tableManagement: Section = {
  title: "Table Management",
  given: [],
  groups: [
    [
      {
        title: "Simple table with partition key only",
        command: String.raw`aws dynamodb create-table \
--table-name Users \
--attribute-definitions AttributeName=userId,AttributeType=S \
--key-schema AttributeName=userId,KeyType=HASH \
--billing-mode PAY_PER_REQUEST`,
        expect: {
          output: {
            "TableDescription.TableName": "Users",
            "TableDescription.TableStatus": "CREATING",
            "TableDescription.BillingModeSummary.BillingMode": "PAY_PER_REQUEST",
            "TableDescription.KeySchema": [{ AttributeName: "userId", KeyType: "HASH" }],
          },
        },
      },
      {
        title: "Table with partition key + sort key",
        command: String.raw`aws dynamodb create-table \
--table-name Orders \
--attribute-definitions \
AttributeName=customerId,AttributeType=S \
AttributeName=orderId,AttributeType=S \
--key-schema \
AttributeName=customerId,KeyType=HASH \
AttributeName=orderId,KeyType=RANGE \
--billing-mode PAY_PER_REQUEST`,
        expect: {
          output: {
            "TableDescription.TableStatus": "CREATING",
            "TableDescription.KeySchema.1": { AttributeName: "orderId", KeyType: "RANGE" },
            "TableDescription.ItemCount": 0,
          },
        },
      },
      {
        title: "Provisioned throughput (instead of on-demand)",
        command: String.raw`aws dynamodb create-table \
--table-name Events \
--attribute-definitions AttributeName=eventId,AttributeType=S \
--key-schema AttributeName=eventId,KeyType=HASH \
--provisioned-throughput ReadCapacityUnits=5,WriteCapacityUnits=5`,
        expect: {
          output: {
            "TableDescription.TableStatus": "CREATING",
            "TableDescription.ProvisionedThroughput.ReadCapacityUnits": 5,
            "TableDescription.ProvisionedThroughput.WriteCapacityUnits": 5,
            "TableDescription.BillingModeSummary": undefined,
          },
        },
      },
    ],
    [
      {
        title: "Wait until table is active",
        command: "aws dynamodb wait table-exists --table-name Users",
        expect: { text: "" },
      },
      {
        title: "Describe a table (schema, throughput, status)",
        command: "aws dynamodb describe-table --table-name Users",
        expect: {
          output: {
            "Table.TableName": "Users",
            "Table.TableStatus": "ACTIVE",
            "Table.AttributeDefinitions": [{ AttributeName: "userId", AttributeType: "S" }],
            "Table.ProvisionedThroughput.ReadCapacityUnits": 0,
            "Table.DeletionProtectionEnabled": false,
          },
        },
      },
      {
        title: "Get just the table status",
        command: String.raw`aws dynamodb describe-table \
--table-name Users \
--query "Table.TableStatus" --output text`,
        expect: { text: "ACTIVE" },
      },
      {
        title: "List all tables",
        command: "aws dynamodb list-tables",
        expect: { output: { TableNames: ["Events", "Orders", "Users"], NextToken: undefined } },
      },
      {
        title: "List all tables (paginate through all)",
        command: 'aws dynamodb list-tables --query "TableNames[]" --output text',
        expect: { text: "Events\tOrders\tUsers" },
      },
    ],
    [
      {
        title: "Update provisioned capacity",
        command: String.raw`aws dynamodb update-table \
--table-name Events \
--provisioned-throughput ReadCapacityUnits=20,WriteCapacityUnits=10`,
        expect: {
          output: {
            "TableDescription.TableStatus": "UPDATING",
            "TableDescription.ProvisionedThroughput.ReadCapacityUnits": 5,
          },
        },
      },
    ],
    [
      {
        title: "Switch to on-demand billing",
        command: String.raw`aws dynamodb update-table \
--table-name Events \
--billing-mode PAY_PER_REQUEST`,
        expect: { output: { "TableDescription.TableStatus": "UPDATING" } },
      },
      {
        title: "Enable TTL on a table",
        command: String.raw`aws dynamodb update-time-to-live \
--table-name Sessions \
--time-to-live-specification Enabled=true,AttributeName=ttl`,
        expect: { output: { "TimeToLiveSpecification.Enabled": true } },
        given: [table("Sessions", "sessionId")],
      },
      {
        title: "Delete a table",
        command: "aws dynamodb delete-table --table-name Users",
        expect: {
          output: { "TableDescription.TableName": "Users", "TableDescription.TableStatus": "DELETING" },
        },
      },
    ],
    [
      {
        title: "Wait until the table is gone",
        command: "aws dynamodb wait table-not-exists --table-name Users",
        expect: { text: "" },
      },
    ],
  ],
};
