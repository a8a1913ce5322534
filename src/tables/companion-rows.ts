import assert from "node:assert/strict";
import type { Key, RowAddress, SpaceId, Store, Value, Write } from "../../storage/index.ts";
import { entryOf } from "./indexes.ts";
import { collectionKeyOf, decodeCollection, encodeCollection } from "./item-collections.ts";
import { storedItem } from "./stored-item.ts";
import type { Table } from "./table.ts";

/** What these rows accompany: a write to a row of a table. */
interface RowWrite {
  readonly table: Table;
  readonly rowKey: Key;
}

const addressText = (space: SpaceId, key: Key): string => space + key;

/**
 * The rows that some writes have to read besides those of their items: the sizes of item collections, and the old entries in an
 * index that is still being filled, which may have been made or not. Most tables need none.
 */
export class CompanionRows {
  readonly addresses: RowAddress[] = [];
  readonly #places = new Map<string, number>();

  /** The companions of `writes`. Old entries are those of the items as they are now: `placeOf` tells when that turns out wrong. */
  static async of(store: Store, writes: readonly RowWrite[]): Promise<CompanionRows> {
    const rows = new CompanionRows();
    for (const { table, rowKey } of writes) {
      if (table.collections !== undefined) rows.#add(table.collections, collectionKeyOf(rowKey));
    }
    await Promise.all(writes.map((write) => rows.#addEntries(store, write)));
    return rows;
  }

  async #addEntries(store: Store, { table, rowKey }: RowWrite): Promise<void> {
    const filling = table.indexes.filter((index) => !index.readable);
    if (filling.length === 0) return;
    const item = storedItem(await store.get(table.space, rowKey));
    for (const index of filling) {
      const entry = entryOf(index, rowKey, item);
      if (entry !== undefined) this.#add(index.spaceId, entry.key);
    }
  }

  #add(space: SpaceId, key: Key): void {
    const text = addressText(space, key);
    if (this.#places.has(text)) return;
    this.#places.set(text, this.addresses.length);
    this.addresses.push({ space, key });
  }

  /** Where a row is among `addresses`; undefined when it is not there. */
  placeOf(space: SpaceId, key: Key): number | undefined {
    return this.#places.get(addressText(space, key));
  }
}

/** No companions. */
export const NO_COMPANIONS = new CompanionRows();

/** Whether writes to a table have companions. */
export const hasCompanions = ({ table }: RowWrite): boolean =>
  table.collections !== undefined || table.isFillingIndex;

/** Thrown where a companion is needed that was not read: an item changed since its companions were gathered. */
export class MissingCompanion extends Error {}

/** The companions of some writes as a transaction sees them, and what becomes of them. */
export class CompanionState {
  readonly #rows: CompanionRows;
  readonly #values: readonly (Value | undefined)[];
  /** By place, the sizes of the item collections that changed. */
  readonly #sizes = new Map<number, number>();

  /** `values` are those of `rows.addresses`. */
  constructor(rows: CompanionRows, values: readonly (Value | undefined)[]) {
    this.#rows = rows;
    this.#values = values;
  }

  /** Whether there is a row under a key of an index. Throws MissingCompanion. */
  isPresent(space: SpaceId, key: Key): boolean {
    return this.#values[this.#placeOf(space, key)] !== undefined;
  }

  /** Adds `bytes` (or takes them) to the item collection of a row; returns its new size. */
  grow(collections: SpaceId, rowKey: Key, bytes: number): number {
    const place = this.#placeOf(collections, collectionKeyOf(rowKey));
    const size = (this.#sizes.get(place) ?? decodeCollection(this.#values[place])) + bytes;
    this.#sizes.set(place, size);
    return size;
  }

  /** The writes that make the new sizes last. */
  *writes(): Iterable<Write> {
    for (const [place, size] of this.#sizes) {
      const address = this.#rows.addresses[place];
      assert(address !== undefined, "a size is that of a row which was read");
      if (size !== decodeCollection(this.#values[place])) yield { ...address, value: encodeCollection(size) };
    }
  }

  #placeOf(space: SpaceId, key: Key): number {
    const place = this.#rows.placeOf(space, key);
    if (place === undefined) throw new MissingCompanion();
    return place;
  }
}
