import { validation } from "../errors.ts";
import type { SecondaryIndex } from "../tables/indexes.ts";
import type { Table } from "../tables/table.ts";
import { indexQueryBounds, type KeyBounds, tableQueryBounds } from "../values/key-bounds.ts";
import type { KeyCondition, KeySchema } from "../values/key-schema.ts";

/** What Query or Scan reads: a table, or one of its indexes. */
export interface ReadTarget {
  readonly table: Table;
  readonly index: SecondaryIndex | undefined;
}

/** The target that a read names. Throws if the table has no such index, or it cannot be read (so). */
export function readTarget(table: Table, indexName: string | undefined, consistent: boolean): ReadTarget {
  if (indexName === undefined) return { table, index: undefined };
  const index = table.indexes.find((each) => each.indexName === indexName);
  if (index === undefined) throw validation(`The table does not have the specified index: ${indexName}`);
  if (index.kind === "global" && consistent) {
    throw validation("Consistent reads are not supported on global secondary indexes");
  }
  if (!index.readable) {
    throw validation(`Cannot read from backfilling global secondary index: ${indexName}`);
  }
  return { table, index };
}

/** The key by which a target's rows are ordered. */
export const keySchemaOf = ({ table, index }: ReadTarget): KeySchema =>
  index?.keySchema ?? table.schema.keySchema;

/** Where a target's rows are. */
export const spaceOf = ({ table, index }: ReadTarget): string => index?.spaceId ?? table.space;

/** The rows of a target that a key condition selects. */
export const queryBounds = (condition: KeyCondition, { index }: ReadTarget): KeyBounds =>
  index === undefined ? tableQueryBounds(condition) : indexQueryBounds(condition);
