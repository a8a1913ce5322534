import { Bytes, type Frame, findFrame, frameHeaderBytes, frameSalt, judgeTail, readFrame } from "../frame.ts";
import type { ManifestState } from "../manifest/state.ts";
import type { Vfs } from "../vfs/vfs.ts";
import {
  decodeFooter,
  decodeSegmentHeader,
  frameKind,
  parseSegmentName,
  type SegmentHeader,
  type SegmentLink,
  segmentHeaderBytes,
  segmentPath,
  walDirectory,
} from "../wal/format.ts";
import { linkTo, type Segment } from "../wal/segment.ts";
import {
  checkNothingFollows,
  emptySegment,
  readWhole,
  type SegmentVisitor,
  takeFrame,
} from "../wal/segment-reader.ts";
import { problemOf } from "./manifest-check.ts";

/** Where something is not as it was written. */
export interface LogFault {
  readonly file: string;
  readonly offset: number;
  readonly what: string;
}

/** A stretch of the log that cannot be read. */
export interface LogGap {
  /** In the order of the log; at least one. */
  readonly faults: readonly LogFault[];
  /** The commits that were there; none when `last` < `first`. `last` undefined: nothing that follows tells. */
  readonly first: number;
  last: number | undefined;
  /** Numbers of the feeds that may have had changes there; undefined: any. */
  readonly feeds: ReadonlySet<number> | undefined;
}

/** What a walk meets, in the order of the log. A gap comes before whatever follows it. */
export type LogItem =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "segment"; readonly segment: Segment }
  | { readonly kind: "frame"; readonly segment: Segment; readonly bytes: Bytes; readonly frame: Frame }
  | { readonly kind: "gap"; readonly gap: LogGap }
  /** A write that never became durable: the next start cuts it off. */
  | { readonly kind: "torn"; readonly file: string; readonly offset: number; readonly bytes: number };

export interface LogWalkRequest {
  readonly vfs: Vfs;
  readonly storeId: Uint8Array;
  readonly state: ManifestState;
  /** Sees the records of whole frames, before the frame's item. */
  readonly visitor?: SegmentVisitor;
}

/** A file of the log. */
interface Source {
  readonly path: string;
  readonly header: SegmentHeader | undefined;
  readonly fault: LogFault | undefined;
  /** Nothing in it may be read: it is another store's, or the disk refuses. */
  readonly isClosed: boolean;
}

/**
 * Reads the log from the manifest's floor on, one segment in memory at a time, whatever is wrong with it: behind damage it goes on with
 * the next frame that is whole. A segment that lies under another's name is taken for what its header says. Throws "foreign" for a newer format.
 */
export function* walkLog(request: LogWalkRequest): Generator<LogItem> {
  const { vfs, storeId, state } = request;
  const sources = findSources(vfs, storeId, state.logFloor);
  const walk = new Walk(request);
  const last = Math.max(state.logFloor, state.closedSegment, ...sources.keys());
  for (let id = state.logFloor; id <= last; id++) {
    const source = sources.get(id);
    if (source === undefined) {
      const fault = { file: segmentPath(id), offset: 0, what: "the log segment is missing" };
      walk.open(fault, undefined);
    } else {
      yield { kind: "file", path: source.path };
      yield* walk.segment(id, source, id === last && state.closedSegment === 0);
    }
  }
  yield* walk.end(durableSequence(state));
}

/** The newest commit of which some rows are in SSTables: the log has to reach as far. */
export function durableSequence(state: ManifestState): number {
  let sequence = state.replayAfter;
  for (const { point } of state.spaces.values()) sequence = Math.max(sequence, point.sequence);
  return sequence;
}

class Walk {
  readonly #request: LogWalkRequest;
  /** The last sequence that is accounted for. */
  #sequence: number;
  #gap: (LogGap & { readonly faults: LogFault[] }) | undefined;
  /** The segment before, if every byte of it could be read. */
  #before: Segment | undefined;
  #end = { file: walDirectory, offset: 0 };
  #isFirst = true;

  constructor(request: LogWalkRequest) {
    this.#request = request;
    this.#sequence = request.state.trim;
  }

  /** Begins a gap, or lets the one that is open reach further. */
  open(fault: LogFault, feeds: ReadonlySet<number> | undefined): void {
    this.#before = undefined;
    const known = this.#gap;
    const all = known === undefined ? feeds : union(known.feeds, feeds);
    const faults = known?.faults ?? [];
    faults.push(fault);
    this.#gap = { faults, first: known?.first ?? this.#sequence + 1, last: undefined, feeds: all };
  }

