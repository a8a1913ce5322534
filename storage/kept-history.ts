import type { Checkpoints } from "./checkpoints.ts";
import type { Clock } from "./clock.ts";
import type { JobExecutor } from "./compaction/executor.ts";
import type { Feeds } from "./feed/feeds.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { StoreHealth } from "./health.ts";
import { Archive } from "./history/archive.ts";
import type { HistoryFiles, HistorySource } from "./history/source.ts";
import { HistoryCheckpoints } from "./history-checkpoints.ts";
import { HistoryKeeper } from "./history-keeper.ts";
import { restoreInstant } from "./instant-restore.ts";
import type { Log } from "./log.ts";
import type { Manifest } from "./manifest/manifest.ts";
import type { SpaceDirectory } from "./space-directory.ts";
import type { HistoryHealth, HistoryRange, Progress, SpaceId } from "./store.ts";

export interface KeptHistoryOptions {
  readonly files: HistoryFiles;
  readonly clock: Clock;
  readonly executor: JobExecutor;
  readonly health: StoreHealth;
  readonly manifest: Manifest;
  readonly log: Log;
  readonly feeds: () => Feeds;
  readonly groups: GroupCommit;
  readonly spaces: SpaceDirectory;
  readonly checkpoints: Checkpoints;
  /** Everything up to this sequence is flushed. */
  readonly replayAfter: () => number;
  readonly feedRetentionMs: number;
  readonly historyBytesMax: number;
  readonly historyCheckpointBytes: number;
  readonly rewrites: boolean;
  readonly segmentBytesMax: number;
}

/** Where nothing is known of the disk. */
const bytesMaxDefault = 256 << 20;

/** The past of the store: what the log said, as long as feeds or restores need it. */
export class KeptHistory {
  readonly #options: KeptHistoryOptions;
  readonly #archives: { list: readonly Archive[] };
  readonly #checkpoints: HistoryCheckpoints;
  readonly #keeper: HistoryKeeper;

  constructor(options: KeptHistoryOptions) {
    const { files, clock, health, manifest, log, groups, spaces, checkpoints } = options;
    this.#options = options;
    const records = [...manifest.state.archives.values()];
    this.#archives = { list: records.map((record) => new Archive(files, record)) };
    const sources = () => this.sources();
    this.#checkpoints = new HistoryCheckpoints({
      clock,
      health,
      manifest,
      checkpoints,
      spaces,
      sources,
      time: () => groups.time(),
      checkpointBytesMin: options.historyCheckpointBytes,
    });
    this.#keeper = new HistoryKeeper({
      files,
      clock,
      executor: options.executor,
      health,
      manifest,
      log,
      feeds: options.feeds,
      checkpoints: this.#checkpoints,
      archives: this.#archives,
      replayAfter: options.replayAfter,
      keepFrom: () => groups.time() - options.feedRetentionMs,
      checkpointBytes: () => this.#checkpointBytes(),
      rewrites: options.rewrites,
      bytesMax: () => this.bytesMax,
      segmentBytesMax: options.segmentBytesMax,
    });
  }

  /** Oldest first, the active segment last. */
  sources(): readonly HistorySource[] {
    return [...this.#archives.list, ...this.#options.log.segments];
  }

  /** What the past takes beyond what recovery needs, and how much it may take. */
  get bytes(): number {
    return this.#keeper.bytes;
  }

  get bytesMax(): number {
    const { historyBytesMax, files } = this.#options;
    if (historyBytesMax > 0) return historyBytesMax;
    const free = files.vfs.freeBytes();
    return free === undefined
      ? bytesMaxDefault
      : Math.max(bytesMaxDefault, Math.floor((free + this.bytes) / 4));
  }

  get health(): HistoryHealth {
    const { instantsGivenUp, recordsGivenUp } = this.#keeper;
    const { bytes, bytesMax } = this;
    const oldestRestorable = this.#checkpoints.oldest();
    const known = oldestRestorable === undefined ? {} : { oldestRestorable };
    return { bytes, bytesMax, ...known, instantsGivenUp, recordsGivenUp };
  }

  get bytesArchived(): number {
    return this.#keeper.bytesArchived;
  }

  get archiveCount(): number {
    return this.#archives.list.length;
  }

  #checkpointBytes(): number {
    if (!this.#options.checkpoints.exist) return 0;
    const live = new Set<number>();
    for (const { version } of this.#options.spaces.all())
      for (const { number } of version.tables) live.add(number);
    return this.#options.checkpoints.historyBytes(live);
  }

  start(): void {
    this.#checkpoints.start(() => void this.#keeper.trim());
  }

  /** Removes what nobody needs any more; see HistoryKeeper. */
  trim(): Promise<void> {
    return this.#keeper.trim();
  }

  /** A segment was closed. */
  rolled(): void {
    this.#keeper.rolled();
    void this.#checkpoints.tend().then(() => this.#keeper.trim());
  }

  /** As `Store.keepHistory`. */
  async keep(id: SpaceId, retentionMs: number): Promise<void> {
    await this.#checkpoints.keep(id, retentionMs);
    void this.#keeper.trim();
  }

  /** As `Store.history`. */
  range(id: SpaceId): HistoryRange | undefined {
    const earliest = this.#checkpoints.earliest(id);
    return earliest === undefined ? undefined : { earliest, latest: this.#options.groups.time() };
  }

  /** Rows have come past the log. */
  restart(id: SpaceId): Promise<void> {
    return this.#checkpoints.restart(id);
  }

  /** The space is gone. */
  async forget(id: SpaceId): Promise<void> {
    await this.#checkpoints.forget(id);
  }

  /** As `Store.restore` of an instant. */
  restore(time: number, targets: ReadonlyMap<SpaceId, SpaceId>, progress?: Progress): Promise<void> {
    const { clock, health, groups, spaces, checkpoints } = this.#options;
    return restoreInstant(
      {
        clock,
        health,
        groups,
        spaces,
        checkpoints,
        history: this.#checkpoints,
        keeper: this.#keeper,
        sources: () => this.sources(),
      },
      time,
      targets,
      progress,
    );
  }

  async close(): Promise<void> {
    await this.#checkpoints.close();
    await this.#keeper.close();
  }
}
