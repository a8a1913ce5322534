/** The map of everything the server keeps in the store: which spaces there are and what their keys look like, on one page. */

/**
 * The system space: one row per table, key = namespace, NUL, "table", NUL, name. The namespace is there so that several worlds of tables
 * can live in one store; today there is one, whatever access key or region a client uses.
 *
 * Besides it there is one space per table and one per secondary index (uuids in the table's record): rows are keyed by
 * `values/key-codec` and hold `values/item-codec` rows.
 */
export const SYSTEM_SPACE = "00000000-0000-4000-8000-000000000001";

export const DEFAULT_NAMESPACE = "default";

const TABLE_ROWS = "\0table\0";

/** Catalog key of a table. Table names are ASCII, so the string is its own latin1 form. */
export const tableRowKey = (namespace: string, tableName: string): string =>
  namespace + TABLE_ROWS + tableName;

/** Bounds of all catalog rows of a namespace. */
export const tableRows = (namespace: string): { readonly ge: string; readonly lt: string } => ({
  ge: namespace + TABLE_ROWS,
  lt: `${namespace}\0table\x01`,
});
