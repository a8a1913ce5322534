import { validation } from "../errors.ts";
import type { Select } from "../partiql/bind.ts";
import { singleItem } from "../partiql/single-item.ts";
import type { Table } from "../tables/table.ts";
import { type PreparedGet, rowOf } from "./prepared-get.ts";

export interface StatementGet extends PreparedGet {
  /** Refuses a SELECT that demands other than one value of each key attribute. Throws ApiError. */
  readonly checkShape: (table: Table) => void;
}

/** A SELECT as the read of one item, which is all that batches and transactions do. */
export function prepareStatementGet(
  { source, projection, where, orderBy }: Select,
  operation: "BatchExecuteStatement" | "ExecuteTransaction",
): StatementGet {
  return {
    tableName: source.table,
    projection,
    checkShape: (table) => {
      const { isComplete, contradicted, rest } = singleItem(where, table.schema.keySchema, true);
      const isPlain = source.index === undefined && orderBy.length === 0;
      if (isPlain && isComplete && contradicted === undefined && rest.length === 0) return;
      throw validation(
        `Select statements within ${operation} must specify the primary key in the where clause.`,
      );
    },
    on: (table) => rowOf(table, singleItem(where, table.schema.keySchema, true).key, projection),
  };
}
