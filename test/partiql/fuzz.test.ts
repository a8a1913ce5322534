/** Texts that are nearly statements are answered or refused, never with a 500. `VOLUME` sets how many, `SEED` the random choices. */
import { expect, test } from "bun:test";
import { doubleStore } from "../support/double-store.ts";
import { inProcess } from "../support/in-process.ts";
import { seededRandom } from "../support/seeded-random.ts";

const VOLUME = Number(process.env["VOLUME"] ?? 1);
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const TEXTS = 3000 * VOLUME;

const STATEMENTS = [
  `SELECT * FROM Tab WHERE pk = 'a' AND sk IN [1, 2, ?] ORDER BY pk DESC, sk ASC`,
  `SELECT a, m.b[0], "odd name" FROM "Tab"."one" WHERE g = 'x' AND (h BETWEEN 1 AND 2 OR NOT contains(t, 'y'))`,
  `SELECT * FROM Tab WHERE (n BETWEEN 0 AND 5) = true AND attribute_exists(a) IN [true, false] AND size(l) > 1`,
  `SELECT * FROM Tab WHERE begins_with(pk, 'a') OR a IS MISSING OR b IS NOT NULL OR attribute_type(c, 'NS')`,
  `INSERT INTO Tab VALUE {'pk': 'a', 'sk': 1, 'l': [1, {'k': <<'x', 'y'>>}, NULL], 'n': - -1.5e-3, 'p': ?};`,
  `UPDATE Tab SET a = b + 1 - c, l[0] = list_append(l, [1]) REMOVE m.x SET t = set_add(t, <<1>>) WHERE pk = 'a' AND sk = 1 RETURNING ALL OLD *`,
  `UPDATE Tab SET t = set_delete(t, ?), x = if_not_exists(x, 'it''s') WHERE pk = 'a' AND sk = 1 AND n > 3`,
  `DELETE FROM Tab /* all */ WHERE pk = 'a' AND sk = 1 -- of it
   AND a <> 2 RETURNING ALL OLD *`,
  `EXISTS(SELECT * FROM Tab WHERE pk = 'a' AND sk = 1 AND n != 2)`,
];

/** Words and signs that mean something somewhere. */
const PIECES =
  `SELECT FROM WHERE AND OR NOT IN BETWEEN IS NULL MISSING EXISTS ORDER BY SET REMOVE VALUE INTO RETURNING ( ) [ ] { } << >>
  , . : ; ? = <> != < <= > >= + - * / % ' " -- /* */ 1 -1 1e999 99999999999 .5 '' "" 'a' "a" Tab pk sk g h a.b a[0] a[-1] $ _ é 😀 \u0000 \ud800
  true false size( contains( set_add( list_append( attribute_type(`
    .split(/\s+/)
    .filter((piece) => piece !== "");

const VALUES = [
  { S: "" },
  { N: "1" },
  { NS: ["1", "2"] },
  { M: { a: { L: [] } } },
  { NULL: true },
  { B: "AQ==" },
  { SS: ["a", "a"] },
  { N: "x" },
  {},
];

test(
  `no text is too much (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const below = (count: number) => Math.floor(random() * count);
    const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
    const server = await inProcess(doubleStore({ seed: SEED, delays: false, conflictRate: 0 }));
    const key = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
    const created = await server.call("CreateTable", {
      TableName: "Tab",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: ["pk:S", "sk:N", "g:S", "h:N"].map((each) => ({
        AttributeName: each.split(":")[0],
        AttributeType: each.split(":")[1],
      })),
      KeySchema: [key("pk", "HASH"), key("sk", "RANGE")],
      GlobalSecondaryIndexes: [
        {
          IndexName: "one",
          KeySchema: [key("g", "HASH"), key("h", "RANGE")],
          Projection: { ProjectionType: "KEYS_ONLY" },
        },
      ],
    });

    expect(created.status).toBe(200);

    /** Tokens of a statement of which some are gone, doubled, exchanged or foreign. */
    const mutated = (text: string): string => {
      const tokens = text.split(/(\s+|[^\w\s]|\b)/).filter((token) => token !== "");
      for (let changes = below(3); changes > 0; changes -= 1) {
        const at = below(tokens.length + 1);
        const removed = pick([0, 0, 1, 1, 3]);
        const added = pick([[], [pick(PIECES)], [pick(tokens), pick(PIECES)], tokens.slice(at, at + 5)]);
        tokens.splice(at, removed, ...added);
      }
      return tokens.join("") || " ";
    };

    const outcomes = new Map<string, number>();
    for (let at = 0; at < TEXTS; at += 1) {
      const member = () => {
        const Statement = mutated(pick(STATEMENTS));
        const fitting = Statement.split("?").length - 1;
        const count = below(8) === 0 ? below(3) : fitting;
        const values = Array.from({ length: count }, () => pick(VALUES));
        return { Statement, Parameters: count === 0 ? undefined : values };
      };
      const NextToken = below(8) === 0 ? Buffer.from(String(random())).toString("base64") : undefined;
      const [operation, input] = pick([
        ["ExecuteStatement", { ...member(), NextToken, Limit: 1 + below(3) }],
        ["BatchExecuteStatement", { Statements: [member(), member()] }],
        ["ExecuteTransaction", { TransactStatements: [member(), member()] }],
      ] as const);
      const { status, error, body } = await server.call(operation, input);
      const outcome = `${operation} ${status}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (status !== 200 && status !== 400) {
        throw new Error(
          `${status} ${error} ${JSON.stringify(body)} for ${operation} ${JSON.stringify(input)}`,
        );
      }
    }
    console.log(`texts: ${TEXTS}; ${JSON.stringify(Object.fromEntries(outcomes))}`);
    for (const outcome of ["ExecuteStatement 200", "ExecuteStatement 400", "ExecuteTransaction 400"]) {
      expect(outcomes.get(outcome) ?? 0).toBeGreaterThan(TEXTS / 50);
    }
    await server.catalog.close();
  },
  60_000 * VOLUME,
);
