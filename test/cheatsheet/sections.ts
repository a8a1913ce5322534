import { backupAndRestore } from "./backup-and-restore.ts";
import { batchAndTransact } from "./batch-and-transact.ts";
import { crudOperations } from "./crud-operations.ts";
import { indexes } from "./indexes.ts";
import { partiql } from "./partiql.ts";
import { query } from "./query.ts";
import { scan } from "./scan.ts";
import type { Section } from "./step.ts";
import { streams } from "./streams.ts";
import { tableManagement } from "./table-management.ts";
import { usefulPatterns } from "./useful-patterns.ts";

/** The sheet, in its order. */
export const sections: readonly Section[] = [
  tableManagement,
  crudOperations,
  batchAndTransact,
  query,
  scan,
  indexes,
  streams,
  backupAndRestore,
  partiql,
  usefulPatterns,
];
