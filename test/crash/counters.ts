import assert from "node:assert/strict";
import { type Item, read, type Send } from "./client.ts";
import { keyOf, n, range, s } from "./items.ts";
import type { Workload } from "./workloads.ts";

interface Version {
  readonly pk: string;
  readonly version: number;
  readonly token: string;
}

/**
 * Counters with a version check. Each write reads the counter, then sets version + 1 on the condition that the version is the one read,
 * and appends its token to the history. So the history tells of every write that happened, in order.
 */
export class Counters implements Workload {
  readonly name = "counters";
  readonly #prefix: string;
  readonly #keys: readonly string[];
  readonly #attempts = new Set<string>();
  readonly #acknowledged: Version[] = [];
  /** Versions that a read or a refusal showed. */
  readonly #seen: Version[] = [];
  /** Versions that a refusal said are no longer current. */
  readonly #movedOn: { readonly pk: string; readonly version: number }[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#keys = range(4).map((at) => `${prefix}/counter${at}`);
  }

  async run(send: Send, random: () => number): Promise<void> {
    const write = async (writer: number) => {
      for (let turn = 0; ; turn += 1) {
        const pk = this.#keys[Math.floor(random() * this.#keys.length)] ?? "";
        if (!(await this.#increment(send, pk, `${this.#prefix}-${writer}-${turn}`))) return;
      }
    };
    await Promise.all(range(8).map(write));
  }

  /** Whether the server answered. */
  async #increment(send: Send, pk: string, token: string): Promise<boolean> {
    const current = await send("GetItem", { Key: keyOf(pk), ConsistentRead: true });
    if (current.kind !== "acknowledged") return false;
    this.#see(pk, current.body.Item);
    const version = Number(current.body.Item?.["version"]?.["N"] ?? 0);
    this.#attempts.add(token);
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
    if (outcome.kind === "acknowledged") this.#acknowledged.push({ pk, version: version + 1, token });
    if (outcome.kind === "refused") {
      this.#movedOn.push({ pk, version });
      this.#see(pk, outcome.item);
    }
    return outcome.kind !== "unknown";
  }

  #see(pk: string, item: Item | undefined): void {
    const history = historyOf(item);
    const token = history.at(-1);
    if (token !== undefined) this.#seen.push({ pk, version: history.length, token });
  }

  async verify(send: Send): Promise<void> {
    const histories = new Map<string, readonly string[]>();
    for (const pk of this.#keys) {
      const item = await read(send, pk);
      const history = historyOf(item);
      assert.equal(
        Number(item?.["version"]?.["N"] ?? 0),
        history.length,
        `${pk}: version and history disagree`,
      );
      assert.equal(new Set(history).size, history.length, `${pk}: a write happened twice`);
      for (const token of history) assert(this.#attempts.has(token), `${pk}: ${token} was never written`);
      histories.set(pk, history);
    }
    const at = (pk: string, version: number) => histories.get(pk)?.[version - 1];
    for (const { pk, version, token } of this.#acknowledged) {
      assert.equal(at(pk, version), token, `${pk}: version ${version} was acknowledged and is lost`);
    }
    for (const { pk, version, token } of this.#seen) {
      assert.equal(at(pk, version), token, `${pk}: version ${version} was seen and is lost`);
    }
    for (const { pk, version } of this.#movedOn) {
      const now = histories.get(pk)?.length ?? 0;
      assert(now > version, `${pk}: a write on version ${version} was refused, yet the version is ${now}`);
    }
  }
}

/** The tokens of all writes of a counter, in order. */
const historyOf = (item: Item | undefined): readonly string[] =>
  ((item?.["history"]?.["L"] ?? []) as readonly { readonly S: string }[]).map(({ S }) => S);
