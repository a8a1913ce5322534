import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import { type EngineSubject, type SubjectOptions, touch } from "./subject.ts";

/** LMDB by lmdb-js. Its cache is the operating system's: there is nothing to set. */
export class LmdbSubject implements EngineSubject {
  readonly #database: RootDatabase<Buffer, string>;
  touched = 0;

  constructor(database: RootDatabase<Buffer, string>) {
    this.#database = database;
  }

  static async open({ directory, synced }: SubjectOptions): Promise<LmdbSubject> {
    const database = open<Buffer, string>({
      path: join(directory, "data.mdb"),
      encoding: "binary",
      noSync: !synced,
      // With it, a commit returns before it is on the disk.
      overlappingSync: false,
    });
    return new LmdbSubject(database);
  }

  async write(keys: readonly string[], values: readonly Uint8Array[]): Promise<void> {
    this.#database.transactionSync(() => {
      for (const [index, key] of keys.entries()) this.#database.putSync(key, values[index] as Buffer);
    });
  }

  async getEach(keys: readonly string[]): Promise<number> {
    let found = 0;
    for (const key of keys) {
      const value = this.#database.getBinary(key);
      if (value === undefined) continue;
      found += 1;
      this.touched += touch(key, value);
    }
    return found;
  }

  async scan(from: string | undefined, rows: number, reverse: boolean): Promise<number> {
    let count = 0;
    const range = { ...(from === undefined ? {} : { start: from }), limit: rows, reverse };
    for (const { key, value } of this.#database.getRange(range)) {
      count += 1;
      this.touched += touch(key, value);
    }
    return count;
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
