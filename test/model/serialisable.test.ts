/**
 * Recorded histories of reads, writes and transactions, answered refusals included, are strictly serialisable. `HISTORY_ROUNDS` sets how
 * many are recorded, `SEED` the random choices.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { memoryVfs, openStore } from "../../storage/index.ts";
import { doubleStore } from "../support/double-store.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { seededRandom } from "../support/seeded-random.ts";
import {
  type Action,
  type Answer,
  type Call,
  createTableInput,
  describeHistory,
  emptyState,
  type History,
  type Request,
  record,
  step,
} from "./registers.ts";
import { serialise } from "./serialisable.ts";

const KEYS = ["a", "b", "c", "d"];
/** Histories recorded on each store. */
const ROUNDS = Number(process.env["HISTORY_ROUNDS"] ?? 8);
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

const put = (key: string, value: number, expected?: number | null): Action => ({
  kind: "put",
  key,
  value,
  ...(expected === undefined ? {} : { expected }),
});
const transact = (...actions: readonly Action[]): Request => ({ kind: "transact", actions });
const write = (action: Action): Request => ({ kind: "write", action });
const read = (...keys: readonly string[]): Request => ({ kind: "read", keys });
const done: Answer = { done: [] };

/** A history written by hand: sent, ended, request, answer. */
type Line = readonly [number, number, Request, Answer | undefined];
const orderOf = (...lines: readonly Line[]) =>
  serialise(
    lines.map(([sent, ended, request, answer]) => ({ sent, ended, request, answer })),
    emptyState(KEYS),
    step,
  );

const NEVER = Number.POSITIVE_INFINITY;

describe("the checker finds an order", () => {
  test("for no operation and for one", () => {
    expect(orderOf()).toEqual([]);
    expect(orderOf([0, 1, read("a"), { read: [null] }])).toEqual([0]);
  });

  test("other than that of sending, where operations overlap", () => {
    expect(orderOf([0, 9, transact(put("a", 1)), done], [1, 2, read("a"), { read: [null] }])).toEqual([1, 0]);
  });

  test("in which what changes nothing first changes something later", () => {
    expect(
      orderOf(
        [0, 9, transact({ kind: "delete", key: "a" }), done],
        [1, 2, write(put("a", 1, null)), { done: [null] }],
        [10, 11, read("a"), { read: [null] }],
      ),
    ).toEqual([1, 0, 2]);
  });

  test("with an operation that was not answered, where others saw it", () => {
    expect(
      orderOf(
        [0, NEVER, transact(put("a", 1), put("b", 1)), undefined],
        [5, 6, read("a", "b"), { read: [1, 1] }],
      ),
    ).toEqual([0, 1]);
  });

  test("without an operation that was not answered, where others did not see it", () => {
    expect(
      orderOf([0, NEVER, transact(put("a", 1)), undefined], [5, 6, read("a"), { read: [null] }]),
    ).toEqual([1]);
  });

  test("with an operation that was not answered, before others that changed nothing", () => {
    expect(
      orderOf(
        [0, 3, transact(put("a", 1)), undefined],
        [4, 9, read("b"), { read: [null] }],
        [4, 9, read("a"), { read: [1] }],
      )?.slice(0, 1),
    ).toEqual([0]);
  });

  test("in which refusals tell what was there", () => {
    expect(
      orderOf(
        [0, 9, transact(put("a", 1)), done],
        [0, 9, transact(put("a", 2, null)), { failed: [{ found: 1 }] }],
        [0, 9, write(put("a", 3, 1)), { done: [1] }],
        [10, 11, read("a"), { read: [3] }],
      ),
    ).toEqual([0, 1, 2, 3]);
  });
});

describe("the checker finds no order", () => {
  test("for a read that is older than an answer before it", () => {
    expect(orderOf([0, 1, transact(put("a", 1)), done], [2, 3, read("a"), { read: [null] }])).toBeUndefined();
  });

  test("for half a transaction", () => {
    expect(
      orderOf([0, 9, transact(put("a", 1), put("b", 1)), done], [1, 2, read("a", "b"), { read: [1, null] }]),
    ).toBeUndefined();
  });

  test("for half of one that was not answered", () => {
    expect(
      orderOf(
        [0, NEVER, transact(put("a", 1), put("b", 1)), undefined],
        [1, 2, read("a", "b"), { read: [1, null] }],
      ),
    ).toBeUndefined();
  });

  test("for two reads that saw two writes in different orders", () => {
    expect(
      orderOf(
        [0, 9, transact(put("a", 1)), done],
        [0, 9, transact(put("b", 1)), done],
        [0, 9, read("a", "b"), { read: [1, null] }],
        [0, 9, read("a", "b"), { read: [null, 1] }],
      ),
    ).toBeUndefined();
  });

  test("for a lost update", () => {
    const add: Action = { kind: "add", key: "a", value: 1 };
    expect(
      orderOf([0, 9, transact(add), done], [0, 9, transact(add), done], [10, 11, read("a"), { read: [1] }]),
    ).toBeUndefined();
  });

  test("for a write seen, and then not seen", () => {
    expect(
      orderOf(
        [0, NEVER, write(put("a", 1)), undefined],
        [1, 2, read("a"), { read: [1] }],
        [3, 4, read("a"), { read: [null] }],
      ),
    ).toBeUndefined();
  });

  test("for an operation that was not answered, and seen only after its server had died", () => {
    const lines: Line[] = [
      [0, 3, write(put("a", 1)), undefined],
      [4, 5, read("a"), { read: [null] }],
      [6, 7, read("a"), { read: [1] }],
    ];
    expect(orderOf(...lines)).toBeUndefined();
    expect(orderOf(...lines.slice(0, 2))).toEqual([1]);
    expect(orderOf(...lines.slice(0, 1), ...lines.slice(2))).toEqual([0, 1]);
  });

  test("for a refusal without a cause", () => {
    expect(orderOf([0, 1, write(put("a", 1, null)), { failed: [{ found: 2 }] }])).toBeUndefined();
    expect(orderOf([0, 1, transact(put("a", 1, null)), { failed: [null] }])).toBeUndefined();
  });

  test("for a success against its condition", () => {
    expect(orderOf([0, 1, transact(put("a", 1, 7)), done])).toBeUndefined();
  });

  test("for two that both claimed an item", () => {
    expect(
      orderOf([0, 9, transact(put("a", 1, null)), done], [0, 9, transact(put("a", 2, null)), done]),
    ).toBeUndefined();
  });
});

