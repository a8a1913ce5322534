import type { Clock } from "../clock.ts";
import { readU32 } from "../encoding.ts";
import { StorageError } from "../errors.ts";
import { ordinalMax } from "../feed/position.ts";
import { Bytes, type Frame, frameHeaderBytes } from "../frame.ts";
import type { ManifestEdit } from "../manifest/edit.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { RandomBytes } from "../random.ts";
import type { Vfs } from "../vfs/vfs.ts";
import {
  frameKind,
  parseIndexName,
  parseSegmentName,
  type SegmentLink,
  walDirectory,
} from "../wal/format.ts";
import { linkTo, type Segment } from "../wal/segment.ts";
import type { SegmentVisitor } from "../wal/segment-reader.ts";
import { type WalOptions, WalWriter } from "../wal/wal-writer.ts";
import type { Inspection } from "./inspect.ts";
import { feedsIn, lossesOf } from "./log-check.ts";
import { durableSequence, type LogGap, walkLog } from "./log-walk.ts";
import type { Loss } from "./problem.ts";

/** What becomes of the log. */
export interface LogPlan {
  /** It is written anew. */
  readonly isNeeded: boolean;
  readonly losses: readonly Loss[];
  /** Files of which something is left out. */
  readonly aside: readonly string[];
  readonly edits: readonly ManifestEdit[];
  /** Commits that go on into the new log. */
  readonly commitsKept: number;
  /** Whether a frame does. */
  readonly keeps: (frame: Frame) => boolean;
  /** The id of the first new segment. */
  readonly firstId: number;
  /** The first sequence that has certainly never been given out. */
  readonly nextSequence: number;
}

/** The end of the log may be lost: so many sequences are left out, as after a crash that may have lost as many. */
const skippedSequences = 2 ** 20;

/**
 * Commits are kept as a prefix: the log is cut at the first gap that held rows which are in no SSTable. Only where SSTables hold some rows of later
 * commits already, those commits stay, as far as they can be read: leaving them out would tear more of them apart. Gaps before, of
 * which all rows are in SSTables, cost change records only.
 */
export function planLog(vfs: Vfs, { manifest, log }: Inspection): LogPlan {
  const { state, header } = manifest.read;
  const flushed = durableSequence(state);
  const cut = Math.min(...log.gaps.filter((gap) => holdsRows(gap, state)).map(({ first }) => first));
  const keeps = ({ firstSequence }: Frame) => firstSequence < cut || firstSequence <= flushed;
  const aside = new Set(log.gaps.flatMap(({ faults }) => faults.map(({ file }) => file)));
  let dropped: { first: number; last: number } | undefined;
  let commitsKept = 0;
  let commits = 0;
  if (log.gaps.length > 0) {
    for (const item of walkLog({ vfs, storeId: header.storeId, state })) {
      if (item.kind === "torn") aside.add(item.file);
      if (item.kind !== "frame" || item.frame.kind !== frameKind.commits) continue;
      commits += item.frame.count;
      if (keeps(item.frame)) {
        commitsKept += item.frame.count;
        continue;
      }
      aside.add(item.segment.path);
      dropped = { first: dropped?.first ?? item.frame.firstSequence, last: item.segment.lastSequence };
    }
    checkCommits(log.commits, commits);
  }
  const trims = trimsOf(log.gaps, state, flushed, log.strangers.lastSequence);
  const losses = log.gaps.flatMap((gap) => lossesOf(gap, state));
  if (dropped !== undefined) losses.push({ kind: "commits", ...dropped });
  for (const number of log.strangers.spaces) losses.push({ kind: "unknownSpace", number });
  for (const [last, feeds] of trims) losses.push({ kind: "trimmed", feeds: feeds.map(({ id }) => id), last });
  return {
    isNeeded: log.gaps.length > 0,
    losses,
    aside: [...aside].filter((path) => vfs.exists(path)),
    edits: trims.flatMap(([sequence, feeds]) => trimEdits(feeds, sequence)),
    commitsKept,
    keeps,
    firstId: nextId(state, log.files),
    nextSequence: nextSequence(state, log.gaps, log.lastSequence) + skippedSequences,
  };
}

/** A disk that reads differently from one time to the next is no ground to decide on. */
function checkCommits(expected: number, found: number): void {
  if (found === expected) return;
  throw new StorageError(
    "io",
    `${walDirectory}: ${found} commits can be read, and a moment ago it were ${expected}`,
  );
}

function holdsRows({ first, last }: LogGap, { replayAfter }: ManifestState): boolean {
  return last === undefined || (last >= first && last > replayAfter);
}

type FeedIn = ReturnType<typeof feedsIn>[number];

/** Up to where feeds are trimmed. Of commits that are cut off there is nothing to miss. */
function trimsOf(
  gaps: readonly LogGap[],
  state: ManifestState,
  flushed: number,
  strangers: number,
): [sequence: number, feeds: FeedIn[]][] {
  const trims: [number, FeedIn[]][] = [];
  for (const gap of gaps) {
    const isEmpty = gap.last !== undefined && gap.last < gap.first;
    if (!isEmpty && gap.first <= flushed) trims.push([gap.last ?? flushed, feedsIn(gap, state)]);
  }
  // Changes of rows in unknown spaces cannot be shown.
  if (strangers > 0) trims.push([strangers, [...state.feeds.values()]]);
  return trims.filter(([, feeds]) => feeds.length > 0);
}

