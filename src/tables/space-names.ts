import type { Row, SpaceId } from "../../storage/index.ts";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE, tableRows } from "./keyspace.ts";
import { decodeTable } from "./table.ts";

/** What the spaces of a store are called by those who made tables, from the rows of the system space in any order. */
export function spaceNames(systemRows: Iterable<Row>): ReadonlyMap<SpaceId, string> {
  const names = new Map<SpaceId, string>([[SYSTEM_SPACE, "the catalog"]]);
  const { ge, lt } = tableRows(DEFAULT_NAMESPACE);
  for (const { key, value } of systemRows) {
    if (key < ge || key >= lt) continue;
    const { record } = decodeTable(value);
    const table = `table ${record.tableName}`;
    names.set(record.spaceId, table);
    for (const { indexName, spaceId } of [...record.globalSecondaryIndexes, ...record.localSecondaryIndexes])
      names.set(spaceId, `index ${indexName} of ${table}`);
    if (record.timeToLive !== undefined) names.set(record.timeToLive.spaceId, `expiries of ${table}`);
    if (record.itemCollectionsSpaceId !== undefined)
      names.set(record.itemCollectionsSpaceId, `collection sizes of ${table}`);
  }
  return names;
}
