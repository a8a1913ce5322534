import { validation } from "../errors.ts";
import type { Table } from "../tables/catalog.ts";
import type { SecondaryIndex } from "../tables/indexes.ts";

/** The index a read names, undefined for the table itself. Throws if there is none of that name, or it cannot be read (so). */
export function indexFor(
  table: Table,
  indexName: string | undefined,
  consistent: boolean,
): SecondaryIndex | undefined {
  if (indexName === undefined) return undefined;
  const index = table.indexes.find((each) => each.indexName === indexName);
  if (index === undefined) throw validation(`The table does not have the specified index: ${indexName}`);
  if (index.kind === "global" && consistent) {
    throw validation("Consistent reads are not supported on global secondary indexes");
  }
  if (!index.readable) {
    throw validation(`Cannot read from backfilling global secondary index: ${indexName}`);
  }
  return index;
}
