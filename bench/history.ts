/**
 * How fast the past is restored, and what keeping it costs: `node scripts/run.mjs bench/history.ts [--mb 128] [--rounds 3]`.
 *
 * Writes rows of 1 KB to a space whose past is kept, and restores it to the end of its log: from the log's segments, and from archives (for which three
 * times as much is written to another space beside it, whose past is not kept). Rates are bytes of the replayed rows per second. Cost: CPU
 * per row written to two spaces, with the past of one kept and without, alternating.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { diskVfs, type LocalStore, openStore, type SpaceId, type StoreOptions } from "../storage/index.ts";
import { median, textTable } from "./support/statistics.ts";

const { values } = parseArgs({ options: { mb: { type: "string" }, rounds: { type: "string" } } });
const megabytes = Number(values.mb ?? 128);
const rounds = Number(values.rounds ?? 3);

const ROW_BYTES = 1000;
const TOGETHER = 64;
const KEYS = 50_000;
const DAY = 24 * 3_600_000;

const directory = mkdtempSync(join(tmpdir(), "walnut-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
let stores = 0;

function open(options: Partial<StoreOptions>): Promise<LocalStore> {
  const vfs = diskVfs(join(directory, `store-${stores++}`));
  return openStore({ vfs, durability: { mode: "off" }, worker: true, historyBytesMax: 2 ** 40, ...options });
}

/** Half of a row's bytes compress away, as those of items do. */
function rowOf(n: number): Uint8Array {
  const row = new Uint8Array(ROW_BYTES);
  for (let at = 0; at < ROW_BYTES / 2; at++) row[at] = (n * 31 + at * at * 17) & 0xff;
  return row;
}

async function write(
  store: LocalStore,
  spaces: readonly SpaceId[],
  rows: number,
  from: number,
): Promise<void> {
  for (let n = from; n < from + rows; n += TOGETHER) {
    const commits = Array.from({ length: TOGETHER }, (_, i) => {
      const space = spaces[(n + i) % spaces.length];
      assert(space !== undefined);
      const key = `row-${(((n + i) * 7919) % KEYS).toString().padStart(8, "0")}`;
      return store.transact({ reads: [{ space, key }] }, ([old]) => ({
        kind: "commit",
        writes: [{ space, key, value: rowOf(n + i) }],
        deltas: [{ space, rows: old === undefined ? 1 : 0, bytes: ROW_BYTES }],
        result: undefined,
      }));
    });
    for (const { kind } of await Promise.all(commits)) assert.equal(kind, "committed");
  }
}

interface Replay {
  readonly mbPerSecond: number;
  readonly archives: number;
}

/** Restores from segments (all of the log is wanted) or from archives (most of it is not). */
async function replay(fromArchives: boolean): Promise<Replay> {
  const store = await open({
    segmentBytesMax: 16 << 20,
    historyCheckpointBytes: 2 ** 40,
    archives: fromArchives,
  });
  const [kept, other] = [crypto.randomUUID(), crypto.randomUUID()];
  await store.createSpace(kept);
  await store.createSpace(other);
  await store.keepHistory(kept, DAY);
  const rows = Math.ceil((megabytes << 20) / ROW_BYTES);
  await write(store, fromArchives ? [kept, other, other, other] : [kept], fromArchives ? rows * 4 : rows, 0);
  for (let tries = 0; fromArchives && tries < 600; tries++) {
    const { archives, logSegments } = store.counters();
    if (archives > 0 && logSegments < 12) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { latest } = store.history(kept) ?? { latest: 0 };
  const target = crypto.randomUUID();
  const start = performance.now();
  await store.restore({ time: latest }, new Map([[kept, target]]));
  const seconds = (performance.now() - start) / 1000;
  assert.deepEqual(store.stats(target), store.stats(kept));
  const { archives } = store.counters();
  await store.close();
  return { mbPerSecond: (rows * ROW_BYTES) / seconds / 1e6, archives };
}

/** CPU microseconds per row. */
async function writeCost(isKept: boolean): Promise<number> {
  const store = await open({ segmentBytesMax: 16 << 20 });
  const spaces = [crypto.randomUUID(), crypto.randomUUID()];
  for (const space of spaces) await store.createSpace(space);
  if (isKept) await store.keepHistory(spaces[0] ?? "", DAY);
  const rows = Math.ceil((megabytes << 20) / ROW_BYTES);
  const before = process.cpuUsage();
  await write(store, spaces, rows, 0);
  await store.close();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / rows;
}

const replays: Record<"segments" | "archives", Replay[]> = { segments: [], archives: [] };
const costs: number[] = [];
for (let round = 0; round < rounds; round++) {
  replays.segments.push(await replay(false));
  replays.archives.push(await replay(true));
  costs.push((await writeCost(true)) / (await writeCost(false)));
}
const rate = (all: readonly Replay[]) => median(all.map(({ mbPerSecond }) => mbPerSecond)).toFixed(0);
console.log(
  textTable([
    ["what", "measured"],
    ["restore from segments, MB/s", rate(replays.segments)],
    ["restore from archives, MB/s", rate(replays.archives)],
    ["archives restored from", replays.archives.map(({ archives }) => archives).join()],
    ["CPU per row written to two spaces, one with its past kept, to none", `${median(costs).toFixed(2)}x`],
  ]),
);
