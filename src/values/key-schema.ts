/** Primary keys of tables and secondary indexes, and what a query says about them. */
import type { AttributeValue } from "./attribute-value.ts";

export type KeyType = "S" | "N" | "B";

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyType;
}

/** One partition attribute and at most one sort attribute; global secondary indexes may have up to four of each. */
export interface KeySchema {
  readonly partition: readonly KeyAttribute[];
  readonly sort: readonly KeyAttribute[];
}

/** A condition other than equality on one sort attribute. */
export type SortRange =
  | { readonly kind: "<" | "<=" | ">" | ">="; readonly value: AttributeValue }
  | { readonly kind: "between"; readonly lower: AttributeValue; readonly upper: AttributeValue }
  | { readonly kind: "begins_with"; readonly prefix: AttributeValue };

/** What a query selects: one partition, and in it the rows whose sort key meets the conditions. */
export interface KeyCondition {
  /** One value per partition attribute, in schema order. */
  readonly partition: readonly AttributeValue[];
  /** Equalities on the leading sort attributes, in schema order. */
  readonly sortEquals: readonly AttributeValue[];
  /** A range on the sort attribute after them. */
  readonly sortRange?: SortRange;
}
