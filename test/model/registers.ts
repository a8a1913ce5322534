/**
 * A small world for histories: a few items, each absent or holding a number, read and written alone and in transactions. Requests in plain
 * words, what they do by definition, and how they are put to a server.
 */
import assert from "node:assert/strict";
import type { Observation, Step } from "./serialisable.ts";

export const TABLE = "Registers";

/** Values by key; null where there is no item. */
export type State = { readonly [key: string]: number | null };

/** One change or check of an item. `expected`: the value it must have for that. */
export interface Action {
  readonly kind: "put" | "add" | "delete" | "check";
  readonly key: string;
  /** What is put or added. */
  readonly value?: number;
  readonly expected?: number | null;
}

export type Request =
  | { readonly kind: "transact"; readonly actions: readonly Action[] }
  | { readonly kind: "write"; readonly action: Action }
  | { readonly kind: "read"; readonly keys: readonly string[] };

/**
 * done: written, with the values before where the operation tells them; read: values by place; failed: per action null, or the value that
 * did not meet its expectation.
 */
export type Answer =
  | { readonly done: readonly (number | null)[] }
  | { readonly read: readonly (number | null)[] }
  | { readonly failed: readonly (null | { readonly found: number | null })[] };

export type History = readonly Observation<Request, Answer>[];

const valueIn = (state: State, key: string): number | null => state[key] ?? null;

/** What a request does and answers, by definition. */
export const step: Step<State, Request, Answer> = (state, request) => {
  if (request.kind === "read") {
    return { state, answer: { read: request.keys.map((key) => valueIn(state, key)) } };
  }
  const actions = request.kind === "write" ? [request.action] : request.actions;
  const failed = actions.map(({ key, expected }) => {
    const found = valueIn(state, key);
    return expected === undefined || expected === found ? null : { found };
  });
  if (failed.some((failure) => failure !== null)) return { state, answer: { failed } };
  const after = { ...state };
  for (const { kind, key, value = 0 } of actions) {
    if (kind === "put") after[key] = value;
    else if (kind === "add") after[key] = (valueIn(state, key) ?? 0) + value;
    else if (kind === "delete") after[key] = null;
  }
  const done = request.kind === "write" ? [valueIn(state, request.action.key)] : [];
  return { state: after, answer: { done } };
};

/** A state in which no key has an item. */
export const emptyState = (keys: readonly string[]): State =>
  Object.fromEntries(keys.map((key) => [key, null]));

