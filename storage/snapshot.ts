import { StorageError } from "./errors.ts";
import type { SpaceView } from "./space.ts";
import type { Key, Page, RangeRequest, RowAddress, Snapshot, SpaceId, Value } from "./store.ts";

/** Rows that were asked for by their keys, and snapshots that are open. */
export interface ReadCounts {
  gets: number;
  snapshots: number;
}

/** Reads of some spaces at one visible sequence. All work is synchronous: the promises are those of the interface. */
export class EngineSnapshot implements Snapshot {
  readonly #views: Map<SpaceId, SpaceView>;
  readonly #onError: (error: unknown) => unknown;
  readonly #counts: ReadCounts;
  #closed = false;

  /** `onError` sees what a read throws and says what the caller gets. */
  constructor(views: Map<SpaceId, SpaceView>, onError: (error: unknown) => unknown, counts: ReadCounts) {
    this.#views = views;
    this.#onError = onError;
    this.#counts = counts;
    counts.snapshots += 1;
  }

  get(space: SpaceId, key: Key): Promise<Value | undefined> {
    this.#counts.gets += 1;
    return this.#answer(() => this.#view(space).read(key)?.value);
  }

  getMany(rows: readonly RowAddress[]): Promise<(Value | undefined)[]> {
    this.#counts.gets += rows.length;
    return this.#answer(() => rows.map(({ space, key }) => this.#view(space).read(key)?.value));
  }

  range(request: RangeRequest): Promise<Page> {
    return this.#answer(() => this.#view(request.space).range(request));
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#counts.snapshots -= 1;
    for (const view of this.#views.values()) view.release();
  }

  #answer<T>(read: () => T): Promise<T> {
    try {
      return Promise.resolve(read());
    } catch (error) {
      return Promise.reject(this.#onError(error));
    }
  }

  #view(space: SpaceId): SpaceView {
    if (this.#closed) throw new StorageError("closed", "the snapshot is closed");
    const view = this.#views.get(space);
    if (view === undefined) throw new StorageError("usage", `the snapshot was not taken of space ${space}`);
    return view;
  }
}
