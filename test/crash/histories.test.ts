/**
 * Histories of reads, writes and transactions recorded over HTTP across kill -9 and restarts are strictly serialisable: what was answered
 * happened, at one instant between question and answer; what was not answered happened at some instant later, or not at all.
 * `HISTORY_KILLS` sets the number of kills, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import {
  type Call,
  createTableInput,
  describeHistory,
  emptyState,
  type History,
  perform,
  record,
  type State,
  step,
} from "../model/registers.ts";
import { serialise } from "../model/serialisable.ts";
import { call, refusalOf } from "../support/call.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer } from "../support/server.ts";

const KILLS = Number(process.env["HISTORY_KILLS"] ?? 4);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ROUND_MS_MAX = 6_000;
/** A server is not killed before it has answered this often, however busy the machine is. */
const ANSWERS_MIN = 12;
const KEYS = ["a", "b", "c", "d"];

const callTo =
  (endpoint: string): Call =>
  async (operation, input) => {
    const answer = await call(endpoint, operation, input);
    const body = (answer.body ?? {}) as Readonly<Record<string, unknown>>;
    return {
      status: answer.status,
      error: answer.status === 200 ? undefined : refusalOf(answer).type,
      body,
    };
  };

/** Asserts that an order explains a history that begins in a state. */
function assertSerialisable(history: History, initial: State): void {
  if (serialise(history, initial, step) !== undefined) return;
  throw new Error(
    `no order explains this history from ${JSON.stringify(initial)}:\n${describeHistory(history)}`,
  );
}

test(
  `histories across ${KILLS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const server = await startServer({ flags: ["--durability", "sync"] });
    let answered = 0;
    let cutOff = 0;
    try {
      expect((await server.call("CreateTable", createTableInput)).status).toBe(200);
      expect((await server.call("DescribeTable", { TableName: createTableInput.TableName })).status).toBe(
        200,
      );
      let state = emptyState(KEYS);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const workload = { keys: KEYS, clients: 5, requestsPerClient: 100_000, random };
        let answers = 0;
        const counted: Call = async (operation, input) => {
          const answer = await callTo(server.endpoint)(operation, input);
          answers += 1;
          return answer;
        };
        const recording = record(counted, workload);
        await Bun.sleep(60 + random() * 120);
        while (answers < ANSWERS_MIN) await Bun.sleep(5);
        await server.kill9();
        const history = await recording;
        await server.restart();
        // What is there now ends this history and begins the next.
        const sent = performance.now();
        const answer = await perform(callTo(server.endpoint), { kind: "read", keys: KEYS });
        assert(answer !== undefined && "read" in answer, "the server is up again");
        const last = {
          request: { kind: "read", keys: KEYS },
          sent,
          ended: performance.now(),
          answer,
        } as const;
        assertSerialisable([...history, last], state);
        state = Object.fromEntries(KEYS.map((key, at) => [key, answer.read[at] ?? null]));
        cutOff += history.filter((operation) => operation.answer === undefined).length;
        answered += history.filter((operation) => operation.answer !== undefined).length;
      }
      console.log(`${KILLS} kills: ${answered} operations answered, ${cutOff} cut off`);
      expect(cutOff).toBeGreaterThan(KILLS);
      expect(answered).toBeGreaterThan(10 * KILLS);
    } finally {
      await server.stop();
    }
  },
  30_000 + KILLS * ROUND_MS_MAX,
);
