/** What the parser makes of a statement's text: trees that depend on nothing else, so they are shared between requests. */
import type { ActionNode, ConditionNode, PathSyntax } from "../expressions/syntax.ts";
import type { AttributeValue } from "../values/attribute-value.ts";

/** What stands in FROM: a table, or one of its indexes. */
export interface Source {
  readonly table: string;
  readonly index: string | undefined;
}

export interface OrderTerm {
  readonly path: PathSyntax;
  readonly descending: boolean;
}

export interface SelectStatement {
  readonly kind: "select";
  readonly source: Source;
  /** Undefined for `*`. */
  readonly paths: readonly PathSyntax[] | undefined;
  readonly where: ConditionNode | undefined;
  readonly orderBy: readonly OrderTerm[];
}

/** An attribute of the item to insert. */
export interface Entry {
  readonly name: string;
  readonly placeholder: string;
}

/** `RETURNING <which> <when> *`. */
export interface Returning {
  readonly which: "ALL" | "MODIFIED";
  readonly when: "OLD" | "NEW";
}

/** A parameter that must be a set, and the refusal if it is not. */
export interface SetOperand {
  readonly placeholder: string;
  readonly problem: string;
}

export type Statement =
  | SelectStatement
  | { readonly kind: "insert"; readonly source: Source; readonly entries: readonly Entry[] }
  | {
      readonly kind: "update";
      readonly source: Source;
      readonly actions: readonly ActionNode[];
      readonly setOperands: readonly SetOperand[];
      readonly where: ConditionNode | undefined;
      readonly returning: Returning | undefined;
    }
  | {
      readonly kind: "delete";
      readonly source: Source;
      readonly where: ConditionNode | undefined;
      readonly returning: Returning | undefined;
    }
  | { readonly kind: "exists"; readonly select: SelectStatement };

/**
 * A parsed statement. In its trees the values have placeholders: `=3` is the fourth literal, `?0` the first parameter.
 */
export interface ParsedStatement {
  readonly statement: Statement;
  readonly literals: readonly AttributeValue[];
  /** How many `?` there are. */
  readonly parameters: number;
  /** The first thing in a statement that can be read but not performed, whatever tables there are. */
  readonly problem: string | undefined;
}

export const literalPlaceholder = (at: number): string => `=${at}`;
export const parameterPlaceholder = (at: number): string => `?${at}`;
