import { items, users } from "./items.ts";
import type { Section } from "./step.ts";
import { table } from "./tables.ts";

const USERS = 4;
/** u1 and u3 are active and of age, u4 active only. */
const attributes = (at: number) => ({
  name: { S: `User ${at + 1}` },
  age: { N: String([30, 40, 26, 25][at] ?? 20) },
  active: { BOOL: at !== 1 },
});
const LARGE = Array.from({ length: 100 }, (_, at) => ({ id: { S: `large-${at}` } }));

/** "Full table scans with filters and parallel execution". */
export const scan: Section = {
  title: "Scan",
  given: [
    table("Users", "userId"),
    table("LargeTable", "id"),
    ...users(USERS, attributes),
    ...items("LargeTable", LARGE),
  ],
  groups: [
    [
      {
        title: "Full table scan (expensive: avoid on large tables)",
        command: "aws dynamodb scan --table-name Users",
        expect: { output: { Count: USERS, ScannedCount: USERS, LastEvaluatedKey: undefined } },
      },
      {
        title: "Filter by attribute (applied after reading: still consumes full RCUs)",
        command: String.raw`aws dynamodb scan \
--table-name Users \
--filter-expression "age > :min AND active = :true" \
--expression-attribute-values '{":min":{"N":"25"},":true":{"BOOL":true}}'`,
        expect: { output: { Count: 2, ScannedCount: USERS } },
      },
      {
        title: "Project specific attributes",
        command: String.raw`aws dynamodb scan \
--table-name Users \
--projection-expression "userId, #n" \
--expression-attribute-names '{"#n":"name"}'`,
        expect: { output: { Count: USERS, "Items.0.age": undefined, "Items.3.active": undefined } },
      },
      {
        title: "Count matching items",
        command: String.raw`aws dynamodb scan \
--table-name Users \
--filter-expression "active = :true" \
--expression-attribute-values '{":true":{"BOOL":true}}' \
--select COUNT`,
        expect: { output: { Count: 3, ScannedCount: USERS, Items: undefined } },
      },
      {
        title: "Segment 0 of 4",
        command: String.raw`aws dynamodb scan \
--table-name LargeTable \
--total-segments 4 \
--segment 0`,
        expect: { output: { LastEvaluatedKey: undefined } },
      },
      {
        title: "Segment 1 of 4",
        command: String.raw`aws dynamodb scan \
--table-name LargeTable \
--total-segments 4 \
--segment 1`,
        expect: { output: { LastEvaluatedKey: undefined } },
      },
    ],
    [
      {
        title: "Paginate with ExclusiveStartKey",
        given: users(150),
        command: String.raw`LAST_KEY=$(aws dynamodb scan --table-name Users --limit 100 \
--query "LastEvaluatedKey" --output json)
aws dynamodb scan \
--table-name Users \
--limit 100 \
--exclusive-start-key "$LAST_KEY"`,
        expect: { output: { Count: 50, ScannedCount: 50, LastEvaluatedKey: undefined } },
      },
    ],
  ],
};
