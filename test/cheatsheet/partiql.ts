import { items } from "./items.ts";
import type { Given, Section } from "./step.ts";
import { table } from "./tables.ts";

const user = (userId: string, name: string) => ({ userId: { S: userId }, name: { S: name } });
const order = (orderId: string) => ({ customerId: { S: "c1" }, orderId: { S: orderId } });

/** The transaction writes orders that have no customer. */
const ORDERS_BY_ID: readonly Given[] = [
  { operation: "DeleteTable", request: { TableName: "Orders" } },
  table("Orders", "orderId"),
];

/** A quote inside what the shell quotes with the same quotes. */
const QUOTE = String.raw`'\''`;

const SLIP =
  "Three quotes inside an argument in single quotes are none to the shell; one is written `'\\''`.";

/** "SQL-compatible query language for DynamoDB". */
export const partiql: Section = {
  title: "PartiQL",
  given: [
    table("Users", "userId"),
    table("Orders", "customerId", "orderId"),
    table("Inventory", "itemId"),
    ...items("Users", [user("u1", "Alice")]),
    ...items("Orders", [order("2023-1"), order("2024-1"), order("2024-2")]),
    ...items("Inventory", [{ itemId: { S: "sku-1" }, stock: { N: "1" } }]),
  ],
  groups: [
    [
      {
        title: "SELECT: query items (uses GSI/table key conditions)",
        command: String.raw`aws dynamodb execute-statement \
--statement "SELECT * FROM Users WHERE userId = 'u1'"`,
        expect: { output: { Items: [user("u1", "Alice")] } },
      },
      {
        title: "SELECT: some attributes",
        command: String.raw`aws dynamodb execute-statement \
--statement "SELECT userId, name FROM Users WHERE userId = 'u1'"`,
        expect: { output: { Items: [user("u1", "Alice")] } },
      },
      {
        title: "INSERT",
        command: String.raw`aws dynamodb execute-statement \
--statement "INSERT INTO Users VALUE {'userId':'u5','name':'Eve','age':28}"`,
        expect: { output: { Items: [] } },
      },
      {
        title: "Parameterized (safe, avoids injection)",
        command: String.raw`aws dynamodb execute-statement \
--statement "SELECT * FROM Orders WHERE customerId = ? AND begins_with(orderId, ?)" \
--parameters '[{"S":"c1"},{"S":"2024"}]'`,
        expect: { output: { Items: [order("2024-1"), order("2024-2")] } },
      },
      {
        title: "Run multiple statements atomically",
        command: String.raw`aws dynamodb batch-execute-statement \
--statements '[
{"Statement": "SELECT * FROM Users WHERE userId = '''u1'''"},
{"Statement": "SELECT * FROM Orders WHERE customerId = '''c1'''"}
]'`,
        expect: {
          output: {
            "Responses.0.Error.Code": "ValidationError",
            "Responses.0.Error.Message":
              "Select statements within BatchExecuteStatement must specify the primary key in the where clause.",
            "Responses.1.Error.Code": "ValidationError",
          },
        },
        meant: {
          why: `${SLIP} A SELECT in a batch reads one item, so that it names all of its key. (A batch is not atomic.)`,
          command: `aws dynamodb batch-execute-statement \\
--statements '[
{"Statement": "SELECT * FROM Users WHERE userId = ${QUOTE}u1${QUOTE}"},
{"Statement": "SELECT * FROM Orders WHERE customerId = ${QUOTE}c1${QUOTE} AND orderId = ${QUOTE}2024-1${QUOTE}"}
]'`,
          expect: {
            output: { "Responses.0.Item": user("u1", "Alice"), "Responses.1.Item": order("2024-1") },
          },
        },
      },
    ],
    [
      {
        title: "UPDATE",
        command: String.raw`aws dynamodb execute-statement \
--statement "UPDATE Users SET name='Eve Smith' WHERE userId='u5'"`,
        expect: { output: { Items: [] } },
      },
    ],
    [
      {
        title: "DELETE",
        command: String.raw`aws dynamodb execute-statement \
--statement "DELETE FROM Users WHERE userId='u5'"`,
        expect: { output: { Items: [] } },
      },
      {
        title: "Transactional PartiQL (all or nothing)",
        command: String.raw`aws dynamodb execute-transaction \
--transact-statements '[
{
"Statement": "UPDATE Inventory SET stock = stock - 1 WHERE itemId = '''sku-1''' AND stock > 0"
},
{
"Statement": "INSERT INTO Orders VALUE {'''orderId''':'''ord-99''','''status''':'''placed'''}"
}
]'`,
        given: ORDERS_BY_ID,
        expect: {
          refused: "ValidationException",
          message:
            "Validation failed in TransactStatements[0]: Unsupported operator in Condition Expression. Operator: -",
        },
        meant: {
          why: SLIP,
          command: `aws dynamodb execute-transaction \\
--transact-statements '[
{
"Statement": "UPDATE Inventory SET stock = stock - 1 WHERE itemId = ${QUOTE}sku-1${QUOTE} AND stock > 0"
},
{
"Statement": "INSERT INTO Orders VALUE {${QUOTE}orderId${QUOTE}:${QUOTE}ord-99${QUOTE},${QUOTE}status${QUOTE}:${QUOTE}placed${QUOTE}}"
}
]'`,
          expect: { output: { Responses: [] } },
        },
      },
    ],
  ],
};
