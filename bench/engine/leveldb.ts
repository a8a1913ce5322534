import { ClassicLevel } from "classic-level";
import { type EngineSubject, type SubjectOptions, touch } from "./subject.ts";

/** How much one call of an iterator may fetch: with the default of 16 KiB its scans take twice the time. */
const FETCH_BYTES_MAX = 1 << 20;
const PAGE_ROWS_MAX = 1000;

export interface LevelOptions extends SubjectOptions {
  /** As it comes: 4 MiB of write buffer and 8 MiB of cache. */
  readonly defaults: boolean;
  /** Point reads by the call that does not block the thread, instead of the faster one that does. */
  readonly promised: boolean;
}

/** LevelDB by classic-level: bloom filters of 10 bits per key, Snappy, blocks of 4 KiB. */
export class LevelSubject implements EngineSubject {
  readonly #level: ClassicLevel<string, Uint8Array>;
  readonly #synced: boolean;
  readonly #promised: boolean;
  touched = 0;

  constructor(level: ClassicLevel<string, Uint8Array>, { synced, promised }: LevelOptions) {
    this.#level = level;
    this.#synced = synced;
    this.#promised = promised;
  }

  static async open(options: LevelOptions): Promise<LevelSubject> {
    // LevelDB fills one buffer while it writes out another.
    const sizes = { writeBufferSize: options.writeBufferBytes / 2, cacheSize: options.cacheBytes };
    const level = new ClassicLevel<string, Uint8Array>(options.directory, {
      keyEncoding: "utf8",
      valueEncoding: "view",
      ...(options.defaults ? {} : sizes),
    });
    await level.open();
    return new LevelSubject(level, options);
  }

  write(keys: readonly string[], values: readonly Uint8Array[]): Promise<void> {
    const operations = keys.map((key, index) => ({
      type: "put" as const,
      key,
      value: values[index] ?? new Uint8Array(0),
    }));
    return this.#level.batch(operations, { sync: this.#synced });
  }

  async getEach(keys: readonly string[]): Promise<number> {
    let found = 0;
    for (const key of keys) {
      const value = this.#promised ? await this.#level.get(key) : this.#level.getSync(key);
      if (value === undefined) continue;
      found += 1;
      this.touched += touch(key, value);
    }
    return found;
  }

  async scan(from: string | undefined, rows: number, reverse: boolean): Promise<number> {
    const iterator = this.#level.iterator({
      ...(from === undefined ? {} : reverse ? { lte: from } : { gte: from }),
      reverse,
      limit: rows,
      highWaterMarkBytes: FETCH_BYTES_MAX,
    });
    let count = 0;
    try {
      for (;;) {
        const entries = await iterator.nextv(Math.min(PAGE_ROWS_MAX, rows));
        if (entries.length === 0) return count;
        count += entries.length;
        for (const [key, value] of entries) this.touched += touch(key, value);
        if (count >= rows) return count;
      }
    } finally {
      await iterator.close();
    }
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}
