import type { AttributePicker } from "../values/attribute-picker.ts";
import type { Item } from "../values/attribute-value.ts";
import { equalItems } from "../values/compare.ts";
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

  /** What of the item `picker` wants, and perhaps more: all, if that is at hand. */
  itemWith(picker: AttributePicker): Item {
    return this.#item ?? picker.pick(this.row, 0, this.row.length);
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

/** Whether two rows are the same to the byte. */
export function sameBytes(a: StoredItem, b: StoredItem): boolean {
  return a.row.length === b.row.length && Buffer.compare(a.row, b.row) === 0;
}

/** Whether two items are equal. Rows are in normal form but for the order of attributes, so their bytes mostly say it. */
export function sameItem(a: StoredItem, b: StoredItem): boolean {
  if (a.size !== b.size || a.row.length !== b.row.length) return false;
  return sameBytes(a, b) || equalItems(a.item, b.item);
}

/** The row the store answered, or undefined for none. */
export function storedItem(row: Uint8Array | undefined): StoredItem | undefined {
  return row === undefined ? undefined : new StoredItem(row);
}
