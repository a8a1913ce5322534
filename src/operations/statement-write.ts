/** INSERT, UPDATE, DELETE and EXISTS as writes to one item. */
import { duplicateItem, validation } from "../errors.ts";
import type { Condition } from "../expressions/ast.ts";
import { type CompiledCondition, conditionOf } from "../expressions/condition.ts";
import type { Delete, Exists, Insert, Update } from "../partiql/bind.ts";
import { singleItem } from "../partiql/single-item.ts";
import type { Returning } from "../partiql/syntax.ts";
import { StoredItem } from "../tables/stored-item.ts";
import type { Table } from "../tables/table.ts";
import type { ItemWrite, Written } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { encodeRow } from "../values/item-codec.ts";
import type { KeySchema } from "../values/key-schema.ts";
import { checkWrite, deleteWrite, putWrite, refuseLargeItem, updateWrite } from "./item-writes.ts";
import { updateImage } from "./write-answer.ts";

export type WriteStatement = Insert | Update | Delete | Exists;

/** A write prepared without a table. */
export interface StatementWrite {
  readonly tableName: string;
  /** Bytes of the item that is put; 0 for other writes. */
  readonly itemBytes: number;
  /** Refuses an EXISTS that is not a condition on one item. Throws ApiError. */
  readonly checkShape: (table: Table) => void;
  /** The write on its table. Throws ApiError when item, key or paths do not fit the table's schema. */
  readonly on: (table: Table) => ItemWrite;
  /** What RETURNING shows. */
  readonly returned: (written: Written) => Item | undefined;
}

/**
 * Whether a key that lacks an attribute is refused in words about the WHERE clause, or is left for the table's own check of keys, as
 * transactions have it.
 */
export type KeyRule = "where-clause" | "key-check";

const NOTHING = () => undefined;
const ANY_SHAPE = () => {};

export function prepareStatementWrite(statement: WriteStatement, rule: KeyRule): StatementWrite {
  switch (statement.kind) {
    case "insert":
      return insertion(statement);
    case "update":
      return updating(statement, rule);
    case "delete":
      return deletion(statement, rule);
    case "exists":
      return existence(statement);
  }
}

function insertion({ source, item: { item, size } }: Insert): StatementWrite {
  refuseLargeItem(size);
  const stored = new StoredItem(encodeRow(item, size), item);
  return {
    tableName: source.table,
    itemBytes: size,
    checkShape: ANY_SHAPE,
    on: (table) => {
      table.schema.checkItem(item);
      return {
        ...putWrite(table, item, stored, undefined),
        next: (previous) => {
          if (previous !== undefined) throw duplicateItem();
          return stored;
        },
      };
    },
    returned: NOTHING,
  };
}

/** An update creates no item. */
function updating({ source, update, where, returning }: Update, rule: KeyRule): StatementWrite {
  return {
    tableName: source.table,
    itemBytes: 0,
    checkShape: ANY_SHAPE,
    on: (table) => {
      const { key, further } = onlyItem(where, table.schema.keySchema, rule);
      const condition = {
        test: (item: Item | undefined) => item !== undefined && (further?.test(item) ?? true),
        paths: () => further?.paths() ?? [],
      };
      return updateWrite(table, key, update, condition, 0);
    },
    returned: (written) => updateImage(imageName(returning), written, update),
  };
}

/** To delete what is not there is no failure, whatever else is demanded of it. */
function deletion({ source, where, returning }: Delete, rule: KeyRule): StatementWrite {
  return {
    tableName: source.table,
    itemBytes: 0,
    checkShape: ANY_SHAPE,
    on: (table) => {
      const { key, further } = onlyItem(where, table.schema.keySchema, rule);
      const condition = further && {
        test: (item: Item | undefined) => item === undefined || further.test(item),
        paths: further.paths,
      };
      return deleteWrite(table, key, condition);
    },
    returned: ({ previous }) => (returning === undefined ? undefined : previous?.item),
  };
}

function existence({ select: { source, where } }: Exists): StatementWrite {
  const check = (table: Table) => {
    const { key, rest, isComplete, contradicted } = singleItem(where, table.schema.keySchema, true);
    const condition = allOf(rest);
    if (!isComplete || contradicted !== undefined || condition === undefined) {
      throw validation("EXISTS() must contain a single item read with additional condition");
    }
    return { key, condition };
  };
  return {
    tableName: source.table,
    itemBytes: 0,
    checkShape: check,
    on: (table) => {
      const { key, condition } = check(table);
      return checkWrite(table, key, condition);
    },
    returned: NOTHING,
  };
}

interface OnlyItem {
  readonly key: Item;
  /** What is demanded beside the key. */
  readonly further: CompiledCondition | undefined;
}

/** The one item that a write's WHERE clause names. Throws when it names none, or several. */
function onlyItem(where: Condition | undefined, schema: KeySchema, rule: KeyRule): OnlyItem {
  const single = singleItem(where, schema, false);
  if (single.contradicted !== undefined) {
    throw validation(
      `Multiple conditions on same key ${single.contradicted}. ` +
        "Only single item Update/Insert/Delete are supported",
    );
  }
  if (rule === "where-clause" && !single.isComplete) {
    throw validation("Where clause does not contain a mandatory equality on all key attributes");
  }
  return { key: single.key, further: allOf(single.rest) };
}

const allOf = (conditions: readonly Condition[]): CompiledCondition | undefined =>
  conditions.length === 0 ? undefined : conditionOf({ kind: "and", conditions });

function imageName(returning: Returning | undefined): string | undefined {
  return returning && `${returning.which === "ALL" ? "ALL" : "UPDATED"}_${returning.when}`;
}
