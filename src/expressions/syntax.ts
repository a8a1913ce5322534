/** What the parsers make of an expression's text: trees that depend on nothing else, so they are shared between requests. */
import type { Comparator } from "./ast.ts";

/** Steps as written: a name, a `#placeholder` with its sign (no bare name begins with it), or a list index. */
export type PathSyntax = readonly (string | number)[];

export interface PathNode {
  readonly kind: "path";
  readonly path: PathSyntax;
}

/** A `:placeholder`, with its sign; in a PartiQL statement what its `Bindings` know the value by. */
export interface ValueNode {
  readonly kind: "value";
  readonly placeholder: string;
}

export interface FunctionNode {
  readonly kind: "function";
  readonly name: string;
  readonly operands: readonly OperandNode[];
}

/** In update expressions only. */
export interface ArithmeticNode {
  readonly kind: "arithmetic";
  readonly operator: "+" | "-";
  readonly left: OperandNode;
  readonly right: OperandNode;
}

/** The truth of a condition as a value. In PartiQL only. */
export interface TruthNode {
  readonly kind: "condition";
  readonly condition: ConditionNode;
}

export type OperandNode = PathNode | ValueNode | FunctionNode | ArithmeticNode | TruthNode;

export type ConditionNode =
  | {
      readonly kind: "compare";
      readonly comparator: Comparator;
      readonly left: OperandNode;
      readonly right: OperandNode;
    }
  | {
      readonly kind: "between";
      readonly operand: OperandNode;
      readonly lower: OperandNode;
      readonly upper: OperandNode;
    }
  | { readonly kind: "in"; readonly operand: OperandNode; readonly choices: readonly OperandNode[] }
  | { readonly kind: "and" | "or"; readonly conditions: readonly ConditionNode[] }
  | { readonly kind: "not"; readonly condition: ConditionNode }
  | FunctionNode;

export type ActionNode =
  | { readonly kind: "set"; readonly path: PathSyntax; readonly value: OperandNode }
  | { readonly kind: "remove"; readonly path: PathSyntax }
  | { readonly kind: "add" | "delete"; readonly path: PathSyntax; readonly placeholder: string };

/** A parsed expression, with the placeholders that it mentions, in order of appearance. */
export interface Parsed<Tree> {
  readonly tree: Tree;
  readonly names: readonly string[];
  readonly values: readonly string[];
}