/** Records a history on a server that has the table, and checks it. */
async function orderOfRecord(call: Call, round: number, clients = 6, requestsPerClient = 25) {
  const random = seededRandom(seed + round);
  const history = await record(call, { keys: KEYS, clients, requestsPerClient, random });
  return { history, order: serialise(history, emptyState(KEYS), step) };
}

function expectSerialisable(history: History, order: readonly number[] | undefined): void {
  if (order === undefined) throw new Error(`no order explains this history:\n${describeHistory(history)}`);
}

/** How many of the transactions were refused: a history without any proves little. */
const refusals = (history: History) =>
  history.filter(({ answer }) => answer !== undefined && "failed" in answer).length;

describe(`recorded histories (SEED=${seed})`, () => {
  const cleanUp: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const task of cleanUp) await task();
  });

  async function withTable(server: InProcess): Promise<InProcess> {
    expect((await server.call("CreateTable", createTableInput)).status).toBe(200);
    return server;
  }
  const onDouble = async (round: number) =>
    withTable(await inProcess(doubleStore({ seed: seed + round, delays: true, conflictRate: 0.1 })));
  const onEngine = async () => {
    const store = await openStore({ vfs: memoryVfs(), durability: { mode: "sync" } });
    const server = await withTable(await inProcess(store));
    cleanUp.push(async () => {
      await server.catalog.close();
      await store.close();
    });
    return server;
  };

  test("on a store that delays and conflicts", async () => {
    let refused = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { history, order } = await orderOfRecord((await onDouble(round)).call, round);
      expectSerialisable(history, order);
      refused += refusals(history);
    }
    expect(refused).toBeGreaterThan(50);
  });

  test("on the engine", async () => {
    let refused = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const { history, order } = await orderOfRecord((await onEngine()).call, round);
      expectSerialisable(history, order);
      refused += refusals(history);
    }
    expect(refused).toBeGreaterThan(50);
  });

  /** A server with a fault must be found out within some rounds. */
  async function expectFoundOut(faulty: (server: InProcess) => Call): Promise<void> {
    for (let round = 0; round < 30; round += 1) {
      const { order } = await orderOfRecord(faulty(await onDouble(round)), round);
      if (order === undefined) return;
    }
    throw new Error("the fault was not found");
  }

  test("find a server out that reads the items of a transaction one by one", () =>
    expectFoundOut(({ call }) => async (operation, input) => {
      if (operation !== "TransactGetItems") return await call(operation, input);
      const { TransactItems } = input as { TransactItems: readonly { Get: object }[] };
      const bodies: object[] = [];
      for (const { Get } of TransactItems) bodies.push((await call("GetItem", Get)).body);
      return { status: 200, error: undefined, body: { Responses: bodies } };
    }));

  test("find a server out that writes the items of a transaction one by one", () =>
    expectFoundOut(({ call }) => async (operation, input) => {
      if (operation !== "TransactWriteItems") return await call(operation, input);
      const { TransactItems } = input as { TransactItems: readonly object[] };
      const answer = await call(operation, input);
      if (answer.status !== 200 || TransactItems.length === 1) return answer;
      // Once more, each for itself: what others see in between was never a state.
      for (const item of TransactItems) await call(operation, { TransactItems: [item] });
      return answer;
    }));

  test("find a server out whose reads are stale", () => {
    const seen = new Map<string, Awaited<ReturnType<Call>>>();
    return expectFoundOut(({ call }) => async (operation, input) => {
      const answer = await call(operation, input);
      if (operation !== "TransactGetItems") return answer;
      const text = JSON.stringify(input);
      const stale = seen.get(text) ?? answer;
      seen.set(text, answer);
      return stale;
    });
  });
});
