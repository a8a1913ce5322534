import { readLatin1 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import type { Bytes } from "../frame.ts";
import type { Key, Value } from "../store.ts";
import {
  commitHeaderBytes,
  oldValueFlag,
  ordinalBytes,
  recordType,
  sparseCommitHeaderBytes,
} from "./format.ts";

/** Receives the records of a log in order. Values are views of the log's bytes: copy what is to stay. */
export interface RecordVisitor {
  /** The records that follow belong to this commit. */
  commit(sequence: number, time: number): void;
  put(space: number, key: Key, value: Value): void;
  delete(space: number, key: Key): void;
  /** Only that there is one, where, of which space, and how many bytes it takes with its row: `readChanges` gives the content. */
  change(feed: number, shard: number, ordinal: number, space: number, bytes: number): void;
  delta(space: number, rows: number, bytes: number): void;
  raise(space: number, generation: number): void;
  /** If it is there, change records are decoded and shown to it too, after `change`. */
  changeRecord?(record: ChangeRecord): void;
}

/**
 * A stretch of commits in some bytes. Those of the log follow each other without a gap; an archive leaves commits out, so each of its own says
 * which one it is (see "sparse" in format.ts).
 */
export interface CommitBlock {
  readonly payloadStart: number;
  readonly payloadEnd: number;
  readonly firstSequence: number;
  readonly time: number;
  readonly sparse?: true;
}

/** One change record, resolved. */
export interface ChangeRecord {
  readonly sequence: number;
  /** Place among all change records of its commit, from 0. */
  readonly ordinal: number;
  readonly time: number;
  readonly feed: number;
  readonly shard: number;
  readonly space: number;
  readonly key: Key;
  readonly tag: Value;
  readonly newValue: Value | undefined;
  readonly oldValue: Value | undefined;
  /** Whether the feed wants old values; without one there was no row before. */
  readonly wantsOld: boolean;
}

/** A row record (put, put again, delete) at an absolute offset. */
interface RowRecord {
  readonly space: number;
  readonly key: Key;
  readonly value: Value | undefined;
  readonly end: number;
}

/** Walks one block of commits. Every length is checked against its container, so that no damage can lead outside. */
class BlockWalk {
  readonly headerBytes: number;
  readonly #bytes: Bytes;
  readonly #block: CommitBlock;
  readonly #path: string;

  constructor(bytes: Bytes, block: CommitBlock, path: string) {
    this.headerBytes = block.sparse === true ? sparseCommitHeaderBytes : commitHeaderBytes;
    this.#bytes = bytes;
    this.#block = block;
    this.#path = path;
  }

  #malformed(offset: number, what: string): never {
    throw corruption(this.#path, offset, `malformed log record: ${what}`);
  }

  #check(at: number, bytes: number, end: number): void {
    if (at + bytes > end) this.#malformed(at, "it runs over its end");
  }

  /** The end of the commit at `at`. */
  commitEnd(at: number): number {
    this.#check(at, this.headerBytes, this.#block.payloadEnd);
    const end = at + this.headerBytes + this.#bytes.view.getUint32(at, true);
    if (end > this.#block.payloadEnd) this.#malformed(at, "the commit is longer than its frame");
    return end;
  }

  commitTime(at: number): number {
    return this.#block.time + this.#bytes.view.getUint32(at + 4, true);
  }

  /** The sequence of the commit at `at`, which is the one with this index in its block. */
  sequence(at: number, index: number): number {
    const { firstSequence, sparse } = this.#block;
    return firstSequence + (sparse === true ? this.#bytes.view.getUint32(at + 8, true) : index);
  }

  row(at: number, end: number): RowRecord {
    const { view, array } = this.#bytes;
    this.#check(at, 7, end);
    const type = view.getUint8(at);
    const space = view.getUint32(at + 1, true);
    const keyBytes = view.getUint16(at + 5, true);
    if (type === recordType.put) {
      this.#check(at, 11, end);
      const keyStart = at + 11;
      const valueStart = keyStart + keyBytes;
      const valueEnd = valueStart + view.getUint32(at + 7, true);
      this.#check(valueEnd, 0, end);
      const key = readLatin1(array, keyStart, valueStart);
      return { space, key, value: array.subarray(valueStart, valueEnd), end: valueEnd };
    }
    if (type === recordType.delete) {
      this.#check(at, 7 + keyBytes, end);
      const key = readLatin1(array, at + 7, at + 7 + keyBytes);
      return { space, key, value: undefined, end: at + 7 + keyBytes };
    }
    if (type === recordType.putAgain) return this.#rowAgain(at, end, space, keyBytes);
    return this.#malformed(at, `type ${type} is not a row`);
  }

  #rowAgain(at: number, end: number, space: number, keyBytes: number): RowRecord {
    const { view, array } = this.#bytes;
    this.#check(at, 17 + keyBytes, end);
    const sharedStart = this.#block.payloadStart + view.getUint32(at + 7, true);
    const sharedEnd = sharedStart + view.getUint32(at + 11, true);
    if (sharedEnd > at) this.#malformed(at, "its value does not lie before it");
    const headStart = at + 17 + keyBytes;
    const headEnd = headStart + view.getUint16(at + 15, true);
    this.#check(headEnd, 0, end);
    const key = readLatin1(array, at + 17, headStart);
    if (headStart === headEnd)
      return { space, key, value: array.subarray(sharedStart, sharedEnd), end: headEnd };
    const value = new Uint8Array(headEnd - headStart + sharedEnd - sharedStart);
    value.set(array.subarray(headStart, headEnd));
    value.set(array.subarray(sharedStart, sharedEnd), headEnd - headStart);
    return { space, key, value, end: headEnd };
  }

  /** Visits the records of the commit in [start, end). */
  visit(start: number, end: number, sequence: number, visitor: RecordVisitor): void {
    const { view } = this.#bytes;
    let changes = 0;
    let at = start + this.headerBytes;
    while (at < end) {
      const type = view.getUint8(at);
      if (type === recordType.put || type === recordType.putAgain || type === recordType.delete) {
        const row = this.row(at, end);
        if (row.value === undefined) visitor.delete(row.space, row.key);
        else visitor.put(row.space, row.key, row.value);
        at = row.end;
      } else if (type === recordType.change) {
        const next = this.changeEnd(at, end);
        const row = this.#rowOf(at);
        const bytes = next - at + this.recordEnd(row, at) - row;
        const [feed, shard] = [view.getUint32(at + 1, true), view.getUint32(at + 5, true)];
        visitor.change(feed, shard, changes, view.getUint32(row + 1, true), bytes);
        visitor.changeRecord?.(this.change(at, end, changes, sequence, this.commitTime(start)));
        changes += 1;
        at = next;
      } else if (type === recordType.ordinal && this.#block.sparse === true) {
        this.#check(at, ordinalBytes, end);
        changes = view.getUint32(at + 1, true);
        at += ordinalBytes;
      } else if (type === recordType.delta) {
        this.#check(at, 21, end);
        const space = view.getUint32(at + 1, true);
        visitor.delta(space, view.getFloat64(at + 5, true), view.getFloat64(at + 13, true));
        at += 21;
      } else if (type === recordType.raise) {
        this.#check(at, 13, end);
        visitor.raise(view.getUint32(at + 1, true), view.getFloat64(at + 5, true));
        at += 13;
      } else {
        this.#malformed(at, `unknown type ${type}`);
      }
    }
  }

  changeEnd(at: number, end: number): number {
    const { view } = this.#bytes;
    this.#check(at, 18, end);
    let next = at + 18 + view.getUint32(at + 13, true);
    if (view.getUint8(at + 17) === oldValueFlag.present) {
      this.#check(at, 22, end);
      next += 4 + view.getUint32(at + 18, true);
    }
    this.#check(next, 0, end);
    return next;
  }

  /** Where the row record lies that the change at `at` reports. */
  #rowOf(at: number): number {
    const row = this.#block.payloadStart + this.#bytes.view.getUint32(at + 9, true);
    if (row >= at) this.#malformed(at, "its row does not lie before it");
    return row;
  }

  /** The end of any record, without decoding it. */
  recordEnd(at: number, end: number): number {
    const { view } = this.#bytes;
    const type = view.getUint8(at);
    if (type === recordType.change) return this.changeEnd(at, end);
    if (type === recordType.delta) return at + 21;
    if (type === recordType.raise) return at + 13;
    if (type === recordType.ordinal) return at + ordinalBytes;
    this.#check(at, 7, end);
    const keyBytes = view.getUint16(at + 5, true);
    if (type === recordType.delete) return at + 7 + keyBytes;
    if (type === recordType.put) {
      this.#check(at, 11, end);
      return at + 11 + keyBytes + view.getUint32(at + 7, true);
    }
    if (type === recordType.putAgain) {
      this.#check(at, 17, end);
      return at + 17 + keyBytes + view.getUint16(at + 15, true);
    }
    return this.#malformed(at, `unknown type ${type}`);
  }

  /** The change records of the commit in [at, end) that are wanted and have at least the ordinal `skipTo`. */
  collect(
    at: number,
    end: number,
    sequence: number,
    skipTo: number,
    wanted: WantedChanges,
    into: ChangeRecord[],
  ): void {
    const { view } = this.#bytes;
    const time = this.commitTime(at);
    let ordinal = 0;
    for (let record = at + this.headerBytes; record < end; record = this.recordEnd(record, end)) {
      const type = view.getUint8(record);
      if (type === recordType.ordinal) {
        this.#check(record, ordinalBytes, end);
        ordinal = view.getUint32(record + 1, true);
      }
      if (type !== recordType.change) continue;
      this.#check(record, 18, end);
      const isWanted =
        ordinal >= skipTo &&
        view.getUint32(record + 1, true) === wanted.feed &&
        view.getUint32(record + 5, true) === wanted.shard;
      if (isWanted) {
        if (into.length >= wanted.limit) return;
        into.push(this.change(record, end, ordinal, sequence, time));
      }
      ordinal += 1;
    }
  }

  change(at: number, end: number, ordinal: number, sequence: number, time: number): ChangeRecord {
    const { view, array } = this.#bytes;
    const next = this.changeEnd(at, end);
    const row = this.row(this.#rowOf(at), at);
    const oldFlag = view.getUint8(at + 17);
    const hasOld = oldFlag === oldValueFlag.present;
    const tagStart = at + (hasOld ? 22 : 18);
    const tagEnd = tagStart + view.getUint32(at + 13, true);
    return {
      sequence,
      ordinal,
      time,
      feed: view.getUint32(at + 1, true),
      shard: view.getUint32(at + 5, true),
      space: row.space,
      key: row.key,
      tag: array.subarray(tagStart, tagEnd),
      newValue: row.value,
      oldValue: hasOld ? array.subarray(tagEnd, next) : undefined,
      wantsOld: oldFlag !== oldValueFlag.unwanted,
    };
  }
}

/** Shows every record of a block of commits to `visitor`. `path` is for messages. */
export function visitRecords(bytes: Bytes, block: CommitBlock, path: string, visitor: RecordVisitor): void {
  const walk = new BlockWalk(bytes, block, path);
  let index = 0;
  for (let at = block.payloadStart; at < block.payloadEnd; index += 1) {
    const end = walk.commitEnd(at);
    const sequence = walk.sequence(at, index);
    visitor.commit(sequence, walk.commitTime(at));
    walk.visit(at, end, sequence, visitor);
    at = end;
  }
}

/** Which change records `readChanges` collects: those of one shard in (after, sequenceMax]. */
export interface WantedChanges {
  readonly feed: number;
  readonly shard: number;
  readonly afterSequence: number;
  readonly afterOrdinal: number;
  readonly sequenceMax: number;
  readonly limit: number;
}

/** Adds the wanted change records of a block of commits to `into`, until that has `limit` of them. */
export function readChanges(
  bytes: Bytes,
  block: CommitBlock,
  path: string,
  wanted: WantedChanges,
  into: ChangeRecord[],
): void {
  const walk = new BlockWalk(bytes, block, path);
  let index = 0;
  for (let at = block.payloadStart; at < block.payloadEnd; index += 1) {
    const end = walk.commitEnd(at);
    const sequence = walk.sequence(at, index);
    if (sequence > wanted.sequenceMax || into.length >= wanted.limit) return;
    if (sequence >= wanted.afterSequence) {
      const skipTo = sequence === wanted.afterSequence ? wanted.afterOrdinal + 1 : 0;
      walk.collect(at, end, sequence, skipTo, wanted, into);
    }
    at = end;
  }
}
