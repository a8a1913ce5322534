import { items, users } from "./items.ts";
import type { Section } from "./step.ts";
import { table } from "./tables.ts";

/** More than ten pages of a hundred. */
const USERS = 1_050;

const loop = (jq: string) => `LAST_KEY=""
while true; do
ARGS="--table-name Users"
[ -n "$LAST_KEY" ] && ARGS="$ARGS --exclusive-start-key $LAST_KEY"
RESULT=$(aws dynamodb scan $ARGS --limit 100)
echo "$RESULT" | jq -r '.Items[].userId.S'
LAST_KEY=$(echo "$RESULT" | ${jq} '.LastEvaluatedKey // empty')
[ -z "$LAST_KEY" ] && break
done`;

/** "Single-table design, optimistic locking, and pagination". */
export const usefulPatterns: Section = {
  title: "Useful Patterns",
  given: [
    table("App", "PK", "SK"),
    table("Products", "productId"),
    table("Users", "userId"),
    ...items("Products", [{ productId: { S: "p1" }, price: { N: "39.99" }, version: { N: "2" } }]),
    ...users(USERS),
  ],
  groups: [
    [
      {
        title: "Put user",
        command: String.raw`aws dynamodb put-item --table-name App \
--item '{"PK":{"S":"USER#u1"},"SK":{"S":"PROFILE"},"name":{"S":"Alice"},"type":{"S":"user"}}'`,
        expect: { text: "" },
      },
      {
        title: "Put order for customer",
        command: String.raw`aws dynamodb put-item --table-name App \
--item '{"PK":{"S":"CUSTOMER#c1"},"SK":{"S":"ORDER#2024-06-01#ord-1"},"total":{"N":"99.99"},"type":{"S":"order"}}'`,
        expect: { text: "" },
      },
      {
        title: "Step 1: read item and note version",
        command: String.raw`aws dynamodb get-item --table-name Products \
--key '{"productId":{"S":"p1"}}' \
--query "Item.version"`,
        expect: { output: { N: "2" } },
      },
    ],
    [
      {
        title: "Get all orders for a customer",
        command: String.raw`aws dynamodb query \
--table-name App \
--key-condition-expression "PK = :pk AND begins_with(SK, :prefix)" \
--expression-attribute-values '{":pk":{"S":"CUSTOMER#c1"},":prefix":{"S":"ORDER#"}}'`,
        expect: { output: { Count: 1, "Items.0.total": { N: "99.99" }, "Items.0.type": { S: "order" } } },
      },
      {
        title: "Step 2: conditional update",
        command: String.raw`aws dynamodb update-item \
--table-name Products \
--key '{"productId":{"S":"p1"}}' \
--update-expression "SET price = :newPrice, version = :newV" \
--condition-expression "version = :oldV" \
--expression-attribute-values '{":newPrice":{"N":"49.99"},":newV":{"N":"3"},":oldV":{"N":"2"}}'`,
        expect: { text: "" },
      },
    ],
    [
      {
        title: "Paginate through all results (bash loop)",
        command: loop("jq -r"),
        expect: { distinctLines: 100, complaint: "Unknown options" },
        meant: {
          why: "`jq -r` prints the key over several lines, which the shell cuts into words; `jq -c` keeps it in one.",
          command: loop("jq -c"),
          expect: { distinctLines: USERS },
        },
      },
    ],
  ],
};
