import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { WalMode } from "../../../storage/wal/format.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { type LoggedCommit, ScriptedLog } from "./scripted-log.ts";

/** Commit `n` of every log here: a row, now and then with a change record and its entry in an index, and the counts. */
export function rowCommit(n: number, valueBytesMax = 150): LoggedCommit {
  const random = seededRandom(n);
  const value = new Uint8Array(40 + Math.floor(random() * valueBytesMax)).map(() => random() * 256);
  return {
    later: n % 3,
    records: [
      { kind: "put", space: 1, key: `row-${n}`, value },
      { kind: "put", space: 2, key: `index-${n}`, value: value.slice() },
      { kind: "change", feed: 3, shard: 0, row: 0, tag: value.slice(0, 5), wantsOld: true, old: undefined },
      { kind: "delete", space: 1, key: `row-${n - 1}` },
      { kind: "delta", space: 1, rows: n % 2, bytes: 100 },
      ...(n % 5 === 0 ? [{ kind: "raise" as const, space: 1, generation: n }] : []),
    ],
  };
}

export interface RowLogOptions {
  readonly commits: number;
  /** A new segment after so many commits. */
  readonly rollEvery?: number;
  /** The last thing in the log says that all before it is durable. */
  readonly attested?: boolean;
  readonly fill?: number;
  readonly mode?: WalMode;
  readonly seed?: number;
  readonly valueBytesMax?: number;
  readonly storeId?: Uint8Array;
}

/** A log of one commit to a frame, each synced before the next, whose last segment is open. */
export async function rowLog(options: RowLogOptions): Promise<ScriptedLog> {
  const { commits, rollEvery = Number.POSITIVE_INFINITY, attested = false, valueBytesMax } = options;
  const log = new ScriptedLog(memoryVfs(), options);
  log.vfs.makeDirectory("sst");
  for (let n = 1; n <= commits; n++) {
    log.append([rowCommit(n, valueBytesMax)]);
    await log.sync();
    if (n % rollEvery === 0 && n < commits) await log.roll();
  }
  if (attested) log.attest();
  return log;
}
