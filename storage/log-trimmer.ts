import type { Feeds } from "./feed/feeds.ts";
import type { StoreHealth } from "./health.ts";
import type { Log } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { FilePool } from "./sstable/file-pool.ts";
import type { Vfs } from "./vfs/vfs.ts";
import type { Segment } from "./wal/segment.ts";

export interface LogTrimmerOptions {
  readonly vfs: Vfs;
  readonly files: FilePool;
  readonly health: StoreHealth;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly feeds: Feeds;
  /** Everything up to this sequence is flushed. */
  readonly replayAfter: () => number;
  /** Change records older than this log time are not kept. */
  readonly keepFrom: () => number;
}

/** Removes log segments that neither recovery nor any feed needs, oldest first. */
export class LogTrimmer {
  readonly #options: LogTrimmerOptions;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: LogTrimmerOptions) {
    this.#options = options;
  }

  /** Removes what can be removed now. Never rejects: what stays is tried again next time. */
  trim(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#running ??= this.#trim()
      .catch((error) => {
        // Failures of the manifest report themselves; a full disk or a file that does not go is no reason to stop.
        if (error instanceof Error) this.#options.health.setDegraded(error);
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #trim(): Promise<void> {
    const { vfs, files, manifest, log, health, feeds } = this.#options;
    const replayAfter = this.#options.replayAfter();
    const last = this.#lastRemovable(replayAfter);
    if (last === undefined || health.isFailed) return;
    const removable = log.sealed.filter(({ segment }) => segment.id <= last.id);
    await manifest.commit([
      { kind: "replayAfter", sequence: replayAfter },
      ...feeds.trimsOf(removable),
      { kind: "logFloor", segment: last.id + 1, trim: last.lastSequence },
    ]);
    for (const { segment } of log.removeUpTo(last.id)) {
      files.release(segment.path);
      vfs.unlink(segment.path);
    }
  }

  #lastRemovable(replayAfter: number): Segment | undefined {
    const { log, feeds } = this.#options;
    const keepFrom = this.#options.keepFrom();
    let last: Segment | undefined;
    for (const { segment } of log.sealed) {
      const isWanted = segment.lastTime > keepFrom && feeds.want(segment);
      if (segment.lastSequence > replayAfter || isWanted) break;
      last = segment;
    }
    return last;
  }
}
