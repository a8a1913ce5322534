/**
 * Concurrent writers of a table, each kind with a journal of what was attempted and answered, and a check of the table against it. A
 * writer goes on until a request is not answered; `verify` runs against the restarted server.
 */
import assert from "node:assert/strict";
import { read, type Send } from "./client.ts";
import { assertWhole, attributesOf, bytesOf, inGroups, keyOf, n, range, s } from "./items.ts";

export interface Workload {
  readonly name: string;
  /** Writes, several writers at a time, until the server no longer answers. */
  run(send: Send, random: () => number): Promise<void>;
  /** Throws when the table contradicts the journal. May be called again, after later crashes too. */
  verify(send: Send): Promise<void>;
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
