import { type Key, StorageError } from "../../storage/index.ts";
import { internalServerError } from "../errors.ts";
import type { Catalog, Table } from "./catalog.ts";
import { type StoredItem, storedItem } from "./stored-item.ts";

/**
 * The item under a row key at the newest visible instant, or undefined. A damaged or unreadable file is an InternalServerError that
 * names file and offset, never an absent item.
 */
export async function readItem(catalog: Catalog, table: Table, rowKey: Key): Promise<StoredItem | undefined> {
  try {
    return storedItem(await catalog.store.get(table.space, rowKey));
  } catch (error) {
    throw error instanceof StorageError ? internalServerError(error.message) : error;
  }
}
