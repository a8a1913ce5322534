import type { Item } from "../values/attribute-value.ts";
import { decodeRow, rowItemBytes, rowItemJson, rowItemSize } from "../values/item-codec.ts";

/** A row of a table: its bytes, and the item in them decoded only when somebody looks. */
export class StoredItem {
  /** The stored value: row header and the item's JSON. */
  readonly row: Uint8Array;
  #item: Item | undefined;

  /** `item`, when the caller already has it decoded, must be what `row` holds. */
  constructor(row: Uint8Array, item?: Item) {
    this.row = row;
    this.#item = item;
  }

  get item(): Item {
    this.#item ??= decodeRow(this.row);
    return this.#item;
  }

  /** The item as DynamoDB-JSON in UTF-8: a view, ready for the wire. */
  get json(): Uint8Array {
    return rowItemBytes(this.row);
  }

  /** The same as text. */
  get jsonText(): string {
    return rowItemJson(this.row);
  }

  /** Size in bytes as DynamoDB counts it. */
  get size(): number {
    return rowItemSize(this.row);
  }
}

/** The row the store answered, or undefined for none. */
export function storedItem(row: Uint8Array | undefined): StoredItem | undefined {
  return row === undefined ? undefined : new StoredItem(row);
}