function trimEdits(feeds: readonly FeedIn[], sequence: number): ManifestEdit[] {
  return feeds.flatMap(({ number, shards }) =>
    Array.from({ length: shards }, (_, shard): ManifestEdit => {
      return { kind: "feedTrimmed", number, shard, sequence, ordinal: ordinalMax };
    }),
  );
}

function nextSequence(state: ManifestState, gaps: readonly LogGap[], last: number): number {
  const checkpoints = [...state.checkpoints.values()].map(({ sequence }) => sequence);
  const ends = gaps.map((gap) => Math.max(gap.first, gap.last ?? 0));
  return Math.max(last, durableSequence(state), state.trim, ...checkpoints, ...ends) + 1;
}

/** Behind all segments that there are or were, but for those of an interrupted repair. */
function nextId(state: ManifestState, files: readonly string[]): number {
  const ids = files.map((path) => parseSegmentName(path.slice(walDirectory.length + 1)) ?? 0);
  return Math.max(state.logFloor, state.closedSegment, ...ids) + 1;
}

export interface LogRewrite {
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly inspection: Inspection;
  readonly plan: LogPlan;
}

/** Writes the new log behind the old one; returns the id of its last segment. Not in force before the manifest names it. */
export async function rewriteLog({ vfs, clock, random, inspection, plan }: LogRewrite): Promise<number> {
  const { state, header } = inspection.manifest.read;
  removeFrom(vfs, plan.firstId);
  const output = new LogOutput(vfs, header.storeId, random, plan.firstId);
  const feeds = new FeedWatch();
  let commits = 0;
  for (const item of walkLog({ vfs, storeId: header.storeId, state, visitor: feeds })) {
    if (item.kind === "segment") await output.seal();
    if (item.kind !== "frame" || item.frame.kind !== frameKind.commits) continue;
    if (!plan.keeps(item.frame)) continue;
    output.append(item.segment, item.bytes, item.frame, feeds.found);
    commits += item.frame.count;
  }
  await output.seal();
  checkCommits(plan.commitsKept, commits);
  return output.finish(
    plan.nextSequence,
    Math.max(inspection.log.lastTime, newestTime(state)) || clock.now(),
  );
}

function newestTime(state: ManifestState): number {
  return Math.max(0, ...[...state.checkpoints.values()].map(({ time }) => time));
}

/** What an interrupted repair has left. */
function removeFrom(vfs: Vfs, firstId: number): void {
  for (const name of vfs.list(walDirectory)) {
    const id = parseSegmentName(name) ?? parseIndexName(name);
    if (id === undefined || id >= firstId) vfs.unlink(`${walDirectory}/${name}`);
  }
}

/** The feeds with changes in the frame that was read last. */
class FeedWatch implements SegmentVisitor {
  found = new Set<number>();

  frame(): void {
    this.found = new Set();
  }

  change(feed: number): void {
    this.found.add(feed);
  }

  commit(): void {}
  put(): void {}
  delete(): void {}
  delta(): void {}
  raise(): void {}
}

/** A new chain of segments. */
class LogOutput {
  readonly #options: WalOptions;
  #writer: WalWriter | undefined;
  #predecessor: SegmentLink;

  constructor(vfs: Vfs, storeId: Uint8Array, random: RandomBytes, firstId: number) {
    const newSalt = () => {
      const bytes = random(8);
      return [readU32(bytes, 0), readU32(bytes, 4)] as const;
    };
    this.#options = { vfs, storeId, mode: "sync", fillAheadBytes: 0, newSalt };
    // A predecessor of no size: that is how the start of such a chain is recognised.
    this.#predecessor = { id: firstId - 1, bytes: 0, lastSequence: 0, hash: 0 };
  }

  append(source: Segment, bytes: Bytes, frame: Frame, feeds: ReadonlySet<number>): void {
    const { firstSequence, time: firstTime } = frame;
    this.#writer ??= this.#create(firstSequence, Math.min(source.firstTime, firstTime));
    const payload = bytes.array.subarray(frame.payloadStart, frame.payloadEnd);
    const copy = new Bytes(new Uint8Array(frameHeaderBytes + payload.length + 8));
    copy.array.set(payload, frameHeaderBytes);
    const { lastSequence, lastTime } = source;
    this.#writer.append(
      { bytes: copy, payloadEnd: frameHeaderBytes + payload.length, commits: frame.count },
      { firstSequence, lastSequence, firstTime, lastTime },
    );
    for (const feed of feeds) this.#writer.segment.feeds.add(feed);
  }

  /** Closes the segment that is open, if any. */
  async seal(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    this.#predecessor = linkTo(await writer.seal(writer.segment.time));
  }

  /** Adds an empty segment, from which on the log is new: every sequence below `nextSequence` counts as used. */
  async finish(nextSequence: number, time: number): Promise<number> {
    this.#writer = this.#create(nextSequence, time);
    const { id } = this.#writer.segment;
    await this.seal();
    return id;
  }

  #create(firstSequence: number, time: number): WalWriter {
    return WalWriter.create(this.#options, { predecessor: this.#predecessor, firstSequence, time });
  }
}
