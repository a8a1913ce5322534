/** What the benchmark asks of an engine. Each has its own file, which uses the engine's fastest documented way for each of these. */

export interface SubjectOptions {
  readonly directory: string;
  /** Each batch is on the disk before the next one; otherwise the operating system writes when it likes. */
  readonly synced: boolean;
  /** Memory for cached blocks or pages. */
  readonly cacheBytes: number;
  /** Memory for rows that wait to be written, where the engine has such a thing. */
  readonly writeBufferBytes: number;
}

export interface EngineSubject {
  /** Writes one batch atomically. */
  write(keys: readonly string[], values: readonly Uint8Array[]): Promise<void>;
  /** Reads the keys one after the other, not together; returns how many were there. Touches each value. */
  getEach(keys: readonly string[]): Promise<number>;
  /**
   * Reads up to `rows` rows in key order (descending if `reverse`), from `from` on or from the end of the table; returns how many there were.
   * Touches each key and value.
   */
  scan(from: string | undefined, rows: number, reverse: boolean): Promise<number>;
  close(): Promise<void>;
  /** What the engine counts since it was opened, if it does. */
  counters?(): Readonly<Record<string, number>>;
}

/** Adds up something of every row, so that no engine can leave it out. */
export function touch(key: string, value: Uint8Array): number {
  return key.length + value.length + (value[0] ?? 0);
}
