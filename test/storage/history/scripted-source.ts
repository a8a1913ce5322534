import assert from "node:assert/strict";
import { Bytes, frameHeaderBytes } from "../../../storage/frame.ts";
import { Contents } from "../../../storage/history/contents.ts";
import type { HistorySource, ShardEnd } from "../../../storage/history/source.ts";
import type { Vfs } from "../../../storage/index.ts";
import { noPredecessor, type Salt, walDirectory } from "../../../storage/wal/format.ts";
import { FrameBuilder } from "../../../storage/wal/frame-builder.ts";
import {
  type ChangeRecord,
  type RecordVisitor,
  readChanges,
  visitRecords,
  type WantedChanges,
} from "../../../storage/wal/records.ts";
import type { Segment } from "../../../storage/wal/segment.ts";
import { WalWriter } from "../../../storage/wal/wal-writer.ts";

export interface ScriptedRow {
  readonly space: number;
  readonly key: string;
  readonly value: Uint8Array | undefined;
  /** The feed that is told of it. */
  readonly feed: number | undefined;
  readonly shard: number;
  readonly old: Uint8Array | undefined;
}

export interface ScriptedCommit {
  readonly sequence: number;
  readonly time: number;
  readonly rows: readonly ScriptedRow[];
}

const tag = new Uint8Array([1, 2, 3]);

/** A source that holds given commits, each in a frame of its own as the log would have it: the reference for archives. */
export class ScriptedSource implements HistorySource {
  readonly path = "wal/scripted.wal";
  readonly bytes: number = 1 << 20;
  readonly contents = new Contents();
  readonly plain = {};
  readonly #commits: readonly ScriptedCommit[];
  readonly #ends = new Map<string, ShardEnd>();

  constructor(commits: readonly ScriptedCommit[]) {
    this.#commits = commits;
    for (const { sequence, rows } of commits) {
      let ordinal = 0;
      for (const { space, key, value, feed, shard } of rows) {
        const bytes = key.length + (value?.length ?? 0);
        this.contents.addSpace(space, bytes);
        if (feed === undefined) continue;
        this.contents.addFeed(feed, space, bytes);
        this.#ends.set(`${feed}/${shard}`, { lastSequence: sequence, lastOrdinal: ordinal });
        ordinal += 1;
      }
    }
  }

  get firstSequence(): number {
    return this.#commits[0]?.sequence ?? 0;
  }

  get lastSequence(): number {
    return this.#commits.at(-1)?.sequence ?? 0;
  }

  get lastTime(): number {
    return this.#commits.at(-1)?.time ?? 0;
  }

  hasFeed(feed: number): boolean {
    return this.contents.feeds.has(feed);
  }

  shardEnd(feed: number, shard: number): ShardEnd | undefined {
    return this.#ends.get(`${feed}/${shard}`);
  }

  readChanges(wanted: WantedChanges, into: ChangeRecord[]): void {
    for (const commit of this.#commits) {
      const { bytes, block } = frameOf(commit);
      readChanges(bytes, block, this.path, wanted, into);
    }
  }

  *visit(_space: number | undefined, after: number, visitor: RecordVisitor): Generator<number, void> {
    for (const commit of this.#commits) {
      if (commit.sequence <= after) continue;
      const { bytes, block } = frameOf(commit);
      visitRecords(bytes, block, this.path, visitor);
      yield block.payloadEnd;
    }
  }

  forget(): void {}

  async unlink(): Promise<void> {}
}

function build({ rows }: ScriptedCommit): FrameBuilder {
  const builder = new FrameBuilder(1 << 10);
  builder.beginCommit(0);
  const places = rows.map(({ space, key, value }) =>
    value === undefined ? builder.delete(space, key) : builder.put(space, key, value),
  );
  for (const [i, { feed, shard, old }] of rows.entries()) {
    if (feed !== undefined) builder.change(feed, shard, places[i] ?? 0, tag, feed === 1, old);
  }
  for (const { space, value } of rows) builder.delta(space, value === undefined ? -1 : 1, 5);
  builder.endCommit();
  return builder;
}

function frameOf(commit: ScriptedCommit) {
  const { sequence, time } = commit;
  const builder = build(commit);
  const bytes = new Bytes(builder.bytes.array.slice(0, builder.payloadEnd));
  const { payloadEnd } = builder;
  return { bytes, block: { payloadStart: frameHeaderBytes, payloadEnd, firstSequence: sequence, time } };
}

/** Writes the commits to a log segment of their own, which is closed. */
export async function writeSegment(
  vfs: Vfs,
  storeId: Uint8Array,
  commits: readonly ScriptedCommit[],
): Promise<Segment> {
  const [first] = commits;
  assert(first !== undefined, "a segment has commits");
  if (!vfs.exists(walDirectory)) vfs.makeDirectory(walDirectory);
  const options = { vfs, storeId, mode: "sync", fillAheadBytes: 0, newSalt: (): Salt => [1, 2] } as const;
  const start = { predecessor: noPredecessor, firstSequence: first.sequence, time: first.time };
  const writer = WalWriter.create(options, start);
  for (const commit of commits) {
    const { sequence, time, rows } = commit;
    writer.append(build(commit), {
      firstSequence: sequence,
      lastSequence: sequence,
      firstTime: time,
      lastTime: time,
    });
    for (const { feed } of rows) if (feed !== undefined) writer.segment.feeds.add(feed);
  }
  return writer.seal(commits.at(-1)?.time ?? 0);
}
