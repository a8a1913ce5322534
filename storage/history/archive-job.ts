import type { Key, Value } from "../store.ts";
import type { VfsFile } from "../vfs/vfs.ts";
import type { ChangeRecord, RecordVisitor } from "../wal/records.ts";
import { type ArchivedRow, ArchiveWriter, type WrittenArchive } from "./archive-writer.ts";
import type { HistorySource } from "./source.ts";

/** What of some sources shall be kept. */
export interface ArchiveWants {
  /** Every row of the space, and what it adds to the counts. */
  keepsSpace(space: number, source: HistorySource): boolean;
  /** Every change of the feed, with its row. */
  keepsFeed(feed: number, source: HistorySource): boolean;
}

export interface ArchiveRequest {
  readonly storeId: Uint8Array;
  /** In their order. */
  readonly sources: readonly HistorySource[];
  readonly wants: ArchiveWants;
  /** Empty and new. */
  readonly output: VfsFile;
}

/** The output is synced in pieces of this size, so that a large one does not flood the disk at its end. */
const syncBytes = 1 << 20;

/** Writes what is wanted of some sources to an archive, in steps. The result is undefined when nothing was. */
export class ArchiveJob {
  readonly file: VfsFile;
  readonly #writer: ArchiveWriter;
  readonly #reading: Generator<number, void>;
  #syncedBytes = 0;
  #phase: "reading" | "written" | "done" = "reading";
  #result: WrittenArchive | undefined;

  constructor({ storeId, sources, wants, output }: ArchiveRequest) {
    this.file = output;
    this.#writer = new ArchiveWriter(output, storeId);
    this.#reading = read(sources, wants, this.#writer);
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
    this.file.close();
  }
}

function* read(
  sources: readonly HistorySource[],
  wants: ArchiveWants,
  writer: ArchiveWriter,
): Generator<number, void> {
  for (const source of sources) {
    const collector = new CommitCollector(source, wants, writer);
    yield* source.visit(undefined, 0, collector);
    collector.flush();
  }
}

interface SpacePart {
  readonly rows: { readonly key: Key; readonly value: Value | undefined; readonly changes: ChangeRecord[] }[];
  deltaRows: number;
  deltaBytes: number;
}

/** Gathers the records of one commit, and gives the writer what is wanted of it, space by space. */
class CommitCollector implements RecordVisitor {
  readonly #source: HistorySource;
  readonly #wants: ArchiveWants;
  readonly #writer: ArchiveWriter;
  readonly #parts = new Map<number, SpacePart>();
  #sequence = 0;
  #time = 0;

  constructor(source: HistorySource, wants: ArchiveWants, writer: ArchiveWriter) {
    this.#source = source;
    this.#wants = wants;
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
    if (!this.#wants.keepsFeed(record.feed, this.#source)) return;
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
    const isWhole = this.#wants.keepsSpace(space, this.#source);
    const kept: ArchivedRow[] = isWhole ? rows : rows.filter(({ changes }) => changes.length > 0);
    const counts = isWhole ? { deltaRows, deltaBytes } : { deltaRows: 0, deltaBytes: 0 };
    if (kept.length === 0 && counts.deltaRows === 0 && counts.deltaBytes === 0) return;
    this.#writer.add({ space, sequence: this.#sequence, time: this.#time, rows: kept, ...counts });
  }
}
