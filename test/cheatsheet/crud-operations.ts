import type { Given, Section } from "./step.ts";
import { table } from "./tables.ts";

const user = (attributes: Given["request"]): Given => ({
  operation: "PutItem",
  request: { TableName: "Users", Item: { userId: { S: "u1" }, ...attributes } },
});

/** "PutItem, GetItem, UpdateItem, and DeleteItem". */
export const crudOperations: Section = {
  title: "CRUD Operations",
  given: [
    table("Users", "userId"),
    table("Orders", "customerId", "orderId"),
    table("Posts", "postId"),
    {
      operation: "PutItem",
      request: {
        TableName: "Orders",
        Item: { customerId: { S: "c1" }, orderId: { S: "ord-001" }, total: { N: "10" } },
      },
    },
  ],
  groups: [
    [
      {
        title: "Write an item (creates or fully replaces)",
        command: String.raw`aws dynamodb put-item \
--table-name Users \
--item '{"userId":{"S":"u1"},"name":{"S":"Alice"},"age":{"N":"30"},"active":{"BOOL":true}}'`,
        expect: { text: "" },
      },
      {
        title: "Put with return values",
        command: String.raw`aws dynamodb put-item \
--table-name Users \
--item '{"userId":{"S":"u2"},"name":{"S":"Bob"}}' \
--return-values ALL_OLD`,
        expect: { text: "" },
      },
      {
        title: "With sort key",
        command: String.raw`aws dynamodb get-item \
--table-name Orders \
--key '{"customerId":{"S":"c1"},"orderId":{"S":"ord-001"}}'`,
        expect: {
          output: { Item: { customerId: { S: "c1" }, orderId: { S: "ord-001" }, total: { N: "10" } } },
        },
      },
      {
        title: "Increment a counter atomically",
        command: String.raw`aws dynamodb update-item \
--table-name Posts \
--key '{"postId":{"S":"p1"}}' \
--update-expression "ADD viewCount :inc" \
--expression-attribute-values '{":inc":{"N":"1"}}'`,
        expect: { text: "" },
      },
    ],
    [
      {
        title: "Conditional put: only if item does NOT exist",
        command: String.raw`aws dynamodb put-item \
--table-name Users \
--item '{"userId":{"S":"u1"},"name":{"S":"Alice"}}' \
--condition-expression "attribute_not_exists(userId)"`,
        // The first command of the section has written it.
        expect: { refused: "ConditionalCheckFailedException", message: "The conditional request failed" },
      },
      {
        title: "Get a single item by primary key",
        command: String.raw`aws dynamodb get-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}'`,
        expect: {
          output: {
            Item: { userId: { S: "u1" }, name: { S: "Alice" }, age: { N: "30" }, active: { BOOL: true } },
          },
        },
      },
      {
        title: "Project specific attributes",
        command: String.raw`aws dynamodb get-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--projection-expression "name, age"`,
        expect: {
          refused: "ValidationException",
          message:
            "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: name",
        },
        meant: {
          why: "`name` is a reserved word of the service; an expression reaches such an attribute through a placeholder.",
          command: String.raw`aws dynamodb get-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--projection-expression "#n, age" \
--expression-attribute-names '{"#n":"name"}'`,
          expect: { output: { Item: { name: { S: "Alice" }, age: { N: "30" } } } },
        },
      },
      {
        title: "Strongly consistent read",
        command: String.raw`aws dynamodb get-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--consistent-read`,
        expect: { output: { "Item.name.S": "Alice", "Item.active.BOOL": true } },
      },
    ],
    [
      {
        title: "Set / add attributes",
        command: String.raw`aws dynamodb update-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--update-expression "SET #n = :name, age = :age" \
--expression-attribute-names '{"#n":"name"}' \
--expression-attribute-values '{":name":{"S":"Alice Smith"},":age":{"N":"31"}}' \
--return-values ALL_NEW`,
        expect: {
          output: {
            Attributes: {
              userId: { S: "u1" },
              name: { S: "Alice Smith" },
              age: { N: "31" },
              active: { BOOL: true },
            },
          },
        },
      },
    ],
    [
      {
        title: "Remove an attribute",
        given: [user({ name: { S: "Alice" }, tempToken: { S: "t" }, version: { N: "1" } })],
        command: String.raw`aws dynamodb update-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--update-expression "REMOVE tempToken"`,
        expect: { text: "" },
      },
      {
        title: "Conditional update: only if version matches",
        command: String.raw`aws dynamodb update-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--update-expression "SET version = :newV, #n = :name" \
--condition-expression "version = :oldV" \
--expression-attribute-names '{"#n":"name"}' \
--expression-attribute-values '{":newV":{"N":"2"},":name":{"S":"Alice"},":oldV":{"N":"1"}}'`,
        expect: { text: "" },
      },
    ],
    [
      {
        title: "Delete an item by primary key",
        command: String.raw`aws dynamodb delete-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}'`,
        expect: { text: "" },
      },
    ],
    [
      {
        title: "Conditional delete: only if attribute matches",
        given: [user({ active: { BOOL: false } })],
        command: String.raw`aws dynamodb delete-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--condition-expression "active = :false" \
--expression-attribute-values '{":false":{"BOOL":false}}'`,
        expect: { text: "" },
      },
    ],
    [
      {
        title: "Return the item that was deleted",
        given: [user({ name: { S: "Alice" } })],
        command: String.raw`aws dynamodb delete-item \
--table-name Users \
--key '{"userId":{"S":"u1"}}' \
--return-values ALL_OLD`,
        expect: { output: { Attributes: { userId: { S: "u1" }, name: { S: "Alice" } } } },
      },
    ],
  ],
};
