import type { Row, SpaceId } from "../../storage/index.ts";
import { decodeBackup } from "./backups.ts";
import { backupRows, DEFAULT_NAMESPACE, SYSTEM_SPACE, tableRows } from "./keyspace.ts";
import { decodeTable } from "./table.ts";

/** What the spaces of a store are called by those who made tables, from the rows of the system space in any order. */
export function spaceNames(systemRows: Iterable<Row>): ReadonlyMap<SpaceId, string> {
  const names = new Map<SpaceId, string>([[SYSTEM_SPACE, "the catalog"]]);
  const { ge, lt } = tableRows(DEFAULT_NAMESPACE);
  const backups = backupRows(DEFAULT_NAMESPACE);
  const rows = [...systemRows];
  for (const { key, value } of rows) {
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
  for (const { key, value } of rows) {
    if (key < backups.ge || key >= backups.lt) continue;
    const { table, backupName } = decodeBackup(value);
    if (!names.has(table.spaceId))
      names.set(table.spaceId, `backup ${backupName} of table ${table.tableName}`);
  }
  return names;
}
