import { Database, type Statement } from "bun:sqlite";
import { join } from "node:path";
import { type EngineSubject, type SubjectOptions, touch } from "./subject.ts";

const PAGE_ROWS_MAX = 1000;

type ScanStatement = Statement<unknown, [string, number]>;

/** SQLite by bun:sqlite: one table without row ids, a write-ahead log, prepared statements. */
export class SqliteSubject implements EngineSubject {
  readonly #database: Database;
  readonly #write: (keys: readonly string[], values: readonly Uint8Array[]) => void;
  readonly #get: Statement<unknown, [string]>;
  readonly #ascending: ScanStatement;
  readonly #descending: ScanStatement;
  touched = 0;

  constructor(database: Database) {
    this.#database = database;
    const insert = database.prepare<unknown, [string, Uint8Array]>(
      "insert or replace into rows values (?, ?)",
    );
    this.#write = database.transaction((keys: readonly string[], values: readonly Uint8Array[]) => {
      for (const [index, key] of keys.entries()) insert.run(key, values[index] ?? new Uint8Array(0));
    });
    this.#get = database.prepare("select value from rows where key = ?");
    this.#ascending = database.prepare("select key, value from rows where key >= ? order by key asc limit ?");
    this.#descending = database.prepare(
      "select key, value from rows where key < ? order by key desc limit ?",
    );
  }

  static async open({ directory, synced, cacheBytes }: SubjectOptions): Promise<SqliteSubject> {
    const database = new Database(join(directory, "data.sqlite"));
    database.run("pragma journal_mode = wal");
    database.run(`pragma synchronous = ${synced ? "full" : "normal"}`);
    database.run(`pragma cache_size = -${Math.ceil(cacheBytes / 1024)}`);
    database.run("create table if not exists rows (key text primary key, value blob) without rowid");
    return new SqliteSubject(database);
  }

  async write(keys: readonly string[], values: readonly Uint8Array[]): Promise<void> {
    this.#write(keys, values);
  }

  async getEach(keys: readonly string[]): Promise<number> {
    let found = 0;
    for (const key of keys) {
      const row = this.#get.values(key)[0];
      if (row === undefined) continue;
      found += 1;
      this.touched += touch(key, row[0] as Uint8Array);
    }
    return found;
  }

  async scan(from: string | undefined, rows: number, reverse: boolean): Promise<number> {
    const statement = reverse ? this.#descending : this.#ascending;
    // No key has a blank: behind a key it makes a bound between that key and the next.
    let bound = from === undefined ? (reverse ? "~" : "") : reverse ? `${from} ` : from;
    let count = 0;
    while (count < rows) {
      const limit = Math.min(PAGE_ROWS_MAX, rows - count);
      const page = statement.values(bound, limit) as [string, Uint8Array][];
      for (const [key, value] of page) this.touched += touch(key, value);
      count += page.length;
      const last = page.at(-1);
      if (last === undefined || page.length < limit) break;
      bound = reverse ? last[0] : `${last[0]} `;
    }
    return count;
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}
