import { Packr } from "msgpackr";
import type { Store, Write } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Companion } from "./catalog.ts";
import {
  DEFAULT_NAMESPACE,
  SYSTEM_SPACE,
  type TransferKind,
  transferRowKey,
  transferRows,
} from "./keyspace.ts";
import { commitSystemRows, readSystemRows } from "./system-rows.ts";

/** What exports and imports have in common. Plain data; times in milliseconds since the epoch. */
export interface TransferRecord {
  /** The last part of the ARN: 14 digits of time, 8 hexadecimal ones. Unique. */
  readonly id: string;
  readonly status: "IN_PROGRESS" | "COMPLETED" | "FAILED";
  readonly startMs: number;
  readonly endMs?: number;
  readonly clientToken: string;
  /** SHA-256 of the request in canonical JSON: the token belongs to it. */
  readonly digest: Uint8Array;
}

/** The service shows them for 90 days. */
const KEPT_MS = 90 * 86_400_000;
const packr = new Packr({ useRecords: false });

/** All exports, or all imports. The system space is the truth; this is its image in memory, changed only after a commit. */
export class TransferRecords<R extends TransferRecord> {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #kind: TransferKind;
  readonly #records = new Map<string, R>();

  private constructor(store: Store, clock: Clock, kind: TransferKind) {
    this.#store = store;
    this.#clock = clock;
    this.#kind = kind;
  }

  /** Reads the records, and removes those that are too old. */
  static async open<R extends TransferRecord>(
    store: Store,
    clock: Clock,
    kind: TransferKind,
  ): Promise<TransferRecords<R>> {
    const records = new TransferRecords<R>(store, clock, kind);
    await readSystemRows(store, transferRows(DEFAULT_NAMESPACE, kind), (value) => {
      const record: R = packr.unpack(value);
      records.#records.set(record.id, record);
    });
    const old = [...records.#records.values()].filter((record) => !records.#isKept(record));
    if (old.length > 0) {
      const writes = old.map(({ id }) => records.#writeOf(id, undefined));
      await commitSystemRows(store, writes, { frees: true });
    }
    for (const { id } of old) records.#records.delete(id);
    return records;
  }

  /** All, the newest first. */
  all(): R[] {
    const kept = [...this.#records.values()].filter((record) => this.#isKept(record));
    return kept.sort((a, b) => (a.id < b.id ? 1 : -1));
  }

  find(id: string): R | undefined {
    const record = this.#records.get(id);
    return record !== undefined && this.#isKept(record) ? record : undefined;
  }

  async put(record: R): Promise<void> {
    const { writes, committed } = this.pending(record);
    await commitSystemRows(this.#store, writes);
    committed();
  }

  /** A record that is committed together with a table. */
  pending(record: R): Companion {
    return {
      writes: [this.#writeOf(record.id, packr.pack(record))],
      committed: () => this.#records.set(record.id, record),
    };
  }

  #isKept({ status, startMs }: TransferRecord): boolean {
    return status === "IN_PROGRESS" || this.#clock.now() < startMs + KEPT_MS;
  }

  #writeOf(id: string, value: Uint8Array | undefined): Write {
    return { space: SYSTEM_SPACE, key: transferRowKey(DEFAULT_NAMESPACE, this.#kind, id), value };
  }
}
