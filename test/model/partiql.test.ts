/**
 * PartiQL against the other operations: random statements on one table, what they mean as Scan, PutItem, UpdateItem and DeleteItem on its twin.
 * `VOLUME` sets how much, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import { doubleStore } from "../support/double-store.ts";
import { type Answer, type InProcess, inProcess } from "../support/in-process.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { literal, Mentions, type Phrase, Phrases, type Value } from "./partiql-phrases.ts";

const VOLUME = Number(process.env["VOLUME"] ?? 1);
const SEED = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const STATEMENTS = 1500 * VOLUME;

/** What statements work on, and its twin. */
const OURS = "Ours";
const TWIN = "Twin";

type Item = Readonly<Record<string, Value>>;

/** What can be read: its key attributes, the first `hashes` of which make its partition key. */
const sources = [
  { index: undefined, keys: ["p", "s"], hashes: 1 },
  { index: "one", keys: ["g", "h"], hashes: 1 },
  { index: "two", keys: ["g", "e", "h", "s"], hashes: 2 },
];

const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });

async function createTable(server: InProcess, TableName: string): Promise<void> {
  const { status } = await server.call("CreateTable", {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: ["p:S", "s:N", "g:S", "e:S", "h:N"].map((each) => {
      const [AttributeName, AttributeType] = each.split(":");
      return { AttributeName, AttributeType };
    }),
    KeySchema: [key("p", "HASH"), key("s", "RANGE")],
    GlobalSecondaryIndexes: [
      { IndexName: "one", KeySchema: [key("g", "HASH"), key("h", "RANGE")] },
      {
        IndexName: "two",
        KeySchema: [key("g", "HASH"), key("e", "HASH"), key("h", "RANGE"), key("s", "RANGE")],
      },
    ].map((index) => ({ ...index, Projection: { ProjectionType: "ALL" } })),
  });
  expect(status).toBe(200);
}

const itemsOf = ({ body }: Answer) => (body["Items"] ?? []) as readonly Item[];
const sorted = (items: readonly Item[]) => items.map((item) => Bun.hash(stable(item)) + stable(item)).sort();
const stable = (value: unknown): string =>
  JSON.stringify(value, (_, each) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each as object).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );

/** A statement's outcome in a word, so that it can be compared with an operation's. */
const kindOf = ({ status, error }: Answer) => (status === 200 ? "done" : String(error));

/** Refusals that only PartiQL has: it reads some ranges by their keys, where a Scan looks at everything. */
const OWN_REFUSALS = [
  "Overlapping conditions with range keys are not supported in where clause",
  "Too many decomposed read operations for a given query.",
  "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty",
  "Key attribute's data type should match its data type in table's schema",
];

/** Placeholders as members of a request: absent when there are none. */
const placeholders = ({ names, values }: Mentions) => ({
  ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
  ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
});

class Comparison {
  readonly counts = { found: 0, written: 0, refused: 0, own: 0, keyed: 0 };
  readonly #server: InProcess;
  readonly #phrases: Phrases;

  constructor(server: InProcess, random: () => number) {
    this.#server = server;
    this.#phrases = new Phrases(random);
  }

  async step(): Promise<void> {
    const kind = this.#phrases.below(20);
    if (kind < 9) await this.#select();
    else if (kind < 13) await this.#insert();
    else if (kind < 19) await this.#update();
    else await this.#delete();
  }

  async compareTables(): Promise<void> {
    const all = (TableName: string) => this.#server.call("Scan", { TableName });
    expect(sorted(itemsOf(await all(OURS)))).toEqual(sorted(itemsOf(await all(TWIN))));
  }

