import { items } from "./items.ts";
import type { Given, Section } from "./step.ts";
import { table } from "./tables.ts";

const INDEX = "status-createdAt-index";

const ORDERS_WITH_INDEX: Given = {
  operation: "CreateTable",
  request: {
    ...table("Orders", "customerId", "orderId").request,
    AttributeDefinitions: ["customerId", "orderId", "status", "createdAt"].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S",
    })),
    GlobalSecondaryIndexes: [
      {
        IndexName: INDEX,
        KeySchema: [
          { AttributeName: "status", KeyType: "HASH" },
          { AttributeName: "createdAt", KeyType: "RANGE" },
        ],
        Projection: { ProjectionType: "ALL" },
      },
    ],
  },
};
const NO_ORDERS: Given = { operation: "DeleteTable", request: { TableName: "Orders" } };

const order = (orderId: string, status: string, createdAt: string) => ({
  customerId: { S: "c1" },
  orderId: { S: orderId },
  status: { S: status },
  createdAt: { S: createdAt },
});
const LATER = order("o2", "shipped", "2024-03-01");
const EARLIER = order("o3", "shipped", "2024-02-01");
const PENDING = order("o4", "pending", "2024-04-01");

const addIndex = (throughput: string) => String.raw`aws dynamodb update-table \
--table-name Orders \
--attribute-definitions \
AttributeName=status,AttributeType=S \
AttributeName=createdAt,AttributeType=S \
--global-secondary-index-updates '[
{
"Create": {
"IndexName": "status-createdAt-index",
"KeySchema": [
{"AttributeName":"status","KeyType":"HASH"},
{"AttributeName":"createdAt","KeyType":"RANGE"}
],
"Projection": {"ProjectionType":"INCLUDE","NonKeyAttributes":["orderId","total"]}${throughput}
}
}
]'`;

/** "Create and query Global and Local Secondary Indexes". */
export const indexes: Section = {
  title: "Indexes (GSI & LSI)",
  given: [],
  groups: [
    [
      {
        title: "Table with a Global Secondary Index",
        command: String.raw`aws dynamodb create-table \
--table-name Orders \
--attribute-definitions \
AttributeName=customerId,AttributeType=S \
AttributeName=orderId,AttributeType=S \
AttributeName=status,AttributeType=S \
AttributeName=createdAt,AttributeType=S \
--key-schema \
AttributeName=customerId,KeyType=HASH \
AttributeName=orderId,KeyType=RANGE \
--global-secondary-indexes '[
{
"IndexName": "status-createdAt-index",
"KeySchema": [
{"AttributeName":"status","KeyType":"HASH"},
{"AttributeName":"createdAt","KeyType":"RANGE"}
],
"Projection": {"ProjectionType":"ALL"}
}
]' \
--billing-mode PAY_PER_REQUEST`,
        expect: {
          output: {
            "TableDescription.TableStatus": "CREATING",
            "TableDescription.GlobalSecondaryIndexes.0.IndexName": INDEX,
            "TableDescription.GlobalSecondaryIndexes.0.IndexStatus": "CREATING",
            "TableDescription.GlobalSecondaryIndexes.0.Projection": { ProjectionType: "ALL" },
          },
        },
      },
    ],
    [
      {
        title: "Add a GSI after table creation",
        given: [NO_ORDERS, table("Orders", "customerId", "orderId"), ...items("Orders", [LATER, EARLIER])],
        command: addIndex(`,\n"ProvisionedThroughput": {"ReadCapacityUnits":5,"WriteCapacityUnits":5}`),
        expect: {
          refused: "ValidationException",
          message:
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified " +
            `for index: ${INDEX} when BillingMode is PAY_PER_REQUEST`,
        },
        meant: {
          why: "The sheet's Orders table is on demand, and an index is billed as its table is: it has no throughput of its own.",
          command: addIndex(""),
          expect: {
            output: {
              "TableDescription.TableStatus": "UPDATING",
              "TableDescription.GlobalSecondaryIndexes.0.IndexStatus": "CREATING",
              "TableDescription.GlobalSecondaryIndexes.0.Projection.NonKeyAttributes": ["orderId", "total"],
            },
          },
        },
      },
    ],
    [
      {
        title: "Delete a GSI",
        command: String.raw`aws dynamodb update-table \
--table-name Orders \
--global-secondary-index-updates '[{"Delete":{"IndexName":"status-createdAt-index"}}]'`,
        expect: {
          output: {
            "TableDescription.TableStatus": "UPDATING",
            "TableDescription.GlobalSecondaryIndexes.0.IndexStatus": "DELETING",
          },
        },
      },
    ],
    [
      {
        title: "Query using a GSI",
        given: [
          NO_ORDERS,
          ORDERS_WITH_INDEX,
          ...items("Orders", [order("o1", "shipped", "2023-12-31"), LATER, EARLIER, PENDING]),
        ],
        command: String.raw`aws dynamodb query \
--table-name Orders \
--index-name status-createdAt-index \
--key-condition-expression "#s = :status AND createdAt > :since" \
--expression-attribute-names '{"#s":"status"}' \
--expression-attribute-values '{
":status":{"S":"shipped"},
":since":{"S":"2024-01-01"}
}' \
--scan-index-forward false`,
        expect: { unsent: "Unknown options: false" },
        meant: {
          why: "`--scan-index-forward` is a flag without a value; false is said by `--no-scan-index-forward`.",
          command: String.raw`aws dynamodb query \
--table-name Orders \
--index-name status-createdAt-index \
--key-condition-expression "#s = :status AND createdAt > :since" \
--expression-attribute-names '{"#s":"status"}' \
--expression-attribute-values '{
":status":{"S":"shipped"},
":since":{"S":"2024-01-01"}
}' \
--no-scan-index-forward`,
          expect: { output: { Items: [LATER, EARLIER], Count: 2, ScannedCount: 2 } },
        },
      },
      {
        title: "Scan a GSI",
        command: String.raw`aws dynamodb scan \
--table-name Orders \
--index-name status-createdAt-index \
--filter-expression "#s = :status" \
--expression-attribute-names '{"#s":"status"}' \
--expression-attribute-values '{":status":{"S":"pending"}}'`,
        expect: { output: { Items: [PENDING], Count: 1, ScannedCount: 4 } },
      },
    ],
  ],
};
