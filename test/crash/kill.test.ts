/**
 * kill -9 under load, again and again on one data directory. After each restart: every acknowledged write is there, none is there in half,
 * no refusal contradicts the state, what was read is still there; then writes go on. `KILL_ROUNDS` sets the number of rounds, `SEED` the
 * random choices (the timing of a kill is the machine's own).
 */
import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { seededRandom } from "../support/seeded-random.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { sender, TABLE, type Tally } from "./client.ts";
import { Counters } from "./counters.ts";
import { claims, hotNumber, owned, type Workload } from "./workloads.ts";

const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 20);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const ROUND_MS_MAX = 6_000;
/** Time under load before the kill, in milliseconds; longer where the machine is too slow for the least number of writes. */
const LOAD_MS = { min: 40, max: 400 };
const ACKNOWLEDGED_MIN = 25;

/** Writes until the kill, and reports whether the server was still up when it came. */
async function loadAndKill(
  server: TestServer,
  loads: readonly Workload[],
  tally: Tally,
  random: () => number,
) {
  const send = sender(server.endpoint, tally);
  let killed = false;
  const writing = Promise.all(
    loads.map(async (load) => {
      await load.run(send, random);
      assert(killed, `${load.name}: the server went away by itself:\n${server.errors}`);
    }),
  );
  const killing = async () => {
    const enough = tally.acknowledged + ACKNOWLEDGED_MIN;
    await Bun.sleep(LOAD_MS.min + random() * (LOAD_MS.max - LOAD_MS.min));
    while (tally.acknowledged < enough) await Bun.sleep(5);
    killed = true;
    await server.kill9();
  };
  await Promise.all([writing, killing()]);
}

test(
  `acknowledged writes survive ${ROUNDS} kills (SEED=${SEED})`,
  async () => {
    const random = seededRandom(SEED);
    // A small memtable, so that kills also hit flushes and the files they leave.
    const server = await startServer({
      flags: ["--durability", "sync", "--memtable-bytes-max", String(1 << 20)],
    });
    try {
      const created = await server.call("CreateTable", {
        TableName: TABLE,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      });
      expect(created.status).toBe(200);
      expect((await server.call("DescribeTable", { TableName: TABLE })).text).toContain("ACTIVE");

      const tally: Tally = { acknowledged: 0, refused: 0, unknown: 0 };
      const all: Workload[] = [];
      for (let round = 1; round <= ROUNDS; round += 1) {
        const name = `round${round}`;
        const loads = [new Counters(name), claims(name), owned(name), hotNumber(name)];
        all.push(...loads);
        await loadAndKill(server, loads, tally, random);
        await server.restart();
        if (random() < 0.25) {
          await server.kill9();
          await server.restart();
        }
        const send = sender(server.endpoint, { acknowledged: 0, refused: 0, unknown: 0 });
        for (const load of loads) await load.verify(send);
      }
      // Later rounds must not have harmed what earlier ones left.
      await server.restart();
      const send = sender(server.endpoint, { acknowledged: 0, refused: 0, unknown: 0 });
      for (const load of all) await load.verify(send);
      console.log(
        `${ROUNDS} kills: ${tally.acknowledged} answers acknowledged, ${tally.refused} refused, ${tally.unknown} cut off`,
      );
      expect(tally.acknowledged).toBeGreaterThanOrEqual(ACKNOWLEDGED_MIN * ROUNDS);
      expect(tally.refused).toBeGreaterThan(0);
      expect(tally.unknown).toBeGreaterThan(ROUNDS);
    } finally {
      await server.stop();
    }
  },
  30_000 + ROUNDS * ROUND_MS_MAX,
);
