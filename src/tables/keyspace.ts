import type { SpaceId } from "../../storage/index.ts";

/** The map of everything the server keeps in the store: which spaces there are and what their keys look like, on one page. */

/**
 * The system space. The namespace is there so that several worlds of tables can live in one store; today there is one, whatever access
 * key or region a client uses.
 *
 *   namespace NUL "table" NUL name           a table's record
 *   namespace NUL "backfill" NUL space id    how far the filling of a new index has come: the last row key of its table that is done
 *   namespace NUL "token" NUL api NUL token  a client request token (tables/idempotency); the token in UTF-8
 *   namespace NUL "backup" NUL name NUL id   a backup of the table of that name, or of one that was called so (tables/backups)
 *   namespace NUL "export" NUL id            an export of a table (tables/transfer-records)
 *   namespace NUL "import" NUL id            an import of a table (tables/transfer-records)
 *   namespace NUL "stream" NUL name NUL label    a stream of the table of that name, or of one that was called so (tables/stream)
 *   namespace NUL "iterator key"             what shard iterators are signed with (tables/shard-iterator)
 *
 * Besides it there is one space per table and one per secondary index (uuids in the table's record): rows are keyed by
 * `values/key-codec` and hold `values/item-codec` rows. A table with local secondary indexes has one more, for the sizes of its item
 * collections (tables/item-collections).
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

const BACKUP_ROWS = "\0backup\0";

/** Catalog key of a backup. */
export const backupRowKey = (namespace: string, tableName: string, backupId: string): string =>
  `${namespace}${BACKUP_ROWS}${tableName}\0${backupId}`;

/** Bounds of all backups of a namespace. */
export const backupRows = (namespace: string): { readonly ge: string; readonly lt: string } => ({
  ge: namespace + BACKUP_ROWS,
  lt: `${namespace}\0backup\x01`,
});

/** What moves the items of tables out of and into the store. */
export type TransferKind = "export" | "import";

/** Catalog key of an export or import. */
export const transferRowKey = (namespace: string, kind: TransferKind, id: string): string =>
  `${namespace}\0${kind}\0${id}`;

/** Bounds of all exports, or all imports, of a namespace. */
export const transferRows = (
  namespace: string,
  kind: TransferKind,
): { readonly ge: string; readonly lt: string } => ({
  ge: `${namespace}\0${kind}\0`,
  lt: `${namespace}\0${kind}\x01`,
});

const STREAM_ROWS = "\0stream\0";

/** Catalog key of a stream. */
export const streamRowKey = (namespace: string, tableName: string, label: string): string =>
  `${namespace}${STREAM_ROWS}${tableName}\0${label}`;

/** Bounds of all streams of a namespace. */
export const streamRows = (namespace: string): { readonly ge: string; readonly lt: string } => ({
  ge: namespace + STREAM_ROWS,
  lt: `${namespace}\0stream\x01`,
});

/** Key of the row that holds what shard iterators are signed with. */
export const iteratorKeyRowKey = (namespace: string): string => `${namespace}\0iterator key`;

/** Key of the row that says how far the filling of an index has come. */
export const backfillRowKey = (namespace: string, indexSpace: SpaceId): string =>
  `${namespace}\0backfill\0${indexSpace}`;

const TOKEN_ROWS = "\0token\0";

/** Key of a client request token of one operation. */
export const tokenRowKey = (namespace: string, operation: string, token: string): string =>
  `${namespace}${TOKEN_ROWS}${operation}\0${Buffer.from(token, "utf8").toString("latin1")}`;

/** Bounds of all client request tokens of a namespace. */
export const tokenRows = (namespace: string): { readonly ge: string; readonly lt: string } => ({
  ge: namespace + TOKEN_ROWS,
  lt: `${namespace}\0token\x01`,
});
