import { StorageError } from "../../storage/errors.ts";
import { RowPage } from "../../storage/page.ts";
import type {
  Key,
  Page,
  RangeRequest,
  Row,
  RowAddress,
  Snapshot,
  SpaceId,
  SpaceStats,
  Value,
} from "../../storage/store.ts";

/** The values one cell has had, oldest first. */
export class History<T> {
  readonly #versions: { readonly sequence: number; readonly time: number; readonly value: T }[] = [];

  push(sequence: number, time: number, value: T): void {
    this.#versions.push({ sequence, time, value });
  }

  /** Sequence of the newest version, 0 when there is none. */
  get sequence(): number {
    return this.#versions.at(-1)?.sequence ?? 0;
  }

  at(sequence: number): T | undefined {
    return this.#versions.findLast((version) => version.sequence <= sequence)?.value;
  }

  atTime(time: number): T | undefined {
    return this.#versions.findLast((version) => version.time <= time)?.value;
  }
}

/** A space of `doubleStore`: its rows, each with all of its versions. */
export class Space {
  readonly #rows = new Map<Key, History<Value | undefined>>();
  readonly stats = new History<SpaceStats>();
  #sortedKeys: Key[] | undefined;

  row(key: Key): History<Value | undefined> {
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const created = new History<Value | undefined>();
    this.#rows.set(key, created);
    this.#sortedKeys = undefined;
    return created;
  }

  get(key: Key, sequence: number): Value | undefined {
    return this.#rows.get(key)?.at(sequence);
  }

  sequenceOf(key: Key): number {
    return this.#rows.get(key)?.sequence ?? 0;
  }

  /** All keys ever written, ascending. */
  keys(): readonly Key[] {
    this.#sortedKeys ??= [...this.#rows.keys()].sort(compareKeys);
    return this.#sortedKeys;
  }

  copyFrom(rows: Iterable<Row>, stats: SpaceStats, sequence: number, time: number): void {
    for (const { key, value } of rows) this.row(key).push(sequence, time, value);
    this.stats.push(sequence, time, stats);
  }
}

const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The snapshot of `doubleStore`: the versions at or before one sequence. `pause` is awaited before every answer. */
export class DoubleSnapshot implements Snapshot {
  readonly #spaces: ReadonlyMap<SpaceId, Space>;
  readonly #sequence: number;
  readonly #pause: () => Promise<void>;
  #closed = false;

  constructor(spaces: ReadonlyMap<SpaceId, Space>, sequence: number, pause: () => Promise<void>) {
    this.#spaces = spaces;
    this.#sequence = sequence;
    this.#pause = pause;
  }

  async get(space: SpaceId, key: Key): Promise<Value | undefined> {
    await this.#pause();
    return this.#space(space).get(key, this.#sequence);
  }

  async getMany(rows: readonly RowAddress[]): Promise<(Value | undefined)[]> {
    await this.#pause();
    return rows.map(({ space, key }) => this.#space(space).get(key, this.#sequence));
  }

  async range(request: RangeRequest): Promise<Page> {
    await this.#pause();
    const { rowsMax, bytesMax, ge, gt, lt, le } = request;
    if (!(rowsMax >= 1)) throw usage("rowsMax must be at least 1");
    const space = this.#space(request.space);
    const keys = space
      .keys()
      .filter(
        (key) =>
          (ge === undefined || key >= ge) &&
          (gt === undefined || key > gt) &&
          (lt === undefined || key < lt) &&
          (le === undefined || key <= le),
      );
    if (request.reverse === true) keys.reverse();
    const rows: Row[] = [];
    let bytes = 0;
    for (const key of keys) {
      const value = space.get(key, this.#sequence);
      if (value === undefined) continue;
      rows.push({ key, value });
      bytes += value.length;
      if (rows.length >= rowsMax || bytes >= bytesMax) return pageOf(rows, true, request.transient === true);
    }
    return pageOf(rows, false, request.transient === true);
  }

  close(): void {
    this.#closed = true;
  }

  #space(id: SpaceId): Space {
    if (this.#closed) throw usage("the snapshot is closed");
    const space = this.#spaces.get(id);
    if (space === undefined) throw usage(`space ${id} is not part of the snapshot`);
    return space;
  }
}

/** Values behind some other bytes, and gone when they are given back: who takes a chunk for its value, or looks later, is found out. */
function pageOf(rows: readonly Row[], more: boolean, transient: boolean): Page {
  const giveBack = () => {
    if (transient) for (const chunk of page.chunks) chunk.fill(0xff);
  };
  const page: RowPage = new RowPage({ giveBack });
  for (const { key, value } of rows) {
    const chunk = new Uint8Array(value.length + 6).fill(0xff);
    chunk.set(value, 3);
    page.add(key, chunk, 3, 3 + value.length);
  }
  page.more = more;
  return page;
}

export const usage = (message: string): StorageError => new StorageError("usage", message);