/** What a server answered: a status, the exception's name when it refused, the body. */
export interface Reply {
  readonly status: number;
  readonly error: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Call = (operation: string, input: object) => Promise<Reply>;

/** Puts a request to a server; undefined when `call` rejects: nobody knows what became of it. Any other refusal than the expected throws. */
export async function perform(call: Call, request: Request): Promise<Answer | undefined> {
  switch (request.kind) {
    case "read":
      return await performRead(call, request.keys);
    case "write":
      return await performWrite(call, request.action);
    case "transact":
      return await performTransaction(call, request.actions);
  }
}

/** One item is read alone, several in a transaction. */
async function performRead(call: Call, keys: readonly string[]): Promise<Answer | undefined> {
  const [first, ...others] = keys.map((key) => ({ TableName: TABLE, Key: keyOf(key) }));
  assert(first !== undefined, "a read has keys");
  if (others.length === 0) {
    const reply = await call("GetItem", { ...first, ConsistentRead: true }).catch(() => undefined);
    if (reply === undefined) return undefined;
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    return { read: [numberIn(reply.body["Item"] as Item | undefined)] };
  }
  const TransactItems = [first, ...others].map((Get) => ({ Get }));
  const reply = await call("TransactGetItems", { TransactItems }).catch(() => undefined);
  if (reply === undefined) return undefined;
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
  const responses = reply.body["Responses"] as readonly { readonly Item?: Item }[];
  return { read: responses.map(({ Item }) => numberIn(Item)) };
}

interface Item {
  readonly v?: { readonly N: string };
}

const keyOf = (key: string) => ({ pk: { S: key } });
const numberIn = (item: Item | undefined) => (item?.v === undefined ? null : Number(item.v.N));

/** The parameters of an action; those of a condition and of an update share their values. */
function parametersOf({ kind, key, value = 0, expected }: Action): object {
  const expectation =
    expected === undefined ? undefined : expected === null ? "attribute_not_exists(pk)" : "v = :expected";
  const values = {
    ...(typeof expected === "number" ? { ":expected": { N: String(expected) } } : {}),
    ...(kind === "add" ? { ":value": { N: String(value) } } : {}),
  };
  return {
    TableName: TABLE,
    ...(kind === "put" ? { Item: { ...keyOf(key), v: { N: String(value) } } } : { Key: keyOf(key) }),
    ...(kind === "add" ? { UpdateExpression: "ADD v :value" } : {}),
    ...(expectation === undefined ? {} : { ConditionExpression: expectation }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

const OPERATIONS = { put: "PutItem", add: "UpdateItem", delete: "DeleteItem" } as const;

async function performWrite(call: Call, action: Action): Promise<Answer | undefined> {
  assert(action.kind !== "check", "only transactions check");
  const input = { ...parametersOf(action), ReturnValues: "ALL_OLD" };
  const reply = await call(OPERATIONS[action.kind], input).catch(() => undefined);
  if (reply === undefined) return undefined;
  if (reply.status === 200) return { done: [numberIn(reply.body["Attributes"] as Item | undefined)] };
  assert.equal(reply.error, "ConditionalCheckFailedException", JSON.stringify(reply.body));
  return { failed: [{ found: numberIn(reply.body["Item"] as Item | undefined) }] };
}

const MEMBERS = { put: "Put", add: "Update", delete: "Delete", check: "ConditionCheck" } as const;

async function performTransaction(call: Call, actions: readonly Action[]): Promise<Answer | undefined> {
  const TransactItems = actions.map((action) => ({ [MEMBERS[action.kind]]: parametersOf(action) }));
  const reply = await call("TransactWriteItems", { TransactItems }).catch(() => undefined);
  if (reply === undefined) return undefined;
  if (reply.status === 200) return { done: [] };
  assert.equal(reply.error, "TransactionCanceledException", JSON.stringify(reply.body));
  const reasons = reply.body["CancellationReasons"] as readonly { Code: string; Item?: Item }[];
  return {
    failed: reasons.map(({ Code, Item }) => {
      if (Code === "None") return null;
      assert.equal(Code, "ConditionalCheckFailed", JSON.stringify(reply.body));
      return { found: numberIn(Item) };
    }),
  };
}

/** A random request on some of the keys. Values are small, so that expectations are sometimes met. */
export function randomRequest(keys: readonly string[], random: () => number): Request {
  const some = shuffled(keys, random).slice(0, 1 + Math.floor(random() * Math.min(3, keys.length)));
  const dice = random();
  if (dice < 0.35) return { kind: "read", keys: some };
  if (dice < 0.55) return { kind: "write", action: randomAction(some[0] ?? "", random, false) };
  return { kind: "transact", actions: some.map((key) => randomAction(key, random, true)) };
}

function randomAction(key: string, random: () => number, mayCheck: boolean): Action {
  const value = Math.floor(random() * 4);
  const expectation = random();
  const expected = expectation < 0.5 ? undefined : expectation < 0.65 ? null : Math.floor(random() * 4);
  const kinds =
    mayCheck && expected !== undefined
      ? (["put", "add", "delete", "check"] as const)
      : (["put", "add", "delete"] as const);
  const kind = kinds[Math.floor(random() * kinds.length)] ?? "put";
  return { kind, key, value, ...(expected === undefined ? {} : { expected }) };
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

export interface Workload {
  readonly keys: readonly string[];
  readonly clients: number;
  readonly requestsPerClient: number;
  readonly random: () => number;
}

/** Lets concurrent clients send random requests, each until it gets no answer; returns what they saw. */
export async function record(
  call: Call,
  { keys, clients, requestsPerClient, random }: Workload,
): Promise<History> {
  const history: Observation<Request, Answer>[] = [];
  const client = async () => {
    for (let turn = 0; turn < requestsPerClient; turn += 1) {
      const request = randomRequest(keys, random);
      const sent = performance.now();
      const answer = await perform(call, request);
      // Without an answer the server is gone, and what had not happened by then never will.
      history.push({ request, sent, ended: performance.now(), answer });
      if (answer === undefined) return;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return history;
}

/** CreateTable's input for the table of registers. */
export const createTableInput = {
  TableName: TABLE,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
};

/** A history as text, one operation a line in the order of sending: what a failed check should show. */
export function describeHistory(history: History): string {
  return [...history]
    .sort((a, b) => a.sent - b.sent)
    .map(
      ({ request, sent, ended, answer }) =>
        `${sent.toFixed(3)}..${ended.toFixed(3)} ${JSON.stringify(request)} -> ${JSON.stringify(answer)}`,
    )
    .join("\n");
}
