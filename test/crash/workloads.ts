/**
 * Concurrent writers of a table, each kind with a journal of what was attempted and answered, and a check of the table against it. A
 * writer goes on until a request is not answered; `verify` runs against the restarted server.
 */
import assert from "node:assert/strict";
import { type Item, read, type Send } from "./client.ts";

export interface Workload {
  readonly name: string;
  /** Writes with `writers` concurrent writers until the server no longer answers. */
  run(send: Send, random: () => number): Promise<void>;
  /** Throws when the table contradicts the journal. May be called again, after later crashes too. */
  verify(send: Send): Promise<void>;
}

const n = (value: number) => ({ N: String(value) });
const s = (value: string) => ({ S: value });
const keyOf = (pk: string) => ({ pk: s(pk) });
const range = (length: number) => Array.from({ length }, (_, at) => at);

/** Attributes that all follow from one token, a long one among them: half of a write would not fit together. */
function attributesOf(token: string, bytes: number): Item {
  const parts = Object.fromEntries(range(8).map((at) => [`part${at}`, s(`${token}/${at}`)]));
  return {
    token: s(token),
    ...parts,
    filler: s(token.repeat(Math.ceil(bytes / token.length)).slice(0, bytes)),
    nested: { M: { token: s(token), list: { L: [s(token), n(bytes)] } } },
    bytes: n(bytes),
  };
}

/** Asserts that an item is a whole write of its token. */
function assertWhole(pk: string, item: Item): string {
  const token = String(item["token"]?.["S"]);
  const bytes = Number(item["bytes"]?.["N"]);
  assert.deepEqual(item, { ...keyOf(pk), ...attributesOf(token, bytes) }, `${pk} is not one whole write`);
  return token;
}

/** Sizes of written items in bytes: mostly small, some of many pages. */
const bytesOf = (random: () => number) => Math.floor(random() < 0.1 ? random() * 60_000 : random() * 800);

/**
 * Counters with a version check. Each write reads the counter, then sets version + 1 on the condition that the version is the one read,
 * and appends its token to the history. So the history tells of every write that happened, in order.
 */