  async #execute(Statement: string, { parameters }: Mentions, more: object = {}): Promise<Answer> {
    const Parameters = parameters.length === 0 ? undefined : parameters;
    const answer = await this.#server.call("ExecuteStatement", { Statement, Parameters, ...more });
    expect({ Statement, status: answer.status }).not.toEqual({ Statement, status: 500 });
    return answer;
  }

  async #select(): Promise<void> {
    const phrases = this.#phrases;
    const { index, keys, hashes } = phrases.pick(sources);
    const isKeyed = phrases.chance(0.7);
    const condition = isKeyed ? phrases.keyed(keys, hashes) : phrases.condition(keys);
    const mentions = new Mentions();
    const from = index === undefined ? OURS : `"${OURS}"."${index}"`;
    const text = `SELECT * FROM ${from} WHERE ${condition.statement(mentions)}`;
    const whole = await this.#execute(text, mentions);
    const expected = await this.#scan(condition, index);
    if (whole.status !== 200 && OWN_REFUSALS.some((own) => String(whole.body["message"]).startsWith(own))) {
      this.counts.own += 1;
      return;
    }
    expect({ text, kind: kindOf(whole) }).toEqual({ text, kind: kindOf(expected) });
    if (whole.status !== 200) {
      this.counts.refused += 1;
      return;
    }
    const items = itemsOf(whole);
    this.counts.found += items.length;
    if (isKeyed) this.counts.keyed += 1;
    expect({ text, items: sorted(items) }).toEqual({ text, items: sorted(itemsOf(expected)) });
    expect({ text, items: await this.#inPages(text, mentions) }).toEqual({ text, items: items.map(stable) });
  }

  #scan(condition: Phrase, index: string | undefined): Promise<Answer> {
    const mentions = new Mentions();
    const FilterExpression = condition.expression(mentions);
    const IndexName = index === undefined ? {} : { IndexName: index };
    return this.#server.call("Scan", {
      TableName: TWIN,
      ...IndexName,
      FilterExpression,
      ...placeholders(mentions),
    });
  }

  async #inPages(text: string, mentions: Mentions): Promise<readonly string[]> {
    const items: string[] = [];
    let more: { NextToken?: unknown } = {};
    do {
      const page = await this.#execute(text, mentions, { Limit: 1 + this.#phrases.below(4), ...more });
      expect({ text, kind: kindOf(page) }).toEqual({ text, kind: "done" });
      items.push(...itemsOf(page).map(stable));
      more = page.body["NextToken"] === undefined ? {} : { NextToken: page.body["NextToken"] };
    } while (more.NextToken !== undefined);
    return items;
  }

  async #insert(): Promise<void> {
    const phrases = this.#phrases;
    const item: Record<string, Value> = { p: phrases.keyValue("p"), s: phrases.keyValue("s") };
    for (const name of ["g", "e", "h"]) if (phrases.chance(0.8)) item[name] = phrases.keyValue(name);
    for (const name of ["a", "b", "c", "t"]) if (phrases.chance(0.5)) item[name] = phrases.value();
    if (phrases.chance(0.6)) item["m"] = { M: { x: phrases.value(1) } };
    if (phrases.chance(0.6)) item["l"] = { L: phrases.some(3, () => phrases.value(1)) };
    if (phrases.chance(0.3)) item["t"] = phrases.set();
    const mentions = new Mentions();
    const entries = Object.entries(item).map(([name, value]) => {
      const text =
        phrases.chance(0.3) || JSON.stringify(value).includes('"B":')
          ? mentions.parameter(value)
          : literal(value);
      return `'${name}': ${text}`;
    });
    const answer = await this.#execute(`INSERT INTO ${OURS} VALUE {${entries.join(", ")}}`, mentions);
    const put = await this.#server.call("PutItem", {
      TableName: TWIN,
      Item: item,
      ConditionExpression: "attribute_not_exists(p)",
    });
    const own = kindOf(answer).replace("DuplicateItem", "ConditionalCheckFailed");
    expect({ entries, kind: own }).toEqual({ entries, kind: kindOf(put) });
  }

  async #update(): Promise<void> {
    const update = this.#phrases.update();
    const returning = this.#phrases.pick(["ALL OLD", "ALL NEW", "MODIFIED OLD", "MODIFIED NEW"] as const);
    const ours = new Mentions();
    const clauses = update.statement(ours);
    const twin = new Mentions();
    const UpdateExpression = update.expression(twin);
    const { Key, where, condition } = this.#oneItem(ours, twin);
    const text = `UPDATE ${OURS} ${clauses} WHERE ${where} RETURNING ${returning} *`;
    const answer = await this.#execute(text, ours);
    const other = await this.#server.call("UpdateItem", {
      TableName: TWIN,
      Key,
      UpdateExpression,
      ConditionExpression:
        condition === undefined ? "attribute_exists(p)" : `attribute_exists(p) AND ${condition}`,
      ReturnValues: returning.replace(" ", "_").replace("MODIFIED", "UPDATED"),
      ...placeholders(twin),
    });
    expect({ text, kind: kindOf(answer) }).toEqual({ text, kind: kindOf(other) });
    const image = other.body["Attributes"];
    if (answer.status !== 200) this.counts.refused += 1;
    else {
      this.counts.written += 1;
      const items = itemsOf(answer).map(stable);
      expect({ text, items }).toEqual({ text, items: image === undefined ? [] : [stable(image)] });
    }
  }

  async #delete(): Promise<void> {
    const ours = new Mentions();
    const twin = new Mentions();
    const { Key, where, condition } = this.#oneItem(ours, twin);
    const text = `DELETE FROM ${OURS} WHERE ${where}`;
    const answer = await this.#execute(text, ours);
    const other = await this.#server.call("DeleteItem", {
      TableName: TWIN,
      Key,
      ...(condition === undefined ? {} : { ConditionExpression: `attribute_not_exists(p) OR ${condition}` }),
      ...placeholders(twin),
    });
    expect({ text, kind: kindOf(answer) }).toEqual({ text, kind: kindOf(other) });
  }

  /** An item's key, and perhaps a condition beside it, in both languages. */
  #oneItem(ours: Mentions, twin: Mentions) {
    const phrases = this.#phrases;
    const Key = { p: phrases.keyValue("p"), s: phrases.keyValue("s") };
    const further = phrases.chance(0.3) ? phrases.condition(["g", "h"], 1) : undefined;
    const parts = [`p = ${literal(Key.p)}`, further?.statement(ours), `s = ${literal(Key.s)}`];
    return {
      Key,
      where: parts.filter((part) => part !== undefined).join(" AND "),
      condition: further?.expression(twin),
    };
  }
}

test(
  `statements mean what the other operations do (SEED=${SEED})`,
  async () => {
    const server = await inProcess(doubleStore({ seed: SEED, delays: false, conflictRate: 0 }));
    for (const name of [OURS, TWIN]) await createTable(server, name);
    const comparison = new Comparison(server, seededRandom(SEED));
    for (let at = 0; at < STATEMENTS; at += 1) {
      await comparison.step();
      if (at % 50 === 0) await comparison.compareTables();
    }
    await comparison.compareTables();
    const { found, written, own, keyed } = comparison.counts;
    console.log(`statements: ${STATEMENTS}; ${JSON.stringify(comparison.counts)}`);
    expect(found).toBeGreaterThan(STATEMENTS / 4);
    expect(written).toBeGreaterThan(STATEMENTS / 40);
    expect(keyed).toBeGreaterThan(own);
    await server.catalog.close();
  },
  120_000 * VOLUME,
);
