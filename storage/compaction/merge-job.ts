import assert from "node:assert/strict";
import type { Cursor } from "../iterator.ts";
import type { SSTableInfo } from "../sstable/format.ts";
import { SSTableWriter } from "../sstable/sstable-writer.ts";
import type { Key } from "../store.ts";
import type { Vfs, VfsFile } from "../vfs/vfs.ts";
import type { Job, StepResult } from "./job.ts";

export interface SSTableOutput {
  readonly path: string;
  readonly info: SSTableInfo;
}

export interface MergeOptions {
  readonly blockBytes: number;
  /** Whether this tombstone hides nothing and need not be written. Asked in ascending key order. */
  readonly dropTombstone: (key: Key) => boolean;
  /** Whether a new output begins with `key`, when the current one has that many bytes. Asked in ascending key order. */
  readonly cutBefore: (key: Key, outputBytes: number) => boolean;
  /** Where the next output goes; it must not exist. */
  readonly nextPath: () => string;
}

/** Outputs are synced in pieces of this size, so that a large one does not flood the disk at its end. */
const syncBytes = 1 << 20;

/** Writes what an ascending cursor shows to SSTables. No entry to write, no file. */
export class MergeJob implements Job<SSTableOutput[]> {
  readonly #vfs: Vfs;
  readonly #input: Cursor;
  readonly #options: MergeOptions;
  readonly #outputs: SSTableOutput[] = [];
  #phase: "start" | "merge" | "finish" | "synced" | "done" = "start";
  #file: VfsFile | undefined;
  #writer: SSTableWriter | undefined;
  #syncedBytes = 0;
  #finishedBytes = 0;

  constructor(vfs: Vfs, input: Cursor, options: MergeOptions) {
    assert(!input.reverse, "SSTables are written in ascending order");
    this.#vfs = vfs;
    this.#input = input;
    this.#options = options;
  }

  get file(): VfsFile {
    assert(this.#file !== undefined, "an output is open");
    return this.#file;
  }

  get outputBytes(): number {
    return this.#finishedBytes + (this.#writer?.bytes ?? 0);
  }

  step(inputBytesMax: number): StepResult {
    switch (this.#phase) {
      case "start":
        this.#phase = this.#input.seek() ? "merge" : "done";
        return this.#phase === "done" ? "done" : "more";
      case "merge":
        return this.#merge(inputBytesMax);
      case "finish":
        return this.#finish();
      case "synced":
        return this.#closeOutput();
      case "done":
        return "done";
    }
  }

  result(): SSTableOutput[] {
    assert(this.#phase === "done", "the job is done");
    return this.#outputs;
  }

  close(): void {
    const file = this.#file;
    this.#file = undefined;
    this.#writer = undefined;
    file?.close();
  }

  #merge(inputBytesMax: number): StepResult {
    const { cutBefore, dropTombstone } = this.#options;
    const input = this.#input;
    let inputBytes = 0;
    do {
      inputBytes += input.key.length + input.end - input.start;
      if (!(input.tombstone && dropTombstone(input.key))) {
        if (this.#writer !== undefined && cutBefore(input.key, this.#writer.bytes)) {
          this.#phase = "finish";
          return "more";
        }
        (this.#writer ?? this.#openOutput()).add(input);
      }
      if (!input.next()) {
        this.#phase = this.#writer === undefined ? "done" : "finish";
        return this.#writer === undefined ? "done" : "more";
      }
    } while (inputBytes < inputBytesMax);
    if (this.#writer === undefined || this.#writer.bytes - this.#syncedBytes < syncBytes) return "more";
    this.#syncedBytes = this.#writer.bytes;
    return "sync";
  }

  #openOutput(): SSTableWriter {
    const path = this.#options.nextPath();
    this.#file = this.#vfs.create(path);
    this.#writer = new SSTableWriter(this.#file, { blockBytes: this.#options.blockBytes });
    this.#syncedBytes = 0;
    return this.#writer;
  }

  #finish(): StepResult {
    if (this.#writer?.finish() !== true) return "more";
    this.#phase = "synced";
    return "sync";
  }

  #closeOutput(): StepResult {
    assert(this.#writer !== undefined, "an output is open");
    const info = this.#writer.info();
    this.#outputs.push({ path: this.file.path, info });
    this.#finishedBytes += info.bytes;
    this.close();
    this.#phase = this.#input.valid ? "merge" : "done";
    return this.#phase === "done" ? "done" : "more";
  }
}