  /** Ends the gap that is open: its last commit was `last`. */
  *#close(last: number): Generator<LogItem> {
    const gap = this.#gap;
    this.#gap = undefined;
    this.#sequence = Math.max(this.#sequence, last);
    if (gap === undefined) return;
    gap.last = last;
    yield { kind: "gap", gap };
  }

  *segment(id: number, source: Source, mayBeTorn: boolean): Generator<LogItem> {
    const { path, fault, isClosed } = source;
    const bytes = isClosed ? undefined : this.#read(path);
    const header = source.header ?? (bytes === undefined ? undefined : this.#makeshift(id, bytes));
    if (fault !== undefined) this.open(fault, feedsOf(bytes, header, segmentHeaderBytes));
    else if (source.header !== undefined) yield* this.#link(source.header);
    if (header === undefined || bytes === undefined) return;
    const segment = { ...emptySegment(header), path };
    yield { kind: "segment", segment };
    yield* this.#frames(segment, header, bytes, mayBeTorn);
  }

  #read(path: string): Bytes | undefined {
    try {
      return readWhole(this.#request.vfs, path);
    } catch (error) {
      const { offset, what } = problemOf(error, []);
      this.open({ file: path, offset, what }, undefined);
      return undefined;
    }
  }

  /** Compares the segment before with what this one remembers of it. */
  *#link({ predecessor, firstSequence, id }: SegmentHeader): Generator<LogItem> {
    const before = this.#before;
    if (before !== undefined && !isSame(before, predecessor)) {
      const what = before.sealed
        ? "the segment is not as its successor remembers it"
        : "the segment has no footer though a later one follows it";
      this.open({ file: segmentPath(id - 1), offset: before.bytes, what }, undefined);
    }
    if (this.#isFirst) this.#sequence = firstSequence - 1;
    this.#isFirst = false;
    if (this.#gap !== undefined) yield* this.#close(predecessor.lastSequence);
    this.#sequence = Math.max(this.#sequence, firstSequence - 1);
  }

  *#frames(segment: Segment, header: SegmentHeader, bytes: Bytes, mayBeTorn: boolean): Generator<LogItem> {
    const { path } = segment;
    let isWhole = true;
    let at = segmentHeaderBytes;
    for (;;) {
      const frame = readFrame(bytes, at, header.salt);
      const problem = typeof frame === "string" ? frame : this.#take(segment, bytes, frame, isWhole);
      if (typeof frame !== "string" && problem === undefined) {
        yield* this.#close(frame.firstSequence - 1);
        this.#sequence = Math.max(this.#sequence, segment.lastSequence);
        yield { kind: "frame", segment, bytes, frame };
        at = frame.end;
        if (segment.sealed) break;
        continue;
      }
      if (typeof frame === "string") {
        const tail = tailAt(bytes, at, header, path, frame);
        if (tail === "clean") break;
        if (tail === "torn" && mayBeTorn) {
          yield { kind: "torn", file: path, offset: at, bytes: bytes.array.length - at };
          break;
        }
      }
      isWhole = false;
      this.open({ file: path, offset: at, what: problem ?? "damaged" }, feedsOf(bytes, header, at + 8));
      const next = findFrame(bytes, typeof frame === "string" ? at + 8 : frame.end, header.salt);
      if (next === undefined) break;
      at = next.offset;
    }
    this.#end = { file: path, offset: at };
    if (this.#gap !== undefined) return;
    this.#before = isWhole ? segment : undefined;
    if (segment.sealed) this.#checkEnd(bytes, segment);
    // Of a segment with a gap, the successor's memory says no more than the frames did; a cut one lacks its footer.
    else if (!isWhole && !mayBeTorn)
      this.open({ file: path, offset: at, what: "the segment ends before its footer" }, undefined);
  }

  /** Takes a frame over; returns what is wrong with it. */
  #take(segment: Segment, bytes: Bytes, frame: Frame, isWhole: boolean): string | undefined {
    const before = { ...segment };
    try {
      // Behind a gap, a footer counts what is not there any more.
      if (!isWhole && frame.kind === frameKind.footer) {
        segment.bytes = frame.end;
        segment.sealed = true;
      } else takeFrame(segment, bytes, frame, this.#request.visitor);
      return undefined;
    } catch (error) {
      Object.assign(segment, before);
      return problemOf(error, []).what;
    }
  }

  #checkEnd(bytes: Bytes, segment: Segment): void {
    try {
      checkNothingFollows(bytes, segment);
    } catch (error) {
      const { offset, what } = problemOf(error, []);
      this.open({ file: segment.path, offset, what }, new Set());
    }
  }

  /** A header for a segment that has lost its own: the frames say what salt they have. */
  #makeshift(id: number, bytes: Bytes): SegmentHeader | undefined {
    for (let at = segmentHeaderBytes; at + frameHeaderBytes <= bytes.array.length; at += 8) {
      const salt = frameSalt(bytes, at);
      const frame = salt && readFrame(bytes, at, salt);
      if (salt === undefined || frame === undefined || typeof frame === "string") continue;
      const predecessor = { id: id - 1, bytes: 0, lastSequence: 0, hash: 0 };
      const { storeId } = this.#request;
      return { storeId, id, salt, firstSequence: frame.firstSequence, time: 0, predecessor, mode: "sync" };
    }
    return undefined;
  }

  /** `durable`: some rows of this commit are in SSTables. */
  *end(durable: number): Generator<LogItem> {
    const { closedSegment } = this.#request.state;
    if (closedSegment !== 0 && this.#before?.sealed === false) {
      const what = "the store was closed in order, and this is not its footer";
      this.open({ ...this.#end, what }, undefined);
    }
    if (this.#gap === undefined && this.#sequence < durable) {
      const what = `the log ends with commit ${this.#sequence}, but SSTables hold rows up to commit ${durable}`;
      this.open({ ...this.#end, what }, undefined);
      yield* this.#close(durable);
    }
    if (this.#gap !== undefined) yield { kind: "gap", gap: this.#gap };
  }
}

function isSame(segment: Segment, stated: SegmentLink): boolean {
  const { id, bytes, lastSequence, hash } = linkTo(segment);
  return (
    segment.sealed &&
    id === stated.id &&
    bytes === stated.bytes &&
    lastSequence === stated.lastSequence &&
    hash === stated.hash
  );
}

/** How the file ends at `at`, where no whole frame is; "damaged" when it was durable once. */
function tailAt(
  bytes: Bytes,
  at: number,
  { salt }: SegmentHeader,
  path: string,
  problem: string,
): "clean" | "torn" | "damaged" {
  try {
    return judgeTail(bytes, at, salt, path, problem);
  } catch (error) {
    problemOf(error, []);
    return "damaged";
  }
}

/** The feeds that the footer behind `from` names; undefined when there is none. */
function feedsOf(
  bytes: Bytes | undefined,
  header: SegmentHeader | undefined,
  from: number,
): ReadonlySet<number> | undefined {
  if (header === undefined || bytes === undefined) return undefined;
  const { salt } = header;
  let frame = findFrame(bytes, from, salt);
  while (frame !== undefined && frame.kind !== frameKind.footer) frame = findFrame(bytes, frame.end, salt);
  return frame && decodeFooter(bytes, frame.payloadStart, frame.payloadEnd)?.summary.feeds;
}

/** The segments from `floor` on, by their numbers. */
function findSources(vfs: Vfs, storeId: Uint8Array, floor: number): Map<number, Source> {
  const byName = new Map<number, Source>();
  for (const name of vfs.exists(walDirectory) ? vfs.list(walDirectory) : []) {
    const id = parseSegmentName(name);
    if (id !== undefined && id >= floor) byName.set(id, openSource(vfs, id, storeId));
  }
  const found = new Map<number, Source>();
  for (const [id, source] of byName) {
    if (source.header === undefined || source.header.id === id) found.set(id, source);
  }
  for (const [id, { header, ...source }] of byName) {
    if (header === undefined || header.id === id) continue;
    const what = `the segment says that it is number ${header.id}`;
    const fault = { file: source.path, offset: 32, what };
    // It goes to its place, if that is free.
    if (!found.has(header.id)) found.set(header.id, { ...source, header, fault });
  }
  return withoutUnfinishedRepair(found, floor);
}

/** A repair that was interrupted leaves a log of its own, not yet in force, behind the one that is. */
function withoutUnfinishedRepair(sources: Map<number, Source>, floor: number): Map<number, Source> {
  const ids = [...sources.keys()].sort((a, b) => a - b);
  const start = ids.find((id) => id > floor && isStartOfRepair(sources.get(id)?.header));
  for (const id of ids) if (start !== undefined && id >= start) sources.delete(id);
  return sources;
}

/** Every other segment but the very first has a predecessor, which is not empty. */
export function isStartOfRepair(header: SegmentHeader | undefined): boolean {
  return header !== undefined && header.id > 1 && header.predecessor.bytes === 0;
}

function openSource(vfs: Vfs, id: number, storeId: Uint8Array): Source {
  const path = segmentPath(id);
  let bytes: Uint8Array;
  try {
    bytes = headOf(vfs, path);
  } catch (error) {
    const { offset, what } = problemOf(error, []);
    return { path, header: undefined, fault: { file: path, offset, what }, isClosed: true };
  }
  try {
    const header = decodeSegmentHeader(new Bytes(bytes), path);
    if (Buffer.compare(header.storeId, storeId) === 0)
      return { path, header, fault: undefined, isClosed: false };
    const fault = { file: path, offset: 16, what: "the segment belongs to another store" };
    return { path, header: undefined, fault, isClosed: true };
  } catch (error) {
    const { offset, what } = problemOf(error, []);
    return { path, header: undefined, fault: { file: path, offset, what }, isClosed: false };
  }
}

function headOf(vfs: Vfs, path: string): Uint8Array {
  const file = vfs.open(path, "read");
  try {
    const array = new Uint8Array(segmentHeaderBytes);
    return array.subarray(0, file.read(array, 0));
  } finally {
    file.close();
  }
}

/** Undefined: any. */
function union<T>(
  one: ReadonlySet<T> | undefined,
  other: ReadonlySet<T> | undefined,
): ReadonlySet<T> | undefined {
  return one === undefined || other === undefined ? undefined : new Set([...one, ...other]);
}
