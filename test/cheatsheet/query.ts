import { items } from "./items.ts";
import type { Section } from "./step.ts";
import { table } from "./tables.ts";

const order = (orderId: string, status: string, total: string) => ({
  customerId: { S: "c1" },
  orderId: { S: orderId },
  status: { S: status },
  total: { N: total },
});
const ORDERS = [
  order("2023-12-31", "shipped", "5"),
  order("2024-01-01", "pending", "10"),
  order("2024-02-01", "shipped", "20"),
];
const [first, second, third] = ORDERS;

const event = (userId: string, timestamp: string) => ({ userId: { S: userId }, timestamp: { S: timestamp } });

/** "Efficiently retrieve items by partition key and sort key conditions". */
export const query: Section = {
  title: "Query",
  given: [
    table("Orders", "customerId", "orderId"),
    table("Events", "userId", "timestamp"),
    ...items("Orders", [...ORDERS, { customerId: { S: "c2" }, orderId: { S: "2024-03-01" } }]),
    ...items("Events", [
      event("u1", "2023-12-31T23:59"),
      event("u1", "2024-06-01T12:00"),
      event("u1", "2024-12-31T00:00"),
      event("u2", "2024-06-01T12:00"),
    ]),
  ],
  groups: [
    [
      {
        title: "All items for a partition key",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}'`,
        expect: { output: { Items: ORDERS, Count: 3, ScannedCount: 3, LastEvaluatedKey: undefined } },
      },
      {
        title: "Partition key + sort key begins_with",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid AND begins_with(orderId, :prefix)" \
--expression-attribute-values '{":cid":{"S":"c1"},":prefix":{"S":"2024-"}}'`,
        expect: { output: { Items: [second ?? {}, third ?? {}], Count: 2 } },
      },
      {
        title: "Partition key + sort key range",
        command: String.raw`aws dynamodb query \
--table-name Events \
--key-condition-expression "userId = :uid AND #ts BETWEEN :start AND :end" \
--expression-attribute-names '{"#ts":"timestamp"}' \
--expression-attribute-values '{
":uid":{"S":"u1"},
":start":{"S":"2024-01-01"},
":end":{"S":"2024-12-31"}
}'`,
        // The last of u1's is later than "2024-12-31", byte by byte.
        expect: { output: { Items: [event("u1", "2024-06-01T12:00")], Count: 1, ScannedCount: 1 } },
      },
      {
        title: "Filter results after retrieval (does not reduce RCUs)",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--filter-expression "#s = :status" \
--expression-attribute-names '{"#s":"status"}' \
--expression-attribute-values '{":cid":{"S":"c1"},":status":{"S":"shipped"}}'`,
        expect: { output: { Items: [first ?? {}, third ?? {}], Count: 2, ScannedCount: 3 } },
      },
      {
        title: "Reverse sort order (newest first)",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}' \
--scan-index-forward false`,
        expect: { unsent: "Unknown options: false" },
        meant: {
          why: "`--scan-index-forward` is a flag without a value; false is said by `--no-scan-index-forward`.",
          command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}' \
--no-scan-index-forward`,
          expect: { output: { Items: [...ORDERS].reverse(), Count: 3 } },
        },
      },
      {
        title: "Limit number of items evaluated",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}' \
--limit 10`,
        expect: { output: { Items: ORDERS, Count: 3, LastEvaluatedKey: undefined } },
      },
      {
        title: "Project specific attributes",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}' \
--projection-expression "orderId, #s, total" \
--expression-attribute-names '{"#s":"status"}'`,
        expect: {
          refused: "ValidationException",
          message:
            "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: total",
        },
        meant: {
          why: "`total` is a reserved word of the service as well, and needs a placeholder as `status` does.",
          command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}' \
--projection-expression "orderId, #s, #t" \
--expression-attribute-names '{"#s":"status","#t":"total"}'`,
          expect: {
            output: {
              Items: ORDERS.map(({ orderId, status, total }) => ({ orderId, status, total })),
              Count: 3,
            },
          },
        },
      },
      {
        title: "Count only (no item data returned)",
        command: String.raw`aws dynamodb query \
--table-name Orders \
--key-condition-expression "customerId = :cid" \
--expression-attribute-values '{":cid":{"S":"c1"}}' \
--select COUNT`,
        expect: { output: { Count: 3, ScannedCount: 3, Items: undefined } },
      },
    ],
  ],
};
