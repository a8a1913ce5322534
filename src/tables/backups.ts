import { Packr } from "msgpackr";
import type { CheckpointInfo, Store, Value, Write } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import { randomBytes } from "../runtime/digest.ts";
import type { Log } from "../runtime/log.ts";
import { Queues } from "../runtime/queues.ts";
import { backupRowKey, backupRows, DEFAULT_NAMESPACE, SYSTEM_SPACE } from "./keyspace.ts";
import { RECOVERY_DAYS_MAX } from "./recovery.ts";
import type { TableRecord } from "./schema.ts";
import { commitSystemRows, readSystemRows } from "./system-rows.ts";

/** A backup: a pinned state of a table's items, and the table's record then. Plain data; times in milliseconds since the epoch. */
export interface BackupRecord {
  /** The part of the ARN after "/backup/": 14 digits of time, 8 hexadecimal ones. Unique among those of one table name. */
  readonly backupId: string;
  readonly backupName: string;
  readonly backupType: "USER" | "SYSTEM";
  readonly creationMs: number;
  /** When it goes by itself. */
  readonly expiryMs?: number;
  readonly checkpoint: CheckpointInfo;
  /** Of the table's items. */
  readonly rows: number;
  readonly bytes: number;
  readonly table: TableRecord;
}

export interface BackupCatalogOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears of trouble in the background. */
  readonly log: Log;
}

/** A backup that is made with the commit of something else. */
export interface PendingBackup {
  readonly writes: readonly Write[];
  /** To be called after the commit. */
  committed(): void;
  /** To be called when something failed: unless it was committed before, what was pinned is let go. */
  failed(): Promise<void>;
}

const DAY_MS = 86_400_000;
/** How often backups are looked for that have expired. */
const EXPIRE_MS = 3_600_000;
const SYSTEM_SUFFIX = "00000000";
const packr = new Packr({ useRecords: false });

/** What the row of a backup in the system space says. */
export const decodeBackup = (value: Value): BackupRecord => packr.unpack(value) as BackupRecord;

