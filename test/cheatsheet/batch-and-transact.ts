import { items } from "./items.ts";
import type { Section } from "./step.ts";
import { table } from "./tables.ts";

const user = (userId: string, name: string) => ({ userId: { S: userId }, name: { S: name } });
const alice = { ...user("u1", "Alice"), age: { N: "30" } };
const account = { accountId: { S: "a1" }, balance: { N: "100" } };

/** "BatchGet, BatchWrite, TransactGet, and TransactWrite". */
export const batchAndTransact: Section = {
  title: "Batch & Transact Operations",
  given: [
    table("Users", "userId"),
    table("Accounts", "accountId"),
    table("Orders", "orderId"),
    table("Inventory", "itemId"),
    ...items("Users", [alice, user("u2", "Bob"), user("u0", "Zoe")]),
    ...items("Accounts", [account]),
    ...items("Inventory", [{ itemId: { S: "sku-1" }, stock: { N: "1" } }]),
  ],
  groups: [
    [
      {
        title: "Read up to 100 items in one call",
        command: String.raw`aws dynamodb batch-get-item \
--request-items '{
"Users": {
"Keys": [
{"userId":{"S":"u1"}},
{"userId":{"S":"u2"}}
],
"ProjectionExpression": "userId, #n",
"ExpressionAttributeNames": {"#n": "name"}
}
}'`,
        expect: {
          output: { Responses: { Users: [user("u1", "Alice"), user("u2", "Bob")] }, UnprocessedKeys: {} },
        },
      },
      {
        title: "Write (put/delete) up to 25 items in one call",
        command: String.raw`aws dynamodb batch-write-item \
--request-items '{
"Users": [
{"PutRequest": {"Item": {"userId":{"S":"u3"},"name":{"S":"Carol"}}}},
{"PutRequest": {"Item": {"userId":{"S":"u4"},"name":{"S":"Dave"}}}},
{"DeleteRequest": {"Key": {"userId":{"S":"u0"}}}}
]
}'`,
        expect: { output: { UnprocessedItems: {} } },
      },
      {
        title: "Read up to 100 items atomically across tables",
        command: String.raw`aws dynamodb transact-get-items \
--transact-items '[
{"Get": {"TableName":"Users","Key":{"userId":{"S":"u1"}}}},
{"Get": {"TableName":"Accounts","Key":{"accountId":{"S":"a1"}}}}
]'`,
        expect: { output: { Responses: [{ Item: alice }, { Item: account }] } },
      },
      {
        title: "Write up to 100 items atomically (all or nothing)",
        command: String.raw`aws dynamodb transact-write-items \
--transact-items '[
{
"Put": {
"TableName": "Orders",
"Item": {"orderId":{"S":"ord-1"},"status":{"S":"placed"}},
"ConditionExpression": "attribute_not_exists(orderId)"
}
},
{
"Update": {
"TableName": "Inventory",
"Key": {"itemId":{"S":"sku-1"}},
"UpdateExpression": "ADD stock :dec",
"ConditionExpression": "stock >= :min",
"ExpressionAttributeValues": {":dec":{"N":"-1"},":min":{"N":"1"}}
}
}
]'`,
        expect: { text: "" },
      },
    ],
  ],
};
