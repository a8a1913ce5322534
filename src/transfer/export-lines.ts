/** What the data files of an export hold: an item, or a change, per line. */
import type { ChangedRow } from "../tables/past-items.ts";
import type { Item } from "../values/attribute-value.ts";
import { decodeRow, rowItemBytes, rowItemJson, rowItemSize } from "../values/item-codec.ts";
import type { IncrementalRecord } from "./export-record.ts";

/** Some lines of a data file. */
export interface Lines {
  readonly bytes: Uint8Array;
  readonly items: number;
  /** Sizes of the items, as the service counts them. */
  readonly itemBytes: number;
}

const START = Buffer.from('{"Item":');
const END = Buffer.from("}\n");

/** The lines of a full export. */
export async function* fullLines(pages: AsyncIterable<readonly Uint8Array[]>): AsyncGenerator<Lines, void> {
  for await (const rows of pages) {
    let itemBytes = 0;
    const parts: Uint8Array[] = [];
    for (const row of rows) {
      itemBytes += rowItemSize(row);
      parts.push(START, rowItemBytes(row), END);
    }
    yield { bytes: Buffer.concat(parts), items: rows.length, itemBytes };
  }
}

/** The lines of an incremental export. */
export async function* changeLines(
  pages: AsyncIterable<readonly ChangedRow[]>,
  keyOf: (item: Item) => Item,
  { toMs, view }: IncrementalRecord,
): AsyncGenerator<Lines, void> {
  // When exactly a row was written is not kept; not after this.
  const metadata = JSON.stringify({ WriteTimestampMicros: { N: String((toMs - 1) * 1000) } });
  for await (const rows of pages) {
    let itemBytes = 0;
    let text = "";
    for (const { before, after } of rows) {
      const some = after ?? before;
      if (some === undefined) continue;
      itemBytes += rowItemSize(some);
      const isOldShown = before !== undefined && view === "NEW_AND_OLD_IMAGES";
      text +=
        `{"Metadata":${metadata},"Keys":${JSON.stringify(keyOf(decodeRow(some)))}` +
        (isOldShown ? `,"OldImage":${rowItemJson(before)}` : "") +
        (after === undefined ? "" : `,"NewImage":${rowItemJson(after)}`) +
        "}\n";
    }
    yield { bytes: Buffer.from(text), items: rows.length, itemBytes };
  }
}
