import assert from "node:assert/strict";
import { FilePool } from "../sstable/file-pool.ts";
import type { Key, Value } from "../store.ts";
import type { Vfs, VfsFile } from "../vfs/vfs.ts";
import type { ChangeRecord, RecordVisitor } from "../wal/records.ts";
import { Archive } from "./archive.ts";
import { type ArchivedRow, ArchiveWriter, type WrittenArchive } from "./archive-writer.ts";
import { LoggedSegment } from "./logged-segment.ts";
import type { HistoryFiles, HistorySource, PlainSource } from "./source.ts";

/** What of some sources shall be kept. */
export interface ArchiveWants {
  /** Every row of the space, and what it adds to the counts. */
  keepsSpace(space: number, source: HistorySource): boolean;
  /** Every change of the feed, with its row. */
  keepsFeed(feed: number, source: HistorySource): boolean;
}

/** A source and what shall be kept of it, as plain data: another thread may do the work. */
export interface ArchiveInput {
  readonly source: PlainSource;
  readonly spaces: ReadonlySet<number>;
  readonly feeds: ReadonlySet<number>;
}

export interface ArchiveSpec {
  /** Must not exist yet. */
  readonly path: string;
  readonly storeId: Uint8Array;
  /** In their order. */
  readonly inputs: readonly ArchiveInput[];
}

export function archiveSpec(
  path: string,
  storeId: Uint8Array,
  sources: readonly HistorySource[],
  wants: ArchiveWants,
): ArchiveSpec {
  const inputs = sources.map((source) => ({
    source: source.plain,
    spaces: new Set([...source.contents.spaces.keys()].filter((space) => wants.keepsSpace(space, source))),
    feeds: new Set([...source.contents.feeds.keys()].filter((feed) => wants.keepsFeed(feed, source))),
  }));
  return { path, storeId, inputs };
}

/** The output is synced in pieces of this size, so that a large one does not flood the disk at its end. */
const syncBytes = 1 << 20;

/** Writes what is wanted of some sources to an archive, in steps. The result is undefined when nothing was. */
export class ArchiveJob {
  readonly file: VfsFile;
  readonly #files: FilePool;
  readonly #writer: ArchiveWriter;
  readonly #reading: Generator<number, void>;
  #syncedBytes = 0;
  #phase: "reading" | "written" | "done" = "reading";
  #result: WrittenArchive | undefined;

  constructor(vfs: Vfs, { path, storeId, inputs }: ArchiveSpec) {
    this.file = vfs.create(path);
    this.#files = new FilePool(vfs);
    this.#writer = new ArchiveWriter(this.file, storeId);
    this.#reading = read({ vfs, files: this.#files, storeId }, inputs, this.#writer);
  }

  get outputBytes(): number {
    return this.#writer.bytes;
  }

  step(inputBytesMax: number): "more" | "sync" | "done" {
    if (this.#phase !== "reading") {
      this.#phase = "done";
      return "done";
    }
    for (let inputBytes = 0; inputBytes < inputBytesMax; ) {
      const piece = this.#reading.next();
      if (piece.done === true) return this.#finish();
      inputBytes += piece.value;
    }
    if (this.#writer.bytes - this.#syncedBytes < syncBytes) return "more";
    this.#syncedBytes = this.#writer.bytes;
    return "sync";
  }

  #finish(): "sync" | "done" {
    this.#phase = "done";
    if (this.#writer.isEmpty) return "done";
    this.#result = this.#writer.finish();
    this.#phase = "written";
    return "sync";
  }

  result(): WrittenArchive | undefined {
    return this.#result;
  }

  close(): void {
    this.#files.close();
    this.file.close();
  }
}

function* read(
  files: HistoryFiles,
  inputs: readonly ArchiveInput[],
  writer: ArchiveWriter,
): Generator<number, void> {
  for (const input of inputs) {
    const collector = new CommitCollector(input, writer);
    yield* openSource(files, input.source).visit(undefined, 0, collector);
    collector.flush();
  }
}

function openSource(files: HistoryFiles, { segment, archive }: PlainSource): HistorySource {
  if (segment !== undefined) return new LoggedSegment(files, segment);
  assert(archive !== undefined, "a source is a segment or an archive");
  return new Archive(files, archive);
}

interface SpacePart {
  readonly rows: { readonly key: Key; readonly value: Value | undefined; readonly changes: ChangeRecord[] }[];
  deltaRows: number;
  deltaBytes: number;
}

/** Gathers the records of one commit, and gives the writer what is wanted of it, space by space. */
class CommitCollector implements RecordVisitor {
  readonly #input: ArchiveInput;
  readonly #writer: ArchiveWriter;
  readonly #parts = new Map<number, SpacePart>();
  #sequence = 0;
  #time = 0;

  constructor(input: ArchiveInput, writer: ArchiveWriter) {
    this.#input = input;
    this.#writer = writer;
  }

  commit(sequence: number, time: number): void {
    this.flush();
    this.#sequence = sequence;
    this.#time = time;
  }

  put(space: number, key: Key, value: Value): void {
    this.#part(space).rows.push({ key, value, changes: [] });
  }

  delete(space: number, key: Key): void {
    this.#part(space).rows.push({ key, value: undefined, changes: [] });
  }

  change(): void {}

  changeRecord(record: ChangeRecord): void {
    if (!this.#input.feeds.has(record.feed)) return;
    const row = this.#part(record.space).rows.findLast(({ key }) => key === record.key);
    row?.changes.push(record);
  }

  delta(space: number, rows: number, bytes: number): void {
    const part = this.#part(space);
    part.deltaRows += rows;
    part.deltaBytes += bytes;
  }

  /** Generations belong to the present: nothing restores them. */
  raise(): void {}

  #part(space: number): SpacePart {
    let part = this.#parts.get(space);
    if (part === undefined) {
      part = { rows: [], deltaRows: 0, deltaBytes: 0 };
      this.#parts.set(space, part);
    }
    return part;
  }

  /** Ends the commit at hand. */
  flush(): void {
    for (const [space, part] of this.#parts) this.#write(space, part);
    this.#parts.clear();
  }

  #write(space: number, { rows, deltaRows, deltaBytes }: SpacePart): void {
    const isWhole = this.#input.spaces.has(space);
    const kept: ArchivedRow[] = isWhole ? rows : rows.filter(({ changes }) => changes.length > 0);
    const counts = isWhole ? { deltaRows, deltaBytes } : { deltaRows: 0, deltaBytes: 0 };
    if (kept.length === 0 && counts.deltaRows === 0 && counts.deltaBytes === 0) return;
    this.#writer.add({ space, sequence: this.#sequence, time: this.#time, rows: kept, ...counts });
  }
}