/** All backups, those of tables that are gone included. The system space is the truth; this is its image in memory. */
export class BackupCatalog {
  readonly #options: BackupCatalogOptions;
  /** By `placeOf`. */
  readonly #backups = new Map<string, BackupRecord>();
  readonly #queues = new Queues();
  #cancel: () => void = () => {};
  #expiring: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(options: BackupCatalogOptions) {
    this.#options = options;
  }

  /** Reads the backups, and releases checkpoints that none of them names: a crash came between the two. The system space exists. */
  static async open(options: BackupCatalogOptions): Promise<BackupCatalog> {
    const catalog = new BackupCatalog(options);
    const { store } = options;
    await readSystemRows(store, backupRows(DEFAULT_NAMESPACE), (value) =>
      catalog.#install(decodeBackup(value)),
    );
    const named = new Set(Array.from(catalog.#backups.values(), ({ checkpoint }) => checkpoint.id));
    for (const { id } of store.checkpoints()) if (!named.has(id)) await store.releaseCheckpoint(id);
    return catalog;
  }

  /** Removes backups when they expire, until `stop`. */
  start(): void {
    this.#expiring = this.#expire().then(() => {
      if (!this.#stopped) this.#cancel = this.#options.clock.after(EXPIRE_MS, () => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#expiring;
  }

  /** The backup of a table of that name; undefined once it is deleted or has expired. */
  find(tableName: string, backupId: string): BackupRecord | undefined {
    const backup = this.#backups.get(placeOf(tableName, backupId));
    return backup === undefined || this.#isExpired(backup) ? undefined : backup;
  }

  /** All backups, in no order. */
  all(): BackupRecord[] {
    return [...this.#backups.values()].filter((backup) => !this.#isExpired(backup));
  }

  /** Runs `task` after all earlier ones with this backup. */
  exclusively<T>({ table, backupId }: BackupRecord, task: () => Promise<T>): Promise<T> {
    return this.#queues.run(placeOf(table.tableName, backupId), task);
  }

  /** Backs a table up as it is now. Call within the queue of the table's changes. */
  async create(table: TableRecord, backupName: string): Promise<BackupRecord> {
    const backup = await this.#backUp(table, { backupName, backupType: "USER" });
    const pending = this.#pending(backup);
    try {
      await commitSystemRows(this.#options.store, pending.writes);
    } catch (error) {
      await pending.failed();
      throw error;
    }
    pending.committed();
    return backup;
  }

  /** The backup that a table with point-in-time recovery leaves when it is deleted. Call within the queue of the table's changes. */
  async ofDeleted(table: TableRecord): Promise<PendingBackup> {
    const backupName = `${table.tableName}$DeletedTableBackup`;
    return this.#pending(await this.#backUp(table, { backupName, backupType: "SYSTEM" }));
  }

  /** Deletes a backup. Call within `exclusively`, the backup not being in use. */
  async remove(backup: BackupRecord): Promise<void> {
    const { store } = this.#options;
    await commitSystemRows(store, [writeOf(backup, undefined)], { frees: true });
    this.#backups.delete(placeOf(backup.table.tableName, backup.backupId));
    await store.releaseCheckpoint(backup.checkpoint.id);
  }

  async #backUp(
    table: TableRecord,
    named: Pick<BackupRecord, "backupName" | "backupType">,
  ): Promise<BackupRecord> {
    const { store, clock } = this.#options;
    const creationMs = clock.now();
    // In one stretch: the counts are those of what is pinned.
    const { rows, bytes } = store.stats(table.spaceId);
    const checkpoint = await store.checkpoint([table.spaceId]);
    const isSystem = named.backupType === "SYSTEM";
    return {
      ...named,
      backupId: `${String(creationMs).padStart(14, "0")}-${isSystem ? SYSTEM_SUFFIX : this.#suffix()}`,
      creationMs,
      ...(isSystem ? { expiryMs: creationMs + RECOVERY_DAYS_MAX * DAY_MS } : {}),
      checkpoint,
      rows,
      bytes,
      table,
    };
  }

  #suffix(): string {
    return Buffer.from(randomBytes(4)).toString("hex");
  }

  #pending(backup: BackupRecord): PendingBackup {
    const { store, log } = this.#options;
    let isCommitted = false;
    return {
      writes: [writeOf(backup, packr.pack(backup))],
      committed: () => {
        isCommitted = true;
        this.#install(backup);
      },
      failed: async () => {
        if (isCommitted) return;
        try {
          await store.releaseCheckpoint(backup.checkpoint.id);
        } catch (error) {
          const cause = error instanceof Error ? error.message : String(error);
          log.warn("a backup that was not made takes space until the next start", { cause });
        }
      },
    };
  }

  #isExpired({ expiryMs }: BackupRecord): boolean {
    return expiryMs !== undefined && this.#options.clock.now() >= expiryMs;
  }

  /** Never rejects: what fails is tried again an hour later. */
  async #expire(): Promise<void> {
    for (const backup of [...this.#backups.values()]) {
      if (this.#stopped || !this.#isExpired(backup)) continue;
      try {
        await this.exclusively(backup, () => this.remove(backup));
      } catch (error) {
        const cause = error instanceof Error ? error.message : String(error);
        this.#options.log.warn("removing an expired backup failed; trying again", { cause });
      }
    }
  }

  #install(backup: BackupRecord): void {
    this.#backups.set(placeOf(backup.table.tableName, backup.backupId), backup);
  }
}

const placeOf = (tableName: string, backupId: string): string => `${tableName}/${backupId}`;

const writeOf = ({ table, backupId }: BackupRecord, value: Uint8Array | undefined): Write => ({
  space: SYSTEM_SPACE,
  key: backupRowKey(DEFAULT_NAMESPACE, table.tableName, backupId),
  value,
});
