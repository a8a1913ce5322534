/**
 * Histories of reads, writes and transactions recorded over HTTP across kill -9 and restarts are strictly serialisable: what was answered
 * happened, at one instant between question and answer; what was not answered happened at some instant later, or not at all.
 * `HISTORY_KILLS` sets the number of kills, `SEED` the random choices.
 */
import { expect, test } from "bun:test";
import {
  type Call,
  createTableInput,
  describeHistory,
  emptyState,
  type History,
  record,
  step,
} from "../model/registers.ts";
import { serialise } from "../model/serialisable.ts";
import { call, refusalOf } from "../support/call.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer } from "../support/server.ts";

const KILLS = Number(process.env["HISTORY_KILLS"] ?? 4);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ROUND_MS_MAX = 6_000;
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

test(
  `histories across ${KILLS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    const server = await startServer({ flags: ["--durability", "sync"] });
    const history: History[number][] = [];
    try {
      expect((await server.call("CreateTable", createTableInput)).status).toBe(200);
      expect((await server.call("DescribeTable", { TableName: createTableInput.TableName })).status).toBe(
        200,
      );
      for (let kill = 0; kill <= KILLS; kill += 1) {
        const clients = 5;
        const isLast = kill === KILLS;
        const recording = record(callTo(server.endpoint), {
          keys: KEYS,
          clients,
          requestsPerClient: isLast ? 20 : 100_000,
          random,
        });
        if (!isLast) {
          await Bun.sleep(60 + random() * 120);
          await server.kill9();
        }
        history.push(...(await recording));
        if (!isLast) await server.restart();
      }
      const answered = history.filter(({ answer }) => answer !== undefined).length;
      const order = serialise(history, emptyState(KEYS), step);
      if (order === undefined) {
        throw new Error(`no order explains this history:\n${describeHistory(history)}`);
      }
      console.log(`${answered} operations answered, ${history.length - answered} cut off by ${KILLS} kills`);
      expect(history.length - answered).toBeGreaterThan(KILLS);
      expect(answered).toBeGreaterThan(10 * KILLS);
    } finally {
      await server.stop();
    }
  },
  30_000 + KILLS * ROUND_MS_MAX,
);
