import type { Frame } from "../frame.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { FeedId } from "../store.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { frameKind } from "../wal/format.ts";
import type { Segment } from "../wal/segment.ts";
import type { SegmentVisitor } from "../wal/segment-reader.ts";
import { type LogGap, walkLog } from "./log-walk.ts";
import type { Loss, Problem } from "./problem.ts";

/** What is known of the log after reading all of it. */
export interface LogFinding {
  /** Those that are there, oldest first. */
  readonly files: readonly string[];
  readonly segments: readonly SegmentFigures[];
  readonly problems: readonly Problem[];
  readonly gaps: readonly LogGap[];
  /** A write that never became durable, at the end of a log that was not closed. */
  readonly torn: { readonly file: string; readonly offset: number; readonly bytes: number } | undefined;
  readonly strangers: Strangers;
  /** Commits in whole frames. */
  readonly commits: number;
  /** The newest sequence in whole frames, and the latest time. */
  readonly lastSequence: number;
  readonly lastTime: number;
}

export interface SegmentFigures {
  readonly path: string;
  readonly bytes: number;
  readonly commits: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

/** Numbers that the log speaks of and the manifest does not know. */
export interface Strangers {
  readonly spaces: ReadonlySet<number>;
  readonly feeds: ReadonlySet<number>;
  /** The last commit that speaks of such a space. */
  readonly lastSequence: number;
}

/** Reads the log and checks every frame, every record, and the chain of segments. */
export function checkLog(
  vfs: Vfs,
  storeId: Uint8Array,
  state: ManifestState,
  onFile?: (path: string) => void,
  visitor?: SegmentVisitor,
): LogFinding {
  const watch = new StrangerWatch(state, visitor);
  const files: string[] = [];
  const segments: Segment[] = [];
  const gaps: LogGap[] = [];
  let torn: LogFinding["torn"];
  let commits = 0;
  for (const item of walkLog({ vfs, storeId, state, visitor: watch })) {
    if (item.kind === "file") {
      onFile?.(item.path);
      files.push(item.path);
    } else if (item.kind === "segment") segments.push(item.segment);
    else if (item.kind === "frame") commits += commitsIn(item.frame);
    else if (item.kind === "gap") gaps.push(item.gap);
    else if (item.kind === "torn") torn = { file: item.file, offset: item.offset, bytes: item.bytes };
  }
  const problems = [...gaps.flatMap((gap) => problemsOf(gap, state)), ...watch.problems()];
  return {
    files,
    segments,
    problems,
    gaps,
    torn,
    strangers: watch,
    commits,
    lastSequence: segments.reduce((last, segment) => Math.max(last, segment.lastSequence), 0),
    lastTime: segments.reduce((last, segment) => Math.max(last, segment.time), 0),
  };
}

/** Commits in a frame of any kind. */
export function commitsIn({ kind, count }: Frame): number {
  return kind === frameKind.commits ? count : 0;
}

function problemsOf(gap: LogGap, state: ManifestState): Problem[] {
  return gap.faults.map((fault, index) => ({ ...fault, losses: index === 0 ? lossesOf(gap, state) : [] }));
}

/** What is gone with a gap. */
export function lossesOf(gap: LogGap, state: ManifestState): Loss[] {
  const { first, last } = gap;
  if (last !== undefined && last < first) return [];
  const losses: Loss[] = [];
  if (last === undefined || last > state.replayAfter)
    losses.push({ kind: "commits", first: Math.max(first, state.replayAfter + 1), last });
  const flushed = Math.min(last ?? state.replayAfter, state.replayAfter);
  const feeds = feedsIn(gap, state);
  if (first <= flushed && feeds.length > 0)
    losses.push({ kind: "changes", feeds: feeds.map(({ id }) => id), first, last: flushed });
  return losses;
}

/** The feeds that may have lost changes in a gap. */
export function feedsIn(
  gap: LogGap,
  state: ManifestState,
): { readonly id: FeedId; readonly number: number; readonly shards: number }[] {
  const { feeds, last } = gap;
  return [...state.feeds.values()].filter(
    ({ number, since }) => (feeds?.has(number) ?? true) && (last === undefined || since < last),
  );
}

/** Notes what the manifest does not know, and passes everything on. */
class StrangerWatch implements SegmentVisitor, Strangers {
  readonly spaces = new Set<number>();
  readonly feeds = new Set<number>();
  lastSequence = 0;
  readonly #state: ManifestState;
  readonly #next: SegmentVisitor | undefined;
  readonly #problems: Problem[] = [];
  #place = { file: "", offset: 0 };
  #sequence = 0;

  constructor(state: ManifestState, next: SegmentVisitor | undefined) {
    this.#state = state;
    this.#next = next;
  }

  /** One per number. */
  problems(): readonly Problem[] {
    return this.#problems;
  }

  frame(segment: Segment, offset: number): void {
    this.#place = { file: segment.path, offset };
    this.#next?.frame(segment, offset);
  }

  commit(sequence: number, time: number): void {
    this.#sequence = sequence;
    this.#next?.commit(sequence, time);
  }

  put(space: number, key: string, value: Uint8Array): void {
    if (this.#knows(space)) this.#next?.put(space, key, value);
  }

  delete(space: number, key: string): void {
    if (this.#knows(space)) this.#next?.delete(space, key);
  }

  change(feed: number, shard: number, ordinal: number, space: number, bytes: number): void {
    if (feed >= this.#state.nextFeed) {
      if (!this.feeds.has(feed))
        this.#note(`the log speaks of feed ${feed}, which the manifest does not know`);
      this.feeds.add(feed);
    }
    this.#next?.change(feed, shard, ordinal, space, bytes);
  }

  delta(space: number, rows: number, bytes: number): void {
    if (this.#knows(space)) this.#next?.delta(space, rows, bytes);
  }

  raise(space: number, generation: number): void {
    if (this.#knows(space)) this.#next?.raise(space, generation);
  }

  #knows(space: number): boolean {
    if (space < this.#state.nextSpace) return true;
    if (!this.spaces.has(space))
      this.#note(`the log speaks of space ${space}, which the manifest does not know`, [
        { kind: "unknownSpace", number: space },
      ]);
    this.spaces.add(space);
    this.lastSequence = this.#sequence;
    return false;
  }

  #note(what: string, losses: readonly Loss[] = []): void {
    this.#problems.push({ ...this.#place, what, losses });
  }
}
