/** Clients of a server whose disk misbehaves: an answer is a success, a failed condition, the one error that says "not my fault", or none. */
import assert from "node:assert/strict";
import { type Item, type Outcome, read, type Send, TABLE, type Tally } from "../crash/client.ts";
import { keyOf, n, range, s } from "../crash/items.ts";
import type { Workload } from "../crash/workloads.ts";
import { type Answer, call, refusalOf } from "../support/call.ts";

/** No request may hang for longer. */
const answerMsMax = 10_000;

async function withoutHanging(operation: string, answer: Promise<Answer>): Promise<Answer | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((fulfil) => {
    timer = setTimeout(() => fulfil("late"), answerMsMax);
  });
  const first = await Promise.race([answer.catch(() => undefined), late]);
  clearTimeout(timer);
  assert(first !== "late", `${operation} was not answered within ${answerMsMax} ms`);
  return first;
}

/** Sends to `endpoint` until `isOver`; from then on, nothing is sent and every outcome is "unknown", which ends a workload. */
export function patientSender(endpoint: string, tally: Tally, isOver: () => boolean = () => false): Send {
  const send = async (operation: string, request: object): Promise<Outcome> => {
    if (isOver()) return { kind: "unknown" };
    const answer = await withoutHanging(
      operation,
      call(endpoint, operation, { TableName: TABLE, ...request }),
    );
    if (answer === undefined) return { kind: "unknown" };
    const body = answer.body as { Item?: Item; Attributes?: Item };
    if (answer.status === 200) return { kind: "acknowledged", body };
    const { type } = refusalOf(answer);
    if (type === "ConditionalCheckFailedException") return { kind: "refused", item: body.Item };
    assert.equal(
      `${answer.status} ${type}`,
      "500 InternalServerError",
      `${operation} was answered ${answer.text}`,
    );
    return { kind: "unknown" };
  };
  return async (operation, request) => {
    const outcome = await send(operation, request);
    tally[outcome.kind] += 1;
    return outcome;
  };
}

/** Each writer replaces the two items of its pair in transactions: never one without the other. */
export function pairs(name: string): Workload {
  const possible = new Map<string, (string | undefined)[]>();
  const keysOf = (pair: string) => [`${pair}/left`, `${pair}/right`];
  return {
    name: "pairs",
    run: async (send, random) => {
      const write = async (writer: number) => {
        const pair = `${name}/pair${writer}`;
        for (let turn = 0; ; turn += 1) {
          const token = `${pair}-${turn}`;
          possible.set(pair, [possible.get(pair)?.[0], token]);
          const filler = s("x".repeat(Math.floor(random() * 2_000)));
          const items = keysOf(pair).map((pk) => ({ ...keyOf(pk), token: s(token), turn: n(turn), filler }));
          const outcome = await send("TransactWriteItems", {
            TransactItems: items.map((item) => ({ Put: { TableName: TABLE, Item: item } })),
          });
          if (outcome.kind !== "acknowledged") return;
          possible.set(pair, [token]);
        }
      };
      await Promise.all(range(3).map(write));
    },
    verify: async (send) => {
      for (const [pair, candidates] of possible) {
        const [left, right] = await Promise.all(keysOf(pair).map((pk) => read(send, pk)));
        const token = left?.["token"]?.["S"];
        assert.deepEqual(
          [left?.["turn"], left?.["filler"]],
          [right?.["turn"], right?.["filler"]],
          `half of ${pair}`,
        );
        assert.equal(token, right?.["token"]?.["S"], `half of a transaction: ${pair}`);
        assert(
          candidates.includes(token as string | undefined),
          `${pair} holds ${token}; its writer left it as ${candidates.join(" or ")}`,
        );
      }
    },
  };
}
