import { Packr } from "msgpackr";
import type { Fence, SpaceId, Value } from "../../storage/index.ts";
import type { AttributePicker } from "../values/attribute-picker.ts";
import { type TableKeyEncoder, tableKeyEncoder } from "../values/key-codec.ts";
import { indexedAttributes, type SecondaryIndex, secondaryIndex } from "./indexes.ts";
import { type TableRecord, TableSchema, type TableStatus, type TimeToLiveRecord } from "./schema.ts";
import type { Stream } from "./stream.ts";

/** A table as requests meet it: its record, what follows from it, and the fence that guards writes prepared with it. Immutable. */
export interface Table {
  readonly record: TableRecord;
  readonly schema: TableSchema;
  readonly space: SpaceId;
  /** The row key of an item (or of a key) that fits the schema. */
  readonly rowKeyOf: TableKeyEncoder;
  readonly indexes: readonly SecondaryIndex[];
  readonly indexedAttributes: AttributePicker;
  /** Whether one of them is still being filled. */
  readonly isFillingIndex: boolean;
  /** Where the sizes of item collections are kept; undefined without local secondary indexes. */
  readonly collections: SpaceId | undefined;
  /** The enabled stream. */
  readonly stream: Stream | undefined;
  readonly timeToLive: TimeToLiveRecord | undefined;
  readonly fences: readonly Fence[];
  /** The status that is shown until an instant (milliseconds) instead of the record's own. */
  readonly transition: Transition | undefined;
}

export interface Transition {
  readonly status: Extract<TableStatus, "CREATING" | "UPDATING" | "DELETING">;
  readonly until: number;
}

/** What a table's row in the system space holds. */
export interface TableRow {
  readonly record: TableRecord;
  readonly transition?: Transition;
}

const packr = new Packr({ useRecords: false });

/** What the row of a table in the system space says. */
export const decodeTable = (value: Value): TableRow => packr.unpack(value) as TableRow;

/** The row of a table. */
export const encodeTable = (row: TableRow): Value => packr.pack(row);

/** What follows from a table's row. `generation`: of its space. */
export function tableOf(
  { record, transition }: TableRow,
  generation: number,
  stream: Stream | undefined,
): Table {
  const schema = new TableSchema(record);
  return {
    record,
    schema,
    rowKeyOf: tableKeyEncoder(schema.keySchema),
    indexes: schema.indexes.map(secondaryIndex),
    indexedAttributes: indexedAttributes(schema.indexes),
    isFillingIndex: schema.indexes.some((index) => !index.readable),
    collections: record.itemCollectionsSpaceId,
    space: record.spaceId,
    stream,
    timeToLive: record.timeToLive,
    fences: [{ space: record.spaceId, generation }],
    transition,
  };
}