export function counters(name: string): Workload {
  const keys = range(4).map((at) => `${name}/counter${at}`);
  const acknowledged: { pk: string; version: number; token: string }[] = [];
  const seen: { pk: string; version: number; token: string }[] = [];
  /** Versions that a refusal said are no longer current. */
  const movedOn: { pk: string; version: number }[] = [];
  const attempts = new Set<string>();

  const see = (pk: string, item: Item | undefined) => {
    const history = item?.["history"]?.["L"] as readonly { S: string }[] | undefined;
    const last = history?.at(-1)?.S;
    if (history !== undefined && last !== undefined) seen.push({ pk, version: history.length, token: last });
  };

  async function increment(send: Send, pk: string, token: string): Promise<boolean> {
    const current = await send("GetItem", { Key: keyOf(pk), ConsistentRead: true });
    if (current.kind !== "acknowledged") return false;
    see(pk, current.body.Item);
    const version = Number(current.body.Item?.["version"]?.["N"] ?? 0);
    attempts.add(token);
    const outcome = await send("UpdateItem", {
      Key: keyOf(pk),
      UpdateExpression: "SET version = :new, history = list_append(if_not_exists(history, :none), :token)",
      ConditionExpression: version === 0 ? "attribute_not_exists(pk)" : "version = :old",
      ExpressionAttributeValues: {
        ":new": n(version + 1),
        ":none": { L: [] },
        ":token": { L: [s(token)] },
        ...(version === 0 ? {} : { ":old": n(version) }),
      },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    if (outcome.kind === "acknowledged") acknowledged.push({ pk, version: version + 1, token });
    if (outcome.kind === "refused") {
      movedOn.push({ pk, version });
      see(pk, outcome.item);
    }
    return outcome.kind !== "unknown";
  }

  return {
    name: "counters",
    run: async (send, random) => {
      const write = async (writer: number) => {
        for (let turn = 0; ; turn += 1) {
          const pk = keys[Math.floor(random() * keys.length)] ?? "";
          if (!(await increment(send, pk, `${name}-${writer}-${turn}`))) return;
        }
      };
      await Promise.all(range(8).map(write));
    },
    verify: async (send) => {
      const histories = new Map<string, readonly string[]>();
      for (const pk of keys) {
        const item = await read(send, pk);
        const history = ((item?.["history"]?.["L"] ?? []) as readonly { S: string }[]).map(({ S }) => S);
        assert.equal(
          Number(item?.["version"]?.["N"] ?? 0),
          history.length,
          `${pk}: version and history disagree`,
        );
        assert.equal(new Set(history).size, history.length, `${pk}: a write happened twice`);
        for (const token of history) assert(attempts.has(token), `${pk}: ${token} was never written`);
        histories.set(pk, history);
      }
      const at = (pk: string, version: number) => histories.get(pk)?.[version - 1];
      for (const { pk, version, token } of acknowledged) {
        assert.equal(at(pk, version), token, `${pk}: version ${version} was acknowledged and is lost`);
      }
      for (const { pk, version, token } of seen) {
        assert.equal(at(pk, version), token, `${pk}: version ${version} was read and is lost`);
      }
      for (const { pk, version } of movedOn) {
        const now = histories.get(pk)?.length ?? 0;
        assert(now > version, `${pk}: a write on version ${version} was refused, yet the version is ${now}`);
      }
    },
  };
}

/** Several writers claim each key with attribute_not_exists. */
export function claims(name: string): Workload {
  const owners = new Map<string, string>();
  const refused = new Map<string, string | undefined>();
  const attempted = new Map<string, Set<string>>();
  const writers = 6;
  return {
    name: "claims",
    run: async (send, random) => {
      const write = async (writer: number) => {
        for (let turn = 0; ; turn += 1) {
          const pk = `${name}/claim${turn}`;
          const token = `${pk}-by-${writer}`;
          attempted.set(pk, (attempted.get(pk) ?? new Set()).add(token));
          const outcome = await send("PutItem", {
            Item: { ...keyOf(pk), ...attributesOf(token, bytesOf(random)) },
            ConditionExpression: "attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          });
          if (outcome.kind === "acknowledged") {
            assert(!owners.has(pk), `${pk} was given to ${owners.get(pk)} and to ${token}`);
            owners.set(pk, token);
          } else if (outcome.kind === "refused") {
            refused.set(pk, outcome.item === undefined ? undefined : assertWhole(pk, outcome.item));
          } else return;
        }
      };
      await Promise.all(range(writers).map(write));
    },
    verify: async (send) => {
      const verifyKey = async (pk: string) => {
        const item = await read(send, pk);
        const owner = item === undefined ? undefined : assertWhole(pk, item);
        if (owners.has(pk)) assert.equal(owner, owners.get(pk), `${pk} was acknowledged to another owner`);
        if (refused.has(pk)) {
          assert(owner !== undefined, `${pk}: a claim was refused, yet there is no item`);
          assert.equal(
            owner,
            refused.get(pk),
            `${pk}: the item that refused a claim is not the one that is there`,
          );
        }
        assert(owner === undefined || attempted.get(pk)?.has(owner), `${pk}: ${owner} never claimed it`);
      };
      await inGroups([...attempted.keys()], verifyKey);
    },
  };
}

/** Each writer puts, replaces and deletes keys of its own, so that the last answered write and those after it are known. */
export function owned(name: string): Workload {
  /** Tokens that a key may have: the last acknowledged one, then the one not answered. Undefined is no item. */
  const possible = new Map<string, (string | undefined)[]>();
  const writers = 6;
  return {
    name: "owned items",
    run: async (send, random) => {
      const write = async (writer: number) => {
        for (let turn = 0; ; turn += 1) {
          const pk = `${name}/owned${writer}-${Math.floor(random() * 10)}`;
          const before = possible.get(pk)?.[0];
          const token = random() < 0.2 ? undefined : `${pk}-${turn}`;
          possible.set(pk, [before, token]);
          const condition = before === undefined ? "attribute_not_exists(pk)" : "#t = :before";
          const outcome = await send(token === undefined ? "DeleteItem" : "PutItem", {
            ...(token === undefined
              ? { Key: keyOf(pk) }
              : { Item: { ...keyOf(pk), ...attributesOf(token, bytesOf(random)) } }),
            ConditionExpression: condition,
            ...(before === undefined
              ? {}
              : {
                  ExpressionAttributeNames: { "#t": "token" },
                  ExpressionAttributeValues: { ":before": s(before) },
                }),
          });
          if (outcome.kind === "unknown") return;
          assert.equal(outcome.kind, "acknowledged", `${pk} is not ${before}, though nobody else writes it`);
          possible.set(pk, [token]);
        }
      };
      await Promise.all(range(writers).map(write));
    },
    verify: async (send) => {
      await inGroups([...possible.keys()], async (pk) => {
        const item = await read(send, pk);
        const token = item === undefined ? undefined : assertWhole(pk, item);
        const candidates = possible.get(pk) ?? [];
        assert(
          candidates.includes(token),
          `${pk} holds ${token}; its writer left it as ${candidates.join(" or ")}`,
        );
        possible.set(pk, [token]);
      });
    },
  };
}

/** Unconditional increments of one hot item: each answer is a number nobody else got. */
export function hotNumber(name: string): Workload {
  const pk = `${name}/hot`;
  let attempts = 0;
  const returned = new Set<number>();
  let highest = 0;
  return {
    name: "hot number",
    run: async (send) => {
      const write = async () => {
        for (;;) {
          attempts += 1;
          const outcome = await send("UpdateItem", {
            Key: keyOf(pk),
            UpdateExpression: "ADD hits :one",
            ExpressionAttributeValues: { ":one": n(1) },
            ReturnValues: "UPDATED_NEW",
          });
          if (outcome.kind !== "acknowledged") return;
          const value = Number(outcome.body.Attributes?.["hits"]?.["N"]);
          assert(!returned.has(value), `two increments were answered ${value}`);
          returned.add(value);
          highest = Math.max(highest, value);
        }
      };
      await Promise.all(range(4).map(write));
    },
    verify: async (send) => {
      const hits = Number((await read(send, pk))?.["hits"]?.["N"] ?? 0);
      assert(hits >= highest, `hits is ${hits}, yet ${highest} was answered`);
      assert(hits >= returned.size, `${returned.size} increments were acknowledged, hits is ${hits}`);
      assert(hits <= attempts, `${attempts} increments were tried, hits is ${hits}`);
    },
  };
}

/** Runs a task for all keys, some at a time. */
async function inGroups(keys: readonly string[], task: (key: string) => Promise<void>): Promise<void> {
  const size = 32;
  for (let at = 0; at < keys.length; at += size) await Promise.all(keys.slice(at, at + size).map(task));
}
