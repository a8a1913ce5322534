/** What the data files of an export hold: an item, or a change, per line. */
import type { ChangedRow } from "../tables/past-items.ts";
import type { Item } from "../values/attribute-value.ts";
import { decodeRow, rowItemBytes, rowItemJson, rowItemSize } from "../values/item-codec.ts";
import type { ExportFormat, IncrementalRecord } from "./export-record.ts";
import { ionOfItem } from "./ion-writer.ts";

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
export async function* fullLines(
  pages: AsyncIterable<readonly Uint8Array[]>,
  format: ExportFormat,
): AsyncGenerator<Lines, void> {
  for await (const rows of pages) {
    let itemBytes = 0;
    const parts: Uint8Array[] = [];
    for (const row of rows) {
      itemBytes += rowItemSize(row);
      if (format === "ION") parts.push(Buffer.from(`$ion_1_0 {Item:${ionOfItem(decodeRow(row))}}\n`));
      else parts.push(START, rowItemBytes(row), END);
    }
    yield { bytes: Buffer.concat(parts), items: rows.length, itemBytes };
  }
}

/** How the parts of a change are written. */
interface ChangeFormat {
  readonly start: string;
  readonly end: string;
  readonly name: (name: string) => string;
  readonly metadata: (micros: string) => string;
  readonly item: (item: Item) => string;
  readonly image: (row: Uint8Array) => string;
}

const CHANGE_FORMATS: Readonly<Record<ExportFormat, ChangeFormat>> = {
  DYNAMODB_JSON: {
    start: "{",
    end: "}\n",
    name: (name) => `"${name}"`,
    metadata: (micros) => `{"WriteTimestampMicros":{"N":"${micros}"}}`,
    item: (item) => JSON.stringify(item),
    image: (row) => rowItemJson(row),
  },
  ION: {
    start: "$ion_1_0 {Record:{",
    end: "}}\n",
    name: (name) => name,
    metadata: (micros) => `{WriteTimestampMicros:${micros}.}`,
    item: ionOfItem,
    image: (row) => ionOfItem(decodeRow(row)),
  },
};

/** The lines of an incremental export. */
export async function* changeLines(
  pages: AsyncIterable<readonly ChangedRow[]>,
  keyOf: (item: Item) => Item,
  { toMs, view }: IncrementalRecord,
  format: ExportFormat,
): AsyncGenerator<Lines, void> {
  const { start, end, name, metadata, item, image } = CHANGE_FORMATS[format];
  // When exactly a row was written is not kept; not after this.
  const written = metadata(String((toMs - 1) * 1000));
  for await (const rows of pages) {
    let itemBytes = 0;
    let text = "";
    for (const { before, after } of rows) {
      const some = after ?? before;
      if (some === undefined) continue;
      itemBytes += rowItemSize(some);
      const isOldShown = before !== undefined && view === "NEW_AND_OLD_IMAGES";
      text +=
        `${start}${name("Metadata")}:${written},${name("Keys")}:${item(keyOf(decodeRow(some)))}` +
        (isOldShown ? `,${name("OldImage")}:${image(before)}` : "") +
        (after === undefined ? "" : `,${name("NewImage")}:${image(after)}`) +
        end;
    }
    yield { bytes: Buffer.from(text), items: rows.length, itemBytes };
  }
}
